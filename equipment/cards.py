"""Cards of a page: what each part of the app has to show of a piece of equipment or of a measurement standard.

    @card(Equipment, order=20, template="equipment/cards/clocks.html")
    def clocks(request, equipment, day):
        return {"clocks": ...}  # or None: nothing to show

The template finds what was returned as `shown`, and the row as `row`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Model
from django.http import HttpRequest

Shown = Callable[[HttpRequest, Any, date], dict[str, Any] | None]


@dataclass(frozen=True)
class Card:
    """One card: where on the page it stands, and the function that knows what is in it."""

    order: int
    template: str
    side: bool
    shown: Shown


CARDS: dict[type[Model], list[Card]] = {}


def card(model: type[Model], *, order: int, template: str, side: bool = False) -> Callable[[Shown], Shown]:
    """The pages of this model have the card from now on, in the wide column or at the side."""

    def enter(shown: Shown) -> Shown:
        CARDS.setdefault(model, []).append(Card(order, template, side, shown))
        return shown

    return enter


def cards_of(request: HttpRequest, row: Model, day: date) -> dict[str, list[dict[str, Any]]]:
    """The cards of a row as its page draws them: {"wide": [...], "side": [...]}, each with template and context."""
    found: dict[str, list[dict[str, Any]]] = {"wide": [], "side": []}
    for one in sorted(CARDS.get(type(row), ()), key=lambda one: one.order):
        if (context := one.shown(request, row, day)) is not None:
            found["side" if one.side else "wide"].append({"template": one.template, "shown": context})
    return found
