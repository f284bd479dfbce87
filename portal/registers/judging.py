"""The rows of a spreadsheet judged without writing anything: which are new, which change a row, which are wrong, and why.

A row is judged by the register's form, by its gates, by its model, by rows above it in the same file and by what is on
record already. Everything that can be asked for a whole column is asked once. The same judgement is made for the preview
and again under locks when the rows are written. Source: E8.42.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.db import models, transaction
from django.forms.utils import ErrorDict
from django.utils.translation import gettext as _

from .. import audit
from ..actors import Actor
from ..inspection.tables import WHOLE_LINE, Table
from ..models import RegisterRow
from . import Register, bulk
from .blanks import Blank, says, twin, uncollected
from .columns import Column, Heads, Unread, columns_of, form_of, found_heads, typed
from .forms import RowForm
from .judged import Flaw, Judged, Plan

MOST_REASONS = 5  # of one row


def tried(register: Register, table: Table, *, actor: Actor, at: datetime) -> Judged:
    """What writing the table would do, as the database itself answers: it is written, and nothing of it stays."""
    judged = judge(register, table, actor=actor, at=at)
    point = transaction.savepoint()
    against = bulk.settle(register, judged.plans, actor=actor, at=at)
    transaction.savepoint_rollback(point)
    judged.refuse(against)
    return judged


def head_problems(register: Register, table: Table, actor: Actor) -> list[str]:
    """Why the table as a whole cannot be read, or nothing."""
    return found_heads(columns_of(register, form_of(register, actor)), table.lines, key=register.key).problems


def judge(register: Register, table: Table, *, actor: Actor, at: datetime, locked: bool = False) -> Judged:
    """What the rules say about every line. `locked`: rows that it would change stay as they are until the commit.

    Needs the institution's scope. Nothing is written; that rows of the file can stand beside each other is not asked.
    """
    form = form_of(register, actor)
    columns = columns_of(register, form)
    heads = found_heads(columns, table.lines, key=register.key)
    if heads.problems:
        return Judged(problems=heads.problems, ignored=heads.ignored)
    lines = table.lines[heads.line + 1 :]
    judged = Judged(ignored=heads.ignored, lines=len(lines), heads=table.lines[heads.line][1])
    one = _Judgement(register, form, columns, heads, actor, at, judged)
    with uncollected():
        one.judge(lines, {(line, place): sentence for line, place, sentence in table.spoilt}, locked=locked)
    judged.flaws.sort(key=lambda flaw: flaw.line)
    judged.planned = {str(plan.line): 0 if plan.is_new else plan.row.revision for plan in judged.plans}
    return judged


def laid_out(register: Register, table: Table) -> Table:
    """The table in the register's own columns. A register's reader knows a foreign layout; any other stays as it is."""
    ours = register.reader(table) if register.reader is not None else None
    return table if ours is None else ours


class _Judgement:
    """One table on its way through the rules."""

    def __init__(
        self, register: Register, form: RowForm, columns: list[Column], heads: Heads, actor: Actor, at: datetime,
        judged: Judged,
    ) -> None:  # fmt: skip
        self.register, self.form, self.actor, self.at, self.judged = register, form, actor, at, judged
        self.columns = [column for column in columns if column.name in heads.places]
        self.all_columns = columns
        self.absent = [column for column in columns if column.name not in heads.places]
        self.places = heads.places
        self.labels = {column.name: column.label for column in columns}
        own = register.model._meta.concrete_fields
        self.model_fields = {one.name: one for one in own if not one.is_relation}  # those the database checks
        self.stored_names = {one.name for one in own}
        self.empty = {column.name: column.read_all([""])[0] for column in self.absent}
        self.hooks = {one.name: hook for one in columns if (hook := getattr(form, f"clean_{one.name}", None))}
        self.checked: dict[tuple[str, Any], str] = {}
        self.blanks = {
            column.name: blank
            for column in self.columns
            if type(blank := column.read_all([""])[0]) is not Unread
            and (one := self.model_fields.get(column.name)) is not None
            and not self._field_says(one, blank)
        }
        # Without rules of its own the form makes of the values what they are.
        own_rules = type(form).clean is not RowForm.clean or type(form).facts is not RowForm.facts or self.hooks
        self.by_itself = not own_rules and not {"valid_from", "valid_until"} <= set(form.fields)
        self.said = [name for name in register.fields if name in heads.places]
        self.unsure = [name for name in self.said if name in self.model_fields and name not in self.blanks]
        institutions = register.model._meta.get_field("institution").related_model.objects
        self.blank = Blank(register.model, institutions.get(pk=actor.institution_id))
        own_clean = register.model.clean is not models.Model.clean
        self.clean_row: Callable[[RegisterRow], Iterable[tuple[str, str]]] = _cleaned if own_clean else lambda row: ()

    def judge(
        self, lines: Sequence[tuple[int, Sequence[str]]], spoilt: dict[tuple[int, int], str], *, locked: bool
    ) -> None:
        numbers = [number for number, _cells in lines]
        texts = {column.name: self._texts(column, lines) for column in self.columns}
        values = {
            column.name: self._checked(column.name, column.read_all(texts[column.name])) for column in self.columns
        }
        known = self._known(values, locked=locked)
        unread = {at for found in values.values() for at, value in enumerate(found) if type(value) is Unread}
        unreadable = {line for line, _place in spoilt}
        names = [column.name for column in self.columns]
        rows = zip(numbers, zip(*texts.values(), strict=True), zip(*values.values(), strict=True), strict=True)
        for position, (number, cells, found) in enumerate(rows):
            typed_here = dict(zip(names, found, strict=True))
            if position in unread or number in unreadable:
                flaws = list(self._unread(number, cells, typed_here, spoilt))
                self.judged.flaws += flaws[:MOST_REASONS]
                if flaws:
                    continue
            self._row(number, cells, typed_here, known)
        self._twice()
        self._broken()

    def _texts(self, column: Column, lines: Sequence[tuple[int, Sequence[str]]]) -> list[str]:
        place = self.places[column.name]
        texts = [cells[place] if place < len(cells) else "" for _number, cells in lines]
        meant = {text: typed(text) for text in set(texts)}
        return [meant[text] for text in texts]

    def _unread(
        self, number: int, cells: tuple[str, ...], values: dict[str, Any], spoilt: dict[tuple[int, int], str]
    ) -> Iterator[Flaw]:
        if spoilt and (sentence := spoilt.get((number, WHOLE_LINE))):
            yield Flaw(number, "", "", sentence)
        for column, text in zip(self.columns, cells, strict=True):
            if spoilt and (sentence := spoilt.get((number, self.places[column.name]))):
                yield Flaw(number, column.label, text, sentence)
            elif isinstance(value := values[column.name], Unread):
                yield Flaw(number, column.label, text, value.sentence)

    # --- one row

    def _row(
        self, number: int, cells: tuple[str, ...], values: dict[str, Any], known: dict[Hashable, RegisterRow]
    ) -> None:
        named = known.get(self._key(values), []) if self.register.key else []
        stored = named[0] if named else None
        flaws = list(self._unclear(number, named))
        if not flaws:
            facts, flaws = self._facts(number, values, stored)
        if not flaws:
            row = self._with(facts, stored)
            flaws = [Flaw(number, column, "", sentence) for column, sentence in self._against(row, facts, values)]
        if flaws:
            self.judged.flaws += flaws[:MOST_REASONS]
            return
        if stored is None:
            row.state = self.register.born
        before = {} if stored is None else audit.snapshot(stored)
        plan = Plan(number, row, before, cells)
        if stored is not None and not plan.changes():
            self.judged.same.append(number)
            return
        if stored is not None:
            row.revision += 1
        self.judged.plans.append(plan)

    def _unclear(self, number: int, named: Sequence[RegisterRow]) -> Iterator[Flaw]:
        """A new row needs every required column, one that is on record only what changes; and it is one row."""
        if len(named) > 1:
            label = "、".join(self.labels[name] for name in self.register.key)
            yield Flaw(
                number, label, "", _("已登记的有 %(n)d 条都是这个%(label)s，分不清要更正哪一条。请到台账里逐条更正。")
                % {"n": len(named), "label": label},
            )  # fmt: skip
        for column in self.absent:
            if column.required and not named:
                yield Flaw(
                    number, column.label, "", _("这一行还没有登记过，而表里没有这一列。请补上这一列，或核对编号。")
                )

    def _facts(
        self, number: int, values: dict[str, Any], stored: RegisterRow | None
    ) -> tuple[dict[str, Any], list[Flaw]]:
        """What the form makes of the values, its rules about several fields included."""
        if stored is None and self.by_itself:
            return {name: values[name] for name in self.said}, []
        form = self.form
        absent = {
            name: getattr(stored, name, value) if stored is not None else value for name, value in self.empty.items()
        }
        form.cleaned_data, form._errors, form.row = {**absent, **values}, ErrorDict(), stored
        for name, hook in self.hooks.items():
            try:
                form.cleaned_data[name] = hook()
            except ValidationError as error:
                form.add_error(name, error)
        try:
            form.cleaned_data = form.clean() or form.cleaned_data
        except ValidationError as error:
            form.add_error(None, error)
        if form._errors:
            flaws = [
                Flaw(number, self.labels.get(name, ""), "", str(sentence))
                for name, sentences in form._errors.items()
                for sentence in sentences
            ]
            return {}, flaws
        facts = form.facts()
        if stored is None:
            return {name: value for name, value in facts.items() if name not in self.empty}, []
        # What a form of its own makes of what the table does not say is not said by the table either.
        form.cleaned_data = {column.name: getattr(stored, column.name, None) for column in self.all_columns}
        before = form.facts()
        return {name: value for name, value in facts.items() if name in values or value != before.get(name)}, []

    def _with(self, facts: dict[str, Any], stored: RegisterRow | None) -> RegisterRow:
        if stored is None:
            return self.blank.filled(facts)
        # What is equal stays as it is stored: 2 is no change of 2.0.
        return says(twin(stored), {name: value for name, value in facts.items() if value != getattr(stored, name)})

    def _against(self, row: RegisterRow, facts: dict[str, Any], values: dict[str, Any]) -> Iterator[tuple[str, str]]:
        """Column and sentence of all that the model and the register's gates have against the row.

        `values`: what was read, of which the model has been asked by `_checked`; what the form made of it is asked about here.
        """
        for name in facts if row.pk or not self.by_itself else self.unsure:
            value = facts[name]
            asked = value is values.get(name, facts)
            if asked and (value is self.blanks.get(name, facts) or value not in ("", None)):
                continue
            if (column := self.model_fields.get(name)) is None:
                continue
            if sentence := self._field_says(column, value):
                yield str(column.verbose_name), sentence
        yield from self.clean_row(row)
        for gate in self.register.gates:
            for refusal in gate(row, self.actor, self.at):
                yield "", refusal.text

    def _checked(self, name: str, values: list[Any]) -> list[Any]:
        """The values of a column, those that the model has something against as Unread."""
        column = self.model_fields.get(name)
        if column is None or isinstance(column, models.JSONField | ArrayField):
            return values
        # What was left blank the form may still fill in.
        different = {one for one in set(values) - {"", None} if type(one) is not Unread}
        if _fits(column, different):
            return values
        said = {one: self._field_says(column, one) for one in different}
        if not any(said.values()):
            return values
        return [Unread(said[value]) if said.get(value) else value for value in values]

    def _field_says(self, column: models.Field, value: Any) -> str:
        """What the model's column has against the value, or ""; each different value is asked about once."""
        if column.null and value is None:
            return ""
        known = column.name, value if not isinstance(value, list | dict) else repr(value)
        if known not in self.checked:
            try:
                column.clean(value, None)
                self.checked[known] = ""
            except ValidationError as error:
                self.checked[known] = " ".join(error.messages)
        return self.checked[known]

    # --- rows beside each other

    def _key(self, values: dict[str, Any]) -> Hashable:
        parts = (values.get(name) for name in self.register.key)
        return tuple(part.pk if isinstance(part, models.Model) else part for part in parts)

    def _known(self, values: dict[str, list[Any]], *, locked: bool) -> dict[Hashable, list[RegisterRow]]:
        """The rows on record that the file names by the register's key."""
        key, model = self.register.key, self.register.model
        if not key or not set(key) <= set(values):
            return {}
        wanted = {value for value in values[key[0]] if not isinstance(value, Unread)}
        rows = model.objects.visible_to(self.actor).filter(
            bulk.said_in(model, key[0], wanted), state__in=self.register.live
        )
        if locked:
            rows = rows.select_for_update(of=("self",))
        attributes = [model._meta.get_field(name).attname for name in key]
        known: dict[Hashable, list[RegisterRow]] = {}
        for row in rows.select_related(*self.register.relations):
            known.setdefault(tuple(getattr(row, name) for name in attributes), []).append(row)
        return known

    def _twice(self) -> None:
        """Lines that say the same as a line above, or as a row on record, are flaws or change nothing."""
        self.judged.refuse(_same_in_file(self.judged.plans, self.register, self.labels))
        for rule in bulk.unique_rules(self.register.model):
            self.judged.refuse(rule.taken(self.judged.plans, self.actor))
        if not self.register.key:
            names = [column.name for column in self.columns if column.name in self.stored_names]
            recorded = bulk.recorded(self.register, names, self.actor)
            found = {plan.line for plan in self.judged.plans if bulk.told(plan.row, names) in recorded}
            self.judged.same += sorted(found)
            self.judged.plans = [plan for plan in self.judged.plans if plan.line not in found]

    def _broken(self) -> None:
        self.judged.refuse(bulk.broken_checks(self.judged.plans))


