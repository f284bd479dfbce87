"""Choosing a row of a table that may be long: by typing its own number, with suggestions where a script runs.

    pickable(Equipment, key="asset_number", fields=("asset_number", "name", "serial_number"), letters="name")

A field of such a table is a plain list while there are few rows, and a box to type into beyond MOST of them. The box takes
what a suggestion writes into it, the row's own number alone, or a name that only one row has.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.utils.html import format_html
from django.utils.translation import gettext as _

from . import searching
from .finding import Wanted

MOST = 200  # rows of a plain list: a page of them is read and sent as quickly as any other
SUGGESTED = 12
LONGEST = 160


@dataclass(frozen=True)
class Kind:
    """A table whose rows are picked. `key`: the column that no two rows of an institution share; `fields`: searched."""

    model: type[Model]
    key: str
    fields: tuple[str, ...]
    letters: str
    note: Callable[[Any], str]

    @property
    def name(self) -> str:
        """What an address calls it."""
        return self.model._meta.model_name

    def shown(self, row: Any) -> str:
        """The row as the box holds it: what a list shows, with its own number."""
        told, key = " ".join(str(row).split()), getattr(row, self.key)
        return told if not key or key in told.split() or told.endswith(key) else f"{told} {key}"

    def is_long(self, rows: QuerySet) -> bool:
        """Whether there are more rows than a list can offer. One query."""
        return rows.order_by().values("pk")[: MOST + 1].count() > MOST

    def read(self, rows: QuerySet, text: str) -> Model:
        """The one of the rows that was typed. At most two queries. Raises: ValidationError with what to type instead."""
        text = " ".join(text.replace("\x00", "").split())[:LONGEST]
        words = text.split()
        ends = [" ".join(words[place:]) for place in range(len(words))]
        ends += [end.rstrip("）)").rpartition("（")[2].rpartition("(")[2] for end in ends[-1:]]
        numbered = list(rows.filter(Q(**{f"{self.key}__in": ends}))[: len(ends) + 1])
        exact = [row for row in numbered if text in (getattr(row, self.key), self.shown(row), str(row))]
        if exact:
            return exact[0]
        named = list(rows.filter(**{self.letters: text}).order_by(self.key)[:3]) if self.letters and text else []
        if len(named) == 1:
            return named[0]
        if named:
            told = _("、").join(self.shown(row) for row in named[:2])
            raise ValidationError(
                _("叫“%(text)s”的不止一个。请键入编号，例如：%(told)s。") % {"text": text[:40], "told": told},
                code="invalid_choice",
            )
        raise ValidationError(
            _("没有找到“%(text)s”，或它不能选在这里。请键入编号或名称的一部分，从列出的里选一个。")
            % {"text": text[:40]},
            code="invalid_choice",
        )

    def suggested(self, rows: QuerySet, text: str) -> list[dict[str, str]]:
        """What fits the text, as the box lists it; a number that begins with it first."""
        wanted = Wanted.typed(text, SUGGESTED)
        if wanted.too_short:
            return []
        found = list(wanted.among(rows, *self.fields, letters=self.letters).order_by(self.key)[:SUGGESTED])
        found.sort(key=lambda row: not str(getattr(row, self.key)).lower().startswith(wanted.text.lower()))
        return [{"value": self.shown(row), "note": self.note(row)} for row in found]


KINDS: dict[str, Kind] = {}


def pickable(
    model: type[Model], *, key: str, fields: Sequence[str], letters: str = "", note: Callable[[Any], str] | None = None
) -> None:
    """Rows of this table are picked by typing from now on, wherever a form offers more than MOST of them.

    letters: the column that is also found by pinyin initials, and by which a row may be named; note: what tells rows apart.
    """
    kind = Kind(model, key, tuple(fields), letters, note or (lambda row: ""))
    KINDS[kind.name] = kind


def kind_of(model: type[Model]) -> Kind | None:
    """How rows of this table are picked; None when they never are."""
    known = KINDS.get(model._meta.model_name)
    return known if known is not None and known.model is model else None


class RowSelect(forms.Select):
    """A list of the offered rows, or a box to type into when there are too many of them.

    first: the first rows of the table and one more than a list holds, where another field of the page has asked for them.
    """

    first: QuerySet | None = None

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> str:
        queryset = getattr(self.choices, "queryset", None)
        kind = None if queryset is None else kind_of(queryset.model)
        if kind is None:
            return super().render(name, value, attrs, renderer)
        # Sorting a long table for a list that is not shown would take longer than the page.
        if searching.is_for(queryset.model) and kind.is_long(queryset):
            return self._box(kind, queryset, name, value, attrs)
        rows = list(queryset.all()[: MOST + 1] if self.first is None else self.first)
        if len(rows) > MOST:
            return self._box(kind, queryset, name, value, attrs)
        offered, empty = self.choices, [("", self.choices.field.empty_label)]
        self.choices = [*(empty if offered.field.empty_label is not None else []), *map(offered.choice, rows)]
        try:
            return super().render(name, value, attrs, renderer)
        finally:
            self.choices = offered

    def _box(self, kind: Kind, rows: QuerySet, name: str, value: Any, attrs: dict[str, Any] | None) -> str:
        given = self.build_attrs(self.attrs, attrs)
        place = given.get("id", f"id_{name}")
        more = {key: given[key] for key in ("aria-describedby", "aria-invalid", "required") if given.get(key)}
        attributes = forms.utils.flatatt({key: True if found is True else str(found) for key, found in more.items()})
        return format_html(
            '<div class="pick" data-pick="{}"><input type="text" class="input" name="{}" id="{}" value="{}" '
            'maxlength="{}" autocomplete="off" spellcheck="false" placeholder="{}"{}>'
            '<ul id="{}-list" hidden></ul><p class="pick-said" role="status"></p></div>',
            kind.name, name, place, written(kind, rows, value), LONGEST, _("键入编号或名称"), attributes, place,
        )  # fmt: skip


def asked_once(fields: Iterable[forms.Field]) -> None:
    """Those of the fields that offer the same rows ask for them once: forms of one page."""
    known: dict[str, QuerySet] = {}
    for one in fields:
        if isinstance(one.widget, RowSelect):
            rows = one.queryset
            one.widget.first = known.setdefault(str(rows.query), rows[: MOST + 1])


def written(kind: Kind, rows: QuerySet, value: Any) -> str:
    """What stands in the box: the row that the value refers to, else the text as it was typed."""
    text = str(value or "").replace("\x00", "")
    row = rows.filter(ref=text).first() if text else None
    return kind.shown(row) if row is not None else text
