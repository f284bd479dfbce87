"""The clocks that new equipment starts with: usual intervals, to be amended where a regulation or the use asks for more.

Everything with a body is looked after, and its label and seals are looked over: what measures a room as much as what is
measured with it, and a reference material, which is looked after by looking how it is kept. Source: A-6.2.1.3,
A-6.2.3.1-s1. Whether intermediate checks are needed nobody decides but people: of that there is no clock to start with.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from portal.registers import bulk

from ..models import Equipment, EquipmentClock
from .winding import last_day

Role, Kind = Equipment.Role, EquipmentClock.Kind


@dataclass(frozen=True)
class Usual:
    """An interval in months, and how many days ahead it is prepared."""

    months: int
    lead_days: int = 30


TRACING = Usual(12, lead_days=60)
YEARLY = Usual(12)
DEVICE = {Kind.MAINTENANCE: YEARLY, Kind.LABEL_CHECK: YEARLY}

# What equipment of each role starts with, besides its traceability.
USUAL: dict[str, dict[str, Usual]] = {
    Role.STANDARD: DEVICE,
    Role.SUPPORTING: DEVICE,
    Role.WORKING: DEVICE,
    Role.ENVIRONMENT: DEVICE,
    Role.REFERENCE_MATERIAL: DEVICE,
    Role.SOFTWARE: {Kind.PROTECTION_CHECK: YEARLY},
}
# A reference material has the validity of its certificate and is not calibrated again.
NOT_CALIBRATED = frozenset({Role.REFERENCE_MATERIAL, *Equipment.UNTRACED})
# These are used up, or are not ours.
WITHOUT = frozenset({Role.CONSUMABLE, Role.CUSTOMER})


def usual_for(equipment: Equipment) -> dict[str, Usual]:
    """The clocks that equipment like this starts with, by kind."""
    if equipment.role in WITHOUT:
        return {}
    found = dict(USUAL[equipment.role])
    if equipment.traced and equipment.role not in NOT_CALIBRATED:
        found[Kind.VERIFICATION if equipment.mandatory else Kind.CALIBRATION] = TRACING
    if equipment.protection_mode not in ("", Equipment.Protection.NOT_ADJUSTABLE):
        found[Kind.PROTECTION_CHECK] = YEARLY
    return found


def start(rows: Sequence[Equipment], today: date) -> None:
    """Each of the new rows has its usual clocks; those of traceability run once a certificate is on record.

    Source: C-5.3.2, A-6.2.1.3, A-6.2.3.1-s1.
    """
    bulk.insert([clock for row in rows for clock in _started(row, today)])


def _started(equipment: Equipment, today: date) -> Iterator[EquipmentClock]:
    for kind, usual in usual_for(equipment).items():
        begins_now = kind not in (Kind.CALIBRATION, Kind.VERIFICATION)
        yield EquipmentClock(
            institution_id=equipment.institution_id, equipment=equipment, kind=kind, interval_months=usual.months,
            lead_days=usual.lead_days, due_on=last_day(today, usual.months) if begins_now else None,
            basis=_("登记时的通用间隔，请按规程、使用频度和历次结果确认后更正"),
        )  # fmt: skip
