"""How a pledge ends, and the way back: withdrawal by the portal, the institution or the regulator; hearing; remediation."""

from datetime import date, datetime, timedelta

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from institutions.models import Institution
from portal.actors import Actor
from portal.ledger import leaves
from portal.models import Document
from portal.permissions import Permission
from portal.transitions import Refusal, Refused, Transition

from . import events, gates, holding
from .filing import taken_in
from .gates import day_of
from .models import Commitment, CommitmentWithdrawal, Hearing, Remediation
from .turns import in_turn

S, H, R = Commitment.State, Hearing.State, Remediation.State
Cause = CommitmentWithdrawal.Cause
PORTAL = Actor.system("pledge", Permission.PLEDGE_FALL)
ANSWER_WITHIN = timedelta(days=5)

WITHDRAW = {
    right: Transition("withdraw", frozenset({S.PUBLIC}), S.WITHDRAWN, right, event=events.commitment_withdrawn)
    for right in (Permission.PLEDGE_FALL, Permission.PLEDGE_SIGN, Permission.PLEDGE_OVERSEE)
}
NOTICE = Transition(
    "notice", frozenset({""}), H.NOTICED, Permission.PLEDGE_OVERSEE, gates=(gates.a_public_pledge_is_heard_once,)
)
ANSWER = Transition("answer", frozenset({H.NOTICED}), H.ANSWERED, Permission.PLEDGE_KEEP)
UPHOLD = Transition("uphold", frozenset(Hearing.OPEN), H.UPHELD, Permission.PLEDGE_OVERSEE)
DISMISS = Transition("dismiss", frozenset(Hearing.OPEN), H.DROPPED, Permission.PLEDGE_OVERSEE)
BEGIN = Transition(
    "begin", frozenset({""}), R.DRAFT, Permission.PLEDGE_KEEP, gates=(gates.there_is_something_to_remedy,)
)
SUBMIT = Transition("submit", frozenset({R.DRAFT, R.RETURNED}), R.SUBMITTED, Permission.PLEDGE_KEEP)
ACCEPT = Transition(
    "accept", frozenset({R.SUBMITTED}), R.ACCEPTED, Permission.PLEDGE_OVERSEE, leaf="pledge.remedied",
    gates=(gates.nothing_else_is_to_be_decided,), event=events.remediation_accepted,
)  # fmt: skip
RETURN = Transition("return", frozenset({R.SUBMITTED}), R.RETURNED, Permission.PLEDGE_OVERSEE)


def reconsider(institution: Institution, *, at: datetime) -> CommitmentWithdrawal | None:
    """The institution's public pledge has fallen if one of its conditions is broken today. Source: A-9.3-s1."""
    row = _public(institution)
    if row is None:
        return None
    day = day_of(at)
    broken = holding.first_break(institution, day, day_of(row.published_at))
    if broken is None or broken.day > day:
        return None
    return _end(
        row,
        broken.cause,
        broken.text,
        broken.arose or broken.day,
        broken.row,
        actor=PORTAL,
        right=Permission.PLEDGE_FALL,
        at=at,
    )


def fall(
    institution: Institution, cause: str, reason: str, subject, *, on: date, at: datetime
) -> CommitmentWithdrawal | None:
    """The seam for causes that arise in apps further right: a complaint found true, collusion. None: nothing was public.

    Source: A-9.3-a, A-9.3-b, E-2-f.
    """
    row = _public(institution)
    if row is None:
        return None
    return _end(row, cause, reason, on, subject, actor=PORTAL, right=Permission.PLEDGE_FALL, at=at)


def _public(institution: Institution) -> Commitment | None:
    """The pledge that is public, once nobody else is about to end it."""
    in_turn(institution.pk)
    return Commitment.objects.filter(institution=institution, state=S.PUBLIC).first()


