"""Pages of traceability certificates: record one, by hand or from a DCC; look at one; confirm it."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import documents, history, inspection
from portal.actors import actor_of
from portal.documents import Feature
from portal.models import Document
from portal.permissions import Permission
from portal.routes import door
from portal.transitions import Refusal, Refused

from .. import dcc
from ..listing import equipment_of
from ..models import Equipment, Traceability
from . import corrections, shown, workflow
from .forms import ConfirmForm, TraceForm, first_confirmation, first_facts
from .points import PointsGrid

DCC_FILES = Feature((".xml",), 5 * 1024 * 1024, 20)


@door("GET", "POST", right=Permission.EQUIPMENT_MANAGE, limit="upload", ref="equipment.Equipment.ref")
def equipment_trace(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """One more certificate, confirmed at once or later. `dcc`: the ref of a document that fills the form."""
    actor, at = actor_of(request), timezone.now()
    equipment = equipment_of(request, ref)
    document = _dcc_document(request)
    if document is not None and document.state != Document.State.ACCEPTED:
        return _waiting_page(request, equipment, document)
    try:
        certificate = _dcc_of(document, equipment) if document else None
    except dcc.NotADcc as error:
        refusal = Refusal("dcc", str(error), link=request.path, link_text=_("照证书键入"))
        return _page(request, equipment, *_blank(request, equipment), status=409, refusals=(refusal,))
    if request.method == "GET":
        return _page(request, equipment, *_blank(request, equipment, certificate), document=document)
    form = TraceForm(request.POST, request.FILES, equipment=equipment, actor=actor, dcc=certificate)
    grid = PointsGrid(request.POST, unit=equipment.unit)
    confirm = _confirm_form(request, request.POST)
    forms_hold = [form.is_valid(), grid.is_valid(), confirm is None or confirm.is_valid()]
    if not all(forms_hold):
        return _page(request, equipment, form, grid, confirm, document=document, status=422)
    more = {"points": grid.points, "dcc": document, "actor": actor, "at": at}
    file = form.cleaned_data["file"]
    try:
        if confirm is None or confirm.is_left_out:
            trace = workflow.trace(equipment, form.facts(), file, **more)
        else:
            trace = workflow.trace_and_confirm(equipment, form.facts(), confirm.facts(), file, **more)
    except Refused as refused:
        return _page(request, equipment, form, grid, confirm, document=document, status=409, refusals=refused.refusals)
    told = {"number": trace.certificate_number, "until": trace.valid_until}
    messages.success(request, _("已登记 %(number)s，有效期至 %(until)s。") % told)
    return redirect(trace.get_absolute_url() + "?recorded=1")


def _blank(
    request: HttpRequest, equipment: Equipment, certificate: dcc.Dcc | None = None
) -> tuple[TraceForm, PointsGrid, ConfirmForm | None]:
    """The forms as they start, filled by a DCC where there is one."""
    actor, at = actor_of(request), timezone.now()
    initial = first_facts(equipment, certificate)
    points = [vars(point) for point in certificate.points] if certificate else ()
    form = TraceForm(initial=initial, equipment=equipment, actor=actor, dcc=certificate)
    confirm = _confirm_form(request, None, initial=first_confirmation(None, actor, at))
    return form, PointsGrid(initial=points, unit=equipment.unit), confirm


def _confirm_form(request: HttpRequest, data: Any, **kwargs: Any) -> ConfirmForm | None:
    """The form of the confirmation that may go along, for who may confirm."""
    actor = actor_of(request)
    if not actor.may(Permission.EQUIPMENT_CONFIRM):
        return None
    return ConfirmForm(data, actor=actor, at=timezone.now(), later=True, **kwargs)


def _page(
    request: HttpRequest, equipment: Equipment, form: TraceForm, grid: PointsGrid, confirm: ConfirmForm | None, *,
    document: Document | None = None, status: int = 200, refusals: tuple[Refusal, ...] = (),
) -> HttpResponse:  # fmt: skip
    context = {
        "equipment": equipment,
        "form": form,
        "grid": grid,
        "confirm": confirm,
        "document": document,
        "dcc": form.dcc,
        "refusals": refusals,
        "last": equipment.latest_traceability,
        "accept": ",".join(documents.EVIDENCE.suffixes),
        "largest": documents.EVIDENCE.largest,
        "dcc_url": reverse("equipment:dcc", args=[request.institution.slug, equipment.ref]),
        "dcc_largest": DCC_FILES.largest,
    }
    return render(request, "equipment/trace.html", context, status=status)


# --- a DCC


@door("POST", right=Permission.EQUIPMENT_MANAGE, limit="upload", ref="equipment.Equipment.ref")
def dcc_upload(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """The file is on its way to be looked into; then it fills the form of a new certificate."""
    equipment, file = equipment_of(request, ref), request.FILES.get("dcc_file")
    if file is None:
        refusals = (Refusal("upload", _("请选择 DCC 文件（.xml），再点“读入”。")),)
        return _page(request, equipment, *_blank(request, equipment), status=422, refusals=refusals)
    try:
        document = documents.upload(file, actor=actor_of(request), at=timezone.now(), feature=DCC_FILES)
    except Refused as refused:
        return _page(request, equipment, *_blank(request, equipment), status=422, refusals=refused.refusals)
    return redirect(reverse("equipment:trace", args=[slug, ref]) + f"?dcc={document.ref}")


@door("GET", right=Permission.EQUIPMENT_MANAGE, ref="equipment.Equipment.ref", document="portal.Document.ref")
def dcc_progress(request: HttpRequest, slug: str, ref: str, document: str) -> HttpResponse:
    """How far the inspection of a DCC is."""
    equipment = equipment_of(request, ref)
    found = get_object_or_404(Document.objects.visible_to(actor_of(request)), ref=document)
    return JsonResponse(_inspection_of(request, equipment, found))


def _inspection_of(request: HttpRequest, equipment: Equipment, document: Document) -> dict[str, Any]:
    if document.state == Document.State.QUARANTINED:
        return {"state": "running", "done": 0, "total": 1, "text": _("正在检查文件，通常只要几秒。")}
    url = reverse("equipment:trace", args=[request.institution.slug, equipment.ref])
    if document.state == Document.State.REFUSED:
        return {"state": "failed", "done": 1, "total": 1, "text": document.refused_because, "result_url": url,
                "result_label": _("换一个文件")}  # fmt: skip
    return {"state": "done", "done": 1, "total": 1, "text": _("检查通过。"), "result_url": f"{url}?dcc={document.ref}",
            "result_label": _("继续登记")}  # fmt: skip


def _waiting_page(request: HttpRequest, equipment: Equipment, document: Document) -> HttpResponse:
    url = reverse("equipment:dcc_progress", args=[request.institution.slug, equipment.ref, document.ref])
    job = _inspection_of(request, equipment, document) | {"title": document.name, "url": url}
    status = 200 if request.method == "GET" else 409
    return render(request, "equipment/dcc_waiting.html", {"equipment": equipment, "job": job}, status=status)


def _dcc_document(request: HttpRequest) -> Document | None:
    """The document that the form is filled from, or None. Raises: Http404 for one that is none of theirs, or no XML."""
    ref = request.POST.get("dcc", "") if request.method == "POST" else request.GET.get("dcc", "")
    if not ref:
        return None
    rows = Document.objects.visible_to(actor_of(request)).filter(content_type=inspection.XML)
    return get_object_or_404(rows, ref=ref.replace("\x00", "")[:40])


def _dcc_of(document: Document, equipment: Equipment) -> dcc.Dcc:
    """What an accepted document says. Raises: NotADcc."""
    try:
        content = documents.whole(document.stored_as, document.sha256)
    except documents.Altered as error:
        raise dcc.NotADcc(_("存储的文件与收下时的 SHA-256 不一致，没有读入。请重新上传。")) from error
    return dcc.read(content, unit=equipment.unit)


# --- one certificate


def _trace_of(request: HttpRequest, ref: str) -> Traceability:
    rows = Traceability.objects.visible_to(actor_of(request)).select_related(
        "institution", "equipment__institution", "own_standard__institution", "file", "dcc"
    )
    return get_object_or_404(rows.prefetch_related("confirmations__confirmed_by"), ref=ref)


@door("GET", ref="equipment.Traceability.ref")
def traceability(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """What the certificate says, point by point, and what was concluded from it."""
    return _trace_page(request, _trace_of(request, ref))


@door("POST", right=Permission.EQUIPMENT_CONFIRM, ref="equipment.Traceability.ref")
def trace_confirm(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """The certificate was held against what the use requires."""
    actor, at, trace = actor_of(request), timezone.now(), _trace_of(request, ref)
    form = ConfirmForm(request.POST, actor=actor, at=at)
    if not form.is_valid():
        return _trace_page(request, trace, form, status=422)
    try:
        row = workflow.confirm(trace, form.facts(), actor=actor, at=at)
    except Refused as refused:
        return _trace_page(request, trace, form, status=409, refusals=refused.refusals)
    messages.success(request, _("已计量确认：%(said)s。") % {"said": row.get_conclusion_display()})
    return redirect(trace)


def _trace_page(
    request: HttpRequest, trace: Traceability, form: ConfirmForm | None = None, *, status: int = 200,
    refusals: tuple[Refusal, ...] = (),
) -> HttpResponse:  # fmt: skip
    actor, at = actor_of(request), timezone.now()
    if form is None and actor.may(Permission.EQUIPMENT_CONFIRM):
        form = ConfirmForm(actor=actor, at=at, initial=first_confirmation(trace, actor, at))
    edition = shown.edition_of(trace)
    context = {
        "trace": trace,
        "equipment": trace.equipment,
        "form": form,
        "refusals": refusals,
        "recorded": "recorded" in request.GET,
        "edition": edition,
        "correctable": edition is None and actor.may(Permission.EQUIPMENT_MANAGE) and bool(corrections.values_of(trace)),
        "history": history.timeline(trace, *trace.confirmations.all()),
        **shown.certificate(trace, timezone.localdate(at)),
    }  # fmt: skip
    return render(request, "equipment/traceability.html", context, status=status)
