"""The page of one certificate: what it says, which gates hold, what is confirmed by whom, with which hash."""

from dataclasses import dataclass

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from institutions import second_factor
from portal import codes, history
from portal.actors import Actor, actor_of
from portal.models import OutboxEntry
from portal.transitions import Transition

from . import content, gates, presentation, workflow
from .forms import VoidForm
from .models import Certificate

State = Certificate.State


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


def show(
    request: HttpRequest, certificate: Certificate, *, refusals=(), status=200, unproven="", typed: Form | None = None
) -> HttpResponse:
    """One certificate with its gates, what may be done about it next, and the forms to do so.

    `refusals`: why an act was refused; `unproven`: why the proof of the person was not taken; `typed`: the reason that
    was sent with it.
    """
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
        "act": _act(request, certificate, step, body, refusals, unproven) if opened else None,
        "returnable": _returnable(certificate, actor),
        "abandonable": workflow.ABANDON.is_open(certificate, actor) and actor.employment_id == certificate.operator_id,
        "void_act": _void_act(request, certificate, body, unproven, typed)
        if workflow.VOID.is_open(certificate, actor) and certificate.is_public
        else None,
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


def _seen(certificate: Certificate, body: dict, actor: Actor) -> list[dict]:
    """What the person sees before confirming: which paper, about what, for whom, with which result, as whom."""
    conformity = body["conformity"]
    conclusion = body["conclusion"]["zh"] if body["conclusion"] else conformity["text_zh"] or _("不作符合性声明")
    rows = sum(len(result["rows"]) for result in body["results"])
    return [
        {"label": _("文件"), "value": certificate.get_kind_display()},
        {"label": _("编号"), "value": certificate.number or _("签发时分配，不预占")},
        {"label": _("器具"), "value": f"{body['item']['name']} {body['item']['serial_number']}"},
        {"label": _("客户"), "value": certificate.record.item.customer.name},
        {"label": _("结果"), "value": _("%(rows)d 点，每点有 U（k = %(k)s）") % {"rows": rows, "k": body["uncertainty"]["k"]}},
        {"label": _("结论"), "value": conclusion},
        {"label": _("身份"), "value": f"{actor.name} · {actor.role_titles}"},
    ]  # fmt: skip


def _act(request, certificate, step, body, refusals, unproven) -> dict:
    """What is confirmed by pressing the button, with the hash of exactly that and, where it signs, a proof of the person."""
    verb = step.transition.verb
    act = {
        "id": f"{verb}-dialog",
        "title": _("您将要确认的内容"),
        "url": reverse(f"certificates:{verb}", args=[certificate.institution.slug, certificate.ref]),
        "facts": _seen(certificate, body, actor_of(request)),
        "statement": step.statement,
        "submit": step.submit,
        "opener": step.submit + "…",
    }  # fmt: skip
    if refusals:
        act["blocked"] = _("先解决 %(count)d 项拒绝") % {"count": len(refusals)}
    if certificate.state in (State.CHECKED, State.APPROVED):
        act["hash"] = content.sha256(body)
        act["hidden"] = {"confirmed_sha256": act["hash"]}
    if step.transition.step_up and not refusals:
        act["fields"] = second_factor.proof_form(request, name=verb, error=unproven)
        act["ticked"] = bool(unproven)
    return act


def _void_act(request, certificate, body, unproven, typed) -> dict:
    """What becomes void, why, and the proof of the person who says so."""
    reason = typed or VoidForm(auto_id="void-%s")
    return {
        "id": "void-dialog",
        "title": _("您将要作废的证书"),
        "url": reverse("certificates:void", args=[certificate.institution.slug, certificate.ref]),
        "facts": _seen(certificate, body, actor_of(request)),
        "hash": certificate.content_sha256,
        "hidden": {"confirmed_sha256": certificate.content_sha256},
        "fields": [*reason, *second_factor.proof_form(request, name="void", error=unproven)],
        "problems": reason.non_field_errors(),
        "statement": _("我确认作废这份证书。编号和文件保留，扫码页面立即显示“已作废”和理由，不能恢复。"),
        "ticked": bool(unproven),
        "submit": _("作废这份证书"),
        "opener": _("作废这份证书…"),
        "icon": "ban",
        "danger": True,
    }


def _returnable(certificate, actor) -> bool:
    return any(
        transition.is_open(certificate, actor) for transition in (workflow.RETURN_UNCHECKED, workflow.RETURN_CHECKED)
    )


def _job(certificate: Certificate) -> dict | None:
    """The PDF on its way: shown from issue until it is stored."""
    if certificate.state != State.ISSUED or certificate.is_public:
        return None
    return {
        "title": _("证书 PDF"), "total": 1, **rendering_state(certificate),
        "url": reverse("certificates:progress", args=[certificate.institution.slug, certificate.ref]),
    }  # fmt: skip


def rendering_state(certificate: Certificate) -> dict:
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
