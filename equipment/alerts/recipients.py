"""Who is told of equipment, how far ahead, and of which equipment nobody is told any more."""

from datetime import date

from django.db.models import DateField, Exists, OuterRef, Value

from portal.permissions import Role

from ..models import Equipment

THRESHOLDS = (60, 30, 7, 0)
# A review starts half a year ahead: the application goes in before the certificate runs out. Source: JJF 1033-2023.
ASSESSMENT = (270, 180, 90, *THRESHOLDS)
KEEPERS = (Role.METROLOGY_MANAGER, Role.QUALITY_MANAGER)
MANAGERS = (*KEEPERS, Role.TECHNICAL_MANAGER)
GONE = (Equipment.State.SCRAPPED, Equipment.State.WITHDRAWN)


def unused(equipment: str = "equipment") -> Exists:
    """The row's equipment is not in use."""
    return Exists(Equipment.objects.filter(pk=OuterRef(equipment)).exclude(state=Equipment.State.IN_USE))


def gone(equipment: str = "equipment") -> Exists:
    """The row's equipment is scrapped, or was registered by mistake."""
    return Exists(Equipment.objects.filter(pk=OuterRef(equipment), state__in=GONE))


def since_ever() -> Value:
    """The day by which something should have been there that is missing."""
    return Value(date.min, output_field=DateField())
