"""The verbs of a plan of the year: filled from the clocks, copied from the year before, approved."""

from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from portal import audit
from portal.actors import Actor
from portal.audit import Act
from portal.permissions import Permission
from portal.transitions import Refusal, Refused, Transition

from ..models import EquipmentPlan, PlanLine
from . import gates, planning

CURRENT = EquipmentPlan.State.CURRENT

FILL = Transition("fill", frozenset({CURRENT}), CURRENT, Permission.EQUIPMENT_MANAGE, gates=(gates.not_approved_yet,))
COPY = Transition(
    "copy_last_year", frozenset({CURRENT}), CURRENT, Permission.EQUIPMENT_MANAGE, gates=(gates.not_approved_yet,)
)
APPROVE = Transition(
    "approve", frozenset({CURRENT}), CURRENT, Permission.EQUIPMENT_MANAGE,
    gates=(gates.not_approved_yet, gates.has_lines, gates.approver_is_a_person),
)  # fmt: skip


def fill(plan: EquipmentPlan, *, actor: Actor, at: datetime) -> int:
    """The plan has a line for everything that the clocks ask of its year. Returns: how many were missing.

    Raises: Refused, also when nothing was missing. Source: C-5.3.2, B-6.1.5.1-d.
    """
    with FILL.applied_to(plan, actor=actor, at=at) as plan:
        if not planning.CLOCKS[EquipmentPlan.Kind(plan.kind)]:
            raise Refused(Refusal("data", _("配备计划里是要添置的器具，周期里没有。请逐条登记，或照抄上一年。")))
        lines = planning.lines_for(plan, timezone.localdate(at))
        if not lines:
            raise Refused(
                Refusal(
                    "data", _("%(year)d 年到期的周期都已在计划里。请先在设备页登记周期，再生成。") % {"year": plan.year}
                )
            )
        _enter(lines, actor)
        plan.revision += 1
    return len(lines)


def copy_last_year(plan: EquipmentPlan, *, actor: Actor, at: datetime) -> int:
    """The plan has what the year before had and no clock asks for, a year on. Returns: how many lines came.

    Raises: Refused, also when there is nothing to copy.
    """
    with COPY.applied_to(plan, actor=actor, at=at) as plan:
        lines = planning.lines_of_last_year(plan)
        if not lines:
            told = {"year": plan.year - 1, "kind": plan.get_kind_display()}
            raise Refused(Refusal("data", _("%(year)d 年的%(kind)s里没有可照抄的事项。请逐条登记。") % told))
        _enter(lines, actor)
        plan.revision += 1
    return len(lines)


def approve(plan: EquipmentPlan, *, actor: Actor, at: datetime) -> EquipmentPlan:
    """Somebody answers for the plan from this day on. Raises: Refused. Source: A-5.1-c, C-5.3.2."""
    with APPROVE.applied_to(plan, actor=actor, at=at) as plan:
        plan.approved_by_id, plan.approved_on = actor.employment_id, timezone.localdate(at)
        plan.revision += 1
    return plan


def _enter(lines: list[PlanLine], actor: Actor) -> None:
    PlanLine.objects.bulk_create(lines, batch_size=2000)
    audit.record_many(
        actor,
        [
            Act("planline.record", line, audit.differences({}, audit.snapshot(line)), "", PlanLine.State.CURRENT, "")
            for line in lines
        ],
    )
