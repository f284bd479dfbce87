"""What a curious institution and a regulator who leaves no trace try against the others, past pages and past the portal's code."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction

from institutions.models import (
    EmploymentConflict,
    Institution,
    Qualification,
)
from portal import inbox
from portal.actors import Actor
from portal.models import Alert, AuditEntry, ClauseStanding
from portal.permissions import Role
from portal.tenancy import tenant
from tests import make
from tests.make import DAY, NOON

pytestmark = pytest.mark.django_db


@pytest.fixture
def w():
    world = make.laboratory()
    with tenant(world.institution.pk):
        yield world


# --- regulators


def looks_of(lab):
    with tenant(lab.pk):
        return list(AuditEntry.objects.filter(institution=lab, verb="oversight.look").order_by("pk"))


def test_a_look_at_a_pair_does_not_name_one_house_to_the_other(client, w):
    beta = make.institution("beta", name="贝塔计量院", credit_code="91440300MA5GAAAA01")
    row = make.employment(beta)
    with tenant(w.institution.pk):
        EmploymentConflict.objects.create(institution=w.institution, person=row.person, name="沈若川", started_on=DAY)
    client.force_login(make.user(None, Role.REGULATOR, region_code="4403"))
    for path in ("/o/", "/o/alpha/", "/o/beta/", "/o/region/pairs/"):
        assert client.get(path).status_code == 200
    for lab, other in ((w.institution, beta), (beta, w.institution)):
        told = [str(entry.changes) for entry in looks_of(lab)]
        assert len(told) == 4 and not [text for text in told if other.slug in text or other.name in text]


QUIET = {"HTTP_ACCEPT": "application/json", "HTTP_HX_REQUEST": "true", "HTTP_PURPOSE": "prefetch"}


@pytest.mark.parametrize(("method", "headers"), [("get", {}), ("get", QUIET), ("head", {})])
@pytest.mark.parametrize(
    "path",
    ["/o/", "/o/alpha/", *(f"/i/alpha/{page}" for page in ("people/", "search/?q=沈", "due/", "compliance/progress/"))],
)
def test_no_way_of_asking_is_a_look_that_leaves_no_entry(client, w, path, method, headers):
    client.force_login(make.user(None, Role.REGULATOR, region_code="4403"))
    answer = getattr(client, method)(path, **headers)
    assert answer.status_code == 200 and len(looks_of(w.institution)) == 1


def test_an_institution_that_moved_is_seen_by_its_new_regulator_only(client, w):
    with tenant(w.institution.pk):
        Institution.objects.filter(pk=w.institution.pk).update(region_code="440100")
    for region, status in (("4403", 404), ("4401", 200), ("44", 200)):
        client.force_login(make.user(None, Role.REGULATOR, region_code=region))
        assert [client.get(path).status_code for path in ("/o/alpha/", "/i/alpha/people/")] == [status, status]


@pytest.mark.parametrize(
    "path", ["alerts/{alert}/seen/", "alerts/{alert}/assign/", "alerts/{alert}/snooze/", "compliance/evaluate/"]
)
def test_a_regulator_writes_nothing(client, w, path):
    alert = make.alert(w.institution, w.equipment)
    client.force_login(make.user(None, Role.REGULATOR, region_code="4403"))
    assert client.post(f"/i/alpha/{path.format(alert=alert.ref)}").status_code == 405


def test_nor_does_a_verb_write_in_the_name_of_a_regulator(w):
    alert, account = make.alert(w.institution, w.equipment), make.user(None, Role.REGULATOR, region_code="4403")
    actor = Actor.member(
        name="监管员", user_id=account.pk, institution_id=w.institution.pk, roles=[Role.REGULATOR], regions=("4403",)
    )
    for act in (
        lambda: inbox.acknowledge(alert, actor=actor, at=NOON),
        lambda: inbox.snooze(alert, DAY + timedelta(1), reason="等", actor=actor, at=NOON),
    ):
        with pytest.raises(PermissionDenied):
            act()


# --- what runs with the rights of the owner


def ran(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


def test_the_functions_of_the_night_read_no_table_that_a_session_puts_before_theirs(w):
    Qualification.objects.update(valid_until=DAY + timedelta(20))
    for table in ("institutions_qualification", "portal_alert"):
        ran(f"CREATE TEMP TABLE {table} (LIKE public.{table})")
    ran("SET LOCAL search_path = pg_temp, public")
    assert ran('SELECT due."institutions.qualification.find"(%s)', DAY) == [(1,)]
    assert ran("SELECT target_id FROM pg_temp.portal_alert") == []
    assert ran("SELECT target_id FROM public.portal_alert") == [(w.qualification.pk,)]


def test_what_the_functions_of_the_night_found_elsewhere_stays_there(w):
    beta = make.laboratory("beta")
    Qualification.objects.update(valid_until=DAY + timedelta(20))
    with tenant(beta.institution.pk):
        Qualification.objects.update(valid_until=DAY + timedelta(20))
    assert ran('SELECT due."institutions.qualification.find"(%s)', DAY) == [(2,)]
    assert {row.institution_id for row in Alert.objects.all()} == {w.institution.pk}


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO institutions_site (institution_id, ref, name, kind, address, tenure, access_controlled, state, revision) "
        "VALUES ({beta}, 'abcdefghijkl', 'x', 'fixed', 'x', 'own', false, 'current', 1)",
        "UPDATE institutions_site SET institution_id = {beta}",
        "UPDATE institutions_employment SET institution_id = {beta}",
        "UPDATE institutions_method SET title = 'x' WHERE owner_id IS NULL RETURNING 1",
        "UPDATE portal_clausestanding SET state = 'met' WHERE institution_id = {beta} RETURNING 1",
        "UPDATE portal_alert SET settled_at = now() WHERE institution_id = {beta} RETURNING 1",
        "DELETE FROM portal_clausestanding",
        "DELETE FROM portal_evaluation",
        "DELETE FROM institutions_employmentconflict",
        "UPDATE institutions_employmentconflict SET name = 'x'",
        "INSERT INTO institutions_method (ref, code, title, title_en, kind, in_force_from, replaced_by, status_checked, note) "
        "VALUES ('abcdefghijkl', 'JJG 1-2026', 'x', 'x', 'verification_regulation', '2026-01-01', '', true, '')",
    ],
)
def test_a_session_of_one_institution_writes_nothing_of_another_nor_of_all(w, statement):
    beta = make.laboratory("beta")
    with tenant(beta.institution.pk):
        ClauseStanding.objects.create(institution=beta.institution, clause="A-4.1.1", state="not_met", since=DAY)
        make.alert(beta.institution, beta.equipment)
    with pytest.raises((DatabaseError, AssertionError)), transaction.atomic():
        assert ran(statement.format(beta=beta.institution.pk)), "nothing was written"
