"""The card of a piece of equipment about what is due again and again."""

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from portal.actors import actor_of
from portal.permissions import Permission

from .. import due
from ..cards import card
from ..models import Equipment, EquipmentClock
from ..seen import clocks_of
from . import winding

REGISTER = "equipment-clocks"


@card(Equipment, order=20, template="equipment/cards/clocks.html")
def clock_card(request: HttpRequest, equipment: Equipment, day: date) -> dict[str, Any] | None:
    """Every clock with its interval, basis, lead time and who answers for it, the one due first on top. One query."""
    actor, slug = actor_of(request), request.institution.slug
    found = sorted(
        clocks_of(request, equipment, day), key=lambda row: (not row.needed, row.due_that_day or date.max, row.pk)
    )
    if equipment.state in (Equipment.State.SCRAPPED, Equipment.State.WITHDRAWN):
        return None  # nothing is due any more
    may_keep = actor.may(Permission.EQUIPMENT_MANAGE)
    if not found and (not may_keep or equipment.role == Equipment.Role.CUSTOMER):
        return None
    return {
        "rows": [_shown(slug, row, day, may_keep) for row in found],
        "new_url": f"{reverse('portal:register_new', args=[slug, REGISTER])}?{urlencode({'equipment': equipment.ref})}"
        if may_keep
        else "",
    }


def _shown(slug: str, row: EquipmentClock, day: date, may_keep: bool) -> dict[str, Any]:
    page = "portal:register_amend" if may_keep else "portal:register_row"
    shown = {
        "title": row.get_kind_display(),
        "url": reverse(page, args=[slug, REGISTER, row.ref]),
        "basis": row.basis,
        "responsible": row.responsible.name if row.responsible else "",
        "blocking": row.kind in EquipmentClock.BLOCKING,
    }
    if not row.needed:
        return {**shown, "needed": False}
    return {
        **shown,
        "needed": True,
        "interval": _("每 %(months)d 个月") % {"months": row.interval_months} if row.interval_months else "",
        "lead": _("提前 %(days)d 天") % {"days": row.lead_days},
        "clock": _clock(row, day),
    }


def _clock(row: EquipmentClock, day: date) -> due.Clock:
    """How much is left, of the interval that ends with the day it is due."""
    until = row.due_that_day
    if until is None:
        return due.Clock("off", _("未开始"), _("做完第一次后开始"), "", 0)
    begun = winding.months_before(until, row.interval_months) if row.interval_months else None
    shown = due.clock(begun, until, day)
    soon = shown.tone == "ok" and (until - day).days <= row.lead_days
    return due.Clock("due", _("该安排了"), shown.day, shown.remaining, shown.share) if soon else shown
