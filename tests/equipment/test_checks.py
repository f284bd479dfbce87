"""What the registers of equipment and standards say about their clauses."""

from datetime import timedelta

import pytest

from equipment import checks
from equipment.models import Equipment, MeasurementStandard
from institutions.models import Authorisation, Credential, Employment, Membership, YearFigures
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
        checks.registers.registers_are_current, checks.traceability.confirmations_are_on_file, checks.registers.key_people_are_on_post,
        checks.standards.standards_have_a_responsible_person,
    ],
)  # fmt: skip
def test_without_rows_nothing_is_judged(bare, check):
    assert check(bare, DAY).state == State.NOT_APPLICABLE


def test_a_register_whose_dates_hold_is_current(w):
    assert named(checks.registers.registers_are_current, w) == (State.MET, [])


def test_equipment_in_use_without_traceability_is_named(w):
    row = make.equipment(w.institution, w.site)
    assert named(checks.registers.registers_are_current, w) == (State.NOT_MET, [str(row)])


def test_a_standard_in_use_past_its_assessment_is_named(w):
    MeasurementStandard.objects.update(assessed_until=YESTERDAY)
    assert named(checks.registers.registers_are_current, w) == (State.NOT_MET, [str(w.standard)])


@pytest.mark.parametrize(("until", "said"), [(YESTERDAY, str(YESTERDAY)), (None, "没有登记")])
def test_the_end_of_an_assessment_is_told_or_that_none_is_known(w, until, said):
    MeasurementStandard.objects.update(assessed_until=until)
    assert said in checks.registers.registers_are_current(w.institution, DAY).evidence[0].text


def test_standards_alone_are_judged_too(w):
    Equipment.objects.update(state=Equipment.State.OUT_OF_USE)
    assert named(checks.registers.registers_are_current, w) == (State.MET, [])


def test_what_is_out_of_use_may_have_run_out(w):
    make.equipment(w.institution, w.site, state=Equipment.State.OUT_OF_USE)
    MeasurementStandard.objects.update(assessed_until=YESTERDAY, state=MeasurementStandard.State.SUSPENDED)
    assert named(checks.registers.registers_are_current, w) == (State.MET, [])


def test_confirmed_traceabilities_are_on_file(w):
    assert named(checks.traceability.confirmations_are_on_file, w) == (State.MET, [])


def test_a_confirmation_before_the_calibration_is_none(w):
    before = YESTERDAY - timedelta(1)
    make.traceability(w.institution, w.equipment, w.operator_employment, calibrated_on=YESTERDAY, confirmed_on=before)
    assert named(checks.traceability.confirmations_are_on_file, w) == (State.NOT_MET, [str(w.equipment)])


def test_a_confirmation_by_somebody_who_had_left_is_none(w):
    gone = make.employment(w.institution, "旧人", ended_on=YESTERDAY)
    make.traceability(w.institution, w.equipment, gone, calibrated_on=YESTERDAY, confirmed_on=DAY)
    assert named(checks.traceability.confirmations_are_on_file, w) == (State.NOT_MET, [str(w.equipment)])


def test_key_people_on_post_are_met(w):
    make.user(w.institution, Role.QUALITY_MANAGER, employment=w.checker_employment)
    assert named(checks.registers.key_people_are_on_post, w) == (State.MET, [])


@pytest.mark.parametrize("change", [{"kind": Employment.Kind.DISPATCH}, {"ended_on": YESTERDAY}])
def test_a_signatory_who_is_dispatched_or_has_left_is_named(w, change):
    Employment.objects.filter(pk=w.signatory_employment.pk).update(**change)
    state, names = named(checks.registers.key_people_are_on_post, w)
    assert (state, set(names)) == (State.NOT_MET, {"陈慕白"})


def test_a_dispatched_quality_manager_is_named(w):
    make.user(w.institution, Role.QUALITY_MANAGER, employment=w.checker_employment)
    Employment.objects.filter(pk=w.checker_employment.pk).update(kind=Employment.Kind.DISPATCH)
    assert named(checks.registers.key_people_are_on_post, w) == (State.NOT_MET, ["许知远"])


def test_whoever_answers_for_a_standard_and_is_dispatched_is_named(w):
    MeasurementStandard.objects.update(
        responsible=make.employment(w.institution, "郑远", kind=Employment.Kind.DISPATCH)
    )
    assert named(checks.registers.key_people_are_on_post, w) == (State.NOT_MET, ["郑远"])


def test_a_technical_manager_without_employment_is_named(w):
    make.user(w.institution, Role.TECHNICAL_MANAGER, name="外聘")
    assert named(checks.registers.key_people_are_on_post, w) == (State.NOT_MET, ["外聘"])


def test_a_manager_is_named_for_what_he_manages_only(w):
    make.user(w.institution, Role.QUALITY_MANAGER, Role.OPERATOR, name="外聘")
    (found,) = checks.registers.key_people_are_on_post(w.institution, DAY).evidence
    assert found.text.startswith("质量负责人，")


def test_somebody_who_is_no_member_any_more_is_no_manager(w):
    make.user(w.institution, Role.TECHNICAL_MANAGER, name="外聘", state=Membership.State.ENDED)
    assert named(checks.registers.key_people_are_on_post, w) == (State.MET, [])


