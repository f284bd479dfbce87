"""Customers' instruments that carry a code of ours: the last certificate that was issued for such a thing."""

from datetime import datetime
from typing import Any

from equipment.codes import cards
from equipment.models import Equipment

from . import content
from .models import Certificate

PLATE = ("manufacturer", "model", "serial_number")


@cards.certified_by
def last_certificate(equipment: Equipment) -> dict[str, Any] | None:
    """State, reason and certificate as the certificate's own card has them; None where there is none with a page.

    An item is the same thing when the customer and all of the plate are the same; without a serial number nothing is.
    """
    if not equipment.serial_number or equipment.customer_id is None:
        return None
    same = {f"record__item__{name}": getattr(equipment, name) for name in PLATE}
    certificates = Certificate.objects.filter(
        institution_id=equipment.institution_id, record__item__customer=equipment.customer_id, **same
    ).exclude(pdf_sha256="")
    last = certificates.select_related("institution").order_by("-issued_at", "-pk").first()
    if last is None:
        return None
    said = content.card(last)
    return {name: said[name] for name in ("state", "reason", "certificate")}


def follow(certificate: Certificate, *, at: datetime) -> None:
    """The page of the instrument's own code, where it has one, says what the certificate's page says."""
    item = certificate.record.item
    plate = {name: getattr(item, name) for name in PLATE}
    things = Equipment.objects.filter(
        institution_id=certificate.institution_id, role=Equipment.Role.CUSTOMER, customer=item.customer_id, **plate
    )
    cards.refresh(things.values_list("pk", flat=True), at=at)
