"""What a table leaves out because it is the same in all its lines: asked once on the page, written into its blank cells.

An accreditor's annex names neither the site nor the certificate that it belongs to; for one of two sites somebody must say.
"""

from collections.abc import Mapping
from typing import Any

from ..actors import Actor
from ..inspection.tables import Table
from . import Register
from .columns import Rows, columns_of, form_of, found_heads
from .forms import RowForm

PREFIX = "given-"


def questions(register: Register, form: RowForm, data: Mapping[str, str]) -> list[dict[str, Any]]:
    """What the page asks, with its choices and what was chosen; not what the form knows without asking."""
    asked = []
    for name in register.ask_once:
        one = form.fields[name]
        if one.required:
            choices = [(row.ref, Rows(one).told(row)) for row in one.queryset]
            value = data.get(PREFIX + name, "")
            asked.append({"name": PREFIX + name, "label": one.label, "choices": choices, "value": value})
    return asked


def answers(register: Register, actor: Actor, data: Mapping[str, str]) -> dict[str, str]:
    """What was chosen, by field, as a person would write it into a cell; of what is not offered, nothing."""
    found = {}
    for asked in questions(register, form_of(register, actor), data):
        if told := dict(asked["choices"]).get(asked["value"]):
            found[asked["name"].removeprefix(PREFIX)] = told
    return found


def filled(register: Register, table: Table, texts: Mapping[str, str], *, actor: Actor) -> Table:
    """The table with the texts in the blank cells of their columns; a column that it lacks is put at its end."""
    columns = columns_of(register, form_of(register, actor))
    heads = found_heads(columns, table.lines, key=register.key)
    if not texts or not heads.places:
        return table
    labels = {column.name: column.label for column in columns}
    lines = [(number, list(cells)) for number, cells in table.lines]
    width = max(len(cells) for _number, cells in lines)
    for name, text in texts.items():
        place = heads.places.get(name)
        if place is None:
            place, width = width, width + 1
        for index, (_number, cells) in enumerate(lines[heads.line :]):
            cells += [""] * (place + 1 - len(cells))
            cells[place] = cells[place] if cells[place].strip() else labels[name] if index == 0 else text
    return Table(lines, table.spoilt)
