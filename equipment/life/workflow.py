"""The verbs of equipment: stop using, use again, repair, put away, scrap."""

from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from institutions.models import Employment
from portal.actors import Actor
from portal.permissions import Permission
from portal.transitions import Refusal, Refused, Transition

from .. import events
from ..checking import gates as gates_intermediate
from ..impacts import asking
from ..models import Equipment, EquipmentEvent
from . import gates as gates_states

State, Kind = Equipment.State, EquipmentEvent.Kind

QUARANTINE = Transition(
    "quarantine", frozenset({State.IN_USE}), State.QUARANTINED, Permission.EQUIPMENT_REPORT,
    event=events.equipment_quarantined,
)  # fmt: skip
RETURN_TO_USE = Transition(
    "return_to_use", frozenset({State.NEW, State.QUARANTINED, State.REPAIR, State.OUT_OF_USE}), State.IN_USE,
    Permission.EQUIPMENT_MANAGE,
    gates=(
        gates_states.traced_today, gates_states.certificate_is_on_file, gates_states.traced_since_it_was_opened,
        gates_states.effects_are_known,
        gates_states.not_abolished, gates_states.not_expired, gates_states.material_has_its_certificate,
        gates_states.software_is_validated, gates_states.copies_hold_the_corrections,
        gates_intermediate.checks_are_answered,
    ),
)  # fmt: skip
SEND_TO_REPAIR = Transition(
    "send_to_repair", frozenset({State.NEW, State.IN_USE, State.QUARANTINED, State.OUT_OF_USE}), State.REPAIR,
    Permission.EQUIPMENT_MANAGE,
)  # fmt: skip
TAKE_OUT_OF_USE = Transition(
    "take_out_of_use", frozenset({State.NEW, State.IN_USE, State.QUARANTINED, State.REPAIR}), State.OUT_OF_USE,
    Permission.EQUIPMENT_MANAGE,
)  # fmt: skip
SCRAP = Transition(
    "scrap", frozenset({State.NEW, State.IN_USE, State.QUARANTINED, State.REPAIR, State.OUT_OF_USE}), State.SCRAPPED,
    Permission.EQUIPMENT_MANAGE, gates=(gates_states.part_of_no_standard,),
)  # fmt: skip


def quarantine(
    equipment: Equipment, reason: str, *, kind: str = Kind.SUSPICIOUS, actor: Actor, at: datetime
) -> Equipment:
    """The equipment is offered nowhere from now on, everybody sees why, and it is asked what it did to earlier results.

    `kind`: one of EquipmentEvent.TROUBLE. Source: D-4.4.3.2-s1, D-4.4.3.2-s3.
    """
    with QUARANTINE.applied_to(equipment, actor=actor, at=at, reason=reason) as equipment:
        _stated(reason, Refusal("D-4.4.3.2-s1", _("请写明停用的原因，例如过载、读数可疑或损坏。")))
        if kind not in EquipmentEvent.TROUBLE:
            raise Refused(Refusal("D-4.4.3.2-s1", _("请选择停用的情况，例如过载、误操作或结果可疑。")))
        event = happened(equipment, kind, reason, after=State.QUARANTINED, actor=actor, at=at)
        asking.ask(event, actor=actor, at=at)
    return equipment


def return_to_use(equipment: Equipment, reason: str, *, actor: Actor, at: datetime) -> Equipment:
    """The equipment may be used again; `reason` says how it was verified. Source: B-4.4.2-s3, D-4.4.3.4."""
    with RETURN_TO_USE.applied_to(equipment, actor=actor, at=at, reason=reason) as equipment:
        _stated(reason, Refusal("D-4.4.3.4", _("请写明重新投用前怎样验证的，结果如何。")))
        passed = EquipmentEvent.Result.PASSED
        happened(equipment, Kind.RETURN_VERIFICATION, reason, after=State.IN_USE, result=passed, actor=actor, at=at)
    return equipment


def send_to_repair(
    equipment: Equipment, reason: str, *, approved_by: Employment, actor: Actor, at: datetime
) -> Equipment:
    """The equipment is being repaired; before it is used again it is traced anew. Source: A-6.2.1.2-s2, B-6.1.5.1-g."""
    with SEND_TO_REPAIR.applied_to(equipment, actor=actor, at=at, reason=reason) as equipment:
        _stated(reason, Refusal("A-6.2.1.2-s2", _("请写明送修的原因和送到哪里。")))
        _approved(approved_by, actor, at)
        happened(equipment, Kind.REPAIR, reason, after=State.REPAIR, approved_by=approved_by, actor=actor, at=at)
    return equipment


def take_out_of_use(equipment: Equipment, reason: str, *, actor: Actor, at: datetime) -> Equipment:
    """The equipment is sealed and put away."""
    with TAKE_OUT_OF_USE.applied_to(equipment, actor=actor, at=at, reason=reason) as equipment:
        _stated(reason, Refusal("D-4.4.3.2-s2", _("请写明封存的原因。")))
        happened(equipment, Kind.STORE, reason, after=State.OUT_OF_USE, actor=actor, at=at)
    return equipment


def scrap(equipment: Equipment, reason: str, *, approved_by: Employment, actor: Actor, at: datetime) -> Equipment:
    """The equipment is gone for good; its history stays. Source: B-6.6.1-b."""
    with SCRAP.applied_to(equipment, actor=actor, at=at, reason=reason) as equipment:
        _stated(reason, Refusal("B-6.6.1-b", _("请写明报废的原因和去向。")))
        _approved(approved_by, actor, at)
        happened(equipment, Kind.SCRAP, reason, after=State.SCRAPPED, approved_by=approved_by, actor=actor, at=at)
    return equipment


def happened(
    equipment: Equipment, kind: str, text: str, *, actor: Actor, at: datetime, after: str = "", **more: Any
) -> EquipmentEvent:
    """The deed is a line of the equipment's history. `after`: the state it put the equipment into, if it did."""
    return EquipmentEvent.objects.create(
        institution_id=equipment.institution_id, equipment=equipment, kind=kind, text=text, state_after=after,
        **{"happened_on": timezone.localdate(at), "done_by_id": actor.employment_id, **more},
    )  # fmt: skip


def _approved(approved_by: Employment, actor: Actor, at: datetime) -> None:
    """Passes when somebody else who works here has approved it. Raises: Refused."""
    if approved_by.pk == actor.employment_id:
        raise Refused(Refusal("A-6.2.1.2-s2", _("批准人不能是登记人自己。请选择另一位有权批准的人。")))
    if not approved_by.active_on(timezone.localdate(at)):
        raise Refused(Refusal("A-6.2.1.2-s2", _("批准人 %(name)s 已不在职。请改选。") % {"name": approved_by.name}))


def _stated(reason: str, refusal: Refusal) -> None:
    """Passes when a reason is given. Raises: Refused."""
    if not reason.strip():
        raise Refused(refusal)
