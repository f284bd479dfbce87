"""How rooms stand: what was read last, whether it is inside, and whether a room was inside while work went on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from django.db import connection
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from institutions.models import Institution, Method, Room

from ..models import EnvironmentReading, EnvironmentRequirement
from .periods import Period, periods_of
from .requirements import REACH, ends, gap_of, in_requirement, is_overdue, keeps, starts, stated_between

LOOK_BACK = timedelta(days=7)  # in which unanswered periods are told


class Word(StrEnum):
    INSIDE = "inside"
    OUTSIDE = "outside"
    UNREAD = "unread"


TONES = {Word.INSIDE: "ok", Word.OUTSIDE: "bad", Word.UNREAD: "due"}
TITLES = {Word.INSIDE: _("合格"), Word.OUTSIDE: _("超限"), Word.UNREAD: _("没有读数")}


@dataclass(frozen=True)
class Condition:
    """One requirement of a room at a time: inside, outside, or not read; the extremes in the requirement's unit."""

    requirement: EnvironmentRequirement
    word: Word
    low_seen: Decimal | None = None
    high_seen: Decimal | None = None

    @property
    def tone(self) -> str:
        return TONES[self.word]

    @property
    def title(self) -> str:
        return TITLES[self.word]


# --- a room while work went on


def conditions(room: Room, first: datetime, last: datetime, *, method: Method | None = None) -> list[Condition]:
    """Whether the room kept its limits from `first` to `last`: one Condition for each that it has for all work or the method.

    Inside means that every reading of that time was, and that there never was too long a time without one: two intervals,
    or a day where none is set. Each requirement is asked for the days on which it was the one that counted. Aware moments.
    One query and one more for each requirement. Source: A-6.3, C-5.4.1.
    """
    about = Q(method=None) | Q(method=method) if method else Q(method=None)
    rows = stated_between(first, last).filter(about, institution_id=room.institution_id, room=room)
    return [
        _condition(row, max(first, starts(row)), min(last, ends(row) or last))
        for row in rows.order_by("element", "since", "pk")
    ]


def _condition(requirement: EnvironmentRequirement, first: datetime, last: datetime) -> Condition:
    reach = gap_of(requirement) or REACH
    rows = EnvironmentReading.objects.filter(
        institution_id=requirement.institution_id, room_id=requirement.room_id, element=requirement.element,
        taken_at__gte=first - reach, taken_at__lte=last + reach,
    )  # fmt: skip
    read = rows.order_by("taken_at").values_list("taken_at", "value", "unit").iterator(chunk_size=2000)
    known = ((moment, in_requirement(requirement, value, unit)) for moment, value, unit in read)
    return held(requirement, ((moment, value) for moment, value in known if value is not None), first, last)


def held(
    requirement: EnvironmentRequirement, readings: Iterable[tuple[datetime, Decimal]], first: datetime, last: datetime
) -> Condition:
    """The readings, in the order of time and in the requirement's unit, held against it from `first` to `last`."""
    reach, previous, whole = gap_of(requirement) or REACH, None, True
    low = high = None
    for moment, value in readings:
        if moment <= first:  # of those before, the newest one says how it was when work began
            low, high, previous = value, value, moment
            continue
        if moment > last and previous is not None:
            break
        whole = whole and moment - (previous or first) <= reach
        low, high, previous = (
            min(value, value if low is None else low),
            max(value, value if high is None else high),
            moment,
        )
    if low is not None and not (keeps(requirement, low) and keeps(requirement, high)):
        return Condition(requirement, Word.OUTSIDE, low, high)
    known = whole and previous is not None and last - previous <= reach
    return Condition(requirement, Word.INSIDE if known else Word.UNREAD, low, high)


# --- rooms now


@dataclass(frozen=True)
class Last:
    """The newest reading of an element in a room."""

    value: Decimal
    unit: str
    taken_at: datetime
    monitor_id: int | None
    source: str


LAST = """SELECT asked.room_id, asked.element, newest.value, newest.unit, newest.taken_at, newest.monitor_id, newest.source
FROM unnest(%s::bigint[], %s::text[]) AS asked (room_id, element)
JOIN LATERAL (
    SELECT value, unit, taken_at, monitor_id, source FROM equipment_environmentreading
    WHERE institution_id = %s AND room_id = asked.room_id AND element = asked.element
    ORDER BY taken_at DESC, id DESC LIMIT 1
) AS newest ON true"""


def last_readings(requirements: Sequence[EnvironmentRequirement]) -> dict[tuple[int, str], Last]:
    """The newest reading of each room and element that the requirements name. One query."""
    if not requirements:
        return {}
    pairs = sorted({(row.room_id, row.element) for row in requirements})
    rooms, elements = zip(*pairs, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(LAST, [list(rooms), list(elements), requirements[0].institution_id])
        return {(room, element): Last(*rest) for room, element, *rest in cursor.fetchall()}


def now(requirement: EnvironmentRequirement, last: Last | None, at: datetime) -> Condition:
    """How the requirement stands by its newest reading: not read when that is too old.

    Where people read, nobody has to at night or on a day on which nobody works.
    """
    value = in_requirement(requirement, last.value, last.unit) if last else None
    if value is None or is_overdue(requirement, last.taken_at, at):
        return Condition(requirement, Word.UNREAD, value, value)
    return Condition(requirement, Word.INSIDE if keeps(requirement, value) else Word.OUTSIDE, value, value)


# --- for who answers for it


def unanswered(institution: Institution, first: datetime, last: datetime) -> list[Period]:
    """The times outside the limits, or without readings, for which no action is on record, the latest first.

    Needs the institution's scope. At most periods.MOST. Source: B-6.6.1-d-s1, C-5.3.1-s2, D-4.2.2.1-s1.
    """
    rows = stated_between(first, last).filter(institution=institution)
    rows = rows.select_related("room__site", "method").order_by("pk")
    found = periods_of(list(rows), first, last, at=timezone.now())
    return [period for period in found if not period.answered]
