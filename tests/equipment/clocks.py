"""What a clock said on a day gone by."""

from equipment.clocks import winding
from equipment.models import EquipmentClock


def due_on_day(equipment, kind, day):
    """By when something had to be done again, as it stood on that day; None without a clock or a deed by then."""
    rows = EquipmentClock.objects.filter(
        institution_id=equipment.institution_id, equipment=equipment, kind=kind, needed=True,
        state=EquipmentClock.State.CURRENT,
    )  # fmt: skip
    return rows.values_list(winding.due_by(day), flat=True).first()
