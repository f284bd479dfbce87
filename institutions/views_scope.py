"""Pages about what an institution is qualified for and can measure: lists, steps of a row, the choice between lines."""

from collections.abc import Callable
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal import searching
from portal.actors import actor_of
from portal.paging import page_of
from portal.permissions import Permission
from portal.routes import door
from portal.transitions import Refused
from portal.typed import DayField, TextField

from .models import Qualification, ScopeItem, Site
from .scope import choosing, standing
from .words import DUE, day_text, qualification_state, scope_state

MOST_CHOICES = 6


@door("GET", limit="search")
def qualifications(request: HttpRequest, slug: str) -> HttpResponse:
    """Licences, accreditations and authorisations, each with what its state and its dates say today."""
    actor, day = actor_of(request), timezone.localdate()
    rows = Qualification.objects.visible_to(actor)
    filters = [
        _text(request, _("证书编号、发证机关")),
        _choice(request, "kind", _("种类"), Qualification.Kind.choices),
        _choice(request, "state", _("状态"), [*VALIDITY, ("pending", _("待确认")), ("stopped", _("已暂停或撤销"))]),
    ]
    rows = holding(rows, filters[0]["value"], ("number", "issuer"))
    if filters[1]["value"]:
        rows = rows.filter(kind=filters[1]["value"])
    rows = _in_state(rows, filters[2]["value"], day, stopped=("suspended", "revoked"))
    page = page_of(rows, "kind", "number", "pk", request=request)
    cells = [
        [
            {"text": row.number, "url": _row_url(slug, "qualifications", row), "note": row.get_kind_display()},
            row.issuer, day_text(row.valid_from) if row.valid_from else "", day_text(row.valid_until),
            _files(row), qualification_state(row, day),
        ]
        for row in page.rows
    ]  # fmt: skip
    titles = (_("资质"), _("发证机关"), _("有效期自"), _("有效期至"), _("证书和附表"), _("状态"))
    context = _list(request, page, filters, titles, cells) | {
        "title": _("资质"), "hint": _("签发证书时按检定、校准当天的资质判断"),
        "new_url": reverse("portal:register_new", args=[slug, "qualifications"]) if actor.may(Permission.SCOPE_KEEP) else "",
        "new_title": _("登记资质"),
    }  # fmt: skip
    return render(request, "institutions/scope.html", context)


def _files(row: Qualification) -> str:
    papers = [_("证书")] if row.file_id else []
    return "、".join(papers + ([_("附表")] if row.annex_id else [])) or "—"


@door("GET", limit="search")
def scope_items(request: HttpRequest, slug: str) -> HttpResponse:
    """What the institution can measure, where, by which method and how well."""
    actor, day = actor_of(request), timezone.localdate()
    rows = ScopeItem.objects.visible_to(actor).select_related("method", "site", "qualification")
    fields = rows.order_by("field").values_list("field", flat=True).distinct()[:60]
    sites = Site.objects.visible_to(actor).order_by("name", "pk")[:60]
    filters = [
        _text(request, _("仪器、被测量、方法")),
        _choice(request, "field", _("专业领域"), [(field, field) for field in fields]),
        _choice(request, "site", _("场所"), [(site.ref, site.name) for site in sites]),
        _choice(request, "state", _("状态"), [*VALIDITY, ("stopped", _("已暂停"))]),
    ]
    rows = holding(rows, filters[0]["value"], ("instrument", "measurand", "method__code", "line_number"))
    for name, column in (("field", "field"), ("site", "site__ref"), ("paper", "qualification__ref")):
        if value := request.GET.get(name, "").replace("\x00", "")[:60]:
            rows = rows.filter(**{column: value})
    rows = _in_state(rows, filters[3]["value"], day, stopped=("suspended",))
    page = page_of(rows, "instrument", "measurand", "pk", request=request)
    cells = [
        [
            {"text": row.instrument, "note": row.measurand, "url": _row_url(slug, "scope", row)},
            row.range_text, row.cmc.text, row.method.code, row.site.name, row.qualification.number,
            scope_state(row, day),
        ]
        for row in page.rows
    ]  # fmt: skip
    titles = (_("测量仪器"), _("测量范围"), _("CMC（k = 2）"), _("方法"), _("场所"), _("依据资质"), _("状态"))
    keeps = actor.may(Permission.SCOPE_KEEP)
    context = _list(request, page, filters, titles, cells) | {
        "title": _("能力范围"), "hint": _("超出范围或优于 CMC 的结果不能签发"),
        "new_url": reverse("portal:register_new", args=[slug, "scope"]) if keeps else "", "new_title": _("登记一条"),
        "import_url": reverse("portal:register_import", args=[slug, "scope"]) if keeps else "",
        "public_url": reverse("capability:page", args=[slug]),
    }  # fmt: skip
    return render(request, "institutions/scope.html", context)


