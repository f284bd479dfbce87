"""The verbs from an empty data sheet to a void certificate: the only module that writes these tables."""

import hashlib
from datetime import date, datetime

from django.db import transaction
from django.db.models import F, Max
from django.utils.translation import gettext as _

from equipment.models import Equipment, MeasurementStandard
from institutions.models import Method, Site
from orders import workflow as orders
from orders.models import Item
from portal import codes, documents, faults
from portal.actors import Actor
from portal.ledger import leaves
from portal.models import SmartCode
from portal.numbering import next_number
from portal.permissions import Permission
from portal.transitions import Refusal, Refused, Transition

from . import content, datasheet, devices, events, gates
from .models import Certificate, Procedure, RawRecord

R, C = RawRecord.State, Certificate.State

P = Procedure.State

PROPOSE = Transition("propose", frozenset({""}), P.DRAFT, Permission.PROCEDURE_MANAGE)
APPROVE_PROCEDURE = Transition(
    "approve",
    frozenset({P.DRAFT}),
    P.APPROVED,
    Permission.PROCEDURE_APPROVE,
    gates=(gates.procedure_has_two_people, gates.method_is_adopted),
)
RETIRE_PROCEDURE = Transition("retire", frozenset({P.APPROVED, P.DRAFT}), P.RETIRED, Permission.PROCEDURE_APPROVE)

START = Transition(
    "start", frozenset({""}), R.DRAFT, Permission.RECORD_WRITE,
    gates=(gates.item_is_free, gates.procedure_is_approved, gates.method_was_verified, gates.points_span_the_range),
)  # fmt: skip
SUBMIT = Transition(
    "submit", frozenset({R.DRAFT}), R.SUBMITTED, Permission.RECORD_WRITE, gates=gates.RECORD, leaf="record.submitted"
)
ABANDON_RECORD = Transition("abandon", frozenset({R.DRAFT}), R.ABANDONED, Permission.RECORD_WRITE)

DRAFT = Transition("draft", frozenset({""}), C.DRAFT, Permission.RECORD_WRITE)
CHECK = Transition("check", frozenset({C.DRAFT}), C.CHECKED, Permission.CERTIFICATE_CHECK, gates=gates.CHECK)
RETURN_UNCHECKED = Transition("send_back", frozenset({C.DRAFT}), C.RETURNED, Permission.CERTIFICATE_CHECK)
RETURN_CHECKED = Transition("send_back", frozenset({C.CHECKED, C.APPROVED}), C.RETURNED, Permission.CERTIFICATE_APPROVE)
RESUBMIT = Transition("resubmit", frozenset({C.RETURNED}), C.DRAFT, Permission.RECORD_WRITE, gates=gates.RECORD)
ABANDON = Transition("abandon", frozenset({C.RETURNED}), C.ABANDONED, Permission.RECORD_WRITE)
APPROVE = Transition(
    "approve", frozenset({C.CHECKED}), C.APPROVED, Permission.CERTIFICATE_APPROVE, gates=gates.APPROVE,
    step_up=lambda row: row.body_sha256,
)  # fmt: skip
ISSUE = Transition(
    "issue", frozenset({C.APPROVED}), C.ISSUED, Permission.CERTIFICATE_ISSUE,
    gates=gates.ISSUE, event=events.certificate_issued, leaf="certificate.issued",
    step_up=lambda row: row.body_sha256,
)  # fmt: skip
ATTACH_PDF = Transition(
    "attach_pdf", frozenset({C.ISSUED}), C.ISSUED, Permission.CERTIFICATE_RENDER, leaf="certificate.pdf"
)
VOID = Transition(
    "void", frozenset({C.ISSUED}), C.VOID, Permission.CERTIFICATE_VOID,
    gates=(gates.pdf_is_stored,), event=events.certificate_voided, leaf="certificate.voided",
    step_up=lambda row: row.content_sha256,
)  # fmt: skip

RENDERER = Actor.system("certificates", Permission.CERTIFICATE_RENDER)


# --- the data sheet


def propose_procedure(definition: dict, *, actor: Actor, at: datetime) -> Procedure:
    """The definition is a new version of its data sheet, waiting for approval by somebody else.

    Raises: Refused with every problem of the definition. Source: C-5.2.4.
    """
    problems = datasheet.check_definition(definition)
    if problems:
        raise Refused(*(Refusal("definition", problem) for problem in problems))
    # An institution's own code never takes the place of one of the catalogue.
    known_methods = Method.objects.available_to(actor.institution_id).filter(code=definition["method"])
    method = known_methods.order_by(F("owner").asc(nulls_first=True)).first()
    if method is None:
        raise Refused(
            Refusal("A-6.5.1-s2", _("方法目录里没有 %(code)s。请核对编号。") % {"code": definition["method"]})
        )
    known = Procedure.objects.filter(institution_id=actor.institution_id, code=definition["code"])
    last = known.aggregate(last=Max("version"))["last"] or 0
    blank = Procedure(
        institution_id=actor.institution_id, code=definition["code"], version=last + 1, title=definition["title"],
        method=method, definition=definition, proposed_by_id=actor.employment_id,
    )  # fmt: skip
    with PROPOSE.applied_to(blank, actor=actor, at=at) as procedure:
        pass
    return procedure


