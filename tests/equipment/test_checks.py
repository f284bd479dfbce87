"""What the registers of equipment and standards say about their clauses."""

from datetime import timedelta

import pytest

from equipment import checks
from equipment.models import Equipment, MeasurementStandard
from institutions.models import Authorisation, Employment
from portal.clauses import State
from portal.permissions import Role
from portal.tenancy import tenant
from tests import make

DAY = make.DAY
YESTERDAY = DAY - timedelta(1)


@pytest.fixture
def w(db):
    world = make.laboratory()
    with tenant(world.institution.pk):
        yield world


@pytest.fixture
def bare(db):
    institution = make.institution("gamma")
    with tenant(institution.pk):
        yield institution


def named(check, w):
    found = check(w.institution, DAY)
    return str(found.state), [row.label for row in found.evidence]


@pytest.mark.parametrize(
    "check",
    [
        checks.registers_are_current, checks.confirmations_are_on_file, checks.key_people_are_on_post,
        checks.standards_have_a_responsible_person,
    ],
)  # fmt: skip
def test_without_rows_nothing_is_judged(bare, check):
    assert check(bare, DAY).state == State.NOT_APPLICABLE


def test_a_register_whose_dates_hold_is_current(w):
    assert named(checks.registers_are_current, w) == (State.MET, [])


def test_equipment_in_use_without_traceability_is_named(w):
    row = make.equipment(w.institution, w.site)
    assert named(checks.registers_are_current, w) == (State.NOT_MET, [str(row)])


def test_a_standard_in_use_past_its_assessment_is_named(w):
    MeasurementStandard.objects.update(assessed_until=YESTERDAY)
    assert named(checks.registers_are_current, w) == (State.NOT_MET, [str(w.standard)])


def test_what_is_out_of_use_may_have_run_out(w):
    make.equipment(w.institution, w.site, state=Equipment.State.OUT_OF_USE)
    MeasurementStandard.objects.update(assessed_until=YESTERDAY, state=MeasurementStandard.State.SUSPENDED)
    assert named(checks.registers_are_current, w) == (State.MET, [])


def test_confirmed_traceabilities_are_on_file(w):
    assert named(checks.confirmations_are_on_file, w) == (State.MET, [])


def test_a_confirmation_before_the_calibration_is_none(w):
    make.traceability(w.institution, w.equipment, w.operator_employment, calibrated_on=YESTERDAY)
    assert named(checks.confirmations_are_on_file, w) == (State.NOT_MET, [str(w.equipment)])


def test_a_confirmation_by_somebody_who_had_left_is_none(w):
    gone = make.employment(w.institution, "旧人", ended_on=YESTERDAY)
    make.traceability(w.institution, w.equipment, gone, calibrated_on=YESTERDAY, confirmed_on=DAY)
    assert named(checks.confirmations_are_on_file, w) == (State.NOT_MET, [str(w.equipment)])


def test_key_people_on_post_are_met(w):
    make.user(w.institution, Role.QUALITY_MANAGER, employment=w.checker_employment)
    assert named(checks.key_people_are_on_post, w) == (State.MET, [])


@pytest.mark.parametrize("change", [{"kind": Employment.Kind.DISPATCH}, {"ended_on": YESTERDAY}])
def test_a_signatory_who_is_dispatched_or_has_left_is_named(w, change):
    Employment.objects.filter(pk=w.signatory_employment.pk).update(**change)
    state, names = named(checks.key_people_are_on_post, w)
    assert (state, set(names)) == (State.NOT_MET, {"陈慕白"})


def test_a_dispatched_quality_manager_is_named(w):
    make.user(w.institution, Role.QUALITY_MANAGER, employment=w.checker_employment)
    Employment.objects.filter(pk=w.checker_employment.pk).update(kind=Employment.Kind.DISPATCH)
    assert named(checks.key_people_are_on_post, w) == (State.NOT_MET, ["许知远"])


def test_a_technical_manager_without_employment_is_named(w):
    make.user(w.institution, Role.TECHNICAL_MANAGER, name="外聘")
    assert named(checks.key_people_are_on_post, w) == (State.NOT_MET, ["外聘"])


def test_a_responsible_person_at_work_does_not_prove_the_title(w):
    assert named(checks.standards_have_a_responsible_person, w) == (State.UNKNOWN, [])


def test_a_standard_whose_responsible_person_left_is_named(w):
    Employment.objects.filter(pk=w.signatory_employment.pk).update(ended_on=YESTERDAY)
    Authorisation.objects.update(revoked_on=YESTERDAY)
    assert named(checks.standards_have_a_responsible_person, w) == (State.NOT_MET, [str(w.standard)])
