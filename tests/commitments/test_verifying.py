"""Whoever alters a pledge, its ledger or its public page past the verbs is found."""

from datetime import timedelta

import pytest

from commitments import ending, verifying, workflow
from commitments.models import Commitment, DirectoryEntry, Remediation
from institutions.models import KeyPerson
from portal import codes, invariants
from portal.ledger import leaves, verify
from portal.models import SmartCode
from tests import make
from tests.commitments import pledges

LATER = make.NOON + timedelta(days=3)


def found(w):
    pk = w.institution.pk
    return [*verifying.pledges_are_as_made(pk), *verifying.pages_say_what_is_on_record(pk)]


def page(w):
    return SmartCode.objects.get(token_digest=leaves.subject(w.pledge.token))


def forge(w, **card):
    code = page(w)
    SmartCode.objects.filter(pk=code.pk).update(card=code.card | card)


def test_an_honest_life_of_a_pledge_is_as_made(pledged):
    w = pledged
    assert found(w) == []
    workflow.confirm(w.pledge, actor=w.keeper, at=LATER)
    pledges.withdrawn(w, at=LATER)
    row = ending.begin(w.withdrawal, actor=w.keeper, at=LATER)
    values = {"cause_found": "原因", "measures": "措施", "finished_on": make.DAY + timedelta(3), "file": w.paper}
    row = ending.submit(row, **values, actor=w.keeper, at=LATER)
    ending.review(row, accept=True, decision="可以", actor=pledges.regulator(w), at=LATER)
    pledges.public(w, at=LATER)
    assert found(w) == []
    assert [str(one) for one in invariants.breaches()] == []


@pytest.mark.parametrize(
    "card",
    [
        {"state": "withdrawn"}, {"qualifications": []}, {"history": []}, {"successor": {"number": "1", "token": "A"}},
        {"institution": {"name": "别家"}},
    ],
)  # fmt: skip
def test_an_altered_page_is_found_and_marked(pledged, card):
    forge(pledged, **card)
    (problem,) = found(pledged)
    assert "被改动过" in str(problem) and problem.code_digest == page(pledged).token_digest
    verify.mark([problem], LATER)
    assert codes.state_on(codes.find(pledged.pledge.token), make.DAY) == "anomaly"


def test_a_longer_validity_on_the_page_is_found(pledged):
    forge(pledged, pledge=page(pledged).card["pledge"] | {"holds_until": "2099-12-31"})
    assert len(found(pledged)) == 1


def test_a_page_without_a_pledge_is_found(pledged):
    card = page(pledged).card
    codes.publish_all(pledged.institution.pk, SmartCode.Kind.UNIT, {"F" * 26: card}, at=make.NOON)
    assert ["没有承诺书" in str(problem) for problem in found(pledged)] == [True]


def test_a_pledge_whose_page_is_gone_is_found(pledged):
    codes.unpublish(pledged.institution.pk, pledged.pledge.token, at=LATER)
    assert any("没有公开页面" in str(problem) for problem in found(pledged))


def test_a_withdrawal_undone_by_hand_is_found(pledged):
    w = pledges.withdrawn(pledged)
    Commitment.objects.filter(pk=w.pledge.pk).update(state="public", withdrawn_at=None)
    assert any("状态与撤销记录不符" in str(problem) for problem in found(w))


def test_a_leaf_that_does_not_belong_there_is_found(pledged):
    leaves.append("pledge.published", pledged.pledge)
    assert any("账本里的叶" in str(problem) for problem in found(pledged))


def check_it_oneself(w):
    Commitment.objects.update(checked_by=w.pledge.made_by_id)


def let_somebody_else_have_signed(w):
    KeyPerson.objects.filter(pk=w.representative.pk).update(role="director")


def withdraw_without_a_word(w):
    Commitment.objects.update(state="withdrawn", withdrawn_at=LATER)


def pledge_again_without_remediation(w):
    pledges.withdrawn(w)
    Remediation.objects.create(institution=w.institution, withdrawal=w.withdrawal, state="accepted", decided_at=LATER)
    pledges.public(w, at=LATER)
    Remediation.objects.update(state="returned")


def say_otherwise_in_the_directory(w):
    DirectoryEntry.objects.update(pledge="withdrawn")


@pytest.mark.parametrize(
    ("spoil", "rule"),
    [
        (check_it_oneself, "drawn up and checked by two people"),
        (let_somebody_else_have_signed, "signed by its legal representative"),
        (withdraw_without_a_word, "says once why"),
        (pledge_again_without_remediation, "only an accepted remediation"),
        (say_otherwise_in_the_directory, "the directory says"),
        (lambda w: forge(w, state="withdrawn"), "ledger and public page"),
    ],
)
def test_every_invariant_names_what_breaks_it(pledged, spoil, rule):
    spoil(pledged)
    assert any(rule in breach.rule for breach in invariants.breaches())
