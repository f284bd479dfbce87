"""The columns of a register's spreadsheet: what its form asks for, each able to read the texts of a whole column.

A person writes the name of a choice and the number or the name of another row, where the form sends codes. Everything
else is judged by the form's own fields, in the form's own words.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from ..actors import Actor
from ..exports import TRIGGERS
from ..typed import DayField, TextField
from . import REGISTERS, Register
from .forms import RowForm

YES = frozenset({"是", "有", "对", "√", "✓", "y", "yes", "true", "1"})
NO = frozenset({"", "否", "无", "不", "×", "x", "n", "no", "false", "0"})
# A day that every month has.
REAL_DAY = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])")
BETWEEN = re.compile(r"[、,，;；/\n]+")
NAMES = ("name", "title", "number", "code", "staff_number", "asset_number")
MOST_OFFERED = 500
LINES_BEFORE_HEADS = 10
# Columns that our own files carry for the person and that say nothing about a row: where it stood, what is wrong with it.
OURS = (_("行号"), _("原因"), _("状态"))

Reader = Callable[[str], Any]


@dataclass(frozen=True)
class Column:
    """One column: the form's field behind it, and what may stand in it where that can be listed.

    `read` turns a text into the value that the form's field would give. Raises: ValidationError. `quick` does so at once
    for those texts of a column about which there is nothing to ask.
    """

    name: str
    label: str
    required: bool
    hint: str
    example: str
    read: Reader
    offered: tuple[str, ...] = ()
    several: bool = False
    quick: Callable[[set[str]], dict[str, Any]] | None = None

    def read_all(self, texts: Sequence[str]) -> list[Any]:
        """The value of each text, or the sentence why it has none as `Unread`; each different text is read once."""
        different = set(texts)
        known = self.quick(different) if self.quick else {}
        known |= {text: self._read(text) for text in different.difference(known)}
        return [known[text] for text in texts]

    def _read(self, text: str) -> Any:
        try:
            return self.read(text)
        except ValidationError as error:
            return Unread(" ".join(error.messages))


@dataclass(frozen=True)
class Unread:
    """Why a text could not be read."""

    sentence: str


@dataclass
class Heads:
    """Where each column stands in the table. `line`: index of the line with the heads; `problems`: why it cannot be read."""

    line: int = 0
    places: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)


def form_of(register: Register, actor: Actor) -> RowForm:
    """The register's form without anything typed."""
    return (register.form or RowForm)(register=register, actor=actor)


def columns_of(register: Register, form: RowForm) -> list[Column]:
    """What a spreadsheet can say about a row, in the order of the form: everything but files."""
    return [
        _column(name, one, register)
        for name, one in form.fields.items()
        if not isinstance(one, forms.FileField) and not one.widget.is_hidden
    ]


def files_to_add(form: RowForm) -> list[str]:
    """What the form wants uploaded and no spreadsheet can hold: it is added to each row afterwards."""
    return [str(one.label) for one in form.fields.values() if isinstance(one, forms.FileField) and one.required]


def _column(name: str, one: forms.Field, register: Register) -> Column:
    label, hint = plain(str(one.label or name)), str(one.help_text or "")
    common = {"name": name, "label": label, "required": one.required, "hint": hint}
    if isinstance(one, forms.ModelChoiceField):
        rows = Rows(one)
        offered = tuple(rows.shown[:MOST_OFFERED])
        return Column(**common, read=rows.read, offered=offered, example=offered[0] if offered else "")
    if isinstance(one, forms.BooleanField):
        read = partial(_yes_or_no, blank=bool(one.initial))
        return Column(**common | {"required": False}, read=read, offered=(_("是"), _("否")), example=_("是"))
    if isinstance(one, forms.ChoiceField):
        several = isinstance(one, forms.MultipleChoiceField)
        choices = [(str(value), str(title)) for value, title in one.choices if value not in ("", None)]
        offered = tuple(title for _value, title in choices)
        read = _choices(one, choices) if several else _choice(one, choices)
        return Column(**common, read=read, offered=offered, several=several, example=offered[0] if offered else "")
    quick = {TextField: _plain_texts, DayField: _plain_days}.get(type(one))
    return Column(**common, read=one.clean, example=_example(one), quick=quick and partial(quick, one))


def _plain_days(one: DayField, texts: set[str]) -> dict[str, date]:
    """The days among the texts that are written like 2026-03-09, of years that the field takes."""
    if one.validators:
        return {}
    days = {text: date.fromisoformat(text) for text in texts if REAL_DAY.fullmatch(text)}
    return {text: day for text, day in days.items() if one.FIRST_YEAR <= day.year <= one.LAST_YEAR}


def _plain_texts(one: TextField, texts: set[str]) -> dict[str, str]:
    """The texts as the field gives them, when nothing can be said against any letter and none is too long or missing."""
    if one.validators != [one._visible, one._printable, one._short_enough]:
        return {}
    values = {text: text.strip() for text in texts}
    shortest, longest = (choose(map(len, values.values()), default=0) for choose in (min, max))
    if longest > one.max_length or (one.required and not shortest):
        return {}
    letters = "".join(set("".join(values.values())))
    try:
        one._visible(letters)
        one._printable(letters)
    except ValidationError:
        return {}
    return values


def _example(one: forms.Field) -> str:
    if isinstance(one, forms.DateTimeField):
        return "2026-03-09 14:05"
    if isinstance(one, forms.DateField):
        return "2026-03-09"
    if isinstance(one, forms.IntegerField):
        return "3"
    return "0.05" if isinstance(one, forms.DecimalField) else ""


