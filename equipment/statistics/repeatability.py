"""重复性试验 of a measurement standard. Source: JJF 1033-2023."""

from decimal import Decimal

ENOUGH = 10  # readings
FEWEST = 6  # where repeatability is no main contribution to the uncertainty, which is then said


def repeatable(s: Decimal, reported: Decimal) -> bool:
    """Whether s is not greater than that of the technical report; a greater one asks for a new uncertainty budget."""
    return s <= reported
