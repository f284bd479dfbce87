"""How a register's values stand on a page: cells of its list, facts of its row, the state of a row on a day."""

from datetime import date, datetime, timedelta
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _

from ..models import Document, RegisterRow
from . import Register, register_of

SOON = timedelta(days=60)


def standing(row: RegisterRow, day: date) -> dict[str, str]:
    """The row's state as a badge; of one in force that has an end, what its dates say about the day."""
    register = register_of(row)
    if register is not None and register.standing is not None:
        return register.standing(row, day)
    until = getattr(row, "valid_until", None)
    if row.state != RegisterRow.State.CURRENT or until is None:
        return {"badge": row.state, "text": row.get_state_display()}
    if until < day:
        return {"badge": "expired", "text": _("已失效")}
    if until <= day + SOON:
        return {"badge": "due", "text": _("临期")}
    return {"badge": "valid", "text": _("有效")}


def value_text(row: RegisterRow, name: str) -> str:
    """The value of a column in words."""
    column, value = row._meta.get_field(name), getattr(row, name)
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if isinstance(value, datetime):
        return f"{timezone.localtime(value):%Y-%m-%d %H:%M}"
    if isinstance(value, list):
        titles = dict(getattr(column.base_field, "choices", None) or ())
        return "、".join(str(titles.get(one, one)) for one in value)
    if column.choices:
        return str(getattr(row, f"get_{name}_display")())
    if isinstance(column, models.DecimalField):
        return f"{value.normalize():f}"
    if isinstance(value, Document):
        return value.name
    return str(value)


def columns_of(register: Register) -> list[dict[str, Any]]:
    """The heads of the list, its last one the state."""
    heads = [
        {"title": register.model._meta.get_field(one).verbose_name} if isinstance(one, str) else {"title": one[0]}
        for one in register.columns
    ]
    return [*heads, {"title": _("状态")}]


def cells_of(register: Register, row: RegisterRow, url: str, day: date) -> list[Any]:
    """One line of the list; its first cell leads to the row."""
    cells = [value_text(row, one) if isinstance(one, str) else one[1](row) for one in register.columns]
    first = cells[0] if isinstance(cells[0], dict) else {"text": cells[0] or _("（未填）")}
    return [first | {"url": url}, *cells[1:], standing(row, day)]


def facts_of(register: Register, row: RegisterRow) -> list[dict[str, Any]]:
    """What is on record, without its files."""
    return [
        {"label": row._meta.get_field(name).verbose_name, "value": value_text(row, name)}
        for name in register.fields
        if row._meta.get_field(name).related_model is not Document and not isinstance(getattr(row, name), dict)
    ]


def files_of(register: Register, row: RegisterRow) -> list[tuple[str, Document]]:
    """The row's files with what each is."""
    named = [(name, row._meta.get_field(name)) for name in register.fields]
    return [
        (str(column.verbose_name), getattr(row, name))
        for name, column in named
        if column.related_model is Document and getattr(row, name) is not None
    ]
