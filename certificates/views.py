"""Pages of certificates: queue and ledger, one certificate with its gates, its files, and the data sheets' list."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import audit, codes, documents, history
from portal.actors import actor_of
from portal.models import OutboxEntry
from portal.paging import page_of
from portal.permissions import Permission
from portal.routes import door
from portal.transitions import Refused, Transition

from . import content, gates, presentation, workflow
from .forms import ReasonForm
from .models import Certificate
from .record_views import asked

State = Certificate.State
QUEUES = {
    "check": (_("待核验"), [State.DRAFT]),
    "approve": (_("待批准"), [State.CHECKED, State.APPROVED]),
    "returned": (_("已退回"), [State.RETURNED]),
    "issued": (_("已签发"), [State.ISSUED]),
    "void": (_("已作废"), [State.VOID]),
}


@door("GET")
def certificate_list(request: HttpRequest, slug: str) -> HttpResponse:
    actor = actor_of(request)
    everything = Certificate.objects.visible_to(actor)
    rows = everything.select_related("record__item__customer", "operator", "checker", "approver")
    queue, text = asked(request, "queue", "q").values()
    if queue in QUEUES:
        rows = rows.filter(state__in=QUEUES[queue][1])
    if text:
        rows = rows.matching(text)
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
    return render(request, "certificates/list.html", {"table": table, "tabs": tabs})


def _certificate(request: HttpRequest, ref: str) -> Certificate:
    return get_object_or_404(Certificate.objects.visible_to(actor_of(request)).for_work(), ref=ref)


@door("GET", ref="certificates.Certificate.ref")
def certificate_detail(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    return _page(request, _certificate(request, ref))


@dataclass(frozen=True)
class Step:
    """The next step of a certificate in its state: the verb, its gates, who waits for whom, what is confirmed."""

    transition: Transition
    gates: tuple
    waiting_for: str
    submit: str
    statement: str


STEPS = {
    State.DRAFT: Step(
        workflow.CHECK, gates.CHECK, _("等待核验员"), _("核验通过"),
        _("我核对过原始记录、改动、计算和环境，数据与结论无误。"),
    ),
    State.RETURNED: Step(workflow.RESUBMIT, gates.RECORD, _("等待检定/校准员更正"), _("更正完毕，再次提交"), ""),
    State.CHECKED: Step(
        workflow.APPROVE, gates.APPROVE, _("等待授权签字人"), _("批准并签发"),
        _("我看过以上内容和改动记录，并以上述身份批准。签发后不可修改，只能追加或代替。"),
    ),
    State.APPROVED: Step(workflow.ISSUE, gates.ISSUE, _("等待签发"), _("签发"), _("按已批准的内容签发。")),
}  # fmt: skip


def _page(request: HttpRequest, certificate: Certificate, *, refusals=(), status=200) -> HttpResponse:
    actor, at = actor_of(request), timezone.now()
    step = STEPS.get(certificate.state)
    opened = step is not None and step.transition.is_open(certificate, actor)
    refusals = refusals or (step.transition.refusals(certificate, actor=actor, at=at) if opened else ())
    body = certificate.body or content.body(certificate, approver=actor.name)
    context = {
        "certificate": certificate,
        "record": certificate.record,
        "facts": _facts(certificate),
        "body": body,
        "changes": [presentation.change(certificate.dossier, reading) for reading in certificate.dossier.corrections],
        "standards": presentation.standards_used(certificate.dossier),
        "step": step,
        "opened": opened,
        "refusals": refusals,
        "passed": [{"title": title} for title in gates.passed(step.gates, certificate, actor, at)] if opened else (),
        "act": _act(certificate, step, body, actor, refusals) if opened else None,
        "returnable": _returnable(certificate, actor),
        "abandonable": workflow.ABANDON.is_open(certificate, actor) and actor.employment_id == certificate.operator_id,
        "voidable": workflow.VOID.is_open(certificate, actor) and certificate.is_public,
        "code_url": codes.address(certificate.token) if certificate.is_public else "",
        "job": _job(certificate),
        "timeline": history.timeline(certificate, certificate.record),
        "state_tone": presentation.CERTIFICATE_TONES[certificate.state],
    }
    return render(request, "certificates/certificate.html", context, status=status)


def _facts(certificate: Certificate) -> list[dict]:
    record, item = certificate.record, certificate.record.item
    facts = [
        {"label": _("客户"), "value": item.customer.name},
        {"label": _("器具"), "value": f"{item.name} {item.model}"},
        {"label": _("出厂编号"), "value": item.serial_number},
        {"label": _("依据"), "value": record.procedure.method.code},
        {"label": _("检校日期"), "value": f"{record.performed_on:%Y-%m-%d}"},
        {"label": _("承诺日"), "value": f"{item.promised_on:%Y-%m-%d}"},
        {"label": _("原始记录"), "value": record.number,
         "url": reverse("certificates:record", args=[certificate.institution.slug, record.ref])},
        {"label": _("检校 / 核验 / 批准"), "value": " / ".join(
            person.name if person else "—" for person in (certificate.operator, certificate.checker, certificate.approver)
        )},
    ]  # fmt: skip
    return facts


def _act(certificate, step, body, actor, refusals) -> dict:
    """What is confirmed by pressing the button, with the hash of exactly that."""
    verb = step.transition.verb
    conformity = body["conformity"]
    conclusion = body["conclusion"]["zh"] if body["conclusion"] else conformity["text_zh"] or _("不作符合性声明")
    rows = sum(len(result["rows"]) for result in body["results"])
    act = {
        "id": f"{verb}-dialog",
        "title": _("你将要确认的内容"),
        "url": reverse(f"certificates:{verb}", args=[certificate.institution.slug, certificate.ref]),
        "facts": [
            {"label": _("文件"), "value": certificate.get_kind_display()},
            {"label": _("编号"), "value": certificate.number or _("签发时分配，不预占")},
            {"label": _("器具"), "value": f"{body['item']['name']} {body['item']['serial_number']}"},
            {"label": _("结果"), "value": _("%(rows)d 点，每点有 U（k = %(k)s）") % {"rows": rows, "k": body["uncertainty"]["k"]}},
            {"label": _("结论"), "value": conclusion},
            {"label": _("身份"), "value": f"{actor.name} · {actor.role_titles}"},
        ],
        "statement": step.statement,
        "submit": step.submit,
        "opener": step.submit + "…",
    }  # fmt: skip
    if refusals:
        act["blocked"] = _("先解决 %(count)d 项拒绝") % {"count": len(refusals)}
    if certificate.state in (State.CHECKED, State.APPROVED):
        act["hash"] = content.sha256(body)
        act["hidden"] = {"confirmed_sha256": act["hash"]}
    return act


def _returnable(certificate, actor) -> bool:
    return any(
        transition.is_open(certificate, actor) for transition in (workflow.RETURN_UNCHECKED, workflow.RETURN_CHECKED)
    )


def _job(certificate: Certificate) -> dict | None:
    """The PDF on its way: shown from issue until it is stored."""
    if certificate.state != State.ISSUED or certificate.is_public:
        return None
    return {
        "title": _("正在生成 PDF"), "total": 1, **_rendering_state(certificate),
        "url": reverse("certificates:progress", args=[certificate.institution.slug, certificate.ref]),
    }  # fmt: skip


def _rendering_state(certificate: Certificate) -> dict:
    """How far the PDF of an issued certificate is, as its outbox row tells: waiting, being tried again, given up."""
    entry = (
        OutboxEntry.objects.filter(
            institution_id=certificate.institution_id, task="certificates.render_pdf", target_id=certificate.pk
        )
        .order_by("-pk")
        .first()
    )
    number = {"number": certificate.number}
    if entry is not None and entry.state == OutboxEntry.State.DEAD:
        text = _("编号 %(number)s 已签发，但 PDF 多次生成失败，已停止重试。请联系平台运维查明原因后重新生成。") % number
        return {"state": "failed", "done": 0, "text": text}
    if entry is not None and entry.last_error:
        return {"state": "running", "done": 0, "text": _("上一次生成没有成功，正在自动重试。可以离开本页。")}
    return {"state": "running", "done": 0, "text": _("证书已签发，编号 %(number)s。可以离开本页。") % number}


@door("GET", ref="certificates.Certificate.ref")
def certificate_progress(request: HttpRequest, slug: str, ref: str) -> JsonResponse:
    certificate = get_object_or_404(Certificate.objects.visible_to(actor_of(request)), ref=ref)
    if not certificate.is_public:
        return JsonResponse({"total": 1, "result_url": "", "result_label": "", **_rendering_state(certificate)})
    return JsonResponse(
        {
            "state": "done", "done": 1, "total": 1, "text": _("PDF 已生成并存档。"),
            "result_url": reverse("certificates:certificate", args=[slug, ref]), "result_label": _("查看证书"),
        }
    )  # fmt: skip


def _confirmed(request: HttpRequest, step: Step) -> bool:
    return not step.statement or request.POST.get("confirmed") == "yes"


def _act_on(request: HttpRequest, ref: str, verb, done: str) -> HttpResponse:
    """One verb on one certificate; refusals are shown on its page, nothing is lost."""
    certificate = _certificate(request, ref)
    try:
        verb(certificate)
    except Refused as refused:
        return _page(request, _certificate(request, ref), refusals=refused.refusals, status=409)
    messages.success(request, done)
    return redirect(certificate)


@door("POST", right=Permission.CERTIFICATE_CHECK, ref="certificates.Certificate.ref")
def certificate_check(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    if not _confirmed(request, STEPS[State.DRAFT]):
        return _unconfirmed(request, ref)
    actor, at = actor_of(request), timezone.now()
    return _act_on(request, ref, lambda row: workflow.check(row, actor=actor, at=at), _("核验通过，等待批准。"))


@door("POST", right=Permission.CERTIFICATE_APPROVE, ref="certificates.Certificate.ref")
def certificate_approve(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """Approve exactly what was shown, and issue it at once when this person may."""
    if not _confirmed(request, STEPS[State.CHECKED]):
        return _unconfirmed(request, ref)
    actor = actor_of(request)
    seen = request.POST.get("confirmed_sha256", "")

    def approve_and_issue(row):
        row = workflow.approve(row, confirmed_sha256=seen, actor=actor, at=timezone.now())
        if actor.may(Permission.CERTIFICATE_ISSUE):
            workflow.issue(row, actor=actor, at=timezone.now())

    return _act_on(request, ref, approve_and_issue, _("已批准并签发，PDF 正在生成。"))


@door("POST", right=Permission.CERTIFICATE_ISSUE, ref="certificates.Certificate.ref")
def certificate_issue(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    if not _confirmed(request, STEPS[State.APPROVED]):
        return _unconfirmed(request, ref)
    actor, at = actor_of(request), timezone.now()
    return _act_on(request, ref, lambda row: workflow.issue(row, actor=actor, at=at), _("已签发，PDF 正在生成。"))


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


@door("POST", right=Permission.CERTIFICATE_VOID, ref="certificates.Certificate.ref")
def certificate_void(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    return _with_reason(request, ref, workflow.void, _("证书已作废，扫码页面已更新。"))


def _with_reason(request, ref, verb, done) -> HttpResponse:
    form = ReasonForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    actor, at = actor_of(request), timezone.now()
    return _act_on(request, ref, lambda row: verb(row, reason=reason, actor=actor, at=at), done)


def _unconfirmed(request, ref) -> HttpResponse:
    messages.error(request, _("请先勾选确认，再继续。"))
    return redirect(_certificate(request, ref))


@door("GET", ref="certificates.Certificate.ref")
def certificate_preview(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """What would be issued, as a PDF that says it is not."""
    from . import rendering  # WeasyPrint is heavy; only this page of the web process needs it

    certificate = _certificate(request, ref)
    body = certificate.body or content.body(certificate, approver=actor_of(request).name)
    response = HttpResponse(rendering.preview(body), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="preview-{certificate.record.number}.pdf"'
    return response


@door("GET", ref="certificates.Certificate.ref")
def certificate_pdf(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """The bytes as issued; who took them is in the audit trail."""
    certificate = _certificate(request, ref)
    if not certificate.is_public:
        raise Http404
    audit.record(actor_of(request), "certificate.download", certificate)
    name = f"{certificate.number}{'-VOID' if certificate.state == State.VOID else ''}.pdf"
    return documents.attachment(certificate.pdf_stored_as, name=name, content_type="application/pdf")
