"""What a person must have for a role: each condition refuses with its clause, and lets pass who has it."""

from datetime import date

import pytest

from institutions.models import Authorisation, Credential, Employment, Experience, Method, ScopeItem
from institutions.people.cases import Case, cases_of, house_of
from institutions.people.rules import metrology_years, shortfalls, why_suspended
from portal.tenancy import tenant
from tests import make
from tests.make import DAY

Role = Authorisation.Role


@pytest.fixture
def lab(db):
    with tenant(make.institution().pk):
        yield make.institution()


@pytest.fixture
def person(lab):
    return make.employment(lab, "沈若川")


def missing(person, role, field="压力", *, day=DAY, basis="", ever=False):
    """The clauses that stand in the way of an authorisation that begins on the day."""
    person.refresh_from_db()
    case = cases_of(person.institution, [person.person_id])[person.person_id]
    thought = Authorisation(
        institution=person.institution, employment=person, role=role, field=field, valid_from=day, basis=basis
    )
    return [one.clause for one in shortfalls(house_of(person.institution, day), case, thought, day, ever=ever)]


# --- who verifies or calibrates


def ready_to_operate(lab, person):
    make.credential(lab, person, "verifier_certificate")
    make.trained(lab, person)


@pytest.mark.parametrize("role", [Role.VERIFIER, Role.CALIBRATOR])
def test_who_has_certificate_and_trainings_may_operate(lab, person, role):
    ready_to_operate(lab, person)
    assert missing(person, role) == []


def test_without_anything_each_missing_condition_is_named(person):
    assert missing(person, Role.CALIBRATOR) == ["C-5.1.4", "B-5.7-d-s1", "B-4.5-d"]
    assert missing(person, Role.VERIFIER) == ["C-5.1.4", "B-4.5-d"]


@pytest.mark.parametrize("left_out", ["law", "technical", "practical"])
def test_each_of_the_three_trainings_is_needed(lab, person, left_out):
    make.credential(lab, person)
    make.trained(lab, person, *{"law", "technical", "practical"} - {left_out})
    assert missing(person, Role.VERIFIER) == ["C-5.1.4"]


@pytest.mark.parametrize("facts", [{"result": "failed"}, {"result": "none"}, {"held_on": DAY}, {"field": "长度"}])
def test_a_training_counts_when_passed_before_the_day_and_in_the_field(lab, person, facts):
    make.credential(lab, person)
    make.trained(lab, person, **facts)
    assert missing(person, Role.CALIBRATOR) == ["C-5.1.4", "B-5.7-d-s1"]


def test_a_general_training_alone_trains_no_calibrator_in_the_field(lab, person):
    make.credential(lab, person)
    make.trained(lab, person, field="")
    assert missing(person, Role.VERIFIER) == [] and missing(person, Role.CALIBRATOR) == ["B-5.7-d-s1"]


def test_an_industry_centre_confirms_the_trainings_by_its_own_clause(lab, person):
    make.credential(lab, person)
    make.legal_status(lab, is_industry_centre=True)
    assert missing(person, Role.VERIFIER) == ["C-5.1.4", "D-4.3.2-s1"]


@pytest.mark.parametrize("kind", ["part_time", "other"])
def test_who_is_neither_on_post_nor_dispatched_does_not_operate(lab, person, kind):
    ready_to_operate(lab, person)
    Employment.objects.filter(pk=person.pk).update(kind=kind)
    assert missing(person, Role.CALIBRATOR) == ["C-5.1.2-s3"]


def test_a_dispatched_person_may_operate_and_holds_no_key_role(lab, person):
    ready_to_operate(lab, person)
    Employment.objects.filter(pk=person.pk).update(kind="dispatch")
    assert missing(person, Role.CALIBRATOR) == []
    for role in (Role.TECHNICAL_MANAGER, Role.QUALITY_MANAGER, Role.SIGNATORY):
        assert "C-5.1.2-s2" in missing(person, role)


def test_the_last_day_of_an_operator_is_the_65th_birthday(lab, person):
    ready_to_operate(lab, person)
    Employment.objects.filter(pk=person.pk).update(birth_date=date(1961, 3, 10))
    assert missing(person, Role.VERIFIER, day=date(2026, 3, 10)) == []
    assert missing(person, Role.VERIFIER, day=date(2026, 3, 11)) == ["C-5.1.2-s4"]
    assert missing(person, Role.CHECKER, day=date(2026, 3, 11)) == []  # 65 is for who verifies or calibrates


