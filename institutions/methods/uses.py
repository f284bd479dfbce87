"""Who relies on a method: what must be looked at when it ends. Apps further right answer for their own rows.

@uses_methods
def data_sheets(institution, methods):
    yield Use(method_id, _("数据表"), str(row), url)
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from ..models import Authorisation, Method, MethodAdoption, ScopeItem


@dataclass(frozen=True)
class Use:
    """A row that relies on a method: what it is, what it is called, its page, and what else to say of it."""

    method_id: int
    kind: str
    label: str
    url: str = ""
    note: str = ""


Find = Callable[[Any, list[int]], Iterable[Use]]
FirstDay = Callable[[int, int, int], date | None]

USERS: list[Find] = []
FIRST_DAYS: list[FirstDay] = []


def uses_methods(find: Find) -> Find:
    """The decorated function finds what relies today on any of these methods, in at most two queries."""
    USERS.append(find)
    return find


def measures_by_methods(first_day: FirstDay) -> FirstDay:
    """The decorated function says on which day it was first measured by a method at a site, or None."""
    FIRST_DAYS.append(first_day)
    return first_day


def impact(institution: Any, methods: Iterable[Method]) -> dict[int, list[Use]]:
    """Everything that relies on these methods, by the method's number."""
    found: dict[int, list[Use]] = {method.pk: [] for method in methods}
    if found:
        for find in USERS:
            for use in find(institution, list(found)):
                found[use.method_id].append(use)
    return found


def first_measured_on(institution_id: int, method_id: int, site_id: int) -> date | None:
    """The first day on which something was measured by the method at the site."""
    days = [first(institution_id, method_id, site_id) for first in FIRST_DAYS]
    return min((day for day in days if day), default=None)


@uses_methods
def adoptions(institution: Any, methods: list[int]) -> Iterator[Use]:
    """Sites where the method is adopted."""
    rows = MethodAdoption.objects.living().filter(institution=institution, method__in=methods).select_related("site")
    for row in rows.order_by("site__name", "pk"):
        url = reverse("portal:register_row", args=[institution.slug, "adoptions", row.ref])
        yield Use(row.method_id, _("采用场所"), row.site.name, url, _("%(day)s 验证") % {"day": row.verified_on})


def _lines(institution: Any, methods: list[int]) -> Any:
    rows = ScopeItem.objects.filter(institution=institution, state=ScopeItem.State.ACTIVE, method__in=methods)
    return rows.order_by("instrument", "pk")


@uses_methods
def scope_lines(institution: Any, methods: list[int]) -> Iterator[Use]:
    """Lines of scope that name the method."""
    url = reverse("institutions:scope", args=[institution.slug])
    for row in _lines(institution, methods).select_related("site"):
        yield Use(row.method_id, _("能力范围"), str(row), url, row.site.name)


@uses_methods
def authorised_people(institution: Any, methods: list[int]) -> Iterator[Use]:
    """People authorised in the field of such a line: they need the new edition explained. Two queries."""
    fields: dict[str, set[int]] = {}
    for method_id, field in _lines(institution, methods).values_list("method_id", "field").order_by().distinct():
        fields.setdefault(field, set()).add(method_id)
    if not fields:
        return
    rows = Authorisation.objects.filter(institution=institution, field__in=fields).standing()
    rows = rows.filter(employment__ended_on=None).select_related("employment").order_by("employment__name", "pk")
    told = set()
    for row in rows:
        for method_id in fields[row.field]:
            if (method_id, row.employment_id, row.field) not in told:
                told.add((method_id, row.employment_id, row.field))
                url = reverse("institutions:person", args=[institution.slug, row.employment.ref])
                yield Use(method_id, _("授权人员"), row.employment.name, url, _("%(field)s专业") % {"field": row.field})
