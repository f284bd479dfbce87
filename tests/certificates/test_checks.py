"""What records and certificates say about their clauses: met, not met for one spoiled fact, not applicable."""

from datetime import date, timedelta
from time import perf_counter

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from certificates.models import Certificate, Procedure, RawRecord, Reading
from equipment.models import Confirmation, Equipment, MeasurementStandard
from institutions.models import (
    Authorisation,
    Credential,
    Declaration,
    Employment,
    Experience,
    KeyPerson,
    LegalStatus,
    Method,
    MethodAdoption,
    OwnMethod,
    Person,
    ProtectiveIssue,
    Qualification,
    ScopeItem,
    Site,
    Training,
    TrainingAttendance,
)
from orders.models import Item
from portal.clauses import CHECKS, State, evaluate
from portal.tenancy import new_ref, scope, tenant
from tests import make

DAY = make.DAY
YESTERDAY, TOMORROW = DAY - timedelta(1), DAY + timedelta(1)
# How much the portal is used at all is another matter: test_checks_usage. So is what it is used with: test_checks_tools.
ELSEWHERE = {f"certificates.checks.{name}" for name in ("usage", "tools", "surroundings")}
MINE = [
    name for name, check in CHECKS.items()
    if check.__module__.startswith("certificates.") and check.__module__ not in ELSEWHERE
]  # fmt: skip
# What these ask for beyond our rows nobody has recorded: they are broken or open, never met.
HALF = {"A-6.6-s3", "B-6.1.5.1-h"}
# What is asked only of laboratories with methods of their own.
OWN_METHODS = {"B-4.6-s4", "C-5.2.4-s3"}


def states(w, day=DAY):
    return {name: str(CHECKS[name](w.institution, day).state) for name in MINE}


def state(w, name, day=DAY):
    return CHECKS[name](w.institution, day).state


def filed(w, *devices):
    """Traceabilities with their certificates on file."""
    for device in devices:
        make.traceability(
            w.institution, device, w.operator_employment, calibrated_on=date(2025, 10, 1), confirmed_on=date(2025, 10, 2),
            file=make.document(w.institution),
        )  # fmt: skip


def laboratory(slug):
    """A laboratory whose equipment, people and papers are in order, inside its scope; nothing was measured there yet."""
    lab = make.laboratory(slug)
    with tenant(lab.institution.pk):
        filed(lab, lab.equipment, lab.environment)
        Qualification.objects.update(addresses=lab.site.address)
    for who in (lab.operator_employment, lab.checker_employment):
        make.credential(lab.institution, who)
    make.trained(lab.institution, lab.operator_employment)
    make.legal_status(lab.institution, is_industry_centre=True)
    return lab


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    """A calibration with a statement of conformity and a verification, both issued; one reading was corrected.

    Made once; each test has it whole.
    """
    with django_db_blocker.unblock(), transaction.atomic():
        lab = laboratory("alpha")
        with tenant(lab.institution.pk):
            lab.calibration = make.certificate(lab, "released", decision_rule="simple_acceptance")
            lab.verification = make.certificate(lab, "released", activity=Item.Activity.VERIFICATION)
            first = Reading.objects.filter(record=lab.calibration.record_id, cell="reading:1:up_after").get()
            reading(lab, replaces=first, cell=first.cell, reason="笔误")
        yield lab
        transaction.set_rollback(True)


@pytest.fixture
def w(world):
    with transaction.atomic():
        with tenant(world.institution.pk):
            yield world
        transaction.set_rollback(True)


@pytest.fixture
def blank(world):
    with transaction.atomic():
        lab = laboratory("beta")
        with tenant(lab.institution.pk):
            yield lab
        transaction.set_rollback(True)


def reading(w, **kwargs):
    values = {"cell": "observation:added", "text": "0.41", "mode": Reading.Mode.TYPED, **kwargs}
    return Reading.objects.create(
        institution=w.institution, record_id=w.calibration.record_id, recorded_by=w.operator_employment, **values
    )


