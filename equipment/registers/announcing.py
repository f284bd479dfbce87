"""What follows when equipment comes into the register, or leaves it because it was a mistake."""

from collections.abc import Sequence
from datetime import date, datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from portal.actors import Actor
from portal.registers import bulk

from .. import events
from ..models import Equipment, EquipmentEvent

State, Kind = Equipment.State, EquipmentEvent.Kind


def begin(rows: Sequence[Equipment], *, actor: Actor, at: datetime) -> None:
    """Their histories begin: with the purchase where its day is known, then with the entry in the register. What comes
    back after it was scrapped says as what it was known: its history goes on there.

    None of them is in use yet: what is new is traced, confirmed and verified first. Source: B-4.4.2-s3, B-6.6.1-b.
    """
    if not rows:
        return
    today = timezone.localdate(at)
    bought = [
        _line(row, Kind.PURCHASE, _("按台账上的购置日期"), actor, on=row.acquired_on)
        for row in rows
        if row.acquired_on is not None and row.acquired_on < today
    ]
    before = _scrapped(rows)
    entered = [_line(row, Kind.ACCEPTANCE, _entry(before.get(_plate(row))), actor, on=today) for row in rows]
    bulk.insert([*bought, *entered])
    events.equipment_registered.send(Equipment, rows=rows, actor=actor, at=at)


def _scrapped(rows: Sequence[Equipment]) -> dict[tuple[str, ...], Equipment]:
    """Scrapped equipment with the serial numbers of these rows, by its plate. One query."""
    serials = {row.serial_number for row in rows if row.serial_number}
    known = Equipment.objects.filter(
        institution_id=rows[0].institution_id, state=State.SCRAPPED, serial_number__in=serials
    )
    return {_plate(row): row for row in known.order_by("pk")}


def _plate(row: Equipment) -> tuple[str, ...]:
    return row.manufacturer.casefold(), row.model.casefold(), row.serial_number


def _entry(before: Equipment | None) -> str:
    if before is None:
        return _("登记入账")
    return _("登记入账；同一铭牌曾登记为 %(number)s，已经报废，以前的履历见那一台") % {"number": before.asset_number}


def end(rows: Sequence[Equipment], *, actor: Actor, at: datetime) -> None:
    """Their histories end: the entry was a mistake."""
    today = timezone.localdate(at)
    bulk.insert([_line(row, Kind.OTHER, _("登记作废"), actor, on=today, after=State.WITHDRAWN) for row in rows])


def _line(row: Equipment, kind: str, text: str, actor: Actor, *, on: date, after: str = State.NEW) -> EquipmentEvent:
    return EquipmentEvent(
        institution_id=row.institution_id, equipment=row, kind=kind, happened_on=on, state_after=after, text=text,
        done_by_id=actor.employment_id,
    )  # fmt: skip
