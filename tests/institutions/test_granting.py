"""An authorisation is proposed, granted by the technical manager when its conditions hold, declined, revoked."""

from datetime import date, datetime

import pytest
from django.core.exceptions import PermissionDenied

from institutions.models import Authorisation
from institutions.people import granting
from portal.clock import CHINA
from portal.models import AuditEntry
from portal.permissions import Role
from portal.tenancy import tenant
from portal.transitions import Refused
from tests import make
from tests.concurrency import at_once, kinds

NOON = datetime(2026, 3, 10, 12, tzinfo=CHINA)
TODAY = NOON.date()
A = Authorisation.Role


@pytest.fixture
def lab(db):
    with tenant(make.institution().pk):
        yield make.institution()


@pytest.fixture
def person(lab):
    return make.employment(lab, "沈若川", person=make.known_person())


@pytest.fixture
def manager(lab):
    return make.actor(lab, Role.TECHNICAL_MANAGER, name="周砚")


def proposed(person, manager, role=A.CHECKER, **facts):
    values = {"role": role, "field": "压力", "certificate_number": "授-07", "valid_from": TODAY, **facts}
    return granting.propose(person, values, actor=manager, at=NOON)


def test_what_is_proposed_is_not_in_force(lab, person, manager):
    row = proposed(person, manager)
    assert row.state == "proposed" and not row.in_force_on(TODAY)
    assert not Authorisation.objects.in_force_on(TODAY).exists()


def test_what_is_granted_says_by_whom_and_when_and_is_in_force(lab, person, manager):
    make.credential(lab, person)
    row = granting.grant(proposed(person, manager), actor=manager, at=NOON)
    assert (row.state, row.granted_by, row.granted_on) == ("granted", "周砚", TODAY)
    assert row.in_force_on(TODAY) and Authorisation.objects.in_force_on(TODAY).get() == row


def test_all_that_is_missing_is_said_at_once_with_clauses_and_in_the_trail(person, manager):
    row = proposed(person, manager, A.CALIBRATOR)
    with pytest.raises(Refused) as refused:
        granting.grant(row, actor=manager, at=NOON)
    assert [one.clause for one in refused.value.refusals] == ["C-5.1.4", "B-5.7-d-s1", "B-4.5-d"]
    entry = AuditEntry.objects.get(verb="authorisation.grant", succeeded=False)
    assert [clause for clause, _text in entry.changes["refused"]] == ["C-5.1.4", "B-5.7-d-s1", "B-4.5-d"]
    assert Authorisation.objects.get().state == "proposed"


def test_nothing_is_granted_for_the_past(lab, person, manager):
    make.credential(lab, person)
    row = granting.grant(proposed(person, manager, valid_from=date(2026, 1, 1)), actor=manager, at=NOON)
    assert not row.in_force_on(date(2026, 3, 9)) and row.in_force_on(TODAY)
    assert not Authorisation.objects.in_force_on(date(2026, 3, 9)).exists()


def test_a_credential_that_ends_before_the_first_day_is_none(lab, person, manager):
    make.credential(lab, person, valid_until=date(2026, 3, 31))
    row = proposed(person, manager, valid_from=date(2026, 4, 1))
    with pytest.raises(Refused, match="2026-04-01 没有"):
        granting.grant(row, actor=manager, at=NOON)


def test_who_keeps_people_proposes_and_only_the_technical_manager_grants(lab, person, manager):
    make.credential(lab, person)
    keeper = make.actor(lab, Role.QUALITY_MANAGER)
    row = proposed(person, keeper)
    with pytest.raises(PermissionDenied):
        granting.grant(row, actor=keeper, at=NOON)
    with pytest.raises(PermissionDenied):
        proposed(person, make.actor(lab, Role.OPERATOR))
    assert granting.grant(row, actor=manager, at=NOON).state == "granted"


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"field": " "}, "请填写专业领域"),
        ({"valid_until": date(2026, 3, 9)}, "早于有效期自"),
        ({"valid_from": date(2026, 3, 1)}, "日期重叠"),
    ],
)
def test_what_makes_no_sense_is_not_even_proposed(lab, person, manager, facts, sentence):
    make.authorisation(lab, person, A.CHECKER, valid_from=date(2025, 1, 1), valid_until=date(2026, 3, 1))
    with pytest.raises(Refused, match=sentence):
        proposed(person, manager, **facts)


def test_a_renewal_begins_after_the_day_on_which_the_old_one_ends(lab, person, manager):
    make.authorisation(lab, person, A.CHECKER, valid_until=date(2026, 3, 9))
    assert proposed(person, manager).pk


def test_what_has_run_out_while_it_waited_is_not_granted(lab, person, manager):
    make.credential(lab, person)
    row = proposed(person, manager, valid_from=date(2026, 1, 1), valid_until=date(2026, 3, 9))
    with pytest.raises(Refused, match="已经过去"):
        granting.grant(row, actor=manager, at=NOON)


def test_a_proposal_is_declined_with_a_reason_and_stays_readable(person, manager):
    row = proposed(person, manager)
    with pytest.raises(Refused, match="写明原因"):
        granting.decline(row, " ", actor=manager, at=NOON)
    assert granting.decline(row, "先补培训", actor=manager, at=NOON).state == "withdrawn"
    with pytest.raises(Refused, match="未批准"):
        granting.grant(Authorisation.objects.get(), actor=manager, at=NOON)


def test_what_is_revoked_ends_today_and_what_was_before_stays(lab, person, manager):
    row = make.authorisation(lab, person, A.CHECKER)
    row = granting.revoke(row, "调岗", actor=manager, at=NOON)
    assert row.in_force_on(date(2026, 3, 9)) and not row.in_force_on(TODAY)
    assert Authorisation.objects.in_force_on(date(2026, 3, 9)).exists()
    assert not Authorisation.objects.in_force_on(TODAY).exists()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_fields_count_in_the_order_in_which_they_are_granted_not_proposed(lab, person, manager, order):
    make.credential(lab, person, level="level_2")
    for field in ("压力", "质量"):
        make.authorisation(lab, person, A.SIGNATORY, field=field)
    rows = [proposed(person, manager, A.SIGNATORY, field=field) for field in ("长度", "温度")]
    granting.grant(rows[order[0]], actor=manager, at=NOON)
    with pytest.raises(Refused, match="第 4 个专业"):
        granting.grant(rows[order[1]], actor=manager, at=NOON)


@pytest.mark.django_db(transaction=True)
def test_of_two_fourth_fields_granted_at_the_same_moment_one_is_refused():
    lab = make.institution()
    person = make.employment(lab, person=make.known_person())
    make.credential(lab, person, level="level_2")
    for field in ("压力", "质量"):
        make.authorisation(lab, person, A.SIGNATORY, field=field)
    manager = make.actor(lab, Role.TECHNICAL_MANAGER)
    with tenant(lab.pk):
        rows = [proposed(person, manager, A.SIGNATORY, field=field) for field in ("长度", "温度")]

    def grants(row):
        def act():
            with tenant(lab.pk):
                return granting.grant(row, actor=manager, at=NOON)

        return act

    results = at_once(*map(grants, rows))
    assert kinds(results) == ["Authorisation", "Refused"]
    refused = next(result for result in results if isinstance(result, Refused))
    assert [one.clause for one in refused.refusals] == ["B-4.5-a-s2"]
