"""The page of a piece of equipment's errors over its calibrations."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from portal.actors import actor_of
from portal.permissions import Permission
from portal.routes import door

from ..models import Equipment, TracePoint
from .drifts import Drift, drift_of, drift_plot, points_of, sentence_of, series_of, tone_of
from .readings import figure


@door("GET", ref="equipment.Equipment.ref")
def equipment_trend(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """Errors with U and MPE over the years, one nominal at a time (`?point=`: any of its points), and their drift."""
    actor = actor_of(request)
    rows = Equipment.objects.visible_to(actor).select_related("institution", "site")
    equipment = get_object_or_404(rows, ref=ref)
    points = points_of(equipment, TracePoint.objects.visible_to(actor))
    choices = series_of(points)
    asked = next((point for point in points if point.ref == request.GET.get("point")), None)
    chosen = asked or (choices[-1] if choices else None)
    drift = drift_of(chosen, points) if chosen else None
    context = {
        "equipment": equipment,
        "trace_url": reverse("equipment:trace", args=[slug, ref]) if actor.may(Permission.EQUIPMENT_MANAGE) else "",
        "picks": [_pick(point, chosen, request.path) for point in choices],
        "drift": drift,
        "rows": _rows(drift) if drift else [],
        "plot": drift_plot(drift) if drift else None,
        "sentence": sentence_of(drift) if drift else "",
        "tone": tone_of(drift) if drift else "off",
    }
    return render(request, "equipment/trend.html", context)


def _pick(point: TracePoint, chosen: TracePoint, path: str) -> dict[str, Any]:
    same = (point.quantity, point.unit, point.nominal) == (chosen.quantity, chosen.unit, chosen.nominal)
    title = f"{point.quantity} {figure(point.nominal)} {point.unit}"
    return {"title": title, "url": f"{path}?point={point.ref}", "current": same}


def _rows(drift: Drift) -> list[dict[str, Any]]:
    """The calibrations as a table, the newest first."""
    places = drift.places
    return [
        {
            "number": row.number,
            "day": row.day,
            "error": figure(row.error, places, sign=True),
            "u": figure(row.u_given, places),
            "k": figure(row.k),
            "permitted": f"±{figure(row.permitted, places)}" if row.permitted is not None else "—",
            "tone": row.standing[0],
            "word": row.standing[1],
        }
        for row in reversed(drift.rows)
    ]
