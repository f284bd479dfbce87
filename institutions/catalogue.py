"""The platform's catalogue of methods: methods.csv, brought into the table.

The days are those on which a regulation came into force by its own title page or its announcement; a method ends on
the day its successor begins.
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
    """The fields of one Method after the other, as the file states them; an empty date is None.

    Raises: ValueError for a date or a kind that is none, and for a code that stands in the file twice.
    """
    seen = set()
    with file.open(encoding="utf-8", newline="") as text:
        for row in csv.DictReader(text):
            if row["code"] in seen:
                raise ValueError(f"{row['code']} stands in {file.name} twice")
            seen.add(row["code"])
            until = row["in_force_until"]
            yield row | {
                "kind": Method.Kind(row["kind"]),
                "in_force_from": date.fromisoformat(row["in_force_from"]),
                "in_force_until": date.fromisoformat(until) if until else None,
            }


@transaction.atomic
def load(file: Path = FILE) -> Loaded:
    """The table says what the file says; methods that the file does not name stay as they are. Twice is harmless."""
    known = {method.code: method for method in Method.objects.select_for_update()}
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
