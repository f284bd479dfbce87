"""The days on which people are at work in China."""

from datetime import date, datetime, timedelta

import pytest
from django.db import connection
from django.db.models import DateField, IntegerField, Value
from django.db.models.functions import Cast

from portal import workdays
from portal.clock import CHINA
from portal.models import Alert


@pytest.mark.parametrize(
    ("day", "working"),
    [
        (date(2026, 3, 9), True),
        (date(2026, 3, 14), False),
        (date(2026, 10, 1), False),  # a Thursday, but the national day
        (date(2026, 10, 10), True),  # a Saturday that makes up for it
        (date(2026, 2, 16), False),  # the eve of the Spring Festival
        (date(2050, 10, 2), False),  # a Sunday of a year that nobody has published
        (date(2050, 10, 3), True),
    ],
)
def test_holidays_and_the_days_that_make_up_for_them_are_known(day, working):
    assert workdays.is_working(day) is working


def test_the_calendar_knows_the_holidays_of_this_year_and_the_last():
    years = {day.year for day in workdays.HOLIDAYS}
    assert {2025, 2026} <= years


@pytest.mark.parametrize(
    ("day", "count", "after"),
    [
        (date(2026, 9, 30), 1, date(2026, 10, 8)),
        (date(2026, 10, 9), 1, date(2026, 10, 10)),
        (date(2026, 10, 9), 2, date(2026, 10, 12)),
        (date(2026, 3, 13), 40, date(2026, 5, 13)),
        (date(2026, 3, 9), 5, date(2026, 3, 16)),
        (date(2026, 3, 14), 5, date(2026, 3, 20)),
    ],
)
def test_python_and_postgresql_count_working_days_alike(db, day, count, after):
    assert workdays.working_days_after(day, count) == after
    asked = workdays.WorkingDayAfter(Cast(Value(day), DateField()), Cast(Value(count), IntegerField()))
    sql, values = Alert.objects.annotate(after=asked).values_list("after").query.sql_with_params()
    expression = sql[sql.index("(SELECT later") : sql.index(' AS "after"')]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {expression}", values)
        assert cursor.fetchone() == (after,)


def at(*parts):
    return datetime(2026, 10, *parts, tzinfo=CHINA)


def test_nights_and_the_days_between_them_are_one_time():
    closed = workdays.closed(at(9, 12), at(13, 9), hours=True)
    assert closed == [(at(9, 17, 30), at(10, 8, 30)), (at(10, 17, 30), at(12, 8, 30)), (at(12, 17, 30), at(13, 8, 30))]


def test_without_the_nights_only_whole_days_are_off():
    assert workdays.closed(at(9, 12), at(13, 9), hours=False) == [(at(11), at(12))]


def test_what_is_off_ends_where_the_time_ends():
    assert workdays.closed(at(11, 6), at(11, 9), hours=True) == [(at(11, 6), at(11, 9))]
    assert workdays.closed(at(9, 9), at(9, 9) + timedelta(hours=8), hours=True) == []
