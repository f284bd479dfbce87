"""When a room was outside its limits, and when nobody knows: computed from the readings each time, never stored.

PostgreSQL goes through the readings in the order of time and gives back the periods only, so that a year of readings, one
a minute, takes no more memory here than a quiet day.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise

from django.db import connection
from django.utils.translation import gettext as _

from portal import workdays

from ..models import EnvironmentAction, EnvironmentRequirement
from .requirements import ends, patience, resting, scales, starts

MOST = 500  # periods that are told, the latest ones


class Kind(StrEnum):
    OUTSIDE = "outside"
    GAP = "gap"


@dataclass(frozen=True)
class Period:
    """A time outside the limits or without readings; `ended_at` is None while it lasts.

    `low_seen`, `high_seen`: the extremes, in the requirement's unit. `action`: what was done about it.
    """

    requirement: EnvironmentRequirement
    kind: Kind
    began_at: datetime
    ended_at: datetime | None
    low_seen: Decimal | None = None
    high_seen: Decimal | None = None
    readings: int = 0
    action: EnvironmentAction | None = None

    @property
    def worst(self) -> Decimal | None:
        """The extreme that was outside; when both were, the one farther off."""
        low, high, over = self.requirement.low, self.requirement.high, []
        if low is not None and self.low_seen is not None and self.low_seen < low:
            over.append((low - self.low_seen, self.low_seen))
        if high is not None and self.high_seen is not None and self.high_seen > high:
            over.append((self.high_seen - high, self.high_seen))
        return max(over)[1] if over else None

    @property
    def answered(self) -> bool:
        return self.action is not None

    @property
    def word(self) -> str:
        return _("超限") if self.kind is Kind.OUTSIDE else _("没有记录")


def periods_of(
    requirements: Sequence[EnvironmentRequirement], first: datetime, last: datetime, *, at: datetime
) -> list[Period]:
    """All periods between `first` and `last`, the latest first, each with the action that answers it; at most MOST.

    The requirements are of one institution, as `stated_between` gives them for that time; each reading is held against the
    one of its day. `at` is now. A gap is a time longer than two intervals without any reading, counted from when the
    requirement was stated; where people read, nights and days on which nobody works do not count. Three queries.
    Source: B-6.6.1-d-s1, D-4.2.2.1-s1.
    """
    if not requirements:
        return []
    found = [*merged(_outside(requirements, first, last)), *_gaps(watches(requirements, first, min(last, at)), at)]
    found.sort(key=lambda period: (period.began_at, period.requirement.pk), reverse=True)
    return answered(found[:MOST], _actions(requirements, first, last))


# --- out of PostgreSQL

ASKED = """asked AS (
    SELECT * FROM unnest(%(ids)s::bigint[], %(rooms)s::bigint[], %(elements)s::text[], %(lows)s::numeric[],
        %(highs)s::numeric[], %(starts)s::timestamptz[], %(ends)s::timestamptz[])
        AS asked (id, room_id, element, low, high, starts, ends)
)"""
OUTSIDE = f"""WITH {ASKED}, scale AS (
    SELECT * FROM unnest(%(scaled)s::bigint[], %(units)s::text[], %(factors)s::numeric[], %(shifts)s::numeric[])
        AS scale (id, unit, factor, shift)
), held AS (
    SELECT asked.id, asked.ends, reading.monitor_id, reading.taken_at, scaled.value,
        coalesce(scaled.value < asked.low, false) OR coalesce(scaled.value > asked.high, false) AS outside
    FROM asked
    JOIN equipment_environmentreading AS reading ON reading.institution_id = %(institution)s
        AND reading.room_id = asked.room_id AND reading.element = asked.element
        AND reading.taken_at >= asked.starts AND reading.taken_at < asked.ends
    JOIN scale ON scale.id = asked.id AND scale.unit = reading.unit
    CROSS JOIN LATERAL (SELECT reading.value * scale.factor + scale.shift AS value) AS scaled
), beside AS (
    SELECT *, lead(taken_at) OVER each_after_the_other AS next_at,
        outside IS DISTINCT FROM lag(outside) OVER each_after_the_other AS turned
    FROM held WINDOW each_after_the_other AS (PARTITION BY id, monitor_id ORDER BY taken_at)
), runs AS (
    SELECT *, count(*) FILTER (WHERE turned) OVER (PARTITION BY id, monitor_id ORDER BY taken_at) AS run FROM beside
)
SELECT id, min(taken_at), CASE WHEN bool_and(next_at IS NOT NULL) THEN max(next_at) WHEN min(ends) < %(last)s THEN min(ends) END,
    min(value), max(value), count(*)
