"""The fields of a case, read generously: numbers, distributions, input quantities, correlations, models."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from certificates import coverage, uncertainty
from certificates.uncertainty import Input, Shape

Fields = Mapping[str, Any]


class NotUnderstood(ValueError):
    """A case does not say what it wants in any form known here."""


_NOT_GIVEN = object()


def first(case: Fields, *names: str, default: Any = _NOT_GIVEN) -> Any:
    """The first of these fields that the case has."""
    for name in names:
        if name in case:
            return case[name]
    if default is _NOT_GIVEN:
        raise NotUnderstood(f"none of {', '.join(names)}")
    return default


def number(value: Any) -> Decimal:
    """The number of a field: as such, as text with either minus sign, or in per cent. Raises: NotUnderstood."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, str):
        text = value.strip().replace("\u2212", "-")
        if text.endswith("%"):
            return Decimal(text[:-1].strip()) / 100
        return Decimal(text)
    raise NotUnderstood(f"{value!r} is not a number")


def degrees_of_freedom(value: Any) -> Decimal | None:
    """Degrees of freedom; nothing, "inf" and numbers beyond a million count as infinitely many."""
    if value is None or (isinstance(value, str) and value.strip().lower() in {"inf", "infinite", "infinity", "∞", ""}):
        return None
    count = number(value)
    return None if count > 1_000_000 else count


_SHAPES = {
    "normal": Shape.NORMAL, "gaussian": Shape.NORMAL, "rectangular": Shape.RECTANGULAR, "uniform": Shape.RECTANGULAR,
    "triangular": Shape.TRIANGULAR, "u_shaped": Shape.U_SHAPED, "arcsine": Shape.U_SHAPED, "u": Shape.U_SHAPED,
    "trapezoidal": Shape.TRAPEZOIDAL, "trapezoid": Shape.TRAPEZOIDAL, "two_point": Shape.TWO_POINT,
}  # fmt: skip


def distribution(name: Any) -> Shape:
    """The distribution under any of the names that sources give it. Raises: NotUnderstood."""
    key = str(name).strip().lower().replace("-", "_").replace(" ", "_")
    if key not in _SHAPES:
        raise NotUnderstood(f"{name!r} is no distribution")
    return _SHAPES[key]


def standard_uncertainty(entry: Fields, value: Decimal) -> tuple[Decimal, Decimal | None, Shape, Decimal | None]:
    """Standard uncertainty, degrees of freedom, shape and half-width that one entry of a budget stands for."""
    dof = degrees_of_freedom(first(entry, "dof", "nu", "degrees_of_freedom", default=None))
    if "reliability" in entry:
        dof = uncertainty.dof_from_reliability(number(entry["reliability"]))
    shape = distribution(entry["distribution"]) if "distribution" in entry else Shape.NORMAL
    if "components" in entry:
        parts = [standard_uncertainty(part, value) for part in entry["components"]]
        u = uncertainty.root_sum_of_squares([part[0] for part in parts])
        if dof is None:
            dof = uncertainty.welch_satterthwaite(u, [(part[0], part[1]) for part in parts])
        return u, dof, Shape.NORMAL, None
    if "readings" in entry:
        found = uncertainty.type_a([number(reading) for reading in entry["readings"]])
        return found.u, dof if "dof" in entry else found.dof, Shape.NORMAL, None
    if "pooled_s" in entry or "s" in entry:
        count = number(first(entry, "n", "count", default=Decimal(1)))
        return number(first(entry, "pooled_s", "s")) / count.sqrt(), dof, Shape.NORMAL, None
    width = first(entry, "half_width", "a", default=None)
    if width is None and "resolution" in entry:
        width, shape = number(entry["resolution"]) / 2, Shape.RECTANGULAR
    if width is not None:
        shape = Shape.RECTANGULAR if "distribution" not in entry else shape
        beta = number(entry["beta"]) if "beta" in entry else None
        return uncertainty.from_half_width(number(width), shape, beta), dof, shape, number(width)
    if "U" in entry:
        expanded, k = number(entry["U"]), first(entry, "k", default=None)
        if k is None:
            k = coverage.t_factor(None if dof is None else uncertainty.truncated(dof), number(entry["p"]))
        return uncertainty.from_expanded(expanded, number(k)), dof, Shape.NORMAL, None
    if "u" in entry:
        return number(entry["u"]), dof, shape, None
    for name, scale in (("u_rel", Decimal(1)), ("u_rel_percent", Decimal("0.01"))):
        if name in entry:
            return abs(value) * number(entry[name]) * scale, dof, shape, None
    if "value" in entry and not set(entry) - {"name", "value", "unit", "note", "label", "dof"}:
        return Decimal(0), None, Shape.NORMAL, None
    raise NotUnderstood("an input without uncertainty")


