"""How plans, checks and the risk decision about them are put into words."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from portal.actors import actor_of
from portal.permissions import Permission

from ..models import CheckPlan, Equipment, EquipmentClock, IntermediateCheck
from .charts import far_text, mean_text, short
from .readings import figure

TONES = {"passed": "ok", "warning": "due", "review": "due", "failed": "bad"}


def tone_of(verdict: str) -> str:
    return TONES.get(verdict, "off")


def point_of(plan: CheckPlan) -> str:
    """What a plan checks, in one line."""
    return f"{plan.quantity} {figure(plan.nominal)} {plan.unit}"


def plan_facts(plan: CheckPlan) -> list[dict[str, Any]]:
    """What a plan judges by."""
    unit = plan.unit
    found = [
        {"label": _("判定规则"), "value": plan.get_rule_display()},
        {"label": _("参考值"), "value": f"{figure(plan.reference)} {unit}"},
    ]
    if plan.rule == CheckPlan.Rule.LIMIT and plan.limit is not None:
        found.append({"label": _("限值"), "value": f"±{figure(plan.limit)} {unit}"})
    if plan.rule == CheckPlan.Rule.CHART and plan.deviation is not None:
        found.append({"label": _("标准偏差 s"), "value": f"{figure(plan.deviation)} {unit}"})
    if plan.rule == CheckPlan.Rule.H_VALUE and plan.uncertainty is not None:
        second = plan.reference_uncertainty
        found.append({"label": _("核查值的 U"), "value": f"{figure(plan.uncertainty)} {unit}"})
        found.append(
            {
                "label": _("参考值的 U"),
                "value": f"{figure(second)} {unit}" if second is not None else _("同一标准和方法"),
            }
        )
    found.append({"label": _("核查标准"), "value": str(plan.check_standard or _("未登记"))})
    found.append({"label": _("核查程序"), "value": str(plan.procedure or _("未登记"))})
    return found


def judgement_of(check: IntermediateCheck) -> str:
    """How the verdict was reached, with the figures of that day."""
    terms = check.terms
    known = {
        "mean": mean_text(check), "unit": terms.get("unit", ""), "far": far_text(check),
        "reference": terms.get("reference") or "—", "limit": terms.get("limit"), "s": terms.get("deviation"),
        "h": figure(short(check.figure)), "u": terms.get("uncertainty"),
    }  # fmt: skip
    match terms.get("rule"):
        case CheckPlan.Rule.LIMIT:
            sentence = _(
                "平均值 %(mean)s %(unit)s，与参考值 %(reference)s %(unit)s 差 %(far)s %(unit)s；限值 ±%(limit)s %(unit)s，"
                "超过限值的 70 %% 预警。"
            )
        case CheckPlan.Rule.CHART:
            sentence = _(
                "平均值 %(mean)s %(unit)s，与参考值 %(reference)s %(unit)s 差 %(far)s %(unit)s；s = %(s)s %(unit)s，"
                "超过 2s 预警，超过 3s 不合格。"
            )
        case CheckPlan.Rule.H_VALUE:
            under = "√2·U" if terms.get("reference_uncertainty") is None else "√(U₁² + U₂²)"
            known["under"] = under
            sentence = _(
                "平均值 %(mean)s %(unit)s，参考值 %(reference)s %(unit)s；H = |差值| / %(under)s = %(h)s，"
                "大于 0.7 预警，大于 1 不合格。"
            )
        case _:
            sentence = _("平均值 %(mean)s %(unit)s。")
    return sentence % known


def far_of(check: IntermediateCheck) -> str:
    """H, or the difference from the reference with its unit."""
    if check.terms.get("rule") == CheckPlan.Rule.H_VALUE:
        return f"H = {figure(short(check.figure))}"
    return f"{far_text(check)} {check.terms.get('unit', '')}"


def decision_of(request: HttpRequest, equipment: Equipment, clock: EquipmentClock | None) -> dict[str, Any]:
    """The risk decision, which `clock` is, in words, and where to take or change it. Source: C-5.5.3."""
    slug = request.institution.slug
    may = actor_of(request).may(Permission.EQUIPMENT_MANAGE)
    new = reverse("portal:register_new", args=[slug, "equipment-clocks"])
    asked = {"equipment": equipment.ref, "kind": EquipmentClock.Kind.INTERMEDIATE_CHECK}
    return {
        "clock": clock,
        "needed_url": f"{new}?{urlencode(asked | {'needed': 'on'})}" if may else "",
        "amend_url": reverse("portal:register_amend", args=[slug, "equipment-clocks", clock.ref])
        if may and clock
        else "",
        "not_needed_url": f"{new}?{urlencode(asked | {'needed': ''})}" if may else "",
    }
