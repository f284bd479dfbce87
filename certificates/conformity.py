"""Statements of conformity: limits, decision rules, and the risk that a statement is wrong.

Everything is compared unrounded and in Decimal. Error, limit and expanded uncertainty are in one unit; U is the
expanded uncertainty for about 95 %.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, localcontext
from enum import StrEnum

from certificates.coverage import normal_cumulative
from certificates.rounding import places_of, round_places


class Verdict(StrEnum):
    """What may be said about a requirement."""

    PASS = "pass"
    FAIL = "fail"
    CONDITIONAL_PASS = "conditional_pass"
    CONDITIONAL_FAIL = "conditional_fail"
    UNDETERMINED = "undetermined"
    NOT_STATED = "not_stated"


VERDICT_WORDS = {
    Verdict.PASS: ("符合", "Pass"),
    Verdict.FAIL: ("不符合", "Fail"),
    Verdict.CONDITIONAL_PASS: ("有条件符合", "Conditional pass"),
    Verdict.CONDITIONAL_FAIL: ("有条件不符合", "Conditional fail"),
    Verdict.UNDETERMINED: ("待定", "Undetermined"),
    Verdict.NOT_STATED: ("不作声明", "Not stated"),
}

# Sums and differences of unrounded numbers must not be rounded before they are compared.
_EXACT_DIGITS = 200

# --- limits of a specification


@dataclass(frozen=True)
class Limits:
    """The bounds of a requirement; None leaves a side open; places are those the requirement is written with."""

    lower: Decimal | None
    upper: Decimal | None
    lower_included: bool = True
    upper_included: bool = True
    places: int = 0

    def holds(self, value: Decimal) -> bool:
        """Whether the value lies within; a value equal to an included bound does."""
        above = self.lower is None or value > self.lower or (self.lower_included and value == self.lower)
        below = self.upper is None or value < self.upper or (self.upper_included and value == self.upper)
        return above and below


_NUMBER = r"[+-]?(?:\d+(?:\.\d+)?|\.\d+)"
_BOUND = re.compile(rf"(?P<sign><=|>=|<|>|≤|≥|⩽|⩾|不大于|不小于|不超过|大于|小于)\s*(?P<bound>{_NUMBER})")
_SPAN = re.compile(rf"(?P<lower>{_NUMBER})\s*(?:to|-|–|～|~|至|\.\.)\s*(?P<upper>{_NUMBER})")
_AROUND = re.compile(rf"(?P<nominal>{_NUMBER})?\s*(?:\+/-|\+-|±)\s*(?P<width>{_NUMBER})")
_AT_LEAST = frozenset({">=", "≥", "⩾", "不小于"})
_AT_MOST = frozenset({"<=", "≤", "⩽", "不大于", "不超过"})
_MORE = frozenset({">", "大于"})


def limits(requirement: str) -> Limits:
    """The bounds written in a requirement such as "≥ 97.0", "1.2 to 1.6" or "10.0 ± 0.1".

    Raises: ValueError when the requirement is none of these. Source: GB/T 8170-2008, 4.
    """
    text = requirement.strip().replace("\u2212", "-")
    if match := _BOUND.fullmatch(text):
        bound = Decimal(match["bound"])
        included = match["sign"] in _AT_LEAST | _AT_MOST
        if match["sign"] in _AT_LEAST | _MORE:
            return Limits(bound, None, lower_included=included, places=places_of(bound))
        return Limits(None, bound, upper_included=included, places=places_of(bound))
    if match := _AROUND.fullmatch(text):
        nominal, width = Decimal(match["nominal"] or 0), Decimal(match["width"])
        with localcontext() as context:
            context.prec = _EXACT_DIGITS
            return Limits(nominal - width, nominal + width, places=max(places_of(nominal), places_of(width)))
    if match := _SPAN.fullmatch(text):
        lower, upper = Decimal(match["lower"]), Decimal(match["upper"])
        if lower > upper:
            raise ValueError(f"the lower bound of “{requirement}” is above the upper one")
        return Limits(lower, upper, places=max(places_of(lower), places_of(upper)))
    raise ValueError(f"“{requirement}” is no requirement with limits")


def full_value(value: Decimal, within: Limits) -> Verdict:
    """The verdict on the unrounded value; the method where a document names none. Source: GB/T 8170-2008, 4.3.2."""
    return Verdict.PASS if within.holds(value) else Verdict.FAIL


def rounded_value(value: Decimal, within: Limits) -> Verdict:
    """The verdict on the value rounded once to the places of the limit; only where the document says so.

    Source: GB/T 8170-2008, 4.3.3.
    """
    return full_value(round_places(value, within.places), within)


# --- decision rules


def _simple(margin: Decimal, tolerance: Decimal, U: Decimal) -> Verdict:
    return Verdict.PASS if margin >= 0 else Verdict.FAIL


def _jjf1094(margin: Decimal, tolerance: Decimal, U: Decimal) -> Verdict:
    if small_enough(U, tolerance):
        return _simple(margin, tolerance, U)
    if margin >= U:
        return Verdict.PASS
    return Verdict.FAIL if margin <= -U else Verdict.UNDETERMINED


def _guarded(margin: Decimal, tolerance: Decimal, U: Decimal) -> Verdict:
    return Verdict.PASS if margin >= U else Verdict.FAIL


def _guarded_with_conditions(margin: Decimal, tolerance: Decimal, U: Decimal) -> Verdict:
    if margin >= U:
        return Verdict.PASS
    if margin >= 0:
        return Verdict.CONDITIONAL_PASS
    return Verdict.CONDITIONAL_FAIL if margin >= -U else Verdict.FAIL


def _verification(margin: Decimal, tolerance: Decimal, U: Decimal) -> Verdict:
    return _simple(margin, tolerance, U) if small_enough(U, tolerance) else Verdict.UNDETERMINED


@dataclass(frozen=True)
class Rule:
    """A decision rule: its code, its name, its wording for the certificate, and where it comes from."""

    code: str
    name: str
    text_zh: str
    text_en: str
    source: str
    verdict: Callable[[Decimal, Decimal, Decimal], Verdict]


RULES: dict[str, Rule] = {
    rule.code: rule
    for rule in (
        Rule(
            "jjg",
            "检定规程",
            "按检定规程判定：U（k = 2）不大于 MPEV 的 1/3 时，|Δ| ≤ MPEV 为符合；MPEV 为最大允许误差的绝对值。",
            "Verification regulation: with U (k = 2) not above one third of the maximum permissible error, "
            "conformity is stated when the absolute error does not exceed the maximum permissible error.",
            "JJG of the instrument",
            _verification,
        ),
        Rule(
            "simple_acceptance",
            "简单接受",
            "简单接受：示值误差的绝对值不大于最大允许误差绝对值为符合，不设保护带；测得值在限值上时误判风险可达 50 %。",
            "Simple acceptance: conformity is stated when the absolute error does not exceed the maximum permissible "
            "error, without guard band; the risk of false acceptance is up to 50 % at the limit.",
            "ILAC-G8:09/2019",
            _simple,
        ),
        Rule(
            "jjf1094",
            "JJF 1094-2002",
            "按 JJF 1094-2002：U（k = 2）不大于 MPEV 的 1/3 时直接与 MPEV 比较；否则 |Δ| ≤ MPEV − U 为符合，"
            "|Δ| ≥ MPEV + U 为不符合，其间为待定。",
            "JJF 1094-2002: with U (k = 2) not above MPEV/3 the error is compared with MPEV; otherwise |Δ| ≤ MPEV − U "
            "is a pass, |Δ| ≥ MPEV + U a fail, and no statement is made in between.",
            "JJF 1094-2002",
            _jjf1094,
        ),
        Rule(
            "guard_band_w_U",
            "保护带 w = U",
            "保护带 w = U（k = 2）：|Δ| ≤ MPEV − U 为符合，否则为不符合；误接收概率不大于 2.5 %。",
            "Guard band w = U (k = 2): |Δ| ≤ MPEV − U is a pass, anything else a fail; the probability of false "
            "acceptance is at most 2.5 %.",
            "ILAC-G8:09/2019",
            _guarded,
        ),
        Rule(
            "guard_band_w_U_nonbinary",
            "保护带 w = U，四种结论",
            "保护带 w = U（k = 2）：|Δ| ≤ MPEV − U 为符合；MPEV − U < |Δ| ≤ MPEV 为有条件符合；"
            "MPEV < |Δ| ≤ MPEV + U 为有条件不符合；其余为不符合。",
            "Guard band w = U (k = 2), four outcomes: |Δ| ≤ MPEV − U is a pass; up to MPEV a conditional pass; up to "
            "MPEV + U a conditional fail; beyond that a fail.",
            "ILAC-G8:09/2019",
            _guarded_with_conditions,
        ),
    )
}


def rule(code: str) -> Rule:
    """The decision rule with this code. Raises: ValueError for a code that is no rule."""
    if code not in RULES:
        raise ValueError(f"“{code}” is no decision rule")
    return RULES[code]


def small_enough(U: Decimal, mpe: Decimal) -> bool:
    """Whether U is at most a third of the limit, compared as 3 U <= MPEV so that no quotient is rounded."""
    with localcontext() as context:
        context.prec = _EXACT_DIGITS
        return abs(mpe) >= 3 * U


def decide(code: str, error: Decimal, mpe: Decimal, U: Decimal) -> Verdict:
    """The verdict on an error against plus or minus a maximum permissible error, by the rule with this code.

    U: expanded uncertainty of the error, k about 2, same unit. Raises: ValueError for an unknown rule or negative U.
    Source: JJF 1094-2002, 5.3; ILAC-G8:09/2019, 4.2.
    """
    if U < 0:
        raise ValueError("an expanded uncertainty is not negative")
    with localcontext() as context:
        context.prec = _EXACT_DIGITS
        tolerance = abs(mpe)
        return rule(code).verdict(tolerance - abs(error), tolerance, U)


def decide_within(code: str, value: Decimal, within: Limits, U: Decimal) -> Verdict:
    """The verdict on a value against limits that may be one-sided or not symmetrical, by the rule with this code.

    A third of the limits counts as half their distance; a one-sided requirement has no third, so that JJF 1094
    always keeps U away from it.
    """
    if U < 0:
        raise ValueError("an expanded uncertainty is not negative")
    with localcontext() as context:
        context.prec = _EXACT_DIGITS
        margins = [value - within.lower] if within.lower is not None else []
        margins += [within.upper - value] if within.upper is not None else []
        if not margins:
            return Verdict.NOT_STATED
        tolerance = Decimal(0)
        if within.lower is not None and within.upper is not None:
            tolerance = (within.upper - within.lower) / 2
        return rule(code).verdict(min(margins), tolerance, U)


def overall(verdicts: list[Verdict]) -> Verdict:
    """The verdict on a whole from the verdicts on its parts: the least favourable one decides."""
    order = (
        Verdict.FAIL,
        Verdict.CONDITIONAL_FAIL,
        Verdict.UNDETERMINED,
        Verdict.CONDITIONAL_PASS,
        Verdict.PASS,
    )
    return next((verdict for verdict in order if verdict in verdicts), Verdict.NOT_STATED)


# --- risk


def probability_of_conformity(value: Decimal, within: Limits, u: Decimal) -> Decimal:
    """The probability that the true value lies within the limits, for a normal distribution about the result.

    u: standard uncertainty. Raises: ValueError unless u is positive. Source: JCGM 106:2012, 7.2.
    """
    if u <= 0:
        raise ValueError("a standard uncertainty is positive")
    with localcontext() as context:
        context.prec = 34
        below_upper = normal_cumulative((within.upper - value) / u) if within.upper is not None else Decimal(1)
        below_lower = normal_cumulative((within.lower - value) / u) if within.lower is not None else Decimal(0)
        return below_upper - below_lower


def risk_of_false_acceptance(error: Decimal, mpe: Decimal, u: Decimal) -> Decimal:
    """The probability that an instrument with this error is outside its limits, although it is accepted.

    The risk of rejecting it wrongly is one minus this. Source: JCGM 106:2012, 9.3.2; ILAC-G8:09/2019.
    """
    return 1 - probability_of_conformity(error, Limits(-abs(mpe), abs(mpe)), u)