# --- steps of a row


class StepForm(forms.Form):
    """Since when, and on what ground."""

    on = DayField(label=gettext_lazy("从哪一天起"))
    reason = TextField(
        label=gettext_lazy("原因和依据"), max_length=300, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("例如：认可机构〔2026〕12 号暂停通知"),
    )  # fmt: skip


class ReasonOnly(StepForm):
    on = None


class Confirmation(forms.Form):
    """Nothing to type: the papers speak."""


@door("GET", "POST", right=Permission.SCOPE_KEEP, ref="institutions.Qualification.ref")
def qualification_step(request: HttpRequest, slug: str, ref: str, step: str) -> HttpResponse:
    """A qualification is confirmed, suspended, taken up again or revoked."""
    row = get_object_or_404(Qualification.objects.visible_to(actor_of(request)), ref=ref)
    verb, title, hint, form = {
        "confirm": (standing.confirm, _("确认资质有效"), _("证书和附表都已上传、与原件核对一致后确认。"), Confirmation),
        "suspend": (
            standing.suspend,
            _("暂停资质"),
            _("从这一天起，它名下的能力范围都不能出证书；恢复后自动可用。"),
            StepForm,
        ),
        "resume": (standing.resume, _("恢复资质"), _("从这一天起重新有效；中间停用的日子仍然算无效。"), StepForm),
        "revoke": (
            standing.revoke,
            _("撤销或注销资质"),
            _("从这一天起不再有效，不能恢复；以前做的仍然有效。"),
            StepForm,
        ),
    }[step]
    return _step(request, row, verb, form, title=title, hint=hint, back=_row_url(slug, "qualifications", row))


@door("GET", "POST", right=Permission.SCOPE_KEEP, ref="institutions.ScopeItem.ref")
def scope_step(request: HttpRequest, slug: str, ref: str, step: str) -> HttpResponse:
    """A line of scope is taken out of use, or into use again."""
    rows = ScopeItem.objects.visible_to(actor_of(request)).select_related("qualification", "site")
    row = get_object_or_404(rows, ref=ref)
    verb, title, hint, form = {
        "suspend": (standing.suspend_line, _("暂停这条能力"), _("从这一天起的检校不能按它出证书。"), StepForm),
        "resume": (standing.resume_line, _("恢复这条能力"), _("恢复后可以按它检校和出证书。"), ReasonOnly),
    }[step]
    return _step(request, row, verb, form, title=title, hint=hint, back=_row_url(slug, "scope", row))


def _step(
    request: HttpRequest,
    row: Any,
    verb: Callable[..., Any],
    made: type[forms.Form],
    *,
    title: str,
    hint: str,
    back: str,
) -> HttpResponse:
    form, refusals = made(request.POST if request.method == "POST" else None), ()
    if request.method == "POST" and form.is_valid():
        facts = [form.cleaned_data[name] for name in form.fields]
        try:
            verb(row, *facts, actor=actor_of(request), at=timezone.now())
        except Refused as refused:
            refusals = refused.refusals
        else:
            messages.success(request, _("已完成：%(title)s（%(row)s）。") % {"title": title, "row": row})
            return redirect(back)
    context = {"form": form, "row": row, "title": title, "hint": hint, "back": back, "refusals": refusals}
    status = 409 if refusals else 422 if form.errors else 200
    return render(request, "institutions/scope_step.html", context, status=status)


# --- where two lines cover a point


