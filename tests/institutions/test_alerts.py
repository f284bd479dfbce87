"""Which papers, people and lines of scope are watched, until when, and who is told."""

from datetime import date, timedelta

import pytest

from institutions.alerts.recipients import members
from institutions.models import Authorisation, Qualification, ScopeItem
from portal.alerts import scan
from portal.duelists import RULES, watched
from portal.models import Alert
from portal.permissions import Role
from portal.tenancy import tenant
from tests import make

DAY = make.DAY
UNTIL = DAY + timedelta(60)
SOON = DAY + timedelta(20)


@pytest.fixture
def w(db):
    world = make.laboratory()
    with tenant(world.institution.pk):
        yield world


QUALIFICATION, AUTHORISATION, SCOPE = LISTS = (
    "institutions.qualification",
    "institutions.authorisation",
    "institutions.scope",
)


def found(name, until=UNTIL):
    return [due.subject for due in watched(name, until)]


def test_nothing_that_lasts_is_told(w):
    assert [found(name) for name in LISTS] == [[], [], []]


def test_a_qualification_that_ends_is_told_with_its_day(w):
    Qualification.objects.update(valid_until=SOON)
    assert [due.due_on for due in watched(QUALIFICATION, UNTIL)] == [SOON]
    assert found(QUALIFICATION) == [f"资质到期：{w.qualification}"]


def test_a_qualification_that_a_later_one_follows_is_not_told(w):
    Qualification.objects.update(valid_until=SOON)
    values = {name: getattr(w.qualification, name) for name in ("institution", "kind", "issuer")}
    Qualification.objects.create(
        **values, number="新证", valid_from=SOON + timedelta(1), valid_until=SOON + timedelta(900)
    )
    assert found(QUALIFICATION) == []


def test_what_ended_more_than_a_year_ago_is_given_up(w):
    Qualification.objects.update(valid_until=UNTIL - timedelta(366), valid_from=date(2020, 1, 1))
    assert found(QUALIFICATION) == []


def test_an_authorisation_that_ends_is_told_with_the_persons_name(w):
    Authorisation.objects.filter(role="checker").update(valid_until=SOON)
    assert found(AUTHORISATION) == ["授权到期：许知远 核验员（压力）"]


@pytest.mark.parametrize("why", ["revoked", "left", "renewed"])
def test_an_authorisation_nobody_needs_any_more_is_not_told(w, why):
    checker = Authorisation.objects.get(role="checker")
    Authorisation.objects.filter(pk=checker.pk).update(valid_until=SOON)
    if why == "revoked":
        Authorisation.objects.filter(pk=checker.pk).update(revoked_on=DAY)
    elif why == "left":
        type(w.checker_employment).objects.filter(pk=w.checker_employment.pk).update(ended_on=DAY)
    else:
        make.authorisation(w.institution, w.checker_employment, "checker", valid_from=DAY)
    assert found(AUTHORISATION) == []


def test_a_line_of_scope_that_ends_is_told(w):
    ScopeItem.objects.update(valid_until=SOON)
    assert found(SCOPE) == [f"能力范围到期：{w.scope.instrument} {w.scope.measurand}"]


@pytest.mark.parametrize("name", LISTS)
def test_a_list_asks_one_query(w, name, django_assert_num_queries):
    for table in (Qualification, Authorisation, ScopeItem):
        table.objects.update(valid_until=SOON)
    with django_assert_num_queries(1):
        found(name)


def test_the_links_of_what_is_told_open(w, client):
    for table in (Qualification, Authorisation, ScopeItem):
        table.objects.update(valid_until=SOON)
    client.force_login(make.user(w.institution, Role.QUALITY_MANAGER))
    links = {due.link for name in LISTS for due in watched(name, UNTIL)}
    assert links and {client.get(link).status_code for link in links} == {200}


def test_qualifications_are_told_to_quality_manager_and_administrator():
    assert RULES["institutions.qualification"].recipients == {Role.QUALITY_MANAGER, Role.ADMINISTRATOR}


def test_members_who_can_be_written_to_are_told_with_their_roles(w):
    account = make.user(w.institution, Role.QUALITY_MANAGER, Role.SUPERVISOR)
    gone = make.user(w.institution, Role.QUALITY_MANAGER)
    type(gone).objects.filter(pk=gone.pk).update(is_active=False)
    known = {row.user_id: row.roles for row in members(w.institution.pk)}
    assert set(known[account.pk]) == {Role.QUALITY_MANAGER, Role.SUPERVISOR}
    assert gone.pk not in known


def test_the_scan_of_one_institution_writes_nothing_into_another(w):
    other = make.laboratory("beta").institution
    with tenant(other.pk):
        Qualification.objects.filter(institution=other).update(valid_until=SOON)
    scan(DAY)
    with tenant(other.pk):
        assert Alert.objects.filter(rule="institutions.qualification").count() == 1
        assert {row.institution_id for row in Alert.objects.all()} == {other.pk}
    assert not Alert.objects.filter(rule="institutions.qualification").exists()
