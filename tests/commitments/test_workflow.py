"""Every verb in every state: which lead on, which are refused; and who may use them."""

import contextlib
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied

from commitments import ending, workflow
from commitments.models import Commitment, CommitmentWithdrawal, Hearing, Remediation
from institutions.models import KeyPerson, Qualification
from portal.models import AuditEntry
from portal.tenancy import tenant
from portal.transitions import Refused
from tests import make
from tests.commitments import pledges

NOON, DAY = make.NOON, make.DAY
LATER = NOON + timedelta(days=1)
S, H, R = Commitment.State, Hearing.State, Remediation.State

# state of the pledge -> the verbs that lead on, each with the state to which it leads
PLEDGE = {
    S.DRAFT: {"check": S.CHECKED, "drop": S.DROPPED},
    S.CHECKED: {"sign": S.SIGNED, "sign_on_paper": S.SIGNED, "drop": S.DROPPED},
    S.SIGNED: {"publish": S.PUBLIC, "drop": S.DROPPED},
    S.PUBLIC: {
        "confirm": S.PUBLIC, "withdraw": S.WITHDRAWN, "fall": S.WITHDRAWN, "notice": S.PUBLIC, "decide": S.WITHDRAWN,
    },
    S.WITHDRAWN: {"begin": S.WITHDRAWN, "fall": S.WITHDRAWN, "reconsider": S.WITHDRAWN, "decide": S.WITHDRAWN},
    S.DROPPED: {},
}  # fmt: skip
VERBS = ("check", "sign", "sign_on_paper", "publish", "confirm", "drop", "withdraw", "notice")
# These never refuse: where nothing is public they do nothing.
SYSTEM = ("fall", "reconsider")
# These are about a pledge that was public: of others there is neither a hearing nor a withdrawal.
AFTERWARDS = {S.PUBLIC: ("decide",), S.WITHDRAWN: ("decide", "begin")}


def bring(w, state):
    """The laboratory's pledge is in the state."""
    if state == S.DROPPED:
        pledges.draft(w)
        w.pledge = workflow.drop(w.pledge, "写错了", actor=w.keeper, at=NOON)
    elif state == S.WITHDRAWN:
        pledges.withdrawn(w, at=NOON)
    else:
        {S.DRAFT: pledges.draft, S.CHECKED: pledges.checked, S.SIGNED: pledges.signed, S.PUBLIC: pledges.public}[state](
            w
        )
    return w


def act(w, verb, at=LATER):
    """The verb on the laboratory's pledge, by whoever may."""
    row = w.pledge
    if verb == "check":
        return workflow.check(row, actor=w.second_keeper, at=at)
    if verb == "sign":
        make.prove(w.legal, "commitment.sign", row, workflow.digest(row))
        return workflow.sign(row, actor=w.legal, at=at)
    if verb == "sign_on_paper":
        return workflow.sign_on_paper(row, w.scan, DAY, actor=w.keeper, at=at)
    if verb == "publish":
        return workflow.publish(row, actor=w.keeper, at=at)
    if verb == "confirm":
        return workflow.confirm(row, actor=w.keeper, at=at)
    if verb == "drop":
        return workflow.drop(row, "写错了", actor=w.keeper, at=at)
    if verb == "withdraw":
        return ending.withdraw(row, "机构搬迁", actor=w.legal, at=at)
    if verb == "fall":
        return ending.fall(w.institution, "complaint", "投诉查证属实", None, on=DAY, at=at)
    if verb == "reconsider":
        return ending.reconsider(w.institution, at=at)
    if verb == "notice":
        return ending.notice(row, "监督检查发现问题", actor=pledges.regulator(w), at=at)
    if verb == "decide":
        hearing = Hearing.objects.create(institution=w.institution, commitment=row, reason="x", answer_by=DAY)
        return ending.decide(hearing, uphold=True, decision="属实", actor=pledges.regulator(w), at=at)
    return ending.begin(w.withdrawal, actor=w.keeper, at=at)


@pytest.mark.parametrize("state", PLEDGE)
def test_in_each_state_exactly_its_verbs_lead_on(ready, state):
    bring(ready, state)
    before = ready.pledge
    for verb in (*VERBS, *SYSTEM, *AFTERWARDS.get(state, ())):
        ready.pledge, led = before, None
        with contextlib.suppress(Refused), pledges.taken_back():
            act(ready, verb)
            led = make.fresh(ready.pledge).state
        assert led == (PLEDGE[state].get(verb) or (state if verb in SYSTEM else None)), (state, verb)


HEARING = {
    H.NOTICED: {"answer": H.ANSWERED, "uphold": H.UPHELD, "dismiss": H.DROPPED},
    H.ANSWERED: {"uphold": H.UPHELD, "dismiss": H.DROPPED},
    H.UPHELD: {},
    H.DROPPED: {},
}
REMEDIATION = {
    R.DRAFT: {"fill": R.DRAFT, "submit": R.SUBMITTED},
    R.SUBMITTED: {"accept": R.ACCEPTED, "return": R.RETURNED},
    R.RETURNED: {"fill": R.RETURNED, "submit": R.SUBMITTED},
    R.ACCEPTED: {},
}


