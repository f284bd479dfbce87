"""The form of a register's row, made from the columns of its model with the portal's own fields."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .. import documents
from ..actors import Actor
from ..models import Document, RegisterRow
from ..typed import ChoiceField, DayField, DecimalTextField, MomentField, RowField, TextField, WholeNumberField
from . import Register

LONG = 150  # characters from which on a text gets a box instead of a line


class EvidenceField(forms.FileField):
    """A file as evidence. `kept`: the document the row has already; choosing none keeps it."""

    def __init__(self, *, kept: Document | None = None, **kwargs: Any) -> None:
        super().__init__(allow_empty_file=True, **kwargs)
        self.kept = kept
        self.widget.attrs |= {"accept": ",".join(documents.EVIDENCE.suffixes)}

    def clean(self, data: Any, initial: Any = None) -> Any:
        """The chosen file, or the kept one. What is wrong with a file by its outside is said with the other mistakes."""
        chosen = super().clean(data)  # without `initial`, which is a reference and would come back as the value
        if not chosen:
            return self.kept
        if sentences := documents.against(chosen):
            raise ValidationError(sentences)
        return chosen


class RowForm(forms.Form):
    """What a person types about one row. Validates how it is written; the register's gates judge whether it may be.

    Subclasses change `self.fields` after `super().__init__`, and check several fields together in `clean`.
    """

    revision = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=1)

    def __init__(
        self, *args: Any, register: Register, actor: Actor, row: RegisterRow | None = None, **kwargs: Any
    ) -> None:
        self.register, self.actor, self.row = register, actor, row
        if row is not None:
            kwargs["initial"] = values_of(register, row) | {"revision": row.revision} | kwargs.get("initial", {})
        super().__init__(*args, **kwargs)
        for name in register.fields:
            self.fields[name] = field_for(register.model._meta.get_field(name), actor=actor, row=row)

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        first, last = values.get("valid_from"), values.get("valid_until")
        if first and last and last < first:
            self.add_error(
                "valid_until", _("有效期至 %(last)s 早于有效期自 %(first)s。") % {"first": first, "last": last}
            )
        return values

    def ask_for_files_again(self) -> None:
        """Each file that was chosen is asked for once more: no page can hold a choice of files."""
        for name, file in self.files.items():
            if name in self.fields and name not in self.errors:
                told = {"name": documents.clean_name(file.name or "")}
                self.add_error(name, _("请再选一次“%(name)s”：页面重新打开后，浏览器不保留选过的文件。") % told)

    def facts(self) -> dict[str, Any]:
        """What the verbs take as `values`."""
        return {name: self.cleaned_data[name] for name in self.register.fields if name in self.cleaned_data}


def values_of(register: Register, row: RegisterRow) -> dict[str, Any]:
    """The row's values as the form shows them."""
    return {name: _shown(row, register.model._meta.get_field(name)) for name in register.fields}


def _shown(row: RegisterRow, column: Any) -> Any:
    value = getattr(row, column.name)
    if isinstance(column, models.ForeignKey):
        return getattr(value, "ref", value and value.pk)
    if isinstance(value, datetime):
        return f"{timezone.localtime(value):%Y-%m-%dT%H:%M}"
    if isinstance(value, bool) or not isinstance(column, models.DecimalField):
        return value
    return "" if value is None else f"{value.normalize():f}"


def field_for(column: Any, *, actor: Actor, row: RegisterRow | None = None) -> forms.Field:
    """The form's field for a column of the model: label, hint and whether it must be filled are the column's own."""
    common = {
        "label": column.verbose_name,
        "help_text": column.help_text,
        "required": not column.blank,
    }
    if isinstance(column, models.ForeignKey):
        return _relation(column, common, actor, row)
    if isinstance(column, ArrayField):
        return forms.MultipleChoiceField(
            choices=column.base_field.choices, widget=forms.CheckboxSelectMultiple, **common
        )
    if column.choices:
        blank = gettext_lazy("请选择") if common["required"] else gettext_lazy("未填")
        return ChoiceField(choices=[("", blank), *column.choices], **common)
    if isinstance(column, models.BooleanField):
        return forms.BooleanField(**common | {"required": False, "initial": column.default is True})
    if isinstance(column, models.DateTimeField):
        return MomentField(**common)
    if isinstance(column, models.DateField):
        return DayField(**common)
    if isinstance(column, models.DecimalField):
        return DecimalTextField(max_digits=column.max_digits, decimal_places=column.decimal_places, **common)
    if isinstance(column, models.IntegerField):
        return WholeNumberField(**common)
    if isinstance(column, models.TextField) or (column.max_length or 0) > LONG:
        return TextField(max_length=column.max_length or 4000, widget=forms.Textarea(attrs={"rows": 3}), **common)
    return TextField(max_length=column.max_length, **common)


def _relation(column: Any, common: dict[str, Any], actor: Actor, row: RegisterRow | None) -> forms.Field:
    target = column.remote_field.model
    if target is Document:
        kept = getattr(row, column.name) if row is not None else None
        hint = common["help_text"] or _("%(kinds)s，最大 %(most)d MB") % {
            "kinds": documents.EVIDENCE.titles, "most": documents.EVIDENCE.largest // 1024 // 1024,
        }  # fmt: skip
        if kept is not None:
            hint = _("现有 %(name)s；不选新文件就保留它") % {"name": kept.name}
        errors = {"required": gettext_lazy("请上传文件。")}
        return EvidenceField(kept=kept, error_messages=errors,
                             **common | {"help_text": hint, "required": common["required"] and kept is None})  # fmt: skip
    rows = target._default_manager.visible_to(actor)
    if issubclass(target, RegisterRow):
        keep = models.Q(pk=getattr(row, column.attname)) if row is not None else models.Q()
        rows = rows.filter(~models.Q(state=RegisterRow.State.WITHDRAWN) | keep)
    return RowField(queryset=rows.order_by(*_named_by(target), "pk"), **common)


def _named_by(target: type) -> tuple[str, ...]:
    """The column by which people find a row in a list."""
    known = {column.name for column in target._meta.fields}
    return tuple(name for name in ("name", "title", "number") if name in known)[:1]


def differences(form: RowForm, row: RegisterRow) -> list[dict[str, str]]:
    """Where what was typed differs from what is stored now, in words: for whoever came second."""
    stored, found = values_of(form.register, row), []
    for name in form.register.fields:
        bound = form[name]
        typed = bound.value()
        if isinstance(bound.field, EvidenceField):
            continue
        if isinstance(bound.field, RowField):  # what was typed may be the row's number
            typed = getattr(form.cleaned_data.get(name), "ref", typed)
        if str(typed if typed is not None else "") != str(stored[name] if stored[name] is not None else ""):
            found.append({"label": bound.label, "stored": _worded(bound, stored[name]), "typed": _worded(bound, typed)})
    return found


def _worded(bound: forms.BoundField, value: Any) -> str:
    """The value as a reader knows it: the name of a choice or of a row."""
    if isinstance(bound.field, RowField):
        row = bound.field.queryset.filter(ref=str(value or "")).first()
        return str(row or "")
    choices = dict(getattr(bound.field, "choices", ()) or ())
    if isinstance(value, list | tuple):
        return "、".join(str(choices.get(one, one)) for one in value)
    if isinstance(value, bool):
        return _("是") if value else _("否")
    return str(choices.get(value, value) if value is not None else "")


def refused_onto(form: RowForm, refusals: Any) -> None:
    """Every refusal is said above the form; the form keeps what was typed."""
    for refusal in refusals:
        form.add_error(None, ValidationError(refusal.text))
