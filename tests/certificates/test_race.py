"""Several people issue at the same moment: every number once, none missing, every certificate once."""

from datetime import timedelta

import pytest

from certificates import events, readings, workflow
from certificates.models import Certificate, RawRecord
from orders.models import Item
from portal.models import AuditEntry, OutboxEntry
from portal.tenancy import tenant
from tests import make
from tests.concurrency import at_once, kinds
from tests.make import NOON

pytestmark = pytest.mark.django_db(transaction=True)

LATER = NOON + timedelta(minutes=30)


@pytest.fixture
def lab():
    """A laboratory outside any transaction, so that every thread sees it."""
    return make.laboratory()


def issuing(lab, row):
    """An act that issues this certificate as the signatory, in a transaction of its own. Returns its number."""
    make.prove(lab.signatory, "certificate.issue", row, row.body_sha256)

    def act():
        with tenant(lab.institution.pk):
            return workflow.issue(row, actor=lab.signatory, at=LATER).number

    return act


def numbers(lab):
    with tenant(lab.institution.pk):
        return sorted(Certificate.objects.exclude(number="").values_list("number", flat=True))


def expected(*counts, series="C"):
    return [f"ALPHA-{series}-2026-{count:06d}" for count in counts]


def test_certificates_issued_at_once_have_numbers_without_twin_or_gap(lab):
    rows = [make.certificate(lab, "approved") for _ in range(6)]
    results = at_once(*[issuing(lab, row) for row in rows])
    assert sorted(results) == numbers(lab) == expected(1, 2, 3, 4, 5, 6)


def test_a_certificate_issued_twice_at_once_is_issued_once(lab):
    row = make.certificate(lab, "approved")
    results = at_once(*[issuing(lab, row)] * 3)
    assert kinds(results) == ["Refused", "Refused", "str"]
    assert numbers(lab) == expected(1)
    assert OutboxEntry.objects.count() == 1
    with tenant(lab.institution.pk):
        assert AuditEntry.objects.filter(verb="certificate.issue", succeeded=True).count() == 1


def test_a_certificate_issued_and_sent_back_at_once_is_one_of_both(lab):
    row = make.certificate(lab, "approved")

    def send_back():
        with tenant(lab.institution.pk):
            return workflow.send_back(row, reason="再看一遍", actor=lab.signatory, at=LATER)

    results = at_once(issuing(lab, row), send_back)
    assert "Refused" in kinds(results)
    state = make.fresh(row).state
    assert (state, len(numbers(lab))) in {(Certificate.State.ISSUED, 1), (Certificate.State.RETURNED, 0)}


def test_an_issue_that_fails_after_taking_its_number_leaves_no_gap(lab):
    rows = [make.certificate(lab, "approved") for _ in range(4)]
    unlucky = rows[1].pk

    def fail(sender, row, **kwargs):
        assert row.number
        if row.pk == unlucky:
            raise ConnectionError("the power went")

    events.certificate_issued.connect(fail)
    try:
        results = at_once(*[issuing(lab, row) for row in rows])
    finally:
        events.certificate_issued.disconnect(fail)
    assert kinds(results) == ["ConnectionError", "str", "str", "str"]
    assert numbers(lab) == expected(1, 2, 3)
    assert make.fresh(rows[1]).state == Certificate.State.APPROVED
    assert issuing(lab, rows[1])() == expected(4)[0]


def test_two_series_at_once_count_each_for_itself(lab):
    calibrations = [make.certificate(lab, "approved") for _ in range(2)]
    verifications = [make.certificate(lab, "approved", activity=Item.Activity.VERIFICATION) for _ in range(2)]
    at_once(*[issuing(lab, row) for row in [*calibrations, *verifications]])
    assert numbers(lab) == [*expected(1, 2), *expected(1, 2, series="V")]


def test_two_institutions_at_once_count_each_for_itself(lab):
    other = make.laboratory("beta")
    results = at_once(
        issuing(lab, make.certificate(lab, "approved")), issuing(other, make.certificate(other, "approved"))
    )
    assert results == ["ALPHA-C-2026-000001", "BETA-C-2026-000001"]


def test_two_windows_entering_the_same_cell_leave_one_first_value(lab):
    record = make.record(lab)

    def typing(text):
        def act():
            with tenant(lab.institution.pk):
                row = RawRecord.objects.get(pk=record.pk)
                entry = readings.Entry("reading:1:up_before", text)
                (outcome,) = readings.enter(row, [entry], actor=lab.operator, at=NOON)
                return outcome.state

        return act

    assert sorted(at_once(typing("0.40"), typing("0.41"))) == ["needs_reason", "saved"]