@pytest.mark.parametrize("role", [Authorisation.Role.TECHNICAL_MANAGER, Authorisation.Role.QUALITY_MANAGER])
@pytest.mark.parametrize("change", [{"kind": Employment.Kind.PART_TIME}, {"ended_on": YESTERDAY}])
def test_an_authorised_manager_who_is_not_on_post_is_named(w, role, change):
    who = make.employment(w.institution, "郑远", **change)
    make.authorisation(w.institution, who, role, field="")
    assert named(checks.registers.key_people_are_on_post, w) == (State.NOT_MET, ["郑远"])


def test_whose_authorisation_was_revoked_may_have_left(w):
    who = make.employment(w.institution, "郑远", ended_on=YESTERDAY)
    make.authorisation(w.institution, who, Authorisation.Role.QUALITY_MANAGER, field="", revoked_on=DAY)
    assert named(checks.registers.key_people_are_on_post, w) == (State.MET, [])


ENGINEERS = [
    {"kind": "registered_metrologist"}, {"kind": "registered_metrologist", "level": "level_1"},
    {"kind": "title", "level": "middle"}, {"kind": "title", "level": "senior"}, {"kind": "title", "level": "professor"},
    {"kind": "title", "level": "middle", "valid_until": DAY},
]  # fmt: skip
NO_ENGINEERS = [
    {"kind": "title", "level": "junior"}, {"kind": "internal_certificate"}, {"kind": "title", "valid_until": YESTERDAY},
    {"kind": "title", "valid_from": DAY + timedelta(1)}, {"kind": "title", "state": "withdrawn"},
]  # fmt: skip


@pytest.mark.parametrize("credential", ENGINEERS)
def test_an_engineer_or_a_registered_metrologist_may_answer_for_a_standard(w, credential):
    Credential.objects.update(state="withdrawn")
    make.credential(w.institution, w.signatory_employment, **credential)
    assert named(checks.standards.standards_have_a_responsible_person, w) == (State.MET, [])


@pytest.mark.parametrize("credential", NO_ENGINEERS)
def test_nobody_else_answers_for_a_standard(w, credential):
    Credential.objects.update(state="withdrawn")
    make.credential(w.institution, w.signatory_employment, **credential)
    make.credential(w.institution, w.operator_employment)
    assert named(checks.standards.standards_have_a_responsible_person, w) == (State.NOT_MET, [str(w.standard)])


def test_a_standard_whose_responsible_person_left_is_named(w):
    make.credential(w.institution, w.signatory_employment)
    Employment.objects.filter(pk=w.signatory_employment.pk).update(ended_on=YESTERDAY)
    Authorisation.objects.update(revoked_on=YESTERDAY)
    assert named(checks.standards.standards_have_a_responsible_person, w) == (State.NOT_MET, [str(w.standard)])


# --- people and equipment are all here


@pytest.fixture
def declared(w):
    """What the laboratory declared for this year agrees with its registers: three people, each with a role, two devices."""
    return YearFigures.objects.create(institution=w.institution, year=2026, headcount=3, inventory=2)


def changed(table, **values):
    return lambda w: table.objects.update(**values)


def all_here(w):
    return checks.registers.people_and_equipment_are_all_here(w.institution, DAY).state


def test_totals_that_agree_are_met(w, declared):
    assert named(checks.registers.people_and_equipment_are_all_here, w) == (State.MET, [])


DIFFERENT = {
    "one more declared": changed(YearFigures, headcount=4),
    "one device fewer declared": changed(YearFigures, inventory=1),
    "withdrawn": changed(YearFigures, state="withdrawn"),
    "of the year before last": changed(YearFigures, year=2024),
    "of next year": changed(YearFigures, year=2027),
    "somebody left": lambda w: Employment.objects.filter(pk=w.checker_employment.pk).update(ended_on=YESTERDAY),
    "somebody came": lambda w: make.employment(w.institution, post="档案员"),
    "scrapped": lambda w: Equipment.objects.filter(pk=w.equipment.pk).update(state=Equipment.State.SCRAPPED),
    "no role": lambda w: Authorisation.objects.filter(employment=w.checker_employment).update(revoked_on=DAY),
}


@pytest.mark.parametrize("spoil", DIFFERENT.values(), ids=DIFFERENT)
def test_totals_that_differ_or_people_without_a_role_are_not_met(w, declared, spoil):
    spoil(w)
    assert all_here(w) == State.NOT_MET


AGREEING = {
    "of last year": changed(YearFigures, year=2025),
    "gone tomorrow": lambda w: Employment.objects.filter(pk=w.checker_employment.pk).update(ended_on=DAY),
    "a post": lambda w: (changed(Authorisation, revoked_on=DAY)(w), changed(Employment, post="检校员")(w)),
    "out of use": lambda w: Equipment.objects.filter(pk=w.equipment.pk).update(state=Equipment.State.OUT_OF_USE),
}


@pytest.mark.parametrize("change", AGREEING.values(), ids=AGREEING)
def test_totals_still_agree(w, declared, change):
    change(w)
    assert all_here(w) == State.MET


def test_without_figures_people_and_equipment_are_not_all_here(bare):
    found = checks.registers.people_and_equipment_are_all_here(bare, DAY)
    assert found.state == State.NOT_MET and found.fix.endswith(f"/year-figures/new/?year={DAY.year}")


def test_the_figures_of_another_institution_are_none_of_ours(w):
    other = make.laboratory("beta")
    with tenant(other.institution.pk):
        YearFigures.objects.create(institution=other.institution, year=2026, headcount=3, inventory=2)
    assert all_here(w) == State.NOT_MET
