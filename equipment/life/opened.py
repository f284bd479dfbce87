"""Repaired, adjusted or unsealed after a certificate: the one rule, for a row in hand and for the database.

Certificates and histories know days only. On the same day the order in which the two came into the portal decides.
Whoever records a certificate while the repair is on record has it before them, and the certificate counts as given
afterwards: a laboratory adjusts first and calibrates what it has adjusted. A repair noted when the certificate was there
already counts as done after it, because nothing tells that it was not, and a certificate from before an adjustment says
nothing of what is used now. A certificate that was given afterwards all the same is recorded and confirmed once more.
"""

from datetime import date, datetime

from django.db.models import OuterRef, Q

from ..models import EquipmentEvent, Traceability

KINDS = sorted(EquipmentEvent.BREAKS_TRACEABILITY)


def after(calibrated_on: date | OuterRef, recorded_at: datetime | OuterRef) -> Q:
    """Of events: those that opened the equipment after a certificate of that day, on record since that moment.

    Source: A-6.2.1.2-s2.
    """
    noted_later = Q(happened_on=calibrated_on, recorded_at__gt=recorded_at)
    return Q(kind__in=KINDS) & (Q(happened_on__gt=calibrated_on) | noted_later)


def opened_since(trace: Traceability, day: date) -> EquipmentEvent | None:
    """The newest repair, adjustment or change of seal after the certificate, up to that day."""
    later = EquipmentEvent.objects.filter(
        after(trace.calibrated_on, trace.recorded_at), equipment=trace.equipment_id, happened_on__lte=day,
        institution_id=trace.institution_id,
    )  # fmt: skip
    return later.order_by("happened_on", "pk").last()
