"""The first day on which a condition of a pledge breaks, as today's records tell: dates, midnight, and what authorities decide."""

from datetime import UTC, date, datetime, timedelta

import pytest

from commitments import ending, holding
from commitments.models import Commitment, CommitmentWithdrawal
from institutions.models import LegalStatus, Qualification, Violation
from portal import codes
from tests import make
from tests.commitments import pledges

DAY, NOON = make.DAY, make.NOON
Cause = CommitmentWithdrawal.Cause
SINCE = DAY
LICENCE = Qualification.Kind.BUSINESS_LICENCE


def until(w, day=DAY):
    return holding.last_good_day(holding.first_break(w.institution, day, SINCE))


def broken(w, day):
    """Causes of what is broken on the day."""
    return {one.cause for one in holding.breaks(w.institution, day, SINCE) if one.day <= day}


def change(row, **values):
    """As its register would, but without what follows at once."""
    type(row).objects.filter(pk=row.pk).update(**values)


def violation(w, **values):
    """A penalty that concerns integrity and was final at once."""
    values = {
        "kind": "penalty", "issuer": "市场监管局（示）", "number": "罚 1", "summary": "出具虚假数据", "decided_on": DAY,
        "final_on": DAY, "integrity_related": True, **values,
    }  # fmt: skip
    rows = Violation.objects.bulk_create([Violation(institution=w.institution, **values)])
    return rows[0]


# --- papers


@pytest.mark.parametrize(
    ("last", "first_broken"),
    [
        (date(2028, 2, 28), date(2028, 2, 29)),
        (date(2028, 2, 29), date(2028, 3, 1)),
        (date(2027, 2, 28), date(2027, 3, 1)),
        (date(2026, 12, 31), date(2027, 1, 1)),
    ],
)
def test_a_licence_holds_through_its_last_day(ready, last, first_broken):
    change(ready.licence, valid_until=last)
    change(ready.qualification, valid_until=None)
    assert until(ready) == last
    assert broken(ready, last) == set() and broken(ready, first_broken) == {Cause.LICENCE}


def test_a_renewal_that_begins_on_the_next_day_leaves_no_gap(ready):
    change(ready.licence, valid_until=date(2026, 12, 31))
    make.qualification(ready.institution, valid_from=date(2027, 1, 1), replaces=ready.licence)
    assert broken(ready, date(2027, 1, 1)) == set()
    assert until(ready) == date(2028, 12, 31)  # the authorisation's end


def test_a_renewal_that_begins_a_day_late_leaves_a_gap(ready):
    change(ready.licence, valid_until=date(2026, 12, 31))
    make.qualification(ready.institution, valid_from=date(2027, 1, 2))
    assert until(ready) == date(2026, 12, 31) and broken(ready, date(2027, 1, 1)) == {Cause.LICENCE}


def test_a_paper_that_waits_to_be_confirmed_covers_nothing(ready):
    change(ready.licence, valid_until=date(2026, 12, 31))
    make.qualification(ready.institution, valid_from=date(2027, 1, 1), state=Qualification.State.PENDING)
    assert until(ready) == date(2026, 12, 31)


def test_one_of_several_qualifications_for_calibration_is_enough(ready):
    change(ready.qualification, valid_until=date(2026, 6, 30))
    make.qualification(ready.institution, kind="cnas_accreditation", valid_until=date(2027, 6, 30))
    assert until(ready) == date(2027, 6, 30)
    assert broken(ready, date(2027, 7, 1)) == {Cause.QUALIFICATION}


def test_a_qualification_that_was_suspended_breaks_from_that_day_on(ready):
    stop = date(2026, 5, 1)
    change(ready.qualification, stops=[(stop, None)], state=Qualification.State.SUSPENDED)
    ready.qualification.refresh_from_db()
    assert until(ready) == stop - timedelta(1) and broken(ready, stop) == {Cause.QUALIFICATION}


def test_without_any_licence_the_first_day_is_broken(ready):
    change(ready.licence, state="withdrawn")
    assert until(ready) == DAY - timedelta(1)


# --- operating


@pytest.mark.parametrize("status", ["suspended", "closed", "revoked"])
def test_who_closes_on_a_day_holds_until_the_day_before(ready, status):
    since = date(2026, 4, 1)
    LegalStatus.objects.bulk_create([
        LegalStatus(institution=ready.institution, since=since, legal_form="legal_person", business_status=status)
    ])  # fmt: skip
    assert until(ready) == since - timedelta(1) and broken(ready, since) == {Cause.CLOSURE}


def test_who_has_opened_again_holds_again(ready):
    for since, status in ((date(2026, 3, 1), "suspended"), (date(2026, 3, 9), "operating")):
        make.legal_status(ready.institution, since=since, business_status=status)
    assert broken(ready, DAY) == set()


# --- what authorities decide


