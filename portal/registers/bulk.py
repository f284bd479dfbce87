"""Many rows at once: what the database has against them, and writing them with one statement and one audit entry each.

Rows travel as one JSON text that PostgreSQL takes apart by the table's own columns, so that neither a temporary table nor
a right to copy is needed, and row-level security stands as for any other INSERT.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core import checks
from django.db import IntegrityError, connection, models, transaction
from django.db.models.expressions import DatabaseDefault
from django.utils.translation import gettext as _
from psycopg2.extras import Range

from .. import audit
from ..actors import Actor
from ..models import RegisterRow
from ..searching import OneOfTexts
from ..tenancy import TenantModel
from ..transitions import broken_rule
from . import REGISTERS, Register, Written, imported
from .judged import Plan

Against = tuple[Plan, str, str]


# --- what stands against rows


@dataclass(frozen=True)
class UniqueRule:
    """Columns that may hold the same values in one row only, among the rows for which the condition holds."""

    model: type[RegisterRow]
    names: tuple[str, ...]
    condition: models.Q | None

    def taken(self, plans: Sequence[Plan], actor: Actor) -> Iterator[Against]:
        """Plans whose values stand in another row on record or on a line above."""
        asked = [plan for plan in plans if self._holds_for(plan.row)]
        keyed = [(plan, tuple(_comparable(getattr(plan.row, name)) for name in self.names)) for plan in asked]
        keyed = [(plan, key) for plan, key in keyed if None not in key]
        if not keyed:
            return
        label = "、".join(str(self.model._meta.get_field(name.removesuffix("_id")).verbose_name) for name in self.names)
        rows = self.model.objects.filter(self.condition or models.Q(), institution_id=actor.institution_id)
        rows = rows.filter(said_in(self.model, self.names[0], {key[0] for _plan, key in keyed}))
        on_record = {tuple(map(_comparable, key)): pk for pk, *key in rows.values_list("pk", *self.names)}
        lines: dict[tuple[Any, ...], int] = {}
        for plan, key in keyed:
            holder = on_record.get(key)
            if holder is not None and holder != plan.row.pk:
                yield plan, label, _("已经登记过。请核对，或到那一行去更正。")
            elif lines.setdefault(key, plan.line) != plan.line:
                yield plan, label, _("与第 %(line)d 行重复。请核对，只留一行。") % {"line": lines[key]}

    def _holds_for(self, row: RegisterRow) -> bool:
        """Whether the rule is about this row; of a condition that is more than values the database is left to judge."""
        return self.condition is None or bool(_meets(row, self.condition))


def _meets(row: RegisterRow, condition: models.Q) -> bool | None:
    """Whether the row's own values meet the condition; None where it asks for more than "is" and "is one of"."""
    found: list[bool | None] = []
    for part in condition.children:
        if isinstance(part, models.Q):
            found.append(_meets(row, part))
            continue
        (name, _separator, asked), wanted = part[0].partition("__"), part[1]
        wanted = {"": (wanted,), "in": wanted}.get(asked)
        found.append(None if wanted is None else getattr(row, name) in wanted)
    if None in found:
        return None
    met = all(found) if condition.connector == models.Q.AND else any(found)
    return not met if condition.negated else met


def said_in(model: type[RegisterRow], name: str, values: set[Any]) -> models.Q:
    """The column holds one of the values; texts by the thousand go over as one."""
    if isinstance(model._meta.get_field(name), models.CharField):
        return models.Q(OneOfTexts(models.F(name), list(values)))
    return models.Q(**{f"{name}__in": values})


def unique_rules(model: type[RegisterRow]) -> list[UniqueRule]:
    """What must be unique within an institution."""
    rules = []
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint) and constraint.fields and "ref" not in constraint.fields:
            names = [model._meta.get_field(name).attname for name in constraint.fields if name != "institution"]
            rules.append(UniqueRule(model, tuple(names), constraint.condition))
    return rules


def recorded(register: Register, names: Sequence[str], actor: Actor) -> set[tuple[Any, ...]]:
    """What the rows on record say in these columns."""
    attributes = [register.model._meta.get_field(name).attname for name in names]
    rows = register.model.objects.filter(institution_id=actor.institution_id, state__in=register.live)
    return {tuple(map(_comparable, values)) for values in rows.values_list(*attributes).iterator(chunk_size=5000)}


