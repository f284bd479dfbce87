"""The night's statements: the same for all institutions at once as for one alone, run twice as run once."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from institutions.models import Qualification
from portal import due_functions, duelists
from portal.alerts import scan
from portal.duelists import RULES, due_list
from portal.models import Alert
from portal.permissions import Role
from portal.tenancy import tenant
from tests import make

DAY = make.DAY
SOON = DAY + timedelta(20)
QUALIFICATION = "institutions.qualification"


@pytest.fixture
def labs(db):
    """Two laboratories whose only qualification ends in twenty days."""
    worlds = make.laboratory("alpha"), make.laboratory("beta")
    for world in worlds:
        ends(world, SOON)
    return worlds


def ends(world, day):
    with tenant(world.institution.pk):
        Qualification.objects.filter(pk=world.qualification.pk).update(valid_until=day)


def kept(world, rule=QUALIFICATION):
    with tenant(world.institution.pk):
        return list(Alert.objects.filter(institution=world.institution, rule=rule).order_by("pk"))


def everything(world):
    names = ("rule", "target", "target_id", "threshold", "due_on", "subject", "link")
    with tenant(world.institution.pk):
        return sorted(Alert.objects.filter(institution=world.institution).values_list(*names))


def test_two_calls_find_what_is_due_in_every_institution(labs):
    with CaptureQueriesContext(connection) as queries:
        assert due_functions.in_all(RULES[QUALIFICATION], DAY) == (2, 0)
    assert len(queries) == 4
    assert [[row.threshold for row in kept(world)] for world in labs] == [[30], [30]]


def test_every_rule_has_its_function(db):
    assert [name for name, rule in RULES.items() if due_functions.in_all(rule, DAY) is None] == []


def test_the_second_call_finds_nothing_new(labs):
    due_functions.in_all(RULES[QUALIFICATION], DAY)
    assert due_functions.in_all(RULES[QUALIFICATION], DAY) == (0, 0)


def test_an_alert_says_and_links_what_the_rule_declares(labs):
    due_functions.in_all(RULES[QUALIFICATION], DAY)
    (row,) = kept(labs[0])
    assert (row.target, row.target_id, row.due_on) == ("institutions.Qualification", labs[0].qualification.pk, SOON)
    assert (row.subject, row.link) == (f"资质到期：{labs[0].qualification}", "/i/alpha/qualifications/")
    assert len(row.ref) == 12 and row.ref.isalnum() and row.ref == row.ref.lower()


def test_both_ways_find_the_same(labs):
    alpha, _beta = labs
    with tenant(alpha.institution.pk):
        make.equipment(alpha.institution, alpha.site, asset_number="从未溯源")
    for rule in RULES.values():
        due_functions.in_all(rule, SOON)
    together = everything(alpha)
    assert len({row[0] for row in together}) > 2
    with tenant(alpha.institution.pk):
        Alert.objects.filter(institution=alpha.institution).update(target_id=0)  # out of the way
        for rule in RULES.values():
            due_functions.in_one(rule, alpha.institution.pk, SOON)
    assert [row for row in everything(alpha) if row[2]] == together


def test_a_request_sees_nothing_more_after_the_call_than_before(labs):
    alpha, beta = labs
    with tenant(alpha.institution.pk):
        due_functions.in_all(RULES[QUALIFICATION], DAY)
        assert set(Alert.objects.values_list("institution_id", flat=True)) == {alpha.institution.pk}
        assert not Qualification.objects.filter(institution=beta.institution).exists()


def test_a_rule_that_was_changed_since_the_migration_is_not_asked_by_its_old_function(labs, monkeypatch):
    rule = RULES[QUALIFICATION]
    monkeypatch.setitem(
        RULES, rule.name, replace(rule, declare=lambda: replace(rule.watches[0], subject=duelists.says("新的说法")))
    )
    assert due_functions.in_all(RULES[rule.name], DAY) is None
    scan(DAY)
    assert [row.subject for row in kept(labs[0])] == ["新的说法"]


def test_a_function_that_fails_leaves_the_rule_to_be_scanned_institution_by_institution(labs, monkeypatch):
    in_all = due_functions.in_all

    def broken(rule, day):
        if rule.name == QUALIFICATION:
            raise ZeroDivisionError
        return in_all(rule, day)

    monkeypatch.setattr(due_functions, "in_all", broken)
    assert scan(DAY).failed == ()
    assert [len(kept(world)) for world in labs] == [1, 1]


# --- what is dealt with


def test_an_alert_of_what_is_renewed_is_settled(labs):
    alpha, beta = labs
    due_functions.in_all(RULES[QUALIFICATION], DAY)
    ends(alpha, SOON + timedelta(1000))
    assert due_functions.in_all(RULES[QUALIFICATION], DAY) == (0, 1)
    assert [kept(alpha)[0].settled_at is None, kept(beta)[0].settled_at is None] == [False, True]


def test_an_alert_of_what_another_has_taken_the_place_of_is_settled(labs):
    alpha = labs[0]
    due_functions.in_all(RULES[QUALIFICATION], DAY)
    old = alpha.qualification
    values = {"kind": old.kind, "issuer": old.issuer, "number": "新证"}
    make.qualification(alpha.institution, **values, valid_from=SOON, valid_until=SOON + timedelta(1000))
    assert due_functions.in_all(RULES[QUALIFICATION], DAY) == (0, 1)


def test_what_becomes_due_again_is_told_again(labs):
    alpha = labs[0]
    due_functions.in_all(RULES[QUALIFICATION], DAY)
    ends(alpha, SOON + timedelta(1000))
    due_functions.in_all(RULES[QUALIFICATION], DAY)
    ends(alpha, SOON)
    assert due_functions.in_all(RULES[QUALIFICATION], DAY) == (1, 0)
    assert [row.settled_at for row in kept(alpha)] == [None]


def test_a_later_threshold_takes_over_what_people_decided(labs):
    alpha = labs[0]
    due_functions.in_all(RULES[QUALIFICATION], DAY)
    account = make.user(alpha.institution, Role.OPERATOR)
    with tenant(alpha.institution.pk):
        Alert.objects.filter(institution=alpha.institution).update(
            assigned_to=account, assigned_at=make.NOON, snoozed_until=SOON, snooze_reason="已送检"
        )
    due_functions.in_all(RULES[QUALIFICATION], SOON)
    first, second = kept(alpha)
    assert (first.threshold, second.threshold) == (30, 0)
    assert (second.assigned_to_id, second.snoozed_until, second.snooze_reason) == (account.pk, SOON, "已送检")


def test_equipment_that_was_never_traced_is_due_since_ever(labs):
    alpha = labs[0]
    thing = make.equipment(alpha.institution, alpha.site, asset_number="从未溯源")
    due_functions.in_all(RULES["equipment.traceability"], DAY)
    (row,) = [row for row in kept(alpha, "equipment.traceability") if row.target_id == thing.pk]
    assert (row.due_on, row.threshold, "却没有溯源" in row.subject) == (date.min, -28, True)


# --- how a list is declared


@pytest.mark.parametrize("name", ["with'quote", 'with"quote', "x" * 51, ""])
def test_a_name_that_is_no_name_of_a_function_is_refused(name):
    with pytest.raises(ValueError, match="not a name"):
        due_list(name, title="", thresholds=(1,), recipients=())(lambda: [])


def test_the_body_of_a_function_is_the_same_text_each_time(db):
    with connection.cursor() as cursor:
        first, second = (due_functions.bodies(cursor, RULES[QUALIFICATION]) for _ in range(2))
    assert first == second
