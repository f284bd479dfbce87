"""Pages of certificates: queue and ledger, one certificate with its gates, its files, and the data sheets' list."""

from django.contrib import messages
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from institutions import exporting, second_factor
from portal import audit, documents, errors
from portal.actors import actor_of
from portal.paging import page_of
from portal.permissions import Permission
from portal.routes import door
from portal.transitions import Refused, Transition

from . import content, presentation, workflow
from .certificate_page import STEPS, Step, rendering_state, show
from .export_views import QUEUES, chosen
from .forms import ReasonForm, VoidForm
from .models import Certificate

State = Certificate.State


@door("GET", limit="search")
def certificate_list(request: HttpRequest, slug: str) -> HttpResponse:
    actor = actor_of(request)
    everything = Certificate.objects.visible_to(actor)
    queue, text, rows = chosen(request)
    page = page_of(rows, "-pk", request=request)
    table = {
        "caption": _("证书"),
        "columns": [
            {"title": _("证书编号"), "day": True},
            {"title": _("种类")},
            {"title": _("器具")},
            {"title": _("客户")},
            {"title": _("检校日期"), "day": True},
            {"title": _("检校 / 核验 / 批准")},
            {"title": _("状态")},
        ],
        "rows": [
            [
                {"text": row.number or row.record.number,
                 "url": reverse("certificates:certificate", args=[slug, row.ref]),
                 "note": "" if row.number else _("编号签发时分配")},
                row.get_kind_display(),
                {"text": f"{row.record.item.name} {row.record.item.model}", "note": row.record.item.serial_number},
                row.record.item.customer.name,
                f"{row.record.performed_on:%Y-%m-%d}",
                " / ".join(person.name if person else "—" for person in (row.operator, row.checker, row.approver)),
                {"text": row.get_state_display(), "badge": presentation.CERTIFICATE_TONES[row.state]},
            ]
            for row in page.rows
        ],
        "filters": [{"name": "q", "label": _("证书号、记录号、器具、出厂编号"), "value": text, "kind": "search"}],
        "clear_url": request.path if text or queue else "",
        "count": _("共 %(count)d 份，新的在前") % {"count": rows.count()},
        **page.links(request),
        "empty": {
            "title": _("没有符合条件的证书"),
            "text": _("提交原始记录以后，证书会自动出现在“待核验”。"),
            "url": reverse("certificates:records", args=[slug]),
            "label": _("看原始记录"),
        },
    }  # fmt: skip
    tabs = [{"title": _("全部"), "url": request.path, "current": queue not in QUEUES}] + [
        {
            "title": title, "url": f"?queue={key}", "current": queue == key,
            "count": everything.filter(state__in=states).count(),
        }
        for key, (title, states) in QUEUES.items()
    ]  # fmt: skip
    export = exporting.offer(request, reverse("certificates:export", args=[slug]))
    return render(request, "certificates/list.html", {"table": table, "tabs": tabs, "export": export})


def _certificate(request: HttpRequest, ref: str) -> Certificate:
    return get_object_or_404(Certificate.objects.visible_to(actor_of(request)).for_work(), ref=ref)


