"""Rows that a program brings into a register: judged as a spreadsheet is, written or only tried, in one request."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _

from .. import api
from ..actors import Actor
from ..inspection.tables import Table
from ..models import Document, RegisterRow
from . import Register, bulk, verbs
from .columns import Column, columns_of, form_of
from .judged import Flaw, Judged
from .judging import judge, tried

MOST = 1_000
LONGEST = 4_000  # letters of one value


class _NotAll(Exception):
    """Everything was wanted and not everything is good: nothing is written."""


def table_of(register: Register, rows: Sequence[Mapping[str, Any]], actor: Actor) -> Table:
    """The objects as the table that a person would have sent: a column for each field. Raises: api.Malformed.

    Line 0 holds the heads, so that line n is the n-th object. All objects have the same fields: one that is missing stays
    as it is on record, one that is blank is cleared.
    """
    columns = {column.name: column for column in columns_of(register, form_of(register, actor))}
    names = list(rows[0])
    if unknown := [name for name in names if name not in columns]:
        text = _("没有 %(names)s 这些字段。可以写：%(known)s。")
        known = "、".join(columns)
        raise api.Malformed(
            text % {"names": "、".join(unknown[:5])[:100], "known": known}, row=0, field=unknown[0][:40]
        )
    for place, row in enumerate(rows):
        if list(row) != names and set(row) != set(names):
            raise api.Malformed(_("每一条都要有同样的字段；不改的字段整批都不写。"), row=place)
    lines = [(0, [columns[name].label for name in names])]
    for place, row in enumerate(rows):
        lines.append((place + 1, [_text(row[name], columns[name], place) for name in names]))
    return Table(lines=lines)


def _text(value: Any, column: Column, place: int) -> str:
    """The value as it would be typed. Raises: api.Malformed."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) <= 30:
        return f"{value:f}"
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        value = "、".join(value)
    if isinstance(value, str) and len(value) <= LONGEST:
        return value
    raise api.Malformed(_("%(name)s 要是文字、数或是非。") % {"name": column.name}, row=place, field=column.name)


def bring_in(
    register: Register, table: Table, *, write: bool, good_only: bool, source: str, actor: Actor, at: datetime
) -> tuple[Judged, bool]:
    """With `write`, all rows are on record, or the good ones; else it is only known what would become of them.

    `source`: how the audit trail names where they came from. Returns: what became of each, and whether anything was
    written. Raises: PermissionDenied.
    """
    actor.require(register.keeper, actor.institution_id)
    if not write:
        return tried(register, table, actor=actor, at=at), False
    verbs.in_turn(register, actor.institution_id)
    judged = judge(register, table, actor=actor, at=at, locked=True)
    try:
        with transaction.atomic():
            if not judged.problems and (not judged.flaws or good_only):
                judged.refuse(bulk.write(register, judged.plans, actor=actor, at=at, source=source))
            if judged.problems or (judged.flaws and not good_only):
                raise _NotAll
    except _NotAll:
        return judged, False
    return judged, True


def flaws_of(register: Register, judged: Judged, actor: Actor) -> list[dict[str, Any]]:
    """Every flaw with row and field as the program knows them."""
    names = {column.label: column.name for column in columns_of(register, form_of(register, actor))}
    return [*(api.flaw(sentence) for sentence in judged.problems), *(_flaw(flaw, names) for flaw in judged.flaws)]


def _flaw(flaw: Flaw, names: Mapping[str, str]) -> dict[str, Any]:
    return api.flaw(flaw.sentence, row=flaw.line - 1, field=names.get(flaw.column, ""))


def facts_of(register: Register, row: RegisterRow) -> dict[str, Any]:
    """The row's fields as a program reads them: codes of choices, numbers and days as text, other rows by ref and name."""
    found: dict[str, Any] = {"ref": row.ref, "state": row.state, "state_title": row.get_state_display(),
                             "revision": row.revision}  # fmt: skip
    for name in register.fields:
        if row._meta.get_field(name).related_model is not Document:
            found[name] = _fact(getattr(row, name))
    return found


def _fact(value: Any) -> Any:
    if isinstance(value, models.Model):
        return {"ref": getattr(value, "ref", ""), "name": str(value)}
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return value.isoformat() if isinstance(value, date) else value
