"""What a room must keep, and one value held against it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from institutions import units
from institutions.models import Room
from portal import workdays

from ..checking.readings import figure
from ..models import Element, EnvironmentRequirement

# The units in which an element is read, the usual one first; for the others only the requirement's own.
UNITS = {
    Element.TEMPERATURE: ("℃", "K"),
    Element.HUMIDITY: ("%RH", "%"),
    Element.PRESSURE: ("hPa", "Pa", "kPa"),
    Element.NOISE: ("dB(A)", "dB"),
    Element.WIND: ("m/s",),
    Element.LIGHTING: ("lx",),
    Element.POWER: ("V",),
}
# The same quantity under two signs.
SAME = {"%": "%RH", "dB": "dB(A)"}
# What nature allows, in the usual unit.
POSSIBLE = {
    Element.TEMPERATURE: (Decimal("-90"), Decimal("200")),
    Element.HUMIDITY: (Decimal(0), Decimal(100)),
    Element.PRESSURE: (Decimal(300), Decimal(1200)),
}
# Elements that are looked at, counted or cultured; every other one is read off an instrument.
WITHOUT_INSTRUMENT = frozenset({Element.STERILITY, Element.DUST, Element.OTHER})
GAP_INTERVALS = 2
# How old a reading may be where no interval is set.
REACH = timedelta(hours=24)
BY_HAND, TWICE_A_DAY = timedelta(hours=1), 720
LONG = timedelta(days=800)


@dataclass(frozen=True)
class Scale:
    """How a value in `unit` becomes one in the requirement's: times `factor`, plus `shift`."""

    unit: str
    factor: Decimal
    shift: Decimal

    def of(self, value: Decimal) -> Decimal:
        return value * self.factor + self.shift


def versions(first: date, last: date | None = None) -> QuerySet[EnvironmentRequirement]:
    """What is on record of elements in rooms, whether they matter or not, as far as it counted from `first` to `last`.

    Without `last` on that one day. Each knows with `until` the first day of the one that took its place. To be narrowed by
    `visible_to`.
    """
    rows = EnvironmentRequirement.objects.filter(state=EnvironmentRequirement.State.CURRENT)
    later = rows.alias(about=Coalesce("method_id", 0)).filter(
        institution=OuterRef("institution"), room=OuterRef("room"), element=OuterRef("element"),
        about=Coalesce(OuterRef("method_id"), 0), since__gt=OuterRef("since"),
    )  # fmt: skip
    rows = rows.filter(since__lte=last or first).annotate(until=Subquery(later.order_by("since").values("since")[:1]))
    return rows.filter(Q(until=None) | Q(until__gt=first))


def stated(first: date, last: date | None = None) -> QuerySet[EnvironmentRequirement]:
    """The same, of those that set limits."""
    return versions(first, last).filter(needed=True)


def stated_between(first: datetime, last: datetime) -> QuerySet[EnvironmentRequirement]:
    """The same, of two moments."""
    return stated(timezone.localdate(first), timezone.localdate(last))


def starts(requirement: EnvironmentRequirement) -> datetime:
    """The moment from which it counts."""
    return _midnight(requirement.since)


def ends(requirement: EnvironmentRequirement) -> datetime | None:
    """The moment from which another one counts; None while there is none."""
    return _midnight(requirement.until) if requirement.until else None


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))


def counts_on(requirement: EnvironmentRequirement, day: date) -> bool:
    """It is the one of that day."""
    return requirement.since <= day and (requirement.until is None or day < requirement.until)


def scales(requirement: EnvironmentRequirement) -> list[Scale]:
    """Every unit in which a reading can be held against the requirement."""
    own = spelled(requirement.unit)
    known = dict.fromkeys((own, *UNITS.get(requirement.element, ())))
    return [scale for unit in known if (scale := scale_between(unit, own))]


def scale_between(unit: str, target: str) -> Scale | None:
    """How the one becomes the other, or None when they are not of one kind."""
    if unit == target or SAME.get(unit, unit) == SAME.get(target, target):
        return Scale(unit, Decimal(1), Decimal(0))
    try:
        shift = units.convert(Decimal(0), unit, target)
        return Scale(unit, units.convert(Decimal(1), unit, target) - shift, shift)
    except ValueError:  # UnknownUnit is one
        return None