@door("GET", ref="certificates.Certificate.ref")
def certificate_detail(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    return show(request, _certificate(request, ref))


@door("GET", ref="certificates.Certificate.ref")
def certificate_progress(request: HttpRequest, slug: str, ref: str) -> JsonResponse:
    certificate = get_object_or_404(Certificate.objects.visible_to(actor_of(request)), ref=ref)
    if not certificate.is_public:
        return JsonResponse({"total": 1, "result_url": "", "result_label": "", **rendering_state(certificate)})
    return JsonResponse(
        {
            "state": "done", "done": 1, "total": 1, "text": _("PDF 已生成并存档。"),
            "result_url": reverse("certificates:certificate", args=[slug, ref]), "result_label": _("查看证书"),
        }
    )  # fmt: skip


def _confirmed(request: HttpRequest, step: Step) -> bool:
    return not step.statement or request.POST.get("confirmed") == "yes"


def _proven(request: HttpRequest, certificate: Certificate, *transitions: Transition) -> None:
    """The person has proven who it is, for these verbs on the content that its page showed. Raises: Refused."""
    seen = request.POST.get("confirmed_sha256", "")[:64]
    second_factor.prove_all(request, [(verb.name_for(certificate), certificate, seen) for verb in transitions])


def _act_on(
    request: HttpRequest, ref: str, verb, done: str, *proven_for: Transition, typed: Form | None = None
) -> HttpResponse:
    """One verb on one certificate, after a proof of the person where it signs; refusals are shown on its page.

    Where the proof is not taken, nothing else is tried, and what was typed stays.
    """
    certificate = _certificate(request, ref)
    if proven_for:
        try:
            _proven(request, certificate, *proven_for)
        except Refused as refused:
            return show(request, certificate, unproven=refused.refusals[0].text, typed=typed, status=401)
    try:
        verb(certificate)
    except Refused as refused:
        return show(request, _certificate(request, ref), refusals=refused.refusals, status=409)
    messages.success(request, done)
    return redirect(certificate)


@door("POST", right=Permission.CERTIFICATE_CHECK, ref="certificates.Certificate.ref")
def certificate_check(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    if not _confirmed(request, STEPS[State.DRAFT]):
        return _unconfirmed(request, ref)
    actor, at = actor_of(request), timezone.now()
    return _act_on(request, ref, lambda row: workflow.check(row, actor=actor, at=at), _("核验通过，等待批准。"))


@sensitive_post_parameters()
@door("POST", right=Permission.CERTIFICATE_APPROVE, limit="step_up", ref="certificates.Certificate.ref")
def certificate_approve(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """Approve exactly what was shown, and issue it at once when this person may: one code, a proof for each of the two."""
    if not _confirmed(request, STEPS[State.CHECKED]):
        return _unconfirmed(request, ref)
    actor = actor_of(request)
    seen = request.POST.get("confirmed_sha256", "")

    may_issue = actor.may(Permission.CERTIFICATE_ISSUE)

    def approve_and_issue(row):
        row = workflow.approve(row, confirmed_sha256=seen, actor=actor, at=timezone.now())
        if may_issue:
            workflow.issue(row, actor=actor, at=timezone.now())

    acts = (workflow.APPROVE, workflow.ISSUE) if may_issue else (workflow.APPROVE,)
    return _act_on(request, ref, approve_and_issue, _("已批准并签发，PDF 正在生成。"), *acts)


@sensitive_post_parameters()
@door("POST", right=Permission.CERTIFICATE_ISSUE, limit="step_up", ref="certificates.Certificate.ref")
def certificate_issue(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    if not _confirmed(request, STEPS[State.APPROVED]):
        return _unconfirmed(request, ref)
    actor, at = actor_of(request), timezone.now()
    verb, done = lambda row: workflow.issue(row, actor=actor, at=at), _("已签发，PDF 正在生成。")
    return _act_on(request, ref, verb, done, workflow.ISSUE)


@door("POST", right=Permission.RECORD_WRITE, ref="certificates.Certificate.ref")
def certificate_resubmit(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    actor, at = actor_of(request), timezone.now()
    return _act_on(request, ref, lambda row: workflow.resubmit(row, actor=actor, at=at), _("已再次提交，等待核验。"))


@door("POST", ref="certificates.Certificate.ref")
def certificate_send_back(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    return _with_reason(request, ref, workflow.send_back, _("已退回，理由已告知检定/校准员。"))


@door("POST", right=Permission.RECORD_WRITE, ref="certificates.Certificate.ref")
def certificate_abandon(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    return _with_reason(request, ref, workflow.abandon, _("已放弃。样品可以重新记录。"))


@sensitive_post_parameters()
@door("POST", right=Permission.CERTIFICATE_VOID, limit="step_up", ref="certificates.Certificate.ref")
def certificate_void(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """The certificate is void, with a reason that everybody can read, by a person who has proven who it is."""
    form = VoidForm(request.POST, auto_id="void-%s")
    if request.POST.get("confirmed") != "yes":
        form.add_error(None, _("请先勾选确认，再作废。"))
    if not form.is_valid():
        return show(request, _certificate(request, ref), typed=form, status=400)
    reason, actor, at = form.cleaned_data["reason"], actor_of(request), timezone.now()
    return _act_on(
        request, ref, lambda row: workflow.void(row, reason=reason, actor=actor, at=at), _("证书已作废，扫码页面已更新。"),
        workflow.VOID, typed=form,
    )  # fmt: skip


def _with_reason(request, ref, verb, done) -> HttpResponse:
    form = ReasonForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    actor, at = actor_of(request), timezone.now()
    return _act_on(request, ref, lambda row: verb(row, reason=reason, actor=actor, at=at), done)


def _unconfirmed(request, ref) -> HttpResponse:
    messages.error(request, _("请先勾选确认，再继续。"))
    return redirect(_certificate(request, ref))


@door("GET", limit="pdf", ref="certificates.Certificate.ref")
def certificate_preview(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """What would be issued, as a PDF that says it is not."""
    from . import rendering  # WeasyPrint is heavy; only this page of the web process needs it

    certificate = _certificate(request, ref)
    body = certificate.body or content.body(certificate, approver=actor_of(request).name)
    response = HttpResponse(rendering.preview(body), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="preview-{certificate.record.number}.pdf"'
    return response


@door("GET", limit="pdf", ref="certificates.Certificate.ref")
def certificate_pdf(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """The bytes as issued; who took them is in the audit trail."""
    certificate = _certificate(request, ref)
    if not certificate.is_public:
        raise Http404
    name = f"{certificate.number}{'-VOID' if certificate.state == State.VOID else ''}.pdf"
    try:
        response = documents.attachment(
            certificate.pdf_stored_as, sha256=certificate.pdf_sha256, name=name, content_type="application/pdf"
        )
    except documents.Altered:
        audit.record(actor_of(request), "certificate.download", certificate, succeeded=False)
        return errors.page(request, 409, "409_altered.html")
    audit.record(actor_of(request), "certificate.download", certificate)
    return response
