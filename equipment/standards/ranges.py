"""Whether the items of a measurement standard reach over what is to be measured."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from institutions import units


def named(items: Iterable[Mapping[str, str]], instrument: str, measurand: str) -> list[Mapping[str, str]]:
    """The items for this instrument and this measurand; what is not asked for narrows nothing."""
    return [
        one
        for one in items
        if (not instrument or _same(one["instrument"], instrument))
        and (not measurand or _same(one["measurand"], measurand))
    ]


def _same(one: str, other: str) -> bool:
    return "".join(one.split()) == "".join(other.split())


def reach_over(items: Iterable[Mapping[str, str]], low: Decimal, high: Decimal, unit: str) -> bool:
    """Whether the ranges of the items, joined where they meet, contain everything from `low` to `high` in `unit`.

    Each item: "low" and "high" as text in its own "unit"; one in a unit of another kind reaches over nothing here.
    """
    reached = low
    for first, last in sorted(filter(None, (_in_unit(one, unit) for one in items))):
        if first > reached:
            break
        if last >= high:
            return True
        reached = max(reached, last)
    return False


def _in_unit(item: Mapping[str, str], unit: str) -> tuple[Decimal, Decimal] | None:
    low, high = Decimal(item["low"]), Decimal(item["high"])
    if units.normalise(item["unit"]) == units.normalise(unit):
        return low, high
    try:
        return units.convert(low, item["unit"], unit), units.convert(high, item["unit"], unit)
    except ValueError:  # of another kind, or no unit at all
        return None
