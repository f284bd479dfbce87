"""Evaluation of measurement uncertainty by JJF 1059.1-2012 (GUM), on Decimal throughout.

Quantities carry no units here: all contributions of a budget are in the unit of the result after multiplication
with their sensitivity. A missing number of degrees of freedom means infinitely many. Coverage factors are in
coverage.py, fitted lines in least_squares.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal, localcontext
from enum import StrEnum

from certificates import formula

DIGITS = 34
WORKING_DIGITS = 80


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


# --- propagation


Correlations = Mapping[frozenset[str], Decimal]


def _slope(model: str, values: dict[str, Decimal], name: str, step: Decimal) -> Decimal:
    above = formula.evaluate_precisely(model, {**values, name: values[name] + step}, WORKING_DIGITS)
    below = formula.evaluate_precisely(model, {**values, name: values[name] - step}, WORKING_DIGITS)
    return (above - below) / (2 * step)


def sensitivities(model: str, values: Mapping[str, Decimal], scales: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """The partial derivatives of the model at the estimates, by central differences with 80 digits.

    scales: how far each quantity may vary, its standard uncertainty; quantities without scale are left out.
    """
    given = dict(values)
    with localcontext() as context:
        context.prec = WORKING_DIGITS
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
        return formula.evaluate_precisely(model, {**values, **moved}, WORKING_DIGITS)

    with localcontext() as context:
        context.prec = WORKING_DIGITS
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
        return formula.evaluate_precisely(model, moved, WORKING_DIGITS)

    def r(one: str, other: str) -> Decimal:
        return Decimal(1) if one == other else pairs.get(frozenset((one, other)), Decimal(0))

    with localcontext() as context:
        context.prec = WORKING_DIGITS
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
