"""Which equipment and standards are watched, until when."""

from datetime import timedelta

import pytest

from equipment.models import Equipment, MeasurementStandard
from portal.duelists import watched
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


TRACEABILITY, ASSESSMENT = LISTS = ("equipment.traceability", "equipment.assessment")


def found(name):
    return [due.subject for due in watched(name, UNTIL)]


def test_nothing_that_lasts_is_told(w):
    assert found(TRACEABILITY) + found(ASSESSMENT) == []


def test_the_newest_traceability_of_equipment_in_use_counts(w):
    make.traceability(w.institution, w.equipment, w.operator_employment, calibrated_on=DAY, valid_until=UNTIL)
    assert found(TRACEABILITY) == [f"设备溯源到期：{w.equipment}"]


def test_equipment_in_use_that_was_never_traced_is_told_first(w):
    make.traceability(w.institution, w.equipment, w.operator_employment, calibrated_on=DAY, valid_until=UNTIL)
    bare = make.equipment(w.institution, w.site)
    assert found(TRACEABILITY)[0] == f"设备在用却没有溯源：{bare}"


@pytest.mark.parametrize("state", [Equipment.State.QUARANTINED, Equipment.State.OUT_OF_USE, Equipment.State.SCRAPPED])
def test_equipment_out_of_use_is_not_told(w, state):
    make.equipment(w.institution, w.site, state=state)
    assert found(TRACEABILITY) == []


def test_a_standard_whose_assessment_ends_is_told(w):
    MeasurementStandard.objects.update(assessed_until=UNTIL)
    assert found(ASSESSMENT) == [f"计量标准考核到期：{w.standard}"]


def test_a_suspended_standard_is_not_told(w):
    MeasurementStandard.objects.update(assessed_until=UNTIL, state=MeasurementStandard.State.SUSPENDED)
    assert found(ASSESSMENT) == []


@pytest.mark.parametrize("name", LISTS)
def test_a_list_asks_one_query(w, name, django_assert_num_queries):
    for _number in range(3):
        make.equipment(w.institution, w.site)
    with django_assert_num_queries(1):
        watched(name, UNTIL + timedelta(2000))


def test_the_links_of_what_is_told_open(w, client):
    client.force_login(make.user(w.institution, Role.METROLOGY_MANAGER))
    until = UNTIL + timedelta(2000)
    links = {due.link for name in LISTS for due in watched(name, until)}
    assert len(links) == 3
    assert {client.get(link).status_code for link in links} == {200}
