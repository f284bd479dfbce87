"""The year ahead as a calendar: how much ends on each day and in each week, month by month."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from django.utils.translation import gettext as _

from .due_view import titles

MONTHS = 12


def span(day: date) -> tuple[date, date]:
    """First and last day of the twelve months that begin with the day's own month."""
    first = day.replace(day=1)
    return first, _months_on(first, MONTHS) - timedelta(1)


def _months_on(first: date, months: int) -> date:
    years, month = divmod(first.month - 1 + months, 12)
    return first.replace(year=first.year + years, month=month + 1)


@dataclass(frozen=True)
class Day:
    """What ends on one day, counted and in words by kind."""

    day: date
    count: int
    words: str
    tone: str


@dataclass(frozen=True)
class Week:
    """The days of one week, Monday to Sunday, that lie in the month and on which something ends."""

    first: date
    last: date
    days: list[Day]

    @property
    def count(self) -> int:
        return sum(day.count for day in self.days)

    @property
    def number(self) -> int:
        return self.first.isocalendar().week


@dataclass(frozen=True)
class Month:
    """A month with the weeks in which something ends."""

    first: date
    weeks: list[Week]

    @property
    def count(self) -> int:
        return sum(week.count for week in self.weeks)


def months(counted: Iterable[tuple[date, str, int]], today: date) -> list[Month]:
    """The twelve months from today's own on, each with what ends in it.

    `counted`: (day, rule, number) in the order of days, as `due_view.due_days` counts; other days are left out.
    """
    first, last = span(today)
    days = _days([one for one in counted if first <= one[0] <= last], today)
    starts = [_months_on(first, number) for number in range(MONTHS)]
    return [Month(start, _weeks([one for one in days if one.day.replace(day=1) == start], start)) for start in starts]


def _days(counted: list[tuple[date, str, int]], today: date) -> list[Day]:
    known = titles({rule for _day, rule, _count in counted})
    found = []
    for day, group in groupby(counted, key=lambda one: one[0]):
        kinds = [(known[rule], count) for _day, rule, count in group]
        words = "、".join(_("%(title)s %(count)d 项") % {"title": title, "count": count} for title, count in kinds)
        left = (day - today).days
        tone = "bad" if left < 0 else "due" if left <= 30 else "off"
        found.append(Day(day, sum(count for _title, count in kinds), words, tone))
    return found


def _weeks(days: list[Day], start: date) -> list[Week]:
    end = _months_on(start, 1) - timedelta(1)
    found = []
    for monday, group in groupby(days, key=lambda one: one.day - timedelta(one.day.weekday())):
        found.append(Week(max(monday, start), min(monday + timedelta(6), end), list(group)))
    return found
