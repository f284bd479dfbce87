"""Public pages follow the facts: whatever is saved about a thing with a code republishes its card in the same transaction."""

from collections.abc import Callable
from typing import Any

from django.db.models import Model, Q
from django.db.models.signals import post_save
from django.utils import timezone

from portal.models import Document

from ..models import (
    AlternativeTraceability,
    Confirmation,
    CopyUpdate,
    CorrectionSet,
    Equipment,
    EquipmentClock,
    EquipmentEvent,
    ExternalUse,
    ImpactQuestion,
    IntermediateCheck,
    Traceability,
)
from . import cards

# What can change what a card says, and the key of the equipment that it is about.
FACTS: dict[type[Model], Callable[[Any], int]] = {
    Equipment: lambda row: row.pk,
    Traceability: lambda row: row.equipment_id,
    Confirmation: lambda row: row.traceability.equipment_id,
    EquipmentClock: lambda row: row.equipment_id,
    EquipmentEvent: lambda row: row.equipment_id,
    ExternalUse: lambda row: row.equipment_id,
    AlternativeTraceability: lambda row: row.equipment_id,
    ImpactQuestion: lambda row: row.equipment_id,
    IntermediateCheck: lambda row: row.equipment_id,
    CopyUpdate: lambda row: row.copy.equipment_id,
    CorrectionSet: lambda row: row.equipment_id,
}


def connect() -> None:
    """From now on a saved fact is followed."""
    for model in FACTS:
        post_save.connect(_saved, sender=model, dispatch_uid=f"equipment.codes.{model.__name__}")
    post_save.connect(_inspected, sender=Document, dispatch_uid="equipment.codes.Document")


def _saved(sender: type[Model], *, instance: Model, raw: bool = False, **kwargs: object) -> None:
    if not raw:
        cards.refresh([FACTS[sender](instance)], at=timezone.now())


def _inspected(sender: type[Document], *, instance: Document, raw: bool = False, **kwargs: object) -> None:
    """What rests on a certificate whose file was refused is not usable any more."""
    if not raw and instance.state == Document.State.REFUSED:
        about = Traceability.objects.filter(Q(file=instance) | Q(dcc=instance))
        cards.refresh(about.values_list("equipment_id", flat=True), at=timezone.now())
