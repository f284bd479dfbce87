"""稳定性考核 of a measurement standard. Source: JJF 1033-2023.

A new standard is measured in groups over months, one in service once a year: both times the figure is the greatest
difference between the means of groups.
"""

from calendar import monthrange
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

FEWEST_GROUPS = 4  # of a new standard


def stable(difference: Decimal, limit: Decimal) -> bool:
    """Whether the greatest difference of means is less than |MPE|, or than U (k = 2) of the correction used."""
    return abs(difference) < abs(limit)


def far_enough(earlier: date, later: date) -> bool:
    """Whether more than a month lies between two groups."""
    month, year = earlier.month % 12 + 1, earlier.year + earlier.month // 12
    return later > date(year, month, min(earlier.day, monthrange(year, month)[1]))


def close_groups(days: Sequence[date]) -> list[tuple[date, date]]:
    """The neighbours between which a month or less lies; days in the order of time."""
    return [pair for pair in zip(days, days[1:], strict=False) if not far_enough(*pair)]