def test_a_laboratory_in_order_meets_every_clause_its_rows_can_prove(w):
    expected = {name: State.UNKNOWN if name in HALF else State.MET for name in MINE}
    assert states(w) == expected | dict.fromkeys(OWN_METHODS, State.NOT_APPLICABLE)


def test_without_records_and_certificates_nothing_is_judged(blank):
    found = {name for name, state in states(blank).items() if state != State.NOT_APPLICABLE}
    # These look at rows that are there without any measurement: what is in use and traced, what was adopted, who is authorised.
    assert found == {"A-6.2.1.1-s2", "B-4.4.2-s2", "C-5.5.4", "C-5.2.4-s2", "C-5.1.4"}


def test_what_is_older_than_a_year_is_not_judged(w):
    found = {name for name, state in states(w, DAY + timedelta(365)).items() if state == State.MET}
    assert found == {"A-6.2.1.1-s2", "C-5.2.4-s2", "C-5.1.4"}


def test_an_institution_without_equipment_has_not_met_the_ban_on_abolished_equipment(w):
    empty = make.institution("gamma")
    assert CHECKS["A-6.2.1.1-s2"](empty, DAY).state == State.NOT_MET


def test_without_measurement_standards_none_had_to_be_assessed(w):
    empty = make.institution("gamma")
    assert CHECKS["A-6.1.1"](empty, DAY).state == State.NOT_APPLICABLE


def test_without_methods_none_had_to_be_verified(w):
    empty = make.institution("gamma")
    assert CHECKS["C-5.2.4-s2"](empty, DAY).state == State.NOT_APPLICABLE


# --- one fact spoiled


