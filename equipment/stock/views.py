"""Pages of 盘点: all checks, opening one, its lines, counting with a phone, closing it over a signature, its export."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from institutions import second_factor
from portal import documents, exports, history
from portal.actors import actor_of
from portal.forms import ReasonForm
from portal.paging import page_of
from portal.permissions import Permission
from portal.routes import door
from portal.transitions import Refused

from ..models import StockCheck, StockLine
from . import counting, verbs
from .forms import CountForm, OpenForm
from .shown import columns, figures_row, line_row, state_of

Outcome = StockLine.Outcome
LATEST = 12


def _check(request: HttpRequest, ref: str) -> StockCheck:
    rows = StockCheck.objects.visible_to(actor_of(request))
    related = ("institution", "site", "room__site", "opened_by", "closed_by", "report")
    return get_object_or_404(rows.select_related(*related), ref=ref)


def _lines(request: HttpRequest, check: StockCheck) -> QuerySet[StockLine]:
    rows = counting.lines_of(check).visible_to(actor_of(request))
    return rows.select_related("equipment__site", "equipment__room", "equipment__institution", "found_by")


@door("GET")
def stock_list(request: HttpRequest, slug: str) -> HttpResponse:
    rows = StockCheck.objects.visible_to(actor_of(request)).select_related("site", "room__site", "opened_by")
    page = page_of(rows, "-pk", request=request)
    figures = counting.figures_of(page.rows)
    may_open = actor_of(request).may(Permission.EQUIPMENT_MANAGE)
    table = {
        "caption": _("盘点"),
        "columns": [
            {"title": _("名称")}, {"title": _("范围")}, {"title": _("已盘到")}, {"title": _("未盘到"), "numeric": True},
            {"title": _("不应在此"), "numeric": True}, {"title": _("开始")}, {"title": _("状态")},
        ],
        "rows": [
            [
                {"text": check.title, "url": reverse("equipment:stock_check", args=[slug, check.ref])},
                check.scope,
                *figures_row(figures[check.pk]),
                {
                    "text": f"{timezone.localtime(check.opened_at):%Y-%m-%d}",
                    "note": check.opened_by.name if check.opened_by else "",
                },
                state_of(check),
            ]
            for check in page.rows
        ],
        "empty": {
            "title": _("还没有盘点过"),
            "text": _("开始一次盘点，系统列出应在的设备；大家用手机扫器具码，结束时生成签名的报告。"),
            "url": reverse("equipment:stock_new", args=[slug]) if may_open else "",
            "label": _("开始盘点"),
        },
        **page.links(request),
    }  # fmt: skip
    return render(request, "equipment/stock_list.html", {"table": table, "may_open": may_open})


@door("GET", "POST", right=Permission.EQUIPMENT_MANAGE)
def stock_new(request: HttpRequest, slug: str) -> HttpResponse:
    actor = actor_of(request)
    if request.method == "GET":
        return render(request, "equipment/stock_new.html", {"form": OpenForm(actor=actor)})
    form = OpenForm(request.POST, actor=actor)
    if not form.is_valid():
        return render(request, "equipment/stock_new.html", {"form": form}, status=422)
    try:
        check = verbs.open_check(form.cleaned_data, actor=actor, at=timezone.now())
    except Refused as refused:
        return render(request, "equipment/stock_new.html", {"form": form, "refusals": refused.refusals}, status=409)
    messages.success(request, _("盘点已开始。把这一页的地址发给同事，大家可以同时盘。"))
    return redirect("equipment:stock_check", slug, check.ref)


# --- counting


@door("GET", "POST", right=Permission.EQUIPMENT_COUNT, ref="equipment.StockCheck.ref")
def stock_count(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """The page for the phone. A script that asks for JSON gets what came of the scan, and the figures, alone."""
    check, counted, refusals = _check(request, ref), None, ()
    as_json = request.headers.get("Accept", "").startswith("application/json")
    if request.method == "POST":
        form = CountForm(request.POST)
        text = form.cleaned_data["text"].replace("\x00", "") if form.is_valid() else ""
        try:
            counted = verbs.count(
                check, text, keep=form.cleaned_data.get("keep", False), actor=actor_of(request), at=timezone.now()
            )
        except Refused as refused:
            refusals = refused.refusals
    if as_json:
        return JsonResponse(_told(request, check, counted, refusals), status=409 if refusals else 200)
    if check.state == StockCheck.State.CLOSED and not refusals:
        return redirect("equipment:stock_check", slug, ref)
    latest = _lines(request, check).exclude(found_at=None).order_by("-found_at", "-pk")[:LATEST]
    context = {
        "check": check, "scope": check.scope, "figures": counting.figures(check), "counted": counted,
        "refusals": refusals, "text": request.POST.get("text", "")[:300], "latest": latest,
    }  # fmt: skip
    return render(request, "equipment/stock_count.html", context, status=409 if refusals else 200)


def _told(request: HttpRequest, check: StockCheck, counted: verbs.Counted | None, refusals: Any) -> dict[str, Any]:
    figures = counting.figures(check)
    said = {"found": figures.found, "missing": figures.missing, "unexpected": figures.unexpected}
    if refusals:
        return {"tone": "bad", "title": _("没有记下"), "text": refusals[0].text, "figures": said}
    if counted is None:
        return {"figures": said}
    return {
        "tone": counted.tone, "title": counted.title, "text": counted.text, "figures": said,
        "can_be_kept": counted.can_be_kept, "kept": counted.kept,
        "line_url": _back_url(request, check, counted.line) if counted.line else "",
    }  # fmt: skip


def _back_url(request: HttpRequest, check: StockCheck, line: StockLine) -> str:
    """The page on which a counted line is taken back."""
    return reverse("equipment:stock_uncount", args=[request.institution.slug, check.ref, line.ref])


@door("GET", "POST", right=Permission.EQUIPMENT_COUNT, ref="equipment.StockCheck.ref", line="equipment.StockLine.ref")
def stock_uncount(request: HttpRequest, slug: str, ref: str, line: str) -> HttpResponse:
    """A line that was counted by mistake is taken back; then whoever did it counts on."""
    check, refusals, status = _check(request, ref), (), 200
    found = get_object_or_404(_lines(request, check).select_related("check_of"), ref=line)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                verbs.take_back(found, form.cleaned_data["reason"], actor=actor_of(request), at=timezone.now())
            except Refused as refused:
                refusals, status = refused.refusals, 409
            else:
                name = found.equipment.asset_number if found.equipment else found.scanned
                messages.success(request, _("已撤回：%(name)s。") % {"name": name})
                return redirect("equipment:stock_count", slug, ref)
    context = {
        "check": check, "line": found, "form": form, "refusals": refusals,
        "open": verbs.UNCOUNT.is_open(check, actor_of(request)) and found.found_at is not None,
    }  # fmt: skip
    return render(request, "equipment/stock_uncount.html", context, status=status)


# --- one check


@door("GET", ref="equipment.StockCheck.ref")
def stock_check(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    return _page(request, _check(request, ref))


def _page(
    request: HttpRequest, check: StockCheck, *, refusals: Any = (), unproven: str = "", status: int = 200
) -> HttpResponse:
    actor, slug, figures = actor_of(request), request.institution.slug, counting.figures(check)
    outcome = request.GET.get("outcome", Outcome.MISSING)
    outcome = outcome if outcome in Outcome.values else Outcome.MISSING
    page = page_of(_lines(request, check).filter(outcome=outcome), "pk", request=request)
    may_undo = outcome != Outcome.MISSING and verbs.UNCOUNT.is_open(check, actor)
    url = reverse("equipment:stock_check", args=[slug, check.ref])
    context = {
        "check": check,
        "scope": check.scope,
        "figures": figures,
        "refusals": refusals,
        "may_count": verbs.COUNT.is_open(check, actor),
        "count_url": reverse("equipment:stock_count", args=[slug, check.ref]),
        "export": exports.offer(request, reverse("equipment:stock_export", args=[slug, check.ref])),
        "tabs": [
            {
                "title": one.label, "url": f"{url}?outcome={one.value}", "count": getattr(figures, one.value),
                "current": one == outcome,
            }
            for one in Outcome
        ],
        "table": {
            "caption": Outcome(outcome).label,
            "dense": True,
            "columns": columns(may_undo),
            "rows": [line_row(line, _back_url(request, check, line) if may_undo else "") for line in page.rows],
            "empty": _nothing(outcome),
            **page.links(request),
        },
        "history": history.timeline(check)[:20],
    }  # fmt: skip
    if verbs.CLOSE.is_open(check, actor):
        context["close"] = _closing(request, check, figures, unproven)
    return render(request, "equipment/stock_check.html", context, status=status)


def _nothing(outcome: str) -> dict[str, str]:
    texts = {
        Outcome.MISSING: (_("都盘到了"), _("没有缺的。核对不应在此的，再结束盘点。")),
        Outcome.FOUND: (_("还没有盘到"), _("用手机打开盘点页，扫设备上的器具码，或键入管理编号。")),
        Outcome.UNEXPECTED: (_("没有不应在此的"), _("扫到范围以外的设备或不认识的码，会列在这里。")),
    }
    title, text = texts[Outcome(outcome)]
    return {"title": title, "text": text}


def _closing(request: HttpRequest, check: StockCheck, figures: counting.Figures, unproven: str) -> dict[str, Any]:
    """What is signed: the figures, with the hash of all lines behind them, and the proof of the person."""
    digest, actor = counting.digest(check), actor_of(request)
    return {
        "id": "close",
        "title": _("您将要确认的盘点结果"),
        "url": reverse("equipment:stock_close", args=[request.institution.slug, check.ref]),
        "facts": [
            {"label": _("盘点"), "value": f"{check.title} · {check.scope}"},
            {"label": _("已盘到"), "value": f"{figures.found} / {figures.expected}", "tone": "ok"},
            {"label": _("未盘到"), "value": str(figures.missing), "tone": "bad" if figures.missing else "ok"},
            {"label": _("不应在此"), "value": str(figures.unexpected), "tone": "due" if figures.unexpected else "ok"},
            {"label": _("负责人"), "value": f"{actor.name} · {actor.role_titles}"},
        ],
        "hash": digest,
        "hidden": {"confirmed_sha256": digest},
        "fields": second_factor.proof_form(request, name="close", error=unproven),
        "statement": _("我核对过未盘到和不应在此的设备，确认结束盘点。结束后不能再盘，报告以我的名义签署。"),
        "ticked": bool(unproven),
        "submit": _("结束盘点并签署"),
        "opener": _("结束盘点…"),
        "icon": "signature",
    }  # fmt: skip


@sensitive_post_parameters()
@door("POST", right=Permission.EQUIPMENT_MANAGE, limit="step_up", ref="equipment.StockCheck.ref")
def stock_close(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    check, seen = _check(request, ref), request.POST.get("confirmed_sha256", "")[:64]
    if request.POST.get("confirmed") != "yes":
        messages.error(request, _("请先勾选确认，再结束盘点。"))
        return redirect("equipment:stock_check", slug, ref)
    try:
        second_factor.prove(request, verbs.CLOSE.name_for(check), check, seen)
    except Refused as refused:
        return _page(request, check, unproven=refused.refusals[0].text, status=401)
    try:
        verbs.close(check, seen, actor=actor_of(request), at=timezone.now())
    except Refused as refused:
        return _page(request, _check(request, ref), refusals=refused.refusals, status=409)
    messages.success(request, _("盘点已结束，报告正在生成。"))
    return redirect("equipment:stock_check", slug, ref)


@door("GET", limit="pdf", ref="equipment.StockCheck.ref")
def stock_report(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """The signed report, once it is written; until then the page of the check."""
    check = _check(request, ref)
    if check.report is None:
        messages.info(request, _("报告还在生成，请稍等几秒再打开。"))
        return redirect("equipment:stock_check", slug, ref)
    return documents.download(request, check.report, actor=actor_of(request))


@door("POST", right=Permission.EXPORT, limit="export", ref="equipment.StockCheck.ref")
def stock_export(request: HttpRequest, slug: str, ref: str) -> HttpResponseBase:
    """All lines of the check with what came of each."""
    check = _check(request, ref)
    titled = {
        _("管理编号"): lambda line: line.equipment.asset_number if line.equipment else "",
        _("名称"): lambda line: line.equipment.name if line.equipment else "",
        _("型号规格"): lambda line: line.equipment.model if line.equipment else "",
        _("出厂编号"): lambda line: line.equipment.serial_number if line.equipment else "",
        _("场所"): lambda line: line.equipment.site.name if line.equipment else "",
        _("房间"): lambda line: line.equipment.room.name if line.equipment and line.equipment.room else "",
        _("扫到的内容"): lambda line: line.scanned,
        _("结果"): lambda line: line.get_outcome_display(),
        _("盘到时间"): lambda line: line.found_at,
        _("盘点人"): lambda line: line.found_by.name if line.found_by else "",
    }
    return exports.send(
        request, "stockcheck.export", name=_("盘点 %(title)s") % {"title": check.title},
        rows=_lines(request, check).order_by("outcome", "pk"), columns=titled, narrowed_by={_("盘点"): check.title},
        back=reverse("equipment:stock_check", args=[slug, ref]),
    )  # fmt: skip
