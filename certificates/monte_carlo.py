"""Propagation of distributions by seeded simulation (JJF 1059.2, JCGM 101), for models that a budget cannot judge.

This is the one module that works in binary floating point: a simulation has a few correct digits at best. Its numbers
serve to check a method; they never reach a record, a budget or a certificate.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from statistics import NormalDist

from certificates import formula
from certificates.uncertainty import Shape

TRIALS = 200_000
_LUCK = 0.001
Sampler = Callable[[float], float]
Program = Callable[[Sequence[float]], float]


@dataclass(frozen=True)
class Quantity:
    """An input distribution: estimate and standard deviation."""

    name: str
    value: Decimal
    u: Decimal
    shape: Shape = Shape.NORMAL


@dataclass(frozen=True)
class Outcome:
    """Mean, standard deviation, and the symmetric and the shortest interval of the asked probability."""

    y: float
    u: float
    symmetric: tuple[float, float]
    shortest: tuple[float, float]


_STANDARD_NORMAL = NormalDist()


def _quantile(shape: Shape) -> Sampler:
    """The inverse distribution function of a shape with mean zero and standard deviation one."""
    if shape is Shape.NORMAL:
        return _STANDARD_NORMAL.inv_cdf
    if shape is Shape.RECTANGULAR:
        return lambda p: math.sqrt(3) * (2 * p - 1)
    if shape is Shape.TRIANGULAR:
        return lambda p: math.sqrt(6) * (math.sqrt(2 * p) - 1 if p < 0.5 else 1 - math.sqrt(2 * (1 - p)))
    if shape is Shape.U_SHAPED:
        return lambda p: math.sqrt(2) * math.sin(math.pi * (p - 0.5))
    if shape is Shape.TWO_POINT:
        return lambda p: -1.0 if p < 0.5 else 1.0
    raise ValueError(f"no simulation for a {shape} distribution")


def _program(tree: tuple[object, ...], places: Mapping[str, int]) -> Program:
    """A formula's tree as a chain of closures over floats; no code is made from text."""
    _, kind, *parts = tree
    if kind == "number":
        number = float(parts[0])
        return lambda row: number
    if kind == "name":
        if parts[0] == "pi" and "pi" not in places:
            return lambda row: math.pi
        place = places[parts[0]]
        return lambda row: row[place]
    if kind == "call":
        function, arguments = _FLOAT_FUNCTIONS[parts[0]], [_program(part, places) for part in parts[1:]]
        return lambda row: function(*(argument(row) for argument in arguments))
    if kind == "negative":
        (only,) = (_program(part, places) for part in parts)
        return lambda row: -only(row)
    left, right = (_program(part, places) for part in parts)
    return _BINARY[kind](left, right)


_FLOAT_FUNCTIONS: dict[str, Callable[..., float]] = {
    "abs": abs, "atan": math.atan, "cos": math.cos, "exp": math.exp, "ln": math.log, "log10": math.log10,
    "max": max, "min": min, "sin": math.sin, "sqrt": math.sqrt, "tan": math.tan,
}  # fmt: skip
_BINARY: dict[str, Callable[[Program, Program], Program]] = {
    "add": lambda a, b: lambda row: a(row) + b(row),
    "subtract": lambda a, b: lambda row: a(row) - b(row),
    "multiply": lambda a, b: lambda row: a(row) * b(row),
    "divide": lambda a, b: lambda row: a(row) / b(row),
    "power": lambda a, b: lambda row: a(row) ** b(row),
}


def simulate(
    model: str,
    quantities: Sequence[Quantity],
    *,
    correlation: Decimal = Decimal(0),
    p: Decimal = Decimal("0.95"),
    trials: int = TRIALS,
    seed: int = 101,
) -> Outcome:
    """The distribution of the model's result, sampled in strata (Latin hypercube), the same for the same seed.

    correlation: between the first two quantities, both normal. Raises: ValueError for shapes or functions that have no
    simulation. Source: JCGM 101:2008, 7.
    """
    random = Random(seed)
    columns = []
    for quantity in quantities:
        quantile = _quantile(quantity.shape)
        column = [quantile((index + 0.5) / trials) for index in range(trials)]
        random.shuffle(column)
        columns.append(column)
    if correlation and len(columns) >= 2:
        r = float(correlation)
        rest = math.sqrt(1 - r * r)
        columns[1] = [r * first + rest * second for first, second in zip(columns[0], columns[1], strict=True)]
    scaled = []
    for quantity, column in zip(quantities, columns, strict=True):
        value, u = float(quantity.value), float(quantity.u)
        scaled.append([value + u * z for z in column])
    try:
        program = _program(formula.parsed(model), {quantity.name: i for i, quantity in enumerate(quantities)})
    except KeyError as missing:
        raise ValueError(f"{missing} cannot be simulated") from missing
    results = sorted(program(row) for row in zip(*scaled, strict=True))
    y = math.fsum(results) / trials
    u = math.sqrt(math.fsum((result - y) ** 2 for result in results) / (trials - 1))
    inside = round(float(p) * trials)
    low = (trials - inside) // 2
    widths = [results[start + inside] - results[start] for start in range(trials - inside)]
    limit = min(widths) * (1 + _LUCK)
    # The shortest of very many almost equal intervals is a matter of luck; the middle one of them is not.
    nearly = [start for start, width in enumerate(widths) if width <= limit]
    shortest = nearly[len(nearly) // 2]
    return Outcome(y, u, (results[low], results[low + inside]), (results[shortest], results[shortest + inside]))