def approve_procedure(procedure: Procedure, *, actor: Actor, at: datetime) -> Procedure:
    """New records use this version; an earlier approved version of the same data sheet is retired."""
    with APPROVE_PROCEDURE.applied_to(procedure, actor=actor, at=at) as procedure:
        procedure.approved_by_id = actor.employment_id
        earlier = Procedure.objects.filter(
            institution_id=procedure.institution_id, code=procedure.code, state=Procedure.State.APPROVED
        )
        for row in earlier:
            retire_procedure(row, reason=_("已有新版本"), actor=actor, at=at)
    return procedure


def retire_procedure(procedure: Procedure, *, reason: str, actor: Actor, at: datetime) -> Procedure:
    """No new record uses this version; records made with it keep it."""
    _needs_reason(reason)
    with RETIRE_PROCEDURE.applied_to(procedure, actor=actor, at=at, reason=reason) as procedure:
        pass
    return procedure


# --- the record


def start(
    item: Item,
    *,
    procedure: Procedure,
    standard: MeasurementStandard,
    environment_equipment: Equipment,
    site: Site,
    room: str,
    performed_on: date,
    device: dict[str, str],
    points: list[str],
    late_reason: str = "",
    actor: Actor,
    at: datetime,
) -> RawRecord:
    """An empty data sheet is open for the operator, with its number. Source: C-6.3.3-s1."""
    blank = RawRecord(
        institution_id=actor.institution_id, item=item, procedure=procedure, standard=standard, site=site, room=room,
        environment_equipment=environment_equipment, performed_on=performed_on, device=device, points=points,
        late_reason=late_reason, decision_rule=item.decision_rule, operator_id=actor.employment_id,
    )  # fmt: skip
    if actor.employment_id is None:
        raise Refused(Refusal("B-4.5-d", _("您的账号没有关联在职人员，不能做原始记录。请管理员在成员页关联。")))
    with START.applied_to(blank, actor=actor, at=at) as record:
        year = gates.day_of(at).year
        record.number = f"R{year % 100}-{next_number(record.institution_id, 'record', year):05d}"
        if item.state == Item.State.RECEIVED:
            orders.begin(item, actor=actor, at=at)
    return record


def submit(record: RawRecord, *, actor: Actor, at: datetime) -> Certificate:
    """The record is locked for good and its certificate waits for the checker. Returns: the certificate."""
    _only_its_operator(record, actor)
    with SUBMIT.applied_to(record, actor=actor, at=at) as record:
        record.submitted_at = at
        blank = Certificate(
            institution_id=record.institution_id, record=record, operator=record.operator,
            kind=content.kind_for(record.dossier),
        )  # fmt: skip
        with DRAFT.applied_to(blank, actor=actor, at=at) as certificate:
            pass
    return certificate


def abandon_record(record: RawRecord, *, reason: str, actor: Actor, at: datetime) -> RawRecord:
    """The unfinished record is closed and stays readable; the item can be measured anew."""
    _only_its_operator(record, actor)
    _needs_reason(reason)
    with ABANDON_RECORD.applied_to(record, actor=actor, at=at, reason=reason) as record:
        pass
    return record


# --- the certificate


def check(certificate: Certificate, *, actor: Actor, at: datetime) -> Certificate:
    """A second person has gone through record and result. Source: B-6.1.7-s2."""
    with CHECK.applied_to(certificate, actor=actor, at=at) as certificate:
        certificate.checker_id = actor.employment_id
        certificate.checked_at = at
        certificate.returned_reason = ""
    return certificate


def send_back(certificate: Certificate, *, reason: str, actor: Actor, at: datetime) -> Certificate:
    """The certificate is back with the operator, with the reason; what was checked or approved no longer counts."""
    _needs_reason(reason)
    transition = RETURN_UNCHECKED if certificate.state == C.DRAFT else RETURN_CHECKED
    with transition.applied_to(certificate, actor=actor, at=at, reason=reason) as certificate:
        certificate.returned_reason = reason[:300]
        certificate.checker = certificate.approver = None
        certificate.checked_at = certificate.approved_at = None
        certificate.body, certificate.body_sha256 = None, ""
    return certificate


def resubmit(certificate: Certificate, *, actor: Actor, at: datetime) -> Certificate:
    """The corrected record waits for the checker again; the kind follows from the corrected result."""
    _only_its_operator(certificate.record, actor)
    with RESUBMIT.applied_to(certificate, actor=actor, at=at) as certificate:
        certificate.kind = content.kind_for(certificate.dossier)
    return certificate