def told(row: RegisterRow, names: Sequence[str]) -> tuple[Any, ...]:
    """What the row says in these columns, comparable with `recorded`."""
    return tuple(_comparable(getattr(row, row._meta.get_field(name).attname)) for name in names)


def _comparable(value: Any) -> Any:
    return json.dumps(value, sort_keys=True, default=str) if isinstance(value, list | dict) else value


def broken_checks(plans: Sequence[Plan]) -> Iterator[Against]:
    """Plans that a CHECK of the table would refuse, all of them asked in one statement that writes nothing."""
    if not plans:
        return
    model = type(plans[0].row)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname, pg_get_expr(conbin, conrelid), ARRAY(SELECT attname::text FROM pg_attribute "
            "WHERE attrelid = conrelid AND attnum = ANY(conkey)) FROM pg_constraint "
            "WHERE conrelid = %s::regclass AND contype = 'c' ORDER BY conname",
            [model._meta.db_table],
        )
        checks = cursor.fetchall()
        if not checks:
            return
        said = ", ".join(f"({expression}) IS NOT FALSE" for _name, expression, _about in checks).replace("%", "%%")
        asked = {name for _name, _expression, about in checks for name in about}
        fields = [one for one in _columns(plans[0].row) if one.column in asked]
        cursor.execute(
            f"SELECT {said} FROM json_populate_recordset(NULL::{model._meta.db_table}, %s::json)",
            [_as_json([plan.row for plan in plans], fields)],
        )
        answers = cursor.fetchall()
    words = {
        one.name: str(one.get_violation_error_message())
        for one in model._meta.constraints
        if one.violation_error_message != one.default_violation_error_message
    }
    for plan, holds in zip(plans, answers, strict=True):
        for (name, _expression, _about), good in zip(checks, holds, strict=True):
            if not good:
                yield plan, "", words.get(name) or _("不合规则（%(rule)s）。请核对这一行。") % {"rule": name}


# --- writing


def write(register: Register, plans: Sequence[Plan], *, actor: Actor, at: datetime, source: str) -> list[Against]:
    """The plans are rows, each with its entry in the audit trail, except those that cannot stand beside the others.

    What rests on the rows has followed. `source`: names the import in the entries. Returns: the refused ones, each with
    the reason. Needs a transaction; the caller has asked the rights. Source: E4.23.
    """
    against = settle(register, plans, actor=actor, at=at)
    off = {id(plan) for plan, _column, _sentence in against}
    kept = [plan for plan in plans if id(plan) not in off]
    audit.record_many(actor, (_act(register, plan, source) for plan in kept))
    written = [Written(plan.row, plan.before) for plan in kept]
    register.follow(written, actor, at)
    if written:
        imported.send(register.model, rows=written, at=at)
    return against


def settle(register: Register, plans: Sequence[Plan], *, actor: Actor, at: datetime) -> list[Against]:
    """The rows stand in the table, as if they had been recorded one after another. Returns: those that were refused.

    All are written at once, and the gates are asked again with all of them there: a gate that looks at other rows has not
    seen those of the same file before. Only what it then minds is written one by one.
    """
    alone: list[Plan] = []
    try:
        with transaction.atomic():
            against = _apart(plans)
            off = {id(plan) for plan, _column, _sentence in against}
            alone = [plan for plan in plans if id(plan) not in off and _minded(register, plan, actor, at)]
            if alone:
                raise _NotTogether
            return against
    except _NotTogether:
        pass
    later = {id(plan) for plan in alone}
    against = _apart([plan for plan in plans if id(plan) not in later])
    for plan in alone:
        against += _one(register, plan, actor, at)
    return against


class _NotTogether(Exception):
    """Some of the rows are not to be written beside the others without asking again."""


def _minded(register: Register, plan: Plan, actor: Actor, at: datetime) -> str:
    """What the gates have against the row as it stands now, or ""."""
    return " ".join(refusal.text for gate in register.gates for refusal in gate(plan.row, actor, at))


def _one(register: Register, plan: Plan, actor: Actor, at: datetime) -> list[Against]:
    """The row is written if the gates have nothing against it, now that those above it are there."""
    try:
        with transaction.atomic():
            if against := _apart([plan]):
                return against
            if sentence := _minded(register, plan, actor, at):
                raise _NotTogether(sentence)
    except _NotTogether as minded:
        return [(plan, "", str(minded))]
    return []


