"""Rounding by GB/T 8170-2008 and the reporting of a result with its uncertainty by JJF 1059.1-2012.

A number is calculated unrounded and rounded once, at the end: a rounded number is never rounded again.
"""

from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Context, Decimal, localcontext
from enum import StrEnum

from portal.decimals import plain


class Mode(StrEnum):
    """How an institution rounds its uncertainties."""

    ORDINARY = "ordinary"
    UP = "up"


_ONE_FIFTH = (1, 2, 5)
# Square roots leave noise far behind the digits anybody measures; rounding up must not act on it.
_MEANINGFUL_DIGITS = 20


def _exact(*values: Decimal) -> Context:
    """A context wide enough that multiplying and dividing the values by 1, 2 or 5 x 10^n is exact."""
    span = sum(len(value.as_tuple().digits) + abs(int(value.as_tuple().exponent)) for value in values)
    return Context(prec=span + 20)


def places_of(value: Decimal) -> int:
    """How many digits the decimal is written with behind its point; negative exponents of ten count as none."""
    return max(0, -int(value.as_tuple().exponent))


def _checked_interval(interval: Decimal) -> Decimal:
    if not interval.is_finite() or interval <= 0:
        raise ValueError("a rounding interval is a positive number")
    digits = int("".join(map(str, interval.normalize(_exact(interval)).as_tuple().digits)))
    if digits not in _ONE_FIFTH:
        raise ValueError("a rounding interval is 1, 2 or 5 times a power of ten")
    return interval


def round_to(value: Decimal, interval: Decimal) -> Decimal:
    """The multiple of the interval nearest to the value; an exact tie goes to the even multiple; zero has no sign.

    interval: 1, 2 or 5 times a power of ten, written with the digits the result shall show.
    Raises: ValueError for another interval or a value that is not finite. Source: GB/T 8170-2008, 3.
    """
    _checked_interval(interval)
    if not value.is_finite():
        raise ValueError(f"{value} cannot be rounded")
    with localcontext(_exact(value, interval)):
        multiple = (value / interval).quantize(Decimal(1), rounding=ROUND_HALF_EVEN)
        rounded = multiple * interval
        if rounded.as_tuple().exponent > 0:
            rounded = rounded.quantize(Decimal(1))
        return abs(rounded) if rounded == 0 else rounded


def round_places(value: Decimal, places: int) -> Decimal:
    """The value rounded to a number of decimal places; a negative number rounds to tens, hundreds and so on.

    Source: GB/T 8170-2008, 3.
    """
    return round_to(value, Decimal(1).scaleb(-places))


def round_uncertainty(uncertainty: Decimal, *, digits: int = 2, mode: Mode = Mode.ORDINARY) -> Decimal:
    """The uncertainty with the significant digits it is reported with; 9.96 becomes 10, not 10.0.

    digits: two is the rule of the portal; one is accepted when the first digit is 3 or more, and is rounded up
    where ordinary rounding would take away more than five per cent. Mode UP never makes an uncertainty smaller.
    Raises: ValueError unless the uncertainty is a positive number. Source: JJF 1059.1-2012, 5.3.8.
    """
    if not uncertainty.is_finite() or uncertainty <= 0:
        raise ValueError("an uncertainty to report is a positive number")
    if digits not in (1, 2):
        raise ValueError("an uncertainty is reported with one or two significant digits")
    if digits == 1 and uncertainty.as_tuple().digits[0] < 3:
        raise ValueError("an uncertainty that starts with 1 or 2 is reported with two digits")
    magnitude = uncertainty.adjusted()
    interval = Decimal(1).scaleb(magnitude - digits + 1)
    rounded = round_to(uncertainty, interval)
    too_small = mode is Mode.UP and rounded < uncertainty
    if digits == 1 and rounded < uncertainty * Decimal("0.95"):
        too_small = True
    if too_small:
        cleaned = Context(prec=_MEANINGFUL_DIGITS).plus(uncertainty)
        with localcontext(_exact(cleaned, interval)):
            rounded = (cleaned / interval).to_integral_value(rounding=ROUND_CEILING) * interval
    if rounded.adjusted() > magnitude:
        interval = interval.scaleb(1)
    with localcontext(_exact(rounded, interval)):
        return rounded.quantize(interval if interval < 1 else Decimal(1))


def last_place(uncertainty: Decimal, *, digits: int = 2) -> Decimal:
    """The interval to which a result is rounded so that it ends where its reported uncertainty ends."""
    return Decimal(1).scaleb(uncertainty.adjusted() - digits + 1)


def report(
    value: Decimal | None, uncertainty: Decimal, *, digits: int = 2, mode: Mode = Mode.ORDINARY
) -> tuple[str | None, str]:
    """The texts of a result and of its uncertainty, ending at the same place; both in one unit.

    value: may be None where only the uncertainty is reported. Source: JJF 1059.1-2012, 5.3.8; GUM 7.2.6.
    """
    rounded = round_uncertainty(uncertainty, digits=digits, mode=mode)
    if value is None:
        return None, plain(rounded)
    return plain(round_to(value, last_place(rounded, digits=digits))), plain(rounded)