def _fits(column: models.Field, values: set[Any]) -> bool:
    """Whether the column takes all of the values, as far as that can be seen of all at once: texts by their length, days."""
    if column.choices or any(type(one) is not MaxLengthValidator for one in column.validators):
        return False
    kinds = set(map(type, values))
    if type(column) is models.DateField:
        return kinds <= {date}
    texts = type(column) in (models.CharField, models.TextField) and kinds == {str}
    return texts and (column.max_length is None or max(map(len, values)) <= column.max_length)


def _cleaned(row: RegisterRow) -> Iterator[tuple[str, str]]:
    """What the model says about the row as a whole."""
    try:
        row.clean()
    except ValidationError as error:
        fields = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
        for name, sentences in fields.items():
            column = str(row._meta.get_field(name).verbose_name) if name and name != "__all__" else ""
            yield from ((column, sentence) for sentence in sentences)


def _same_in_file(plans: Sequence[Plan], register: Register, labels: dict[str, str]) -> Iterator[tuple[Plan, str, str]]:
    """Lines that name the same row, or, where rows have no number of their own, say the same word for word."""
    seen: dict[Hashable, int] = {}
    attributes = [register.model._meta.get_field(name).attname for name in register.key]
    for plan in plans:
        says = tuple(getattr(plan.row, name) for name in attributes) if attributes else plan.cells
        first = seen.setdefault(says, plan.line)
        if first == plan.line:
            continue
        if attributes:
            label = labels.get(register.key[0], "")
            yield plan, label, _("与第 %(line)d 行是同一个%(label)s。请只留一行。") % {"line": first, "label": label}
        else:
            yield plan, "", _("与第 %(line)d 行完全相同。请删去一行。") % {"line": first}
