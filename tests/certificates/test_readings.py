"""Entering values: understood, refused with a sentence, corrected with the old value kept."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction

from certificates import readings, workflow
from certificates.models import Reading
from certificates.readings import Entry
from portal.transitions import Refused
from tests import make
from tests.make import NOON

CELL = "reading:1:up_before"


def enter(lab, record, text, cell=CELL, **kwargs):
    (outcome,) = readings.enter(record, [Entry(cell, text, **kwargs)], actor=lab.operator, at=NOON)
    return outcome


@pytest.fixture
def record(lab):
    return make.record(lab)


@pytest.mark.parametrize(
    "text, stored", [("0.40", "0.40"), ("0,4", "0.4"), ("０．４０", "0.40"), (" 0.4 ", "0.4"), ("0。40", "0.40")]
)
def test_what_people_type_is_understood(lab, record, text, stored):
    assert enter(lab, record, text).state == "saved"
    assert record.readings.get().text == stored


@pytest.mark.parametrize("text", ["abc", "1e400", "NaN", "Infinity", "1,500", "0.4.1", "--1", "0.405", "9" * 61])
def test_what_is_no_reading_is_refused_with_a_sentence(lab, record, text):
    outcome = enter(lab, record, text)
    assert outcome.state == "refused" and outcome.message
    assert not Reading.objects.exists()


def test_a_reading_between_the_marks_says_which_ones_are_possible(lab, record):
    message = enter(lab, record, "1.615", cell="reading:4:up_before").message
    assert "0.01 MPa" in message and "1.61" in message and "1.62" in message


def test_the_same_value_twice_is_one_reading(lab, record):
    enter(lab, record, "0.40")
    assert enter(lab, record, "0.40").state == "unchanged"
    assert record.readings.count() == 1


def test_a_changed_value_needs_a_reason_and_both_values_stay(lab, record):
    enter(lab, record, "0.40")
    assert enter(lab, record, "0.41").state == "needs_reason"
    outcome = enter(lab, record, "0.41", reason="看错刻度")
    assert (outcome.state, outcome.was) == ("saved", "0.40")
    first, second = record.readings.order_by("pk")
    assert (first.text, second.text, second.replaces, second.reason) == ("0.40", "0.41", first, "看错刻度")


def test_a_saved_value_cannot_be_emptied(lab, record):
    enter(lab, record, "0.40")
    assert enter(lab, record, "").state == "refused"
    assert record.readings.get().text == "0.40"


def test_a_value_changed_elsewhere_meanwhile_is_not_overwritten(lab, record):
    enter(lab, record, "0.40")
    enter(lab, record, "0.41", reason="复读")
    outcome = enter(lab, record, "0.42", reason="复读", seen="0.40")
    assert outcome.state == "refused" and "0.41" in outcome.message


@pytest.mark.parametrize("cell", ["reading:9:up_before", "reading:1:nothing", "condition:pressure", "x", ""])
def test_a_cell_the_sheet_does_not_have_is_refused(lab, record, cell):
    assert enter(lab, record, "0.40", cell=cell).state == "refused"


def test_an_observation_is_one_of_its_choices(lab, record):
    assert enter(lab, record, "合格", cell="observation:appearance").state == "saved"
    assert enter(lab, record, "尚可", cell="observation:zero").state == "refused"


def test_only_the_operator_of_the_record_writes_into_it(lab, record):
    other = make.actor(lab.institution, "operator", employment=make.employment(lab.institution, "罗闻"))
    with pytest.raises(Refused, match="沈若川"):
        readings.enter(record, [Entry(CELL, "0.40")], actor=other, at=NOON)


def test_a_checker_may_not_write_readings(lab, record):
    with pytest.raises(PermissionDenied):
        readings.enter(record, [Entry(CELL, "0.40")], actor=lab.checker, at=NOON)


def test_nothing_is_entered_after_submission(lab):
    record = make.record(lab, filled=True)
    workflow.submit(record, actor=lab.operator, at=NOON)
    with pytest.raises(Refused, match="锁定"):
        enter(lab, record, "0.42", reason="复读")


def test_a_returned_record_takes_corrections_but_no_new_cells(lab):
    certificate = make.certificate(lab, "draft")
    workflow.send_back(certificate, reason="请复核 0.4 点", actor=lab.checker, at=NOON)
    record = make.fresh(certificate.record)
    assert enter(lab, record, "0.41", reason="复核").state == "saved"
    assert record.dossier.corrections[-1].reason == "复核"


@pytest.mark.parametrize("verb", ["UPDATE certificates_reading SET text = '9'", "DELETE FROM certificates_reading"])
def test_the_database_keeps_every_reading(lab, record, verb):
    enter(lab, record, "0.40")
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(verb)


def test_a_correction_without_reason_cannot_be_stored(lab, record):
    enter(lab, record, "0.40")
    first = record.readings.get()
    with pytest.raises(DatabaseError), transaction.atomic():
        Reading.objects.create(
            institution=lab.institution, record=record, cell=CELL, text="0.41", mode="typed", replaces=first,
            recorded_by=lab.operator_employment,
        )  # fmt: skip