def spelled(unit: str) -> str:
    """The unit in the spelling in which it is kept."""
    return units.normalise(unit.strip())


def usual_unit(element: str) -> str:
    return UNITS.get(element, ("",))[0]


def in_requirement(requirement: EnvironmentRequirement, value: Decimal, unit: str) -> Decimal | None:
    """The value in the requirement's unit; None when the units are not of one kind."""
    scale = scale_between(spelled(unit), spelled(requirement.unit))
    return scale.of(value) if scale else None


def keeps(requirement: EnvironmentRequirement, value: Decimal) -> bool:
    """Whether a value in the requirement's unit is inside; the limits themselves are."""
    low, high = requirement.low, requirement.high
    return (low is None or value >= low) and (high is None or value <= high)


def gap_of(requirement: EnvironmentRequirement) -> timedelta | None:
    """How long there may be no reading; None when no interval is set."""
    minutes = requirement.interval_minutes
    return timedelta(minutes=GAP_INTERVALS * minutes) if minutes else None


def is_by_hand(requirement: EnvironmentRequirement) -> bool:
    """People walk to the instrument to read it, on working days; no logger does."""
    return not requirement.strict and timedelta(minutes=requirement.interval_minutes or 0) >= BY_HAND


def resting(requirement: EnvironmentRequirement) -> str:
    """What does not count between two readings: "" nothing, "days" those on which nobody works, "hours" nights as well.

    Whoever reads twice a day or less often has the nights in the interval.
    """
    if not is_by_hand(requirement):
        return ""
    return "hours" if requirement.interval_minutes < TWICE_A_DAY else "days"


def patience(requirement: EnvironmentRequirement) -> timedelta | None:
    """How long there may be no reading, without the time that does not count; None when no interval is set.

    Where nights do not count, one whole working day without a reading is too long whatever the interval is.
    """
    gap = gap_of(requirement)
    return min(gap, workdays.CORE) if gap and resting(requirement) == "hours" else gap


def is_overdue(requirement: EnvironmentRequirement, read_at: datetime, at: datetime) -> bool:
    """At `at` it is too long since the reading; a day where no interval is set."""
    passed, allowed, rest = at - read_at, patience(requirement) or REACH, resting(requirement)
    if passed <= allowed or not rest:
        return passed > allowed
    first = max(read_at, at - LONG)  # older than that it is overdue whatever the calendar says
    off = sum((end - start for start, end in workdays.closed(first, at, hours=rest == "hours")), timedelta(0))
    return passed - off > allowed


def limits_text(requirement: EnvironmentRequirement) -> str:
    """The limits as a reader knows them: 18～22 ℃, ≤ 65 %RH, ≥ 5 lx."""
    low, high = (figure(edge) if edge is not None else "" for edge in (requirement.low, requirement.high))
    if low and high:
        return f"{low}～{high} {requirement.unit}"
    return f"≥ {low} {requirement.unit}" if low else f"≤ {high} {requirement.unit}"


def by_room(rows: Iterable[EnvironmentRequirement]) -> dict[int, list[EnvironmentRequirement]]:
    """The requirements of each room, by its key, in the order in which elements are listed; for all work first, then the
    latest first.
    """
    order = list(Element)
    found: dict[int, list[EnvironmentRequirement]] = {}
    for row in rows:
        found.setdefault(row.room_id, []).append(row)
    for listed in found.values():
        listed.sort(
            key=lambda row: (
                order.index(Element(row.element)),
                row.method_id is not None,
                -row.since.toordinal(),
                row.pk,
            )
        )
    return found


def of_day(
    rows: Iterable[EnvironmentRequirement], room_id: int, element: str, day: date
) -> EnvironmentRequirement | None:
    """The requirement that says in which unit the element was asked for in the room on that day."""
    same = (row for row in rows if (row.room_id, row.element) == (room_id, element) and counts_on(row, day))
    return min(same, key=lambda row: (row.method_id is not None, row.pk), default=None)


def rooms_with(requirements: Iterable[EnvironmentRequirement]) -> list[Room]:
    """The rooms that the requirements are about, each once, by site and name."""
    rooms = {row.room_id: row.room for row in requirements}
    return sorted(rooms.values(), key=lambda room: (room.site.name, room.name, room.pk))
