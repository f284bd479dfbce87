"""What records and certificates say about their clauses: met, not met for one spoiled fact, not applicable."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from certificates.models import Certificate, RawRecord, Reading
from equipment.models import Equipment, MeasurementStandard
from institutions.models import Authorisation, Employment, Method, MethodAdoption, Qualification, ScopeItem
from orders.models import Item
from portal.clauses import CHECKS, State, evaluate
from portal.tenancy import new_ref, tenant
from tests import make

DAY = make.DAY
YESTERDAY, TOMORROW = DAY - timedelta(1), DAY + timedelta(1)
MINE = [name for name, check in CHECKS.items() if check.__module__.startswith("certificates.")]
# What these ask for beyond our rows nobody has recorded: they are broken or open, never met.
HALF = {"A-6.6-s3", "B-4.5-d", "C-5.1.4"}


def states(w, day=DAY):
    found = evaluate(w.institution, day)
    return {name: str(found[name].state) for name in MINE}


def filed(w, *devices):
    """Traceabilities with their certificates on file."""
    for device in devices:
        make.traceability(
            w.institution, device, w.operator_employment, calibrated_on=date(2025, 10, 1), confirmed_on=date(2025, 10, 2),
            file=make.document(w.institution),
        )  # fmt: skip


@pytest.fixture
def blank(lab):
    filed(lab, lab.equipment, lab.environment)
    return lab


@pytest.fixture
def w(blank):
    """A calibration with a statement of conformity and a verification, both issued; one reading was corrected."""
    blank.calibration = make.certificate(blank, "released", decision_rule="simple_acceptance")
    blank.verification = make.certificate(blank, "released", activity=Item.Activity.VERIFICATION)
    first = Reading.objects.filter(record=blank.calibration.record_id, cell="reading:1:up_after").get()
    reading(blank, replaces=first, cell=first.cell, reason="笔误")
    return blank


def reading(w, **kwargs):
    values = {"cell": "observation:added", "text": "0.41", "mode": Reading.Mode.TYPED, **kwargs}
    return Reading.objects.create(
        institution=w.institution, record_id=w.calibration.record_id, recorded_by=w.operator_employment, **values
    )


def test_a_laboratory_in_order_meets_every_clause_its_rows_can_prove(w):
    expected = {name: State.UNKNOWN if name in HALF else State.MET for name in MINE}
    assert states(w) == expected


def test_without_records_and_certificates_nothing_is_judged(blank):
    found = {name for name, state in states(blank).items() if state != State.NOT_APPLICABLE}
    # Two look at rows that are there without any measurement: what is in use, what has been adopted.
    assert found == {"A-6.2.1.1-s2", "C-5.2.4-s2"}


def test_what_is_older_than_a_year_is_not_judged(w):
    found = {name for name, state in states(w, DAY + timedelta(365)).items() if state == State.MET}
    assert found == {"A-6.2.1.1-s2", "C-5.2.4-s2"}


def test_an_institution_without_equipment_has_not_met_the_ban_on_abolished_equipment(db):
    empty = make.institution("gamma")
    assert evaluate(empty, DAY)["A-6.2.1.1-s2"].state == State.NOT_MET


def test_without_methods_none_had_to_be_verified(db):
    empty = make.institution("gamma")
    assert evaluate(empty, DAY)["C-5.2.4-s2"].state == State.NOT_APPLICABLE


# --- one fact spoiled


def shortened(w, device):
    """Its traceabilities, recorded again under the same numbers, ended yesterday."""
    for trace in list(device.traceabilities.all()):
        make.traceability(
            w.institution, device, w.operator_employment, certificate_number=trace.certificate_number,
            calibrated_on=trace.calibrated_on, confirmed_on=trace.confirmed_on, valid_until=YESTERDAY, file=trace.file,
        )  # fmt: skip


def copied(row, **values):
    """The row once more with other values: what an import could have brought. The database lets no issued row change."""
    facts = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    facts |= {"id": None, "ref": new_ref(), "number": f"{row.number}-{Certificate.objects.count()}"}
    return type(row).objects.create(**facts | values)


def recorded(**values):
    """There is another submitted record, with other values."""
    return lambda w: copied(RawRecord.objects.get(pk=w.calibration.record_id), **values)


def changed(of="calibration", **values):
    """There is another certificate, voided since, with other values."""

    def spoil(w, **more):
        row = Certificate.objects.get(pk=getattr(w, of).pk)
        return copied(row, **{"state": Certificate.State.VOID, **values, **more})

    return spoil


def on_record(**values):
    """There is another certificate, on a record with other values."""
    return lambda w: changed()(w, record_id=recorded(**values)(w).pk)


def said(*path, value="", of="calibration"):
    """There is another certificate whose frozen content says something else at this path."""

    def spoil(w):
        content = Certificate.objects.get(pk=getattr(w, of).pk).content
        place = content
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value
        return changed(of)(w, content=content)

    return spoil


def unfiled(w):
    """A device without any file watched the room."""
    bare = make.equipment(w.institution, w.site, role=Equipment.Role.ENVIRONMENT)
    make.traceability(w.institution, bare, w.operator_employment)
    recorded(environment_equipment_id=bare.pk)(w)


def unconfirmed(w):
    dates = {"calibrated_on": YESTERDAY, "confirmed_on": TOMORROW}
    make.traceability(w.institution, w.equipment, w.operator_employment, **dates)


def updated(table, **values):
    return lambda w: table.objects.update(**values)


def finished(activity):
    return lambda w: make.item(w.institution, activity=activity, state=Item.State.DONE)


def revoked(role):
    return lambda w: Authorisation.objects.filter(role=role).update(revoked_on=DAY)


SPOILED = [
    ("A-6.1.1", updated(MeasurementStandard, assessed_until=YESTERDAY)),
    ("A-6.2.2", lambda w: shortened(w, w.equipment)),
    ("A-6.2.2", lambda w: shortened(w, w.environment)),
    ("B-4.4.2-s1", unfiled),
    ("B-5.8-d", lambda w: shortened(w, w.equipment)),
    ("B-5.8-d", updated(MeasurementStandard, assessed_until=YESTERDAY)),
    ("C-5.4.2-s1", lambda w: shortened(w, w.environment)),
    ("C-5.5.4", unconfirmed),
    ("B-4.4.2-s2", unconfirmed),
    ("A-6.2.1.1-s2", lambda w: Equipment.objects.filter(pk=w.equipment.pk).update(obsolete=True)),
    ("C-5.1.2-s4", updated(Employment, birth_date=date(1961, 3, 9))),
    ("C-5.2.4-s2", updated(MethodAdoption, verified_on=TOMORROW)),
    ("C-6.3.2", recorded(room="")),
    ("C-6.3.3-s1", recorded(late_reason="")),
    ("C-6.3.3-s2", reading),
    ("C-6.3.4-s1", reading),
    ("B-4.5-d", revoked(Authorisation.Role.CALIBRATOR)),
    ("C-5.1.4", revoked(Authorisation.Role.VERIFIER)),
    ("B-5.7-d-s2", revoked(Authorisation.Role.SIGNATORY)),
    ("A-6.1.3", updated(ScopeItem, range_high="1.5")),
    ("B-5.8-e", updated(ScopeItem, valid_until=YESTERDAY)),
    ("B-4.3-s2", updated(Qualification, valid_until=YESTERDAY)),
    ("C-4.1.2-c-s1", updated(Qualification, kind=Qualification.Kind.CNAS)),
    ("A-3.4-s2", changed(token="")),
    ("A-3.4-s2", changed()),
    ("B-6.6.3-s1", changed(verification_code="")),
    ("B-6.1.7-7.8.1-b", changed(pdf_stored_as="")),
    ("B-6.1.5.1-a", on_record(state=RawRecord.State.ABANDONED)),
    ("B-6.1.7-s2", changed(checked_at=make.NOON + timedelta(days=1))),
    ("B-6.1.7-7.8.1-a", changed(approved_at=make.NOON + timedelta(days=1))),
    ("B-6.1.7-s2", lambda w: Employment.objects.update(person=w.operator_employment.person)),
    ("A-6.6-s3", on_record(submitted_at=make.NOON + timedelta(days=1))),
    ("A-6.5.1-s2", updated(Method, in_force_until=DAY)),
    ("B-6.1.2-s2", updated(Method, in_force_from=TOMORROW)),
    ("C-6.4.3.2", changed("verification", valid_until=None)),
    ("C-6.4.2.2-s2", said("body", "results", 0, "rows", 2, "U")),
    ("C-6.4.2.2-s2", said("body", "uncertainty", "k")),
    ("B-6.1.7-7.8.4-a", said("body", "results", 0, "rows", value=[{"point": "0"}])),
    ("B-6.1.7-7.8.4-b", said("body", "environment", value=[])),
    ("B-6.1.7-7.8.4-c", said("body", "standards", 1, "certificate_number")),
    ("B-6.1.7-7.8.4-c", said("body", "standards", value=[])),
    ("B-6.1.7-7.8.4-d", said("body", "conformity", "specification")),
    ("C-6.4.2.3-s1", said("body", "conformity", "clauses")),
    ("C-6.4.2.3-s3", said("body", "conformity", "rule")),
    ("C-6.4.2.5-s2", changed(valid_until=DAY)),
    ("C-6.4.2.5-s2", said("body", "conclusion", value={"valid_until": "2027-03-09"})),
    ("B-6.1.7-7.8.2", said("body", "customer", "name")),
    ("B-6.1.7-7.8.2", said("body", "received_on", value=None)),
    ("B-6.1.7-7.8.2", said("issue", "number")),
    ("B-6.1.7-7.8.2", said("body", "results", 0, "unit")),
    ("B-6.1.7-7.8.2", said("body", "statements", value=[], of="verification")),
    ("A-6.7", said("body", "results", 0, "unit", value="kgf/cm²")),
    ("A-6.7", updated(Item, condition="量程 0～16 kgf/cm²")),
    ("C-6.4.1-s1", finished(Item.Activity.VERIFICATION)),
    ("C-6.4.2.1", finished(Item.Activity.CALIBRATION)),
]


@pytest.mark.parametrize(("name", "spoil"), SPOILED, ids=[f"{name}-{n}" for n, (name, _) in enumerate(SPOILED)])
def test_one_spoiled_fact_breaks_its_clause_and_is_shown(w, name, spoil):
    spoil(w)
    found = evaluate(w.institution, DAY)[name]
    assert found.state == State.NOT_MET
    assert found.evidence and found.advice


def test_every_check_is_spoiled_by_some_test():
    assert set(MINE) == {name for name, _spoil in SPOILED}


# --- closer looks


def test_abolished_equipment_out_of_use_that_was_used_last_year_is_left_to_a_person(w):
    Equipment.objects.filter(pk=w.equipment.pk).update(obsolete=True, state=Equipment.State.OUT_OF_USE)
    assert states(w)["A-6.2.1.1-s2"] == State.UNKNOWN


def test_a_legal_institution_needs_no_authorisation_to_verify(w):
    Qualification.objects.update(kind=Qualification.Kind.LEGAL_INSTITUTION)
    assert states(w)["C-4.1.2-c-s1"] == State.NOT_APPLICABLE


def test_the_day_after_the_65th_birthday_is_too_late(w):
    Employment.objects.update(birth_date=date(1961, 3, 10))
    assert states(w)["C-5.1.2-s4"] == State.MET


def test_a_voided_certificate_is_judged_as_well(w):
    changed(token="")(w)
    assert states(w)["A-3.4-s2"] == State.NOT_MET


def test_a_draft_is_not_judged(w):
    changed(token="", state=Certificate.State.ABANDONED)(w)
    assert states(w)["A-3.4-s2"] == State.MET


def test_a_reading_of_a_point_in_another_unit_of_the_same_quantity_is_inside_scope(w):
    ScopeItem.objects.update(unit="kPa", range_high="2500")
    assert states(w)["A-6.1.3"] == State.MET


def test_a_breach_of_another_institution_is_not_mine(w):
    other = make.laboratory("beta")
    with tenant(other.institution.pk):
        make.record(other, filled=True)
        ScopeItem.objects.filter(institution=other.institution).update(range_high="0.1")
    assert states(w)["A-6.1.3"] == State.MET


def test_the_number_of_queries_does_not_grow_with_certificates(w):
    counts = []
    for _more in range(2):
        with CaptureQueriesContext(connection) as queries:
            evaluate(w.institution, DAY)
        counts.append(len(queries))
        make.certificate(w, "released")
    assert counts[0] == counts[1] <= 220
