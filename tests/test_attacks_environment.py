"""What a laboratory tries whose room was too warm. Names say what must not work."""

from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.db import DatabaseError, transaction

from equipment.environment import unanswered
from equipment.environment.noting import Reading, Unfit, note
from equipment.models import EnvironmentReading
from portal.permissions import Role
from portal.registers import REGISTERS, verbs
from portal.tenancy import tenant
from portal.transitions import Refused
from tests import make
from tests.make import DAY, NOON

BEFORE, AFTER = NOON - timedelta(hours=4), NOON + timedelta(hours=1)


@pytest.fixture
def lab(db):
    """A room that was at 23 ℃ for an hour this morning, where 18 to 22 ℃ are required; nobody has answered for it."""
    institution = make.institution()
    world = SimpleNamespace(institution=institution, site=make.site(institution), keeper=make.employment(institution))
    world.manager = make.actor(institution, Role.METROLOGY_MANAGER, employment=world.keeper)
    world.room = make.room(institution, world.site)
    world.monitor = make.monitor(institution, world.site, world.keeper)
    world.requirement = make.requirement(institution, world.room, monitor=world.monitor)
    make.readings(
        institution, world.room, 20, 20, 23, 23, 20, 20, 20, 20, start=NOON - timedelta(hours=3), monitor=world.monitor
    )
    with tenant(institution.pk):
        yield world


def excursions(lab):
    return [one for one in unanswered(lab.institution, BEFORE, AFTER) if one.kind == "outside"]


def amended(lab, **values):
    row = make.fresh(lab.requirement)
    return verbs.amend(REGISTERS["environment-requirements"], row, values, row.revision, actor=lab.manager, at=AFTER)


def recorded(lab, name, **values):
    return verbs.record(
        REGISTERS[name], {"room": lab.room, "element": "temperature", **values}, actor=lab.manager, at=AFTER
    )


def answer(lab):
    values = {"began_at": NOON - timedelta(hours=3), "ended_at": NOON, "cause": "空调故障", "action": "停止工作"}
    return recorded(lab, "environment-actions", handled_by=lab.keeper, **values)


@pytest.mark.parametrize(
    "change",
    [{"high": Decimal(25)}, {"needed": False, "reason": "不影响"}, {"since": DAY + timedelta(1)}, {"unit": "K"}],
)
def test_limits_are_not_moved_under_an_excursion_that_nobody_answered(lab, change):
    assert len(excursions(lab)) == 1
    with pytest.raises(Refused, match="还没有处置"):
        amended(lab, **change)
    assert len(excursions(lab)) == 1


@pytest.mark.parametrize("since", [date(2025, 1, 1), DAY])
def test_no_later_requirement_takes_its_place_under_it(lab, since):
    with pytest.raises(Refused, match="还没有处置"):
        recorded(lab, "environment-requirements", since=since, low=Decimal(10), high=Decimal(30), unit="℃")


def test_a_requirement_is_not_withdrawn_from_under_it(lab):
    with pytest.raises(Refused, match="还没有处置"):
        book = REGISTERS["environment-requirements"]
        verbs.withdraw(book, make.fresh(lab.requirement), "登记错了", actor=lab.manager, at=AFTER)


def test_what_says_nothing_of_the_limits_may_be_amended(lab):
    amended(lab, strict=True)


def test_from_tomorrow_on_other_limits_may_count(lab):
    values = {"since": DAY + timedelta(1), "low": Decimal(10), "high": Decimal(30), "unit": "℃"}
    assert recorded(lab, "environment-requirements", **values).pk


def test_once_it_was_answered_a_requirement_that_was_in_use_is_still_not_rewritten(lab):
    answer(lab)
    with pytest.raises(Refused, match="请登记一条自 2026-03-10 起的新要求"):
        amended(lab, high=Decimal(25))
    assert len(excursions(lab)) == 0 and make.fresh(lab.requirement).high == 22


@pytest.mark.parametrize("days", [1, 365 * 50])
def test_no_answer_reaches_into_the_future(lab, days):
    with pytest.raises(Refused, match="恢复时间在现在之后"):
        values = {"began_at": NOON, "ended_at": AFTER + timedelta(days=days), "cause": "无", "action": "无"}
        recorded(lab, "environment-actions", handled_by=lab.keeper, **values)


def test_an_answer_without_an_end_answers_nothing_that_came_later(lab):
    recorded(
        lab,
        "environment-actions",
        handled_by=lab.keeper,
        began_at=NOON - timedelta(days=30),
        cause="空调故障",
        action="停止",
    )
    assert len(excursions(lab)) == 1


def reading(lab, value, at):
    return Reading(lab.room, "temperature", Decimal(value), "℃", at, lab.monitor)


def test_a_reading_is_neither_overwritten_nor_deleted(lab):
    with pytest.raises(DatabaseError), transaction.atomic():
        EnvironmentReading.objects.update(value=20)
    with pytest.raises(DatabaseError), transaction.atomic():
        EnvironmentReading.objects.all().delete()
    with pytest.raises(Unfit, match="记录不能改"):
        note([reading(lab, "20", NOON - timedelta(hours=2))], source="manual", actor=lab.manager, at=AFTER)


def test_better_readings_in_between_do_not_hide_it(lab):
    fine = [reading(lab, "20", NOON - timedelta(hours=2, minutes=-minute)) for minute in (5, 10, 35)]
    note(fine, source="manual", actor=lab.manager, at=AFTER)
    assert excursions(lab)


@pytest.mark.parametrize("ahead", [timedelta(minutes=3), timedelta(days=1), timedelta(days=30000)])
def test_nobody_reads_ahead(lab, ahead):
    with pytest.raises(Unfit, match="现在之后"):
        note([reading(lab, "20", AFTER + ahead)], source="manual", actor=lab.manager, at=AFTER)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1E+9999", "1E-9999", "-91", "201"])
def test_a_value_that_cannot_be_is_no_reading(lab, value):
    with pytest.raises(Unfit):
        note([reading(lab, value, AFTER)], source="manual", actor=lab.manager, at=AFTER)
