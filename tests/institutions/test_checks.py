"""What an institution's papers, people and scope say about its clauses."""

from datetime import date, timedelta

import pytest
from stdnum.cn import uscc

from institutions import checks
from institutions.models import Authorisation, Employment, Institution, Qualification, ScopeItem
from portal.clauses import State, evaluate
from portal.models import Document
from portal.permissions import Role
from portal.tenancy import tenant
from tests import make

DAY = make.DAY


def credit_code(number):
    code = f"91440300{number:09d}"
    return code + uscc.calc_check_digit(code)


@pytest.fixture
def w(db):
    make.institution(credit_code=credit_code(1))
    world = make.laboratory()
    lab = world.institution
    world.licence = make.qualification(lab, file=make.document(lab))
    world.second = make.employment(lab, "周衡")
    make.authorisation(lab, world.second, Authorisation.Role.CALIBRATOR)
    with tenant(lab.pk):
        yield world


def verdict(check, w, day=DAY):
    return check(w.institution, day)


def state(check, w, day=DAY):
    return str(verdict(check, w, day).state)


def test_a_valid_licence_alone_does_not_prove_that_an_institution_operates(w):
    assert state(checks.licensed, w) == State.UNKNOWN


@pytest.mark.parametrize("until", [DAY - timedelta(1), None])
def test_without_a_licence_in_date_an_institution_is_not_licensed(w, until):
    Qualification.objects.filter(pk=w.licence.pk).update(valid_until=until, kind="cnas_accreditation")
    assert state(checks.licensed, w) == State.NOT_MET


def test_a_licence_holds_on_its_last_day_and_not_on_the_next(w):
    Qualification.objects.filter(pk=w.licence.pk).update(valid_until=DAY)
    assert state(checks.lawfully_founded, w) == State.MET
    assert state(checks.lawfully_founded, w, DAY + timedelta(1)) == State.NOT_MET


def test_a_credit_code_with_a_wrong_check_digit_is_not_met(w):
    code = w.institution.credit_code
    w.institution.credit_code = code[:-1] + ("0" if code[-1] != "0" else "1")
    found = verdict(checks.lawfully_founded, w)
    assert (found.state, found.evidence[0].label) == (State.NOT_MET, w.institution.credit_code)


@pytest.mark.parametrize("document", ["none", "refused"])
def test_a_licence_without_its_file_is_not_met(w, document):
    if document == "none":
        Qualification.objects.filter(pk=w.licence.pk).update(file=None)
    else:
        Document.objects.update(state=Document.State.REFUSED)
    assert state(checks.lawfully_founded, w) == State.NOT_MET


def test_two_people_for_each_line_of_scope_are_enough(w):
    assert state(checks.two_people_for_each_item, w) == State.MET


@pytest.mark.parametrize("why", ["left", "revoked", "other field", "same person", "not yet"])
def test_a_line_of_scope_with_one_person_is_named(w, why):
    grants = Authorisation.objects.filter(employment=w.second)
    match why:
        case "left":
            Employment.objects.filter(pk=w.second.pk).update(ended_on=DAY - timedelta(1))
        case "same person":
            Employment.objects.filter(pk=w.second.pk).update(person=w.operator_employment.person)
        case "revoked":
            grants.update(revoked_on=DAY)
        case "other field":
            grants.update(field="温度")
        case "not yet":
            grants.update(valid_from=DAY + timedelta(1))
    found = verdict(checks.two_people_for_each_item, w)
    assert (found.state, [row.row_id for row in found.evidence]) == (State.NOT_MET, [w.scope.pk])


@pytest.mark.parametrize("values", [{"state": "suspended"}, {"valid_until": DAY - timedelta(1)}])
def test_without_lines_of_scope_two_people_are_not_asked_for(w, values):
    ScopeItem.objects.update(**values)
    assert state(checks.two_people_for_each_item, w) == State.NOT_APPLICABLE


def test_operators_who_work_here_may_be_authorised(w):
    Employment.objects.filter(pk=w.second.pk).update(kind=Employment.Kind.DISPATCH)
    assert state(checks.operators_are_employed, w) == State.MET


def test_an_operator_who_left_with_an_authorisation_is_named(w):
    Employment.objects.filter(pk=w.second.pk).update(ended_on=DAY - timedelta(1))
    found = verdict(checks.operators_are_employed, w)
    assert (found.state, [row.label for row in found.evidence]) == (State.NOT_MET, ["周衡"])


def test_without_authorised_operators_none_is_judged(w):
    Authorisation.objects.update(revoked_on=date(2021, 1, 1))
    assert state(checks.operators_are_employed, w) == State.NOT_APPLICABLE


def test_leavers_without_rights_do_not_prove_the_register_of_people(w):
    assert state(checks.leavers_hold_nothing, w) == State.UNKNOWN


@pytest.mark.parametrize("what", ["authorisation", "account"])
def test_a_leaver_with_an_authorisation_or_an_account_is_named(w, what):
    if what == "account":
        Authorisation.objects.filter(employment=w.second).update(revoked_on=date(2021, 1, 1))
        make.user(w.institution, Role.OPERATOR, employment=w.second)
    Employment.objects.filter(pk=w.second.pk).update(ended_on=DAY - timedelta(1))
    found = verdict(checks.leavers_hold_nothing, w)
    assert (found.state, [row.label for row in found.evidence]) == (State.NOT_MET, ["周衡"])


def test_an_institution_without_people_has_no_register_of_people(db):
    empty = make.institution("gamma")
    assert evaluate(empty, DAY)["C-7.1.3"].state == State.NOT_MET


def test_without_scope_for_a_year_document_b_does_not_apply(w):
    ScopeItem.objects.update(valid_until=DAY - timedelta(365))
    found = evaluate(w.institution, DAY)
    assert {verdict.state for name, verdict in found.items() if name.startswith("B-")} == {State.NOT_APPLICABLE}
    assert "能力范围" in found["B-4.3-s2"].advice


def test_a_verdict_looks_at_its_own_institution_only(w):
    other = make.laboratory("beta").institution
    with tenant(other.pk):
        Authorisation.objects.filter(institution=other).update(revoked_on=date(2021, 1, 1))
    found = evaluate(Institution.objects.get(pk=w.institution.pk), DAY)
    assert found["C-5.1.1-s2"].state == State.MET