def test_a_penalty_recorded_appealed_and_revoked(ready):
    row = violation(ready, final_on=None)
    assert broken(ready, DAY) == set()  # the time to appeal runs
    change(row, final_on=DAY + timedelta(60))
    assert until(ready) == DAY + timedelta(59) and broken(ready, DAY + timedelta(60)) == {Cause.VIOLATION}
    change(row, final_on=None)  # a court has the case
    assert broken(ready, DAY + timedelta(60)) == set()
    change(row, final_on=DAY + timedelta(60), revoked_on=DAY + timedelta(60))
    assert broken(ready, DAY + timedelta(60)) == set()


def test_a_penalty_revoked_later_breaks_until_then(ready):
    violation(ready, revoked_on=DAY + timedelta(10))
    assert broken(ready, DAY + timedelta(9)) == {Cause.VIOLATION} and broken(ready, DAY + timedelta(10)) == set()


def test_a_penalty_that_has_nothing_to_do_with_integrity_breaks_nothing(ready):
    violation(ready, integrity_related=False)
    assert broken(ready, DAY) == set()


def test_an_old_penalty_that_was_known_when_the_pledge_was_made_breaks_nothing(ready):
    long_ago = DAY - timedelta(4 * 366)
    violation(ready, metrology=True, decided_on=long_ago, final_on=long_ago)
    assert broken(ready, DAY) == set()


@pytest.mark.parametrize(
    "facts",
    [{"metrology": True}, {"serious": True}, {"kind": "dishonesty_listing"}],
    ids=["penalty over metrology", "serious", "listed"],
)
def test_what_was_kept_back_when_the_pledge_was_made_breaks_it_once_it_is_written_down(ready, facts):
    before = {"decided_on": DAY - timedelta(30), "final_on": DAY - timedelta(20), "integrity_related": False, **facts}
    row = violation(ready, **before)
    (found,) = [one for one in holding.breaks(ready.institution, DAY, SINCE) if one.day <= DAY]
    assert (
        found.row == row
        and "公开承诺时没有登记" in found.text
        and found.arose == (row.decided_on if "kind" in facts else row.final_on)
    )


def test_what_was_written_down_before_the_pledge_breaks_nothing_afterwards(ready):
    row = violation(ready, decided_on=DAY - timedelta(30), final_on=DAY - timedelta(20))
    Violation.objects.filter(pk=row.pk).update(recorded_at=NOON - timedelta(days=2))
    assert broken(ready, DAY) == set()


def test_of_several_causes_on_one_day_the_violation_is_named(ready):
    violation(ready)
    change(ready.licence, valid_until=DAY - timedelta(1))
    assert holding.first_break(ready.institution, DAY, SINCE).cause == Cause.VIOLATION


# --- midnight in Shanghai is 16:00 UTC

LAST_MINUTE = datetime(2026, 12, 31, 15, 59, tzinfo=UTC)
FIRST_MINUTE = LAST_MINUTE + timedelta(minutes=1)


@pytest.fixture
def ending_with_the_year(pledged):
    """A public pledge whose licence ends on 31 December 2026, with its card written at noon of the day it was made."""
    change(pledged.licence, valid_until=date(2026, 12, 31))
    return pledged


def test_in_the_last_minute_of_its_licence_the_pledge_stands(ending_with_the_year):
    assert ending.reconsider(ending_with_the_year.institution, at=LAST_MINUTE) is None


def test_in_the_first_minute_of_the_next_day_it_falls(ending_with_the_year):
    w = ending_with_the_year
    fallen = ending.reconsider(w.institution, at=FIRST_MINUTE)
    assert (fallen.cause, fallen.trigger_on, fallen.withdrawn_at) == (Cause.LICENCE, date(2027, 1, 1), FIRST_MINUTE)
    assert make.fresh(w.pledge).state == Commitment.State.WITHDRAWN


def test_a_licence_renewed_in_the_last_minute_keeps_the_pledge(ending_with_the_year, monkeypatch):
    w = ending_with_the_year
    pledges.now(monkeypatch, LAST_MINUTE)
    make.qualification(w.institution, valid_from=date(2027, 1, 1))
    assert ending.reconsider(w.institution, at=FIRST_MINUTE) is None
    assert codes.state_on(codes.find(w.pledge.token), date(2027, 1, 1)) == "public"


def test_a_licence_renewed_in_the_first_minute_comes_too_late(ending_with_the_year, monkeypatch):
    w = ending_with_the_year
    pledges.now(monkeypatch, FIRST_MINUTE)
    make.qualification(w.institution, valid_from=date(2027, 1, 2))
    assert make.fresh(w.pledge).state == Commitment.State.WITHDRAWN


def test_a_renewal_dated_back_to_the_same_day_leaves_no_gap_when_nobody_was_told_otherwise(
    ending_with_the_year, monkeypatch
):
    w = ending_with_the_year
    pledges.now(monkeypatch, FIRST_MINUTE)
    make.qualification(w.institution, valid_from=date(2027, 1, 1))
    assert make.fresh(w.pledge).state == Commitment.State.PUBLIC
