"""Pages of status labels: what was printed, choosing what to print, the sheet of a printing, one label."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import audit, history, ticking
from portal.actors import actor_of
from portal.forms import ReasonForm
from portal.models import Document
from portal.paging import SIZE, page_of
from portal.permissions import Permission
from portal.routes import door
from portal.transitions import Refusal, Refused

from ..codes import verbs as codes
from ..listing import narrowed
from ..models import Equipment, Label
from . import drawing, facts, printing
from .forms import PrintForm, SheetForm
from .shown import TONES, label_columns, label_row, tabs

MOST_SKIPPED = 40  # refs that an address carries along


def _labels(request: HttpRequest) -> QuerySet[Label]:
    rows = Label.objects.visible_to(actor_of(request))
    return rows.select_related("equipment__institution", "reprint_of", "traceability", "printed_by")


@door("GET")
def label_list(request: HttpRequest, slug: str) -> HttpResponse:
    """All labels of the institution, the newest first."""
    rows, known = _labels(request), dict(Label.Word.choices)
    if (word := request.GET.get("word", "")) in known:
        rows = rows.filter(word=word)
    page = page_of(rows, "-pk", request=request)
    table = {
        "caption": _("状态标识"),
        "dense": True,
        "filters": [
            {"kind": "select", "name": "word", "label": _("标识"), "choices": list(known.items()), "value": word}
        ],
        "clear_url": request.path if word in known else "",
        "columns": label_columns(),
        "rows": [label_row(slug, label) for label in page.rows],
        "count": _("共 %(count)d 枚，新的在前") % {"count": rows.count()},
        "empty": {
            "title": _("还没有打印过状态标识"),
            "text": _("标识上的字样、日期和有效期取自设备的实时状态和溯源证书，不用自己填。"),
            "url": _print_url(request),
            "label": _("选设备打印"),
        },
        **page.links(request),
    }
    context = {"table": table, "tabs": tabs(slug, "labels"), "may_print": _may(request)}
    return render(request, "equipment/labels.html", context)


def _may(request: HttpRequest) -> bool:
    return actor_of(request).may(Permission.EQUIPMENT_MANAGE)


def _print_url(request: HttpRequest) -> str:
    return reverse("equipment:label_new", args=[request.institution.slug]) if _may(request) else ""


# --- choosing what to print


@door("GET", "POST", right=Permission.EQUIPMENT_MANAGE, limit="pdf")
def label_new(request: HttpRequest, slug: str) -> HttpResponse:
    """Equipment by the filters of the register; labels or codes for those that are ticked, or for all of them."""
    everything = Equipment.objects.visible_to(actor_of(request)).exclude(state=Equipment.State.SCRAPPED)
    rows, filters = narrowed(request, everything, timezone.localdate())
    if request.method == "GET":
        return _new_page(request, rows, filters, PrintForm())
    form = PrintForm(request.POST)
    if not form.is_valid():
        return _new_page(request, rows, filters, form, status=422)
    try:
        return _printed(request, form, _chosen(request, rows))
    except Refused as refused:
        return _new_page(request, rows, filters, form, refusals=refused.refusals, status=409)


def _chosen(request: HttpRequest, rows: QuerySet[Equipment]) -> list[Equipment]:
    """The ticked rows of a page, or all that the filters leave; one more than can be printed is enough to be refused."""
    if request.POST.get("which") != "all":
        rows = Equipment.objects.visible_to(actor_of(request)).filter(ref__in=request.POST.getlist("ref")[:SIZE])
    return list(rows.select_related("institution").order_by("asset_number", "pk")[: printing.MOST + 1])


def _printed(request: HttpRequest, form: PrintForm, rows: list[Equipment]) -> HttpResponse:
    """The labels are on record; the way to their sheet. Raises: Refused when not one of them could be printed."""
    actor, at = actor_of(request), timezone.now()
    query = QueryDict(mutable=True)
    query.update({name: form.cleaned_data[name] for name in ("sheet", "start")})
    if form.cleaned_data["what"] == PrintForm.CODE:
        made, refused = codes.make_for(rows, actor=actor, at=at)
        name, count = "equipment:code_sheet", len(made)
        if request.POST.get("which") == "all":  # too many for an address: the filters name them again
            query.update({key: value for key, value in request.GET.items() if key not in ("after", "before")})
        else:
            query.setlist("ref", [row.ref for row in rows])
    else:
        printed = printing.print_labels(rows, actor=actor, at=at)
        refused, count, name = printed.refused, len(printed.labels), "equipment:label_sheet"
        if printed.labels:
            query["first"], query["last"] = printed.labels[0].serial, printed.labels[-1].serial
        query.update({key: "1" for key in ("issuer", "signed") if form.cleaned_data[key]})
    if not count:
        raise Refused(*[refusal for _row, against in refused for refusal in against][:20])
    query.setlist("skipped", [row.ref for row, _against in refused][:MOST_SKIPPED])
    messages.success(request, _("已生成 %(count)d 枚。") % {"count": count})
    return redirect(f"{reverse(name, args=[request.institution.slug])}?{query.urlencode()}")


def _new_page(
    request: HttpRequest, rows: QuerySet[Equipment], filters: list[dict[str, Any]], form: PrintForm, *,
    refusals: tuple[Refusal, ...] = (), status: int = 200,
) -> HttpResponse:  # fmt: skip
    page = page_of(rows.select_related("site", "institution"), "asset_number", "pk", request=request)
    words = {label.equipment_id: label for label in facts.drafts(page.rows, timezone.localdate())}
    ticked = set(request.POST.getlist("ref") if request.method == "POST" else ticking.ticked(request))
    context = {
        "form": form,
        "refusals": refusals,
        "filters": filters,
        "clear_url": request.path if any(one["value"] for one in filters) else "",
        "rows": [
            {
                "equipment": row, "word": words[row.pk].get_word_display(), "tone": TONES[words[row.pk].word],
                "label": words[row.pk], "ticked": row.ref in ticked,
            }
            for row in page.rows
        ],
        "count": rows.count(),
        "most": printing.MOST,
        "links": page.links(request),
    }  # fmt: skip
    return render(request, "equipment/label_new.html", context, status=status)


# --- the sheet of a printing


@door("GET")
def label_sheet(request: HttpRequest, slug: str) -> HttpResponse:
    """What a printing has made, what it left out and why, and its PDF."""
    form, labels = _sheet(request)
    if not labels:
        return _nothing_named(request)
    skipped = Equipment.objects.visible_to(actor_of(request)).filter(
        ref__in=request.GET.getlist("skipped")[:MOST_SKIPPED]
    )
    actor, at = actor_of(request), timezone.now()
    drafts = facts.drafts(skipped.select_related("institution"), timezone.localdate(at))
    context = {
        "title": _("状态标识"),
        "count": len(labels),
        "ordered": len(labels) > drawing.AT_ONCE,
        "first": labels[0].serial,
        "last": labels[-1].serial,
        "paper": form.paper,
        "pdf_url": f"{reverse('equipment:label_pdf', args=[slug])}?{request.GET.urlencode()}",
        "back_url": reverse("equipment:labels", args=[slug]),
        "refusals": [refusal for one in drafts for refusal in printing.PRINT.refusals(one, actor=actor, at=at)],
        "table": {
            "caption": _("这次打印的标识"),
            "dense": True,
            "columns": label_columns(),
            "rows": [label_row(slug, label) for label in labels[:50]],
            "count": _("共 %(count)d 枚") % {"count": len(labels)} + (_("，列出前 50 枚") if len(labels) > 50 else ""),
        },
    }
    return render(request, "equipment/label_sheet.html", context)


@door("GET", "POST", right=Permission.EQUIPMENT_MANAGE, limit="pdf")
def label_pdf(request: HttpRequest, slug: str) -> HttpResponse:
    """The sheet as a PDF; who took it is in the audit trail. Labels that are void, or not true any more, are left out."""
    form, labels = _sheet(request)
    if not labels:
        return _nothing_named(request)
    standing = facts.still_true(labels, timezone.localdate())
    if not standing:
        messages.error(request, _("这些标识都已作废，或与现在的状态不一致，没有可以打印的。请重新选设备打印。"))
        return redirect(_print_url(request))
    name = request.institution.name
    issuer, signed = form.cleaned_data["issuer"], form.cleaned_data["signed"]
    faces = [facts.face(label, name, with_issuer=issuer, signed=signed) for label in standing]
    audit.record(
        actor_of(request), "label.download", standing[0],
        changes={"labels": ["", _("%(count)d 枚") % {"count": len(standing)}]},
    )  # fmt: skip
    return sheet_answer(faces, form, f"{standing[0].serial}.pdf", _print_url(request), request)


def sheet_answer(
    faces: list[dict[str, Any]], form: SheetForm, name: str, back: str, request: HttpRequest
) -> HttpResponse:
    """The labels as a PDF, of many the page where it is waited for, or a way back with the reason why not."""
    from portal.paper import MissingGlyph

    from . import sheets

    paper, start = form.paper, form.cleaned_data["start"]
    try:
        if len(faces) > drawing.AT_ONCE and request.method == "GET":
            messages.info(request, _("这次的标签较多，请点“生成 PDF”，在后台生成。"))
            return redirect(f"{request.path.removesuffix('.pdf')}/?{request.GET.urlencode()}")
        if len(faces) > drawing.AT_ONCE:
            document = drawing.order(faces, paper.name, start, name, actor=actor_of(request), at=timezone.now())
            return redirect("equipment:sheet_waiting", request.institution.slug, document.ref)
        file = sheets.pdf(faces, paper, start=start)
    except MissingGlyph as missing:
        text = _("“%(letter)s”印不出来，没有生成 PDF。请把设备资料里的这个字改成别的写法。")
        messages.error(request, text % {"letter": missing.character})
        return redirect(back)
    response = HttpResponse(file, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{name}"'
    return response


@door("GET", right=Permission.EQUIPMENT_MANAGE, ref="portal.Document.ref")
def sheet_waiting(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """How far the PDF of many labels is, and the way to it."""
    document = get_object_or_404(_sheets(request), ref=ref)
    url = reverse("equipment:sheet_progress", args=[slug, ref])
    job = _job(document, slug) | {"title": document.name, "url": url}
    return render(request, "equipment/sheet_waiting.html", {"job": job})


@door("GET", right=Permission.EQUIPMENT_MANAGE, ref="portal.Document.ref")
def sheet_progress(request: HttpRequest, slug: str, ref: str) -> JsonResponse:
    return JsonResponse(_job(get_object_or_404(_sheets(request), ref=ref), slug))


def _sheets(request: HttpRequest) -> QuerySet[Document]:
    return Document.objects.visible_to(actor_of(request))


def _job(document: Document, slug: str) -> dict[str, Any]:
    return drawing.progress_of(document, reverse("portal:document", args=[slug, document.ref]))


def _sheet(request: HttpRequest) -> tuple[SheetForm, list[Label]]:
    """The paper and the labels that the address names, in the order of their numbers; none when it names none."""
    form = SheetForm(request.GET)
    first, last = request.GET.get("first", "")[:30], request.GET.get("last", "")[:30]
    series = first.rpartition("-")[0]
    if not form.is_valid() or not series or "\x00" in first + last or last.rpartition("-")[0] != series:
        return form, []
    labels = _labels(request).filter(serial__startswith=f"{series}-", serial__gte=first, serial__lte=last)
    return form, list(labels.order_by("serial")[: printing.MOST])


def _nothing_named(request: HttpRequest) -> HttpResponse:
    messages.error(request, _("地址里没有要打印的标识。请从下面的列表或设备台账选择，再打印。"))
    return redirect("equipment:labels", request.institution.slug)


# --- one label


@door("GET", ref="equipment.Label.ref")
def label_detail(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    return _label_page(request, get_object_or_404(_labels(request), ref=ref))


@door("POST", right=Permission.EQUIPMENT_MANAGE, ref="equipment.Label.ref")
def label_void(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    label, form = get_object_or_404(_labels(request), ref=ref), ReasonForm(request.POST, auto_id="void-%s")
    if not form.is_valid():
        return _label_page(request, label, form=form, status=422)
    try:
        printing.void(label, form.cleaned_data["reason"], actor=actor_of(request), at=timezone.now())
    except Refused as refused:
        return _label_page(request, label, form=form, refusals=refused.refusals, status=409)
    messages.success(request, _("标识 %(serial)s 已作废，请从设备上撕下。") % {"serial": label.serial})
    return redirect("equipment:label", slug, ref)


def _label_page(
    request: HttpRequest, label: Label, *, form: ReasonForm | None = None, refusals: tuple[Refusal, ...] = (),
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    slug, name = request.institution.slug, request.institution.name
    sheet = QueryDict(mutable=True)
    sheet.update({"first": label.serial, "last": label.serial, "sheet": "roll-40x30", "start": "1"})
    context = {
        "label": label,
        "tone": TONES[label.word],
        "face": facts.face(label, name),
        "refusals": refusals,
        "print_url": f"{_print_url(request)}?q={label.equipment.asset_number}" if _may(request) else "",
        "pdf_url": f"{reverse('equipment:label_pdf', args=[slug])}?{sheet.urlencode()}" if _may(request) else "",
        "history": history.timeline(label),
    }
    if printing.VOID.is_open(label, actor_of(request)):
        context["void"] = {
            "id": "void",
            "title": _("作废标识"),
            "url": reverse("equipment:label_void", args=[slug, label.ref]),
            "facts": [{"label": _("标识"), "value": f"{label.serial} {label.get_word_display()}"}],
            "fields": form or ReasonForm(auto_id="void-%s"),
            "statement": _("我确认这枚标识不再使用，已经或将要从设备上撕下"),
            "submit": _("作废标识"),
            "opener": _("作废标识…"),
            "icon": "ban",
            "danger": True,
        }
    return render(request, "equipment/label.html", context, status=status)
