"""检定或校准结果的验证. All U with the same k. Source: JJF 1033-2023."""

from collections.abc import Sequence
from decimal import Decimal, localcontext

from .figures import DIGITS, mean


def allowed_by_transfer(u: Decimal, u_reference: Decimal) -> Decimal:
    """How far a result may lie from that of a higher standard, whose U is left out when it is a third or less."""
    with localcontext(prec=DIGITS):
        return u if 3 * u_reference <= u else (u * u + u_reference * u_reference).sqrt()


def allowed_by_comparison(u: Decimal, count: int) -> Decimal:
    """How far a result may lie from the mean of so many laboratories. Raises: ValueError for one alone."""
    if count < 2:
        raise ValueError("a comparison needs two laboratories")
    with localcontext(prec=DIGITS):
        return (Decimal(count - 1) / count).sqrt() * u


def confirmed_by_transfer(value: Decimal, u: Decimal, reference: Decimal, u_reference: Decimal) -> bool:
    """Whether a result agrees with that of a higher standard."""
    with localcontext(prec=DIGITS):
        return abs(value - reference) <= allowed_by_transfer(u, u_reference)


def confirmed_by_comparison(value: Decimal, u: Decimal, all_values: Sequence[Decimal]) -> bool:
    """Whether a result agrees with the mean of the laboratories, its own among them. Raises: ValueError for one alone."""
    with localcontext(prec=DIGITS):
        return abs(value - mean(all_values)) <= allowed_by_comparison(u, len(all_values))
