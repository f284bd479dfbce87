"""The days and hours in which people are at work in China: one calendar for whatever waits for people and not for machines.

    is_working(day)                 neither a weekend nor a public holiday, or a day that makes up for one
    working_days_after(day, count)  the day that many working days later
    closed(first, last, hours=…)    the times between two moments in which nobody is at work

The State Council publishes a year's holidays, and the weekends that are worked to make up for them, in the November before.
Years that are not published yet have weekends only.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from chinese_calendar import constants
from django.db.models import DateField, Func
from django.db.models.expressions import Combinable
from django.utils import timezone

# Days of the week on which nobody works, and days at a weekend on which everybody does.
HOLIDAYS = frozenset(day for day in constants.holidays if day.weekday() < 5)
MADE_UP = frozenset(constants.workdays)
# The core of a working day, in China's one time: in it the laboratories of the east and of the west are both at work.
OPENS, CLOSES = time(8, 30), time(17, 30)
CORE = timedelta(hours=9)
DAY = timedelta(days=1)


def is_working(day: date) -> bool:
    """People are at work on that day."""
    return day not in HOLIDAYS and (day.weekday() < 5 or day in MADE_UP)


def working_days_after(day: date, count: int) -> date:
    """The day that many working days later."""
    while count:
        day += DAY
        count -= is_working(day)
    return day


def closed(first: datetime, last: datetime, *, hours: bool) -> list[tuple[datetime, datetime]]:
    """The times between two aware moments in which nobody is at work, in order; none touches the next.

    `hours`: nights count as well; else only whole days, from midnight to midnight in Chinese time.
    """
    found: list[tuple[datetime, datetime]] = []
    for start, end in _closed_parts(timezone.localdate(first), timezone.localdate(last), hours):
        start, end = max(start, first), min(end, last)
        if start >= end:
            continue
        if found and found[-1][1] == start:
            start = found.pop()[0]
        found.append((start, end))
    return found


def _closed_parts(day: date, last: date, hours: bool) -> Iterator[tuple[datetime, datetime]]:
    while day <= last:
        midnight, after = _moment(day, time()), _moment(day + DAY, time())
        if not is_working(day):
            yield midnight, after
        elif hours:
            yield midnight, _moment(day, OPENS)
            yield _moment(day, CLOSES), after
        day += DAY


def _moment(day: date, at: time) -> datetime:
    return timezone.make_aware(datetime.combine(day, at))


class WorkingDayAfter(Func):
    """SQL: as `working_days_after`, of a day and a whole number from one on; null when one of them is. For due lists."""

    output_field = DateField()

    def __init__(self, day: Combinable, count: Combinable) -> None:
        super().__init__(day, count)

    def as_sql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, tuple[Any, ...]]:
        (day, day_values), (count, count_values) = (compiler.compile(one) for one in self.get_source_expressions())
        holidays, made_up = (",".join(f"{one:%Y-%m-%d}" for one in sorted(days)) for days in (HOLIDAYS, MADE_UP))
        sql = (
            f"(SELECT later.day FROM (SELECT ({day})::date AS day, ({count})::int AS n) AS asked CROSS JOIN LATERAL ("
            "SELECT one::date AS day, row_number() OVER (ORDER BY one) AS place "
            "FROM generate_series(asked.day + 1, asked.day + 2 * asked.n + 30, interval '1 day') AS one "
            f"WHERE NOT one::date = ANY ('{{{holidays}}}'::date[]) "
            f"AND (extract(isodow FROM one) < 6 OR one::date = ANY ('{{{made_up}}}'::date[]))"
            ") AS later WHERE later.place = asked.n)"
        )
        return sql, (*day_values, *count_values)
