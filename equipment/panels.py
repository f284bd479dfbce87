"""What ends soon, for those who keep equipment and standards in order."""

from datetime import date
from typing import Any

from django.db.models import Count, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from portal.permissions import Permission
from portal.today import Panel, panel

from . import due
from .models import Equipment, MeasurementStandard

TONES = {"expired": "bad", "7": "due", "30": "due", "60": "off"}


@panel(order=10, permission=Permission.EQUIPMENT_MANAGE)
def due_dates(actor, institution, day: date) -> Panel:
    """Traceabilities and assessment certificates by how soon they end; every count opens its rows. Two queries each."""
    equipment = Equipment.objects.visible_to(actor).filter(state=Equipment.State.IN_USE)
    standards = MeasurementStandard.objects.visible_to(actor).filter(state=MeasurementStandard.State.IN_USE)
    rows = [
        _row(
            _("设备溯源"), _("有效期与计量确认"), equipment.with_clock(), "due_on",
            reverse("equipment:list", args=[institution.slug]), day,
        ),
        _row(
            _("考核证书"), _("计量标准考核"), standards, "assessed_until",
            reverse("equipment:standards", args=[institution.slug]), day,
        ),
    ]  # fmt: skip
    columns = [due.TITLES[window] for window in due.COUNTED]
    return Panel("equipment/_due.html", {"rows": rows, "columns": columns, "nothing": not any(r["sum"] for r in rows)})


def _row(title: str, note: str, rows, field: str, url: str, day: date) -> dict[str, Any]:
    counts = rows.aggregate(**{f"in_{window}": _count(field, window, day) for window in due.COUNTED})
    cells = [
        {
            "title": due.TITLES[window],
            "count": counts[f"in_{window}"],
            "tone": TONES[window],
            "url": f"{url}?state=in_use&due={window}",
        }
        for window in due.COUNTED
    ]
    total = sum(cell["count"] for cell in cells)
    return {
        "title": title,
        "note": note,
        "cells": cells,
        "sum": total,
        "worst": _worst(rows, field, day) if total else None,
    }


def _count(field: str, window: str, day: date) -> Count:
    first, last = due.limits(window, day)
    inside = Q(**{f"{field}__lte": last})
    if first:
        inside &= Q(**{f"{field}__gte": first})
    return Count("pk", filter=inside)


def _worst(rows, field: str, day: date) -> dict[str, Any]:
    """The row whose time ends first, with its clock."""
    row = rows.select_related("institution").order_by(field, "pk").first()
    until = getattr(row, field)
    clock = due.clock(None, None if until == date.min else until, day)
    return {
        "name": str(row),
        "url": row.get_absolute_url(),
        "tone": clock.tone,
        "remaining": clock.remaining or clock.word,
    }
