"""Pages of equipment, measurement standards and their documents."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib import messages
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal import documents, history, searching
from portal.actors import actor_of
from portal.forms import ReasonForm
from portal.paging import counted, page_of
from portal.permissions import Permission
from portal.routes import door
from portal.transitions import Refusal, Refused, Transition

from . import due, workflow
from .forms import DayForm, RegisterFilter, RegisterForm, StandardFilter, TraceForm, first_values
from .models import Equipment, MeasurementStandard, StandardPart, Traceability

# --- the register


@door("GET", limit="search")
def equipment_list(request: HttpRequest, slug: str) -> HttpResponse:
    actor, today = actor_of(request), timezone.localdate()
    everything = Equipment.objects.visible_to(actor)
    form = RegisterFilter(request.GET)
    form.is_valid()
    rows = _matching(everything, form.cleaned_data, today, ("asset_number", "name", "serial_number", "model"))
    page = page_of(rows.select_related("site").defer("words"), "due_on", "pk", request=request)
    summary = _register_summary(everything, today)
    new_url = reverse("equipment:new", args=[slug]) if actor.may(Permission.EQUIPMENT_MANAGE) else ""
    context = {
        "summary": summary,
        "new_url": new_url,
        "tabs": _register_tabs(request, summary),
        "problems": form.errors,
        "table": {
            "caption": _("设备台账"),
            "dense": True,
            "filters": _filters(form),
            "clear_url": request.path if any(form.cleaned_data.values()) else "",
            "columns": [
                {"title": _("管理编号"), "day": True},
                {"title": _("名称")},
                {"title": _("测量范围")},
                {"title": _("准确度")},
                {"title": _("用途")},
                {"title": _("存放场所")},
                {"title": _("状态")},
                {"title": _("溯源有效期"), "sort": "ascending"},
            ],
            "rows": [_register_row(request, equipment, today) for equipment in page.rows],
            "count": _("共 %(count)s 台，按溯源有效期先后") % {"count": counted(rows)},
            "empty": _nothing(request, summary, new_url),
            **page.links(request),
        },
    }
    return render(request, "equipment/list.html", context, status=400 if form.errors else 200)


def _matching(rows: QuerySet, wanted: dict[str, str], today: date, searched: tuple[str, ...]) -> QuerySet:
    """The rows a filter form asks for; what it could not read is not asked for."""
    if text := wanted.get("q"):
        rows = rows.filter(searching.holding(rows.model, [text], searched))
    for name in ("state", "role"):
        if wanted.get(name):
            rows = rows.filter(**{name: wanted[name]})
    return rows.due(today, wanted["due"]) if wanted.get("due") else rows


def _filters(form) -> list[dict[str, Any]]:
    """A filter form as the data table draws it."""
    return [
        {
            "name": bound.name,
            "label": bound.label,
            "value": bound.value() or "",
            "kind": "select" if hasattr(bound.field, "choices") else "search",
            "choices": [choice for choice in getattr(bound.field, "choices", ()) if choice[0]],
        }
        for bound in form
    ]


def _register_summary(everything: QuerySet, today: date) -> dict[str, str]:
    """How many rows each saved view holds, in words. One query for each."""
    in_use = everything.filter(state=Equipment.State.IN_USE)
    return {
        "all": counted(everything),
        "soon": counted(in_use.due(today, "soon")),
        "expired": counted(in_use.due(today, "expired")),
        "quarantined": counted(everything.filter(state=Equipment.State.QUARANTINED)),
        "sites": str(everything.order_by().values("site").distinct().count()),
    }


def _register_tabs(request: HttpRequest, summary: dict[str, str]) -> list[dict[str, Any]]:
    """The views that everybody needs, as ready-made filters."""
    views = (
        (_("全部"), "", "all"),
        (_("60 天内到期与失效"), "?state=in_use&due=soon", "soon"),
        (_("已失效"), "?state=in_use&due=expired", "expired"),
        (_("停用隔离"), "?state=quarantined", "quarantined"),
    )
    asked = {name: value for name, value in request.GET.items() if value and name not in ("after", "before")}
    return [
        {
            "title": title,
            "url": request.path + query,
            "count": summary[name],
            "current": QueryDict(query.lstrip("?")).dict() == asked,
        }
        for title, query, name in views
    ]


def _nothing(request: HttpRequest, summary: dict[str, str], new_url: str) -> dict[str, str]:
    """What an empty register says: how to see more, or what the first step is."""
    if summary["all"] != "0":
        return {
            "title": _("没有符合条件的设备"),
            "text": _("换一个条件，或清除筛选看全部设备。"),
            "url": request.path,
            "label": _("看全部"),
        }
    return {
        "title": _("台账里还没有设备"),
        "text": _("先登记计量标准器、配套设备和环境监测设备，再登记它们的溯源证书。"),
        "url": new_url,
        "label": _("登记设备"),
    }


def _register_row(request: HttpRequest, equipment: Equipment, today: date) -> list[Any]:
    clock = due.clock(equipment.traced_from, equipment.traced_until, today)
    in_use = equipment.state == Equipment.State.IN_USE
    tone = clock.tone if in_use else "off"
    return [
        {
            "text": equipment.asset_number,
            "url": reverse("equipment:detail", args=[request.institution.slug, equipment.ref]),
        },
        {"text": equipment.name, "note": f"{equipment.model} · {equipment.serial_number}"},
        equipment.range_text,
        equipment.accuracy,
        equipment.get_role_display(),
        equipment.site.name,
        {"badge": clock.tone, "text": clock.word}
        if in_use
        else {"badge": equipment.state, "text": equipment.get_state_display()},
        {"clock": {"day": clock.day, "remaining": clock.remaining, "tone": tone, "share": clock.share}},
    ]


@door("GET", "POST", right=Permission.EQUIPMENT_MANAGE)
def equipment_new(request: HttpRequest, slug: str) -> HttpResponse:
    actor = actor_of(request)
    if request.method == "GET":
        return _new_page(request, RegisterForm(actor=actor))
    form = RegisterForm(request.POST, actor=actor)
    if not form.is_valid():
        return _new_page(request, form, status=422)
    try:
        equipment = workflow.register(form.cleaned_data, actor=actor, at=timezone.now())
    except Refused as refused:
        return _new_page(request, form, status=409, refusals=refused.refusals)
    messages.success(request, _("已登记 %(name)s。登记溯源证书并验证后，再投入使用。") % {"name": equipment})
    return redirect(equipment)


def _new_page(
    request: HttpRequest, form: RegisterForm, *, status: int = 200, refusals: tuple[Refusal, ...] = ()
) -> HttpResponse:
    return render(request, "equipment/new.html", {"form": form, "refusals": refusals}, status=status)


# --- one piece of equipment


@dataclass(frozen=True)
class Act:
    """A verb of the detail page: how its button and its dialog are worded."""

    transition: Transition
    verb: Callable[..., Equipment]
    opener: Promise
    statement: Promise
    label: Promise
    hint: Promise
    done: Promise
    danger: bool = False


ACTS = {
    "quarantine": Act(
        workflow.QUARANTINE, workflow.quarantine,
        opener=gettext_lazy("停用隔离…"),
        statement=gettext_lazy("我已隔离或标明这台设备；它从现在起不再出现在任何可选列表里"),
        label=gettext_lazy("停用原因"),
        hint=gettext_lazy("过载、误操作、读数可疑、损坏或超出限值，请写明发现的情况"),
        done=gettext_lazy("已停用隔离。请查明它对以往结果的影响。"),
        danger=True,
    ),
    "return_to_use": Act(
        workflow.RETURN_TO_USE, workflow.return_to_use,
        opener=gettext_lazy("投入使用…"),
        statement=gettext_lazy("我已验证这台设备符合使用要求"),
        label=gettext_lazy("验证情况"),
        hint=gettext_lazy("怎样验证的、结果如何，例如：与 YB-0108 比对 5 点，最大差 0.0004 MPa"),
        done=gettext_lazy("已投入使用。"),
    ),
    "take_out_of_use": Act(
        workflow.TAKE_OUT_OF_USE, workflow.take_out_of_use,
        opener=gettext_lazy("封存…"),
        statement=gettext_lazy("我确认暂不使用这台设备，并已贴封存标识"),
        label=gettext_lazy("封存原因"),
        hint=gettext_lazy("例如：暂无任务，停止送检"),
        done=gettext_lazy("已封存。"),
    ),
}  # fmt: skip


@door("GET", ref="equipment.Equipment.ref")
def equipment_detail(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    return _detail_page(request, _equipment(request, ref))


@door("POST", right=Permission.EQUIPMENT_MANAGE, ref="equipment.Equipment.ref")
def equipment_quarantine(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    return _perform(request, ref, "quarantine")


@door("POST", right=Permission.EQUIPMENT_MANAGE, ref="equipment.Equipment.ref")
def equipment_return_to_use(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    return _perform(request, ref, "return_to_use")


@door("POST", right=Permission.EQUIPMENT_MANAGE, ref="equipment.Equipment.ref")
def equipment_take_out_of_use(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    return _perform(request, ref, "take_out_of_use")


def _equipment(request: HttpRequest, ref: str) -> Equipment:
    actor = actor_of(request)
    traceabilities = Traceability.objects.visible_to(actor).select_related("file", "confirmed_by")
    newest_first = traceabilities.order_by("-calibrated_on", "-pk")
    return get_object_or_404(
        Equipment.objects.visible_to(actor)
        .select_related("site", "institution")
        .prefetch_related(Prefetch("traceabilities", newest_first)),
        ref=ref,
    )


def _perform(request: HttpRequest, ref: str, name: str) -> HttpResponse:
    """The act is done, or the page says why not and still holds what was typed."""
    act, equipment = ACTS[name], _equipment(request, ref)
    form = ReasonForm(request.POST, auto_id=f"{name}-%s")
    if not form.is_valid():
        return _detail_page(request, equipment, status=422, form=form, acting=name)
    try:
        act.verb(equipment, form.cleaned_data["reason"], actor=actor_of(request), at=timezone.now())
    except Refused as refused:
        return _detail_page(request, equipment, status=409, form=form, acting=name, refusals=refused.refusals)
    messages.success(request, f"{equipment.asset_number} {act.done}")
    return redirect(equipment)


def _detail_page(
    request: HttpRequest, equipment: Equipment, *, status: int = 200, form: ReasonForm | None = None,
    acting: str = "", refusals: tuple[Refusal, ...] = (),
) -> HttpResponse:  # fmt: skip
    actor, at = actor_of(request), timezone.now()
    today = timezone.localdate(at)
    traces = list(equipment.traceabilities.all())
    standards = [
        part.standard
        for part in StandardPart.objects.visible_to(actor).filter(equipment=equipment).select_related("standard")
    ]
    waiting = ()
    if workflow.RETURN_TO_USE.is_open(equipment, actor):
        waiting = workflow.RETURN_TO_USE.refusals(equipment, actor=actor, at=at)
    latest = equipment.latest_traceability
    clock = due.clock(latest and latest.calibrated_on, latest and latest.valid_until, today)
    context = {
        "equipment": equipment,
        "clock": clock,
        "facts": _facts(equipment),
        "standards": standards,
        "traces": [(trace, _clock_of(trace, today), trace == equipment.traced_on(today)) for trace in traces],
        "acts": [
            _dialog(request, equipment, name, form=form if name == acting else None, waiting=waiting)
            for name, act in ACTS.items()
            if act.transition.is_open(equipment, actor)
        ],
        "may_trace": actor.may(Permission.EQUIPMENT_MANAGE) and equipment.state != Equipment.State.SCRAPPED,
        "refusals": refusals,
        "waiting": () if refusals else waiting,
        "history": history.timeline(equipment, *traces),
    }
    return render(request, "equipment/detail.html", context, status=status)


def _facts(equipment: Equipment) -> list[dict[str, Any]]:
    return [
        {"label": _("型号规格"), "value": equipment.model},
        {"label": _("出厂编号"), "value": equipment.serial_number},
        {"label": _("制造单位"), "value": equipment.manufacturer},
        {"label": _("用途"), "value": equipment.get_role_display()},
        {"label": _("测量范围"), "value": equipment.range_text},
        {"label": _("准确度"), "value": equipment.accuracy},
        {"label": _("单位"), "value": equipment.unit},
        {"label": _("存放场所"), "value": equipment.site.name},
    ]


def _clock_of(trace: Traceability, day: date) -> due.Clock:
    return due.clock(trace.calibrated_on, trace.valid_until, day)


def _dialog(
    request: HttpRequest, equipment: Equipment, name: str, *, form: ReasonForm | None, waiting: Any
) -> dict[str, Any]:
    """An act as the component `sign_dialog` takes it."""
    act = ACTS[name]
    if form is None:
        form = ReasonForm(auto_id=f"{name}-%s")
    form.fields["reason"].label, form.fields["reason"].help_text = act.label, act.hint
    blocked = name == "return_to_use" and waiting
    return {
        "id": name,
        "title": str(act.opener).rstrip("…"),
        "url": reverse(f"equipment:{name}", args=[request.institution.slug, equipment.ref]),
        "facts": [
            {"label": _("设备"), "value": str(equipment)},
            {"label": _("现在的状态"), "value": equipment.get_state_display()},
        ],
        "fields": form,
        "statement": act.statement,
        "submit": str(act.opener).rstrip("…"),
        "opener": act.opener,
        "danger": act.danger,
        "blocked": _("先解决“投入使用还差”里的 %(count)d 项") % {"count": len(waiting)} if blocked else "",
    }


@door("GET", "POST", right=Permission.EQUIPMENT_MANAGE, limit="upload", ref="equipment.Equipment.ref")
def equipment_trace(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    actor, at = actor_of(request), timezone.now()
    equipment = _equipment(request, ref)
    scope = {"equipment": equipment, "actor": actor, "day": timezone.localdate(at)}
    if request.method == "GET":
        form = TraceForm(initial=first_values(equipment, actor, at), **scope)
        return _trace_page(request, equipment, form)
    form = TraceForm(request.POST, request.FILES, **scope)
    if not form.is_valid():
        return _trace_page(request, equipment, form, status=422)
    try:
        trace = workflow.trace(equipment, form.facts(), form.cleaned_data["file"], actor=actor, at=at)
    except Refused as refused:
        return _trace_page(request, equipment, form, status=409, refusals=refused.refusals)
    messages.success(
        request,
        _("已登记 %(number)s，有效期至 %(until)s。") % {"number": trace.certificate_number, "until": trace.valid_until},
    )
    return redirect(equipment)


def _trace_page(
    request: HttpRequest, equipment: Equipment, form: TraceForm, *, status: int = 200,
    refusals: tuple[Refusal, ...] = (),
) -> HttpResponse:  # fmt: skip
    context = {
        "equipment": equipment,
        "form": form,
        "refusals": refusals,
        "last": equipment.latest_traceability,
        "accept": ",".join(documents.EVIDENCE.suffixes),
        "largest": documents.EVIDENCE.largest,
    }
    return render(request, "equipment/trace.html", context, status=status)


# --- measurement standards


@door("GET", limit="search")
def standard_list(request: HttpRequest, slug: str) -> HttpResponse:
    actor, today = actor_of(request), timezone.localdate()
    form = StandardFilter(request.GET)
    form.is_valid()
    everything = MeasurementStandard.objects.visible_to(actor)
    rows = _matching(everything, form.cleaned_data, today, ("code", "name", "assessment_certificate"))
    page = page_of(rows.select_related("site", "responsible"), "assessed_until", "pk", request=request)
    context = {
        "total": everything.count(),
        "problems": form.errors,
        "table": {
            "caption": _("计量标准"),
            "filters": _filters(form),
            "clear_url": request.path if any(form.cleaned_data.values()) else "",
            "columns": [
                {"title": _("编号"), "day": True},
                {"title": _("计量标准名称")},
                {"title": _("测量范围")},
                {"title": _("不确定度或准确度等级")},
                {"title": _("存放场所")},
                {"title": _("负责人")},
                {"title": _("状态")},
                {"title": _("考核证书有效期"), "sort": "ascending"},
            ],
            "rows": [_standard_row(request, standard, today) for standard in page.rows],
            "count": _("共 %(count)d 项，按考核证书有效期先后") % {"count": rows.count()},
            "empty": {
                "title": _("没有符合条件的计量标准"),
                "text": _("换一个条件，或清除筛选看全部计量标准。"),
                "url": request.path,
                "label": _("看全部"),
            },
            **page.links(request),
        },
    }
    return render(request, "equipment/standards.html", context, status=400 if form.errors else 200)


def _standard_row(request: HttpRequest, standard: MeasurementStandard, today: date) -> list[Any]:
    clock = due.clock(standard.assessed_on, standard.assessed_until, today)
    in_use = standard.state == MeasurementStandard.State.IN_USE
    tone = clock.tone if in_use else "off"
    return [
        {
            "text": standard.code,
            "url": reverse("equipment:standard", args=[request.institution.slug, standard.ref]),
        },
        {"text": standard.name, "note": standard.get_kind_display()},
        standard.range_text,
        standard.accuracy,
        standard.site.name,
        standard.responsible.name,
        {"badge": clock.tone, "text": clock.word}
        if in_use
        else {"badge": standard.state, "text": standard.get_state_display()},
        {"clock": {"day": clock.day, "remaining": clock.remaining, "tone": tone, "share": clock.share}},
    ]


@door("GET", ref="equipment.MeasurementStandard.ref")
def standard_detail(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    actor, today = actor_of(request), timezone.localdate()
    standard = get_object_or_404(
        MeasurementStandard.objects.visible_to(actor).select_related("site", "responsible", "institution").with_parts(),
        ref=ref,
    )
    form = DayForm(request.GET)
    form.is_valid()
    day = form.cleaned_data.get("on") or today
    parts = [_part(request, part.equipment, day) for part in standard.parts.all()]
    assessed = standard.assessed_for(day)
    context = {
        "standard": standard,
        "day": day,
        "is_today": day == today,
        "asked": request.GET.get("on", ""),
        "problems": form.errors,
        "clock": due.clock(standard.assessed_on, standard.assessed_until, day),
        "assessed": assessed,
        "parts": parts,
        "untraced": [part for part in parts if part["trace"] is None],
        "facts": _standard_facts(standard),
        "history": history.timeline(standard),
    }
    return render(request, "equipment/standard.html", context, status=400 if form.errors else 200)


def _part(request: HttpRequest, equipment: Equipment, day: date) -> dict[str, Any]:
    """A part of a standard with the traceability that covered the day, or the newest one when none did."""
    trace = equipment.traced_on(day)
    shown = trace or equipment.latest_traceability
    return {
        "equipment": equipment,
        "url": reverse("equipment:detail", args=[request.institution.slug, equipment.ref]),
        "trace": trace,
        "shown": shown,
        "clock": due.clock(shown and shown.calibrated_on, shown and shown.valid_until, day),
    }


def _standard_facts(standard: MeasurementStandard) -> list[dict[str, Any]]:
    return [
        {"label": _("种类"), "value": standard.get_kind_display()},
        {"label": _("测量范围"), "value": standard.range_text},
        {"label": _("不确定度或准确度等级"), "value": standard.accuracy},
        {"label": _("存放场所"), "value": standard.site.name},
        {"label": _("考核证书号"), "value": standard.assessment_certificate},
        {"label": _("主持考核机关"), "value": standard.assessed_by},
        {"label": _("发证日期"), "value": str(standard.assessed_on)},
        {"label": _("计量标准负责人"), "value": standard.responsible.name},
    ]
