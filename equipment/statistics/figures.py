"""Mean, standard deviation and spread of readings, and how they are written."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, localcontext

DIGITS = 40  # of every intermediate result


@dataclass(frozen=True)
class Figures:
    """One group of readings: how many, their mean, and s of the single reading (None of one reading alone)."""

    count: int
    mean: Decimal
    s: Decimal | None


def figures_of(readings: Sequence[Decimal]) -> Figures:
    """Count, mean and s of a group. Raises: ValueError when it is empty."""
    s = deviation(readings) if len(readings) > 1 else None
    return Figures(len(readings), mean(readings), s)


def mean(readings: Sequence[Decimal]) -> Decimal:
    """The arithmetic mean, unrounded. Raises: ValueError without readings."""
    if not readings:
        raise ValueError("no readings")
    with localcontext(prec=DIGITS):
        return sum(readings, Decimal(0)) / len(readings)


def deviation(readings: Sequence[Decimal]) -> Decimal:
    """s of the single reading, by n − 1. Raises: ValueError for fewer than two. Source: JJF 1059.1-2012 4.3.2.2."""
    if len(readings) < 2:
        raise ValueError("s needs two readings")
    with localcontext(prec=DIGITS):
        middle = mean(readings)
        return (sum(((one - middle) ** 2 for one in readings), Decimal(0)) / (len(readings) - 1)).sqrt()


def pooled(deviations: Sequence[tuple[Decimal, int]]) -> Decimal:
    """The pooled s of groups given as (s, number of readings). Source: JJF 1059.1-2012 4.3.2.4."""
    with localcontext(prec=DIGITS):
        freedom = sum(count - 1 for _s, count in deviations)
        if freedom < 1:
            raise ValueError("no degrees of freedom")
        return (sum((s * s * (count - 1) for s, count in deviations), Decimal(0)) / freedom).sqrt()


def spread(values: Sequence[Decimal]) -> Decimal:
    """The greatest minus the smallest."""
    return max(values) - min(values)


def places(texts: Sequence[str]) -> int:
    """The most decimals that any of the readings was written with: how far the instrument resolves."""
    return max((len(text.partition(".")[2]) for text in texts), default=0)


def rounded(value: Decimal, decimals: int) -> Decimal:
    """The value at so many decimals, ties to even; never a negative zero. Source: GB/T 8170-2008 3.2."""
    with localcontext(prec=DIGITS):
        found = value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN)
        return abs(found) if found == 0 else found
