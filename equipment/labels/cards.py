"""The card of a piece of equipment about what is stuck on it: its status label and its code."""

from datetime import date
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from portal.actors import actor_of
from portal.permissions import Permission

from ..cards import card
from ..models import DeviceCode, Equipment, Label
from ..seen import against_today
from . import facts
from .shown import TONES


@card(Equipment, order=60, template="equipment/cards/labels.html", side=True)
def labels(request: HttpRequest, equipment: Equipment, day: date) -> dict[str, Any] | None:
    """The newest label and whether it still says what is so today, and the code in force."""
    actor, slug = actor_of(request), request.institution.slug
    newest = (
        Label.objects.visible_to(actor).filter(equipment=equipment, state=Label.State.PRINTED).order_by("-pk").first()
    )
    code = DeviceCode.objects.visible_to(actor).filter(equipment=equipment, state=DeviceCode.State.LINKED).first()
    gone = equipment.state in (Equipment.State.SCRAPPED, Equipment.State.WITHDRAWN)
    may_print = actor.may(Permission.EQUIPMENT_MANAGE) and not gone
    if newest is None and code is None and not may_print:
        return None
    against = {equipment.pk: against_today(request, equipment, day)}
    today = facts.drafts([equipment], day, against)[0]
    return {
        "label": newest,
        "label_url": reverse("equipment:label", args=[slug, newest.ref]) if newest else "",
        "tone": TONES[newest.word] if newest else "",
        "outdated": newest is not None and not facts.says_the_same(newest, today),
        "gone": gone,
        "word": today.get_word_display(),
        "customers": equipment.role == Equipment.Role.CUSTOMER,
        "code": code,
        "code_url": reverse("equipment:code", args=[slug, code.ref]) if code else "",
        "print_url": f"{reverse('equipment:label_new', args=[slug])}?q={equipment.asset_number}" if may_print else "",
    }
