"""The verbs of equipment: register, record a traceability, stop using, use again, put away."""

from datetime import datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from portal import documents
from portal.actors import Actor
from portal.permissions import Permission
from portal.transitions import Refusal, Refused, Transition

from . import events, gates
from .models import Equipment, Traceability

State = Equipment.State

REGISTER = Transition(
    "register", frozenset({""}), State.OUT_OF_USE, Permission.EQUIPMENT_MANAGE,
    gates=(gates.asset_number_is_free, gates.range_is_in_order),
)  # fmt: skip
TRACE = Transition(
    "record", frozenset({""}), Traceability.State.RECORDED, Permission.EQUIPMENT_MANAGE,
    gates=(
        gates.equipment_still_exists, gates.dates_are_in_order, gates.confirmed_after_calibration,
        gates.uncertainty_is_complete, gates.recorded_once,
    ),
    event=events.equipment_traced,
)  # fmt: skip
QUARANTINE = Transition(
    "quarantine", frozenset({State.IN_USE}), State.QUARANTINED, Permission.EQUIPMENT_MANAGE,
    event=events.equipment_quarantined,
)  # fmt: skip
RETURN_TO_USE = Transition(
    "return_to_use", frozenset({State.QUARANTINED, State.OUT_OF_USE}), State.IN_USE, Permission.EQUIPMENT_MANAGE,
    gates=(gates.traced_today, gates.not_abolished),
)  # fmt: skip
TAKE_OUT_OF_USE = Transition(
    "take_out_of_use", frozenset({State.IN_USE, State.QUARANTINED}), State.OUT_OF_USE, Permission.EQUIPMENT_MANAGE
)


def register(values: dict[str, Any], *, actor: Actor, at: datetime) -> Equipment:
    """The equipment is in the register, not in use: it is traced, confirmed and verified first. Source: B-4.4.2-s3.

    `values` holds the fields of Equipment without state; range_low and range_high are in its unit.
    """
    blank = Equipment(institution_id=actor.institution_id, state="", **values)
    with REGISTER.applied_to(blank, actor=actor, at=at) as equipment:
        pass
    return equipment


def trace(
    equipment: Equipment, values: dict[str, Any], file: UploadedFile | None, *, actor: Actor, at: datetime
) -> Traceability:
    """The equipment's newest traceability certificate and its 计量确认 are on record, the certificate's file with them.

    `values` holds the fields of Traceability: certificate_number, issuer, calibrated_on, valid_until, confirmed_by,
    confirmed_on and, together or not at all, expanded_uncertainty, coverage_factor, uncertainty_unit. The row is never
    changed: a mistake is corrected by recording the certificate again. Source: A-6.2.2, C-5.5.4.
    """
    blank = Traceability(institution_id=equipment.institution_id, equipment=equipment, **values)
    with TRACE.applied_to(blank, actor=actor, at=at) as traceability:
        if file is not None:
            traceability.file = documents.upload(file, actor=actor, at=at)
    return traceability


def quarantine(equipment: Equipment, reason: str, *, actor: Actor, at: datetime) -> Equipment:
    """The equipment is offered nowhere from now on, and everybody sees why. Source: D-4.4.3.2-s1."""
    with QUARANTINE.applied_to(equipment, actor=actor, at=at, reason=reason) as equipment:
        _stated(reason, Refusal("D-4.4.3.2-s1", _("请写明停用的原因，例如过载、读数可疑或损坏。")))
    return equipment


def return_to_use(equipment: Equipment, reason: str, *, actor: Actor, at: datetime) -> Equipment:
    """The equipment may be used again; `reason` says how it was verified. Source: B-4.4.2-s3, D-4.4.3.4."""
    with RETURN_TO_USE.applied_to(equipment, actor=actor, at=at, reason=reason) as equipment:
        _stated(reason, Refusal("D-4.4.3.4", _("请写明重新投用前怎样验证的，结果如何。")))
    return equipment


def take_out_of_use(equipment: Equipment, reason: str, *, actor: Actor, at: datetime) -> Equipment:
    """The equipment is sealed and put away."""
    with TAKE_OUT_OF_USE.applied_to(equipment, actor=actor, at=at, reason=reason) as equipment:
        _stated(reason, Refusal("D-4.4.3.2-s2", _("请写明封存的原因。")))
    return equipment


def _stated(reason: str, refusal: Refusal) -> None:
    """Passes when a reason is given. Raises: Refused."""
    if not reason.strip():
        raise Refused(refusal)
