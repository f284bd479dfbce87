"""Short cases that sources give in lists and tables: rounding, limits, decisions, reports, degrees of freedom, k."""

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from certificates import coverage, uncertainty
from certificates.cases import comparing, fields
from certificates.cases.comparing import Outcome
from certificates.cases.fields import Fields, NotUnderstood
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
from certificates.rounding import Mode, report, round_places, round_to
from certificates.uncertainty import Shape
from portal.decimals import plain


def rounding(identity: str, case: Fields) -> Outcome:
    """A number rounded to an interval or to places; digits must agree as text."""
    value = fields.number(fields.first(case, "input", "value", "x"))
    if "interval" in case:
        got = plain(round_to(value, fields.number(case["interval"])))
    else:
        got = plain(round_places(value, int(fields.number(fields.first(case, "places", "decimals")))))
    expected = str(fields.first(case, "expected", "result", "rounded"))
    return Outcome(identity, got, expected, got == expected)


def limit_judgement(identity: str, case: Fields) -> Outcome:
    """A measured value against a limit, by the full value and by the rounded one."""
    if "requirement" in case or "limit" in case:
        within = limits(str(fields.first(case, "requirement", "limit")))
    else:
        within = _bounds(case)
    value = fields.number(fields.first(case, "measured", "value", "x"))
    got = {
        "full_value": str(full_value(value, within)),
        "rounded_value_comparison": str(rounded_value(value, within)),
        "rounded": plain(round_places(value, within.places)),
    }
    wanted = {key: case[key] for key in got if key in case}
    if not wanted:
        raise NotUnderstood("a limit without verdict")
    got = {key: got[key] for key in wanted}
    return Outcome(identity, got, comparing.printed(wanted), all(str(wanted[key]) == got[key] for key in wanted))


def _bounds(case: Fields) -> Limits:
    lower = fields.first(case, "lower", "lower_limit", "minimum", "TL", default=None)
    upper = fields.first(case, "upper", "upper_limit", "maximum", "TU", default=None)
    if lower is None and upper is None:
        raise NotUnderstood("no limits")
    return Limits(None if lower is None else fields.number(lower), None if upper is None else fields.number(upper))


_RULE_NAMES = {
    "simple": "simple_acceptance", "ilac_g8_simple_acceptance": "simple_acceptance", "jjf1094_2002": "jjf1094",
    "guard_band": "guard_band_w_U", "guard_band_w_u": "guard_band_w_U", "guard_band_u": "guard_band_w_U",
    "guard_band_w_u_nonbinary": "guard_band_w_U_nonbinary", "nonbinary": "guard_band_w_U_nonbinary",
    "verification": "jjg",
}  # fmt: skip


def decision(identity: str, case: Fields) -> Outcome:
    """The verdict of a decision rule."""
    name = str(fields.first(case, "rule", "decision_rule"))
    plain_name = name.lower().replace("-", "_").replace(" ", "_")
    code = name if name in RULES else _RULE_NAMES.get(plain_name, plain_name)
    U = fields.number(case["U"]) if "U" in case else fields.number(case["u"]) * 2
    if "mpe" in case or "mpev" in case or "MPEV" in case:
        mpe = fields.number(fields.first(case, "mpe", "mpev", "MPEV"))
        got = str(decide(code, fields.number(fields.first(case, "error", "value", "delta")), mpe, U))
    else:
        got = str(decide_within(code, fields.number(fields.first(case, "value", "measured", "x")), _bounds(case), U))
    expected = str(fields.first(case, "verdict", "expected"))
    return Outcome(identity, got, expected, got == expected)