def withdraw(row: Commitment, reason: str, *, actor: Actor, at: datetime) -> CommitmentWithdrawal:
    """The legal representative has taken the pledge back; not to escape from what it is charged with. Raises: Refused."""
    if not reason.strip():
        raise Refused(Refusal("reason", _("请写明撤销的原因。")))
    institution = in_turn(row.institution_id)
    if found := why_it_stays(row, institution, at=at):
        raise Refused(*found)
    return _end(row, Cause.VOLUNTARY, reason, day_of(at), None, actor=actor, right=Permission.PLEDGE_SIGN, at=at)


def why_it_stays(row: Commitment, institution: Institution, *, at: datetime) -> list[Refusal]:
    """What the institution would escape from by taking the pledge back: a charge, or a decision that is not final yet."""
    found = []
    if row.hearings.filter(state__in=Hearing.OPEN).exists():
        text = _("主管部门已告知拟撤销这份承诺，决定之前不能自行撤销。请按期陈述，等待决定。")
        found.append(Refusal("hearing", text))
    if pending := holding.pending_decision(institution, day_of(at)):
        text = _("%(row)s 尚未生效，一经生效承诺就由平台撤销。在它生效或被撤销之前，不能自行撤销承诺。")
        found.append(Refusal("pending", text % {"row": pending}))
    return found


def _end(row, cause, reason, on, subject, *, actor, right, at) -> CommitmentWithdrawal:
    in_turn(row.institution_id)
    with WITHDRAW[right].applied_to(row, actor=actor, at=at, reason=reason[:500]) as row:
        row.withdrawn_at = at
        done = CommitmentWithdrawal.objects.create(
            institution_id=row.institution_id, commitment=row, cause=cause, trigger_on=min(on, day_of(at)),
            subject=subject._meta.label if subject is not None else "", subject_id=subject.pk if subject is not None else None,
            reason=reason[:500], decided_by=actor.name, withdrawn_at=at,
        )  # fmt: skip
        leaves.append("pledge.withdrawn", done)
    return done


# --- by the regulator, after a hearing


def notice(row: Commitment, reason: str, *, actor: Actor, at: datetime) -> Hearing:
    """The institution reads why its pledge is to be withdrawn, and has some days to answer. Raises: Refused."""
    if not reason.strip():
        raise Refused(Refusal("reason", _("请写明拟撤销的事由和依据。")))
    in_turn(row.institution_id)
    blank = Hearing(
        institution_id=row.institution_id, state="", commitment=row, reason=reason, noticed_by=actor.name,
        answer_by=day_of(at) + ANSWER_WITHIN,
    )  # fmt: skip
    with NOTICE.applied_to(blank, actor=actor, at=at, reason=reason[:300]) as hearing:
        pass
    return hearing


def answer(hearing: Hearing, text: str, file: Document | UploadedFile | None, *, actor: Actor, at: datetime) -> Hearing:
    """The institution has said what it has to say. Raises: Refused."""
    if not text.strip():
        raise Refused(Refusal("answer", _("请写下陈述与申辩的内容。")))
    with ANSWER.applied_to(hearing, actor=actor, at=at) as hearing:
        hearing.answer, hearing.file = text, taken_in(file, actor=actor, at=at) if file else None
        hearing.answered_by_id, hearing.answered_at = actor.employment_id, at
    return hearing


