"""Plans of the year: how far they are, what the clocks ask of a year, and what is not in a plan that should be."""

from collections.abc import Iterator
from datetime import date, timedelta

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..clocks.winding import last_day
from ..models import Equipment, EquipmentClock, EquipmentPlan, MeasurementStandard, PlanLine, StandardPart
from ..standards import facts

Clock, Kind = EquipmentClock.Kind, EquipmentPlan.Kind
# Which clocks a plan is made of; what is bought has none.
CLOCKS = {
    Kind.PROVISION: (),
    Kind.TRACEABILITY: (Clock.CALIBRATION, Clock.VERIFICATION),
    Kind.INSPECTION: (
        Clock.INTERMEDIATE_CHECK, Clock.MAINTENANCE, Clock.STABILITY, Clock.LABEL_CHECK, Clock.PROTECTION_CHECK,
    ),
}  # fmt: skip
PROGRESS = {"open": gettext_lazy("未完成"), "overdue": gettext_lazy("逾期"), "done": gettext_lazy("已完成")}
GONE = (Equipment.State.SCRAPPED, Equipment.State.WITHDRAWN)


def with_progress(plans: QuerySet[EquipmentPlan], day: date) -> QuerySet[EquipmentPlan]:
    """Each plan knows how many lines it has, and how many of them by that day are done, done late, overdue and soon due.

    Adds: `lines_all`, `lines_done`, `lines_late`, `lines_overdue`, `lines_soon`.
    """
    live = Q(lines__state=PlanLine.State.CURRENT)
    open_then = Q(lines__done_on=None) | Q(lines__done_on__gt=day)
    done = live & Q(lines__done_on__lte=day)
    soon = day + timedelta(30)
    return plans.annotate(
        lines_all=Count("lines", filter=live),
        lines_done=Count("lines", filter=done),
        lines_late=Count("lines", filter=done & Q(lines__done_on__gt=F("lines__due_on"))),
        lines_overdue=Count("lines", filter=live & open_then & Q(lines__due_on__lt=day)),
        lines_soon=Count("lines", filter=live & open_then & Q(lines__due_on__gte=day, lines__due_on__lte=soon)),
    )


def narrowed_by(lines: QuerySet[PlanLine], progress: str, day: date) -> QuerySet[PlanLine]:
    """Those of the lines that are as far as one of PROGRESS says; all of them when it says nothing."""
    if progress == "done":
        return lines.filter(done_on__lte=day)
    if progress in PROGRESS:
        lines = lines.filter(Q(done_on=None) | Q(done_on__gt=day))
    return lines.filter(due_on__lt=day) if progress == "overdue" else lines


def overdue_lines(plans: QuerySet[EquipmentPlan], day: date, *, grace: int = 0) -> QuerySet[PlanLine]:
    """Lines of the plans that were not done so many days after their date, as of that day. Source: A-5.1-c, C-5.3.2."""
    rows = PlanLine.objects.filter(plan__in=plans, state=PlanLine.State.CURRENT)
    return narrowed_by(rows, "open", day).filter(due_on__lt=day - timedelta(grace)).order_by("due_on", "pk")


def main_standards_without_line(plans: QuerySet[EquipmentPlan], day: date) -> QuerySet[Equipment]:
    """Main standards of measurement standards in use that day of which none of the plans says anything.

    Source: B-6.1.5.1-d.
    """
    there = (Q(added_on=None) | Q(added_on__lte=day)) & (Q(removed_on=None) | Q(removed_on__gt=day))
    standards = MeasurementStandard.objects.alias(state_then=facts.state_on(day))
    parts = StandardPart.objects.filter(
        there, equipment=OuterRef("pk"), role=StandardPart.Role.MAIN,
        standard__in=standards.filter(state_then=MeasurementStandard.State.IN_USE),
    )  # fmt: skip
    lines = PlanLine.objects.filter(plan__in=plans, equipment=OuterRef("pk"), state=PlanLine.State.CURRENT)
    return Equipment.objects.filter(Exists(parts), ~Exists(lines)).order_by("asset_number")


def due_in(clock: EquipmentClock, year: int, today: date) -> Iterator[date]:
    """The days of the year by which the clock asks for its thing, each an interval after the one before.

    What is overdue today belongs to the year that runs, with the day it was due. What was never done is asked for by the
    end of the year.
    """
    first, last = date(year, 1, 1), date(year, 12, 31)
    if clock.due_on is None:
        yield last
        return
    day = clock.due_on
    if day < first and day < today and today.year == year:
        yield day
    while day <= last:
        if day >= first:
            yield day
        if not clock.interval_months:
            return
        day = last_day(day + timedelta(1), clock.interval_months)


def lines_for(plan: EquipmentPlan, today: date) -> list[PlanLine]:
    """Lines, not saved yet, that the clocks ask for and the plan does not have. Two queries.

    Of the same equipment and kind, each line that is open in the plan already stands for one of them.
    """
    rows = EquipmentClock.objects.filter(
        institution_id=plan.institution_id, kind__in=CLOCKS[Kind(plan.kind)], needed=True,
        state=EquipmentClock.State.CURRENT,
    )  # fmt: skip
    rows = rows.exclude(equipment__state__in=GONE).select_related("equipment")
    known = dict(_open_lines(plan))
    found = []
    for clock in rows.order_by("due_on", "equipment__asset_number", "kind"):
        days = list(due_in(clock, plan.year, today))
        for day in days[known.get((clock.equipment_id, clock.kind), 0) :]:
            what = _("%(kind)s：%(equipment)s") % {"kind": clock.get_kind_display(), "equipment": clock.equipment}
            found.append(_line(plan, clock.equipment, clock.kind, what, day))
    return found


def lines_of_last_year(plan: EquipmentPlan) -> list[PlanLine]:
    """Lines, not saved yet, as the plan before had them but for those of clocks, a year on; none that is there already."""
    mine = PlanLine.objects.filter(plan=plan, state=PlanLine.State.CURRENT, equipment=OuterRef("equipment"))
    rows = PlanLine.objects.filter(
        ~Exists(mine.filter(what=OuterRef("what"))), institution_id=plan.institution_id, plan__kind=plan.kind,
        plan__year=plan.year - 1, plan__state=EquipmentPlan.State.CURRENT, state=PlanLine.State.CURRENT, clock="",
    )  # fmt: skip
    rows = rows.exclude(equipment__state__in=GONE).select_related("equipment").order_by("due_on", "pk")
    return [_line(plan, row.equipment, "", row.what, last_day(row.due_on + timedelta(1), 12)) for row in rows]


def _open_lines(plan: EquipmentPlan) -> Iterator[tuple[tuple[int, str], int]]:
    rows = PlanLine.objects.filter(plan=plan, state=PlanLine.State.CURRENT, done_on=None).exclude(clock="")
    for row in rows.order_by().values("equipment_id", "clock").annotate(count=Count("pk")):
        yield (row["equipment_id"], row["clock"]), row["count"]


def _line(plan: EquipmentPlan, equipment: Equipment | None, clock: str, what: str, day: date) -> PlanLine:
    return PlanLine(
        institution_id=plan.institution_id, plan=plan, equipment=equipment, clock=clock, what=what[:200], due_on=day
    )
