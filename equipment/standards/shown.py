"""How measurement standards are put into words: filters of their list, the word for a day, what they may be used for."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _

from portal.transitions import Refusal

from .. import due
from ..forms import StandardFilter
from ..listing import filters, matching
from ..models import MeasurementStandard
from ..usability import standards_usable_on
from . import rules

State = MeasurementStandard.State
SEARCHED = ("code", "name", "assessment_certificate")


def narrowed(request: HttpRequest, rows: QuerySet, day: date) -> tuple[QuerySet, list[dict[str, Any]]]:
    """The standards that the filters leave, and the filters as they stand; for the list and its export."""
    form = StandardFilter(request.GET)
    form.is_valid()
    return of_list(form, rows, day), filters(form)


def of_list(form: StandardFilter, rows: QuerySet, day: date) -> QuerySet:
    """The rows that a read filter asks for; withdrawn ones only when asked for."""
    wanted = form.cleaned_data
    if wanted.get("state") != State.WITHDRAWN:
        rows = rows.exclude(state=State.WITHDRAWN)
    return matching(rows, wanted, day, SEARCHED)


def clock_of(standard: MeasurementStandard, day: date) -> due.Clock:
    """What remains of the assessment certificate."""
    return due.clock(standard.assessed_on, standard.assessed_until, day)


def standing(standard: MeasurementStandard, day: date) -> dict[str, str]:
    """The badge of one standard today: its state, or whether it may be used and how its certificate stands. One query."""
    return standings([standard], day)[standard.pk]


def standings(rows: Sequence[MeasurementStandard], day: date) -> dict[int, dict[str, str]]:
    """`standing` of each of the rows, by their keys. One query for all of them."""
    in_use = [row.pk for row in rows if row.state == State.IN_USE]
    known = MeasurementStandard.objects.filter(pk__in=in_use)
    usable = set(standards_usable_on(known, day).values_list("pk", flat=True)) if in_use else set()
    return {row.pk: _badge(row, row.state, day, barred=row.pk not in usable) for row in rows}


def standing_that_day(found: MeasurementStandard, day: date, *, barred: bool) -> dict[str, str]:
    """The same of a day; `found` of `standards.facts.seen_on` that day, `barred` when anything is against any use then."""
    return _badge(found, found.state_that_day, day, barred=barred)


def _badge(standard: MeasurementStandard, state: str, day: date, *, barred: bool) -> dict[str, str]:
    if state != State.IN_USE:
        return {"badge": state, "text": State(state).label}
    if not standard.assessment_certificate:
        return {"badge": "bad", "text": _("未考核")}
    clock = clock_of(standard, day)
    if standard.assessed_on and day < standard.assessed_on:
        return {"badge": "bad", "text": _("尚未考核")}
    if barred and clock.tone != "bad":
        return {"badge": "bad", "text": _("不可用")}
    return {"badge": clock.tone, "text": clock.word}


def uses_of(found: MeasurementStandard, day: date, general: Iterable[Refusal]) -> list[dict[str, Any]]:
    """Each kind of work, whether the standard may be used for it that day, and the first reason why not.

    `general`: what is against any use. `found`: of `standards.facts.seen_on` that day.
    """
    barred = bool(list(general))
    works = [
        (_("对外检定"), "verification", True, False),
        (_("对外校准"), "calibration", True, False),
        (_("内部强制检定"), "verification", False, True),
        (_("内部非强制检定、校准"), "calibration", False, False),
    ]
    shown = []
    for title, activity, external, mandatory in works:
        against = list(rules.kind_against(found, day, activity, external, mandatory))
        why = against[0].text if against else ""
        shown.append({"title": title, "may": not barred and not against, "why": why, "barred": barred})
    return shown