def _act(register: Register, plan: Plan, source: str) -> audit.Act:
    verb = register.recording.verb if plan.is_new else register.amending(plan.row.state).verb
    return audit.Act(
        verb=f"{plan.row._meta.model_name}.{verb}", row=plan.row, changes=plan.changes(),
        was=plan.before.get("state", ""), became=plan.row.state,
        reason=_("%(source)s，第 %(line)d 行") % {"source": source, "line": plan.line},
    )  # fmt: skip


def _apart(plans: Sequence[Plan]) -> list[Against]:
    """All is done but for the plans that the database refuses: a refused half is tried in halves, down to the one row."""
    try:
        with transaction.atomic():
            insert([plan.row for plan in plans if plan.is_new])
            _update([plan for plan in plans if not plan.is_new])
        return []
    except IntegrityError as error:
        if len(plans) == 1:
            return [(plans[0], "", broken_rule(plans[0].row, error).text)]
    middle = len(plans) // 2
    return [*_apart(plans[:middle]), *_apart(plans[middle:])]


def insert(rows: Sequence[TenantModel]) -> None:
    """New rows of one table stand in it, by one statement, and know their numbers and what the database gave them."""
    if not rows:
        return
    fields = _columns(rows[0])
    given = [one for one in rows[0]._meta.concrete_fields if not one.primary_key and one not in fields]
    table, names = rows[0]._meta.db_table, ", ".join(f'"{one.column}"' for one in fields)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({names}) SELECT {names} FROM json_populate_recordset(NULL::{table}, %s::json) "
            f"RETURNING {', '.join(['ref', 'id', *(one.column for one in given)])}",
            [_as_json(rows, fields)],
        )
        made = {ref: values for ref, *values in cursor.fetchall()}
    for row in rows:
        row.pk, *values = made[row.ref]
        for one, value in zip(given, values, strict=True):
            setattr(row, one.attname, value)


def _update(plans: Sequence[Plan]) -> None:
    if not plans:
        return
    rows = [plan.row for plan in plans]
    table = rows[0]._meta.db_table
    differ = {name for plan in plans for name in plan.changes()}
    fields = [one for one in _columns(rows[0]) if one.attname in differ]
    said = ", ".join(f'"{one.column}" = said."{one.column}"' for one in fields)
    keys = [one for one in rows[0]._meta.concrete_fields if one.attname in ("id", "institution_id", "revision")]
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} AS kept SET {said} FROM json_populate_recordset(NULL::{table}, %s::json) AS said "
            "WHERE kept.id = said.id AND kept.institution_id = said.institution_id "
            "AND kept.revision = said.revision - 1",
            [_as_json(rows, [*dict.fromkeys([*keys, *fields])])],
        )
        if cursor.rowcount != len(rows):
            raise RuntimeError(f"{len(rows) - cursor.rowcount} rows of {table} changed under their lock")


def _columns(row: TenantModel) -> list[models.Field]:
    """What is written of a row: all but its number, what the database computes, and defaults that are the database's."""
    return [
        one
        for one in row._meta.concrete_fields
        if not one.primary_key and not one.generated and not isinstance(getattr(row, one.attname), DatabaseDefault)
    ]


def _as_json(rows: Iterable[TenantModel], fields: Sequence[models.Field]) -> str:
    pairs = [(one.column, one.attname, one.get_prep_value) for one in fields]
    return json.dumps(
        [{column: prepared(getattr(row, name)) for column, name, prepared in pairs} for row in rows],
        ensure_ascii=False, default=_in_json,
    )  # fmt: skip


def _in_json(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Range):
        ends = ["" if end is None else _in_json(end) for end in (value.lower, value.upper)]
        return "empty" if value.isempty else f"{value._bounds[0]}{ends[0]},{ends[1]}{value._bounds[1]}"
    raise TypeError(f"{type(value).__name__} cannot be written with many rows at once")


@checks.register
def rows_have_no_save_of_their_own(app_configs: object, **kwargs: object) -> list[checks.CheckMessage]:
    """No register takes spreadsheets whose model does something when a single row is saved: many rows pass by it."""
    return [
        checks.Error(f"{register.model.__name__}.save would not run for imported rows of {name}.", id="portal.E010")
        for name, register in REGISTERS.items()
        if register.importable and register.model.save is not models.Model.save
    ]
