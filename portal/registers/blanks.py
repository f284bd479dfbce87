"""Rows in memory by the thousand: copied from one blank instead of being made from their model's defaults each."""

import contextlib
import gc
from collections.abc import Iterator
from typing import Any

from django.db import models
from django.db.models.base import ModelState

from ..models import RegisterRow

# Defaults that are the same for every row although a function makes them.
EMPTY = (list, dict)
# A column of this kind is what stands in the instance under its name, and nothing else happens when it is said.
PLAIN = models.Field.descriptor_class


class Blank:
    """What a new row of an institution holds before anybody has said anything."""

    def __init__(self, model: type[RegisterRow], institution: models.Model) -> None:
        self.row = model(institution=institution, state="")
        columns = model._meta.concrete_fields
        self.own = [one for one in columns if one.has_default() and callable(one.default) and one.default not in EMPTY]
        self.plain = {one.attname for one in columns if not one.is_relation and type(one).descriptor_class is PLAIN}

    def filled(self, facts: dict[str, Any]) -> RegisterRow:
        """A new row that says these facts. What a function gives to each row, its ref for one, it has for itself."""
        row = twin(self.row)
        for one in self.own:
            setattr(row, one.attname, one.get_default())
        row.__dict__.update({name: value for name, value in facts.items() if name in self.plain})
        return says(row, {name: value for name, value in facts.items() if name not in self.plain and value is not None})


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Inside, nobody looks for garbage: among rows by the thousand that all stay, the search goes through each one often."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def twin(row: RegisterRow) -> RegisterRow:
    """A second instance of the row, with the same parents at hand."""
    other = type(row).__new__(type(row))
    other.__dict__.update(row.__dict__)
    other._state = ModelState()
    other._state.adding, other._state.db = row._state.adding, row._state.db
    other._state.fields_cache = dict(row._state.fields_cache)
    return other


def says(row: RegisterRow, facts: dict[str, Any]) -> RegisterRow:
    """The row, saying the facts from now on."""
    for name, value in facts.items():
        setattr(row, name, value)
    return row
