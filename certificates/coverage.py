"""Coverage factors by JJF 1059.1-2012: from a budget and a probability to k, and from k to the expanded uncertainty.

All are worked out, none is read from a table; a missing number of degrees of freedom means infinitely many.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from functools import cache, lru_cache

from certificates import formula
from certificates.uncertainty import DIGITS, Budget, Shape, root_sum_of_squares, truncated


@dataclass(frozen=True)
class Coverage:
    """A coverage factor with its probability, the distribution it rests on, and the degrees of freedom used."""

    k: Decimal
    p: Decimal
    shape: Shape
    dof: int | None
    beta: Decimal | None = None


def expanded(u: Decimal, k: Decimal) -> Decimal:
    """The expanded uncertainty, unrounded."""
    with localcontext() as context:
        context.prec = DIGITS
        return u * k


# --- factors of a distribution


@cache
def _pi(digits: int) -> Decimal:
    with localcontext() as context:
        context.prec = digits
        return formula.pi()


def normal_cumulative(z: Decimal) -> Decimal:
    """The probability that a standard normal quantity is at most z, to 28 digits or better."""
    with localcontext() as context:
        context.prec = 60
        if z < -15 or z > 15:
            return Decimal(int(z > 0))
        term = total = z
        n = 1
        while abs(term) > Decimal("1E-45"):
            # The series with rising odd factorials has terms of one sign: nothing cancels.
            term = term * z * z / (2 * n + 1)
            total += term
            n += 1
        density = (-z * z / 2).exp() / (2 * _pi(60)).sqrt()
        probability = Decimal("0.5") + density * total
    with localcontext() as context:
        context.prec = DIGITS
        return +probability


@lru_cache(maxsize=256)
def normal_factor(p: Decimal) -> Decimal:
    """The k that a normal distribution needs for the two-sided probability p: 1.960 for 0.95.

    Raises: ValueError unless p lies between 0 and 1.
    """
    _check_probability(p)
    with localcontext() as context:
        context.prec = 40
        target, k = (1 + p) / 2, Decimal(2)
        root = (2 * _pi(40)).sqrt()
        low, high = Decimal(0), Decimal(15)
        for _ in range(200):
            short = normal_cumulative(k) - target
            low, high = (k, high) if short < 0 else (low, k)
            step = short * root * (k * k / 2).exp()
            following = k - step
            k = following if low < following < high else (low + high) / 2
            if abs(step) < Decimal("1E-25"):
                break
    with localcontext() as context:
        context.prec = 20
        return +k


def _check_probability(p: Decimal) -> None:
    if not 0 < p < 1:
        raise ValueError("a coverage probability lies between 0 and 1")


def t_probability(t: Decimal, dof: int) -> Decimal:
    """The two-sided probability that Student's t stays within plus or minus t, for a whole number of dof.

    Source: the closed sums for even and odd degrees of freedom (Abramowitz and Stegun, 26.7.3 and 26.7.4).
    """
    with localcontext() as context:
        context.prec = 40
        nu = Decimal(dof)
        cosine_squared = nu / (nu + t * t)
        sine = (1 - cosine_squared).sqrt()
        if dof % 2 == 0:
            term = total = Decimal(1)
            for i in range(2, dof, 2):
                term *= cosine_squared * (i - 1) / i
                total += term
            return sine * total
        angle = formula.arctangent(t / nu.sqrt())
        term = total = cosine_squared.sqrt() if dof > 1 else Decimal(0)
        for i in range(3, dof, 2):
            term *= cosine_squared * (i - 1) / i
            total += term
        return 2 * (angle + sine * total) / _pi(40)


_MANY = 1000


@lru_cache(maxsize=4096)
def t_factor(dof: int | None, p: Decimal) -> Decimal:
    """The k that Student's t needs for the two-sided probability p; None counts as infinitely many dof.

    Beyond a thousand degrees of freedom the first terms of the expansion about the normal factor are exact to
    ten digits. Raises: ValueError for dof below one or p outside 0 to 1. Source: JJF 1059.1-2012, appendix B.
    """
    _check_probability(p)
    if dof is None:
        return normal_factor(p)
    if dof < 1:
        raise ValueError("Student's t needs at least one degree of freedom")
    with localcontext() as context:
        context.prec = 40
        z = normal_factor(p)
        if dof > _MANY:
            first = (z**3 + z) / 4
            second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
            return z + first / dof + second / (Decimal(dof) * dof)
        low, high = z, z
        while t_probability(high, dof) < p:
            low, high = high, high * 2
        # Regula falsi with halving (Illinois) converges from any bracket.
        f_low, f_high = t_probability(low, dof) - p, t_probability(high, dof) - p
        while high - low > Decimal("1E-20") * high and f_low != 0 and f_high != 0:
            middle = high - f_high * (high - low) / (f_high - f_low)
            f_middle = t_probability(middle, dof) - p
            if abs(f_middle) < Decimal("1E-24"):
                low = high = middle
                break
            if f_middle > 0:
                high, f_high, f_low = middle, f_middle, f_low / 2
            else:
                low, f_low, f_high = middle, f_middle, f_high / 2
        k = low if f_low == 0 else high
    with localcontext() as context:
        context.prec = 20
        return +k


def shape_factor(shape: Shape, p: Decimal, beta: Decimal | None = None) -> Decimal:
    """The k for which a quantity of this distribution stays within plus or minus k u with probability p.

    beta: for a trapezoid (a1 - a2)/(a1 + a2) of the two rectangular half-widths it is made of; the factor holds
    while beta <= p/(2 - p). Raises: ValueError outside that range. Source: JJF 1059.1-2012, 4.5; EA-4/02 S9, S10.
    """
    _check_probability(p)
    with localcontext() as context:
        context.prec = DIGITS
        if shape is Shape.NORMAL:
            return normal_factor(p)
        if shape is Shape.TWO_POINT:
            return Decimal(1)
        if shape is Shape.RECTANGULAR:
            return p * Decimal(3).sqrt()
        if shape is Shape.TRIANGULAR:
            return (1 - (1 - p).sqrt()) * Decimal(6).sqrt()
        if shape is Shape.U_SHAPED:
            return Decimal(2).sqrt() * formula.sine(p * _pi(DIGITS) / 2)
        if beta is None or not 0 <= beta <= 1:
            raise ValueError("a trapezoid needs the ratio of its top to its base, between 0 and 1")
        root = ((1 + beta * beta) / 6).sqrt()
        if beta <= p / (2 - p):
            return (1 - ((1 - p) * (1 - beta * beta)).sqrt()) / root
        return p * (1 + beta) / 2 / root


def rectangular_sum_factor(half_widths: Sequence[Decimal], p: Decimal) -> Decimal:
    """Half the width of the interval that holds a sum of independent rectangular quantities with probability p.

    half_widths: of at most twelve quantities, in the unit of the sum. Exact. Source: JCGM 101:2008, 9.2.3 and 9.2.4.
    """
    _check_probability(p)
    widths = [abs(width) for width in half_widths if width]
    if not widths or len(widths) > 12:
        raise ValueError("the exact sum is worked out for one to twelve quantities")
    with localcontext() as context:
        context.prec = 60
        corners = [(Decimal(0), 1)]
        scale = Decimal(1)
        for index, width in enumerate(widths, start=1):
            corners = [(place + step * width, sign * step) for place, sign in corners for step in (1, -1)]
            scale *= 2 * width * index

        def below(x: Decimal) -> Decimal:
            powers = (sign * (x + place) ** len(widths) for place, sign in corners if x + place > 0)
            return sum(powers, Decimal(0)) / scale

        low, high, target = Decimal(0), sum(widths, Decimal(0)), (1 + p) / 2
        for _ in range(100):
            middle = (low + high) / 2
            low, high = (middle, high) if below(middle) < target else (low, middle)
    with localcontext() as context:
        context.prec = 20
        return +high


# --- the factor of a budget


DOMINANCE = Decimal("0.3")


def coverage(budget: Budget, p: Decimal | None = None) -> Coverage:
    """The coverage factor that the shape of the budget asks for.

    One or two dominant rectangular contributions (the rest at most 0.3 of them): rectangle or trapezoid, p = 0.95.
    Otherwise Student's t for a p that was asked for, or below 50 effective degrees of freedom (p = 0.9545);
    else k = 2. Source: JJF 1059.1-2012, 4.5.
    """
    dominant = _dominant_shape(budget, p or Decimal("0.95"))
    if dominant is not None:
        return dominant
    dof = None if budget.nu_eff is None else truncated(budget.nu_eff)
    if p is None and (dof is None or dof >= 50):
        return Coverage(Decimal(2), Decimal("0.9545"), Shape.NORMAL, None)
    asked = p or Decimal("0.9545")
    return Coverage(t_factor(dof, asked), asked, Shape.NORMAL, dof)


def _dominant_shape(budget: Budget, p: Decimal) -> Coverage | None:
    if budget.correlated or budget.u_c == 0:
        return None
    ordered = sorted(budget.contributions, key=lambda each: each.contribution, reverse=True)
    for count in (1, 2):
        leading, rest = ordered[:count], ordered[count:]
        if len(leading) < count or any(each.distribution is not Shape.RECTANGULAR for each in leading):
            return None
        others = root_sum_of_squares([each.contribution for each in rest])
        if others > DOMINANCE * root_sum_of_squares([each.contribution for each in leading]):
            continue
        if count == 1:
            return Coverage(shape_factor(Shape.RECTANGULAR, p), p, Shape.RECTANGULAR, None)
        first, second = (each.contribution for each in leading)
        beta = (first - second) / (first + second)
        return Coverage(shape_factor(Shape.TRAPEZOIDAL, p, beta), p, Shape.TRAPEZOIDAL, None, beta)
    return None
