"""The platform's catalogue of methods: methods.csv, brought into the table.

A day is the one on which a regulation came into force by its own title page or its announcement; a method ends on the
day its successor begins. Where only the year of publication is known, the file states the year: the method then counts
as in force from the next year on, and is marked as not checked, so that whoever adopts it looks it up first.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from django.db import transaction

from .models import Method

FILE = Path(__file__).with_name("methods.csv")


@dataclass
class Loaded:
    """The codes of the methods that are new, that changed, and how many stayed as they were."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    same: int = 0


def rows(file: Path = FILE) -> Iterator[dict[str, Any]]:
    """The fields of one Method after the other, as the file states them; an empty last day is that of the successor.

    Raises: ValueError for a date or a kind that is none, and for a code that stands in the file twice.
    """
    begins: dict[str, tuple[date, bool]] = {}
    with file.open(encoding="utf-8", newline="") as text:
        stated = list(csv.DictReader(text))
    for row in stated:
        if row["code"] in begins:
            raise ValueError(f"{row['code']} stands in {file.name} twice")
        begins[row["code"]] = _begins(row["in_force_from"])
    for row in stated:
        first, checked = begins[row["code"]]
        until, successor = row["in_force_until"], row["replaced_by"]
        last = date.fromisoformat(until) if until else begins[successor][0] if successor in begins else None
        yield row | {
            "kind": Method.Kind(row["kind"]), "in_force_from": first, "in_force_until": last, "note": row.get("note") or "",
            "status_checked": checked,
        }  # fmt: skip


def _begins(text: str) -> tuple[date, bool]:
    """The first day in force, and whether it is known: of a bare year, the first of January that follows it."""
    if len(text) == len("2015"):
        return date(int(text) + 1, 1, 1), False
    return date.fromisoformat(text), True


@transaction.atomic
def load(file: Path = FILE) -> Loaded:
    """The table says what the file says; methods that the file does not name stay as they are. Twice is harmless.

    Outside of any institution's scope: inside one nobody writes the catalogue.
    """
    known = {method.code: method for method in Method.objects.filter(owner=None).select_for_update()}
    loaded = Loaded()
    for stated in rows(file):
        method = known.get(stated["code"])
        if method is None:
            Method.objects.create(**stated)
            loaded.added.append(stated["code"])
        elif any(getattr(method, name) != value for name, value in stated.items()):
            for name, value in stated.items():
                setattr(method, name, value)
            method.save()
            loaded.changed.append(method.code)
        else:
            loaded.same += 1
    return loaded
