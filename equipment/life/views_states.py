"""What is done with a piece of equipment on its page: stopped, used again, repaired, put away, scrapped."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from portal.actors import actor_of
from portal.permissions import Permission
from portal.routes import door
from portal.transitions import Refused

from ..detail import detail_page
from ..listing import equipment_of
from .acts import ACTS


@door("POST", right=Permission.EQUIPMENT_REPORT, ref="equipment.Equipment.ref")
def equipment_quarantine(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    return _perform(request, ref, "quarantine")


@door("POST", right=Permission.EQUIPMENT_MANAGE, ref="equipment.Equipment.ref")
def equipment_return_to_use(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    return _perform(request, ref, "return_to_use")


@door("POST", right=Permission.EQUIPMENT_MANAGE, ref="equipment.Equipment.ref")
def equipment_send_to_repair(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    return _perform(request, ref, "send_to_repair")


@door("POST", right=Permission.EQUIPMENT_MANAGE, ref="equipment.Equipment.ref")
def equipment_take_out_of_use(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    return _perform(request, ref, "take_out_of_use")


@door("POST", right=Permission.EQUIPMENT_MANAGE, ref="equipment.Equipment.ref")
def equipment_scrap(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    return _perform(request, ref, "scrap")


def _perform(request: HttpRequest, ref: str, name: str) -> HttpResponse:
    """The act is done, or the page says why not and still holds what was typed."""
    act, equipment, actor, at = ACTS[name], equipment_of(request, ref), actor_of(request), timezone.now()
    form = act.made(request.POST, name=name, actor=actor, day=timezone.localdate(at))
    if not form.is_valid():
        return detail_page(request, equipment, status=422, form=form, acting=name)
    try:
        act.perform(equipment, form, actor=actor, at=at)
    except Refused as refused:
        return detail_page(request, equipment, status=409, form=form, acting=name, refusals=refused.refusals)
    messages.success(request, f"{equipment.asset_number} {act.done}")
    return redirect(equipment)
