"""F-test and t-test: how probable a difference is when there is none. In Decimal, from the incomplete beta function."""

from decimal import Decimal, localcontext

from .control import PI
from .figures import DIGITS

SMALL = Decimal("1e-30")
ALPHA = Decimal("0.05")


def p_of_t(t: Decimal, freedom: int) -> Decimal:
    """The probability of |t| or more, both sides. Raises: ValueError without degrees of freedom."""
    if freedom < 1:
        raise ValueError("no degrees of freedom")
    with localcontext(prec=DIGITS):
        return _beta_share(freedom / (freedom + t * t), freedom, 1)


def p_of_f(f: Decimal, above: int, below: int) -> Decimal:
    """The probability of F or more, for the degrees of freedom of numerator and denominator."""
    if min(above, below) < 1 or f < 0:
        raise ValueError("no degrees of freedom")
    with localcontext(prec=DIGITS):
        return _beta_share(below / (below + above * f), below, above)


def greater_variance(s: Decimal, count: int, before: Decimal, count_before: int) -> tuple[Decimal, Decimal] | None:
    """F = s²/s₀² and its one-sided p: whether scatter has grown; None when there was no scatter before."""
    if before <= 0:
        return None
    with localcontext(prec=DIGITS):
        f = (s / before) ** 2
        return f, p_of_f(f, count - 1, count_before - 1)


def _beta_share(x: Decimal, twice_a: int, twice_b: int) -> Decimal:
    """I_x(a, b) for a, b that are whole or half numbers, given doubled."""
    if x <= 0 or x >= 1:
        return Decimal(0) if x <= 0 else Decimal(1)
    if x > (Decimal(twice_a) + 2) / (twice_a + twice_b + 4):  # the fraction converges on the other side
        return 1 - _beta_share(1 - x, twice_b, twice_a)
    a, b = Decimal(twice_a) / 2, Decimal(twice_b) / 2
    front = (a * x.ln() + b * (1 - x).ln()).exp() / (a * _gamma(twice_a) * _gamma(twice_b) / _gamma(twice_a + twice_b))
    return front * _fraction(x, a, b)


def _fraction(x: Decimal, a: Decimal, b: Decimal) -> Decimal:
    """The continued fraction of the incomplete beta function, by Lentz's method. Source: DLMF 8.17.22."""
    found = c = Decimal(1)
    d = _inverse(1 - (a + b) * x / (a + 1))
    found = d
    for m in range(1, 1000):
        for step in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = _inverse(1 + step * d)
            c = 1 + step / c or SMALL
            change = c * d
            found *= change
        if abs(change - 1) < SMALL:
            return found
    raise ArithmeticError("no convergence")


def _inverse(value: Decimal) -> Decimal:
    return 1 / (value or SMALL)


def _gamma(doubled: int) -> Decimal:
    """Γ(doubled / 2)."""
    value, at = (Decimal(1), 2) if doubled % 2 == 0 else (PI.sqrt(), 1)
    while at < doubled:
        value *= Decimal(at) / 2
        at += 2
    return value