def _yes_or_no(text: str, *, blank: bool) -> bool:
    written = plain(text).casefold()
    if not written:
        return blank
    if written in YES or written in NO:
        return written in YES
    raise ValidationError(_("“%(text)s”看不懂。请填“是”或“否”。") % {"text": text[:30]})


def _choice(one: forms.ChoiceField, choices: list[tuple[str, str]]) -> Reader:
    known = {plain(title).casefold(): value for value, title in choices}

    def read(text: str) -> Any:
        return one.clean(known.get(plain(text).casefold(), text))

    return read


def _choices(one: forms.MultipleChoiceField, choices: list[tuple[str, str]]) -> Reader:
    known = {plain(title).casefold(): value for value, title in choices}

    def read(text: str) -> Any:
        whole = known.get(plain(text).casefold())  # a title may itself hold what stands between titles
        parts = [whole] if whole else [plain(part) for part in BETWEEN.split(text) if part.strip()]
        return one.clean([known.get(part.casefold(), part) for part in parts])

    return read


class Rows:
    """The rows that a field offers, found by what people call them: number, code, name, or as a list shows them."""

    def __init__(self, one: forms.ModelChoiceField) -> None:
        self.field, self.found = one, {}
        self.shown: list[str] = []
        target = one.queryset.model
        self.names = naming(target)
        for row in one.queryset:
            self.shown.append(self.told(row))
            for text in {
                row.ref if hasattr(row, "ref") else "",
                str(row),
                *(str(getattr(row, name)) for name in self.names),
            }:
                if text:
                    self.found.setdefault(plain(text).casefold(), {})[row.pk] = row
            self.found.setdefault(plain(self.shown[-1]).casefold(), {})[row.pk] = row

    def read(self, text: str) -> models.Model | None:
        if not text.strip():
            if self.field.required:
                raise ValidationError(self.field.error_messages["required"])
            return None
        rows = list(self.found.get(plain(text).casefold(), {}).values())
        if not rows:
            raise ValidationError(
                _("没有“%(text)s”这一项。请先登记它，或改成“填写说明”里列出的写法。") % {"text": text[:60]}
            )
        if len(rows) > 1:
            raise ValidationError(
                _("“%(text)s”有 %(count)d 个。请写成其中一个：%(names)s。")
                % {"text": text[:60], "count": len(rows), "names": "、".join(map(self.told, rows[:4]))}
            )
        return rows[0]

    def told(self, row: models.Model) -> str:
        """The row as a person tells it apart: what a list shows, with its number when that is not in there."""
        shown = str(row)
        keys = [str(getattr(row, name)) for name in self.names if name not in ("name", "title")]
        key = next((text for text in keys if text), "")
        return shown if not key or key in shown else f"{shown}（{key}）"


def naming(target: type[models.Model]) -> tuple[str, ...]:
    """The columns by which people find a row: those its own register names, those unique in an institution, names."""
    texts = {one.name for one in target._meta.concrete_fields if isinstance(one, models.CharField)} - {"ref", "state"}
    own = [name for entry in REGISTERS.values() if entry.model is target for name in entry.key]
    unique = [
        name
        for constraint in target._meta.constraints
        if isinstance(constraint, models.UniqueConstraint) and len(set(constraint.fields) - {"institution"}) == 1
        for name in constraint.fields
    ]
    alone = [one.name for one in target._meta.concrete_fields if one.unique and not one.primary_key]
    return tuple(dict.fromkeys(name for name in (*own, *unique, *alone, *NAMES) if name in texts))


# --- heads


def plain(text: str) -> str:
    """The text with full-width letters made narrow and spaces made single, as two people would agree it reads."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def typed(text: str) -> str:
    """The text as it was meant: without the spaces around it, and without the apostrophe that keeps it from being a formula."""
    text = text.strip().strip("\u3000\u00a0\ufeff")
    bare = text[1:] if text.startswith("'") else ""
    return bare if bare.lstrip(" \u3000\u00a0").startswith(TRIGGERS) else text


def _head(text: str) -> str:
    return re.sub(r"[\s*＊]|\((?:必填|选填)\)", "", unicodedata.normalize("NFKC", text)).strip("\ufeff").casefold()


def found_heads(
    columns: Sequence[Column], lines: Sequence[tuple[int, Sequence[str]]], *, key: Iterable[str] = ()
) -> Heads:
    """Where the columns stand: the heads are in the one of the first lines that names the most of them."""
    labels = {_head(column.label): column for column in columns}
    first = lines[:LINES_BEFORE_HEADS]
    matches = [sum(_head(cell) in labels for cell in cells) for _number, cells in first]
    best = max(range(len(first)), key=matches.__getitem__)
    heads = Heads(line=best)
    if not matches[best]:
        heads.problems.append(
            _("没有找到表头。请把“%(labels)s”等列名放在第一行，或下载模板填写。")
            % {"labels": "”“".join(column.label for column in columns[:3])}
        )
        return heads
    for place, cell in enumerate(first[best][1]):
        column = labels.get(_head(cell))
        if column is None:
            if cell.strip() and _head(cell) not in OURS:
                heads.ignored.append("".join(filter(str.isprintable, plain(cell)))[:40])
        elif column.name in heads.places:
            heads.problems.append(_("“%(label)s”有两列。请删去一列，或改名。") % {"label": column.label})
        else:
            heads.places[column.name] = place
    missing = [column.label for column in columns if column.required and column.name not in heads.places]
    by_key = bool(set(key)) and set(key) <= set(heads.places)
    if missing and not by_key:  # with a key, rows that are on record need no more than what changes
        heads.problems.append(_("缺少必填的列：%(labels)s。请补上再导入。") % {"labels": "、".join(missing)})
    if len(lines) == best + 1:
        heads.problems.append(_("表头下面没有内容。请填好再导入。"))
    return heads
