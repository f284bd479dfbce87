"""Control charts: runs that tell of a shift before a limit does, and the limits of the chart of s.

Source: GB/T 17989.2-2020 (ISO 7870-2).
"""

from collections.abc import Sequence
from decimal import Decimal, localcontext

from .figures import DIGITS

PI = Decimal("3.141592653589793238462643383279502884197169")
SIDE, TREND = 9, 6  # points in a row


def runs(differences: Sequence[Decimal], s: Decimal) -> list[str]:
    """The rules that the newest point completes, by name; differences from the centre line in the order of time.

    `side`: nine in a row on one side; `trend`: six in a row rising or falling; `two_of_three`: two of the last three
    beyond 2 s on the same side, the newest one of them.
    """
    found = []
    if len(differences) >= SIDE and _one_side(differences[-SIDE:]):
        found.append("side")
    if len(differences) >= TREND and _one_way(differences[-TREND:]):
        found.append("trend")
    last = differences[-3:]
    for sign in (1, -1):
        outside = [sign * one > 2 * s for one in last]
        if len(last) == 3 and outside[-1] and sum(outside) >= 2:
            found.append("two_of_three")
    return found


def _one_side(values: Sequence[Decimal]) -> bool:
    return all(one > 0 for one in values) or all(one < 0 for one in values)


def _one_way(values: Sequence[Decimal]) -> bool:
    steps = [after - before for before, after in zip(values, values[1:], strict=False)]
    return _one_side(steps)


def factor_of_s(count: int) -> Decimal:
    """c4, by which the mean of s from `count` readings falls short of σ. Raises: ValueError for one reading."""
    if count < 2:
        raise ValueError("s needs two readings")
    with localcontext(prec=DIGITS):
        # Γ(n/2) / Γ((n−1)/2): two neighbours multiply to (n−1)/2.
        ratio = 1 / PI.sqrt()
        for size in range(2, count):
            ratio = Decimal(size - 1) / 2 / ratio
        return (Decimal(2) / (count - 1)).sqrt() * ratio


def limits_of_s(sigma: Decimal, count: int) -> tuple[Decimal, Decimal, Decimal]:
    """Lower limit, centre and upper limit (3 σ) of the chart of s for groups of `count` readings."""
    with localcontext(prec=DIGITS):
        c4 = factor_of_s(count)
        reach = 3 * (1 - c4 * c4).sqrt()
        return max(Decimal(0), (c4 - reach) * sigma), c4 * sigma, (c4 + reach) * sigma
