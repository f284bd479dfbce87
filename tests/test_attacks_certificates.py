"""What a hostile member tries on the way to a certificate: past its gates, and two things at once."""

import threading
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from certificates import content, readings, workflow
from certificates.models import Certificate, Procedure, RawRecord
from equipment.models import Equipment
from institutions.access import actor_in
from institutions.models import (
    Authorisation,
    Employment,
    Method,
    Qualification,
    ScopeItem,
    User,
)
from orders.models import Item
from portal.tenancy import scope, tenant
from portal.transitions import Refused
from tests import make
from tests.concurrency import at_once, kinds
from tests.make import NOON

VERIFICATION = Item.Activity.VERIFICATION


@pytest.fixture
def lab(db):
    """A laboratory with three authorised people; the test runs inside its scope."""
    world = make.laboratory()
    with tenant(world.institution.pk):
        yield world


@pytest.fixture
def world(db):
    """A laboratory outside any scope, as a request finds it."""
    return make.laboratory()


def submitted(lab, **kwargs):
    return workflow.submit(make.record(lab, filled=True, **kwargs), actor=lab.operator, at=NOON)


# --- past a gate: units and scope


def test_a_scope_in_a_smaller_unit_does_not_cover_points_in_a_larger_one(lab):
    ScopeItem.objects.update(unit="kPa")  # (0～2.5) kPa, and the sheet asks for 1.6 MPa
    with pytest.raises(Refused, match="能力范围"):
        submitted(lab)


def test_a_scope_in_another_unit_of_the_same_quantity_is_converted(lab):
    ScopeItem.objects.update(unit="kPa", range_high="2500", cmc_constant="2")
    assert submitted(lab).state == Certificate.State.DRAFT


def test_the_smallest_uncertainty_of_a_scope_in_another_unit_is_converted(lab):
    ScopeItem.objects.update(unit="kPa", range_high="2500", cmc_constant="500")
    with pytest.raises(Refused, match="CMC"):
        submitted(lab)


def test_a_scope_in_a_unit_of_another_quantity_covers_nothing(lab):
    ScopeItem.objects.update(unit="℃")
    with pytest.raises(Refused, match="能力范围"):
        submitted(lab)


def test_a_standard_whose_range_is_in_a_smaller_unit_does_not_cover_the_points(lab):
    Equipment.objects.filter(pk=lab.equipment.pk).update(unit="kPa")
    with pytest.raises(Refused, match="不含检校点"):
        submitted(lab)


def test_a_verification_rests_at_every_point_on_a_qualification_that_permits_it(lab):
    ScopeItem.objects.update(range_high="0.5")
    accreditation = make._row(
        Qualification, lab.institution, kind=Qualification.Kind.CNAS, number="CNAS L00000", issuer="认可机构（示）",
        valid_from=date(2024, 1, 1),
    )  # fmt: skip
    wide = ScopeItem.objects.get()
    wide.pk, wide.ref, wide.qualification, wide.range_high = None, "abcdefghijkl", accreditation, "2.5"
    wide.save()
    with pytest.raises(Refused, match="能力范围"):
        submitted(lab, activity=VERIFICATION)


def test_a_verification_follows_a_regulation_and_no_calibration_specification(lab):
    with scope():  # no institution writes the catalogue
        Method.objects.update(kind=Method.Kind.SPECIFICATION)
    with pytest.raises(Refused, match="检定规程"):
        submitted(lab, activity=VERIFICATION)


# --- past a gate: what was measured


@pytest.mark.parametrize("points", [["0.8"], ["0.8", "0.8", "0.8"], ["0", "0.4", "0.8"], ["0.8", "1.2", "1.6"]])
def test_a_verification_at_too_few_points_or_not_over_the_whole_range_is_refused(lab, points):
    with pytest.raises(Refused, match="检定点"):
        make.record(lab, activity=VERIFICATION, points=points)
    record = make.record(lab, activity=VERIFICATION)
    RawRecord.objects.filter(pk=record.pk).update(points=points)
    texts = dict(zip(make.POINTS, make.READINGS, strict=True))
    entries = [
        readings.Entry(f"reading:{index}:{key}", text)
        for index, point in enumerate(points)
        for key, text in zip(make.COLUMNS, texts[point], strict=True)
    ] + [entry for entry in make.cells() if not entry.cell.startswith("reading")]
    readings.enter(record, entries, actor=lab.operator, at=NOON)
    with pytest.raises(Refused, match="检定点"):
        workflow.submit(record, actor=lab.operator, at=NOON)


def test_a_verification_without_a_verdict_leads_to_no_paper(lab):
    definition = dict(make.DEFINITION)
    definition["mpe"] = [{"when": "point < 0", "value": "1"}]
    Procedure.objects.update(definition=definition)
    with pytest.raises(Refused, match="结论"):
        submitted(lab, activity=VERIFICATION)


