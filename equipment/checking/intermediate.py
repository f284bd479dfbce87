"""期间核查: what a plan's rule says of readings, and what the checks on record say of a piece of equipment."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy

from .. import statistics
from ..models import CheckPlan, Equipment, EquipmentClock, IntermediateCheck, Traceability

Rule, Verdict = CheckPlan.Rule, IntermediateCheck.Verdict

NEEDS = {
    Rule.LIMIT: ("limit",),
    Rule.CHART: ("deviation",),
    Rule.H_VALUE: ("uncertainty",),
}
REMARKS = {
    "side": gettext_lazy("连续 9 次在参考值的同一侧，可能有系统性变化"),
    "trend": gettext_lazy("连续 6 次单向上升或下降，可能有漂移"),
    "two_of_three": gettext_lazy("3 次中有 2 次在同一侧超出 2s"),
}
# Stored figures have twelve decimals; verdicts were given before.
STORED = Decimal("1e-12")


@dataclass(frozen=True)
class Judgement:
    """What a rule says: mean and figure unrounded, the verdict, and the runs it completes (REMARKS)."""

    mean: Decimal
    figure: Decimal
    verdict: str
    remarks: tuple[str, ...] = ()


def missing_figures(plan: CheckPlan) -> list[str]:
    """The columns without which the plan's rule cannot judge: those that are empty or not above zero."""
    needed = [*NEEDS[Rule(plan.rule)]]
    if plan.rule == Rule.H_VALUE and plan.reference_uncertainty is not None:
        needed.append("reference_uncertainty")
    return [name for name in needed if not (getattr(plan, name) or 0) > 0]


def judged(plan: CheckPlan, readings: Sequence[Decimal], earlier: Sequence[Decimal] = ()) -> Judgement:
    """The verdict of the plan's rule on these readings; `earlier`: differences of the checks before, oldest first.

    The figure is the H value, else the signed difference of the mean from the reference. Source: metrology of
    JJF 1033-2023: H up to 0.7 passes, up to 1 warns; the same shares hold for a limit; 2 s and 3 s on a chart.
    """
    middle = statistics.mean(readings)
    difference = middle - plan.reference
    if plan.rule == Rule.H_VALUE:
        h = statistics.h_value(middle, plan.reference, plan.uncertainty, plan.reference_uncertainty)
        return Judgement(middle, h, statistics.ratio_verdict(h))
    if plan.rule == Rule.LIMIT:
        share = statistics.share_of_limit(difference, plan.limit)
        return Judgement(middle, difference, statistics.ratio_verdict(share))
    verdict = statistics.beyond_limits(difference, plan.deviation)
    remarks = tuple(statistics.runs([*earlier, difference], plan.deviation))
    if verdict == Verdict.PASSED and remarks:
        verdict = Verdict.WARNING
    return Judgement(middle, difference, verdict, remarks)


def terms_of(plan: CheckPlan, texts: Sequence[str], remarks: Iterable[str]) -> dict[str, Any]:
    """The plan as it stood when the verdict was given, readings as they were typed, all numbers as text."""
    figures = ("nominal", "reference", "limit", "deviation", "uncertainty", "reference_uncertainty")
    return {
        "rule": plan.rule,
        "quantity": plan.quantity,
        "unit": plan.unit,
        **{name: _text(getattr(plan, name)) for name in figures},
        "check_standard": str(plan.check_standard or ""),
        "procedure": str(plan.procedure or ""),
        "plan_revision": plan.revision,
        "readings": list(texts),
        "remarks": list(remarks),
    }


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value.normalize():f}"


def differences_before(plan: CheckPlan, day: date) -> list[Decimal]:
    """Differences from the reference of the plan's latest checks up to that day, oldest first, as far as they have
    the plan's present reference: the chart begins anew with a new one."""
    rows = plan.checks.filter(performed_on__lte=day).order_by("-performed_on", "-pk")[: statistics.SIDE - 1]
    found = []
    for row in rows:
        if row.terms.get("reference") != _text(plan.reference):
            break
        found.append(row.mean - plan.reference)
    return found[::-1]


def standing_failures(day: date) -> QuerySet[IntermediateCheck]:
    """Failed checks that nothing has answered by that day: neither a later check of the plan that did not fail nor a
    later calibration confirmed as fit. Of the same day the one that was recorded later counts as the later one. For
    `Exists`, or narrowed to one piece of equipment. Source: A-6.2.1.2-s1."""
    better = IntermediateCheck.objects.filter(
        Q(performed_on__gt=OuterRef("performed_on")) | Q(performed_on=OuterRef("performed_on"), pk__gt=OuterRef("pk")),
        plan=OuterRef("plan"), equipment=OuterRef("equipment"), performed_on__lte=day,
    ).exclude(verdict=Verdict.FAILED)  # fmt: skip
    fit = Traceability.objects.confirmed_by(day).filter(
        Q(calibrated_on__gt=OuterRef("performed_on"))
        | Q(calibrated_on=OuterRef("performed_on"), recorded_at__gt=OuterRef("recorded_at")),
        equipment=OuterRef("equipment"), calibrated_on__lte=day,
    )  # fmt: skip
    failed = IntermediateCheck.objects.filter(verdict=Verdict.FAILED, performed_on__lte=day)
    return failed.filter(~Exists(better), ~Exists(fit))


def standing_failure(equipment: Equipment, day: date) -> IntermediateCheck | None:
    """The newest failed check of the equipment that nothing has answered by that day."""
    return standing_failures(day).filter(equipment=equipment).order_by("performed_on", "pk").last()


def decision_on(equipment: Equipment) -> EquipmentClock | None:
    """The risk decision: the clock that says checks are needed, or that they are not and why. Source: C-5.5.3."""
    kind = EquipmentClock.Kind.INTERMEDIATE_CHECK
    return equipment.clocks.filter(kind=kind, state=EquipmentClock.State.CURRENT).select_related("responsible").first()


def without_decision(rows: QuerySet[Equipment]) -> QuerySet[Equipment]:
    """Those of the rows that are traced and of which nobody has decided yet whether checks are needed. Source: C-5.5.3."""
    decided = EquipmentClock.objects.filter(
        equipment=OuterRef("pk"), kind=EquipmentClock.Kind.INTERMEDIATE_CHECK, state=EquipmentClock.State.CURRENT
    )
    return rows.filter(~Exists(decided), traced=True).exclude(role__in=sorted(Equipment.UNTRACED))
