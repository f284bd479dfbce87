"""履历: the verb that writes down what was done with a piece of equipment, and what follows from it at once."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal import documents
from portal.actors import Actor
from portal.permissions import Permission
from portal.transitions import Refusal, Refused, Transition

from ..clocks import winding
from ..models import Equipment, EquipmentEvent, Traceability
from .workflow import happened

State, Kind, Result = Equipment.State, EquipmentEvent.Kind, EquipmentEvent.Result
NOTED = frozenset({State.NEW, State.IN_USE, State.QUARANTINED, State.REPAIR, State.OUT_OF_USE})

# What whoever works with the equipment writes down; everything else is its keeper's.
ROUTINE = (Kind.MAINTENANCE, Kind.STORAGE_CHECK, Kind.LABEL_CHECK, Kind.PROTECTION_CHECK, Kind.OTHER)
KEEPERS = (
    Kind.MOVE, Kind.REPLACEMENT, Kind.REPAIR, Kind.ADJUSTMENT, Kind.SEAL, Kind.SOFTWARE, Kind.ACCEPTANCE, Kind.PURCHASE,
)  # fmt: skip
KINDS = (*ROUTINE, *KEEPERS)
JUDGED = frozenset({Kind.STORAGE_CHECK, Kind.LABEL_CHECK, Kind.PROTECTION_CHECK, Kind.SOFTWARE})
# What an event says anew of the equipment itself.
MOVED = ("site", "room", "keeper")
VERSION = ("software_version", "software_sha256")
UNKNOWN = gettext_lazy("（未填）")


def right_for(kind: str) -> Permission:
    """Who may write down an event of this kind."""
    return Permission.EQUIPMENT_CONFIRM if kind in ROUTINE else Permission.EQUIPMENT_MANAGE


def note(
    equipment: Equipment, kind: str, values: dict[str, Any], file: UploadedFile | None, *, actor: Actor, at: datetime
) -> EquipmentEvent:
    """The event is a line of the equipment's history, and what it changes is changed with it. Raises: Refused.

    `values`: happened_on, text, result, done_by, approved_by, next_on, as far as the kind has them; of a move also site,
    room, keeper, of software its version and SHA-256. A repair, an adjustment or a change of seal takes equipment that is
    traced out of use until it was traced, confirmed and verified again. Source: A-6.2.1.2-s2, A-6.2.1.3, B-6.6.1-b.
    """
    changes = {name: values.pop(name) for name in (*MOVED, *VERSION) if name in values}
    event = EquipmentEvent(institution_id=equipment.institution_id, equipment=equipment, kind=kind, **values)
    after = State.NEW if _opens(equipment, event) else equipment.state
    noting = Transition("note", NOTED & {equipment.state}, after, right_for(kind))
    with noting.applied_to(equipment, actor=actor, at=at, reason=event.text) as equipment:
        if refusals := [*_problems(event, changes, at), *_move(equipment, kind, changes)]:
            raise Refused(*refusals)
        facts = {name: getattr(event, name) for name in ("happened_on", "result", "done_by", "approved_by", "next_on")}
        clock = winding.moved_by(kind, equipment) if event.result != Result.FAILED else ""
        if clock and not event.next_on:
            facts["next_on"] = winding.next_after(equipment, clock, event.happened_on)
        text = _with_changes(equipment, kind, event.text, changes)
        _say(equipment, kind, event, changes)
        if file is not None:
            facts["file"] = documents.upload(file, actor=actor, at=at)
        written = happened(
            equipment, kind, text, after=after if after != equipment.state else "", actor=actor, at=at, **facts
        )
        if clock:
            winding.wind(equipment, clock, event.happened_on, event.next_on)
    return written


def _opens(equipment: Equipment, event: EquipmentEvent) -> bool:
    """Whether it takes the equipment out of use: in use, traced, and neither traced nor put into a state since.

    A certificate of the same day is on record already and counts as the earlier of the two (opened.py).
    """
    breaks = event.kind in EquipmentEvent.BREAKS_TRACEABILITY
    if not breaks or equipment.state != State.IN_USE or not equipment.needs_traceability:
        return False
    since = EquipmentEvent.objects.filter(equipment=equipment, happened_on__gt=event.happened_on)
    traced = Traceability.objects.filter(equipment=equipment, calibrated_on__gt=event.happened_on)
    return not since.exclude(state_after="").exists() and not traced.exists()


def _problems(event: EquipmentEvent, changes: dict[str, Any], at: datetime) -> Iterator[Refusal]:
    """What is wrong with the event itself."""
    today, day = timezone.localdate(at), event.happened_on
    if not event.text.strip() and event.kind != Kind.MOVE:
        yield Refusal("B-6.6.1-b", _("请写明做了什么、结果如何。"))
    if day > today:
        yield Refusal(
            "B-6.6.1-b",
            _("日期 %(day)s 在今天（%(today)s）之后。请改正，或做完再登记。") % {"day": day, "today": today},
        )
    if event.next_on is not None and event.next_on <= day:
        yield Refusal("A-6.2.1.3", _("下次到期 %(next)s 不在 %(day)s 之后。请改正，或不填。")
                      % {"next": event.next_on, "day": day})  # fmt: skip
    if event.kind in JUDGED and not event.result:
        yield Refusal("A-6.2.3.1-s1", _("请选择结果：合格，或不合格。"))
    for person, title in ((event.done_by, _("执行人")), (event.approved_by, _("批准人"))):
        if person is not None and not person.active_on(day):
            shown = {"title": title, "name": person.name, "day": day}
            yield Refusal("data", _("%(title)s%(name)s在 %(day)s 不在职。请改选，或改正日期。") % shown)
    if event.kind in EquipmentEvent.BREAKS_TRACEABILITY:
        if event.approved_by is None:
            yield Refusal("A-6.2.1.2-s2", _("修理、调整和铅封变动要经批准。请选择批准人。"))
        elif event.approved_by == event.done_by:
            yield Refusal("A-6.2.1.2-s2", _("批准人和执行人不能是同一个人。请改选。"))
    if event.kind == Kind.SOFTWARE and not changes.get("software_version"):
        yield Refusal("B-4.4.1-b", _("请填写变更后的软件版本。"))


def _move(equipment: Equipment, kind: str, changes: dict[str, Any]) -> Iterator[Refusal]:
    """A move goes somewhere, and into a room of the place it goes to. Source: B-4.4.2-s6."""
    if kind != Kind.MOVE:
        return
    if all(getattr(equipment, name) == changes.get(name) for name in MOVED):
        yield Refusal("B-4.4.2-s6", _("场所、房间和保管人都没有变。请改选要移到的地方或接手的人。"))
    room, site = changes.get("room"), changes.get("site")
    if room is not None and room.site_id != site.pk:
        yield Refusal("B-4.4.2-s6", _("房间“%(room)s”不在%(site)s。请改选。") % {"room": room.name, "site": site})


def _with_changes(equipment: Equipment, kind: str, text: str, changes: dict[str, Any]) -> str:
    """The text with what the event changes: from what, to what."""
    names = {Kind.MOVE: MOVED, Kind.SOFTWARE: VERSION[:1]}.get(kind, ())
    told = [
        f"{Equipment._meta.get_field(name).verbose_name}：{getattr(equipment, name) or UNKNOWN} → {changes[name] or UNKNOWN}"
        for name in names
        if getattr(equipment, name) != changes[name]
    ]
    return "；".join(filter(None, [*told, text.strip()]))[:500]


def _say(equipment: Equipment, kind: str, event: EquipmentEvent, changes: dict[str, Any]) -> None:
    """The equipment says what the event changes; software is validated on the day of a change that passed."""
    if kind == Kind.MOVE:
        for name in MOVED:
            setattr(equipment, name, changes[name])
    elif kind == Kind.SOFTWARE:
        for name in VERSION:
            setattr(equipment, name, changes[name])
        equipment.validated_on = event.happened_on if event.result == Result.PASSED else None
