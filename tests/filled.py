"""One row of every register, filled in by looking at its columns: for tests that must meet every table."""

from datetime import date
from decimal import Decimal

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import models

from institutions.models import DocumentRead, Employment, Method, Person, Site
from portal import documents
from portal.models import Document, RegisterRow
from portal.permissions import Role
from portal.registers import REGISTERS
from portal.tenancy import tenant
from tests import make

AT = make.NOON


# Values without which a row of the table breaks one of its rules.
PARTICULARS = {"Label": {"word": "stopped"}}


def one_of_each(lab, text="样"):
    """A row in every register of the institution, in every table of equipment and of pledges, and a reading of a document.

    Returns: rows by name of the register.
    """
    found = {
        name: _first(register.model, lab) or row(register.model, lab, text) for name, register in REGISTERS.items()
    }
    for model in (model for app in ("equipment", "commitments") for model in apps.get_app_config(app).get_models()):
        if _is_owned(model) and _first(model, lab) is None:
            row(model, lab, text, **PARTICULARS.get(model.__name__, {}))
    if "documents" in found:
        with tenant(lab.pk):
            DocumentRead.objects.create(
                institution=lab, document=found["documents"], employment=_parent(Employment, lab, text)
            )
    return found


def _first(model, lab):
    with tenant(lab.pk):
        return model.objects.filter(institution=lab).first()


def row(model, lab, text="样", **values):
    """A row with every column filled that must not be empty; its parents are made where there are none."""
    for column in model._meta.concrete_fields:
        given = column.has_default() or column.has_db_default() or column.generated
        needed = not (column.null or column.blank or given)
        if column.name not in values and (needed or column.name == "file") and column.name not in ("id", "institution"):
            values[column.name] = _value(column, lab, text)
    with tenant(lab.pk):
        return model.objects.create(institution=lab, **values)


def _value(column, lab, text):
    if column.is_relation:
        return _parent(column.remote_field.model, lab, text)
    if column.choices:
        return column.choices[0][0]
    if isinstance(column, models.DateTimeField):
        return AT
    if isinstance(column, models.DateField):
        return date(2026, 3, 1)
    if isinstance(column, ArrayField):
        return [_value(column.base_field, lab, text)]
    if isinstance(column, models.DecimalField):
        return Decimal(1)
    if isinstance(column, models.IntegerField):
        return 2025
    return text[: column.max_length or 40]


def _parent(model, lab, text):
    with tenant(lab.pk):
        if model is Document:
            uploader = make.actor(lab, Role.ADMINISTRATOR)
            return documents.upload(SimpleUploadedFile(f"{text}.pdf", b"%PDF-1.7"), actor=uploader, at=AT)
        if model is Person:
            return Person.objects.create()
        if model is Method:
            return make.method()
        known = model.objects.filter(institution=lab).first() if _is_owned(model) else model.objects.first()
    if known:
        return known
    if model is Employment:
        return make.employment(lab)
    if model is Site:
        return make.site(lab)
    return row(model, lab, text)


def _is_owned(model):
    return issubclass(model, RegisterRow) or any(field.name == "institution" for field in model._meta.local_fields)
