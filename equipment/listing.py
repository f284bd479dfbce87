"""What the lists and the pages of equipment share: filters, the badge of a row, and a piece of equipment with all it has."""

from datetime import date
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.forms import BoundField
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from portal import picking, searching, ticking
from portal.actors import actor_of
from portal.typed import RowField

from .forms import RegisterFilter
from .models import Confirmation, Equipment, Traceability

SEARCHED = ("asset_number", "name", "serial_number", "model")


def matching(rows: QuerySet, wanted: dict[str, Any], today: date, searched: tuple[str, ...]) -> QuerySet:
    """The rows a filter form asks for; what it could not read is not asked for."""
    if text := wanted.get("q"):
        rows = rows.filter(searching.holding(rows.model, [text], searched))
    for name in ("state", "kind", "role", "site", "keeper"):
        if wanted.get(name):
            rows = rows.filter(**{name: wanted[name]})
    return rows.due(today, wanted["due"]) if wanted.get("due") else rows


def narrowed(request: HttpRequest, rows: QuerySet, day: date) -> tuple[QuerySet, list[dict[str, Any]]]:
    """The equipment that the filters of the register leave, or the ticked pieces, and the filters as they stand."""
    form = RegisterFilter(request.GET, actor=actor_of(request))
    form.is_valid()
    rows, only = ticking.narrowed(request, of_register(form, rows, day))
    return rows, [*filters(form), *only]


def of_register(form: RegisterFilter, rows: QuerySet, day: date) -> QuerySet:
    """The rows that a read filter of the register asks for; what was entered by mistake only when asked for."""
    wanted = form.cleaned_data
    if wanted.get("state") != Equipment.State.WITHDRAWN:
        rows = rows.exclude(state=Equipment.State.WITHDRAWN)
    if wanted.get("state") == Equipment.State.NEW:
        rows = rows.exclude(role=Equipment.Role.CUSTOMER)
    return matching(rows, wanted, day, SEARCHED)


def filters(form) -> list[dict[str, Any]]:
    """A filter form as the data table draws it."""
    return [
        {
            "name": bound.name,
            "label": bound.label,
            "value": bound.value() or "",
            **_way_to_choose(bound),
        }
        for bound in form
    ]


def _way_to_choose(bound: BoundField) -> dict[str, Any]:
    """A list of what is offered; of very many rows a box to name one in; else a box for text."""
    if not hasattr(bound.field, "choices"):
        return {"kind": "search", "choices": []}
    kind = picking.kind_of(bound.field.queryset.model) if isinstance(bound.field, RowField) else None
    if kind is None:
        return {"kind": "select", "choices": [(str(value), title) for value, title in bound.field.choices if value]}
    rows = list(bound.field.queryset[: picking.MOST + 1])
    if len(rows) <= picking.MOST:
        return {"kind": "select", "choices": [(row.ref, str(row)) for row in rows]}
    return {"kind": "pick", "control": bound, "choices": []}


def standing(equipment: Equipment, day: date) -> dict[str, str]:
    """The state of a piece of equipment as a badge; a customer's instrument is in the register, and no more."""
    if not equipment.has_states:
        return {"badge": "off", "text": _("在册")}
    return {"badge": equipment.state, "text": equipment.get_state_display()}


def equipment_of(request: HttpRequest, ref: str) -> Equipment:
    actor = actor_of(request)
    traceabilities = Traceability.objects.visible_to(actor).select_related("file", "dcc", "institution")
    confirmed = Prefetch("confirmations", Confirmation.objects.select_related("confirmed_by"))
    traceabilities = traceabilities.prefetch_related(confirmed)
    newest_first = traceabilities.order_by("-calibrated_on", "-pk")
    return get_object_or_404(
        Equipment.objects.visible_to(actor)
        .select_related("site", "room", "keeper", "customer", "institution")
        .prefetch_related(Prefetch("traceabilities", newest_first)),
        ref=ref,
    )
