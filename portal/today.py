"""The first page of the day: apps register panels, everybody sees those of their roles.

    @panel(order=10, permission=Permission.EQUIPMENT_MANAGE)
    def due_dates(actor, institution, day):
        return Panel("equipment/_due.html", {"rows": rows})

A panel's template finds the names of its context plus `actor` and `institution`; it draws one section.card.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from .actors import Actor
from .permissions import Permission


@dataclass(frozen=True)
class Panel:
    """A piece of the today page; `side` puts it into the narrow column."""

    template: str
    context: dict[str, Any]
    side: bool = False


Builder = Callable[[Actor, Any, date], Panel | None]


@dataclass(frozen=True)
class Registered:
    order: int
    permission: Permission | None
    build: Builder


PANELS: dict[str, Registered] = {}


def panel(*, order: int, permission: Permission | None = None) -> Callable[[Builder], Builder]:
    """The decorated function is asked for its panel whenever an actor holding the permission opens the page."""

    def register(build: Builder) -> Builder:
        PANELS[f"{build.__module__}.{build.__qualname__}"] = Registered(order, permission, build)
        return build

    return register


def panels_for(actor: Actor, institution: Any, day: date) -> list[Panel]:
    """The panels this actor works with today, in their order; those with nothing to say are left out."""
    asked = (
        known.build(actor, institution, day)
        for known in sorted(PANELS.values(), key=lambda known: known.order)
        if known.permission is None or actor.may(known.permission)
    )
    return [found for found in asked if found is not None]
