"""Examples whose result is a distribution: exact where a closed form exists, else simulated (JCGM 101)."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from certificates import coverage, uncertainty
from certificates.cases import comparing, fields
from certificates.cases.comparing import Outcome
from certificates.cases.fields import Fields, NotUnderstood
from certificates.formula import names_in
from certificates.monte_carlo import Quantity, simulate
from certificates.uncertainty import Budget, Input, Shape

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
        found += [(fields.distribution(group["shape"]), *figures)] * int(_COUNTS.get(count, count))
    if not found:
        raise NotUnderstood(f"the inputs “{text}”")
    return found


def _variables(model: str) -> list[str]:
    order = re.findall(r"[^\W\d]\w*", model)
    wanted = names_in(model)
    return sorted(wanted, key=order.index)


def distribution(identity: str, example: Fields) -> Outcome:
    """One distribution, or several cases of one model; every block of expected figures is compared."""
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
        return fields.input_quantities(case)
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
        inputs.append(Input(name, fields.number(values[name.lower()]), fields.number(u)))
    return inputs


def _one_distribution(case: Fields, own: Fields, tolerance: Any) -> tuple[Any, Any, bool]:
    text = case.get("model") or re.search(r"\b[Yy]\s*=\s*(.+)$", str(case.get("title", "")))
    if not text:
        raise NotUnderstood("a distribution without model")
    model = fields.model(text if isinstance(text, str) else text[1])
    inputs = _distribution_inputs(case, model)
    pairs = fields.correlations({key: case[key] for key in ("correlation", "correlations", "r") if key in case}, inputs)
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
        got[block] = {key: comparing.shown(known[key]) for key in wanted}
        expected[block] = comparing.printed(wanted)
        passed = passed and all(_figure_agrees(key, known, figure, tolerance) for key, figure in wanted.items())
    if blocks == ["expected"]:
        return got["expected"], expected["expected"], passed
    return got, expected, passed


def _figure_agrees(key: str, known: Fields, figure: Any, tolerance: Any) -> bool:
    if isinstance(figure, list):
        # Both ends of an interval are printed with the digits of the longer one.
        finest = min(int(fields.number(end).as_tuple().exponent) for end in figure)
        figure = [fields.number(end).quantize(Decimal(1).scaleb(finest)) for end in figure]
    if comparing.agree(key, known[key], figure, tolerance):
        return True
    other = known.get(f"{key}_symmetric")
    return other is not None and comparing.agree(key, other, figure, tolerance)


def _framework_figures(budget: Budget) -> dict[str, Any]:
    reach = coverage.expanded(budget.u_c, coverage.normal_factor(Decimal("0.95")))
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
        return _symmetric_figures(budget.y, budget.u_c, coverage.expanded(budget.u_c, coverage.normal_factor(p)))
    if not pairs and _linear(budget) and shapes == {Shape.RECTANGULAR} and len(inputs) <= 12:
        root = Decimal(3).sqrt()
        reach = coverage.rectangular_sum_factor([line.contribution * root for line in budget.contributions], p)
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
