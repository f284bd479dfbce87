"""The verbs of a pledge, from its draft to the public page; workflow of its end and the way back: ending.py."""

from datetime import date, datetime

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from institutions.models import Institution
from portal import codes
from portal.actors import Actor
from portal.ledger import leaves
from portal.models import Document
from portal.numbering import next_number
from portal.permissions import Permission
from portal.transitions import Refusal, Refused, Transition, rule_of

from . import events, facts, gates
from .days import a_year_later
from .eligibility import legal_representative
from .filing import taken_in
from .models import Commitment, CommitmentConfirmation, CommitmentTemplate
from .turns import in_turn

S = Commitment.State
KEEP, SIGN_RIGHT = Permission.PLEDGE_KEEP, Permission.PLEDGE_SIGN

DRAFT = Transition(
    "draft", frozenset({""}), S.DRAFT, KEEP,
    gates=(
        gates.by_a_colleague, gates.nothing_else_is_in_the_making, gates.wording_is_in_use, gates.last_withdrawal_is_remedied,
        gates.conditions_are_met_again,
    ),
)  # fmt: skip
CHECK = Transition(
    "check",
    frozenset({S.DRAFT}),
    S.CHECKED,
    KEEP,
    gates=(gates.facts_checked_by_another, gates.facts_are_as_registered),
)
SIGNING = (
    gates.wording_is_in_use, gates.last_withdrawal_is_remedied, gates.facts_are_as_registered,
    gates.institution_is_eligible,
)  # fmt: skip
SIGN = Transition("sign", frozenset({S.CHECKED}), S.SIGNED, SIGN_RIGHT, gates=SIGNING, step_up=lambda row: digest(row))
SIGN_ON_PAPER = Transition(
    "sign_on_paper", frozenset({S.CHECKED, S.SIGNED}), S.SIGNED, KEEP, gates=(gates.paper_is_wanted, *SIGNING)
)
PUBLISH = Transition(
    "publish", frozenset({S.SIGNED}), S.PUBLIC, KEEP,
    gates=(
        gates.wording_is_in_use, gates.last_withdrawal_is_remedied, gates.facts_are_as_registered,
        gates.institution_is_eligible, gates.signed_by_the_legal_representative, gates.scan_is_on_file, gates.conditions_hold,
        gates.no_other_is_public,
    ),
    event=events.commitment_published, leaf="pledge.published",
)  # fmt: skip
CONFIRM = Transition(
    "confirm", frozenset({S.PUBLIC}), S.PUBLIC, KEEP,
    gates=(
        gates.by_a_colleague, gates.facts_are_as_registered, gates.conditions_hold, gates.institution_is_eligible,
    ),
    event=events.commitment_confirmed,
)  # fmt: skip
DROP = Transition("drop", frozenset(Commitment.IN_THE_MAKING), S.DROPPED, KEEP)


def digest(row: Commitment) -> str:
    """SHA-256 of what is signed: the wording and the facts."""
    return leaves.subject(f"{row.template_id} {leaves.canonical(row.facts).decode()}")


def draft(institution: Institution, *, actor: Actor, at: datetime) -> Commitment:
    """A draft by the wording in force, with today's facts. Raises: Refused."""
    day = gates.day_of(at)
    template = CommitmentTemplate.objects.for_region(institution.region_code, day).first()
    if template is None:
        raise Refused(Refusal("A-8.2.2.1-s1", _("还没有可用的承诺书模板。请联系主管部门。")))
    blank = Commitment(
        institution=institution, state="", template=template, facts=facts.facts_of(institution, day),
        made_by_id=actor.employment_id,
    )  # fmt: skip
    with DRAFT.applied_to(blank, actor=actor, at=at) as row:
        pass
    return row


def check(row: Commitment, *, actor: Actor, at: datetime) -> Commitment:
    """Another person has held the facts against the register. Raises: Refused."""
    with CHECK.applied_to(row, actor=actor, at=at) as row:
        row.checked_by_id, row.checked_at = actor.employment_id, at
    return row


