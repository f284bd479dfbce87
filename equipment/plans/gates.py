"""Conditions that must hold before a plan of the year is filled or approved."""

from collections.abc import Iterator
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from portal.actors import Actor
from portal.transitions import Refusal

from ..models import EquipmentPlan, PlanLine


def not_approved_yet(plan: EquipmentPlan, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """What somebody has approved is amended line by line, with a trace, and not filled again. Source: A-5.1-c."""
    if plan.approved_on is not None:
        yield Refusal(
            "A-5.1-c",
            _("计划已由%(name)s在 %(day)s 批准，不能再整批改动。要补的事项请逐条登记。")
            % {"name": plan.approved_by.name if plan.approved_by else "", "day": plan.approved_on},
        )


def has_lines(plan: EquipmentPlan, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """An empty plan is not approved. Source: A-5.1-c, C-5.3.2."""
    if not PlanLine.objects.filter(plan=plan, state=PlanLine.State.CURRENT).exists():
        url = reverse("portal:register_new", args=[plan.institution.slug, "plan-lines"]) + f"?plan={plan.ref}"
        yield Refusal(
            "A-5.1-c", _("计划里还没有事项。请先从周期生成，或逐条登记，再批准。"), link=url, link_text=_("登记事项")
        )


def approver_is_a_person(plan: EquipmentPlan, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """Whoever approves is somebody who works here. Source: A-5.1-c."""
    if actor.employment_id is None:
        yield Refusal("A-5.1-c", _("您的账号没有关联在职人员，不能批准计划。请管理员在成员页关联。"))