FROM runs WHERE outside GROUP BY id, monitor_id, run ORDER BY 2 DESC LIMIT {MOST}"""
# The edges of the time count as readings, so that a gap at its beginning or end is one like any other. Of a gap that is
# long enough PostgreSQL takes off the time in which nobody was at work.
GAPS = f"""WITH asked AS (
    SELECT * FROM unnest(%(places)s::int[], %(rooms)s::bigint[], %(elements)s::text[], %(reaches)s::interval[],
        %(rests)s::text[], %(starts)s::timestamptz[], %(ends)s::timestamptz[])
        AS asked (place, room_id, element, reach, rest, starts, ends)
), closed AS MATERIALIZED (
    SELECT * FROM unnest(%(kinds)s::text[], %(opens)s::timestamptz[], %(closes)s::timestamptz[]) AS closed (rest, starts, ends)
), known AS (
    SELECT asked.place, reading.taken_at FROM asked
    JOIN equipment_environmentreading AS reading ON reading.institution_id = %(institution)s
        AND reading.room_id = asked.room_id AND reading.element = asked.element
        AND reading.taken_at >= asked.starts AND reading.taken_at < asked.ends
    UNION ALL SELECT place, starts FROM asked UNION ALL SELECT place, ends FROM asked
), beside AS (
    SELECT place, taken_at, lag(taken_at) OVER (PARTITION BY place ORDER BY taken_at) AS before_at FROM known
), long AS MATERIALIZED (
    SELECT place, before_at, taken_at, reach, rest, taken_at - before_at AS passed
    FROM beside JOIN asked USING (place) WHERE taken_at - before_at > reach
)
SELECT place, before_at, taken_at FROM long CROSS JOIN LATERAL (
    SELECT coalesce(sum(least(taken_at, closed.ends) - greatest(before_at, closed.starts)), interval '0') AS off
    FROM closed WHERE closed.rest = long.rest AND closed.starts < taken_at AND closed.ends > before_at
) AS rests WHERE passed - off > reach ORDER BY 2 DESC LIMIT {MOST}"""


def _outside(requirements: Sequence[EnvironmentRequirement], first: datetime, last: datetime) -> list[Period]:
    counting = [row for row in requirements if starts(row) < last and (ends(row) or last) > first]
    scaled = [(row.pk, scale) for row in counting for scale in scales(row)]
    values = {
        "ids": [row.pk for row in counting],
        "rooms": [row.room_id for row in counting],
        "elements": [row.element for row in counting],
        "lows": [row.low for row in counting],
        "highs": [row.high for row in counting],
        "starts": [max(first, starts(row)) for row in counting],
        "ends": [min(last, ends(row) or last) for row in counting],
        "institution": requirements[0].institution_id,
        "last": last,
        "scaled": [pk for pk, _scale in scaled],
        "units": [scale.unit for _pk, scale in scaled],
        "factors": [scale.factor for _pk, scale in scaled],
        "shifts": [scale.shift for _pk, scale in scaled],
    }
    known = {row.pk: row for row in counting}
    with connection.cursor() as cursor:
        cursor.execute(OUTSIDE, values)
        return [Period(known[pk], Kind.OUTSIDE, *rest) for pk, *rest in cursor.fetchall()]


@dataclass(frozen=True)
class Watched:
    """A time in which an element of a room had to be read as its requirement asks."""

    requirement: EnvironmentRequirement
    start: datetime
    end: datetime


def watches(requirements: Iterable[EnvironmentRequirement], first: datetime, last: datetime) -> list[Watched]:
    """The times of each room and element, each with the requirement of the shortest interval then: what is not read is not
    read for all of them. New limits with the same interval do not part a time.
    """
    grouped: dict[tuple[int, str], list[Watched]] = {}
    for row in requirements:
        start, end = max(first, starts(row), row.recorded_at), min(last, ends(row) or last)
        if row.interval_minutes and start < end:
            grouped.setdefault((row.room_id, row.element), []).append(Watched(row, start, end))
    return [one for listed in grouped.values() for one in _closest(listed)]


def _closest(listed: Sequence[Watched]) -> list[Watched]:
    found: list[Watched] = []
    edges = sorted({edge for one in listed for edge in (one.start, one.end)})
    for start, end in pairwise(edges):
        asked = [one.requirement for one in listed if one.start <= start and one.end >= end]
        if not asked:
            continue
        row = min(asked, key=lambda row: (row.interval_minutes, row.pk))
        before = found[-1] if found else None
        if before and before.end == start and _same_pace(before.requirement, row):
            found[-1] = Watched(row, before.start, end)
        else:
            found.append(Watched(row, start, end))
    return found


def _same_pace(one: EnvironmentRequirement, other: EnvironmentRequirement) -> bool:
    return (one.interval_minutes, one.strict) == (other.interval_minutes, other.strict)


def _gaps(asked: Sequence[Watched], at: datetime) -> list[Period]:
    if not asked:
        return []
    closed = [
        (rest, *edges)
        for rest in {resting(one.requirement) for one in asked} - {""}
        for edges in workdays.closed(
            min(one.start for one in asked), max(one.end for one in asked), hours=rest == "hours"
        )
    ]
    values = {
        "places": list(range(len(asked))),
        "rooms": [one.requirement.room_id for one in asked],
        "elements": [one.requirement.element for one in asked],
        "reaches": [patience(one.requirement) for one in asked],
        "rests": [resting(one.requirement) for one in asked],
        "starts": [one.start for one in asked],
        "ends": [one.end for one in asked],
        "institution": asked[0].requirement.institution_id,
        "kinds": [rest for rest, _start, _end in closed],
        "opens": [start for _rest, start, _end in closed],
        "closes": [end for _rest, _start, end in closed],
    }
    with connection.cursor() as cursor:
        cursor.execute(GAPS, values)
        return [
            Period(asked[place].requirement, Kind.GAP, began, None if ended == at else ended)
            for place, began, ended in cursor.fetchall()
        ]


def _actions(
    requirements: Sequence[EnvironmentRequirement], first: datetime, last: datetime
) -> list[EnvironmentAction]:
    rows = EnvironmentAction.objects.filter(
        institution_id=requirements[0].institution_id, state=EnvironmentAction.State.CURRENT,
        room__in={row.room_id for row in requirements}, began_at__lt=last,
    )  # fmt: skip
    return list(rows.exclude(ended_at__lt=first).select_related("handled_by").order_by("began_at", "pk"))


# --- without the database


def merged(periods: Iterable[Period]) -> list[Period]:
    """Periods of one requirement that several instruments saw at the same time are one. In the order of time."""
    found: dict[int, list[Period]] = {}
    for period in sorted(periods, key=lambda period: period.began_at):
        before = found.setdefault(period.requirement.pk, [])
        if before and (before[-1].ended_at is None or period.began_at <= before[-1].ended_at):
            before[-1] = _joined(before[-1], period)
        else:
            before.append(period)
    return [period for listed in found.values() for period in listed]


def _joined(one: Period, other: Period) -> Period:
    over = (one.ended_at, other.ended_at)
    return replace(
        one,
        ended_at=None if None in over else max(over),
        low_seen=min(one.low_seen, other.low_seen),
        high_seen=max(one.high_seen, other.high_seen),
        readings=one.readings + other.readings,
    )


def answered(periods: Iterable[Period], actions: Sequence[EnvironmentAction]) -> list[Period]:
    """Each period with the first action that was about this element of this room at that time.

    An action whose end is not stated yet answers what was going on when it began. People write down minutes.
    """
    return [replace(period, action=_answer(period, actions)) for period in periods]


def _answer(period: Period, actions: Sequence[EnvironmentAction]) -> EnvironmentAction | None:
    about = (period.requirement.room_id, period.requirement.element)
    began = period.began_at.replace(second=0, microsecond=0)
    for action in actions:
        until = action.ended_at or action.began_at
        if (action.room_id, action.element) != about:
            continue
        if until >= began and (period.ended_at is None or action.began_at <= period.ended_at):
            return action
    return None