def test_a_verification_by_a_sheet_that_limits_nothing_leads_to_no_paper(lab):
    definition = dict(make.DEFINITION, observations=[], mpe=[])
    definition["derived"] = [{k: v for k, v in d.items() if k != "limit"} for d in definition["derived"]]
    Procedure.objects.update(definition=definition)
    record = make.record(lab, activity=VERIFICATION)
    readings.enter(record, make.cells(), actor=lab.operator, at=NOON)
    with pytest.raises(Refused, match="结论"):
        workflow.submit(record, actor=lab.operator, at=NOON)


@pytest.mark.parametrize("state", [Procedure.State.DRAFT, Procedure.State.RETIRED])
def test_no_record_is_started_with_a_data_sheet_that_is_not_approved(lab, state):
    stale = Procedure.objects.get(pk=lab.procedure.pk)
    Procedure.objects.update(state=state)
    with pytest.raises(Refused, match="数据表"):
        make.record(lab, procedure=stale)


# --- past a gate: who acts


@pytest.mark.parametrize("who", ["checker", "signatory"])
def test_who_has_left_neither_checks_nor_approves(lab, who):
    certificate = make.certificate(lab, "draft" if who == "checker" else "checked")
    Employment.objects.filter(pk=getattr(lab, who).employment_id).update(ended_on=make.DAY - timedelta(days=1))
    with pytest.raises(Refused, match="不在职"):
        if who == "checker":
            workflow.check(certificate, actor=lab.checker, at=NOON)
        else:
            seen = content.sha256(content.body(certificate, approver=lab.signatory.name))
            workflow.approve(certificate, confirmed_sha256=seen, actor=lab.signatory, at=NOON + timedelta(hours=1))


def test_nothing_is_issued_in_the_name_of_somebody_who_has_left(lab):
    certificate = make.certificate(lab, "approved")
    Employment.objects.filter(pk=lab.signatory.employment_id).update(ended_on=make.DAY - timedelta(days=1))
    with pytest.raises(Refused, match="不在职"):
        workflow.issue(certificate, actor=lab.signatory, at=NOON + timedelta(hours=1))


def test_a_certificate_names_the_employee_and_not_what_another_institution_called_the_account(world):
    user = User.objects.get(pk=world.signatory.user_id)
    User.objects.filter(pk=user.pk).update(name="别院起的名字")
    user.refresh_from_db()
    with scope(institution_id=world.institution.pk, user_id=user.pk):
        assert actor_in(user, world.institution).name == world.signatory_employment.name


# --- past a gate: two things at once


@pytest.mark.django_db(transaction=True)
def test_a_correction_in_the_moment_of_resubmitting_is_judged_or_refused():
    lab = make.laboratory()
    certificate = make.certificate(lab, "draft", activity=VERIFICATION)
    with tenant(lab.institution.pk):
        certificate = workflow.send_back(certificate, reason="请复核", actor=lab.checker, at=NOON)
    record = RawRecord(pk=certificate.record_id, institution_id=lab.institution.pk)
    corrected, resubmitted = threading.Event(), threading.Event()

    def correct():
        with tenant(lab.institution.pk):
            spoiled = readings.Entry("reading:2:up_after", "0.90", reason="读错")
            outcomes = readings.enter(record, [spoiled], actor=lab.operator, at=NOON)
            corrected.set()
            resubmitted.wait(1.5)  # the other one is through only if nothing holds it up
            return outcomes[0].state

    def resubmit():
        corrected.wait(10)
        with tenant(lab.institution.pk):
            workflow.resubmit(make.fresh(certificate), actor=lab.operator, at=NOON)
        resubmitted.set()

    assert at_once(correct, resubmit) == ["saved", None]
    with tenant(lab.institution.pk):
        now = make.fresh(certificate)
        assert now.kind == content.kind_for(now.dossier) == Certificate.Kind.NOTICE


def test_the_database_holds_one_open_record_of_an_item(lab):
    twin = make.record(lab)
    twin.pk, twin.ref, twin.number = None, "abcdefghijkl", "R26-99999"
    with pytest.raises(IntegrityError, match="one_open_record_per_item"), transaction.atomic():
        twin.save(force_insert=True)


@pytest.mark.django_db(transaction=True)
def test_one_item_gets_one_data_sheet_however_many_are_asked_for_at_once():
    lab = make.laboratory()
    item = make.item(lab.institution)
    first = make.record(lab, item=item)
    with tenant(lab.institution.pk):
        workflow.abandon_record(first, reason="换标准器", actor=lab.operator, at=NOON)

    def start():
        with tenant(lab.institution.pk):
            return make.record(lab, item=Item.objects.get(pk=item.pk))

    assert kinds(at_once(start, start, start)) == ["RawRecord", "Refused", "Refused"]


def test_the_signatory_must_hold_the_field_of_the_sheet(lab):
    certificate = make.certificate(lab, "checked")
    Authorisation.objects.filter(role=Authorisation.Role.SIGNATORY).update(field="温度")
    seen = content.sha256(content.body(certificate, approver=lab.signatory.name))
    with pytest.raises(Refused, match="授权"):
        workflow.approve(certificate, confirmed_sha256=seen, actor=lab.signatory, at=NOON + timedelta(hours=1))
