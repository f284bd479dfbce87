"""What of a pledge is watched until when, and what of it stands on the page of the day."""

from copy import deepcopy
from datetime import timedelta

import pytest
from django.urls import reverse

from commitments import ending
from commitments.models import Commitment, Hearing, Remediation
from institutions.models import RegisterCheck
from portal.duelists import watched
from portal.permissions import Role
from portal.tenancy import tenant
from tests import make
from tests.commitments import pledges
from tests.commitments.pages import NOW, TODAY, aged, enter, text


@pytest.fixture(scope="module")
def made(rows_of_module):
    return pledges.public(make.laboratory(), at=NOW)


@pytest.fixture
def w(db, made):
    """A laboratory with a pledge that became public today; the test runs inside its scope."""
    with tenant(made.institution.pk):
        yield deepcopy(made)


def due(name, days):
    return [one.due_on for one in watched(f"commitments.{name}", TODAY + timedelta(days))]


def today(client, w, who):
    return text(enter(client, who).get(reverse("institutions:today", args=[w.institution.slug])))


# --- due lists


def test_the_confirmation_is_due_on_the_last_day_of_its_year(w):
    assert due("confirmation", 60) == []
    aged(w, confirm_by=TODAY + timedelta(60))
    assert due("confirmation", 60) == [w.pledge.confirm_by]


def test_a_withdrawn_pledge_is_not_to_be_confirmed(w):
    aged(w, confirm_by=TODAY)
    pledges.withdrawn(w, at=NOW)
    assert due("confirmation", 60) == []


def test_a_hearing_is_due_until_it_is_answered(w):
    hearing = ending.notice(w.pledge, "事由", actor=pledges.regulator(w), at=NOW)
    assert due("hearing", 5) == [hearing.answer_by]
    ending.answer(hearing, "陈述", None, actor=w.keeper, at=NOW)
    assert due("hearing", 5) == []


def test_remediation_is_due_from_the_withdrawal_until_it_is_handed_in(w):
    pledges.withdrawn(w, at=NOW)
    assert due("remediation", 0) == [TODAY]
    row = ending.begin(w.withdrawal, actor=w.keeper, at=NOW)
    assert due("remediation", 0) == [TODAY]
    Remediation.objects.filter(pk=row.pk).update(state="submitted")
    assert due("remediation", 0) == []
    Remediation.objects.filter(pk=row.pk).update(state="returned")
    assert due("remediation", 0) == [TODAY]


def test_nothing_is_remedied_after_the_institution_took_its_pledge_back(w):
    ending.withdraw(w.pledge, "停止服务", actor=w.legal, at=NOW)
    assert due("remediation", 0) == []


def searched(w, day, **others):
    RegisterCheck.objects.filter(institution=w.institution, **others).update(checked_on=day)


def test_the_registers_are_to_be_searched_in_the_month_before_the_confirmation(w):
    aged(w, confirm_by=TODAY + timedelta(37))
    searched(w, TODAY - timedelta(300))
    assert due("searches", 7) == [TODAY + timedelta(7)]
    searched(w, TODAY)
    assert due("searches", 7) == [] and due("searches", 30) == [TODAY + timedelta(30)]


def test_the_older_of_the_two_searches_counts_before_signing(w):
    Commitment.objects.filter(pk=w.pledge.pk).update(state="checked")
    searched(w, TODAY)
    searched(w, TODAY - timedelta(25), source="penalties", key_person=None)
    assert due("searches", 7) == [TODAY + timedelta(5)]


def test_a_search_that_was_never_made_is_due_since_ever(w):
    Commitment.objects.filter(pk=w.pledge.pk).update(state="draft")
    RegisterCheck.objects.filter(institution=w.institution).update(state="withdrawn")
    assert [day.year for day in due("searches", 0)] == [1]


# --- the page of the day


def test_the_day_says_nothing_of_a_pledge_that_needs_nothing(client, w):
    assert "诚信承诺</h2>" not in today(client, w, w.keeper)


def test_the_day_counts_down_to_the_confirmation(client, w):
    aged(w, confirm_by=TODAY + timedelta(30))
    assert "剩 30 天" in today(client, w, w.keeper)
    aged(w, confirm_by=TODAY - timedelta(1))
    assert "承诺逾期未确认" in today(client, w, w.legal)


def test_the_day_shows_a_hearing_and_its_last_day(client, w):
    hearing = ending.notice(w.pledge, "事由", actor=pledges.regulator(w), at=NOW)
    assert f"请在 {hearing.answer_by} 前陈述" in today(client, w, w.keeper)
    Hearing.objects.update(state="answered")
    assert "主管部门拟撤销承诺" not in today(client, w, w.keeper)


@pytest.mark.parametrize(
    ("state", "keeper", "second", "legal"),
    [
        ("draft", "", "承诺书等您核对", ""),
        ("checked", "承诺书等待签署", "承诺书等待签署", "承诺书等您签署"),
        ("signed", "承诺书已签署，可以公开", "承诺书已签署，可以公开", ""),
    ],
)
def test_the_day_shows_the_next_step_to_whoever_takes_it(client, w, state, keeper, second, legal):
    Commitment.objects.filter(pk=w.pledge.pk).update(state=state)
    for who, sentence in ((w.keeper, keeper), (w.second_keeper, second), (w.legal, legal)):
        page = today(client, w, who)
        assert sentence in page and ("诚信承诺</h2>" in page) == bool(sentence)


def test_the_day_asks_for_remediation_until_it_is_handed_in(client, w):
    pledges.withdrawn(w, at=NOW)
    assert "请开始整改" in today(client, w, w.keeper)
    row = ending.begin(w.withdrawal, actor=w.keeper, at=NOW)
    assert "整改还没有提交" in today(client, w, w.keeper)
    Remediation.objects.filter(pk=row.pk).update(state="returned")
    assert "整改已退回" in today(client, w, w.keeper)
    Remediation.objects.filter(pk=row.pk).update(state="submitted")
    assert "诚信承诺</h2>" not in today(client, w, w.keeper)


def test_the_day_says_it_to_nobody_else(client, w):
    aged(w, confirm_by=TODAY)
    other = make.actor(w.institution, Role.OPERATOR)
    assert "诚信承诺</h2>" not in today(client, w, other)
