"""设备年度计划: the plans by year with their progress, and one plan with its lines."""

from collections.abc import Callable
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import exports, history
from portal.actors import actor_of
from portal.paging import page_of
from portal.permissions import Permission
from portal.routes import door
from portal.transitions import Refusal, Refused, Transition

from .. import due
from ..models import EquipmentPlan, PlanLine
from . import planning, workflow

Kind, CURRENT = EquipmentPlan.Kind, EquipmentPlan.State.CURRENT
MANAGE = Permission.EQUIPMENT_MANAGE


@door("GET")
def plan_list(request: HttpRequest, slug: str) -> HttpResponse:
    """All plans, the newest year first, and which of the three of this year is missing."""
    actor, today = actor_of(request), timezone.localdate()
    everything = EquipmentPlan.objects.visible_to(actor).filter(state=CURRENT)
    rows = planning.with_progress(everything, today).select_related("approved_by")
    page = page_of(rows, "-year", "kind", "pk", request=request)
    here = set(everything.filter(year=today.year).values_list("kind", flat=True))
    may_plan = actor.may(MANAGE)
    new_url = reverse("portal:register_new", args=[slug, "equipment-plans"])
    context = {
        "year": today.year,
        "missing": [
            {"title": label, "url": f"{new_url}?{urlencode({'kind': value, 'year': today.year})}" if may_plan else ""}
            for value, label in Kind.choices
            if value not in here
        ],
        "new_url": new_url if may_plan else "",
        "table": {
            "caption": _("设备年度计划"),
            "columns": [
                {"title": _("年度"), "day": True}, {"title": _("计划")}, {"title": _("批准")}, {"title": _("进度")},
                {"title": _("逾期"), "numeric": True}, {"title": _("30 天内"), "numeric": True},
            ],
            "rows": [_plan_row(slug, plan) for plan in page.rows],
            "empty": {
                "title": _("还没有年度计划"),
                "text": _("每年排定器具配备、溯源、检查三类计划：先登记计划，再从周期一键生成事项，批准后执行。"),
                "url": new_url if may_plan else "",
                "label": _("登记计划"),
            },
            **page.links(request),
        },
    }  # fmt: skip
    return render(request, "equipment/plans.html", context)


def _plan_row(slug: str, plan: EquipmentPlan) -> list[Any]:
    approved = plan.approved_by.name if plan.approved_by else ""
    return [
        str(plan.year),
        {"text": plan.get_kind_display(), "url": reverse("equipment:plan", args=[slug, plan.ref])},
        {"text": str(plan.approved_on), "note": approved} if plan.approved_on else {"text": _("未批准"), "tone": "due"},
        {"clock": progress_of(plan)} if plan.lines_all else {"text": _("没有事项"), "tone": "due"},
        {"text": str(plan.lines_overdue), "tone": "bad" if plan.lines_overdue else ""},
        {"text": str(plan.lines_soon)},
    ]


def progress_of(plan: EquipmentPlan) -> dict[str, Any]:
    """How far the plan is: what is done, of how much, as words and as a bar. Needs `with_progress`."""
    share = 100 * plan.lines_done // plan.lines_all if plan.lines_all else 0
    tone = "bad" if plan.lines_overdue else "due" if plan.lines_soon else "ok"
    words = _("%(done)d / %(all)d") % {"done": plan.lines_done, "all": plan.lines_all}
    return {"day": words, "remaining": _("%(share)d %%") % {"share": share}, "tone": tone, "share": share}


