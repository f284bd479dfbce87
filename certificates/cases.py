"""Published worked examples and cases, worked out with the portal's own arithmetic and compared with what is printed.

A file of cases is JSON with an "examples" list and lists such as "rounding_cases". Names of fields vary between
sources, so they are read generously; what cannot be read is reported as unknown, never guessed to be right.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, DecimalException
from typing import Any

from certificates import uncertainty
from certificates.conformity import (
    RULES,
    Limits,
    decide,
    decide_within,
    full_value,
    limits,
    probability_of_conformity,
    rounded_value,
)
from certificates.decimals import plain
from certificates.formula import names_in
from certificates.monte_carlo import Quantity, simulate
from certificates.rounding import Mode, report, round_places, round_to
from certificates.uncertainty import Budget, Coverage, Input, Shape

Fields = Mapping[str, Any]


class NotUnderstood(ValueError):
    """A case does not say what it wants in any form known here."""


@dataclass(frozen=True)
class Outcome:
    """One case: what came out, what was printed, and whether they agree within the tolerance of the case."""

    id: str
    got: Any
    expected: Any
    passed: bool


def load(text: str) -> dict[str, Any]:
    """The file of cases with every number a Decimal that keeps its digits. Raises: ValueError for other JSON."""
    found = json.loads(text, parse_float=Decimal, parse_int=Decimal, parse_constant=_no_constant)
    if not isinstance(found, dict):
        raise ValueError("a file of cases is a JSON object")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number a case can carry")


def run(cases: Fields) -> tuple[list[Outcome], list[str]]:
    """Every case of the file worked out, and the ids of those that could not be understood."""
    outcomes: list[Outcome] = []
    unknown: list[str] = []
    for identity, work in _everything(cases):
        try:
            outcomes.append(work(identity))
        except (NotUnderstood, KeyError, TypeError, AttributeError, ValueError, IndexError, DecimalException):
            # A case in a form nobody foresaw is not understood; it is listed, and it neither passes nor fails.
            unknown.append(identity)
    return outcomes, unknown


def _everything(cases: Fields) -> Iterator[tuple[str, Callable[[str], Outcome]]]:
    for index, example in enumerate(cases.get("examples", ())):
        yield str(example.get("id", f"examples[{index}]")), lambda identity, case=example: _example(identity, case)
    for name, content in cases.items():
        if name == "examples":
            continue
        if isinstance(content, list) and all(isinstance(case, dict) for case in content):
            for index, case in enumerate(content):
                yield f"{name}[{index}]", lambda identity, case=case, name=name: _listed(identity, name, case)
        elif isinstance(content, dict) and re.match(r"(k|t)_", name):
            yield from _factors(name, content)


# --- reading


_NOT_GIVEN = object()


def _first(case: Fields, *names: str, default: Any = _NOT_GIVEN) -> Any:
    """The first of these fields that the case has."""
    for name in names:
        if name in case:
            return case[name]
    if default is _NOT_GIVEN:
        raise NotUnderstood(f"none of {', '.join(names)}")
    return default


def _number(value: Any) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, str):
        text = value.strip().replace("\u2212", "-")
        if text.endswith("%"):
            return Decimal(text[:-1].strip()) / 100
        return Decimal(text)
    raise NotUnderstood(f"{value!r} is not a number")


def _dof(value: Any) -> Decimal | None:
    """Degrees of freedom; nothing, "inf" and numbers beyond a million count as infinitely many."""
    if value is None or (isinstance(value, str) and value.strip().lower() in {"inf", "infinite", "infinity", "∞", ""}):
        return None
    number = _number(value)
    return None if number > 1_000_000 else number


_SHAPES = {
    "normal": Shape.NORMAL, "gaussian": Shape.NORMAL, "rectangular": Shape.RECTANGULAR, "uniform": Shape.RECTANGULAR,
    "triangular": Shape.TRIANGULAR, "u_shaped": Shape.U_SHAPED, "arcsine": Shape.U_SHAPED, "u": Shape.U_SHAPED,
    "trapezoidal": Shape.TRAPEZOIDAL, "trapezoid": Shape.TRAPEZOIDAL, "two_point": Shape.TWO_POINT,
}  # fmt: skip


def _shape(name: Any) -> Shape:
    key = str(name).strip().lower().replace("-", "_").replace(" ", "_")
    if key not in _SHAPES:
        raise NotUnderstood(f"{name!r} is no distribution")
    return _SHAPES[key]


def _standard(entry: Fields, value: Decimal) -> tuple[Decimal, Decimal | None, Shape, Decimal | None]:
    """Standard uncertainty, degrees of freedom, shape and half-width that one entry of a budget stands for."""
    dof = _dof(_first(entry, "dof", "nu", "degrees_of_freedom", default=None))
    if "reliability" in entry:
        dof = uncertainty.dof_from_reliability(_number(entry["reliability"]))
    shape = _shape(entry["distribution"]) if "distribution" in entry else Shape.NORMAL
    if "components" in entry:
        parts = [_standard(part, value) for part in entry["components"]]
        u = uncertainty.root_sum_of_squares([part[0] for part in parts])
        if dof is None:
            dof = uncertainty.welch_satterthwaite(u, [(part[0], part[1]) for part in parts])
        return u, dof, Shape.NORMAL, None
    if "readings" in entry:
        found = uncertainty.type_a([_number(reading) for reading in entry["readings"]])
        return found.u, dof if "dof" in entry else found.dof, Shape.NORMAL, None
    if "pooled_s" in entry or "s" in entry:
        count = _number(_first(entry, "n", "count", default=Decimal(1)))
        return _number(_first(entry, "pooled_s", "s")) / count.sqrt(), dof, Shape.NORMAL, None
    width = _first(entry, "half_width", "a", default=None)
    if width is None and "resolution" in entry:
        width, shape = _number(entry["resolution"]) / 2, Shape.RECTANGULAR
    if width is not None:
        shape = Shape.RECTANGULAR if "distribution" not in entry else shape
        beta = _number(entry["beta"]) if "beta" in entry else None
        return uncertainty.from_half_width(_number(width), shape, beta), dof, shape, _number(width)
    if "U" in entry:
        expanded, k = _number(entry["U"]), _first(entry, "k", default=None)
        if k is None:
            k = uncertainty.t_factor(None if dof is None else uncertainty.truncated(dof), _number(entry["p"]))
        return uncertainty.from_expanded(expanded, _number(k)), dof, Shape.NORMAL, None
    if "u" in entry:
        return _number(entry["u"]), dof, shape, None
    for name, scale in (("u_rel", Decimal(1)), ("u_rel_percent", Decimal("0.01"))):
        if name in entry:
            return abs(value) * _number(entry[name]) * scale, dof, shape, None
    if "value" in entry and not set(entry) - {"name", "value", "unit", "note", "label", "dof"}:
        return Decimal(0), None, Shape.NORMAL, None
    raise NotUnderstood("an input without uncertainty")


def _input(entry: Fields) -> Input:
    if "readings" in entry and "value" not in entry:
        value = uncertainty.mean([_number(reading) for reading in entry["readings"]])
    else:
        value = _number(_first(entry, "value", "estimate", "x", default=Decimal(0)))
    u, dof, shape, width = _standard(entry, value)
    return Input(str(entry["name"]), value, u, dof, shape=shape, half_width=width)


def _inputs(example: Fields) -> list[Input]:
    """The input quantities of an example; its constants are inputs without uncertainty."""
    inputs = [_input(entry) for entry in example["inputs"]]
    constants = example.get("constants", {})
    return inputs + [Input(str(name), _number(value), Decimal(0)) for name, value in constants.items()]


def _correlations(example: Fields, inputs: Sequence[Input]) -> dict[frozenset[str], Decimal]:
    given = _first(example, "correlations", "correlation", "r", default=None)
    names = [each.name for each in inputs]
    if given is None or given == []:
        return {}
    if isinstance(given, str):
        if given in {"full", "complete", "all"}:
            given = Decimal(1)
        elif "reading" not in given:
            given = _number(given)
        else:
            series = {entry["name"]: entry["readings"] for entry in example["inputs"] if "readings" in entry}
            return _observed_correlations({name: [_number(v) for v in values] for name, values in series.items()})
    if isinstance(given, Decimal):
        return {frozenset((one, other)): given for i, one in enumerate(names) for other in names[i + 1 :]}
    if isinstance(given, dict):
        pairs = {}
        for pair, r in given.items():
            joined = [name for name in re.split(r"[^A-Za-z0-9_]+", pair) if name in names]
            if len(joined) != 2:
                raise NotUnderstood(f"the correlation of {pair}")
            pairs[frozenset(joined)] = _number(r)
        return pairs
    if all(isinstance(row, list) and len(row) == len(names) for row in given):
        return {frozenset((names[i], names[j])): _number(given[i][j]) for i in range(len(names)) for j in range(i)}
    pairs = {}
    for entry in given:
        r = entry[-1] if isinstance(entry, list) else _first(entry, "r", "coefficient", "correlation", "value")
        values = entry[:-1] if isinstance(entry, list) else entry.values()
        flat = [name for value in values for name in (value if isinstance(value, list) else [value])]
        joined = [name for name in flat if isinstance(name, str) and name in names]
        if len(joined) != 2:
            raise NotUnderstood("a correlation of something else than two inputs")
        pairs[frozenset(joined)] = _number(r)
    return pairs


def _observed_correlations(series: Mapping[str, list[Decimal]]) -> dict[frozenset[str], Decimal]:
    names = list(series)
    return {
        frozenset((one, other)): uncertainty.correlation(series[one], series[other])
        for i, one in enumerate(names)
        for other in names[i + 1 :]
    }


def _model(text: str) -> str:
    """The right-hand side of a model, with the logarithm of programming languages written as ln."""
    _, equals, right = text.partition("=")
    expression = right if equals else text
    return re.sub(r"\blog\(", "ln(", expression.strip()).replace("·", "*").replace("×", "*").replace("\u2212", "-")


# --- comparing


_EXACT = frozenset({"dof", "nu_used", "count", "n", "nu_truncated"})
# What tolerance a coverage factor gets that is printed as a bare 2.
_FACTOR_TOLERANCE = Decimal("0.005")


def _tolerance(key: str, expected: Decimal, given: Any) -> Decimal:
    """The tolerance of the case, else half a unit of the last printed digit."""
    if isinstance(given, dict):
        base = re.sub(r"_(guf|exact|mcm)$", "", key)
        given = given.get(key, given.get(base))
    if given is not None:
        return _number(given)
    if key in _EXACT:
        return Decimal("0.0005")
    # JSON writes a whole number of a source as 34.0; the zero was never printed.
    written = expected.quantize(Decimal(1)) if expected == expected.to_integral_value() else expected
    half = Decimal(5).scaleb(min(int(written.as_tuple().exponent), 0) - 1)
    if key in {"k", "t"}:
        return min(half, _FACTOR_TOLERANCE)
    return min(half, abs(expected) / 100) if expected == expected.to_integral_value() and expected else half


def _agree(key: str, got: Any, expected: Any, tolerance: Any) -> bool:
    if expected is None or got is None:
        return expected is got
    if isinstance(expected, list):
        return len(got) == len(expected) and all(
            _agree(key, each, wanted, tolerance) for each, wanted in zip(got, expected, strict=True)
        )
    if isinstance(expected, dict):
        return all(each in got and _agree(each, got[each], figure, tolerance) for each, figure in expected.items())
    if isinstance(expected, str) and isinstance(got, str):
        return got == expected
    wanted = _number(expected)
    # An interval that begins at a bare zero still is printed with the digits of its other end.
    return abs(_number(got) - wanted) <= _tolerance(key, wanted, tolerance)


def _shown(value: Any) -> Any:
    """A result as it is listed: at most ten significant digits, as text."""
    if isinstance(value, Decimal):
        if value == 0 or not value.is_finite():
            return "0" if value == 0 else str(value)
        return plain(round_places(value, 9 - value.adjusted()).normalize())
    if isinstance(value, float):
        return _shown(Decimal(repr(value)))
    if isinstance(value, dict):
        return {key: _shown(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(each) for each in value]
    return value


def _printed(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        return {key: _printed(each) for key, each in value.items()}
    return [_printed(each) for each in value] if isinstance(value, list) else value


# Under which names sources print the figures that are worked out here.
_ALIASES = {
    "u_c": ("uc", "u_y", "u(y)", "u_combined", "combined", "standard_uncertainty", "u_mean"),
    "U": ("U95", "U_95", "U_p", "expanded", "expanded_uncertainty"),
    "nu_eff": ("veff", "v_eff", "dof_eff", "nu", "dof", "effective_dof"),
    "nu_used": ("nu_truncated", "dof_used", "nu_int"),
    "y": ("result", "mean", "estimate", "value"),
    "k": ("k95", "k_95", "k_p", "kp", "coverage_factor"),
}


def _compared(identity: str, got: Mapping[str, Any], expected: Fields, tolerance: Any) -> Outcome:
    """The figures of a case against those expected; words among the expected ones are not compared.

    Raises: NotUnderstood when a figure is expected that was not worked out.
    """
    known = {alias: got[name] for name, aliases in _ALIASES.items() if name in got for alias in aliases} | dict(got)
    keys = [key for key in expected if key in known or not isinstance(expected[key], str | bool)]
    lacking = [key for key in keys if key not in known]
    if lacking or not keys:
        raise NotUnderstood(f"nothing known about {', '.join(lacking)}")
    passed = all(_agree(key, known[key], expected[key], tolerance) for key in keys)
    return Outcome(identity, _shown({key: known[key] for key in keys}), _printed(dict(expected)), passed)


# --- examples


def _example(identity: str, example: Fields) -> Outcome:
    kind = str(example.get("kind", ""))
    for words, work in _KINDS:
        if any(word in kind for word in words):
            return work(identity, example)
    for fields, work in _FORMS:
        if all(field in example for field in fields):
            return work(identity, example)
    raise NotUnderstood(f"examples of kind {kind!r}")


def _type_a(identity: str, example: Fields) -> Outcome:
    if isinstance(example["readings"], dict):
        return _simultaneous(identity, example)
    readings = [_number(reading) for reading in example["readings"]]
    found = uncertainty.type_a(readings)
    got = {"mean": found.mean, "y": found.mean, "s": found.s, "u_mean": found.u, "u": found.u, "dof": found.dof}
    got |= {"n": Decimal(found.count), "nu": found.dof, "u_c": found.u, "range": max(readings) - min(readings)}
    return _compared(identity, got, example["expected"], example.get("tolerance"))


def _single(identity: str, example: Fields) -> Outcome:
    u, dof, _, _ = _standard(example, _number(_first(example, "value", default=Decimal(0))))
    got = {"u": u, "u_c": u, "dof": dof}
    return _compared(identity, got, example["expected"], example.get("tolerance"))


def _range(identity: str, example: Fields) -> Outcome:
    found = uncertainty.range_method([_number(reading) for reading in example["readings"]])
    got = {"mean": found.mean, "s": found.s, "u_mean": found.u, "u": found.u, "dof": found.dof}
    return _compared(identity, got, example["expected"], example.get("tolerance"))


def _pooled(identity: str, example: Fields) -> Outcome:
    groups = _first(example, "groups", "series", default=None)
    if groups is not None:
        found = [uncertainty.type_a([_number(reading) for reading in group]) for group in groups]
        deviations, counts = [each.s for each in found], [each.count for each in found]
    else:
        deviations = [_number(each) for each in _first(example, "s", "deviations", "standard_deviations")]
        each_count = _first(example, "n", "counts", "n_per_group")
        counts = [
            int(each) for each in (each_count if isinstance(each_count, list) else [each_count] * len(deviations))
        ]
    s, dof = uncertainty.pooled(deviations, counts)
    averaged = _number(_first(example, "n_averaged", "n_used", "n_prime", default=Decimal(1)))
    u = s / averaged.sqrt()
    got = {"s_p": s, "s_pooled": s, "s": s, "pooled_s": s, "dof": dof, "nu": dof, "u": u, "u_mean": u}
    return _compared(identity, got, example["expected"], example.get("tolerance"))


def _relative(identity: str, example: Fields) -> Outcome:
    parts = []
    for entry in example["inputs"]:
        dof = _dof(entry.get("dof")) if "n" not in entry else _number(entry["n"]) - 1
        parts.append((_number(_first(entry, "u_rel_percent", "u_rel", "u")), dof))
    u, nu = uncertainty.relative_product(parts)
    expected = example["expected"]
    p = _number(_first(expected, "p", default=_first(example, "p", default=Decimal("0.9545"))))
    used = None if nu is None else uncertainty.truncated(nu)
    t = uncertainty.t_factor(used, p)
    got = {"u_rel_percent": u, "u_rel": u, "nu_eff": nu, "nu_used": used if used is None else Decimal(used)}
    got |= {"p": p, "t": t, "k": t, "U_rel_percent": uncertainty.expanded(u, t), "U_rel": uncertainty.expanded(u, t)}
    return _compared(identity, got, expected, example.get("tolerance"))


def _candidates(budget: Budget, example: Fields, p: Decimal | None) -> list[Coverage]:
    """The coverage factors that the portal's rule allows here, the rule's own choice first.

    Sources write 95 % both for 95 and for 95.45 %, and k = 2 for a nearly normal result; the printed k tells which.
    """
    kind = str(example.get("kind", ""))
    chosen = uncertainty.coverage(budget, p)
    candidates = [chosen]
    if chosen.shape is Shape.NORMAL:
        used = None if budget.nu_eff is None else uncertainty.truncated(budget.nu_eff)
        if p is None or abs(p - Decimal("0.95")) < Decimal("0.005"):
            for near in (Decimal("0.95"), Decimal("0.9545")):
                candidates.append(Coverage(uncertainty.t_factor(used, near), near, Shape.NORMAL, used))
            candidates.append(Coverage(Decimal(2), Decimal("0.9545"), Shape.NORMAL, None))
    elif "dominant" not in kind and "trapez" not in kind:
        candidates.append(Coverage(Decimal(2), Decimal("0.9545"), Shape.NORMAL, None))
    return candidates


def _budget(identity: str, example: Fields) -> Outcome:
    inputs = _inputs(example)
    model = _model(example["model"]) if "model" in example else " + ".join(each.name for each in inputs)
    budget = uncertainty.propagate(model, inputs, _correlations(example, inputs))
    expected = dict(example["expected"])
    tolerance = example.get("tolerance")
    given = _first(expected, "p", default=_first(example, "p", default=None))
    p = None if given is None else _number(given)
    candidates = _candidates(budget, example, p)
    printed = expected.get("k")
    chosen = candidates[0]
    if printed is not None:
        chosen = min(candidates, key=lambda each: abs(each.k - _number(printed)))

    # Where first-order terms vanish the published value may contain the second-order ones.
    attempts = [_budget_figures(budget, budget.u_c, chosen, p)]
    if budget.u_second_order != budget.u_c:
        attempts.append(_budget_figures(budget, budget.u_second_order, chosen, p))
    if "second_order" in example:
        expected["second_order"] = _number(example["second_order"]["u_c"])
    outcome = None
    for got in attempts:
        outcome = _compared(identity, got, expected, tolerance)
        if outcome.passed:
            break
    assert outcome is not None
    return outcome


def _budget_figures(budget: Budget, u: Decimal, chosen: Coverage, p: Decimal | None) -> dict[str, Any]:
    U = uncertainty.expanded(u, chosen.k)
    used = None if budget.nu_eff is None else Decimal(uncertainty.truncated(budget.nu_eff))
    relative = u / abs(budget.y) if budget.y else None
    beta = chosen.beta
    figures = {
        "y": budget.y, "value": budget.y, "u_c": u, "u": u, "nu_eff": budget.nu_eff, "nu_used": used,
        "p": p if p is not None else chosen.p, "k": chosen.k, "t": chosen.k, "U": U, "beta": beta, "b": beta,
        "second_order": budget.u_second_order, "distribution": str(chosen.shape),
        "u_rel": relative, "U_rel": None if relative is None else relative * chosen.k,
        "u_rel_percent": None if relative is None else relative * 100,
        "U_rel_percent": None if relative is None else relative * chosen.k * 100,
        "sensitivities": {line.name: line.sensitivity for line in budget.contributions},
        "contributions": {line.name: line.contribution for line in budget.contributions},
        "second_order_u_c": budget.u_second_order,
    }  # fmt: skip
    return figures


def _line(identity: str, example: Fields) -> Outcome:
    x = [_number(value) for value in _first(example, "x", "t")]
    y = [_number(value) for value in _first(example, "y", "b")]
    x0 = _number(_first(example, "x0", "t0", default=Decimal(0)))
    line = uncertainty.straight_line(x, y, x0)
    got = {
        "intercept": line.intercept, "slope": line.slope, "u_intercept": line.u_intercept, "u_slope": line.u_slope,
        "r": line.r, "s": line.s, "dof": Decimal(line.dof), "covariance": line.covariance,
    }  # fmt: skip
    at = _first(example, "predict_at", "at", default=None)
    if at is not None:
        got["prediction"], got["u_prediction"] = line.at(_number(at))
    return _compared(identity, got, example["expected"], example.get("tolerance"))


def _simultaneous(identity: str, example: Fields) -> Outcome:
    """Several results from quantities that were observed together, with the correlations of the observations."""
    source = _first(example, "readings", "observations", "data", default=None)
    if source is None:
        source = {entry["name"]: entry["readings"] for entry in example["inputs"]}
    series = {name: [_number(value) for value in values] for name, values in source.items()}
    found = {name: uncertainty.type_a(values) for name, values in series.items()}
    pairs = _observed_correlations(series)
    inputs = [Input(name, each.mean, each.u, each.dof) for name, each in found.items()]
    models = _first(example, "models", "outputs", "results", "model")
    if isinstance(models, list):
        models = {str(entry["name"]): _first(entry, "model", "formula", "expression") for entry in models}
    elif isinstance(models, str):
        models = dict([(models.partition("=")[0].strip(), models)])
    budgets = {name: uncertainty.propagate(_model(text), inputs, pairs) for name, text in models.items()}
    got: dict[str, Any] = {}
    for name, each in found.items():
        got |= {
            name: each.mean,
            f"mean_{name}": each.mean,
            f"u_{name}": each.u,
            f"s_{name}": each.s,
            f"u({name})": each.u,
        }
    for (one, other), r in {tuple(sorted(pair)): r for pair, r in pairs.items()}.items():
        got |= _pair_names(one, other, r)
    for name, budget in budgets.items():
        got |= {name: budget.y, f"u_{name}": budget.u_c, f"u({name})": budget.u_c, f"u_c_{name}": budget.u_c}
    names = list(budgets)
    for index, one in enumerate(names):
        for other in names[index + 1 :]:
            got |= _pair_names(one, other, _output_correlation(budgets[one], budgets[other], pairs))
    expected = _flat(example["expected"], names)
    return _compared(identity, got, expected, example.get("tolerance"))


def _pair_names(one: str, other: str, r: Decimal) -> dict[str, Decimal]:
    forms = ("r_{}{}", "r_{}_{}", "r({},{})", "r({}, {})", "{}_{}", "{},{}")
    return {form.format(*pair): r for form in forms for pair in ((one, other), (other, one))}


def _output_correlation(one: Budget, other: Budget, pairs: Mapping[frozenset[str], Decimal]) -> Decimal:
    total = Decimal(0)
    for a in one.contributions:
        for b in other.contributions:
            r = Decimal(1) if a.name == b.name else pairs.get(frozenset((a.name, b.name)), Decimal(0))
            total += a.sensitivity * b.sensitivity * a.u * b.u * r
    return total / (one.u_c * other.u_c)


def _flat(expected: Fields, names: Sequence[str]) -> dict[str, Any]:
    """Expected figures in one level: {"R": {"y": 1, "u": 2}} becomes {"R": 1, "u_R": 2}."""
    flat: dict[str, Any] = {}
    for key, value in expected.items():
        if isinstance(value, dict) and key in names:
            for inner, figure in value.items():
                flat[key if inner in {"y", "value", "mean"} else f"u_{key}" if inner in {"u", "u_c"} else inner] = (
                    figure
                )
        elif isinstance(value, dict):
            flat |= value
        else:
            flat[key] = value
    return flat


# --- distributions


_COUNTS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "another": 1, "a": 1}
_GROUP = re.compile(
    r"(?:(?P<count>one|two|three|four|five|six|another|a|\d+)\s+)(?:more\s+)?"
    r"(?P<shape>normal|gaussian|rectangular|uniform|triangular|u[- _]shaped|arcsine)",
    re.IGNORECASE,
)
_FIGURE = r"(-?\d+(?:\.\d+)?(?:[eE]-?\d+)?)"


def _described(text: str) -> list[tuple[Shape, Decimal, Decimal]]:
    """Shape, mean and standard deviation of inputs described in words: "four normal N(0,1)"."""
    found: list[tuple[Shape, Decimal, Decimal]] = []
    groups = list(_GROUP.finditer(text))
    for index, group in enumerate(groups):
        words = text[group.end() : groups[index + 1].start() if index + 1 < len(groups) else len(text)]
        notation = re.search(rf"[NR]\(\s*{_FIGURE}\s*,\s*{_FIGURE}\s*\)", words)
        mean = re.search(rf"mean\s*(?:of\s*)?{_FIGURE}", words)
        deviation = re.search(rf"(?:standard deviation|sd|s\.d\.|sigma|u)\s*(?:of\s*|=\s*)?{_FIGURE}", words)
        if notation:
            figures = Decimal(notation[1]), Decimal(notation[2])
        elif deviation:
            figures = Decimal(mean[1]) if mean else Decimal(0), Decimal(deviation[1])
        else:
            raise NotUnderstood(f"the inputs “{text}”")
        count = group["count"].lower()
        found += [(_shape(group["shape"]), *figures)] * int(_COUNTS.get(count, count))
    if not found:
        raise NotUnderstood(f"the inputs “{text}”")
    return found


def _variables(model: str) -> list[str]:
    order = re.findall(r"[^\W\d]\w*", model)
    wanted = names_in(model)
    return sorted(wanted, key=order.index)


def _distribution(identity: str, example: Fields) -> Outcome:
    cases = example.get("cases", [example])
    tolerance = example.get("tolerance")
    got, expected, passed = [], [], True
    for case in cases:
        one_got, one_expected, one_passed = _one_distribution({**example, **case}, case, tolerance)
        got.append(one_got)
        expected.append(one_expected)
        passed = passed and one_passed
    if "cases" not in example:
        got, expected = got[0], expected[0]
    return Outcome(identity, got, expected, passed)


def _distribution_inputs(case: Fields, model: str) -> list[Input]:
    given = case.get("inputs")
    if isinstance(given, list):
        return _inputs(case)
    variables = _variables(model)
    if isinstance(given, str):
        described = _described(given)
        if len(described) != len(variables):
            raise NotUnderstood("a model with another number of inputs than described")
        return [Input(name, mean, u, shape=shape) for name, (shape, mean, u) in zip(variables, described, strict=True)]
    values = {key.lower(): value for key, value in case.items() if isinstance(value, Decimal | str)}
    inputs = []
    for name in variables:
        u = values.get(f"u_{name.lower()}", values.get(f"u({name.lower()})", values.get("u")))
        inputs.append(Input(name, _number(values[name.lower()]), _number(u)))
    return inputs


def _one_distribution(case: Fields, own: Fields, tolerance: Any) -> tuple[Any, Any, bool]:
    text = case.get("model") or re.search(r"\b[Yy]\s*=\s*(.+)$", str(case.get("title", "")))
    if not text:
        raise NotUnderstood("a distribution without model")
    model = _model(text if isinstance(text, str) else text[1])
    inputs = _distribution_inputs(case, model)
    pairs = _correlations({key: case[key] for key in ("correlation", "correlations", "r") if key in case}, inputs)
    pairs = {pair: r for pair, r in pairs.items() if r}
    budget = uncertainty.propagate(model, inputs, pairs)
    framework = _framework_figures(budget)
    exact = _exact_figures(model, inputs, pairs, budget)
    blocks = [key for key in own if key.startswith("expected")]
    if not blocks:
        raise NotUnderstood("a distribution without expected figures")
    got, expected, passed = {}, {}, True
    for block in blocks:
        first_order = "guf" in block or "first_order" in block or "framework" in block
        known = framework if first_order else {**exact, "interval95_guf": framework["interval95"]}
        wanted = own[block]
        lacking = [key for key in wanted if key not in known]
        if lacking:
            raise NotUnderstood(f"nothing known about {', '.join(lacking)}")
        got[block] = {key: _shown(known[key]) for key in wanted}
        expected[block] = _printed(wanted)
        passed = passed and all(_figure_agrees(key, known, figure, tolerance) for key, figure in wanted.items())
    if blocks == ["expected"]:
        return got["expected"], expected["expected"], passed
    return got, expected, passed


def _figure_agrees(key: str, known: Fields, figure: Any, tolerance: Any) -> bool:
    if isinstance(figure, list):
        # Both ends of an interval are printed with the digits of the longer one.
        finest = min(int(_number(end).as_tuple().exponent) for end in figure)
        figure = [_number(end).quantize(Decimal(1).scaleb(finest)) for end in figure]
    if _agree(key, known[key], figure, tolerance):
        return True
    other = known.get(f"{key}_symmetric")
    return other is not None and _agree(key, other, figure, tolerance)


def _framework_figures(budget: Budget) -> dict[str, Any]:
    reach = uncertainty.expanded(budget.u_c, uncertainty.normal_factor(Decimal("0.95")))
    interval = [budget.y - reach, budget.y + reach]
    return {"y": budget.y, "u": budget.u_c, "u_c": budget.u_c, "interval95": interval, "U": reach}


def _linear(budget: Budget) -> bool:
    return budget.u_second_order == budget.u_c


def _exact_figures(
    model: str, inputs: Sequence[Input], pairs: Mapping[frozenset[str], Decimal], budget: Budget
) -> dict[str, Any]:
    """Moments and interval of the result: exact where the model allows, else simulated."""
    shapes = {each.shape for each in inputs if each.u}
    p = Decimal("0.95")
    if not pairs and _linear(budget) and shapes <= {Shape.NORMAL}:
        return _symmetric_figures(budget.y, budget.u_c, uncertainty.expanded(budget.u_c, uncertainty.normal_factor(p)))
    if not pairs and _linear(budget) and shapes == {Shape.RECTANGULAR} and len(inputs) <= 12:
        root = Decimal(3).sqrt()
        reach = uncertainty.rectangular_sum_factor([line.contribution * root for line in budget.contributions], p)
        return _symmetric_figures(budget.y, budget.u_c, reach)
    quantities = [Quantity(each.name, each.value, each.u, each.shape) for each in inputs]
    r = next(iter(pairs.values()), Decimal(0))
    if pairs and (len(inputs) != 2 or shapes != {Shape.NORMAL}):
        raise NotUnderstood("the simulation of more than two correlated quantities")
    found = simulate(model, quantities, correlation=r, p=p)
    figures: dict[str, Any] = {
        "y": Decimal(repr(found.y)), "u": Decimal(repr(found.u)),
        "interval95": [Decimal(repr(end)) for end in found.shortest],
        "interval95_symmetric": [Decimal(repr(end)) for end in found.symmetric],
    }  # fmt: skip
    if shapes == {Shape.NORMAL} and _second_degree(model, inputs):
        figures["y"], figures["u"] = uncertainty.moments_of_quadratic(model, inputs, pairs)
    return figures


def _symmetric_figures(y: Decimal, u: Decimal, reach: Decimal) -> dict[str, Any]:
    interval = [y - reach, y + reach]
    return {"y": y, "u": u, "u_c": u, "interval95": interval, "interval95_exact": interval, "interval95_mcm": interval}


def _second_degree(model: str, inputs: Sequence[Input]) -> bool:
    """Whether the model is a polynomial of at most second degree, told by its text: sums of products and squares."""
    names = "|".join(re.escape(each.name) for each in inputs)
    term = rf"(?:\d+(?:\.\d+)?\*)?(?:{names})(?:(?:\^|\*\*)2|\*(?:{names}))?"
    return re.fullmatch(rf"[+-]?{term}(?:[+-]{term})*", model.replace(" ", "")) is not None


# --- lists


def _listed(identity: str, name: str, case: Fields) -> Outcome:
    for words, work in _LISTS:
        if any(word in name for word in words):
            return work(identity, case)
    raise NotUnderstood(f"cases called {name}")


def _rounding(identity: str, case: Fields) -> Outcome:
    value = _number(_first(case, "input", "value", "x"))
    if "interval" in case:
        got = plain(round_to(value, _number(case["interval"])))
    else:
        got = plain(round_places(value, int(_number(_first(case, "places", "decimals")))))
    expected = str(_first(case, "expected", "result", "rounded"))
    return Outcome(identity, got, expected, got == expected)


def _limit_judgement(identity: str, case: Fields) -> Outcome:
    if "requirement" in case or "limit" in case:
        within = limits(str(_first(case, "requirement", "limit")))
    else:
        within = _bounds(case)
    value = _number(_first(case, "measured", "value", "x"))
    got = {
        "full_value": str(full_value(value, within)),
        "rounded_value_comparison": str(rounded_value(value, within)),
        "rounded": plain(round_places(value, within.places)),
    }
    wanted = {key: case[key] for key in got if key in case}
    if not wanted:
        raise NotUnderstood("a limit without verdict")
    got = {key: got[key] for key in wanted}
    return Outcome(identity, got, _printed(wanted), all(str(wanted[key]) == got[key] for key in wanted))


def _bounds(case: Fields) -> Limits:
    lower = _first(case, "lower", "lower_limit", "minimum", "TL", default=None)
    upper = _first(case, "upper", "upper_limit", "maximum", "TU", default=None)
    if lower is None and upper is None:
        raise NotUnderstood("no limits")
    return Limits(None if lower is None else _number(lower), None if upper is None else _number(upper))


_RULE_NAMES = {
    "simple": "simple_acceptance", "ilac_g8_simple_acceptance": "simple_acceptance", "jjf1094_2002": "jjf1094",
    "guard_band": "guard_band_w_U", "guard_band_w_u": "guard_band_w_U", "guard_band_u": "guard_band_w_U",
    "guard_band_w_u_nonbinary": "guard_band_w_U_nonbinary", "nonbinary": "guard_band_w_U_nonbinary",
    "verification": "jjg",
}  # fmt: skip


def _decision(identity: str, case: Fields) -> Outcome:
    name = str(_first(case, "rule", "decision_rule"))
    plain_name = name.lower().replace("-", "_").replace(" ", "_")
    code = name if name in RULES else _RULE_NAMES.get(plain_name, plain_name)
    U = _number(case["U"]) if "U" in case else _number(case["u"]) * 2
    if "mpe" in case or "mpev" in case or "MPEV" in case:
        mpe = _number(_first(case, "mpe", "mpev", "MPEV"))
        got = str(decide(code, _number(_first(case, "error", "value", "delta")), mpe, U))
    else:
        got = str(decide_within(code, _number(_first(case, "value", "measured", "x")), _bounds(case), U))
    expected = str(_first(case, "verdict", "expected"))
    return Outcome(identity, got, expected, got == expected)


def _reporting(identity: str, case: Fields) -> Outcome:
    U = _number(_first(case, "U_unrounded", "U", "u"))
    given = case.get("value")
    value = None if given is None else _number(given)
    mode = (
        Mode.UP
        if str(_first(case, "mode", "rounding", default="")) in {"up", "always_up", "always up"}
        else Mode.ORDINARY
    )
    digits = int(_number(_first(case, "digits", "significant_digits", default=Decimal(2))))
    got = list(report(value, U, digits=digits, mode=mode))
    expected = [_first(case, "reported_value", default=None), _first(case, "reported_U", "reported_u")]
    if "reported_value" not in case:
        got[0] = None
    accepted = [expected, *case.get("also_accepted", ())]
    return Outcome(identity, got, _printed(expected), got in [_printed(list(each)) for each in accepted])


def _parts(case: Fields) -> list[tuple[Decimal, Decimal | None]]:
    given = _first(case, "components", "contributions", "inputs", "parts", "terms", "u", "u_i")
    if all(isinstance(entry, dict) for entry in given):
        parts = []
        for entry in given:
            u = _number(_first(entry, "u", "contribution", "u_i", "u_rel", "u_rel_percent", "c_u"))
            weight = _number(_first(entry, "c", "sensitivity", default=Decimal(1)))
            dof = _number(entry["n"]) - 1 if "n" in entry else _dof(_first(entry, "dof", "nu", default=None))
            parts.append((abs(u * weight), dof))
        return parts
    if all(isinstance(entry, list) for entry in given):
        return [(_number(entry[0]), _dof(entry[1])) for entry in given]
    degrees = _first(case, "dof", "nu", "nu_i", "dofs")
    return [(_number(u), _dof(dof)) for u, dof in zip(given, degrees, strict=True)]


def _wanted(case: Fields) -> dict[str, Any]:
    """What a case expects: its "expected" block, or its fields whose names say so."""
    block = case.get("expected")
    if isinstance(block, dict):
        return dict(block)
    wanted = {key.removeprefix("expected_"): value for key, value in case.items() if key.startswith("expected_")}
    if block is not None:
        wanted["expected"] = block
    return wanted


_DOF_NAMES = ("nu_eff", "dof_eff", "nu", "dof", "expected", "effective_dof", "veff", "v_eff")
_USED_NAMES = ("nu_used", "nu_truncated", "truncated", "nu_floor", "used", "floor", "dof_used", "nu_int")


def _welch(identity: str, case: Fields) -> Outcome:
    parts = _parts(case)
    given = _first(case, "u_c", "uc", default=None)
    u_c = uncertainty.root_sum_of_squares([u for u, _ in parts]) if given is None else _number(given)
    nu = uncertainty.welch_satterthwaite(u_c, parts)
    used = None if nu is None else uncertainty.truncated(nu)
    wanted = _wanted(case)
    for name in (*_DOF_NAMES, *_USED_NAMES, "u_c", "k", "t", "U"):
        taken = name in {"dof", "nu", "expected"} or name in wanted or (name == "u_c" and given is not None)
        if name in case and not taken:
            wanted[name] = case[name]
    p = _number(_first(case, "p", default=wanted.get("p", Decimal("0.9545"))))
    k = uncertainty.t_factor(used, p)
    known: dict[str, Any] = {name: nu for name in _DOF_NAMES}
    known |= {name: None if used is None else Decimal(used) for name in _USED_NAMES}
    known |= {"u_c": u_c, "u": u_c, "k": k, "t": k, "p": p, "U": uncertainty.expanded(u_c, k)}
    wanted = {key: None if _is_infinite(value) else value for key, value in wanted.items() if key in known}
    if not wanted:
        raise NotUnderstood("degrees of freedom without expected value")
    passed = True
    for key, value in wanted.items():
        agrees = _agree(key, known[key], value, case.get("tolerance"))
        if not agrees and key in _DOF_NAMES and used is not None and value is not None:
            # Some sources print the truncated number under the name of the effective one.
            agrees = _number(value) == used
        passed = passed and agrees
    return Outcome(identity, _shown({key: known[key] for key in wanted}), _printed(wanted), passed)


def _is_infinite(value: Any) -> bool:
    return isinstance(value, str) and value.strip().lower() in {"inf", "infinite", "infinity", "∞"}


def _risk(identity: str, case: Fields) -> Outcome:
    value = _number(_first(case, "error", "value", "measured", "x", "y", "delta"))
    if any(name in case for name in ("mpe", "MPEV", "mpev", "tolerance_limit")):
        mpe = abs(_number(_first(case, "mpe", "MPEV", "mpev", "tolerance_limit")))
        within = Limits(None, mpe) if case.get("one_sided") else Limits(-mpe, mpe)
    elif "requirement" in case or isinstance(case.get("limit"), str):
        within = limits(str(_first(case, "requirement", "limit")))
    elif "limit" in case:
        bound = abs(_number(case["limit"]))
        within = Limits(-bound, bound) if not case.get("one_sided") else Limits(None, bound)
    else:
        within = _bounds(case)
    u = _number(case["u"]) if "u" in case else _number(case["U"]) / _number(case.get("k", Decimal(2)))
    conform = probability_of_conformity(value, within, u)
    wanted = _wanted(case)
    for name, figure in case.items():
        if _means_conformity(name) is not None and name not in wanted and name != "p":
            wanted[name] = figure
    rejected = str(_first(case, "verdict", "decision", default="")) in {"fail", "reject", "rejected"}
    got, passed = {}, True
    for name, figure in wanted.items():
        meaning = _means_conformity(name)
        if meaning is None:
            meaning = rejected
        percent = "percent" in name
        risk = (conform if meaning else 1 - conform) * (100 if percent else 1)
        got[name] = risk
        passed = passed and _risk_agrees(name, risk, figure, case.get("tolerance"))
    if not got:
        raise NotUnderstood("a risk without expected value")
    return Outcome(identity, _shown(got), _printed(wanted), passed)


def _means_conformity(name: str) -> bool | None:
    """Whether a field's name means the probability of conformity (True), of non-conformity (False) or neither."""
    lowered = name.lower()
    if re.search(r"nonconform|non_conform|pfa|false_accept|specific_risk|^risk|outside", lowered):
        return False
    return True if re.search(r"conform|pfr|false_reject|p_c$|^pc$|inside", lowered) else None


