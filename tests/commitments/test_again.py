"""The way back to a pledge: what is asked of whoever has had one withdrawn, and of whoever would take it back while charged."""

import pytest

from commitments import ending, workflow
from commitments.models import CommitmentWithdrawal
from portal.tenancy import tenant
from portal.transitions import Refused
from tests import make
from tests.commitments import pledges
from tests.commitments.spoils import at, day

Cause = CommitmentWithdrawal.Cause


@pytest.fixture
def w(laboratory):
    pledges.public(laboratory)
    with tenant(laboratory.institution.pk):
        yield laboratory


def charged(w, number=1):
    """The regulator has said that it means to withdraw the pledge."""
    return ending.notice(w.pledge, "拟撤销", actor=pledges.regulator(w), at=at(number))


def taken_back(w, number=2):
    return ending.withdraw(make.fresh(w.pledge), "不再承诺", actor=w.legal, at=at(number))


def decided(w, hearing, number=7, *, uphold=True):
    return ending.decide(hearing, uphold=uphold, decision="决定", actor=pledges.regulator(w), at=at(number))


def remedied(w, withdrawal, number):
    row = ending.begin(withdrawal, actor=w.keeper, at=at(number))
    row = ending.submit(
        row, cause_found="原因", measures="措施", finished_on=day(number), file=w.paper, actor=w.keeper, at=at(number)
    )
    return ending.review(row, accept=True, decision="认可", actor=pledges.regulator(w), at=at(number))


def drafted(w, number):
    return workflow.draft(w.institution, actor=w.keeper, at=at(number))


def refusals(w, number):
    with pytest.raises(Refused) as caught:
        drafted(w, number)
    return [(refusal.clause, refusal.text) for refusal in caught.value.refusals]


def test_whoever_takes_it_back_of_its_own_accord_may_pledge_again(w):
    taken_back(w)
    assert drafted(w, 3).state == "draft"


def test_nobody_takes_back_what_is_charged(w):
    hearing = charged(w)
    with pytest.raises(Refused, match="决定之前不能自行撤销"):
        taken_back(w)
    decided(w, hearing, uphold=False)
    assert taken_back(w, 8).cause == Cause.VOLUNTARY


def test_what_fell_in_the_meantime_is_decided_all_the_same_and_keeps_its_cause(w):
    hearing = charged(w)
    fallen = ending.fall(w.institution, Cause.COMPLAINT, "投诉查证属实", None, on=day(2), at=at(2))
    assert decided(w, hearing).state == "upheld"
    assert make.fresh(w.pledge).withdrawal == fallen


def test_after_a_fall_the_way_back_leads_over_remediation(w):
    withdrawal = ending.fall(w.institution, Cause.COMPLAINT, "投诉查证属实", None, on=day(2), at=at(2))
    ((clause, text),) = refusals(w, 8)
    assert clause == "A-9.3-s2" and "整改" in text
    remedied(w, withdrawal, 9)
    assert drafted(w, 10).state == "draft"


def test_a_pledge_that_says_what_is_no_longer_so_is_not_confirmed_but_made_anew(w):
    type(w.representative).objects.filter(pk=w.representative.pk).update(name="周立新")
    pledges.searched(w, day(20))
    with pytest.raises(Refused, match="法定代表人与机构登记的不一致"):
        workflow.confirm(w.pledge, actor=w.keeper, at=at(21))


def test_what_is_not_public_any_more_is_charged_with_nothing(w):
    taken_back(w)
    with pytest.raises(Refused, match="只有公开的承诺书"):
        charged(w, 3)


def test_what_the_regulator_withdraws_is_withdrawn_by_it(w):
    decided(w, charged(w))
    assert make.fresh(w.pledge).withdrawal.cause == Cause.REGULATOR


def test_after_a_withdrawal_no_draft_before_the_conditions_hold_again(w):
    taken_back(w)
    type(w.licence).objects.filter(pk=w.licence.pk).update(valid_until=day(2))
    assert [clause for clause, _text in refusals(w, 3)] == ["A-9.3-s2"]


def test_a_first_draft_may_be_made_before_they_hold(laboratory):
    w = pledges.furnished(laboratory, valid_until=day(-1))
    with tenant(w.institution.pk):
        assert drafted(w, 0).state == "draft"
