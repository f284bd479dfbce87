"""What a check says of a clause, and the ways to come to it."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _

WINDOW_DAYS = 365
MOST_EVIDENCE = 20


class State(StrEnum):
    MET = "met"
    NOT_MET = "not_met"
    NOT_APPLICABLE = "not_applicable"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Evidence:
    """A row that a verdict rests on: what it is called, its page, and what is wrong with it, if anything."""

    label: str
    url: str = ""
    text: str = ""
    row_id: int | None = None


@dataclass(frozen=True)
class Verdict:
    """How a clause stands: figures by name, the rows that prove it, what to do next, and the page on which it is done."""

    state: State
    figures: dict[str, Any] = field(default_factory=dict)
    evidence: tuple[Evidence, ...] = ()
    advice: str = ""
    fix: str = ""


Check = Callable[[Any, date], Verdict]


def not_applicable(reason: str, **figures: Any) -> Verdict:
    """The clause asks nothing of this institution on this day."""
    return Verdict(State.NOT_APPLICABLE, figures, advice=reason)


def unknown(reason: str, **figures: Any) -> Verdict:
    """The rows do not decide it."""
    return Verdict(State.UNKNOWN, figures, advice=reason)


def none_in_breach(
    population: Collection[Any] | int, breaches: Iterable[Evidence], *, nothing: str, advice: str, rest: str = "",
    fix: str = "", **figures: Any,
) -> Verdict:  # fmt: skip
    """Not applicable without rows (`nothing` says so), not met with a breach, met otherwise.

    With `rest`, which says what the rows cannot tell, the clause stays unknown where nothing is in breach. `fix`: address
    of the page on which the breaches are put right.
    """
    count = population if isinstance(population, int) else len(population)
    breaches = list(breaches)
    if not count and not breaches:
        return not_applicable(nothing)
    figures = {_("检查"): count, _("不符合"): len(breaches), **figures}
    if breaches:
        return Verdict(State.NOT_MET, figures, tuple(breaches[:MOST_EVIDENCE]), advice, fix)
    return unknown(rest, **figures) if rest else Verdict(State.MET, figures)


def existing(found: Iterable[Evidence], *, advice: str, rest: str = "", fix: str = "", **figures: Any) -> Verdict:
    """Met by at least one row, not met without. With `rest` a row alone does not suffice, and it stays unknown.

    `fix`: address of the page on which the missing row is recorded.
    """
    found = list(found)
    figures = {_("有效"): len(found), **figures}
    if not found:
        return Verdict(State.NOT_MET, figures, (), advice, fix)
    if rest:
        return Verdict(State.UNKNOWN, figures, tuple(found[:MOST_EVIDENCE]), rest)
    return Verdict(State.MET, figures, tuple(found[:MOST_EVIDENCE]))


def all_of(*parts: Verdict) -> Verdict:
    """All parts hold together: not met if one is not, else unknown if one is, else met; not applicable if none applies.

    Of the parts that decide it: their rows and advice one after the other, and the first page to put it right. Figures of
    one name are added, others stand side by side.
    """
    for state in (State.NOT_MET, State.UNKNOWN, State.MET, State.NOT_APPLICABLE):
        deciding = [part for part in parts if part.state == state]
        if deciding:
            break
    else:
        raise ValueError("all_of takes at least one verdict")
    figures: dict[str, Any] = {}
    for part in parts:
        for name, value in part.figures.items():
            both = isinstance(value, int) and isinstance(figures.get(name), int)
            figures[name] = figures[name] + value if both else value
    evidence = tuple(piece for part in deciding for piece in part.evidence)
    advice = "".join(dict.fromkeys(part.advice for part in deciding if part.advice))
    fix = next((part.fix for part in deciding if part.fix), "")
    return Verdict(state, figures, evidence[:MOST_EVIDENCE], advice, fix)


def window(day: date, days: int = WINDOW_DAYS) -> tuple[date, date]:
    """First and last day of so many days that end on this day, both inside."""
    return day - timedelta(days - 1), day