def hear(w, row, verb, at):
    if verb == "answer":
        return ending.answer(row, "不属实", None, actor=w.keeper, at=at)
    return ending.decide(row, uphold=verb == "uphold", decision="理由", actor=pledges.regulator(w), at=at)


def remedy(w, row, verb, at=LATER + timedelta(days=1), **values):
    if verb == "fill":
        return ending.fill(row, cause_found="原因", measures="", finished_on=None, file=None, actor=w.keeper, at=at)
    if verb == "submit":
        values = {
            "cause_found": "原因",
            "measures": "措施",
            "finished_on": DAY + timedelta(1),
            "file": w.paper,
            **values,
        }
        return ending.submit(row, **values, actor=w.keeper, at=at)
    return ending.review(row, accept=verb == "accept", decision="意见", actor=pledges.regulator(w), at=at)


@pytest.mark.parametrize("state", HEARING)
def test_a_hearing_goes_from_notice_to_decision(pledged, state):
    w = pledged
    row = Hearing.objects.create(institution=w.institution, commitment=w.pledge, state=state, reason="x", answer_by=DAY)
    for verb in ("answer", "uphold", "dismiss"):
        led = None
        with contextlib.suppress(Refused), pledges.taken_back():
            led = hear(w, row, verb, LATER).state
        assert led == HEARING[state].get(verb), verb


@pytest.mark.parametrize("state", REMEDIATION)
def test_a_remediation_goes_from_draft_to_acceptance(pledged, state):
    w = pledges.withdrawn(pledged)
    row = Remediation.objects.create(institution=w.institution, withdrawal=w.withdrawal, state=state)
    for verb in ("fill", "submit", "accept", "return"):
        led = None
        with contextlib.suppress(Refused), pledges.taken_back():
            led = remedy(w, row, verb).state
        assert led == REMEDIATION[state].get(verb), verb


# --- who may


@pytest.mark.parametrize(
    ("state", "verb", "by"),
    [
        (S.DRAFT, "check", "operator"), (S.CHECKED, "sign", "keeper"), (S.CHECKED, "sign_on_paper", "operator"),
        (S.SIGNED, "publish", "legal"), (S.PUBLIC, "confirm", "operator"), (S.PUBLIC, "withdraw", "keeper"),
        (S.DRAFT, "drop", "operator"),
    ],
)  # fmt: skip
def test_nobody_without_the_right_does_it(ready, state, verb, by):
    w = ready
    bring(w, state)
    w.keeper = w.second_keeper = w.legal = getattr(w, by)
    with pytest.raises(PermissionDenied):
        act(w, verb)


def test_a_member_of_the_institution_decides_no_hearing(pledged):
    w = pledged
    hearing = ending.notice(w.pledge, "问题", actor=pledges.regulator(w), at=NOON)
    with pytest.raises(PermissionDenied):
        ending.decide(hearing, uphold=False, decision="好", actor=w.keeper, at=LATER)


def test_a_regulator_of_another_region_withdraws_nothing(pledged):
    w = pledged
    stranger = make.regulator("1101")
    with pytest.raises(PermissionDenied):
        ending.notice(w.pledge, "问题", actor=pledges.regulator(w, user=stranger), at=NOON)


def test_the_portal_itself_may_only_let_a_pledge_fall():
    assert ending.PORTAL.permissions == {"pledge:fall"} and ending.PORTAL.user_id is None


# --- what the verbs ask for


def test_who_drew_up_the_draft_does_not_check_it(ready):
    w = pledges.draft(ready)
    with pytest.raises(Refused, match="起草人不能核对"):
        workflow.check(w.pledge, actor=w.keeper, at=NOON)


def test_facts_that_have_changed_since_the_draft_are_not_checked(ready):
    w = pledges.draft(ready)
    w.institution.address = "新路 1 号"
    w.institution.save()
    with pytest.raises(Refused, match="地址与机构登记的不一致"):
        workflow.check(make.fresh(w.pledge), actor=w.second_keeper, at=NOON)


def test_signing_on_the_screen_takes_a_proof_of_the_person(ready):
    w = pledges.checked(ready)
    with pytest.raises(Refused, match="动态验证码"):
        workflow.sign(w.pledge, actor=w.legal, at=NOON)


def test_a_proof_for_other_facts_signs_nothing(ready):
    w = pledges.checked(ready)
    make.prove(w.legal, "commitment.sign", w.pledge, workflow.digest(w.pledge))
    Commitment.objects.update(facts=w.pledge.facts | {"phone": "0990-1"})
    with pytest.raises(Refused, match="动态验证码"):
        workflow.sign(w.pledge, actor=w.legal, at=NOON)


