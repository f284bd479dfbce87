"""Cards of the page of a piece of equipment: its history, its file, the open question, what it was used for."""

from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from portal.actors import actor_of
from portal.permissions import Permission

from ..cards import card
from ..models import Equipment, EquipmentEvent, ImpactQuestion
from ..seen import SHOWN_EVENTS, events_of, papers_of
from ..tracing.uses import uses_of
from .filing import Part, checklist, missing, with_checklist

SHOWN_USES, SHOWN_PAPERS = 5, 12
LATELY = timedelta(30)
DOTS = {"trouble": "void", "begin": "now", "end": "back"}


@card(Equipment, order=5, template="equipment/cards/impact.html")
def impact(request: HttpRequest, equipment: Equipment, day: date) -> dict[str, Any] | None:
    """The questions about its effect on results, the open ones first."""
    rows = ImpactQuestion.objects.visible_to(actor_of(request)).filter(equipment=equipment)
    found = list(rows.select_related("event", "answered_by").order_by("-state", "-pk")[:3])
    if not found:
        return None
    url = [reverse("equipment:impact", args=[request.institution.slug, row.ref]) for row in found]
    return {"rows": list(zip(found, url, strict=True)), "open": any(row.state == row.State.OPEN for row in found)}


@card(Equipment, order=70, template="equipment/cards/uses.html")
def uses(request: HttpRequest, equipment: Equipment, day: date) -> dict[str, Any]:
    """What it was used for in the last thirty days."""
    found = uses_of(equipment, day - LATELY, day)
    return {"rows": found[::-1][:SHOWN_USES], "count": len(found)}


@card(Equipment, order=10, template="equipment/cards/events.html", side=True)
def events(request: HttpRequest, equipment: Equipment, day: date) -> dict[str, Any]:
    """The newest lines of its history."""
    found = events_of(request, equipment)
    return {
        "entries": [entry_of(row) for row in found[:SHOWN_EVENTS]],
        "more": len(found) > SHOWN_EVENTS,
        "url": reverse("equipment:events", args=[request.institution.slug, equipment.ref]),
    }


def entry_of(event: EquipmentEvent) -> dict[str, str]:
    """An event as the timeline shows it."""
    title = event.get_kind_display()
    if event.result:
        title = f"{title} · {event.get_result_display()}"
    kind = "trouble" if event.kind in EquipmentEvent.TROUBLE or event.result == event.Result.FAILED else ""
    if event.kind == EquipmentEvent.Kind.RETURN_VERIFICATION:
        kind = "begin"
    return {
        "at": f"{event.happened_on}",
        "title": title,
        "who": event.done_by.name if event.done_by else "",
        "text": event.text,
        "kind": DOTS.get(kind, ""),
    }


@card(Equipment, order=30, template="equipment/cards/file.html", side=True)
def file(request: HttpRequest, equipment: Equipment, day: date) -> dict[str, Any]:
    """What has to be on file, what is missing, and the papers. Source: B-4.4.2-s6."""
    actor, slug = actor_of(request), request.institution.slug
    row = with_checklist(Equipment.objects.visible_to(actor).filter(pk=equipment.pk), day).get()
    gone = equipment.state in (Equipment.State.SCRAPPED, Equipment.State.WITHDRAWN)
    may = actor.may(Permission.EQUIPMENT_MANAGE) and not gone
    lines = [
        {
            "title": part.title,
            "held": getattr(row, f"file_{part.name}"),
            "url": _to_mend(slug, part, equipment) if may else "",
        }
        for part in checklist(day)
        if getattr(row, f"file_{part.name}") is not None
    ]
    return {
        "lines": lines,
        "missing": len(missing(row, day)),
        "papers": papers_of(request, equipment)[:SHOWN_PAPERS],
        "add_url": _to_add(slug, "equipment-papers", equipment) if may else "",
    }


def _to_mend(slug: str, part: Part, equipment: Equipment) -> str:
    """Where the missing part is put right: its register, the equipment's own entry, or its certificates."""
    if part.register:
        return _to_add(slug, part.register, equipment)
    match part.name:
        case "identity" | "serial" | "place":
            return reverse("portal:register_amend", args=[slug, "equipment", equipment.ref])
        case "traceability":
            return reverse("equipment:trace", args=[slug, equipment.ref])
        case "history":
            return reverse("equipment:event_new", args=[slug, equipment.ref])
    return ""


def _to_add(slug: str, register: str, equipment: Equipment) -> str:
    return reverse("portal:register_new", args=[slug, register]) + f"?equipment={equipment.ref}"
