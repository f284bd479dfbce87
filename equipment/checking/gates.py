"""Conditions that must hold before an intermediate check is recorded."""

from collections.abc import Iterator
from datetime import datetime

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.actors import Actor
from portal.transitions import Refusal

from ..models import CheckPlan, Equipment, IntermediateCheck
from .intermediate import missing_figures, standing_failure

GONE = frozenset({Equipment.State.SCRAPPED, Equipment.State.WITHDRAWN})
NOT_TRUSTED = frozenset({*GONE, Equipment.State.QUARANTINED, Equipment.State.REPAIR})


def _amend(plan: CheckPlan) -> dict[str, str]:
    """The link to the plan's form."""
    args = [plan.institution.slug, "check-plans", plan.ref]
    return {"link": reverse("portal:register_amend", args=args), "link_text": _("更正方案")}


def plan_stands(check: IntermediateCheck, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """The plan counts, and has the figures its rule judges by. Source: D-4.4.3.5."""
    plan = check.plan
    if plan.state != CheckPlan.State.CURRENT:
        yield Refusal("D-4.4.3.5", _("这个核查方案已作废。请选择有效的方案，或另行登记方案。"))
        return
    for name in missing_figures(plan):
        title = plan._meta.get_field(name).verbose_name
        yield Refusal("D-4.4.3.5", _("方案缺“%(name)s”，无法判定。请先补上。") % {"name": title}, **_amend(plan))


def procedure_in_force(check: IntermediateCheck, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """The procedure that the plan names was in force on the day. Source: D-4.4.3.5."""
    paper, day = check.plan.procedure, check.performed_on
    if paper is None:
        return
    begun = paper.valid_from <= day
    ended = paper.valid_until is not None and paper.valid_until < day
    if paper.state != paper.State.CURRENT or not begun or ended:
        yield Refusal(
            "D-4.4.3.5",
            _("核查程序“%(name)s”在 %(day)s 不是现行文件。请在方案里换成当天现行的程序，或改正核查日期。")
            % {"name": paper, "day": day},
            **_amend(check.plan),
        )


def equipment_is_there(check: IntermediateCheck, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """What is checked still exists, and what it is checked with is not out of use itself. Source: C-5.5.3."""
    if check.equipment.state in GONE:
        yield Refusal("state", _("%(name)s 已报废或作废，不再核查。") % {"name": check.equipment})
    held = check.plan.check_standard
    if held is not None and held.state in NOT_TRUSTED:
        yield Refusal(
            "C-5.5.3",
            _("核查标准 %(name)s 现在是“%(state)s”，用它核查说明不了什么。请换一件核查标准，或先处理它。")
            % {"name": held, "state": held.get_state_display()},
            link=held.get_absolute_url(),
            link_text=_("查看核查标准"),
        )


def checked_by_somebody_there(check: IntermediateCheck, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """It was done by today, by somebody employed that day. Source: C-5.5.3."""
    today = timezone.localdate(at)
    if check.performed_on > today:
        yield Refusal(
            "C-5.5.3",
            _("核查日期 %(day)s 在今天（%(today)s）之后。请改正日期。") % {"day": check.performed_on, "today": today},
        )
    if not check.performed_by.active_on(check.performed_on):
        yield Refusal(
            "C-5.5.3",
            _("%(name)s 在 %(day)s 不在职。请选择当天在职的核查人，或改正日期。")
            % {"name": check.performed_by.name, "day": check.performed_on},
        )


def recorded_once(check: IntermediateCheck, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """The same readings of the same day are not on record already."""
    same = IntermediateCheck.objects.filter(
        institution_id=check.institution_id, plan=check.plan, performed_on=check.performed_on, readings=check.readings
    )
    if known := same.first():
        yield Refusal(
            "data",
            _("这一天的这组读数已经登记过，不用再登记。"),
            link=reverse("equipment:check", args=[check.plan.institution.slug, known.ref]),
            link_text=_("查看核查记录"),
        )


# --- before the equipment is used again


def checks_are_answered(equipment: Equipment, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """No failed check stands: it was checked again since, or calibrated and confirmed as fit. Source: A-6.2.1.2-s1."""
    if failed := standing_failure(equipment, timezone.localdate(at)):
        yield Refusal(
            "A-6.2.1.2-s1",
            _("%(day)s 的期间核查不合格，之后没有合格的核查，也没有重新溯源并确认满足要求。请先做其中一项。")
            % {"day": failed.performed_on},
            link=reverse("equipment:checks", args=[equipment.institution.slug, equipment.ref]),
            link_text=_("去核查"),
        )


TITLES = {
    checks_are_answered: gettext_lazy("没有未处理的不合格核查"),
    plan_stands: gettext_lazy("核查方案有效，判定用的数值齐全"),
    procedure_in_force: gettext_lazy("核查程序现行有效"),
    equipment_is_there: gettext_lazy("设备在册，核查标准可用"),
    checked_by_somebody_there: gettext_lazy("核查人当天在职，日期不在将来"),
    recorded_once: gettext_lazy("没有重复登记"),
}
