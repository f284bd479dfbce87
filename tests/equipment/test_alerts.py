"""Which equipment and standards are watched, until when."""

from datetime import timedelta

import pytest

from equipment import alerts
from equipment.models import Equipment, MeasurementStandard
from equipment.panels import due_dates
from portal.permissions import Role
from portal.tenancy import tenant
from tests import make

DAY = make.DAY
UNTIL = DAY + timedelta(60)


@pytest.fixture
def w(db):
    world = make.laboratory()
    with tenant(world.institution.pk):
        yield world


def found(rule, w):
    return [due.subject for due in rule(w.institution, UNTIL)]


def test_nothing_that_lasts_is_told(w):
    assert found(alerts.traceabilities, w) + found(alerts.assessments, w) == []


def test_the_newest_traceability_of_equipment_in_use_counts(w):
    make.traceability(w.institution, w.equipment, w.operator_employment, calibrated_on=DAY, valid_until=UNTIL)
    assert found(alerts.traceabilities, w) == [f"设备溯源到期：{w.equipment}"]


def test_equipment_in_use_that_was_never_traced_is_told_first(w):
    make.traceability(w.institution, w.equipment, w.operator_employment, calibrated_on=DAY, valid_until=UNTIL)
    bare = make.equipment(w.institution, w.site)
    assert found(alerts.traceabilities, w)[0] == f"设备在用却没有溯源：{bare}"


@pytest.mark.parametrize("state", [Equipment.State.QUARANTINED, Equipment.State.OUT_OF_USE, Equipment.State.SCRAPPED])
def test_equipment_out_of_use_is_not_told(w, state):
    make.equipment(w.institution, w.site, state=state)
    assert found(alerts.traceabilities, w) == []


def test_a_standard_whose_assessment_ends_is_told(w):
    MeasurementStandard.objects.update(assessed_until=UNTIL)
    assert found(alerts.assessments, w) == [f"计量标准考核到期：{w.standard}"]


def test_a_suspended_standard_is_not_told(w):
    MeasurementStandard.objects.update(assessed_until=UNTIL, state=MeasurementStandard.State.SUSPENDED)
    assert found(alerts.assessments, w) == []


def test_the_list_and_the_panel_count_the_same(w):
    for left in (-3, 5, 20, 45):
        row = make.equipment(w.institution, w.site)
        make.traceability(w.institution, row, w.operator_employment, valid_until=DAY + timedelta(left))
    keeper = make.actor(w.institution, Role.METROLOGY_MANAGER)
    panel = due_dates(keeper, w.institution, DAY).context["rows"][0]["sum"]
    assert len(found(alerts.traceabilities, w)) == panel == 4


@pytest.mark.parametrize("list_name", ["traceabilities", "assessments"])
def test_a_list_asks_one_query(w, list_name, django_assert_num_queries):
    for _number in range(3):
        make.equipment(w.institution, w.site)
    with django_assert_num_queries(1):
        list(getattr(alerts, list_name)(w.institution, UNTIL + timedelta(2000)))


def test_the_links_of_what_is_told_open(w, client):
    client.force_login(make.user(w.institution, Role.METROLOGY_MANAGER))
    until = UNTIL + timedelta(2000)
    links = {due.link for rule in (alerts.traceabilities, alerts.assessments) for due in rule(w.institution, until)}
    assert len(links) == 3
    assert {client.get(link).status_code for link in links} == {200}