def _input(entry: Fields) -> Input:
    if "readings" in entry and "value" not in entry:
        value = uncertainty.mean([number(reading) for reading in entry["readings"]])
    else:
        value = number(first(entry, "value", "estimate", "x", default=Decimal(0)))
    u, dof, shape, width = standard_uncertainty(entry, value)
    return Input(str(entry["name"]), value, u, dof, shape=shape, half_width=width)


def input_quantities(example: Fields) -> list[Input]:
    """The input quantities of an example; its constants are inputs without uncertainty."""
    inputs = [_input(entry) for entry in example["inputs"]]
    constants = example.get("constants", {})
    return inputs + [Input(str(name), number(value), Decimal(0)) for name, value in constants.items()]


def correlations(example: Fields, inputs: Sequence[Input]) -> dict[frozenset[str], Decimal]:
    """The coefficients of an example per unordered pair of inputs, in whichever form the source gives them."""
    given = first(example, "correlations", "correlation", "r", default=None)
    names = [each.name for each in inputs]
    if given is None or given == []:
        return {}
    if isinstance(given, str):
        if given in {"full", "complete", "all"}:
            given = Decimal(1)
        elif "reading" not in given:
            given = number(given)
        else:
            series = {entry["name"]: entry["readings"] for entry in example["inputs"] if "readings" in entry}
            return observed_correlations({name: [number(v) for v in values] for name, values in series.items()})
    if isinstance(given, Decimal):
        return {frozenset((one, other)): given for i, one in enumerate(names) for other in names[i + 1 :]}
    if isinstance(given, dict):
        pairs = {}
        for pair, r in given.items():
            joined = [name for name in re.split(r"[^A-Za-z0-9_]+", pair) if name in names]
            if len(joined) != 2:
                raise NotUnderstood(f"the correlation of {pair}")
            pairs[frozenset(joined)] = number(r)
        return pairs
    if all(isinstance(row, list) and len(row) == len(names) for row in given):
        return {frozenset((names[i], names[j])): number(given[i][j]) for i in range(len(names)) for j in range(i)}
    pairs = {}
    for entry in given:
        r = entry[-1] if isinstance(entry, list) else first(entry, "r", "coefficient", "correlation", "value")
        values = entry[:-1] if isinstance(entry, list) else entry.values()
        flat = [name for value in values for name in (value if isinstance(value, list) else [value])]
        joined = [name for name in flat if isinstance(name, str) and name in names]
        if len(joined) != 2:
            raise NotUnderstood("a correlation of something else than two inputs")
        pairs[frozenset(joined)] = number(r)
    return pairs


def observed_correlations(series: Mapping[str, list[Decimal]]) -> dict[frozenset[str], Decimal]:
    """The coefficients of all pairs of series that were read together."""
    names = list(series)
    return {
        frozenset((one, other)): uncertainty.correlation(series[one], series[other])
        for i, one in enumerate(names)
        for other in names[i + 1 :]
    }


def model(text: str) -> str:
    """The right-hand side of a model, with the logarithm of programming languages written as ln."""
    _, equals, right = text.partition("=")
    expression = right if equals else text
    return re.sub(r"\blog\(", "ln(", expression.strip()).replace("·", "*").replace("×", "*").replace("\u2212", "-")
