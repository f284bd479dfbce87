"""What search finds among the institution's own instruments and measurement standards."""

from django.utils.translation import gettext_lazy as _

from institutions.models import Institution
from portal.actors import Actor
from portal.finding import Hit, Wanted, finder
from portal.picking import pickable

from .models import Equipment, MeasurementStandard

pickable(
    Equipment, key="asset_number", fields=("asset_number", "name", "serial_number", "model"), letters="name",
    note=lambda row: " · ".join(filter(None, (row.model, row.serial_number))),
)  # fmt: skip
pickable(MeasurementStandard, key="code", fields=("code", "name"), letters="name", note=lambda row: row.range_text)


@finder("equipment", title=_("设备台账"), icon="gauge", order=40, more="equipment:list", model=Equipment._meta.label)
def equipment(actor: Actor, institution: Institution, wanted: Wanted) -> list[Hit]:
    """Equipment by its own number, the maker's, its name or model."""
    rows = Equipment.objects.visible_to(actor).select_related("institution")
    rows = wanted.among(rows, "asset_number", "serial_number", "name", "model", letters="name")
    return [
        Hit(f"{row.asset_number} {row.name}", row.get_absolute_url(), f"{row.model} · {row.serial_number}")
        for row in rows.order_by("asset_number", "pk")[: wanted.most]
    ]


@finder(
    "standards", title=_("计量标准"), icon="scale", order=45, more="equipment:standards",
    model=MeasurementStandard._meta.label,
)  # fmt: skip
def standards(actor: Actor, institution: Institution, wanted: Wanted) -> list[Hit]:
    """Measurement standards by code, name or the number of their assessment certificate."""
    rows = MeasurementStandard.objects.visible_to(actor).select_related("institution")
    rows = wanted.among(rows, "code", "name", "assessment_certificate", letters="name")
    return [
        Hit(f"{row.code} {row.name}", row.get_absolute_url(), row.assessment_certificate)
        for row in rows.order_by("code", "pk")[: wanted.most]
    ]
