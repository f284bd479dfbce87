"""Readings over time, thinned out by PostgreSQL to what a picture or a table can show."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from portal.plots import Level, Plot, Point, Series, Span

from ..models import Element, EnvironmentRequirement
from .periods import Kind, Period
from .requirements import ends, in_requirement, limits_text, starts

SPARK_WIDTH, SPARK_HEIGHT = 132, 30

BINNED = """SELECT room_id, element, date_bin(%(step)s::interval, taken_at, %(first)s) AS start, unit,
    min(value), max(value), avg(value), count(*)
FROM equipment_environmentreading
WHERE institution_id = %(institution)s AND room_id = ANY(%(rooms)s) AND taken_at >= %(first)s AND taken_at < %(last)s
GROUP BY 1, 2, 3, 4 ORDER BY 3"""


@dataclass(frozen=True)
class Bin:
    """The readings of one short time: extremes and mean, in the unit in which they were read."""

    start: datetime
    unit: str
    low: Decimal
    high: Decimal
    mean: Decimal
    count: int

    def in_unit_of(self, requirement: EnvironmentRequirement) -> "Bin | None":
        """The same in the requirement's unit, the mean to a digit that can be read; None for another kind of unit."""
        low, high, mean = (in_requirement(requirement, one, self.unit) for one in (self.low, self.high, self.mean))
        if low is None or high is None or mean is None:
            return None
        places = min(low.normalize().as_tuple().exponent, high.normalize().as_tuple().exponent, 0)
        return Bin(self.start, requirement.unit, low, high, mean.quantize(Decimal(1).scaleb(places)), self.count)


Binned = dict[tuple[int, str], list[Bin]]


def binned(institution_id: int, rooms: list[int], first: datetime, last: datetime, step: timedelta) -> Binned:
    """The bins of each room and element in the order of time, counted from `first`. One query."""
    values = {"institution": institution_id, "rooms": rooms, "first": first, "last": last, "step": step}
    found: Binned = {}
    with connection.cursor() as cursor:
        cursor.execute(BINNED, values)
        for room, element, *rest in cursor.fetchall():
            found.setdefault((room, element), []).append(Bin(*rest))
    return found


def of(requirement: EnvironmentRequirement, known: Binned) -> list[Bin]:
    """What was read of the requirement's element, in its unit."""
    bins = known.get((requirement.room_id, requirement.element), ())
    return [one for row in bins if (one := row.in_unit_of(requirement))]


def plot_of(
    requirements: list[EnvironmentRequirement], known: Binned, periods: list[Period], first: datetime, last: datetime,
    step: timedelta,
) -> Plot:  # fmt: skip
    """One element of a room as a picture: the readings, the limits, and the times outside or unread shaded.

    `requirements`: those of this element that counted in the time, the one for all work that counted last first. Where one
    took the place of another the limits step.
    """
    lead = requirements[0]
    points: list[Point] = []
    for one in of(lead, known):
        points.append(Point(one.start, one.low))
        if one.high != one.low:
            points.append(Point(one.start + step / 2, one.high))
    element = str(Element(lead.element).label)
    levels = [level for row in requirements for level in _levels(row, lead, first, last)]
    tones = {Kind.OUTSIDE: "bad", Kind.GAP: "due"}
    mine = {row.pk for row in requirements}
    spans = [
        Span(max(period.began_at, first), min(period.ended_at or last, last), tones[period.kind])
        for period in periods
        if period.requirement.pk in mine
    ]
    return Plot(f"env-{lead.element}", f"{element} / {lead.unit}", [Series(element, points, marks=False)],
                levels=levels, spans=spans)  # fmt: skip


def _levels(
    row: EnvironmentRequirement, lead: EnvironmentRequirement, first: datetime, last: datetime
) -> Iterator[Level]:
    """The limits of one requirement in the leading one's unit, over the part of the time in which it counts."""
    start, end = max(first, starts(row)), min(last, ends(row) or last)
    mine, whole = row.method_id == lead.method_id, (start, end) == (first, last)
    for edge, words in ((row.high, _("上限")), (row.low, _("下限"))):
        value = in_requirement(lead, edge, row.unit) if edge is not None else None
        if value is not None and start < end:
            yield Level(
                value, words if end == last else "", "bad" if mine else "due", dashed=not mine,
                start=None if whole else start, end=None if whole else end,
            )  # fmt: skip


def spark(requirement: EnvironmentRequirement, bins: list[Bin], first: datetime, last: datetime) -> dict[str, Any]:
    """A small line of the readings with the band of the limits, as numbers for an SVG; {} with too few readings."""
    if len(bins) < 2:
        return {}
    edges = [edge for edge in (requirement.low, requirement.high) if edge is not None]
    low, high = min(*edges, *(one.low for one in bins)), max(*edges, *(one.high for one in bins))
    air = (high - low) / 10 or Decimal(1)
    low, high = low - air, high + air

    def across(moment: datetime) -> str:
        return f"{Decimal((moment - first) / (last - first)) * SPARK_WIDTH:.1f}"

    def up(value: Decimal) -> str:
        return f"{(high - value) / (high - low) * SPARK_HEIGHT:.1f}"

    top = up(requirement.high if requirement.high is not None else high)
    bottom = up(requirement.low if requirement.low is not None else low)
    return {
        "points": " ".join(f"{across(one.start)},{up(one.mean)}" for one in bins),
        "top": top,
        "height": f"{Decimal(bottom) - Decimal(top):.1f}",
        "width": SPARK_WIDTH,
        "tall": SPARK_HEIGHT,
        "words": limits_text(requirement),
    }