def reporting(identity: str, case: Fields) -> Outcome:
    """A result and its uncertainty as they are printed."""
    U = fields.number(fields.first(case, "U_unrounded", "U", "u"))
    given = case.get("value")
    value = None if given is None else fields.number(given)
    mode = (
        Mode.UP
        if str(fields.first(case, "mode", "rounding", default="")) in {"up", "always_up", "always up"}
        else Mode.ORDINARY
    )
    digits = int(fields.number(fields.first(case, "digits", "significant_digits", default=Decimal(2))))
    got = list(report(value, U, digits=digits, mode=mode))
    expected = [fields.first(case, "reported_value", default=None), fields.first(case, "reported_U", "reported_u")]
    if "reported_value" not in case:
        got[0] = None
    accepted = [expected, *case.get("also_accepted", ())]
    return Outcome(
        identity, got, comparing.printed(expected), got in [comparing.printed(list(each)) for each in accepted]
    )


def _parts(case: Fields) -> list[tuple[Decimal, Decimal | None]]:
    given = fields.first(case, "components", "contributions", "inputs", "parts", "terms", "u", "u_i")
    if all(isinstance(entry, dict) for entry in given):
        parts = []
        for entry in given:
            u = fields.number(fields.first(entry, "u", "contribution", "u_i", "u_rel", "u_rel_percent", "c_u"))
            weight = fields.number(fields.first(entry, "c", "sensitivity", default=Decimal(1)))
            dof = (
                fields.number(entry["n"]) - 1
                if "n" in entry
                else fields.degrees_of_freedom(fields.first(entry, "dof", "nu", default=None))
            )
            parts.append((abs(u * weight), dof))
        return parts
    if all(isinstance(entry, list) for entry in given):
        return [(fields.number(entry[0]), fields.degrees_of_freedom(entry[1])) for entry in given]
    degrees = fields.first(case, "dof", "nu", "nu_i", "dofs")
    return [(fields.number(u), fields.degrees_of_freedom(dof)) for u, dof in zip(given, degrees, strict=True)]


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


def welch(identity: str, case: Fields) -> Outcome:
    """Effective degrees of freedom, and the coverage factor when one is printed."""
    parts = _parts(case)
    given = fields.first(case, "u_c", "uc", default=None)
    u_c = uncertainty.root_sum_of_squares([u for u, _ in parts]) if given is None else fields.number(given)
    nu = uncertainty.welch_satterthwaite(u_c, parts)
    used = None if nu is None else uncertainty.truncated(nu)
    wanted = _wanted(case)
    for name in (*_DOF_NAMES, *_USED_NAMES, "u_c", "k", "t", "U"):
        taken = name in {"dof", "nu", "expected"} or name in wanted or (name == "u_c" and given is not None)
        if name in case and not taken:
            wanted[name] = case[name]
    p = fields.number(fields.first(case, "p", default=wanted.get("p", Decimal("0.9545"))))
    k = coverage.t_factor(used, p)
    known: dict[str, Any] = {name: nu for name in _DOF_NAMES}
    known |= {name: None if used is None else Decimal(used) for name in _USED_NAMES}
    known |= {"u_c": u_c, "u": u_c, "k": k, "t": k, "p": p, "U": coverage.expanded(u_c, k)}
    wanted = {key: None if _is_infinite(value) else value for key, value in wanted.items() if key in known}
    if not wanted:
        raise NotUnderstood("degrees of freedom without expected value")
    passed = True
    for key, value in wanted.items():
        agrees = comparing.agree(key, known[key], value, case.get("tolerance"))
        if not agrees and key in _DOF_NAMES and used is not None and value is not None:
            # Some sources print the truncated number under the name of the effective one.
            agrees = fields.number(value) == used
        passed = passed and agrees
    return Outcome(identity, comparing.shown({key: known[key] for key in wanted}), comparing.printed(wanted), passed)


def _is_infinite(value: Any) -> bool:
    return isinstance(value, str) and value.strip().lower() in {"inf", "infinite", "infinity", "∞"}


