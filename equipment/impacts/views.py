"""影响追溯: the list of questions, one question with everything it is about, its answer, and the list as a file."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import exports, history
from portal.actors import actor_of
from portal.paging import page_of
from portal.permissions import Permission
from portal.routes import door
from portal.transitions import Refusal, Refused

from ..life.forms import AnswerForm
from ..models import ImpactQuestion
from ..tracing.uses import Use, uses_of
from . import asking

MOST_SHOWN = 200
State = ImpactQuestion.State


@door("GET")
def impact_list(request: HttpRequest, slug: str) -> HttpResponse:
    """All questions, the open ones by themselves."""
    everything = ImpactQuestion.objects.visible_to(actor_of(request))
    only_open = request.GET.get("state") == State.OPEN
    rows = everything.filter(state=State.OPEN) if only_open else everything
    page = page_of(rows.select_related("equipment", "event", "answered_by"), "-pk", request=request)
    context = {
        "tabs": [
            {"title": _("全部"), "url": request.path, "current": not only_open},
            {"title": _("待评估"), "url": f"{request.path}?state=open", "current": only_open,
             "count": everything.filter(state=State.OPEN).count()},
        ],
        "table": {
            "caption": _("影响追溯"),
            "columns": [
                {"title": _("停用日期"), "day": True}, {"title": _("设备")}, {"title": _("情况")},
                {"title": _("追溯期间")}, {"title": _("结论")}, {"title": _("状态")},
            ],
            "rows": [_line(slug, question) for question in page.rows],
            "count": _("本页 %(count)d 条") % {"count": len(page.rows)} if page.rows else "",
            "empty": {
                "title": _("没有待评估的影响追溯") if only_open else _("还没有影响追溯"),
                "text": _("设备被停用隔离时自动提出：它从上次已知完好以来可能影响了哪些结果。"),
                "url": "", "label": "",
            },
            **page.links(request),
        },
    }  # fmt: skip
    return render(request, "equipment/impacts.html", context)


def _line(slug: str, question: ImpactQuestion) -> list[Any]:
    answered = question.answered_by.name if question.answered_by else ""
    return [
        {"text": str(question.until), "url": reverse("equipment:impact", args=[slug, question.ref])},
        {"text": question.equipment.asset_number, "note": question.equipment.name},
        {"text": question.event.get_kind_display(), "note": question.event.text[:60]},
        period_of(question),
        {"text": question.get_conclusion_display() if question.conclusion else "", "note": answered},
        {"badge": "open" if question.state == State.OPEN else "done", "text": question.get_state_display()},
    ]


def period_of(question: ImpactQuestion) -> str:
    """From when to when results are in question, in words."""
    first = question.since or _("第一次使用")
    return _("%(first)s 至 %(last)s") % {"first": first, "last": question.until}


@door("GET", ref="equipment.ImpactQuestion.ref")
def impact_detail(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """One question with what was measured in its time; whoever keeps the equipment answers it here."""
    return _page(request, _question(request, ref), AnswerForm())


@door("POST", right=Permission.EQUIPMENT_MANAGE, ref="equipment.ImpactQuestion.ref", limit="upload")
def impact_answer(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """The question is answered, or the page says why not and still holds what was typed."""
    question, form = _question(request, ref), AnswerForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, question, form, status=422)
    values, actor = form.cleaned_data, actor_of(request)
    try:
        asking.answer(question, values, values["file"], actor=actor, at=timezone.now())
    except Refused as refused:
        return _page(request, question, form, status=409, refusals=refused.refusals)
    messages.success(request, _("已评估。设备验证合格后可以重新投入使用。"))
    return redirect("equipment:impact", slug, question.ref)


def _question(request: HttpRequest, ref: str) -> ImpactQuestion:
    rows = ImpactQuestion.objects.visible_to(actor_of(request)).select_related(
        "institution", "equipment__institution", "event__done_by", "answered_by", "file"
    )
    return get_object_or_404(rows, ref=ref)


def _page(
    request: HttpRequest, question: ImpactQuestion, form: AnswerForm, *, status: int = 200,
    refusals: tuple[Refusal, ...] = (),
) -> HttpResponse:  # fmt: skip
    uses = uses_of(question.equipment, question.since, question.until)
    good = asking.last_good(question.equipment, question.until) if question.since else None
    context = {
        "question": question,
        "equipment": question.equipment,
        "facts": _facts(question, uses, good),
        "uses": uses[:MOST_SHOWN],
        "count": len(uses),
        "touched": sum(use.touched for use in uses),
        "most": MOST_SHOWN,
        "with_customer": actor_of(request).may(Permission.EQUIPMENT_REPORT),
        "form": form if question.state == State.OPEN and actor_of(request).may(Permission.EQUIPMENT_MANAGE) else None,
        "refusals": refusals,
        "export": exports.offer(
            request, reverse("equipment:impact_export", args=[request.institution.slug, question.ref])
        ),
        "history": history.timeline(question),
    }
    return render(request, "equipment/impact.html", context, status=status)


def _facts(question: ImpactQuestion, uses: list[Use], good: date | None) -> list[dict[str, Any]]:
    event = question.event
    found = [
        {"label": _("设备"), "value": str(question.equipment), "url": question.equipment.get_absolute_url()},
        {"label": _("停用"), "value": f"{event.happened_on} {event.get_kind_display()}",
         "note": event.done_by.name if event.done_by else ""},
        {"label": _("发现的情况"), "value": event.text},
        {"label": _("追溯期间"), "value": period_of(question),
         "note": "" if question.since else _("停用前没有合格的核查、校准或验证可以作起点")},
        {"label": _("期间的原始记录"), "value": _("%(count)d 份") % {"count": len(uses)}},
    ]  # fmt: skip
    if good is not None:
        found.insert(4, {"label": _("上次已知完好"), "value": str(good)})
    if question.state == State.ANSWERED:
        who = question.answered_by.name if question.answered_by else ""
        found += [
            {"label": _("结论"), "value": question.get_conclusion_display(), "note": f"{who} {question.answered_on}"},
            {"label": _("评估时看过的记录"), "value": _("%(count)d 份") % {"count": question.looked_at or 0}},
        ]
    return found


@door("POST", right=Permission.EXPORT, limit="export", ref="equipment.ImpactQuestion.ref")
def impact_export(request: HttpRequest, slug: str, ref: str) -> HttpResponseBase:
    """Everything that was measured in the time of the question, as a file."""
    question = _question(request, ref)
    return exports.send(
        request, "impactquestion.export", name=_("影响追溯 %(number)s") % {"number": question.equipment.asset_number},
        rows=uses_of(question.equipment, question.since, question.until),
        columns={
            _("日期"): lambda use: use.day,
            _("原始记录"): lambda use: use.record,
            _("客户"): lambda use: use.customer,
            _("证书"): lambda use: use.certificate,
            _("证书已发出"): lambda use: _("是") if use.touched else _("否"),
        },
        narrowed_by={_("设备"): str(question.equipment), _("追溯期间"): period_of(question)},
        back=reverse("equipment:impact", args=[slug, question.ref]),
    )  # fmt: skip
