"""Conditions by which what is kept for a piece of equipment stays with it, and nothing overdue is decided away."""

from collections.abc import Iterator
from datetime import date, datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from portal.actors import Actor
from portal.models import RegisterRow
from portal.transitions import Refusal

from ..clocks import winding
from ..models import Equipment, EquipmentClock


def stays_with_its_equipment(row: RegisterRow, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """What is on record for one piece of equipment says nothing of another; its history would. Source: B-6.6.1-b."""
    if row.pk is None:
        return
    known = type(row).objects.filter(pk=row.pk).select_related("equipment").get()
    if known.equipment_id != row.equipment_id:
        yield Refusal(
            "B-6.6.1-b",
            _("这一条是 %(name)s 的，不能改到另一台设备上。请作废这一条，给另一台新登记一条。")
            % {"name": known.equipment},
        )


def due_by_what_was_done(row: EquipmentClock, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """It is due at the latest an interval after it was last done, or up to the day printed on the certificate; of what
    was never done, an interval from today. Source: C-5.5.3, A-6.2.2."""
    if not (row.needed and row.interval_months and row.due_on):
        return
    done = winding.last_deed(row) if row.pk else None
    on = done[0] if done else timezone.localdate(at)
    latest = max(filter(None, (winding.last_day(on, row.interval_months), done and done[1])))
    if row.due_on <= latest:
        return
    told = {"day": row.due_on, "months": row.interval_months, "on": on, "latest": latest}
    if done:
        text = _(
            "下次到期 %(day)s 太晚：最近一次做在 %(on)s，每 %(months)d 个月一次，最晚 %(latest)s。"
            "请先做并登记，或改间隔并写明依据。"
        )
    else:
        text = _("下次到期 %(day)s 太晚：每 %(months)d 个月一次，从今天算最晚 %(latest)s。请改正。")
    yield Refusal("C-5.5.3", text % told)


def overdue_is_done_first(row: EquipmentClock, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """Whoever finds that something need not be done finds it before it is overdue, or stops the equipment. Source: C-5.5.3."""
    if row.pk is not None and not row.needed:
        yield from overdue_stays(EquipmentClock.objects.select_related("equipment").get(pk=row.pk), actor, at)


def overdue_stays(row: EquipmentClock, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """A clock that has run out stays as long as the equipment is in use: else it would be usable without the deed."""
    today: date = timezone.localdate(at)
    blocking = row.needed and row.kind in EquipmentClock.BLOCKING and row.due_on is not None and row.due_on < today
    if blocking and row.equipment.state == Equipment.State.IN_USE:
        yield Refusal(
            "C-5.5.3",
            _("%(name)s 的%(what)s在 %(day)s 已经逾期，不能取消。请先做并登记，或先封存这台设备。")
            % {"name": row.equipment, "what": row.get_kind_display(), "day": row.due_on},
        )
