"""期间核查: how far a checked value lies from its reference, as a share of what is allowed. Source: JJF 1033-2023."""

from decimal import Decimal, localcontext

from .figures import DIGITS

WARN, LIMIT = Decimal("0.7"), Decimal(1)


def h_value(value: Decimal, reference: Decimal, u: Decimal, u_reference: Decimal | None) -> Decimal:
    """|difference| over the U of the difference, both U with k = 2.

    Without `u_reference` both values come from the same standard and method: `u` is then what they do not share, and
    the U of their difference is √2·u. Raises: ValueError for a U that is not above zero.
    """
    second = u if u_reference is None else u_reference
    if u <= 0 or second <= 0:
        raise ValueError("U must be above zero")
    with localcontext(prec=DIGITS):
        return abs(value - reference) / (u * u + second * second).sqrt()


def share_of_limit(difference: Decimal, limit: Decimal) -> Decimal:
    """|difference| as a share of the limit. Raises: ValueError for a limit that is not above zero."""
    if limit <= 0:
        raise ValueError("the limit must be above zero")
    with localcontext(prec=DIGITS):
        return abs(difference) / limit


def ratio_verdict(share: Decimal) -> str:
    """`passed` up to 0.7, `warning` above it up to 1, `failed` beyond; each limit still belongs to the better side."""
    return "failed" if share > LIMIT else "warning" if share > WARN else "passed"


def beyond_limits(difference: Decimal, s: Decimal) -> str:
    """The verdict of a control chart on one point: 2 s warns, 3 s stops. Raises: ValueError when s is not above zero."""
    if s <= 0:
        raise ValueError("s must be above zero")
    return "failed" if abs(difference) > 3 * s else "warning" if abs(difference) > 2 * s else "passed"