def abandon(certificate: Certificate, *, reason: str, actor: Actor, at: datetime) -> Certificate:
    """The returned certificate is closed without a number; its record stays locked, the item can be measured anew."""
    _only_its_operator(certificate.record, actor)
    _needs_reason(reason)
    with ABANDON.applied_to(certificate, actor=actor, at=at, reason=reason) as certificate:
        pass
    return certificate


def approve(certificate: Certificate, *, confirmed_sha256: str, actor: Actor, at: datetime) -> Certificate:
    """The content is frozen and hashed as the signatory saw it. Raises: Refused when it is no longer that content."""
    with APPROVE.applied_to(certificate, actor=actor, at=at) as certificate:
        certificate.approver_id = actor.employment_id
        certificate.approved_at = at
        certificate.body = content.body(certificate, approver=actor.name)
        certificate.body_sha256 = content.sha256(certificate.body)
        if certificate.body_sha256 != confirmed_sha256:
            raise Refused(Refusal("B-5.7-c", _("您核对以后内容有变化。请重新核对页面上的内容，再批准。")))
    return certificate


@transaction.atomic
def issue(certificate: Certificate, *, actor: Actor, at: datetime) -> Certificate:
    """The certificate has its number and from here never changes; its PDF and public page follow at once.

    The order is lock, gates, number, frozen content, outbox. Source: E5.29.
    """
    with ISSUE.applied_to(certificate, actor=actor, at=at) as certificate:
        faults.reach("issue.after_lock")
        year = gates.day_of(at).year
        series = content.SERIES[certificate.kind]
        count = next_number(certificate.institution_id, series, year)
        faults.reach("issue.after_number")
        certificate.number = f"{certificate.institution.short_code}-{series}-{year}-{count:06d}"
        certificate.issued_at = at
        certificate.valid_until = content.valid_until(certificate)
        certificate.token = codes.new_token()
        certificate.verification_code = codes.new_verification_code()
        certificate.content = content.issued(certificate, address=codes.printed_address(certificate.token))
        certificate.content_sha256 = content.sha256(certificate.content)
    faults.reach("issue.before_commit")
    transaction.on_commit(lambda: faults.reach("issue.after_commit"))
    return certificate


@transaction.atomic
def attach_pdf(certificate: Certificate, pdf: bytes, *, at: datetime) -> Certificate:
    """The bytes are stored once, their hash is in the row, and whoever scans the code finds the certificate.

    A certificate that has its PDF keeps it: a second call changes nothing.
    """
    certificate = Certificate.objects.select_for_update(of=("self",)).get(
        pk=certificate.pk, institution_id=certificate.institution_id
    )  # fmt: skip
    if certificate.pdf_sha256:
        return certificate
    with ATTACH_PDF.applied_to(certificate, actor=RENDERER, at=at) as certificate:
        certificate.pdf_sha256 = hashlib.sha256(pdf).hexdigest()
        certificate.pdf_stored_as = documents.store(f"certificates/{certificate.institution_id}", ".pdf", pdf)
    publish(certificate, at=at)
    finish_item(certificate, at=at)
    return certificate


def void(certificate: Certificate, *, reason: str, actor: Actor, at: datetime) -> Certificate:
    """The certificate is void; its number, bytes and page stay, and the page says so and why."""
    _needs_reason(reason)
    with VOID.applied_to(certificate, actor=actor, at=at, reason=reason) as certificate:
        certificate.void_reason = reason[:300]
        certificate.voided_at = at
    return certificate


def publish(certificate: Certificate, *, at: datetime) -> None:
    """The public page says what the certificate is now."""
    codes.publish(
        institution_id=certificate.institution_id, kind=SmartCode.Kind.DEVICE, token=certificate.token,
        card=content.card(certificate), at=at, number=certificate.number,
        verification_code=certificate.verification_code, file_sha256=certificate.pdf_sha256,
        stored_as=certificate.pdf_stored_as, evidence=leaves.evidence(certificate),
    )  # fmt: skip
    devices.follow(certificate, at=at)


def finish_item(certificate: Certificate, *, at: datetime) -> None:
    """The item is ready for its customer."""
    item = certificate.record.item
    if item.state == Item.State.IN_LAB:
        orders.finish(item, actor=orders.BENCH, at=at)


def _only_its_operator(record: RawRecord, actor: Actor) -> None:
    if actor.employment_id != record.operator_id:
        raise Refused(
            Refusal("C-6.3.3-s1", _("此记录由 %(name)s 填写，只有本人能提交或放弃。") % {"name": record.operator.name})
        )


def _needs_reason(reason: str) -> None:
    if not reason.strip():
        raise Refused(Refusal("reason", _("请写明理由。")))
