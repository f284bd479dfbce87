"""Writing down what a room's instruments show, typed by a person or sent by a logger: all of a batch, or nothing.

Readings are never changed. One that was wrong stays, and an EnvironmentAction says so.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from institutions.models import Room
from portal import audit, entitlement
from portal.actors import Actor
from portal.permissions import Permission

from .. import usability
from ..models import Element, EnvironmentReading, EnvironmentRequirement, Equipment
from .requirements import (
    POSSIBLE,
    UNITS,
    WITHOUT_INSTRUMENT,
    of_day,
    scale_between,
    spelled,
    stated_between,
    usual_unit,
)

MOST = 1_000
MOST_DAYS = 62  # different days in one batch
OLDEST = timedelta(days=400)
AHEAD = timedelta(minutes=2)  # by which a logger's clock may be fast
LARGEST, DECIMALS = Decimal(10) ** 12, 6

Source = EnvironmentReading.Source
Key = tuple[int, str, datetime, int | None]


@dataclass(frozen=True)
class Reading:
    """One value that somebody or something read, not yet on record. `taken_at` is aware; `unit` as it was given."""

    room: Room
    element: str
    value: Decimal
    unit: str
    taken_at: datetime
    monitor: Equipment | None

    @property
    def key(self) -> Key:
        return (self.room.pk, self.element, self.taken_at, self.monitor.pk if self.monitor else None)


@dataclass(frozen=True)
class Flaw:
    """What is wrong with one reading of a batch: its place from 0 on, the field, and the sentence."""

    place: int
    field: str
    sentence: str


class Unfit(Exception):
    """Nothing of the batch was written. Carries every flaw."""

    def __init__(self, flaws: Sequence[Flaw]) -> None:
        super().__init__("; ".join(flaw.sentence for flaw in flaws[:5]))
        self.flaws = list(flaws)


@dataclass(frozen=True)
class Noted:
    """How many readings were new, and how many were on record already, word for word."""

    new: int
    known: int


def note(
    batch: Sequence[Reading], *, source: str, actor: Actor, at: datetime, reason: str = "", again: bool = False
) -> Noted:
    """All readings of the batch are on record, with an entry in the trail for each room.

    `again`: what is on record already with the same value is passed over, so that a logger may send a batch twice; else it
    is a flaw. `reason`: why they are written down later. Raises: Unfit with every flaw; then nothing is written.
    PermissionDenied. Source: D-4.2.2.1-s1, C-5.4.2-s1.
    """
    actor.require(Permission.ENVIRONMENT_NOTE, actor.institution_id)
    if flaws := list(_flaws(batch, actor, at)):
        raise Unfit(sorted(flaws, key=lambda flaw: flaw.place))
    with transaction.atomic():
        entitlement.confirm(actor, Permission.ENVIRONMENT_NOTE, actor.institution_id)
        known = _on_record(batch, actor)
        rows = [_row(reading, source, actor) for reading in batch if reading.key not in known]
        EnvironmentReading.objects.bulk_create(rows, ignore_conflicts=True)
        # Whoever sent the same at the same moment has been waited for; what now stands there is what counts.
        standing = _on_record(batch, actor) if rows else known
        if flaws := list(_taken(batch, known if not again else {}, standing)):
            raise Unfit(flaws)
        _recorded(rows, batch, actor, reason)
    return Noted(len(rows), len(batch) - len(rows))


def _row(reading: Reading, source: str, actor: Actor) -> EnvironmentReading:
    return EnvironmentReading(
        institution_id=actor.institution_id, room=reading.room, element=reading.element, value=reading.value,
        unit=spelled(reading.unit), taken_at=reading.taken_at, source=source, monitor=reading.monitor,
        noted_by_id=actor.employment_id,
    )  # fmt: skip


def _on_record(batch: Sequence[Reading], actor: Actor) -> dict[Key, tuple[Decimal, str]]:
    """What stands at the places and times of the batch: value and unit."""
    rows = EnvironmentReading.objects.visible_to(actor).filter(
        room__in={reading.room.pk for reading in batch}, element__in={reading.element for reading in batch},
        taken_at__in={reading.taken_at for reading in batch},
    )  # fmt: skip
    names = ("room_id", "element", "taken_at", "monitor_id", "value", "unit")
    return {tuple(key): (value, unit) for *key, value, unit in rows.values_list(*names)}


def _taken(
    batch: Sequence[Reading], refused: dict[Key, tuple[Decimal, str]], standing: dict[Key, tuple[Decimal, str]]
) -> Iterator[Flaw]:
    for place, reading in enumerate(batch):
        value, unit = standing[reading.key]
        same = (value, unit) == (reading.value, spelled(reading.unit))
        if same and reading.key not in refused:
            continue
        yield Flaw(
            place, "taken_at",
            _("%(element)s在 %(time)s 已有读数 %(value)s %(unit)s，记录不能改。读错了请另记一次，并在超限处置里说明。")
            % {
                "element": Element(reading.element).label,
                "time": f"{timezone.localtime(reading.taken_at):%Y-%m-%d %H:%M:%S}",
                "value": f"{value.normalize():f}", "unit": unit,
            },
        )  # fmt: skip


def _recorded(
    rows: Sequence[EnvironmentReading], batch: Sequence[Reading], actor: Actor, reason: str
) -> None:  # fmt: skip
    """One entry for each room: how many readings of which elements, from when to when."""
    for room in {reading.room.pk: reading.room for reading in batch}.values():
        mine = [row for row in rows if row.room_id == room.pk]
        if not mine:
            continue
        elements = sorted({str(Element(row.element).label) for row in mine})
        taken = sorted(timezone.localtime(row.taken_at) for row in mine)
        audit.record(
            actor, "room.note_environment", room, reason=reason,
            changes={
                "readings": ["", _("%(count)d 个：%(elements)s") % {"count": len(mine), "elements": "、".join(elements)}],
                "taken_at": ["", f"{taken[0]:%Y-%m-%d %H:%M} – {taken[-1]:%Y-%m-%d %H:%M}"],
            },
        )  # fmt: skip


# --- what stands against readings


def _flaws(batch: Sequence[Reading], actor: Actor, at: datetime) -> Iterator[Flaw]:
    limits = _limits(batch, actor)
    for place, reading in enumerate(batch):
        yield from (Flaw(place, *found) for found in _against(reading, limits, at))
    yield from _twice(batch)
    yield from _unusable(batch)


def _limits(batch: Sequence[Reading], actor: Actor) -> list[EnvironmentRequirement]:
    """What was asked of the rooms at the times of the readings, for its unit."""
    if not batch:
        return []
    moments = [reading.taken_at for reading in batch]
    rows = stated_between(min(moments), max(moments)).visible_to(actor)
    return list(rows.filter(room__in={reading.room.pk for reading in batch}).order_by("pk"))


def _against(reading: Reading, limits: Sequence[EnvironmentRequirement], at: datetime) -> Iterator[tuple[str, str]]:
    """Field and sentence of all that speaks against one reading by itself."""
    if reading.taken_at > at + AHEAD:
        yield "taken_at", _("时间在现在之后。请核对记录仪的时钟和时区。")
    elif reading.taken_at < at - OLDEST:
        yield "taken_at", _("时间在 %(days)d 天以前，太早了。请核对记录仪的时钟。") % {"days": OLDEST.days}
    label, unit = Element(reading.element).label, spelled(reading.unit)
    requirement = of_day(limits, reading.room.pk, reading.element, timezone.localdate(reading.taken_at))
    wanted = spelled(requirement.unit) if requirement else ""
    if not unit:
        yield "unit", _("没有单位。请写明%(element)s的单位。") % {"element": label}
    elif (wanted and scale_between(unit, wanted) is None) or not (wanted or _is_known(reading.element, unit)):
        text = _("%(element)s的单位不能是“%(unit)s”。请改用 %(wanted)s。")
        named = wanted or "、".join(UNITS.get(reading.element, ())) or _("法定计量单位")
        yield "unit", text % {"element": label, "unit": unit[:20], "wanted": named}
    else:
        yield from _of_value(reading, unit)
    if reading.monitor is None and reading.element not in WITHOUT_INSTRUMENT:
        yield "monitor", _("没有写明用哪台设备读的。请选择监测设备。")


def _is_known(element: str, unit: str) -> bool:
    return any(scale_between(unit, known) for known in UNITS.get(element, (unit,)))


def _of_value(reading: Reading, unit: str) -> Iterator[tuple[str, str]]:
    value = reading.value
    exponent = value.normalize().as_tuple().exponent
    if not isinstance(exponent, int) or abs(value) >= LARGEST:
        yield "value", _("读数太大或不是数。请核对读数和单位。")
        return
    if -exponent > DECIMALS:
        yield "value", _("小数位最多 %(most)d 位。请按仪器显示的位数填写。") % {"most": DECIMALS}
    usual = scale_between(unit, usual_unit(reading.element)) if reading.element in POSSIBLE else None
    if usual:
        low, high = POSSIBLE[reading.element]
        if not low <= usual.of(value) <= high:
            yield "value", _("%(element)s %(value)s %(unit)s 不可能。请核对读数和单位。") % {
                "element": Element(reading.element).label, "value": f"{value:f}", "unit": unit,
            }  # fmt: skip


def _twice(batch: Sequence[Reading]) -> Iterator[Flaw]:
    seen: dict[Key, int] = {}
    for place, reading in enumerate(batch):
        first = seen.setdefault(reading.key, place)
        if first != place:
            text = _("与第 %(n)d 条是同一房间、要素、时间和设备。请只留一条。") % {"n": first + 1}
            yield Flaw(place, "taken_at", text)


def _unusable(batch: Sequence[Reading]) -> Iterator[Flaw]:
    """Readings of instruments that might not be used on their day. One query a day. Source: C-5.4.2-s1."""
    days: dict[date, dict[int, list[int]]] = {}
    for place, reading in enumerate(batch):
        if reading.monitor:
            places = days.setdefault(timezone.localdate(reading.taken_at), {})
            places.setdefault(reading.monitor.pk, []).append(place)
    if len(days) > MOST_DAYS:
        yield Flaw(0, "taken_at", _("一批最多含 %(most)d 天的读数。请分批发送。") % {"most": MOST_DAYS})
        return
    monitors = {reading.monitor.pk: reading.monitor for reading in batch if reading.monitor}
    for day, places in days.items():
        for pk, reasons in usability.reasons_of([monitors[pk] for pk in places], day).items():
            text = " ".join(refusal.text for refusal in reasons)
            yield from (Flaw(place, "monitor", text) for place in places[pk] if text)