@pytest.mark.parametrize(
    "change", [{"ended_on": date(2026, 3, 9)}, {"started_on": date(2026, 3, 11)}, {"state": "withdrawn"}]
)
def test_who_does_not_work_here_on_the_day_holds_nothing(lab, person, change):
    Employment.objects.filter(pk=person.pk).update(**change)
    assert missing(person, Role.SUPERVISOR) == ["C-7.1.3"]


# --- credentials


@pytest.mark.parametrize(
    "facts",
    [
        {"valid_until": date(2026, 3, 9)},
        {"valid_from": date(2026, 3, 11)},
        {"speciality": "长度、质量"},
        {"state": "withdrawn"},
        {"kind": "title"},
        {"kind": "other", "level": ""},
    ],
)
def test_a_certificate_that_does_not_count_on_the_day_or_for_the_field_is_none(lab, person, facts):
    make.credential(lab, person, **facts)
    assert missing(person, Role.CHECKER) == ["B-4.5-d"]


@pytest.mark.parametrize("speciality", ["", "压力", "长度、压力", "长度，压力", "计量测试"])
def test_a_certificate_counts_for_each_field_it_names(lab, person, speciality):
    make.credential(lab, person, speciality=speciality)
    assert missing(person, Role.CHECKER) == []


def test_a_military_certificate_counts_in_the_defence_system_and_for_calibrators_only(lab, person):
    make.trained(lab, person)
    make.credential(lab, person, "military_verifier")
    assert missing(person, Role.CALIBRATOR) == ["B-4.5-d"]
    make.legal_status(lab, system="defence")
    assert missing(person, Role.CALIBRATOR) == []
    assert missing(person, Role.VERIFIER) == missing(person, Role.CHECKER) == ["B-4.5-d"]
    assert missing(person, Role.SIGNATORY) == ["B-4.5-a-s1"]


# --- signatories


@pytest.mark.parametrize(
    "facts", [{"level": "level_1"}, {"level": "level_2"}, {"kind": "title"}, {"kind": "title", "level": "professor"}]
)
def test_a_registered_metrologist_or_a_senior_title_may_sign(lab, person, facts):
    make.credential(lab, person, **facts)
    assert missing(person, Role.SIGNATORY) == []


@pytest.mark.parametrize(
    "facts",
    [{"kind": "title", "level": "middle"}, {"kind": "verifier_certificate"}, {"kind": "title", "speciality": "会计"}],
)
def test_less_than_that_does_not_sign_where_somebody_calibrates(lab, person, facts):
    make.credential(lab, person, **facts)
    assert missing(person, Role.SIGNATORY) == ["B-4.5-a-s1"]


def signs_in(lab, person, *fields, **facts):
    return [make.authorisation(lab, person, Role.SIGNATORY, field=field, **facts) for field in fields]


def test_the_fourth_field_takes_a_first_level_counted_over_all_authorisations(lab, person):
    make.credential(lab, person, level="level_2")
    signs_in(lab, person, "压力", "质量")
    assert missing(person, Role.SIGNATORY, "长度") == []
    signs_in(lab, person, "长度")
    assert missing(person, Role.SIGNATORY, "温度") == ["B-4.5-a-s2"]
    assert missing(person, Role.SIGNATORY, "长度") == []  # a field of its own once more is no fourth one
    make.credential(lab, person, level="level_1")
    assert missing(person, Role.SIGNATORY, "温度") == []


def test_fields_that_were_given_back_do_not_count(lab, person):
    make.credential(lab, person, level="level_2")
    signs_in(lab, person, "压力", "质量")
    signs_in(lab, person, "长度", state="revoked", revoked_on=DAY)
    signs_in(lab, person, "电学", valid_until=date(2026, 3, 9))
    signs_in(lab, person, "声学", state="proposed")
    assert missing(person, Role.SIGNATORY, "温度") == []


def test_of_four_fields_only_the_last_falls_with_the_first_level(lab, person):
    make.credential(lab, person, level="level_2")
    first = make.credential(lab, person, level="level_1")
    rows = [
        row
        for number, field in enumerate(("压力", "质量", "长度", "温度"))
        for row in signs_in(lab, person, field, granted_on=date(2020, 1, 1 + number))
    ]
    Credential.objects.filter(pk=first.pk).update(valid_until=date(2026, 3, 9))
    case = cases_of(lab)[person.person_id]
    house = house_of(lab, DAY)
    fallen = {row.field: [one.clause for one in why_suspended(house, case, row, DAY)] for row in case.authorisations}
    assert fallen == {"压力": [], "质量": [], "长度": [], "温度": ["B-4.5-a-s2"]} and len(rows) == 4