def _risk_agrees(name: str, risk: Decimal, figure: Any, tolerance: Any) -> bool:
    if isinstance(figure, str) and (match := re.match(r"\s*(<=|≤|<)\s*(.+)", figure)):
        bound = _number(match[2])
        return risk <= bound
    return _agree(name, risk, figure, tolerance)


def _factor(identity: str, case: Fields) -> Outcome:
    """A single coverage factor: by degrees of freedom, or by the shape of a distribution."""
    p = _number(case.get("p", Decimal("0.9545")))
    if "distribution" in case:
        beta = _first(case, "beta", "b", default=None)
        got = uncertainty.shape_factor(_shape(case["distribution"]), p, None if beta is None else _number(beta))
    else:
        dof = _dof(_first(case, "dof", "nu", "nu_eff"))
        got = uncertainty.t_factor(None if dof is None else uncertainty.truncated(dof), p)
    expected = _first(case, "k", "t", "expected")
    return Outcome(identity, _shown(got), _printed(expected), _agree("k", got, expected, case.get("tolerance")))


def _factors(name: str, table: Fields) -> Iterator[tuple[str, Callable[[str], Outcome]]]:
    """The entries of a table of coverage factors, by degrees of freedom or by distribution."""
    digits = re.search(r"(\d\d)(?:_(\d+))?$", name)
    p = Decimal(f"0.{digits[1]}{digits[2] or ''}") if digits else _number(table.get("p", Decimal("0.95")))
    for key, expected in table.items():
        if key == "p" or not isinstance(expected, Decimal):
            continue

        def work(identity: str, key: str = key, expected: Decimal = expected) -> Outcome:
            if key in {"inf", "infinity", "∞"} or re.fullmatch(r"\d+", key):
                got = uncertainty.t_factor(int(key) if key.isdigit() else None, p)
            elif match := re.fullmatch(r"trapezoid(?:al)?_b(?:eta)?_(\d+)_(\d+)", key):
                beta = Decimal(f"0.{match[2]}") if match[1] == "0" else Decimal(match[1]) / Decimal(match[2])
                got = uncertainty.shape_factor(Shape.TRAPEZOIDAL, p, beta)
            else:
                got = uncertainty.shape_factor(_shape(key), p)
            return Outcome(identity, _shown(got), str(expected), _agree("k", got, expected, None))

        yield f"{name}[{key}]", work