@door("GET", ref="equipment.EquipmentPlan.ref")
def plan_detail(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """One plan: how far it is, every line, and what can be done with it."""
    return _page(request, _plan(request, ref))


@door("POST", right=MANAGE, ref="equipment.EquipmentPlan.ref")
def plan_fill(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    return _perform(request, ref, workflow.fill, _("已从周期生成 %(count)d 条事项。请核对日期，再批准。"))


@door("POST", right=MANAGE, ref="equipment.EquipmentPlan.ref")
def plan_copy(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    return _perform(request, ref, workflow.copy_last_year, _("已照抄上一年的 %(count)d 条事项。请逐条核对。"))


@door("POST", right=MANAGE, ref="equipment.EquipmentPlan.ref")
def plan_approve(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    return _perform(request, ref, workflow.approve, _("计划已批准。做完的事项会自动勾掉。"))


def _perform(request: HttpRequest, ref: str, verb: Callable[..., Any], done: str) -> HttpResponse:
    plan = _plan(request, ref)
    try:
        result = verb(plan, actor=actor_of(request), at=timezone.now())
    except Refused as refused:
        return _page(request, plan, status=409, refusals=refused.refusals)
    messages.success(request, done % {"count": result} if isinstance(result, int) else done)
    return redirect("equipment:plan", request.institution.slug, plan.ref)


def _plan(request: HttpRequest, ref: str) -> EquipmentPlan:
    rows = EquipmentPlan.objects.visible_to(actor_of(request)).select_related("institution", "approved_by", "file")
    return get_object_or_404(planning.with_progress(rows, timezone.localdate()), ref=ref)


def _page(
    request: HttpRequest, plan: EquipmentPlan, *, status: int = 200, refusals: tuple[Refusal, ...] = ()
) -> HttpResponse:
    actor, slug, today = actor_of(request), request.institution.slug, timezone.localdate()
    asked = request.GET.get("progress", "")
    lines = PlanLine.objects.visible_to(actor).filter(plan=plan, state=PlanLine.State.CURRENT)
    page = page_of(
        planning.narrowed_by(lines, asked, today).select_related("equipment"), "due_on", "pk", request=request
    )
    standing = plan.state == CURRENT
    may_plan = actor.may(MANAGE) and standing
    mine = urlencode({"plan": plan.ref})
    context = {
        "plan": plan,
        "figures": _figures(plan),
        "progress": progress_of(plan),
        "facts": _facts(plan),
        "refusals": refusals,
        "acts": _acts(request, plan) if may_plan else [],
        "amend_url": reverse("portal:register_amend", args=[slug, "equipment-plans", plan.ref]) if may_plan else "",
        "line_url": f"{reverse('portal:register_new', args=[slug, 'plan-lines'])}?{mine}" if may_plan else "",
        "export": exports.offer(request, f"{reverse('portal:register_export', args=[slug, 'plan-lines'])}?{mine}"),
        "tabs": _tabs(request.path, plan, asked),
        "table": {
            "caption": _("计划事项"),
            "columns": [
                {"title": _("事项")}, {"title": _("设备")}, {"title": _("完成期限"), "sort": "ascending"},
                {"title": _("状态")}, {"title": _("说明")},
            ],
            "rows": [_line_row(slug, line, today) for line in page.rows],
            "empty": {
                "title": _("没有这样的事项") if asked in planning.PROGRESS else _("计划里还没有事项"),
                "text": _("换一个视图看看。")
                if asked in planning.PROGRESS
                else _("从周期生成：凡是本年度到期的都会列进来；周期以外的逐条登记。"),
                "url": "",
                "label": "",
            },
            **page.links(request),
        },
        "history": history.timeline(plan),
    }  # fmt: skip
    return render(request, "equipment/plan.html", context, status=status)


def _figures(plan: EquipmentPlan) -> list[dict[str, Any]]:
    late = _("%(count)d 项晚了") % {"count": plan.lines_late} if plan.lines_late else ""
    return [
        {"name": _("事项"), "value": plan.lines_all, "note": "", "tone": ""},
        {"name": _("已完成"), "value": plan.lines_done, "note": late, "tone": "due" if late else ""},
        {"name": _("30 天内到期"), "value": plan.lines_soon, "note": "", "tone": ""},
        {
            "name": _("逾期"),
            "value": plan.lines_overdue,
            "note": _("先办这些") if plan.lines_overdue else "",
            "tone": "bad",
        },
    ]


def _facts(plan: EquipmentPlan) -> list[dict[str, Any]]:
    return [
        {"label": _("计划种类"), "value": plan.get_kind_display()},
        {"label": _("年度"), "value": str(plan.year)},
        {"label": _("批准人"), "value": plan.approved_by.name if plan.approved_by else _("未批准")},
        {"label": _("批准日期"), "value": str(plan.approved_on or "—")},
    ]


def _tabs(path: str, plan: EquipmentPlan, asked: str) -> list[dict[str, Any]]:
    counts = {
        "open": plan.lines_all - plan.lines_done, "overdue": plan.lines_overdue, "done": plan.lines_done,
    }  # fmt: skip
    first = {"title": _("全部"), "url": path, "count": plan.lines_all, "current": asked not in counts}
    return [first] + [
        {"title": title, "url": f"{path}?progress={name}", "count": counts[name], "current": asked == name}
        for name, title in planning.PROGRESS.items()
    ]


def _line_row(slug: str, line: PlanLine, today: date) -> list[Any]:
    clock = due.clock(date(line.due_on.year, 1, 1), line.due_on, today)
    done = line.done_on is not None and line.done_on <= today
    late = done and line.done_on > line.due_on
    state = {
        "badge": clock.tone if clock.tone != "ok" else "off",
        "text": _("逾期") if clock.tone == "bad" else _("待办"),
    }
    if done:
        state = {"badge": "due" if late else "ok", "text": _("晚完成") if late else _("已完成")}
    return [
        {"text": line.what, "url": reverse("portal:register_row", args=[slug, "plan-lines", line.ref])},
        {
            "text": line.equipment.asset_number,
            "url": reverse("equipment:detail", args=[slug, line.equipment.ref]),
            "note": line.equipment.name,
        }
        if line.equipment
        else "—",
        {"text": str(line.due_on), "note": _("完成于 %(day)s") % {"day": line.done_on}}
        if done
        else {"clock": {"day": clock.day, "remaining": clock.remaining, "tone": clock.tone, "share": clock.share}},
        state,
        line.note,
    ]


def _acts(request: HttpRequest, plan: EquipmentPlan) -> list[dict[str, Any]]:
    """What can be done with a plan that nobody has approved yet, as the component `sign_dialog` takes it."""
    if plan.approved_on is not None:
        return []
    acts = [
        _dialog(
            request, plan, "copy", workflow.COPY, _("照抄上一年…"),
            _("把上一年计划里不属于周期的事项照抄过来，期限顺延一年"),
        ),
        _dialog(
            request, plan, "approve", workflow.APPROVE, _("批准…"),
            _("我已核对全部事项，批准执行这份计划；批准后不再整批改动"),
        ),
    ]  # fmt: skip
    if planning.CLOCKS[Kind(plan.kind)]:
        filling = _dialog(
            request, plan, "fill", workflow.FILL, _("从周期生成…"),
            _("把本年度到期的周期列成事项；已经在计划里的不重复"),
        )  # fmt: skip
        acts.insert(0, filling)
    return acts


def _dialog(
    request: HttpRequest, plan: EquipmentPlan, name: str, verb: Transition, opener: str, statement: str
) -> dict[str, Any]:
    against = verb.refusals(plan, actor=actor_of(request), at=timezone.now())
    return {
        "id": name,
        "title": opener.rstrip("…"),
        "url": reverse(f"equipment:plan_{name}", args=[request.institution.slug, plan.ref]),
        "facts": [
            {"label": _("计划"), "value": str(plan)},
            {"label": _("现有事项"), "value": _("%(count)d 条") % {"count": plan.lines_all}},
        ],
        "statement": statement,
        "submit": opener.rstrip("…"),
        "opener": opener,
        "icon": {"fill": "refresh", "copy": "history", "approve": "signature"}[name],
        "plain": name != "approve",
        "blocked": " ".join(refusal.text for refusal in against),
    }
