"""Whoever is suspended does no further step of a certificate; what was issued before stays."""

from datetime import timedelta

import pytest

from certificates import workflow
from certificates.models import Certificate
from institutions.models import Authorisation
from portal.tenancy import tenant
from portal.transitions import Refused
from tests import make
from tests.make import DAY, NOON

WHY = {"state": "suspended", "suspended_on": DAY, "suspended_because": "证书到期"}


@pytest.fixture
def lab(laboratory):
    w = laboratory
    with tenant(w.institution.pk):
        yield w


def suspend(role, **facts):
    Authorisation.objects.filter(role=role).update(**(facts or WHY))


def clauses(refused):
    return {refusal.clause for refusal in refused.value.refusals}


@pytest.mark.parametrize("facts", [WHY, {"holds_until": DAY - timedelta(1)}, {"state": "proposed"}])
def test_a_record_of_a_suspended_operator_is_not_submitted(lab, facts):
    row = make.record(lab, filled=True)
    suspend("calibrator", **facts)
    with pytest.raises(Refused) as refused:
        workflow.submit(row, actor=lab.operator, at=NOON)
    assert "B-4.5-d" in clauses(refused)


def test_a_suspended_checker_does_not_check(lab):
    row = make.certificate(lab, "draft")
    suspend("checker")
    with pytest.raises(Refused) as refused:
        workflow.check(row, actor=lab.checker, at=NOON)
    assert "B-4.5-d" in clauses(refused)


def test_a_certificate_that_a_signatory_approved_before_being_suspended_is_not_issued(lab):
    row = make.certificate(lab, "approved")
    suspend("authorised_signatory")
    make.prove(lab.signatory, "certificate.issue", row, row.body_sha256)
    with pytest.raises(Refused) as refused:
        workflow.issue(row, actor=lab.signatory, at=NOON + timedelta(minutes=30))
    assert "B-5.7-d-s2" in clauses(refused)


def test_what_was_measured_before_the_day_of_the_suspension_goes_on(lab):
    row = make.record(lab, filled=True)
    suspend("calibrator", **WHY | {"suspended_on": DAY + timedelta(1)})
    assert workflow.submit(row, actor=lab.operator, at=NOON).pk


def test_what_was_issued_before_stays_issued(lab):
    row = make.certificate(lab, "released")
    for role in ("calibrator", "checker", "authorised_signatory"):
        suspend(role, **WHY | {"suspended_on": DAY + timedelta(1)})
    assert Certificate.objects.get(pk=row.pk).state == row.state
