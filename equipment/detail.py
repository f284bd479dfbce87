"""The page of a piece of equipment: what is on it, whatever has just been tried there."""

from dataclasses import replace
from datetime import date
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import history
from portal.actors import Actor, actor_of
from portal.permissions import Permission
from portal.registers.shown import value_text
from portal.transitions import Refusal

from .cards import cards_of
from .life import workflow
from .life.acts import dialogs
from .listing import standing
from .models import Equipment, StandardPart
from .seen import against_today, papers_of, photo_among
from .usability import live_word

State, Role = Equipment.State, Equipment.Role
OVER = (State.SCRAPPED, State.WITHDRAWN)

ALWAYS = ("role", "model", "serial_number", "manufacturer", "range_text", "accuracy", "unit", "site", "room", "keeper")
FILLED = (
    "national_code", "control", "customer", "acquired_on", "untraced_because", "protection_mode", "lot", "expires_on",
    "stock", "software_version", "validated_on",
)  # fmt: skip


def detail_page(
    request: HttpRequest, equipment: Equipment, *, status: int = 200, form: forms.Form | None = None,
    acting: str = "", refusals: tuple[Refusal, ...] = (),
) -> HttpResponse:  # fmt: skip
    """The page, with the dialog of the act that was just refused, or typed wrongly, as it was left."""
    actor, at, slug = actor_of(request), timezone.now(), request.institution.slug
    today = timezone.localdate(at)
    over = equipment.state in OVER
    waiting: list[Refusal] = []
    if equipment.has_states and workflow.RETURN_TO_USE.is_open(equipment, actor):
        waiting = workflow.RETURN_TO_USE.refusals(equipment, actor=actor, at=at)
    reasons = against_today(request, equipment, today)
    against = reasons if equipment.state == State.IN_USE and equipment.has_states else []
    may_manage = actor.may(Permission.EQUIPMENT_MANAGE) and not over
    photo = photo_among(papers_of(request, equipment))
    context = {
        "equipment": equipment,
        "word": live_word(equipment, today, against)
        if equipment.state == State.IN_USE and equipment.has_states
        else None,
        "standing": standing(equipment, today),
        "against": [replace(reason, link="", link_text="") for reason in against],
        "facts": _facts(equipment),
        "photo": photo,
        "photo_url": reverse("equipment:photo", args=[slug, equipment.ref]) if photo else "",
        "standards": _standards(equipment, actor, today),
        "acts": dialogs(equipment, slug, actor=actor, day=today, acting=acting, form=form, waiting=waiting),
        "may_stop": equipment.has_states and workflow.QUARANTINE.is_open(equipment, actor),
        "may_trace": may_manage and equipment.role not in Equipment.UNTRACED,
        "may_manage": may_manage,
        "event_url": reverse("equipment:event_new", args=[slug, equipment.ref])
        if not over and actor.may(Permission.EQUIPMENT_CONFIRM)
        else "",
        "refusals": refusals,
        "waiting": [] if refusals else waiting,
        "cards": cards_of(request, equipment, today),
        "history": history.timeline(equipment, *equipment.traceabilities.all()),
    }
    return render(request, "equipment/detail.html", context, status=status)


def _facts(equipment: Equipment) -> list[dict[str, Any]]:
    """What its plate and its manual say, and of the rest what is filled in."""
    names = [*ALWAYS, *(name for name in FILLED if getattr(equipment, name) not in (None, ""))]
    if equipment.role == Role.CUSTOMER:
        names.remove("control")
    facts = [
        {"label": Equipment._meta.get_field(name).verbose_name, "value": value_text(equipment, name)} for name in names
    ]
    marks = (("mandatory", _("强制检定")), ("certified", _("有证标准物质")), ("obsolete", _("国家明令淘汰")))
    told = [title for name, title in marks if getattr(equipment, name)]
    return [*facts, *([{"label": _("管理要求"), "value": "、".join(told)}] if told else [])]


def _standards(equipment: Equipment, actor: Actor, day: date) -> list[StandardPart]:
    """The measurement standards of which it is a part that day."""
    parts = StandardPart.objects.visible_to(actor).filter(equipment=equipment).select_related("standard")
    return [part for part in parts.order_by("standard__code", "pk") if part.there_on(day)]
