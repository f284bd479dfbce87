"""Pieces of pages: the counter's morning, and what higher apps show about an item."""

from collections.abc import Callable
from datetime import date

from django.db.models import Count, Q

from portal.actors import Actor
from portal.permissions import Permission
from portal.today import Panel, panel

from .models import Item

MOST_SHOWN = 8

ItemPanel = Callable[[Actor, Item], Panel | None]
ITEM_PANELS: list[ItemPanel] = []


def item_panel(build: ItemPanel) -> ItemPanel:
    """The decorated function is asked for its panel whenever somebody opens an item; for apps that know more of it."""
    ITEM_PANELS.append(build)
    return build


@panel(order=20, permission=Permission.ITEM_RECEIVE)
def counter(actor: Actor, institution, day: date) -> Panel:
    """What came in today, what nobody has begun, and which promises are broken. Two queries."""
    items = Item.objects.visible_to(actor)
    counts = items.aggregate(
        today=Count("pk", filter=Q(received_on=day)),
        waiting=Count("pk", filter=Q(state=Item.State.RECEIVED)),
        promised=Count("pk", filter=Q(promised_on=day) & ~Q(state=Item.State.DONE)),
        overdue=Count("pk", filter=Item.overdue_on(day)),
    )
    waiting = items.filter(state=Item.State.RECEIVED).select_related("customer").order_by("promised_on", "pk")
    rows = [
        {"item": item, "left": (item.promised_on - day).days, "late": (day - item.promised_on).days}
        for item in waiting[:MOST_SHOWN]
    ]
    return Panel("orders/_counter.html", {"counts": counts, "rows": rows, "day": day})