def test_who_was_legal_representative_yesterday_has_signed_nothing(ready):
    w = pledges.checked(ready)
    other = make.employment(w.institution, w.representative.name)  # of the same name, so that the facts still agree
    KeyPerson.objects.filter(pk=w.representative.pk).update(valid_until=DAY - timedelta(1))
    w.representative = pledges.key_person(w, "legal_representative", other, valid_from=DAY)
    pledges.searched(w, DAY)
    make.prove(w.legal, "commitment.sign", w.pledge, workflow.digest(w.pledge))
    with pytest.raises(Refused, match="本人登录办理"):
        workflow.sign(w.pledge, actor=w.legal, at=NOON)


def test_a_paper_signed_before_the_facts_were_checked_is_refused(ready):
    w = pledges.checked(ready)
    with pytest.raises(Refused, match="签署日期早于核对日期"):
        workflow.sign_on_paper(w.pledge, w.scan, DAY - timedelta(1), actor=w.keeper, at=NOON)


def test_a_signed_paper_whose_scan_was_refused_is_not_published(ready):
    w = pledges.checked(ready)
    w.pledge = workflow.sign_on_paper(w.pledge, w.scan, DAY, actor=w.keeper, at=NOON)
    type(w.scan).objects.filter(pk=w.scan.pk).update(state="refused")
    with pytest.raises(Refused, match="签章扫描件被拒收"):
        workflow.publish(w.pledge, actor=w.keeper, at=NOON)


def test_an_expired_licence_keeps_a_signed_pledge_from_being_published(ready):
    w = pledges.signed(ready)
    Qualification.objects.filter(pk=w.licence.pk).update(valid_until=DAY - timedelta(1))
    with pytest.raises(Refused) as refused:
        workflow.publish(w.pledge, actor=w.keeper, at=NOON)
    assert {"A-4.1.1", "A-9.3-s1"} <= {refusal.clause for refusal in refused.value.refusals}


def test_searches_older_than_thirty_days_keep_it_from_being_signed(ready):
    w = pledges.checked(ready)
    at = NOON + timedelta(days=30)
    with pytest.raises(Refused, match="30 天内没有查过"):
        make.prove(w.legal, "commitment.sign", w.pledge, workflow.digest(w.pledge))
        workflow.sign(w.pledge, actor=w.legal, at=at)


def test_a_new_pledge_after_a_fall_waits_for_an_accepted_remediation(pledged):
    w = pledges.withdrawn(pledged)
    with pytest.raises(Refused, match="整改还没有经主管部门认可"):
        workflow.draft(w.institution, actor=w.keeper, at=LATER)
    row = remedy(w, ending.begin(w.withdrawal, actor=w.keeper, at=LATER), "submit")
    remedy(w, row, "accept")
    assert workflow.draft(w.institution, actor=w.keeper, at=LATER + timedelta(days=2)).state == S.DRAFT


def test_who_took_its_pledge_back_by_itself_may_make_another(pledged):
    w = pledged
    act(w, "withdraw")
    assert workflow.draft(w.institution, actor=w.keeper, at=LATER).state == S.DRAFT


def test_a_hearing_is_not_decided_before_the_institution_could_answer(pledged):
    w = pledged
    hearing = ending.notice(w.pledge, "问题", actor=pledges.regulator(w), at=NOON)
    with pytest.raises(Refused, match="陈述期限未满"):
        hear(w, hearing, "uphold", NOON + ending.ANSWER_WITHIN)
    hear(w, hearing, "uphold", NOON + ending.ANSWER_WITHIN + timedelta(days=1))
    assert CommitmentWithdrawal.objects.get().cause == "regulator"


def test_a_scan_known_at_another_institution_is_refused_in_a_sentence(ready):
    w = pledges.checked(ready)
    other = pledges.checked(pledges.furnished(make.laboratory("beta")))
    with tenant(other.institution.pk):
        workflow.sign_on_paper(other.pledge, other.scan, DAY, actor=other.keeper, at=NOON)
    with pytest.raises(Refused) as refused:
        workflow.sign_on_paper(w.pledge, w.scan, DAY, actor=w.keeper, at=NOON)
    assert make.fresh(w.pledge).state == S.CHECKED
    assert AuditEntry.objects.filter(verb="commitment.sign_on_paper", succeeded=False).count() == 1
    assert "已经用在另一份承诺书上" in str(refused.value) and "beta" not in str(refused.value)


def test_a_year_after_the_last_day_of_february_is_the_28th():
    assert workflow.a_year_later(DAY.replace(2028, 2, 29)) == DAY.replace(2029, 2, 28)
    assert workflow.a_year_later(DAY.replace(2027, 2, 28)) == DAY.replace(2028, 2, 28)
    assert workflow.a_year_later(DAY.replace(2026, 12, 31)) == DAY.replace(2027, 12, 31)
