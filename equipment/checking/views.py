"""Pages of 期间核查: what is planned for a piece of equipment, one more check, a check on record."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import documents, history
from portal.actors import actor_of
from portal.paging import page_of
from portal.permissions import Permission
from portal.routes import door
from portal.transitions import Refused

from .. import statistics
from ..models import CheckPlan, Equipment, IntermediateCheck
from . import charts, intermediate, workflow
from .forms import CheckForm, first_values
from .readings import figure
from .shown import decision_of, far_of, judgement_of, plan_facts, point_of, tone_of

SHOWN = 400  # checks of one piece of equipment on its page


def _equipment(request: HttpRequest, ref: str) -> Equipment:
    rows = Equipment.objects.visible_to(actor_of(request)).select_related("institution", "site")
    return get_object_or_404(rows, ref=ref)


@door("GET")
def check_list(request: HttpRequest, slug: str) -> HttpResponse:
    """All checks of the institution, the newest first."""
    rows = IntermediateCheck.objects.visible_to(actor_of(request)).select_related("equipment", "plan", "performed_by")
    wanted = request.GET.get("verdict", "")
    known = dict(IntermediateCheck.Verdict.choices)
    rows = rows.filter(verdict=wanted) if wanted in known else rows
    page = page_of(rows, "-performed_on", "-pk", request=request)
    context = {
        "table": {
            "caption": _("期间核查"),
            "filters": [
                {
                    "kind": "select", "name": "verdict", "label": _("结论"), "choices": list(known.items()),
                    "value": wanted if wanted in known else "",
                }
            ],
            "clear_url": request.path if wanted in known else "",
            "columns": [
                {"title": _("设备")}, {"title": _("核查点")}, {"title": _("日期")}, {"title": _("差值或 H 值")},
                {"title": _("结论")}, {"title": _("核查人")}, {"title": _("下次")},
            ],
            "rows": [_row(slug, check) for check in page.rows],
            "empty": {
                "title": _("还没有期间核查"),
                "text": _("在设备的页面里先决定要不要期间核查，登记核查方案，再登记核查。"),
                "url": reverse("equipment:list", args=[slug]),
                "label": _("去设备台账"),
            },
            **page.links(request),
        },
    }  # fmt: skip
    return render(request, "equipment/check_list.html", context)


def _row(slug: str, check: IntermediateCheck) -> list[Any]:
    return [
        {
            "text": check.equipment.asset_number,
            "url": reverse("equipment:check", args=[slug, check.ref]),
            "note": check.equipment.name,
        },
        point_of(check.plan),
        {"text": f"{check.performed_on:%Y-%m-%d}", "day": True},
        far_of(check),
        {"badge": tone_of(check.verdict), "text": check.get_verdict_display()},
        check.performed_by.name,
        {"text": f"{check.next_on:%Y-%m-%d}" if check.next_on else "—", "day": True},
    ]


@door("GET", ref="equipment.Equipment.ref")
def equipment_checks(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """The risk decision, and for each plan its chart, its figures and whether the values drift."""
    actor, equipment = actor_of(request), _equipment(request, ref)
    plans = CheckPlan.objects.visible_to(actor).filter(equipment=equipment)
    plans = plans.select_related("equipment", "check_standard", "procedure")
    checks = (
        IntermediateCheck.objects.visible_to(actor).filter(equipment=equipment).select_related("performed_by", "file")
    )
    newest = list(checks.order_by("-performed_on", "-pk")[:SHOWN])
    shown = []
    for plan in plans.order_by("-state", "quantity", "nominal", "pk"):
        mine = [check for check in newest if check.plan_id == plan.pk]
        if mine or plan.state == CheckPlan.State.CURRENT:
            shown.append(_plan(request, plan, mine))
    shown.sort(key=lambda one: not one["current"])
    context = {
        "equipment": equipment,
        "plans": shown,
        "decision": decision_of(request, equipment, intermediate.decision_on(equipment)),
        "failure": intermediate.standing_failure(equipment, timezone.localdate()),
        "may_check": actor.may(Permission.EQUIPMENT_CONFIRM) and any(one["current"] for one in shown),
        "may_plan": actor.may(Permission.EQUIPMENT_MANAGE),
        "plan_url": reverse("portal:register_new", args=[slug, "check-plans"]) + f"?equipment={equipment.ref}",
        "left_out": len(newest) == SHOWN,
    }
    return render(request, "equipment/checks.html", context)


def _plan(request: HttpRequest, plan: CheckPlan, newest_first: list[IntermediateCheck]) -> dict[str, Any]:
    """One plan with its checks as the page draws it."""
    slug, in_time = request.institution.slug, newest_first[::-1]
    line = statistics.fitted([(check.performed_on, charts.difference_of(check)) for check in in_time])
    return {
        "plan": plan,
        "title": point_of(plan),
        "current": plan.state == CheckPlan.State.CURRENT,
        "url": reverse("portal:register_row", args=[slug, "check-plans", plan.ref]),
        "check_url": reverse("equipment:check_new", args=[slug, plan.equipment.ref]) + f"?plan={plan.ref}",
        "facts": plan_facts(plan),
        "plot": charts.check_plot(plan, in_time, f"checks-{plan.pk}"),
        "scatter": charts.scatter_plot(in_time, f"scatter-{plan.pk}") if plan.rule == CheckPlan.Rule.CHART else None,
        "line": line,
        "per_year": figure(charts.short(line.slope, 2), sign=True) if line else "",
        "checks": [
            {
                "check": check,
                "url": reverse("equipment:check", args=[slug, check.ref]),
                "mean": charts.mean_text(check),
                "far": far_of(check),
                "tone": tone_of(check.verdict),
            }
            for check in newest_first
        ],
    }


@door("GET", "POST", right=Permission.EQUIPMENT_CONFIRM, limit="upload", ref="equipment.Equipment.ref")
def check_new(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """One more check: readings in, verdict out; what has failed is stopped at once."""
    actor, at, equipment = actor_of(request), timezone.now(), _equipment(request, ref)
    scope = {"equipment": equipment, "actor": actor, "at": at}
    if request.method == "GET":
        form = CheckForm(**scope)
        plans = list(form.fields["plan"].queryset)
        asked = [plan for plan in plans if plan.ref == request.GET.get("plan")] or plans[:1] * (len(plans) == 1)
        form.initial = first_values(asked[0] if asked else None, actor, at)
        return _new_page(request, equipment, form)
    form = CheckForm(request.POST, request.FILES, **scope)
    if not form.is_valid():
        return _new_page(request, equipment, form, status=422)
    typed = form.cleaned_data
    try:
        row = workflow.check(typed["plan"], typed["readings"], form.facts(), typed["file"], actor=actor, at=at)
    except Refused as refused:
        return _new_page(request, equipment, form, status=409, refusals=refused.refusals)
    if row.verdict == IntermediateCheck.Verdict.FAILED:
        messages.error(request, _("已登记，结论不合格。请看下一步。"))
    else:
        messages.success(request, _("已登记，结论%(verdict)s。") % {"verdict": row.get_verdict_display()})
    return redirect(reverse("equipment:check", args=[slug, row.ref]) + "?recorded=1")


def _new_page(
    request: HttpRequest, equipment: Equipment, form: CheckForm, *, status: int = 200, refusals: Any = ()
) -> HttpResponse:
    plans = list(form.fields["plan"].queryset)
    context = {
        "equipment": equipment,
        "form": form,
        "refusals": refusals,
        "plans": [{"title": point_of(plan), "facts": plan_facts(plan)} for plan in plans],
        "may_plan": actor_of(request).may(Permission.EQUIPMENT_MANAGE),
        "plan_url": reverse("portal:register_new", args=[request.institution.slug, "check-plans"])
        + f"?equipment={equipment.ref}",
        "accept": ",".join(documents.EVIDENCE.suffixes),
        "largest": documents.EVIDENCE.largest,
    }
    return render(request, "equipment/check_new.html", context, status=status)


@door("GET", ref="equipment.IntermediateCheck.ref")
def check_detail(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """One check: readings, how the verdict was reached, and what comes next."""
    rows = IntermediateCheck.objects.visible_to(actor_of(request)).select_related(
        "equipment", "plan", "performed_by", "file", "institution"
    )
    check = get_object_or_404(rows, ref=ref)
    texts = check.terms.get("readings") or [figure(value) for value in check.readings]
    context = {
        "check": check,
        "equipment": check.equipment,
        "tone": tone_of(check.verdict),
        "point": point_of(check.plan),
        "unit": check.terms.get("unit", check.plan.unit),
        "readings": list(enumerate(texts, 1)),
        "judgement": judgement_of(check),
        "remarks": [
            intermediate.REMARKS[name] for name in check.terms.get("remarks", ()) if name in intermediate.REMARKS
        ],
        "standing": intermediate.standing_failures(timezone.localdate()).filter(pk=check.pk).exists(),
        "recorded": "recorded" in request.GET,
        "others": _others(request, check) if "recorded" in request.GET else [],
        "history": history.timeline(check),
    }
    return render(request, "equipment/check.html", context)


def _others(request: HttpRequest, check: IntermediateCheck) -> list[dict[str, str]]:
    """The other current plans of the equipment: whoever has done one point goes on with the next."""
    plans = CheckPlan.objects.visible_to(actor_of(request)).filter(
        equipment=check.equipment, state=CheckPlan.State.CURRENT
    )
    url = reverse("equipment:check_new", args=[request.institution.slug, check.equipment.ref])
    return [
        {"title": point_of(plan), "url": f"{url}?plan={plan.ref}"}
        for plan in plans.exclude(pk=check.plan_id).order_by("quantity", "nominal", "pk")
    ]