def sign(row: Commitment, *, actor: Actor, at: datetime) -> Commitment:
    """The legal representative has signed on the screen, with a fresh proof of the person. Raises: Refused."""
    with SIGN.applied_to(row, actor=actor, at=at) as row:
        day = gates.day_of(at)
        row.mode, row.signed_on, row.signed_by = Commitment.Mode.SCREEN, day, legal_representative(row.institution, day)
        _refuse(gates.signed_by_the_legal_representative(row, actor, at))
        _refuse(gates.signs_in_person(row, actor, at))
    return row


def sign_on_paper(
    row: Commitment, scan: Document | UploadedFile, signed_on: date, *, actor: Actor, at: datetime
) -> Commitment:
    """The scan of the signed and sealed paper is on file, and known nowhere else in the portal. Raises: Refused."""
    try:
        with SIGN_ON_PAPER.applied_to(row, actor=actor, at=at) as row:
            row.mode, row.signed_on = Commitment.Mode.PAPER, signed_on
            row.signed_by = legal_representative(row.institution, signed_on)
            _refuse(gates.signed_by_the_legal_representative(row, actor, at))
            row.scan = taken_in(scan, actor=actor, at=at)
            row.scan_digest = row.scan.received_sha256 or row.scan.sha256
    except Refused as refused:
        if isinstance(refused.__cause__, IntegrityError) and "scan_digest" in rule_of(refused.__cause__):
            raise Refused(_known_scan()) from refused
        raise
    return row


def _known_scan() -> Refusal:
    """The same bytes belong to a pledge already, here or at another institution, which is not named."""
    text = _("这份扫描件已经用在另一份承诺书上。每份承诺书都要单独签字盖章，请上传这一份的扫描件。")
    return Refusal("A-8.2.2.1-s3", text)


def publish(row: Commitment, *, actor: Actor, at: datetime) -> Commitment:
    """The pledge is public under its number and its 单位码, to be confirmed within a year. Raises: Refused. Source: A-3.4-s1."""
    in_turn(row.institution_id)
    with PUBLISH.applied_to(row, actor=actor, at=at) as row:
        day = gates.day_of(at)
        row.number = (
            f"CN-{row.institution.short_code}-{day.year}-{next_number(row.institution_id, 'pledge', day.year):02d}"
        )
        row.token, row.published_at, row.confirm_by = codes.new_token(), at, a_year_later(day)
    return row


def confirm(row: Commitment, remark: str = "", *, actor: Actor, at: datetime) -> CommitmentConfirmation:
    """The pledge is confirmed for the year that its deadline opens. Raises: Refused. Source: A-8.2.2.3."""
    in_turn(row.institution_id)
    with CONFIRM.applied_to(row, actor=actor, at=at, reason=remark) as row:
        day = gates.day_of(at)
        if row.confirm_by >= a_year_later(day):
            raise Refused(Refusal("A-8.2.2.3", _("今天已经公开或确认过，不用再确认。请在下一个年度到期前确认。")))
        due_on, row.confirm_by = row.confirm_by, a_year_later(day)
        done = CommitmentConfirmation.objects.create(
            institution_id=row.institution_id, commitment=row, due_on=due_on, confirmed_on=day,
            confirmed_by_id=actor.employment_id, remark=remark,
        )  # fmt: skip
        leaves.append("pledge.confirmed", done)
    return done


def drop(row: Commitment, reason: str, *, actor: Actor, at: datetime) -> Commitment:
    """A pledge in the making is given up, so that another can be drawn up."""
    with DROP.applied_to(row, actor=actor, at=at, reason=reason) as row:
        pass
    return row


def _refuse(refusals) -> None:
    found = list(refusals)
    if found:
        raise Refused(*found)


# Who gives out a unit code, and in the name of which clause.
CLAUSES = {publish: ("A-3.4-s1",)}
TITLES = {
    publish: gettext_lazy("公开时由平台发码"), draft: gettext_lazy("只用现行模板起草"),
    confirm: gettext_lazy("年度确认"), _known_scan: gettext_lazy("签章扫描件只用一次"),
}  # fmt: skip