def decide(hearing: Hearing, *, uphold: bool, decision: str, actor: Actor, at: datetime) -> Hearing:
    """The regulator has decided: the pledge is withdrawn, or the matter is dropped; not before the institution could answer.

    What has fallen in the meantime stays withdrawn by its own cause. Raises: Refused.
    """
    in_turn(hearing.institution_id)
    if not decision.strip():
        raise Refused(Refusal("decision", _("请写明决定的理由。")))
    with (UPHOLD if uphold else DISMISS).applied_to(hearing, actor=actor, at=at, reason=decision[:300]) as hearing:
        if hearing.answered_at is None and day_of(at) <= hearing.answer_by:
            raise Refused(
                Refusal(
                    "hearing",
                    _("陈述期限未满，机构还没有陈述。请等到 %(day)s 之后再决定。") % {"day": hearing.answer_by},
                )
            )
        hearing.decision, hearing.decided_by, hearing.decided_at = decision, actor.name, at
        if uphold and not Commitment.objects.filter(pk=hearing.commitment_id, state=S.WITHDRAWN).exists():
            _end(
                hearing.commitment, Cause.REGULATOR, decision, day_of(at), hearing, actor=actor,
                right=Permission.PLEDGE_OVERSEE, at=at,
            )  # fmt: skip
    return hearing


# --- the way back


def begin(withdrawal: CommitmentWithdrawal, *, actor: Actor, at: datetime) -> Remediation:
    """The institution has opened its remediation of what ended the pledge."""
    blank = Remediation(institution_id=withdrawal.institution_id, state="", withdrawal=withdrawal)
    with BEGIN.applied_to(blank, actor=actor, at=at) as row:
        pass
    return row


def fill(
    row: Remediation, *, cause_found: str, measures: str, finished_on: date | None, file: Document | UploadedFile | None,
    actor: Actor, at: datetime,
) -> Remediation:  # fmt: skip
    """What was found and done so far is kept; evidence that came with it is on its way to be inspected. Raises: Refused."""
    filling = Transition("fill", frozenset({R.DRAFT, R.RETURNED}) & {row.state}, row.state, Permission.PLEDGE_KEEP)
    with filling.applied_to(row, actor=actor, at=at) as row:
        row.cause_found, row.measures, row.finished_on = cause_found, measures, finished_on
        if file is not None:
            row.file = taken_in(file, actor=actor, at=at)
    return row


def submit(
    row: Remediation, *, cause_found: str, measures: str, finished_on: date | None, file: Document | None,
    actor: Actor, at: datetime,
) -> Remediation:  # fmt: skip
    """The regulator can look at what was found and done, with its evidence. Raises: Refused. Source: A-9.3-s2."""
    with SUBMIT.applied_to(row, actor=actor, at=at) as row:
        row.cause_found, row.measures, row.finished_on, row.file = cause_found, measures, finished_on, file
        row.submitted_by_id, row.submitted_at = actor.employment_id, at
        if not cause_found.strip() or not measures.strip():
            raise Refused(Refusal("A-9.3-s2", _("请写明原因分析和整改措施。")))
        if file is None or file.state != Document.State.ACCEPTED:
            raise Refused(Refusal("A-9.3-s2", _("请上传整改证据，并等文件检查完成。")))
        if finished_on is None or not row.withdrawal.trigger_on <= finished_on <= day_of(at):
            raise Refused(Refusal("A-9.3-s2", _("请填写整改完成日期：不早于情形出现那天，不晚于今天。")))
    return row


def review(row: Remediation, *, accept: bool, decision: str, actor: Actor, at: datetime) -> Remediation:
    """The regulator has accepted the remediation, or returned it with what is missing. Raises: Refused."""
    if not decision.strip():
        raise Refused(Refusal("decision", _("请写明审查意见。")))
    with (ACCEPT if accept else RETURN).applied_to(row, actor=actor, at=at, reason=decision[:300]) as row:
        row.decision, row.decided_by, row.decided_at = decision, actor.name, at
    return row


# What ends a pledge by itself, and the clauses in whose name.
CLAUSES = {reconsider: ("A-9.3-s1", "A-9.3-a", "A-9.3-c"), fall: ("A-9.3-s1", "A-9.3-a", "A-9.3-b")}
TITLES = {
    reconsider: gettext_lazy("出现撤诺情形时自动撤销"),
    fall: gettext_lazy("投诉查实或比对串通时自动撤销"),
    submit: gettext_lazy("整改材料齐全"),
}
