"""Cards about where the values of a piece of equipment come from: its certificates, its corrections."""

from datetime import date
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from portal.actors import actor_of
from portal.permissions import Permission

from ..cards import card
from ..models import CopyUpdate, CorrectionCopy, CorrectionSet, Equipment, MeasurementStandard
from ..seen import events_of
from .gaps import gaps_in_use
from .shown import list_of

SHOWN = 8


@card(Equipment, order=20, template="equipment/cards/traceability.html")
def certificates(request: HttpRequest, equipment: Equipment, day: date) -> dict[str, Any] | None:
    """The certificates, the newest first, the gaps between them while it was in use, and where to go from them."""
    actor, args = actor_of(request), [request.institution.slug, equipment.ref]
    traces = list(equipment.traceabilities.all())
    if not traces and (not equipment.traced or equipment.role in Equipment.UNTRACED):
        return None
    rows = list_of(equipment, traces, day)
    living = equipment.state not in (Equipment.State.SCRAPPED, Equipment.State.WITHDRAWN)
    recall_url = reverse("equipment:equipment_recall", args=args)
    gaps = gaps_in_use(equipment, traces, events_of(request, equipment), day)
    return {
        "rows": rows[:SHOWN],
        "older": rows[SHOWN:],
        "count": len(rows),
        "gaps": [
            {"first": gap.first, "last": gap.last, "days": gap.days,
             "url": f"{recall_url}?first={gap.first}&last={gap.last}"}
            for gap in gaps
        ],
        "trace_url": reverse("equipment:trace", args=args) if living and actor.may(Permission.EQUIPMENT_MANAGE) else "",
        "chain_url": reverse("equipment:chain", args=args),
        "recall_url": recall_url,
    }  # fmt: skip


@card(Equipment, order=25, template="equipment/cards/corrections.html", side=True)
def corrections(request: HttpRequest, equipment: Equipment, day: date) -> dict[str, Any] | None:
    """The edition of corrections in force and the places that lag behind it."""
    actor = actor_of(request)
    newest = CorrectionSet.objects.visible_to(actor).filter(equipment=equipment).order_by("edition").last()
    copies = CorrectionCopy.objects.visible_to(actor).filter(equipment=equipment, state=CorrectionCopy.State.CURRENT)
    places = list(copies.order_by("place", "pk"))
    if newest is None and not places:
        return None
    updates = CopyUpdate.objects.visible_to(actor).filter(edition=newest) if newest else CopyUpdate.objects.none()
    done = set(updates.values_list("copy_id", flat=True))
    return {
        "newest": newest,
        "places": [{"place": str(copy), "done": copy.pk in done} for copy in places],
        "open": sum(copy.pk not in done for copy in places) if newest else 0,
        "url": reverse("equipment:corrections", args=[request.institution.slug, equipment.ref]),
    }


@card(MeasurementStandard, order=60, template="equipment/cards/ways.html", side=True)
def ways(request: HttpRequest, standard: MeasurementStandard, day: date) -> dict[str, Any]:
    """From a standard up to where its values come from, and down to who was touched by them."""
    args = [request.institution.slug, standard.ref]
    return {
        "chain_url": f"{reverse('equipment:standard_chain', args=args)}?on={day}",
        "recall_url": reverse("equipment:standard_recall", args=args),
    }