def shortened(w, device):
    """Its traceabilities, recorded again under the same numbers, ended yesterday."""
    for trace in list(device.traceabilities.all()):
        make.traceability(
            w.institution, device, w.operator_employment, certificate_number=trace.certificate_number,
            calibrated_on=trace.calibrated_on, confirmed_on=trace.confirmations.get().confirmed_on, valid_until=YESTERDAY, file=trace.file,
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
    make.traceability(w.institution, bare, w.operator_employment, file=None)
    recorded(environment_equipment_id=bare.pk)(w)


def unconfirmed(w):
    dates = {"calibrated_on": YESTERDAY, "confirmed_on": TOMORROW}
    make.traceability(w.institution, w.equipment, w.operator_employment, **dates)


def updated(table, **values):
    return lambda w: table.objects.update(**values)


def catalogue_says(**values):
    """The catalogue, which nobody writes inside an institution's scope, says something else of every method."""

    def spoil(w):
        with scope():
            Method.objects.update(**values)

    return spoil


def found_ended(on, **values):
    """The laboratory itself has found out that the method ended, whatever the catalogue says."""
    return lambda w: make.review(w, **{"reviewed_on": DAY, "result": "abolished", "ends_on": on, **values})


def measured_by_an_own_method(**papers):
    """What is on record was measured by a non-standard method, with these papers about its validation."""

    def spoil(w):
        own = make.own_method(w.institution)
        make.method_papers(w, own, **papers)
        MethodAdoption.objects.update(method=own)
        Procedure.objects.update(method=own)

    return spoil


def finished(activity):
    return lambda w: make.item(w.institution, activity=activity, state=Item.State.DONE)


def papers(who, table=Credential, **values):
    """The operator's or checker's rows have these values."""
    return lambda w: table.objects.filter(employment=getattr(w, f"{who}_employment")).update(**values)


def proven_by(document):
    """The verification of the method is proven by a file in this state and nothing else."""

    def spoil(w):
        MethodAdoption.objects.update(report_number="", file=make.document(w.institution, state=document))

    return spoil


def revoked(role):
    return lambda w: Authorisation.objects.filter(role=role).update(revoked_on=DAY)


SPOILED = [
    ("A-6.1.1", updated(MeasurementStandard, assessed_until=YESTERDAY)),
    ("A-6.2.2", lambda w: shortened(w, w.equipment)),
    ("A-6.2.2", lambda w: shortened(w, w.environment)),
    ("B-4.4.2-s1", unfiled),
    ("B-5.8-d", lambda w: shortened(w, w.equipment)),
    ("B-5.8-d", updated(MeasurementStandard, assessed_until=YESTERDAY)),
    ("D-4.4.2.2-s1", updated(MeasurementStandard, assessed_until=YESTERDAY)),
    ("C-5.4.2-s1", lambda w: shortened(w, w.environment)),
    ("C-5.5.4", unconfirmed),
    ("B-4.4.2-s2", unconfirmed),
    ("A-6.2.1.1-s2", lambda w: Equipment.objects.filter(pk=w.equipment.pk).update(obsolete=True)),
    ("C-5.1.2-s4", updated(Employment, birth_date=date(1961, 3, 9))),
    ("C-5.2.4-s2", updated(MethodAdoption, verified_on=TOMORROW)),
    ("C-5.2.4-s2", updated(MethodAdoption, state="withdrawn")),
    ("C-5.2.4-s2", updated(MethodAdoption, ended_on=DAY)),
    ("C-5.2.4-s2", updated(MethodAdoption, report_number="")),
    ("C-5.2.4-s2", proven_by("quarantined")),
    ("C-5.2.4-s2", proven_by("refused")),
    ("C-6.3.2", recorded(room="")),
    ("C-6.3.3-s1", recorded(late_reason="")),
    ("C-6.3.3-s2", reading),
    ("C-6.3.4-s1", reading),
    ("B-4.5-d", revoked(Authorisation.Role.CALIBRATOR)),
    ("B-4.5-d", revoked(Authorisation.Role.CHECKER)),
    ("B-4.5-d", papers("operator", valid_until=YESTERDAY)),
    ("B-4.5-d", papers("checker", valid_until=YESTERDAY)),
    ("B-4.5-d", papers("checker", state="withdrawn")),
    ("B-4.5-d", papers("operator", speciality="温度")),
    ("B-4.5-d", papers("operator", kind="military_verifier", level="")),
    ("D-4.3.2-s2", revoked(Authorisation.Role.VERIFIER)),
    ("D-4.3.2-s2", papers("operator", valid_from=TOMORROW)),
    ("D-4.3.2-s2", papers("operator", TrainingAttendance, result="none")),
    ("D-4.3.2-s2", updated(Training, state="withdrawn")),
    ("C-5.1.4", updated(Training, state="withdrawn")),
    ("B-6.1.5.1-h", updated(Training, state="withdrawn")),
    ("B-6.1.5.1-h", updated(Training, held_on=TOMORROW)),
    ("B-6.1.5.1-h", updated(TrainingAttendance, state="withdrawn")),
    ("B-6.1.5.1-h", updated(Authorisation, state="proposed")),
    ("B-6.1.5.1-h", updated(Authorisation, valid_from=TOMORROW)),
    ("B-4.2-s3", updated(Qualification, addresses="别处 1 号")),
    ("B-4.2-s3", updated(Site, address="衡量路 19 号")),
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
    ("B-4.6-s4", measured_by_an_own_method(validated_on=TOMORROW)),
    ("C-5.2.4-s3", measured_by_an_own_method()),
    ("C-5.2.4-s3", lambda w: (measured_by_an_own_method()(w), MethodAdoption.objects.update(verified_on=TOMORROW))),
    ("A-6.5.1-s2", catalogue_says(in_force_until=DAY)),
    ("B-6.1.2-s2", catalogue_says(in_force_from=TOMORROW)),
    *[(name, found_ended(DAY)) for name in ("A-6.5.1-s2", "B-6.1.2-s2")],
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
    found = CHECKS[name](w.institution, DAY)
    assert found.state == State.NOT_MET
    assert found.evidence and found.advice


def all_in_one_day(w):
    """Validated, verified and put in force on the day of the measurements."""
    measured_by_an_own_method(validated_on=DAY)(w)
    MethodAdoption.objects.update(verified_on=DAY)
    Method.objects.filter(owner=w.institution).update(in_force_from=DAY)


def published_elsewhere(w):
    """A method of others that is not in the catalogue."""
    measured_by_an_own_method(origin="published")(w)
    Method.objects.filter(owner=w.institution).update(kind=Method.Kind.LOCAL_SPECIFICATION)


def later(w):
    recorded(performed_on=TOMORROW)(w)
    MethodAdoption.objects.update(ended_on=TOMORROW)


def another_standard(**values):
    """There is another standard, never used, with other values."""

    def spoil(w):
        facts = {field.attname: getattr(w.standard, field.attname) for field in w.standard._meta.concrete_fields}
        MeasurementStandard.objects.create(**facts | {"id": None, "ref": new_ref(), "code": "BZ-另"} | values)

    return spoil


def with_readings(without="-", **values):
    """There is another submitted record with all readings but those whose cells begin like this."""

    def spoil(w):
        row = recorded(**values)(w)
        for one in Reading.objects.filter(record=w.verification.record_id).exclude(cell__startswith=without):
            Reading.objects.create(
                institution=w.institution, record=row, recorded_by=w.operator_employment, cell=one.cell, text=one.text,
                mode=one.mode,
            )  # fmt: skip

    return spoil


def calibrated(on, confirmed_on):
    return lambda w: make.traceability(
        w.institution, w.equipment, w.operator_employment, calibrated_on=on, confirmed_on=confirmed_on
    )


def found_unfit(on, then=None):
    """It was calibrated that day and found unfit, and calibrated once more and found fit on another day."""

    def change(w):
        trace = calibrated(on, None)(w)
        Confirmation.objects.create(
            institution=w.institution, traceability=trace, confirmed_by=w.operator_employment, confirmed_on=on,
            conclusion="unfit",
        )  # fmt: skip
        if then:
            calibrated(then, then)(w)

    return change


def used_before_the_next(on):
    """It was calibrated that day, confirmed by nobody, and used before the certificate that followed."""
    return lambda w: (calibrated(on, TOMORROW)(w), recorded(performed_on=DAY - timedelta(300))(w))


def recorded_again(on):
    """The certificate was recorded wrongly, and recorded again and confirmed."""

    def change(w):
        facts = {"calibrated_on": on, "certificate_number": "同一份"}
        make.traceability(w.institution, w.equipment, w.operator_employment, **facts, confirmed_on=None)
        make.traceability(w.institution, w.equipment, w.operator_employment, **facts, confirmed_on=on)

    return change


def begun(performed_on, **values):
    return recorded(started_at=make.NOON, late_reason="", performed_on=performed_on, **values)


def found_current_again(w):
    found_ended(DAY, reviewed_on=YESTERDAY)(w)
    make.review(w, reviewed_on=DAY)


LEGAL = {"kind": Qualification.Kind.LEGAL_INSTITUTION}
OTHERWISE = [
    ("B-6.1.2-s2", State.MET, found_ended(TOMORROW)),
    ("B-6.1.2-s2", State.MET, found_ended(DAY, reviewed_on=TOMORROW)),
    ("B-6.1.2-s2", State.MET, found_ended(DAY, state="withdrawn")),
    ("B-6.1.2-s2", State.MET, found_current_again),
    ("A-6.1.1", State.MET, updated(MeasurementStandard, assessed_until=DAY)),
    ("A-6.1.1", State.MET, updated(MeasurementStandard, assessed_on=DAY)),
    ("A-6.1.1", State.NOT_MET, another_standard(assessed_until=YESTERDAY)),
    ("A-6.1.1", State.NOT_MET, another_standard(assessed_on=TOMORROW)),
    ("A-6.1.1", State.MET, another_standard(assessed_until=YESTERDAY, state=MeasurementStandard.State.SUSPENDED)),
    ("B-5.8-d", State.MET, updated(MeasurementStandard, assessed_on=DAY, assessed_until=DAY)),
    ("B-5.8-d", State.NOT_MET, updated(MeasurementStandard, assessed_on=TOMORROW)),
    ("C-5.5.4", State.NOT_MET, calibrated(DAY, TOMORROW)),
    ("C-5.5.4", State.MET, calibrated(YESTERDAY, DAY)),
    ("C-5.5.4", State.MET, used_before_the_next(DAY - timedelta(365))),
    ("C-5.5.4", State.MET, calibrated(DAY - timedelta(364), TOMORROW)),
    ("C-5.5.4", State.NOT_MET, found_unfit(YESTERDAY)),
    ("C-5.5.4", State.MET, found_unfit(YESTERDAY, then=DAY)),
    ("C-5.5.4", State.MET, recorded_again(YESTERDAY)),
    ("C-5.5.4", State.NOT_MET, used_before_the_next(DAY - timedelta(364))),
    ("C-6.3.3-s1", State.MET, begun(DAY)),
    ("C-6.3.3-s1", State.MET, begun(YESTERDAY)),
    ("C-6.3.3-s1", State.NOT_MET, begun(DAY - timedelta(2))),
    ("C-6.3.3-s1", State.NOT_MET, recorded(started_at=make.NOON - timedelta(1), late_reason="")),
    ("C-6.3.2", State.MET, with_readings()),
    ("C-6.3.2", State.NOT_MET, with_readings(room="")),
    ("C-6.3.2", State.NOT_MET, with_readings(without="condition:")),
    ("C-5.2.4-s2", State.MET, updated(MethodAdoption, verified_on=DAY)),
    ("C-5.2.4-s2", State.MET, recorded(performed_on=date(2024, 1, 1), state=RawRecord.State.ABANDONED)),
    ("C-5.2.4-s2", State.NOT_MET, recorded(performed_on=date(2024, 1, 1))),
    ("C-5.2.4-s2", State.MET, later),
    ("B-4.6-s4", State.MET, all_in_one_day),
    ("C-5.2.4-s3", State.MET, all_in_one_day),
    ("C-5.2.4-s3", State.NOT_MET, lambda w: (all_in_one_day(w), MethodAdoption.objects.update(state="withdrawn"))),
    ("B-4.6-s4", State.NOT_APPLICABLE, published_elsewhere),
    ("C-5.2.4-s3", State.NOT_APPLICABLE, published_elsewhere),
    ("B-4.6-s4", State.NOT_APPLICABLE, lambda w: make.method_papers(w, make.own_method(w.institution, in_force_from=TOMORROW))),
    ("C-5.2.4-s3", State.NOT_APPLICABLE, lambda w: make.method_papers(w, make.own_method(w.institution, in_force_from=TOMORROW))),
    ("B-6.1.5.1-h", State.UNKNOWN, updated(Authorisation, valid_from=DAY)),
    ("C-4.1.2-c-s1", State.NOT_APPLICABLE, updated(Qualification, **LEGAL, valid_until=DAY)),
    ("C-4.1.2-c-s1", State.NOT_MET, updated(Qualification, **LEGAL, valid_until=YESTERDAY)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "expected", "change"), OTHERWISE, ids=[f"{row[0]}-{row[1]}-{n}" for n, row in enumerate(OTHERWISE)]
)
def test_what_is_close_to_a_breach_is_told_apart(w, name, expected, change):
    change(w)
    assert state(w, name) == expected


def test_a_method_that_will_be_verified_tomorrow_is_not_used_yet(blank):
    MethodAdoption.objects.update(verified_on=TOMORROW)
    assert state(blank, "C-5.2.4-s2") == State.NOT_APPLICABLE


def test_every_check_is_spoiled_by_some_test():
    assert set(MINE) == {name for name, _spoil in SPOILED}


@pytest.mark.parametrize(
    ("name", "spoil", "wrong"),
    [
        ("A-6.2.2", lambda w: shortened(w, w.equipment), "当天没有有效溯源：2026-"),
        ("B-4.4.2-s1", unfiled, "当天没有附文件的有效溯源：2026-"),
        ("C-5.5.4", unconfirmed, "计量确认为可用之前使用：2026-"),
    ],
)
def test_a_row_says_what_is_wrong_with_the_equipment_and_when(w, name, spoil, wrong):
    spoil(w)
    assert all(row.text.startswith(wrong) for row in CHECKS[name](w.institution, DAY).evidence)


# --- closer looks


def test_abolished_equipment_out_of_use_that_was_used_last_year_is_left_to_a_person(w):
    Equipment.objects.filter(pk=w.equipment.pk).update(obsolete=True, state=Equipment.State.OUT_OF_USE)
    assert state(w, "A-6.2.1.1-s2") == State.UNKNOWN


def test_a_legal_institution_needs_no_authorisation_to_verify(w):
    Qualification.objects.update(kind=Qualification.Kind.LEGAL_INSTITUTION)
    assert state(w, "C-4.1.2-c-s1") == State.NOT_APPLICABLE


def test_the_day_after_the_65th_birthday_is_too_late(w):
    Employment.objects.update(birth_date=date(1961, 3, 10))
    assert state(w, "C-5.1.2-s4") == State.MET


def test_a_voided_certificate_is_judged_as_well(w):
    changed(token="")(w)
    assert state(w, "A-3.4-s2") == State.NOT_MET


def test_a_draft_is_not_judged(w):
    changed(token="", state=Certificate.State.ABANDONED)(w)
    assert state(w, "A-3.4-s2") == State.MET


def test_a_reading_of_a_point_in_another_unit_of_the_same_quantity_is_inside_scope(w):
    ScopeItem.objects.update(unit="kPa", range_high="2500")
    assert state(w, "A-6.1.3") == State.MET


def test_a_breach_of_another_institution_is_not_mine(w):
    other = make.laboratory("beta")
    with tenant(other.institution.pk):
        make.record(other, filled=True)
        ScopeItem.objects.filter(institution=other.institution).update(range_high="0.1")
    assert state(w, "A-6.1.3") == State.MET


def test_a_file_that_was_taken_in_proves_the_verification_of_a_method(w):
    proven_by("accepted")(w)
    assert state(w, "C-5.2.4-s2") == State.MET


def test_whoever_was_authorised_when_it_was_measured_may_have_lost_it_since(w):
    Authorisation.objects.update(state=Authorisation.State.REVOKED, revoked_on=TOMORROW)
    assert (state(w, "B-4.5-d"), state(w, "B-6.1.5.1-h"), state(w, "B-5.7-d-s2")) == ("met", "unknown", "met")


def test_a_certificate_of_the_military_counts_for_a_calibrator_in_the_defence_system(w):
    papers("operator", kind="military_verifier", level="")(w)
    LegalStatus.objects.update(system=LegalStatus.System.DEFENCE)
    Authorisation.objects.filter(role=Authorisation.Role.VERIFIER).update(revoked_on=TOMORROW)
    copied(RawRecord.objects.get(pk=w.verification.record_id))
    assert state(w, "B-4.5-d") == State.NOT_MET  # of the verification
    Item.objects.update(activity=Item.Activity.CALIBRATION)
    assert state(w, "B-4.5-d") == State.MET


def test_addresses_are_compared_however_they_are_written(w):
    Qualification.objects.update(addresses="衡量路１８号")
    assert state(w, "B-4.2-s3") == State.MET


def test_a_qualification_without_its_addresses_leaves_open_where_it_holds(w):
    Qualification.objects.update(addresses="")
    assert state(w, "B-4.2-s3") == State.UNKNOWN


# --- what it costs


def asked(w):
    """How many queries an evaluation takes; its time is printed."""
    began = perf_counter()
    with CaptureQueriesContext(connection) as queries:
        evaluate(w.institution, DAY)
    print(f"{len(queries)} queries in {perf_counter() - began:.2f} s")
    return len(queries)


QUERIES_FOR_A_CHECK = 5  # its savepoint and what it reads: 220 for the first 44 checks


def test_the_number_of_queries_does_not_grow_with_certificates(w):
    few = asked(w)
    make.certificate(w, "released")
    assert asked(w) == few <= QUERIES_FOR_A_CHECK * len(set(CHECKS.values()))


def rows_of(model, w, many):
    return model.objects.bulk_create(model(institution=w.institution, **values) for values in many)


def grow(w, people, lines):
    """So many more people, every other one with papers, lines of scope, and for every tenth of these an own method."""
    persons = Person.objects.bulk_create(Person() for _n in range(people))
    staff = rows_of(Employment, w, (
        {"person": person, "name": f"员工{n}", "staff_number": f"N{people}-{n}", "birth_date": date(1985, 5, 1),
         "started_on": date(2015, 1, 1)} for n, person in enumerate(persons)
    ))  # fmt: skip
    who = Authorisation.Role
    rows_of(Authorisation, w, (
        {"employment": row, "role": role, "field": "压力", "certificate_number": "授-01", "valid_from": date(2020, 1, 1),
         "basis": "十年"} for row in staff for role in (who.CALIBRATOR, who.SIGNATORY, who.TECHNICAL_MANAGER, who.TRAINER)
    ))  # fmt: skip
    rows_of(KeyPerson, w, (
        {"employment": row, "role": "top_management", "name": row.name, "valid_from": date(2020, 1, 1)} for row in staff
    ))  # fmt: skip
    rows_of(Credential, w, (
        {"employment": row, "kind": "title", "level": "senior", "number": row.name, "issuer": "省级", "speciality": "计量",
         "valid_from": date(2018, 1, 1), "valid_until": until} for row in staff[::2] for until in (None, YESTERDAY)
    ))  # fmt: skip
    rows_of(Experience, w, (
        {"employment": row, "kind": kind, "employer": "计量所", "started_on": date(2015, 1, 1)}
        for row in staff[::2] for kind in ("metrology", "industry")
    ))  # fmt: skip
    trainings = rows_of(Training, w, (
        {"title": f"培训{n}", "kind": "skills", "held_on": date(2026, 2, 1), "hours": 4, "trainer": row}
        for n, row in enumerate(staff)
    ))  # fmt: skip
    rows_of(TrainingAttendance, w, ({"employment": row, "training": trainings[0], "result": "passed"} for row in staff))
    rows_of(ProtectiveIssue, w, (
        {"employment": row, "item": "护目镜", "issued_on": date(2026, 1, 1)} for row in staff[::2]
    ))  # fmt: skip
    rows_of(Declaration, w, (
        {"employment": row, "kind": kind, "valid_from": date(2026, 1, 1), "valid_until": date(2026, 12, 31)}
        for row in staff[::2] for kind in ("confidentiality", "no_conflict", "no_pressure")
    ))  # fmt: skip
    methods = Method.objects.bulk_create(
        Method(owner=w.institution, code=f"QF-{lines}-{n}", title="自编", kind="non_standard",
               in_force_from=date(2025, 1, 1), in_force_until=None if n % 2 else YESTERDAY) for n in range(lines // 10)
    )  # fmt: skip
    rows_of(OwnMethod, w, (
        {"state": "current", "origin": "in_house", "code": row.code, "title": row.title, "field": "压力", "method": row,
         "developer": staff[n % people], "validator": staff[-1], "validated_on": date(2025, 2, 1),
         **dict.fromkeys(("text", "validation", "evaluation"), w.refused)} for n, row in enumerate(methods)
    ))  # fmt: skip
    rows_of(MethodAdoption, w, (
        {"method": row, "site": w.site, "verified_on": date(2025, 1, 15), "verified_by": staff[0]} for row in methods
    ))  # fmt: skip
    rows_of(ScopeItem, w, (
        {"qualification": w.qualification, "site": w.site, "method": methods[n % len(methods)], "instrument": f"压力表{n}",
         "measurand": "压力", "field": "压力" if n % 2 else f"专业{n % 7}", "range_low": 0, "range_high": 60, "unit": "MPa",
         "cmc_constant": "0.01", "valid_from": date(2020, 1, 1)} for n in range(lines)
    ))  # fmt: skip


def test_200_people_and_2000_lines_take_as_many_queries_as_20_and_200(w):
    w.refused = make.document(w.institution, state="refused")
    grow(w, 20, 200)
    few = asked(w)
    grow(w, 180, 1800)
    assert asked(w) == few <= QUERIES_FOR_A_CHECK * len(set(CHECKS.values()))