def risk(identity: str, case: Fields) -> Outcome:
    """The probability of conformity or of the opposite, whichever the names of the fields mean."""
    value = fields.number(fields.first(case, "error", "value", "measured", "x", "y", "delta"))
    if any(name in case for name in ("mpe", "MPEV", "mpev", "tolerance_limit")):
        mpe = abs(fields.number(fields.first(case, "mpe", "MPEV", "mpev", "tolerance_limit")))
        within = Limits(None, mpe) if case.get("one_sided") else Limits(-mpe, mpe)
    elif "requirement" in case or isinstance(case.get("limit"), str):
        within = limits(str(fields.first(case, "requirement", "limit")))
    elif "limit" in case:
        bound = abs(fields.number(case["limit"]))
        within = Limits(-bound, bound) if not case.get("one_sided") else Limits(None, bound)
    else:
        within = _bounds(case)
    u = fields.number(case["u"]) if "u" in case else fields.number(case["U"]) / fields.number(case.get("k", Decimal(2)))
    conform = probability_of_conformity(value, within, u)
    wanted = _wanted(case)
    for name, figure in case.items():
        if _means_conformity(name) is not None and name not in wanted and name != "p":
            wanted[name] = figure
    rejected = str(fields.first(case, "verdict", "decision", default="")) in {"fail", "reject", "rejected"}
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
    return Outcome(identity, comparing.shown(got), comparing.printed(wanted), passed)


def _means_conformity(name: str) -> bool | None:
    """Whether a field's name means the probability of conformity (True), of non-conformity (False) or neither."""
    lowered = name.lower()
    if re.search(r"nonconform|non_conform|pfa|false_accept|specific_risk|^risk|outside", lowered):
        return False
    return True if re.search(r"conform|pfr|false_reject|p_c$|^pc$|inside", lowered) else None


def _risk_agrees(name: str, risk: Decimal, figure: Any, tolerance: Any) -> bool:
    if isinstance(figure, str) and (match := re.match(r"\s*(<=|≤|<)\s*(.+)", figure)):
        bound = fields.number(match[2])
        return risk <= bound
    return comparing.agree(name, risk, figure, tolerance)


def factor(identity: str, case: Fields) -> Outcome:
    """A single coverage factor: by degrees of freedom, or by the shape of a distribution."""
    p = fields.number(case.get("p", Decimal("0.9545")))
    if "distribution" in case:
        beta = fields.first(case, "beta", "b", default=None)
        got = coverage.shape_factor(
            fields.distribution(case["distribution"]), p, None if beta is None else fields.number(beta)
        )
    else:
        dof = fields.degrees_of_freedom(fields.first(case, "dof", "nu", "nu_eff"))
        got = coverage.t_factor(None if dof is None else uncertainty.truncated(dof), p)
    expected = fields.first(case, "k", "t", "expected")
    return Outcome(
        identity,
        comparing.shown(got),
        comparing.printed(expected),
        comparing.agree("k", got, expected, case.get("tolerance")),
    )


def factors(name: str, table: Fields) -> Iterator[tuple[str, Callable[[str], Outcome]]]:
    """The entries of a table of coverage factors, by degrees of freedom or by distribution."""
    digits = re.search(r"(\d\d)(?:_(\d+))?$", name)
    p = Decimal(f"0.{digits[1]}{digits[2] or ''}") if digits else fields.number(table.get("p", Decimal("0.95")))
    for key, expected in table.items():
        if key == "p" or not isinstance(expected, Decimal):
            continue

        def work(identity: str, key: str = key, expected: Decimal = expected) -> Outcome:
            if key in {"inf", "infinity", "∞"} or re.fullmatch(r"\d+", key):
                got = coverage.t_factor(int(key) if key.isdigit() else None, p)
            elif match := re.fullmatch(r"trapezoid(?:al)?_b(?:eta)?_(\d+)_(\d+)", key):
                beta = Decimal(f"0.{match[2]}") if match[1] == "0" else Decimal(match[1]) / Decimal(match[2])
                got = coverage.shape_factor(Shape.TRAPEZOIDAL, p, beta)
            else:
                got = coverage.shape_factor(fields.distribution(key), p)
            return Outcome(identity, comparing.shown(got), str(expected), comparing.agree("k", got, expected, None))

        yield f"{name}[{key}]", work
