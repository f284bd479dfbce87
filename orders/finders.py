"""What search finds at the counter: the items received."""

from django.utils.translation import gettext_lazy as _

from institutions.models import Institution
from portal.actors import Actor
from portal.finding import Hit, Wanted, finder

from .models import Item


@finder("items", title=_("样品"), icon="package", order=30, more="orders:list", model=Item._meta.label)
def items(actor: Actor, institution: Institution, wanted: Wanted) -> list[Hit]:
    """Items by their number, their order's, the maker's, name or model; the newest first."""
    rows = Item.objects.visible_to(actor).select_related("institution", "customer")
    rows = wanted.among(rows, "number", "order_number", "serial_number", "name", "model", letters="name")
    return [
        Hit(f"{row.number} {row.name}", row.get_absolute_url(), f"{row.serial_number} · {row.customer.name}")
        for row in rows.order_by("-pk")[: wanted.most]
    ]
