"""What search finds of the work itself: certificates and raw records."""

from django.utils.translation import gettext_lazy as _

from institutions.models import Institution
from portal.actors import Actor
from portal.finding import Hit, Wanted, finder

from .models import Certificate, RawRecord


@finder(
    "certificates", title=_("证书"), icon="certificate", order=10, more="certificates:list",
    model=Certificate._meta.label,
)  # fmt: skip
def certificates(actor: Actor, institution: Institution, wanted: Wanted) -> list[Hit]:
    """Certificates by their number, their record's, the instrument's name or serial number; the newest first."""
    rows = Certificate.objects.visible_to(actor).select_related("record__item", "institution")
    fields = ("number", "record__number", "record__item__name", "record__item__serial_number")
    rows = wanted.among(rows, *fields, letters="record__item__name")
    return [
        Hit(
            f"{row.number or row.record.number} {row.record.item.name}", row.get_absolute_url(),
            f"{row.record.item.serial_number} · {row.get_state_display()}",
        )
        for row in rows.order_by("-pk")[: wanted.most]
    ]  # fmt: skip


@finder("records", title=_("原始记录"), icon="edit", order=20, more="certificates:records", model=RawRecord._meta.label)
def records(actor: Actor, institution: Institution, wanted: Wanted) -> list[Hit]:
    """Raw records by their number, the instrument's name or serial number; the newest first."""
    rows = RawRecord.objects.visible_to(actor).select_related("item", "institution")
    rows = wanted.among(rows, "number", "item__name", "item__serial_number", letters="item__name")
    return [
        Hit(
            f"{row.number} {row.item.name}",
            row.get_absolute_url(),
            f"{row.item.serial_number} · {row.get_state_display()}",
        )
        for row in rows.order_by("-pk")[: wanted.most]
    ]
