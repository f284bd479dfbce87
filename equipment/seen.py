"""What several parts of the page of a piece of equipment want to know: asked of the database once for the page."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from django.db.models import Q
from django.http import HttpRequest

from portal.actors import actor_of
from portal.models import Document
from portal.transitions import Refusal

from .clocks import winding
from .models import Equipment, EquipmentClock, EquipmentEvent, EquipmentPaper
from .usability import reasons_against

SHOWN_EVENTS = 8


def _once(request: HttpRequest, equipment: Equipment, name: str, ask: Callable[[], Any]) -> Any:
    known = request.__dict__.setdefault("_seen_of_equipment", {})
    key = (equipment.pk, name)
    if key not in known:
        known[key] = ask()
    return known[key]


def against_today(request: HttpRequest, equipment: Equipment, day: date) -> list[Refusal]:
    """Why it may not be used that day; for showing, never for deciding: a gate asks anew."""
    return _once(request, equipment, f"against {day}", lambda: reasons_against(equipment, day))


def papers_of(request: HttpRequest, equipment: Equipment) -> list[EquipmentPaper]:
    """The papers on its file, by kind and the newest first."""
    rows = EquipmentPaper.objects.visible_to(actor_of(request))
    rows = rows.filter(equipment=equipment, state=EquipmentPaper.State.CURRENT).select_related("file")
    return _once(request, equipment, "papers", lambda: list(rows.order_by("kind", "-dated_on", "-pk")))


def photo_among(papers: Sequence[EquipmentPaper]) -> EquipmentPaper | None:
    """The newest photo that was kept."""
    photos = (paper for paper in papers if paper.kind == EquipmentPaper.Kind.PHOTO and _is_picture(paper.file))
    return next(photos, None)


def _is_picture(file: Document | None) -> bool:
    return file is not None and file.state == Document.State.ACCEPTED and file.content_type.startswith("image/")


def events_of(request: HttpRequest, equipment: Equipment) -> list[EquipmentEvent]:
    """Its newest events, one more than are shown, and all that changed its state; the newest first."""
    rows = EquipmentEvent.objects.visible_to(actor_of(request)).filter(equipment=equipment)
    newest = rows.order_by("-happened_on", "-pk").values("pk")[: SHOWN_EVENTS + 1]
    wanted = rows.filter(Q(pk__in=newest) | ~Q(state_after="")).select_related("done_by")
    return _once(request, equipment, "events", lambda: list(wanted.order_by("-happened_on", "-pk")))


def clocks_of(request: HttpRequest, equipment: Equipment, day: date) -> list[EquipmentClock]:
    """Its clocks, each with the day it is due as of `day`."""
    rows = EquipmentClock.objects.visible_to(actor_of(request)).filter(
        equipment=equipment, state=EquipmentClock.State.CURRENT
    )
    rows = rows.select_related("responsible").annotate(due_that_day=winding.due_by(day))
    return _once(request, equipment, f"clocks {day}", lambda: list(rows.order_by("pk")))
