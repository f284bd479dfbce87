"""The audit trail: one insert-only row per act, in the transaction of the act."""

from decimal import Decimal

from django.db import models

from .actors import Actor
from .models import AuditEntry
from .observe import note_denial, request_id

LONGEST_VALUE = 500


def snapshot(row) -> dict[str, str]:
    """The row's stored fields as short text; fields the model names in `audit_omits` are left out."""
    omitted = {"id", "ref", *getattr(row, "audit_omits", ())}
    return {
        field.attname: _as_text(getattr(row, field.attname))
        for field in row._meta.concrete_fields
        if field.name not in omitted
    }


def differences(before: dict, after: dict) -> dict[str, list[str]]:
    """Field name -> [old, new] for every field whose text changed."""
    return {name: [before.get(name, ""), text] for name, text in after.items() if before.get(name, "") != text}


def record(
    actor: Actor,
    verb: str,
    row: models.Model | None = None,
    *,
    institution_id: int | None = None,
    was: str = "",
    became: str = "",
    changes: dict | None = None,
    reason: str = "",
    succeeded: bool = True,
) -> AuditEntry:
    """One entry is in the trail. It stands or falls with the transaction it is written in. Source: E4.23."""
    if row is not None:
        institution_id = row.institution_id
    if not succeeded:
        note_denial(verb)
    entry = AuditEntry(
        institution_id=institution_id,
        actor_name=actor.name,
        actor_user_id=actor.user_id,
        acting_as=actor.role_titles,
        verb=verb,
        target=row._meta.label if row is not None else "",
        target_id=row.pk if row is not None else None,
        target_ref=getattr(row, "ref", ""),
        target_name=str(row)[:200] if row is not None else "",
        was=was,
        became=became,
        changes=changes or {},
        reason=reason[:500],
        succeeded=succeeded,
        request_id=request_id.get(),
    )
    if institution_id is None:
        # Row-level security lets nobody read rows of the platform, not even what an INSERT returns: ask for nothing.
        AuditEntry.objects.bulk_create([entry], ignore_conflicts=True)
    else:
        entry.save(force_insert=True)
    return entry


def _as_text(value) -> str:
    if value is None:
        return ""
    text = format(value, "f") if isinstance(value, Decimal) else str(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}… ({len(text)})"
