"""Evaluation of measurement uncertainty by JJF 1059.1-2012 (GUM), on Decimal throughout.

Quantities carry no units here: all contributions of a budget are in the unit of the result after multiplication
with their sensitivity. A missing number of degrees of freedom means infinitely many.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal, localcontext
from enum import StrEnum
from functools import cache, lru_cache

from certificates import formula

DIGITS = 34
_WORKING_DIGITS = 80


class Shape(StrEnum):
    """The distribution a contribution is taken from."""

    NORMAL = "normal"
    RECTANGULAR = "rectangular"
    TRIANGULAR = "triangular"
    U_SHAPED = "u_shaped"
    TRAPEZOIDAL = "trapezoidal"
    TWO_POINT = "two_point"


SHAPE_NAMES = {
    Shape.NORMAL: "正态",
    Shape.RECTANGULAR: "均匀",
    Shape.TRIANGULAR: "三角",
    Shape.U_SHAPED: "反正弦",
    Shape.TRAPEZOIDAL: "梯形",
    Shape.TWO_POINT: "两点",
}
_VARIANCE_DIVISORS = {
    Shape.RECTANGULAR: 3,
    Shape.TRIANGULAR: 6,
    Shape.U_SHAPED: 2,
    Shape.TWO_POINT: 1,
}


@dataclass(frozen=True)
class TypeA:
    """Mean, experimental standard deviation, standard uncertainty of the mean and degrees of freedom of readings."""

    mean: Decimal
    s: Decimal
    u: Decimal
    dof: Decimal
    count: int


@dataclass(frozen=True)
class Input:
    """An input quantity: estimate and standard uncertainty in its own unit, and where the uncertainty comes from."""

    name: str
    value: Decimal
    u: Decimal
    dof: Decimal | None = None
    label: str = ""
    unit: str = ""
    shape: Shape = Shape.NORMAL
    half_width: Decimal | None = None
    divisor: Decimal | None = None
    evaluation: str = "B"


@dataclass(frozen=True)
class Contribution:
    """A line of the budget; `contribution` is |sensitivity| x u in the unit of the result."""

    name: str
    label: str
    value: Decimal
    u: Decimal
    unit: str
    evaluation: str
    distribution: Shape
    half_width: Decimal | None
    divisor: Decimal | None
    sensitivity: Decimal
    contribution: Decimal
    dof: Decimal | None

    @property
    def distribution_zh(self) -> str:
        """The Chinese name of the distribution."""
        return SHAPE_NAMES[self.distribution]


@dataclass(frozen=True)
class Budget:
    """A result with its combined standard uncertainty and the contributions it is made of.

    u_c includes the correlations; u_second_order also the second-order terms (equal to u_c for a linear model).
    nu_eff is None when infinite. warnings are Chinese sentences for the person who approves the budget.
    """

    y: Decimal
    u_c: Decimal
    u_second_order: Decimal
    nu_eff: Decimal | None
    contributions: tuple[Contribution, ...]
    correlated: bool
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Coverage:
    """A coverage factor with its probability, the distribution it rests on, and the degrees of freedom used."""

    k: Decimal
    p: Decimal
    shape: Shape
    dof: int | None
    beta: Decimal | None = None


@dataclass(frozen=True)
class Line:
    """A fitted straight line: y = intercept + slope (x - x0), its covariance and residual standard deviation."""

    intercept: Decimal
    slope: Decimal
    u_intercept: Decimal
    u_slope: Decimal
    covariance: Decimal
    r: Decimal
    s: Decimal
    dof: int
    x0: Decimal

    def at(self, x: Decimal) -> tuple[Decimal, Decimal]:
        """The predicted value and its standard uncertainty, the covariance of the coefficients included."""
        step = x - self.x0
        value = self.intercept + self.slope * step
        variance = self.u_intercept**2 + (step * self.u_slope) ** 2 + 2 * step * self.covariance
        return value, variance.sqrt()


# --- single contributions


def mean(values: Sequence[Decimal]) -> Decimal:
    """The arithmetic mean, unrounded. Raises: ValueError when there is nothing to average."""
    if not values:
        raise ValueError("no values to average")
    with localcontext() as context:
        context.prec = DIGITS
        return sum(values, Decimal(0)) / len(values)


def type_a(readings: Sequence[Decimal]) -> TypeA:
    """Readings evaluated statistically: u is s over the root of their number, dof one less than it.

    Raises: ValueError for fewer than two readings. Source: JJF 1059.1-2012, 4.3.2 (Bessel).
    """
    count = len(readings)
    if count < 2:
        raise ValueError("a statistical evaluation needs at least two readings")
    with localcontext() as context:
        context.prec = DIGITS
        average = mean(readings)
        s = (sum(((reading - average) ** 2 for reading in readings), Decimal(0)) / (count - 1)).sqrt()
        return TypeA(average, s, s / Decimal(count).sqrt(), Decimal(count - 1), count)


def pooled(deviations: Sequence[Decimal], counts: Sequence[int]) -> tuple[Decimal, Decimal]:
    """The pooled standard deviation of several groups and its degrees of freedom.

    counts: readings per group; groups of unequal size weigh by their degrees of freedom.
    Source: JJF 1059.1-2012, 4.3.2.4.
    """
    if not deviations or len(deviations) != len(counts) or min(counts) < 2:
        raise ValueError("every group needs its deviation and at least two readings")
    with localcontext() as context:
        context.prec = DIGITS
        dof = sum(count - 1 for count in counts)
        squares = sum(((count - 1) * s * s for s, count in zip(deviations, counts, strict=True)), Decimal(0))
        return (squares / dof).sqrt(), Decimal(dof)


# Readings: range coefficient C and degrees of freedom. Source: JJF 1059.1-2012, table of the range method.
_RANGE = {
    2: ("1.13", "0.9"),
    3: ("1.69", "1.8"),
    4: ("2.06", "2.7"),
    5: ("2.33", "3.6"),
    6: ("2.53", "4.5"),
    7: ("2.70", "5.3"),
    8: ("2.85", "6.0"),
    9: ("2.97", "6.8"),
}


def range_method(readings: Sequence[Decimal]) -> TypeA:
    """Few readings evaluated by their range R: s = R/C, with the degrees of freedom of the table.

    Raises: ValueError outside two to nine readings. Source: JJF 1059.1-2012, 4.3.2.3.
    """
    if len(readings) not in _RANGE:
        raise ValueError("the range method is for two to nine readings")
    coefficient, dof = _RANGE[len(readings)]
    with localcontext() as context:
        context.prec = DIGITS
        s = (max(readings) - min(readings)) / Decimal(coefficient)
        return TypeA(mean(readings), s, s / Decimal(len(readings)).sqrt(), Decimal(dof), len(readings))


def divisor(shape: Shape, beta: Decimal | None = None) -> Decimal:
    """The number that divides a half-width to give a standard uncertainty.

    beta: ratio of top to base of a trapezoid. Raises: ValueError for a normal distribution, whose divisor is the k
    of its certificate. Source: JJF 1059.1-2012, table 3.
    """
    with localcontext() as context:
        context.prec = DIGITS
        if shape is Shape.TRAPEZOIDAL:
            if beta is None or not 0 <= beta <= 1:
                raise ValueError("a trapezoid needs the ratio of its top to its base, between 0 and 1")
            return (6 / (1 + beta * beta)).sqrt()
        if shape is Shape.NORMAL:
            raise ValueError("the divisor of a normal distribution is the coverage factor of the certificate")
        return Decimal(_VARIANCE_DIVISORS[shape]).sqrt()


def from_half_width(half_width: Decimal, shape: Shape, beta: Decimal | None = None) -> Decimal:
    """The standard uncertainty of a quantity known to lie within plus or minus the half-width."""
    with localcontext() as context:
        context.prec = DIGITS
        return abs(half_width) / divisor(shape, beta)


def from_expanded(expanded: Decimal, k: Decimal) -> Decimal:
    """The standard uncertainty behind an expanded one, by the coverage factor of its own certificate."""
    if k <= 0:
        raise ValueError("a coverage factor is positive")
    with localcontext() as context:
        context.prec = DIGITS
        return expanded / k


def from_resolution(step: Decimal) -> Decimal:
    """The standard uncertainty of a digital display with this step: half a step either way, rectangular."""
    return from_half_width(step / 2, Shape.RECTANGULAR)


def dof_from_reliability(relative: Decimal) -> Decimal:
    """Degrees of freedom of an uncertainty that is itself known to a relative uncertainty: 0.25 gives 8.

    Source: JJF 1059.1-2012, 4.3.3.5; GUM G.4.2.
    """
    if relative <= 0:
        raise ValueError("a relative uncertainty is positive")
    with localcontext() as context:
        context.prec = DIGITS
        return 1 / (2 * relative * relative)


def root_sum_of_squares(parts: Sequence[Decimal]) -> Decimal:
    """Independent standard uncertainties in one unit, combined."""
    with localcontext() as context:
        context.prec = DIGITS
        return sum((part * part for part in parts), Decimal(0)).sqrt()


def expanded(u: Decimal, k: Decimal) -> Decimal:
    """The expanded uncertainty, unrounded."""
    with localcontext() as context:
        context.prec = DIGITS
        return u * k


# --- degrees of freedom


def welch_satterthwaite(u_c: Decimal, parts: Sequence[tuple[Decimal, Decimal | None]]) -> Decimal | None:
    """Effective degrees of freedom, or None when infinite.

    parts: contribution in the unit of the result and its degrees of freedom, for independent inputs.
    Source: JJF 1059.1-2012, 4.4.4; GUM G.4.1.
    """
    with localcontext() as context:
        context.prec = DIGITS
        total = sum((u**4 / dof for u, dof in parts if dof is not None), Decimal(0))
        return None if total == 0 else u_c**4 / total


def truncated(dof: Decimal) -> int:
    """Effective degrees of freedom as the next lower integer, at least one.

    The number is first cleaned to hundredths: 18.9987 from unrounded inputs is the published 19. Source: GUM G.4.1.
    """
    with localcontext() as context:
        context.prec = max(DIGITS, dof.adjusted() + 6)
        cleaned = dof.quantize(Decimal("0.01"), rounding=ROUND_HALF_EVEN)
        return max(1, int(cleaned.to_integral_value(rounding=ROUND_FLOOR)))


# --- coverage factors


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


# --- propagation


Correlations = Mapping[frozenset[str], Decimal]


def _slope(model: str, values: dict[str, Decimal], name: str, step: Decimal) -> Decimal:
    above = formula.evaluate_precisely(model, {**values, name: values[name] + step}, _WORKING_DIGITS)
    below = formula.evaluate_precisely(model, {**values, name: values[name] - step}, _WORKING_DIGITS)
    return (above - below) / (2 * step)


def sensitivities(model: str, values: Mapping[str, Decimal], scales: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """The partial derivatives of the model at the estimates, by central differences with 80 digits.

    scales: how far each quantity may vary, its standard uncertainty; quantities without scale are left out.
    """
    given = dict(values)
    with localcontext() as context:
        context.prec = _WORKING_DIGITS
        slopes = {name: _slope(model, given, name, scale * _FINE) for name, scale in scales.items() if scale > 0}
    with localcontext() as context:
        # The differences carry the noise of their step; what is left after 18 digits is the derivative.
        context.prec = 18
        return {name: +slope for name, slope in slopes.items()}


_FINE = Decimal("1E-12")
_COARSE = Decimal("1E-5")


def _second_order_variance(model: str, values: dict[str, Decimal], scales: dict[str, Decimal]) -> Decimal:
    """The terms that the first-order law leaves out, for independent, symmetric, normal inputs. Source: GUM 5.1.2."""
    names = [name for name, scale in scales.items() if scale > 0]
    total = Decimal(0)

    def shifted(**shifts: int) -> Decimal:
        moved = {name: values[name] + count * scales[name] * _COARSE for name, count in shifts.items()}
        return formula.evaluate_precisely(model, {**values, **moved}, _WORKING_DIGITS)

    with localcontext() as context:
        context.prec = _WORKING_DIGITS
        centre = shifted()
        # Differences in steps of u x 1e-5, so that every quotient below is a derivative times powers of u.
        for index, one in enumerate(names):
            plus, minus = shifted(**{one: 1}), shifted(**{one: -1})
            first = (plus - minus) / (2 * _COARSE)
            second = (plus - 2 * centre + minus) / _COARSE**2
            third = (shifted(**{one: 2}) - 2 * plus + 2 * minus - shifted(**{one: -2})) / (2 * _COARSE**3)
            total += second * second / 2 + first * third
            for other in names[index + 1 :]:
                corners = {(i, j): shifted(**{one: i, other: j}) for i in (-1, 1) for j in (-1, 1)}
                mixed = (corners[1, 1] - corners[1, -1] - corners[-1, 1] + corners[-1, -1]) / (4 * _COARSE**2)
                up, down = shifted(**{other: 1}), shifted(**{other: -1})
                other_first = (up - down) / (2 * _COARSE)
                one_twice_other = (
                    (corners[1, 1] - 2 * up + corners[-1, 1]) - (corners[1, -1] - 2 * down + corners[-1, -1])
                ) / (2 * _COARSE**3)
                other_twice_one = (
                    (corners[1, 1] - 2 * plus + corners[1, -1]) - (corners[-1, 1] - 2 * minus + corners[-1, -1])
                ) / (2 * _COARSE**3)
                total += mixed * mixed + first * other_twice_one + other_first * one_twice_other
        return total


def propagate(model: str, inputs: Sequence[Input], correlations: Correlations | None = None) -> Budget:
    """The result of a model with its uncertainty budget, everything unrounded.

    model: a formula in the names of the inputs. correlations: coefficient per unordered pair of names.
    Warnings tell when a first-order sensitivity is zero, when second-order terms matter by more than 5 %, and when
    the uncertainty would be zero. Raises: ValueError for names that repeat or a coefficient beyond -1 to 1,
    FormulaError for a model that cannot be worked out. Source: JJF 1059.1-2012, 4.4; GUM 5.1.2, 5.2.2, H.1.7.
    """
    names = [each.name for each in inputs]
    if len(set(names)) < len(names):
        raise ValueError("the names of the inputs repeat")
    pairs = dict(correlations or {})
    if any(abs(r) > 1 or len(pair) != 2 or not pair <= set(names) for pair, r in pairs.items()):
        raise ValueError("a correlation joins two different inputs and lies between -1 and 1")
    values = {each.name: each.value for each in inputs}
    scales = {each.name: each.u for each in inputs}
    slopes = sensitivities(model, values, scales)
    with localcontext() as context:
        context.prec = DIGITS
        y = +formula.evaluate(model, values)
        lines = tuple(
            Contribution(
                each.name, each.label or each.name, each.value, each.u, each.unit, each.evaluation, each.shape,
                each.half_width, each.divisor, slopes.get(each.name, Decimal(0)),
                abs(slopes.get(each.name, Decimal(0)) * each.u), each.dof,
            )
            for each in inputs
        )  # fmt: skip
        variance = sum((line.contribution**2 for line in lines), Decimal(0))
        for pair, r in pairs.items():
            one, other = sorted(pair)
            product = slopes.get(one, Decimal(0)) * slopes.get(other, Decimal(0))
            variance += 2 * product * r * scales[one] * scales[other]
        u_c = max(variance, Decimal(0)).sqrt()
        more = Decimal(0)
        if not any(pairs.values()):
            more = _second_order_variance(model, values, scales)
        u_second = max(variance + more, Decimal(0)).sqrt()
        u_second = u_c if abs(u_second - u_c) <= Decimal("1E-12") * u_c else u_second
        nu_eff = welch_satterthwaite(u_c, [(line.contribution, line.dof) for line in lines])
    correlated = any(pairs.values())
    warnings = _warnings(lines, u_c, u_second)
    return Budget(y, u_c, u_second, nu_eff, lines, correlated, warnings)


def _warnings(lines: tuple[Contribution, ...], u_c: Decimal, u_second: Decimal) -> tuple[str, ...]:
    sentences = []
    flat = [line.label for line in lines if line.u > 0 and line.contribution == 0]
    if flat and u_second > u_c:
        sentences.append(f"{'、'.join(flat)} 的一阶灵敏系数为零，它们的贡献在二阶项里。")
    if u_second > u_c * Decimal("1.05"):
        sentences.append("二阶项使标准不确定度增大 5 % 以上，一阶近似不够，应采用含二阶项的结果或蒙特卡洛法。")
    if u_c == 0:
        sentences.append("一阶近似得到的不确定度为零，不能报告 U = 0，请检查输入量和模型。")
    return tuple(sentences)


def correlation(first: Sequence[Decimal], second: Sequence[Decimal]) -> Decimal:
    """The correlation coefficient of two series observed together. Source: GUM 5.2.3, C.3.6."""
    if len(first) != len(second) or len(first) < 2:
        raise ValueError("correlated readings come in pairs, at least two of them")
    with localcontext() as context:
        context.prec = DIGITS
        x, y = mean(first), mean(second)
        products = sum(((a - x) * (b - y) for a, b in zip(first, second, strict=True)), Decimal(0))
        scale = (sum((a - x) ** 2 for a in first) * sum((b - y) ** 2 for b in second)).sqrt()
        return products / scale if scale else Decimal(0)


def straight_line(x: Sequence[Decimal], y: Sequence[Decimal], x0: Decimal = Decimal(0)) -> Line:
    """The least-squares line of y on x - x0, with its covariance from the residuals.

    Raises: ValueError for fewer than three points or points that share one x. Source: GUM H.3.
    """
    count = len(x)
    if count != len(y) or count < 3:
        raise ValueError("a line with its uncertainty needs at least three points")
    with localcontext() as context:
        context.prec = _WORKING_DIGITS
        steps = [value - x0 for value in x]
        sum_x, sum_y = sum(steps, Decimal(0)), sum(y, Decimal(0))
        sum_xx = sum((step * step for step in steps), Decimal(0))
        sum_xy = sum((step * value for step, value in zip(steps, y, strict=True)), Decimal(0))
        determinant = count * sum_xx - sum_x**2
        if determinant == 0:
            raise ValueError("all points share one x")
        intercept = (sum_y * sum_xx - sum_x * sum_xy) / determinant
        slope = (count * sum_xy - sum_x * sum_y) / determinant
        residuals = [value - intercept - slope * step for step, value in zip(steps, y, strict=True)]
        variance = sum((residual**2 for residual in residuals), Decimal(0)) / (count - 2)
        u_intercept = (variance * sum_xx / determinant).sqrt()
        u_slope = (variance * count / determinant).sqrt()
        covariance = -variance * sum_x / determinant
        r = -sum_x / (count * sum_xx).sqrt()
        line = (intercept, slope, u_intercept, u_slope, covariance, r, variance.sqrt())
    with localcontext() as context:
        context.prec = DIGITS
        return Line(*(+number for number in line), count - 2, x0)


def relative_product(parts: Sequence[tuple[Decimal, Decimal | None]]) -> tuple[Decimal, Decimal | None]:
    """The relative standard uncertainty of a product of powers one and its effective degrees of freedom.

    parts: relative standard uncertainty (all as fractions or all in per cent) and dof of each factor.
    Source: JJF 1059.1-2012, 4.4.3; GUM G.4.1.
    """
    u = root_sum_of_squares([part for part, _ in parts])
    return u, welch_satterthwaite(u, parts)


def moments_of_quadratic(
    model: str, inputs: Sequence[Input], correlations: Correlations | None = None
) -> tuple[Decimal, Decimal]:
    """Expectation and standard deviation of a model of second degree in normal inputs, correlated or not; exact.

    A first-order budget gives zero for a square at its minimum; this does not. Source: JCGM 101:2008, 9.4.
    """
    pairs = dict(correlations or {})
    values = {each.name: each.value for each in inputs}
    scales = {each.name: each.u for each in inputs}
    names = [each.name for each in inputs if each.u > 0]

    def shifted(*moves: tuple[str, int]) -> Decimal:
        moved = dict(values)
        for name, count in moves:
            moved[name] += count * scales[name]
        return formula.evaluate_precisely(model, moved, _WORKING_DIGITS)

    def r(one: str, other: str) -> Decimal:
        return Decimal(1) if one == other else pairs.get(frozenset((one, other)), Decimal(0))

    with localcontext() as context:
        context.prec = _WORKING_DIGITS
        centre = shifted()
        slopes = {one: (shifted((one, 1)) - shifted((one, -1))) / 2 for one in names}
        bends = {
            (one, other): (
                shifted((one, 1), (other, 1)) - shifted((one, 1), (other, -1))
                - shifted((one, -1), (other, 1)) + shifted((one, -1), (other, -1))
            ) / 4
            for one in names
            for other in names
        }  # fmt: skip
        y = centre + sum((bends[a, b] * r(a, b) for a in names for b in names), Decimal(0)) / 2
        variance = sum((slopes[a] * slopes[b] * r(a, b) for a in names for b in names), Decimal(0))
        # Half the trace of (H S)(H S), with the second derivatives H already multiplied by the uncertainties.
        turned = {(a, b): sum((bends[a, c] * r(c, b) for c in names), Decimal(0)) for a in names for b in names}
        variance += sum((turned[a, b] * turned[b, a] for a in names for b in names), Decimal(0)) / 2
        u = variance.sqrt()
    with localcontext() as context:
        context.prec = DIGITS
        return +y, +u


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
