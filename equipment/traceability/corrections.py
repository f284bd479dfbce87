"""The verbs of corrections: make an edition from a certificate, say that a copy holds it."""

from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from institutions.models import Employment
from portal.actors import Actor
from portal.decimals import plain, trimmed
from portal.permissions import Permission
from portal.transitions import Transition

from .. import events
from ..models import CopyUpdate, CorrectionCopy, CorrectionSet, Equipment, Traceability
from . import gates

MAKE = Transition(
    "make", frozenset({""}), "", Permission.EQUIPMENT_MANAGE,
    gates=(gates.certificate_has_errors, gates.corrections_are_newer), event=events.corrections_made,
)  # fmt: skip
UPDATE = Transition(
    "update", frozenset({""}), "", Permission.EQUIPMENT_CONFIRM, gates=(gates.copy_holds_the_newest,),
    event=events.copy_updated,
)  # fmt: skip


def make(traceability: Traceability, *, actor: Actor, at: datetime) -> CorrectionSet:
    """The next edition of corrections is in force from today: of each point of the certificate minus its error.

    Every place that holds a copy is open until somebody has confirmed that it holds this edition, and until then the
    equipment is not usable. Raises: Refused. Source: D-4.4.3.6.
    """
    with transaction.atomic():
        equipment = Equipment.objects.select_for_update().get(pk=traceability.equipment_id)
        last = CorrectionSet.objects.filter(equipment=equipment).order_by("edition").last()
        blank = CorrectionSet(
            institution_id=equipment.institution_id, equipment=equipment, traceability=traceability,
            edition=last.edition + 1 if last else 1, made_on=timezone.localdate(at), values=values_of(traceability),
        )  # fmt: skip
        with MAKE.applied_to(blank, actor=actor, at=at) as edition:
            pass
    return edition


def values_of(traceability: Traceability) -> list[dict[str, str]]:
    """The corrections that follow from the points of the certificate, as texts, in its order."""
    points = traceability.points.filter(error__isnull=False).order_by("pk")
    return [
        {
            "quantity": point.quantity,
            "nominal": trimmed(point.nominal),
            "correction": trimmed(-point.error) if point.error else plain(abs(point.error.normalize())),
            "unit": point.unit,
        }
        for point in points
    ]


def update_copy(
    copy: CorrectionCopy,
    edition: CorrectionSet,
    *,
    updated_on: date,
    updated_by: Employment,
    actor: Actor,
    at: datetime,
) -> CopyUpdate:
    """Somebody has seen that the copy holds this edition. Raises: Refused. Source: D-4.4.3.6."""
    blank = CopyUpdate(
        institution_id=copy.institution_id, copy=copy, edition=edition, updated_on=updated_on, updated_by=updated_by
    )
    with UPDATE.applied_to(blank, actor=actor, at=at) as row:
        pass
    return row
