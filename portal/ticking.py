"""Ticked rows of a list: a person ticks some, or takes all that the filters leave, and then says what to do with them.

The list draws a box in each row and one bar below it; both belong to one form that asks the act's own page by GET, with the
filters and the ticks in the address. A page that narrows its rows with `narrowed` therefore works on the ticked ones, be it
an export, a printing or an amendment, and works without script.

    table["ticks"] = ticking.bar(request, [Act(_("打印"), url, "printer")], refs, count)
    rows, said = ticking.narrowed(request, rows)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _

from .paging import SIZE

TICK, OF, ALL = "tick", "of", "all"
FORM = "ticks"
LEFT_OUT = (TICK, OF, "do", "before", "after")


@dataclass(frozen=True)
class Act:
    """Something that can be done with rows: what it is called, the page that does it, its icon, what the page is asked to do."""

    title: str
    url: str
    icon: str
    do: str = ""


def ticked(request: HttpRequest) -> list[str]:
    """The refs that the address names, as many as a page of a list holds; none when all rows are meant."""
    if request.GET.get(OF) == ALL:
        return []
    return [ref for ref in request.GET.getlist(TICK)[:SIZE] if ref.isascii() and ref.isalnum()]


def narrowed(request: HttpRequest, rows: QuerySet) -> tuple[QuerySet, list[dict[str, Any]]]:
    """Of the rows the ticked ones, and that as a filter of the list; all rows where none was asked for.

    Whoever asks for ticked ones and has ticked none gets none.
    """
    refs = ticked(request)
    if not refs and request.GET.get(OF) != TICK:
        return rows, []
    words = _("勾选的 %(count)d 行") % {"count": len(refs)} if refs else _("勾选的，一行也没有勾")
    said = {"kind": "ticked", "name": TICK, "label": _("只看"), "value": words, "refs": refs}
    return rows.filter(ref__in=refs), [said]


def bar(request: HttpRequest, acts: Sequence[Act], refs: Sequence[str], count: str) -> dict[str, Any] | None:
    """What the table draws: a box for each of its rows, and the acts; None where there is nothing to do or nothing listed.

    `refs`: of the rows of this page, in their order. `count`: how many rows the filters leave, in words.
    """
    if not acts or not refs:
        return None
    kept = [(name, value) for name, values in request.GET.lists() if name not in LEFT_OUT for value in values]
    return {
        "form": FORM, "refs": list(refs), "ticked": set(ticked(request)), "acts": list(acts), "count": count,
        "kept": kept, "first": acts[0].url,
    }  # fmt: skip