Work = Callable[[str, Fields], Outcome]
_LISTS: tuple[tuple[tuple[str, ...], Work], ...] = (
    (("rounding", "revision"), _rounding),
    (("limit",), _limit_judgement),
    (("decision", "conformity"), _decision),
    (("report",), _reporting),
    (("welch", "nu_eff", "dof", "degrees"), _welch),
    (("risk", "pfa", "probability"), _risk),
    (("k_", "coverage", "t_factor"), _factor),
    (("type_a",), _type_a),
)
_KINDS: tuple[tuple[tuple[str, ...], Work], ...] = (
    (("type_a", "typea"), _type_a),
    (("type_b", "typeb", "resolution"), _single),
    (("range",), _range),
    (("pooled",), _pooled),
    (("relative",), _relative),
    (("least_squares", "line"), _line),
    (("distribution", "monte"), _distribution),
    (("simultaneous", "multivariate", "correlated_readings", "multi_output"), _simultaneous),
    (("welch",), _welch),
    (("risk",), _risk),
)
# Examples of a kind with another name are told by what they carry.
_FORMS: tuple[tuple[tuple[str, ...], Work], ...] = (
    (("models",), _simultaneous),
    (("outputs",), _simultaneous),
    (("model", "inputs"), _budget),
    (("inputs", "expected"), _budget),
    (("readings", "expected"), _type_a),
    (("x", "y", "expected"), _line),
    (("cases",), _distribution),
)