def test_where_everything_is_verification_an_engineer_may_sign(lab, person):
    make.credential(lab, person, "title", level="middle")
    w = make.laboratory()  # a regulation, and an operator who also calibrates
    assert missing(person, Role.SIGNATORY) == ["B-4.5-a-s1"]
    Authorisation.objects.filter(role=Role.CALIBRATOR).update(state="revoked", revoked_on=DAY)
    assert missing(person, Role.SIGNATORY) == []
    Credential.objects.update(level="junior")
    assert missing(person, Role.SIGNATORY) == ["C-5.1.3"]
    specification = make.method("JJF 1999-2020", kind=Method.Kind.SPECIFICATION)
    ScopeItem.objects.filter(pk=w.scope.pk).update(method=specification)
    assert missing(person, Role.SIGNATORY) == ["B-4.5-a-s1"]


# --- managers and trainers


def test_a_technical_manager_has_five_years_and_a_high_grade(lab, person):
    assert missing(person, Role.TECHNICAL_MANAGER, "") == ["B-4.5-b", "B-4.5-b"]
    make.experience(lab, person)
    assert missing(person, Role.TECHNICAL_MANAGER, "") == ["B-4.5-b"]
    make.credential(lab, person, level="level_2")
    assert missing(person, Role.TECHNICAL_MANAGER, "") == ["B-4.5-b"]
    make.credential(lab, person, level="level_1")
    assert missing(person, Role.TECHNICAL_MANAGER, "") == []


def years(*periods, day=date(2026, 3, 9), kind="metrology"):
    rows = [Experience(kind=kind, started_on=first, ended_on=last) for first, last in periods]
    return metrology_years(rows, day)


def test_five_years_are_counted_by_the_calendar_and_what_overlaps_once():
    assert years((date(2021, 3, 10), None)) and not years((date(2021, 3, 11), None))
    assert not years((date(2021, 3, 10), None), kind="industry")
    assert not years((date(2022, 1, 1), None), (date(2022, 1, 1), None))
    assert years((date(2010, 1, 1), date(2012, 12, 31)), (date(2012, 6, 1), date(2014, 12, 31)))
    assert not years((date(2010, 1, 1), date(2014, 12, 30)), day=date(2014, 12, 31))
    assert years((date(2023, 3, 1), None), day=date(2028, 2, 28))
    assert not years((date(2026, 3, 10), date(2036, 3, 10)))


def test_a_trainer_states_on_what_the_authorisation_rests(person):
    assert missing(person, Role.TRAINER, "") == ["B-4.5-e"]
    assert missing(person, Role.TRAINER, "", basis="从事压力检定 12 年") == []


@pytest.mark.parametrize(
    "role", [Role.SUPERVISOR, Role.METROLOGY_MANAGER, Role.OPINION, Role.MANAGER, Role.QUALITY_MANAGER]
)
def test_other_roles_ask_for_somebody_at_work(person, role):
    assert missing(person, role, "") == []


# --- what has fallen


def test_an_authorisation_from_before_the_portal_stands_on_what_was_never_there(lab, person):
    row = make.authorisation(lab, person, Role.CALIBRATOR)
    assert why_suspended(house_of(lab, DAY), cases_of(lab)[person.person_id], row, DAY) == []


def test_one_that_was_granted_here_does_not(lab, person):
    row = make.authorisation(lab, person, Role.CHECKER, granted_on=date(2026, 1, 1))
    assert [one.clause for one in why_suspended(house_of(lab, DAY), cases_of(lab)[person.person_id], row, DAY)] == [
        "B-4.5-d"
    ]


def test_a_second_employment_of_the_person_brings_its_papers_along(lab, person):
    Employment.objects.filter(pk=person.pk).update(ended_on=date(2024, 12, 31))
    make.credential(lab, person)
    again = make.employment(lab, "沈若川", person=person.person, started_on=date(2025, 1, 1))
    assert missing(again, Role.CHECKER) == []


def test_what_is_missing_leads_to_the_form_that_records_it(lab, person):
    case = Case(employments=[person])
    row = Authorisation(institution=lab, employment=person, role=Role.CHECKER, field="压力", valid_from=DAY)
    (refusal,) = shortfalls(house_of(lab, DAY), case, row, DAY)
    assert refusal.link == f"/i/alpha/registers/credentials/new/?employment={person.ref}"


def test_everybodys_case_takes_a_fixed_number_of_queries(lab, django_assert_num_queries):
    for number in range(12):
        person = make.employment(lab, f"人{number}")
        ready_to_operate(lab, person)
        make.authorisation(lab, person, Role.CALIBRATOR)
    with django_assert_num_queries(8):
        cases, house = cases_of(lab), house_of(lab, DAY)
    with django_assert_num_queries(0):
        for case in cases.values():
            assert [why_suspended(house, case, row, DAY) for row in case.authorisations] == [[]]
