"""What of the people is told of before it ends, and what is not told of any more."""

from datetime import date

import pytest
from django.utils import timezone

from institutions.models import Authorisation, Credential, ProtectiveIssue, TrainingAttendance
from portal.duelists import RULES, watched
from portal.tenancy import tenant
from tests import make

A = Authorisation.Role
UNTIL = date(2026, 12, 31)


@pytest.fixture
def lab(db):
    with tenant(make.institution().pk):
        yield make.institution()


@pytest.fixture
def person(lab):
    return make.employment(lab, "沈若川", birth_date=date(1961, 6, 30))


def told(rule, until=UNTIL):
    return [(one.due_on, one.subject) for one in watched(f"institutions.{rule}", until)]


def test_a_credential_that_ends_is_told_of_until_it_is_renewed_or_its_holder_has_left(lab, person):
    row = make.credential(lab, person, valid_until=date(2026, 5, 1))
    assert told("credential") == [(date(2026, 5, 1), "资格证书到期：沈若川 注册计量师")]
    make.credential(lab, person, valid_from=date(2026, 4, 1))
    assert told("credential") == []
    Credential.objects.exclude(pk=row.pk).update(state="withdrawn")
    assert len(told("credential")) == 1
    type(person).objects.update(ended_on=date(2026, 4, 1))
    assert told("credential") == []


def test_an_operator_who_comes_of_age_is_told_of_half_a_year_ahead_and_nobody_else(lab, person):
    assert told("age") == [] and max(RULES["institutions.age"].thresholds) == 180
    make.authorisation(lab, person, A.CHECKER)
    assert told("age") == []
    make.authorisation(lab, person, A.VERIFIER)
    assert told("age") == [(date(2026, 6, 30), "年龄上限：沈若川 此后不得检定、校准")]


def test_what_is_suspended_is_told_of_with_the_reason_and_what_waits_to_whom_it_waits_for(lab, person):
    row = make.authorisation(
        lab, person, A.CHECKER, state="suspended", suspended_on=date(2026, 3, 6), suspended_because="证书到期。"
    )
    make.authorisation(lab, person, A.CALIBRATOR, state="proposed", valid_from=date(2026, 4, 1))
    assert told("authorisation_stopped") == [(date(2026, 3, 6), "授权暂停：沈若川 核验员，证书到期。")]
    assert told("authorisation_proposed") == [(date(2026, 4, 1), "授权待批准：沈若川 校准员")]
    Authorisation.objects.filter(pk=row.pk).update(state="granted", suspended_on=None)
    assert told("authorisation_stopped") == []


def test_a_proposal_that_would_end_is_no_authorisation_that_ends(lab, person):
    make.authorisation(lab, person, A.CHECKER, state="proposed", valid_until=date(2026, 5, 1))
    assert told("authorisation") == []


def test_a_year_without_integrity_training_is_told_of_from_october_on(lab, person):
    assert told("integrity_training") == []
    make.legal_status(lab)
    ((last, subject),) = told("integrity_training", date(timezone.localdate().year, 12, 31))
    assert (last.month, last.day, subject) == (12, 31, "还没有诚信计量培训，每年不少于一场")
    make.trained(lab, person, "integrity", held_on=date(2025, 5, 5))
    assert told("integrity_training") == [(UNTIL, "今年还没有诚信计量培训，每年不少于一场")]
    make.trained(lab, person, "integrity", held_on=date(2026, 5, 5))
    assert told("integrity_training") == []
    assert (UNTIL - date(2026, 10, 1)).days == max(RULES["institutions.integrity_training"].thresholds)
    assert TrainingAttendance.objects.count() == 2


def test_protective_equipment_is_told_of_until_it_is_replaced(lab, person):
    def issue(issued_on, replace_by):
        make._row(ProtectiveIssue, lab, employment=person, item="防砸鞋", issued_on=issued_on, replace_by=replace_by)

    issue(date(2025, 5, 1), date(2026, 5, 1))
    assert told("protection") == [(date(2026, 5, 1), "防护用品更换：沈若川 防砸鞋")]
    issue(date(2026, 4, 1), None)
    assert told("protection") == []