class ChoiceForm(forms.Form):
    """Which line counts, and why."""

    line = forms.ChoiceField(
        label=gettext_lazy("采用哪一条"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("请选择一条。")},
    )
    reason = TextField(
        label=gettext_lazy("理由"), max_length=200, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("例如：用 0.02 级标准器，按认可附表第 12 项"),
    )  # fmt: skip

    def __init__(self, *args: Any, lines: list[ScopeItem], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["line"].choices = [
            (line.ref, f"{line.range_text}，CMC {line.cmc.text}，{line.qualification.number}") for line in lines
        ]


@door("GET", "POST", right=Permission.SCOPE_KEEP)
def scope_choose(request: HttpRequest, slug: str) -> HttpResponse:
    """Of lines that cover the same points with different CMC, one counts from now on."""
    actor = actor_of(request)
    refs = [ref for ref in request.GET.get("lines", "").replace("\x00", "").split(",") if ref][:MOST_CHOICES]
    rows = ScopeItem.objects.visible_to(actor).filter(ref__in=refs).exclude(state=ScopeItem.State.WITHDRAWN)
    lines = list(rows.select_related("qualification", "site", "method").order_by("pk"))
    if len(lines) < 2:
        messages.error(request, _("要选的能力范围已经不在了。请看看现有的能力范围。"))
        return redirect("institutions:scope", slug)
    form, refusals = ChoiceForm(request.POST if request.method == "POST" else None, lines=lines), ()
    if request.method == "POST" and form.is_valid():
        line = next(line for line in lines if line.ref == form.cleaned_data["line"])
        try:
            choosing.choose(line, lines, form.cleaned_data["reason"], actor=actor, at=timezone.now())
        except Refused as refused:
            refusals = refused.refusals
        else:
            messages.success(request, _("已选定：以后这些点按 %(line)s 判断。") % {"line": line.range_text})
            return redirect(_row_url(slug, "scope", line))
    context = {
        "form": form, "row": lines[0], "title": _("选定采用的能力范围"), "refusals": refusals,
        "hint": _("这几条都盖住同一些检校点，CMC 不同。选定一次，以后都按它判断；随时可以改选。"),
        "back": reverse("institutions:scope", args=[slug]),
    }  # fmt: skip
    return render(
        request, "institutions/scope_step.html", context, status=409 if refusals else 422 if form.errors else 200
    )


# --- parts of the lists

VALIDITY = [
    ("valid", gettext_lazy("有效")), ("due", gettext_lazy("60 天内到期")), ("expired", gettext_lazy("已失效")),
]  # fmt: skip


def _row_url(slug: str, register: str, row: Any) -> str:
    return reverse("portal:register_row", args=[slug, register, row.ref])


def _text(request: HttpRequest, label: str) -> dict[str, Any]:
    text = request.GET.get("q", "").replace("\x00", "").strip()[:80]
    return {"kind": "search", "name": "q", "label": label, "value": text}


def _choice(request: HttpRequest, name: str, label: str, choices: list[tuple[str, Any]]) -> dict[str, Any]:
    value = request.GET.get(name, "")
    known = {key for key, _title in choices}
    return {
        "kind": "select", "name": name, "label": label, "choices": choices, "value": value if value in known else "",
    }  # fmt: skip


def holding(rows: QuerySet, text: str, names: tuple[str, ...]) -> QuerySet:
    return rows.filter(searching.holding(rows.model, [text], names)) if text else rows


def _in_state(rows: QuerySet, state: str, day: date, *, stopped: tuple[str, ...]) -> QuerySet:
    """The rows in a state of the filter; without one all that are not withdrawn."""
    rows = rows.exclude(state="withdrawn")
    if state == "expired":
        return rows.filter(valid_until__lt=day)
    if state == "pending":
        return rows.filter(state="pending")
    if state == "stopped":
        return rows.filter(state__in=stopped)
    if state in ("valid", "due"):
        rows = rows.valid_on(day)
    return rows.filter(valid_until__lte=day + DUE) if state == "due" else rows


def _list(
    request: HttpRequest, page: Any, filters: list[dict[str, Any]], titles: tuple[str, ...], cells: list[list[Any]]
) -> dict[str, Any]:
    narrow = any(one["value"] for one in filters) or "paper" in request.GET
    return {
        "table": {
            "caption": titles[0],
            "filters": filters,
            "columns": [{"title": title} for title in titles],
            "rows": cells,
            "count": _("本页 %(count)d 行") % {"count": len(cells)} if cells else "",
            "clear_url": request.path if narrow else "",
            "empty": {
                "title": _("没有符合条件的记录") if narrow else _("还没有登记"),
                "text": _("换一个条件再试。") if narrow else _("登记以后，才能出具证书。"),
            },
            **page.links(request),
        }
    }
