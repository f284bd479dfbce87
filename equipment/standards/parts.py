"""What a measurement standard consists of: equipment comes in, goes out, is replaced."""

from datetime import date, datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from portal.actors import Actor
from portal.permissions import Permission
from portal.registers import REGISTERS, verbs
from portal.transitions import Refusal, Refused, Transition

from ..models import Equipment, MeasurementStandard, StandardChange, StandardEvent, StandardPart
from ..tracing.uses import uses_of
from .workflow import LIVING, State, happened

Kind, Part = StandardEvent.Kind, StandardPart.Role
GONE = (Equipment.State.SCRAPPED, Equipment.State.WITHDRAWN)
# What never is a part: it measures nothing of ours.
NEVER = (Equipment.Role.CUSTOMER, Equipment.Role.CONSUMABLE, Equipment.Role.SOFTWARE)


def changing(state: str) -> Transition:
    """Changing the parts changes no state."""
    return Transition("change_parts", LIVING & {state}, state, Permission.EQUIPMENT_MANAGE)


def change_parts(
    standard: MeasurementStandard, *, added: Equipment | None = None, role: str = Part.MAIN,
    removed: StandardPart | None = None, on: date, reason: str, actor: Actor, at: datetime,
) -> MeasurementStandard:  # fmt: skip
    """From that day on `added` belongs to the standard and `removed` does not; both: one takes the other's place.

    Once the standard is assessed this is a change that must be filed; a main standard that was replaced keeps it from
    being used until then. `role` counts for `added`. Raises: Refused. Source: JJF 1033-2023, C-7.1.2-s2.
    """
    with changing(standard.state).applied_to(standard, actor=actor, at=at, reason=reason) as row:
        if found := _against(row, added, role, removed, on, reason, at):
            raise Refused(*found)
        told = []
        if removed is not None:
            removed.removed_on = on
            removed.save(update_fields=["removed_on"])
            told.append(_("移出 %(name)s") % {"name": removed.equipment})
            happened(row, Kind.PART_REMOVED, f"{told[-1]}：{reason}", actor=actor, at=at, on=on)
        if added is not None:
            StandardPart.objects.create(
                institution_id=row.institution_id, standard=row, equipment=added, role=role, added_on=on
            )
            told.append(_("纳入 %(name)s") % {"name": added})
            happened(row, Kind.PART_ADDED, f"{told[-1]}：{reason}", actor=actor, at=at, on=on)
        if row.state != State.BUILT:
            main = Part.MAIN in (removed and removed.role, added and role)
            kind = StandardChange.Kind.MAIN_STANDARD if main else StandardChange.Kind.SUPPORTING
            values = {"standard": row, "kind": kind, "changed_on": on, "text": f"{_('，').join(told)}：{reason}"[:300]}
            verbs.record(REGISTERS["standard-changes"], values, actor=actor, at=at)
    return row


def _still_used(row: MeasurementStandard, removed: StandardPart, on: date, today: date) -> list[Refusal]:
    """Why it did not leave on that day: it had left before, or the standard was worked with afterwards as it was.

    A part that left in the past would be missing in the recall list of what was measured with it. Source: D-4.4.3.2-s3.
    """
    if not row.parts.filter(pk=removed.pk, removed_on=None).exists():
        return [Refusal("data", _("%(name)s 已经移出。请刷新页面查看。") % {"name": removed.equipment})]
    if later := uses_of(row, on + timedelta(1), today):
        told = {"name": removed.equipment, "day": on, "last": later[-1].day, "record": later[-1].record}
        text = _(
            "%(day)s 以后还用这项计量标准测过，最后一次是 %(last)s（%(record)s）。%(name)s 移出的日期不能早于那一天。请改正日期。"
        )
        return [Refusal("D-4.4.3.2-s3", text % told)]
    return []


def _against(
    row: MeasurementStandard, added: Equipment | None, role: str, removed: StandardPart | None, on: date, reason: str,
    at: datetime,
) -> list[Refusal]:  # fmt: skip
    """Why the parts cannot be changed like this."""
    found, today = [], timezone.localdate(at)
    if added is None and removed is None:
        found.append(Refusal("data", _("请选择要纳入的设备、要移出的设备，或两样都选（更换）。")))
    if not reason.strip():
        found.append(Refusal("data", _("请写明原因。")))
    if on > today:
        found.append(
            Refusal("data", _("日期 %(day)s 在今天（%(today)s）之后。请到那天再登记。") % {"day": on, "today": today})
        )
    if removed is not None and removed.added_on is not None and on < removed.added_on:
        found.append(
            Refusal("data", _("%(name)s 在 %(day)s 才纳入，不能在此之前移出。请改正日期。")
                    % {"name": removed.equipment, "day": removed.added_on})
        )  # fmt: skip
    if removed is not None:
        found += _still_used(row, removed, on, today)
    if added is None:
        return found
    if added.state in GONE or added.role in NEVER:
        found.append(
            Refusal(
                "A-6.5.1-s3", _("%(name)s 已报废，或不是用来测量的，不能纳入计量标准。请另选一台。") % {"name": added}
            )
        )
    if role == Part.MAIN and not added.traced:
        found.append(Refusal("A-6.2.2", _("%(name)s 登记为不溯源，不能作计量标准器。请另选一台。") % {"name": added}))
    if row.parts.filter(equipment=added, removed_on=None).exists():
        found.append(Refusal("data", _("%(name)s 已经在这项计量标准里。请另选一台。") % {"name": added}))
    return found
