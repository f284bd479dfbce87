"""A pledge falls in the transaction that writes down its cause, and public pages follow whatever is written about an institution."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Model, QuerySet
from django.db.models.signals import post_save
from django.utils import timezone

from institutions.models import Institution, KeyPerson, LegalStatus, Qualification, ScopeItem, Site, Violation
from portal.registers import Written, imported
from portal.tenancy import tenant

from . import capabilities, ending, events, publishing
from .models import Commitment, DirectoryEntry, DirectoryLine, Remediation
from .turns import in_turn

# What a pledge stands or falls by, and what lines of scope rest on.
CONDITIONS = (Qualification, LegalStatus, Violation, KeyPerson)
LINES = {
    Qualification: lambda rows: ScopeItem.objects.filter(qualification__in=rows),
    Site: lambda rows: ScopeItem.objects.filter(site__in=rows),
    ScopeItem: lambda rows: ScopeItem.objects.filter(pk__in=[row.pk for row in rows]),
}


def follow(institution_id: int, *, at: datetime, lines: QuerySet[ScopeItem] | None = None) -> None:
    """The pledge has fallen if a condition is broken, and pages and directory say what is so now. Needs the institution's scope.

    `lines`: the lines of scope that may say something else since.
    """
    institution = in_turn(institution_id)
    ending.reconsider(institution, at=at)
    if lines is not None:
        entry = _entry(institution, at)
        capabilities.refresh(entry, at=at, only=lines.values_list("pk", flat=True))
    publishing.refresh(institution, at=at)


def _entry(institution: Institution, at: datetime) -> DirectoryEntry:
    known = DirectoryEntry.objects.filter(institution=institution).first()
    if known is None:
        publishing.refresh(institution, at=at)
        known = DirectoryEntry.objects.get(institution=institution)
    known.institution = institution  # at hand, and as it is now
    return known


def connect() -> None:
    """From now on what is written is followed."""
    for model in {*CONDITIONS, *LINES}:
        post_save.connect(_saved, sender=model, dispatch_uid=f"commitments.{model.__name__}")
    post_save.connect(_institution_saved, sender=Institution, dispatch_uid="commitments.Institution")
    imported.connect(_imported, dispatch_uid="commitments.imported")
    for event in (events.commitment_published, events.commitment_confirmed, events.commitment_withdrawn):
        event.connect(_pledge_changed, dispatch_uid="commitments.pledge_changed")
    events.remediation_accepted.connect(_remedied, dispatch_uid="commitments.remedied")


def _saved(sender: type[Model], *, instance: Any, created: bool = False, raw: bool = False, **kwargs: object) -> None:
    rests = not created or sender is ScopeItem  # no line rests on what is new
    if not raw and (rests or sender in CONDITIONS):
        lines = LINES[sender]([instance]) if rests and sender in LINES else None
        follow(instance.institution_id, at=timezone.now(), lines=lines)


def _imported(sender: type[Model], *, rows: Sequence[Written], at: datetime, **kwargs: object) -> None:
    """Rows of a spreadsheet are written past post_save, all at once."""
    if sender in CONDITIONS or sender in LINES:
        lines = LINES[sender]([written.row for written in rows]) if sender in LINES else None
        follow(rows[0].row.institution_id, at=at, lines=lines)


def _institution_saved(
    sender: type[Institution], *, instance: Institution, raw: bool = False, **kwargs: object
) -> None:
    """Institutions are written outside every scope too, when they are founded."""
    if raw:
        return
    with tenant(instance.pk):
        institution = in_turn(instance.pk)
        lines = DirectoryLine.objects.filter(institution=institution).exclude(region_code=institution.region_code)
        lines.update(region_code=institution.region_code)
        publishing.refresh(institution, at=timezone.now())


def _pledge_changed(sender: type[Commitment], *, row: Commitment, at: datetime, **kwargs: object) -> None:
    publishing.refresh(row.institution, at=at, announced=row)


def _remedied(sender: type[Remediation], *, row: Remediation, at: datetime, **kwargs: object) -> None:
    publishing.refresh(row.institution, at=at, announced=row.withdrawal.commitment)
