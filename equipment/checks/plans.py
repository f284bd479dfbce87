"""Clauses decided by the plans of the year: provision, traceability, inspection."""

from datetime import date

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils.translation import gettext as _

from institutions.checks.rows import current, lately, listed, page
from institutions.models import Institution
from portal.clauses import Evidence, Verdict, clause, none_in_breach, not_applicable

from ..models import EquipmentPlan, PlanLine, Traceability
from ..plans import planning
from .rows import (
    TRACED,
    device,
    devices,
    in_use,
    no_standard_in_use,
    nothing_in_use,
    register_row,
    standards_in_use,
    standing,
)

Kind = EquipmentPlan.Kind
# A line of any of the three plans may be late for so many days. Source: A-5.1-c.
GRACE = 30


def _approved(institution: Institution, day: date) -> dict[str, EquipmentPlan]:
    """The plans of the year that somebody approved by that day, by kind."""
    rows = current(EquipmentPlan, institution).filter(year=day.year, approved_on__lte=day, approved_by__isnull=False)
    return {row.kind: row for row in rows}


def _missing(
    institution: Institution, there: dict[str, EquipmentPlan], kinds: tuple[Kind, ...], day: date
) -> list[Evidence]:
    """The kinds of which the year has no approved plan, and the plans that were approved and say nothing."""
    said = set(current(PlanLine, institution).filter(plan__in=there.values()).values_list("plan", flat=True))
    told = _("%(year)d 年没有批准的计划") % {"year": day.year}
    found = []
    for kind in kinds:
        if kind not in there:
            url = page(institution, "equipment-plans", kind=kind.value, year=str(day.year))
            found.append(Evidence(str(kind.label), url, told))
        elif there[kind].pk not in said:
            found.append(register_row(institution, "equipment-plans", there[kind], _("计划里没有事项")))
    return found


def _overdue(institution: Institution, day: date, *kinds: str, grace: int = 0) -> QuerySet[PlanLine]:
    """Lines of current plans of these kinds that were not done that day, so many days after their date."""
    return planning.overdue_lines(current(EquipmentPlan, institution).filter(kind__in=kinds), day, grace=grace)


def _lines(institution: Institution, rows: QuerySet[PlanLine]) -> list[Evidence]:
    return [
        register_row(institution, "plan-lines", row, _("应在 %(day)s 前完成") % {"day": row.due_on})
        for row in rows
    ]  # fmt: skip


@clause("A-5.1-c")
def three_plans_are_carried_out(institution: Institution, day: date) -> Verdict:
    """The year has its three approved plans, and no line of a plan is more than 30 days late."""
    kinds = tuple(Kind)
    late = _overdue(institution, day, *kinds, grace=GRACE)
    breaches = _missing(institution, _approved(institution, day), kinds, day) + _lines(institution, late)
    return none_in_breach(
        len(kinds), breaches, nothing="", advice=_("请编制并批准缺少的计划，完成逾期的事项并登记。"),
        fix=listed(institution, "equipment-plans"),
    )  # fmt: skip


@clause("B-6.1.5.1-d")
def standards_are_planned(institution: Institution, day: date) -> Verdict:
    """The approved traceability plan of the year names every main standard whose certificate ends within the year."""
    rows = standards_in_use(institution, day)
    if not rows.exists():
        return not_applicable(no_standard_in_use())
    there = _approved(institution, day)
    breaches = _missing(institution, there, (Kind.TRACEABILITY,), day)
    if Kind.TRACEABILITY in there:
        plans = EquipmentPlan.objects.filter(pk=there[Kind.TRACEABILITY].pk)
        known = Traceability.objects.filter(equipment=OuterRef("pk"), calibrated_on__lte=day)
        until = Subquery(known.order_by("-calibrated_on", "-pk").values("valid_until")[:1])
        loose = planning.main_standards_without_line(plans, day).filter(TRACED, institution=institution)
        loose = loose.alias(until=until).filter(Q(until=None) | Q(until__lte=date(day.year, 12, 31)))
        breaches += devices(institution, loose, _("不在 %(year)d 年溯源计划里") % {"year": day.year})
    return none_in_breach(
        rows.count(), breaches, nothing="",
        advice=_("请编制、批准今年的溯源计划，把这些标准器列入。"), fix=listed(institution, "equipment-plans"),
    )  # fmt: skip


@clause("C-5.3.2")
def traceability_is_planned_and_done(institution: Institution, day: date) -> Verdict:
    """The traceability plan of the year is approved, no line of it is overdue, and certificates name where they lead.

    Judged are the certificates of the last year of what is in use.
    """
    rows = in_use(institution, day)
    if not rows.exists():
        return not_applicable(nothing_in_use())
    traces = Traceability.objects.filter(chain=Traceability.Chain.UNKNOWN, equipment__in=rows.filter(TRACED).order_by())
    vague = lately(standing(traces), "calibrated_on", day).select_related("equipment").order_by("pk")
    breaches = _missing(institution, _approved(institution, day), (Kind.TRACEABILITY,), day)
    breaches += _lines(institution, _overdue(institution, day, Kind.TRACEABILITY))
    breaches += [
        device(institution, row.equipment, _("%(number)s 没有写明溯源到哪里") % {"number": row.certificate_number})
        for row in vague
    ]
    return none_in_breach(
        rows.count(), breaches, nothing="",
        advice=_("请批准溯源计划，按期送检；登记证书时写明量值溯源到国家基准还是社会公用计量标准。"),
        fix=reverse("equipment:list", args=[institution.slug]),
    )  # fmt: skip
