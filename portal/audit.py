"""The audit trail: one insert-only row per act, in the transaction of the act."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from django.db import connection, models

from .actors import Actor
from .models import AuditEntry
from .observe import note_denial, request_id
from .tenancy import new_ref

LONGEST_VALUE = 500


def snapshot(row) -> dict[str, str]:
    """The row's stored fields as short text; fields the model names in `audit_omits` are left out."""
    return {name: _as_text(getattr(row, name)) for name in _told(type(row))}


@cache
def _told(model: type[models.Model]) -> tuple[str, ...]:
    """The columns of which the trail tells."""
    omitted = {"id", "ref", *getattr(model, "audit_omits", ())}
    return tuple(
        field.attname for field in model._meta.concrete_fields if field.name not in omitted and not field.generated
    )


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


@dataclass(frozen=True)
class Act:
    """One of many acts that a person does at once, each on a row of its own."""

    verb: str
    row: models.Model
    changes: dict
    was: str
    became: str
    reason: str


MANY = (
    "institution_id", "ref", "actor_name", "actor_user_id", "acting_as", "verb", "target", "target_id", "target_ref",
    "target_name", "was", "became", "changes", "reason", "succeeded", "request_id",
)  # fmt: skip


def record_many(actor: Actor, acts: Iterable[Act]) -> int:
    """One entry for each act is in the trail, as `record` would have written it, by one statement. Returns: how many.

    At most ledger.seals.LOOK_BACK / 2 in one transaction, and one transaction at a time: a seal looks back only so far
    for entries that took their numbers before it and are committed after it. Source: E4.23.
    """
    shared = {
        "actor_name": actor.name, "actor_user_id": actor.user_id, "acting_as": actor.role_titles,
        "succeeded": True, "request_id": request_id.get(),
    }  # fmt: skip
    entries = [
        {
            **shared,
            "institution_id": act.row.institution_id,
            "ref": new_ref(),
            "verb": act.verb,
            "target": act.row._meta.label,
            "target_id": act.row.pk,
            "target_ref": getattr(act.row, "ref", ""),
            "target_name": str(act.row)[:200],
            "was": act.was,
            "became": act.became,
            "changes": act.changes,
            "reason": act.reason[:500],
        }
        for act in acts
    ]
    if not entries:
        return 0
    columns, table = ", ".join(MANY), AuditEntry._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('audit'), hashtext('many'))")
        cursor.execute(
            f"INSERT INTO {table} ({columns}) SELECT {columns} FROM json_populate_recordset(NULL::{table}, %s::json)",
            [json.dumps(entries, ensure_ascii=False)],
        )
    return len(entries)


def _as_text(value) -> str:
    if value is None:
        return ""
    if type(value) is str:
        text = value
    else:
        text = format(value, "f") if isinstance(value, Decimal) else str(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}… ({len(text)})"
