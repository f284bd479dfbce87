"""The drift of a value over its calibrations: a straight line, whether it means anything, and when it reaches a limit.

What lies beyond the last calibration is a guess, and nothing is judged by it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, localcontext

from .figures import DIGITS, mean
from .significance import ALPHA, p_of_t

YEAR = Decimal("365.25")
FEWEST = 3


@dataclass(frozen=True)
class Line:
    """y = level + slope · years since `origin`; `s` scatters around it, `u_slope` is the standard uncertainty of slope."""

    origin: date
    level: Decimal
    slope: Decimal
    s: Decimal
    u_slope: Decimal
    count: int
    p: Decimal

    @property
    def significant(self) -> bool:
        """Whether a slope like this is rarer than 5 % where there is no drift (t-test)."""
        return self.p < ALPHA

    def at(self, day: date) -> Decimal:
        with localcontext(prec=DIGITS):
            return self.level + self.slope * years_between(self.origin, day)


def years_between(first: date, last: date) -> Decimal:
    with localcontext(prec=DIGITS):
        return (last - first).days / YEAR


def fitted(points: Sequence[tuple[date, Decimal]]) -> Line | None:
    """The line of least squares through at least three points of different days; else None. Source: GUM H.3."""
    if len(points) < FEWEST or len({day for day, _value in points}) < 2:
        return None
    origin = min(day for day, _value in points)
    with localcontext(prec=DIGITS):
        xs, ys = [years_between(origin, day) for day, _value in points], [value for _day, value in points]
        level, slope, s, u_slope = least_squares(xs, ys)
        # Points that lie on a line exactly leave no doubt about it; where they are all alike there is no slope.
        p = p_of_t(slope / u_slope, len(xs) - 2) if u_slope else Decimal(0 if slope else 1)
    return Line(origin, level, slope, s, u_slope, len(xs), p)


def least_squares(xs: Sequence[Decimal], ys: Sequence[Decimal]) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    """Intercept, slope, s of the residuals and u of the slope."""
    with localcontext(prec=DIGITS):
        middle_x, middle_y = mean(xs), mean(ys)
        width = sum((x - middle_x) ** 2 for x in xs)
        slope = sum((x - middle_x) * (y - middle_y) for x, y in zip(xs, ys, strict=True)) / width
        level = middle_y - slope * middle_x
        left = sum((y - level - slope * x) ** 2 for x, y in zip(xs, ys, strict=True))
        s = (left / (len(xs) - 2)).sqrt()
        return level, slope, s, s / width.sqrt()


def reached(line: Line, limit: Decimal, after: date, within: int = 10) -> date | None:
    """The day from `after` on at which |line| comes to the limit, when that is within so many years; else None."""
    if not line.slope:
        return None
    with localcontext(prec=DIGITS):
        if abs(line.at(after)) >= limit:
            return after
        years = ((limit if line.slope > 0 else -limit) - line.level) / line.slope
        ahead = years - years_between(line.origin, after)
        return after + timedelta(int(ahead * YEAR)) if 0 <= ahead <= within else None
