"""Conditions that must hold before a code belongs to a piece of equipment."""

from collections.abc import Iterator
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from portal.actors import Actor
from portal.transitions import Refusal

from ..models import DeviceCode, Equipment

GONE = frozenset({Equipment.State.SCRAPPED, Equipment.State.WITHDRAWN})


def has_no_other_code(code: DeviceCode, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """One thing has one code in force, else two pages would speak for it. Source: D-4.4.3.1."""
    if code.equipment is None:
        return
    others = DeviceCode.objects.filter(
        institution_id=code.institution_id, equipment=code.equipment, state=DeviceCode.State.LINKED
    )  # fmt: skip
    if other := others.exclude(pk=code.pk).first():
        yield Refusal(
            "D-4.4.3.1",
            _("%(name)s 已经有器具码 %(code)s。旧码找不到或损坏了，先停用旧码，再关联这一枚。")
            % {"name": code.equipment, "code": other.printed},
            link=reverse("equipment:code", args=[code.equipment.institution.slug, other.ref]),
            link_text=_("看旧码"),
        )


def is_still_there(code: DeviceCode, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """Nothing is stuck on what has been scrapped or was never there."""
    if code.equipment is not None and code.equipment.state in GONE:
        yield Refusal(
            "state",
            _("%(name)s 的状态是“%(state)s”，不再关联器具码。请选择别的设备。")
            % {"name": code.equipment, "state": code.equipment.get_state_display()},
        )
