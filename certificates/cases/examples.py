"""Worked examples: readings, budgets, fitted lines and quantities observed together, as their sources print them."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from certificates import coverage, least_squares, uncertainty
from certificates.cases import comparing, fields
from certificates.cases.comparing import Outcome
from certificates.cases.fields import Fields
from certificates.coverage import Coverage
from certificates.uncertainty import Budget, Input, Shape


def type_a(identity: str, example: Fields) -> Outcome:
    """Readings evaluated statistically."""
    if isinstance(example["readings"], dict):
        return simultaneous(identity, example)
    readings = [fields.number(reading) for reading in example["readings"]]
    found = uncertainty.type_a(readings)
    got = {"mean": found.mean, "y": found.mean, "s": found.s, "u_mean": found.u, "u": found.u, "dof": found.dof}
    got |= {"n": Decimal(found.count), "nu": found.dof, "u_c": found.u, "range": max(readings) - min(readings)}
    return comparing.compared(identity, got, example["expected"], example.get("tolerance"))


def single(identity: str, example: Fields) -> Outcome:
    """One standard uncertainty by Type B."""
    u, dof, _, _ = fields.standard_uncertainty(
        example, fields.number(fields.first(example, "value", default=Decimal(0)))
    )
    got = {"u": u, "u_c": u, "dof": dof}
    return comparing.compared(identity, got, example["expected"], example.get("tolerance"))


def by_range(identity: str, example: Fields) -> Outcome:
    """Few readings evaluated by their range."""
    found = uncertainty.range_method([fields.number(reading) for reading in example["readings"]])
    got = {"mean": found.mean, "s": found.s, "u_mean": found.u, "u": found.u, "dof": found.dof}
    return comparing.compared(identity, got, example["expected"], example.get("tolerance"))


def pooled(identity: str, example: Fields) -> Outcome:
    """The pooled standard deviation of several groups, given as readings or as deviations."""
    groups = fields.first(example, "groups", "series", default=None)
    if groups is not None:
        found = [uncertainty.type_a([fields.number(reading) for reading in group]) for group in groups]
        deviations, counts = [each.s for each in found], [each.count for each in found]
    else:
        deviations = [fields.number(each) for each in fields.first(example, "s", "deviations", "standard_deviations")]
        each_count = fields.first(example, "n", "counts", "n_per_group")
        counts = [
            int(each) for each in (each_count if isinstance(each_count, list) else [each_count] * len(deviations))
        ]
    s, dof = uncertainty.pooled(deviations, counts)
    averaged = fields.number(fields.first(example, "n_averaged", "n_used", "n_prime", default=Decimal(1)))
    u = s / averaged.sqrt()
    got = {"s_p": s, "s_pooled": s, "s": s, "pooled_s": s, "dof": dof, "nu": dof, "u": u, "u_mean": u}
    return comparing.compared(identity, got, example["expected"], example.get("tolerance"))


def relative(identity: str, example: Fields) -> Outcome:
    """A product of powers one, by relative standard uncertainties."""
    parts = []
    for entry in example["inputs"]:
        dof = fields.degrees_of_freedom(entry.get("dof")) if "n" not in entry else fields.number(entry["n"]) - 1
        parts.append((fields.number(fields.first(entry, "u_rel_percent", "u_rel", "u")), dof))
    u, nu = uncertainty.relative_product(parts)
    expected = example["expected"]
    p = fields.number(fields.first(expected, "p", default=fields.first(example, "p", default=Decimal("0.9545"))))
    used = None if nu is None else uncertainty.truncated(nu)
    t = coverage.t_factor(used, p)
    got = {"u_rel_percent": u, "u_rel": u, "nu_eff": nu, "nu_used": used if used is None else Decimal(used)}
    got |= {"p": p, "t": t, "k": t, "U_rel_percent": coverage.expanded(u, t), "U_rel": coverage.expanded(u, t)}
    return comparing.compared(identity, got, expected, example.get("tolerance"))


def _candidates(budget: Budget, example: Fields, p: Decimal | None) -> list[Coverage]:
    """The coverage factors that the portal's rule allows here, the rule's own choice first.

    Sources write 95 % both for 95 and for 95.45 %, and k = 2 for a nearly normal result; the printed k tells which.
    """
    kind = str(example.get("kind", ""))
    chosen = coverage.coverage(budget, p)
    candidates = [chosen]
    if chosen.shape is Shape.NORMAL:
        used = None if budget.nu_eff is None else uncertainty.truncated(budget.nu_eff)
        if p is None or abs(p - Decimal("0.95")) < Decimal("0.005"):
            for near in (Decimal("0.95"), Decimal("0.9545")):
                candidates.append(Coverage(coverage.t_factor(used, near), near, Shape.NORMAL, used))
            candidates.append(Coverage(Decimal(2), Decimal("0.9545"), Shape.NORMAL, None))
    elif "dominant" not in kind and "trapez" not in kind:
        candidates.append(Coverage(Decimal(2), Decimal("0.9545"), Shape.NORMAL, None))
    return candidates


def budget(identity: str, example: Fields) -> Outcome:
    """A budget with its coverage factor and expanded uncertainty."""
    inputs = fields.input_quantities(example)
    model = fields.model(example["model"]) if "model" in example else " + ".join(each.name for each in inputs)
    budget = uncertainty.propagate(model, inputs, fields.correlations(example, inputs))
    expected = dict(example["expected"])
    tolerance = example.get("tolerance")
    given = fields.first(expected, "p", default=fields.first(example, "p", default=None))
    p = None if given is None else fields.number(given)
    candidates = _candidates(budget, example, p)
    printed = expected.get("k")
    chosen = candidates[0]
    if printed is not None:
        chosen = min(candidates, key=lambda each: abs(each.k - fields.number(printed)))

    # Where first-order terms vanish the published value may contain the second-order ones.
    attempts = [_budget_figures(budget, budget.u_c, chosen, p)]
    if budget.u_second_order != budget.u_c:
        attempts.append(_budget_figures(budget, budget.u_second_order, chosen, p))
    if "second_order" in example:
        expected["second_order"] = fields.number(example["second_order"]["u_c"])
    outcome = None
    for got in attempts:
        outcome = comparing.compared(identity, got, expected, tolerance)
        if outcome.passed:
            break
    assert outcome is not None
    return outcome


def _budget_figures(budget: Budget, u: Decimal, chosen: Coverage, p: Decimal | None) -> dict[str, Any]:
    U = coverage.expanded(u, chosen.k)
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


def line(identity: str, example: Fields) -> Outcome:
    """A straight line through points, and a prediction on it when one is asked for."""
    x = [fields.number(value) for value in fields.first(example, "x", "t")]
    y = [fields.number(value) for value in fields.first(example, "y", "b")]
    x0 = fields.number(fields.first(example, "x0", "t0", default=Decimal(0)))
    line = least_squares.straight_line(x, y, x0)
    got = {
        "intercept": line.intercept, "slope": line.slope, "u_intercept": line.u_intercept, "u_slope": line.u_slope,
        "r": line.r, "s": line.s, "dof": Decimal(line.dof), "covariance": line.covariance,
    }  # fmt: skip
    at = fields.first(example, "predict_at", "at", default=None)
    if at is not None:
        got["prediction"], got["u_prediction"] = line.at(fields.number(at))
    return comparing.compared(identity, got, example["expected"], example.get("tolerance"))


def simultaneous(identity: str, example: Fields) -> Outcome:
    """Several results from quantities that were observed together, with the correlations of the observations."""
    source = fields.first(example, "readings", "observations", "data", default=None)
    if source is None:
        source = {entry["name"]: entry["readings"] for entry in example["inputs"]}
    series = {name: [fields.number(value) for value in values] for name, values in source.items()}
    found = {name: uncertainty.type_a(values) for name, values in series.items()}
    pairs = fields.observed_correlations(series)
    inputs = [Input(name, each.mean, each.u, each.dof) for name, each in found.items()]
    models = fields.first(example, "models", "outputs", "results", "model")
    if isinstance(models, list):
        models = {str(entry["name"]): fields.first(entry, "model", "formula", "expression") for entry in models}
    elif isinstance(models, str):
        models = dict([(models.partition("=")[0].strip(), models)])
    budgets = {name: uncertainty.propagate(fields.model(text), inputs, pairs) for name, text in models.items()}
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
    return comparing.compared(identity, got, expected, example.get("tolerance"))


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
