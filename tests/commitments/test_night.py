"""The night: what the calendar has ended is written down, for exactly those whom the day changes."""

from datetime import date, datetime, timedelta

import pytest

from commitments import following, night, tasks
from commitments.models import CommitmentWithdrawal, DirectoryEntry, DirectoryLine
from institutions.models import Institution, Qualification
from portal import codes
from portal.clock import CHINA
from portal.models import JobRun
from portal.tenancy import scope, tenant
from portal.vitals import NIGHTLY
from tests import make
from tests.commitments import pledges

LAST = date(2026, 12, 31)
MIDNIGHT = datetime(2027, 1, 1, 0, 1, tzinfo=CHINA)


@pytest.fixture
def ending_with_the_year(pledged, monkeypatch):
    """A public pledge whose licence ends on 31 December 2026."""
    pledges.now(monkeypatch, make.NOON)
    pledged.licence.valid_until = LAST
    pledged.licence.save()
    return pledged


def turned(day):
    """Whom the night looks at, seen without any institution's scope."""
    with scope():
        return sorted({*night.fallen(day), *night.outdated(day)}, key=lambda entry: entry.slug)


def test_before_midnight_nobody_is_looked_at(ending_with_the_year):
    assert turned(LAST) == []


def test_after_midnight_exactly_who_has_lost_a_condition_is(ending_with_the_year):
    make.institution("other")
    assert [entry.slug for entry in turned(LAST + timedelta(1))] == ["pledged"]


def test_the_page_said_so_before_the_job_had_run(ending_with_the_year):
    card = codes.find(ending_with_the_year.pledge.token)
    assert (codes.state_on(card, LAST), codes.state_on(card, LAST + timedelta(1))) == ("public", "lapsed")


def test_the_night_writes_it_down_once(ending_with_the_year):
    assert "1 家" in night.run(MIDNIGHT) and "0 家" in night.run(MIDNIGHT + timedelta(hours=1))
    found = CommitmentWithdrawal.objects.get()
    assert (found.cause, found.trigger_on, found.decided_by) == ("licence", LAST + timedelta(1), "system:pledge")
    assert codes.find(ending_with_the_year.pledge.token)["state"] == "withdrawn"


def test_a_night_that_was_left_out_is_made_up_for(ending_with_the_year):
    night.run(MIDNIGHT + timedelta(days=9))
    found = CommitmentWithdrawal.objects.get()
    assert found.trigger_on == LAST + timedelta(1) and found.withdrawn_at == MIDNIGHT + timedelta(days=9)


def test_an_overdue_confirmation_alone_ends_nothing(pledged):
    night.run(make.NOON + timedelta(days=400))
    assert not CommitmentWithdrawal.objects.exists()


def test_lines_that_have_ended_are_no_longer_counted(ready, monkeypatch):
    pledges.now(monkeypatch, make.NOON)
    ready.scope.valid_until = LAST
    ready.scope.save()
    with tenant(ready.institution.pk):
        assert DirectoryEntry.objects.get(institution=ready.institution).lines == 1
        night.run(MIDNIGHT)
        assert DirectoryEntry.objects.get(institution=ready.institution).lines == 0
    assert turned(LAST + timedelta(1)) == [] and DirectoryLine.objects.filter(line=ready.scope.pk).exists()


def test_who_is_older_than_the_directory_is_entered(db):
    Institution.objects.bulk_create([
        Institution(slug="eldest", name="老所", short_code="OLD", credit_code="9" * 18, region_code="440300", address="x")
    ])  # fmt: skip
    assert [lab.slug for lab in night.unlisted()] == ["eldest"]
    night.run(make.NOON)
    assert DirectoryEntry.objects.filter(slug="eldest", region_code="440300").exists()
    assert not night.unlisted().exists()


def test_one_that_fails_does_not_keep_the_others_waiting(ending_with_the_year, monkeypatch):
    other = pledges.public(make.laboratory("zeta"))
    with tenant(other.institution.pk):
        Qualification.objects.filter(pk=other.licence.pk).update(valid_until=LAST)
        following.follow(other.institution.pk, at=make.NOON)
    follow = following.follow

    def stumble(institution_id, **kwargs):
        if institution_id == ending_with_the_year.institution.pk:
            raise RuntimeError("broken")
        follow(institution_id, **kwargs)

    monkeypatch.setattr(following, "follow", stumble)
    with pytest.raises(night.NightFailed, match="pledged"):
        night.run(MIDNIGHT)
    with tenant(other.institution.pk):
        assert CommitmentWithdrawal.objects.filter(commitment=other.pledge).exists()


def test_the_job_is_known_to_the_vitals(db):
    tasks.reconsider_pledges()
    assert JobRun.objects.get(name="reconsider_pledges").ok and "reconsider_pledges" in NIGHTLY
