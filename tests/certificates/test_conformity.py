import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certificates.conformity import (
    RULES,
    VERDICT_WORDS,
    Limits,
    Verdict,
    decide,
    decide_within,
    full_value,
    limits,
    overall,
    probability_of_conformity,
    risk_of_false_acceptance,
    rounded_value,
    small_enough,
)

CASES = json.loads((Path(__file__).parents[1] / "data" / "metrology_cases.json").read_text(encoding="utf-8"))
D = Decimal
SMALL = st.decimals(min_value=-2, max_value=2, places=3)
POSITIVE = st.decimals(min_value="0.001", max_value=1, places=3)


@pytest.mark.parametrize("case", CASES["limit_judgement_cases"], ids=lambda case: case["requirement"])
def test_full_and_rounded_comparison_differ_as_printed(case):
    within, value = limits(case["requirement"]), D(case["measured"])
    assert (full_value(value, within), rounded_value(value, within)) == (
        case["full_value"],
        case["rounded_value_comparison"],
    )


@pytest.mark.parametrize(
    ("requirement", "value"), [("≤ 0.5", "0.5"), ("≥0.5", "0.5"), ("10.0 ± 0.1", "9.9"), ("±0.1", "-0.1")]
)
def test_a_value_equal_to_the_limit_conforms(requirement, value):
    assert full_value(D(value), limits(requirement)) is Verdict.PASS


@pytest.mark.parametrize(("requirement", "value"), [("< 0.5", "0.5"), ("> 0.5", "0.5"), ("大于 0.5", "0.5")])
def test_a_bound_that_is_not_included_is_no_conforming_value(requirement, value):
    assert full_value(D(value), limits(requirement)) is Verdict.FAIL


@pytest.mark.parametrize("requirement", ["", "good", "1.6 to 1.2", "± x"])
def test_a_requirement_without_limits_is_refused(requirement):
    with pytest.raises(ValueError):
        limits(requirement)


@pytest.mark.parametrize("case", CASES["decision_rule_cases"], ids=lambda case: f"{case['rule']} {case['error']}")
def test_the_decision_rules_decide_as_published(case):
    assert decide(case["rule"], D(case["error"]), D(case["mpe"]), D(case["U"])) == case["verdict"]


def test_a_third_is_compared_without_dividing():
    assert small_enough(D("0.0333333333333333333333333333333333"), D("0.1")) and not small_enough(
        D("0.0333333333333333333333333333333334"), D("0.1")
    )


def test_a_verification_with_too_large_an_uncertainty_has_no_verdict():
    assert decide("jjg", D(0), D("0.1"), D("0.04")) is Verdict.UNDETERMINED


@given(st.sampled_from(sorted(RULES)), SMALL, POSITIVE, POSITIVE)
def test_the_sign_of_an_error_never_matters(rule, error, mpe, U):
    assert decide(rule, error, mpe, U) == decide(rule, -error, -mpe, U)


@given(SMALL, POSITIVE, POSITIVE)
def test_what_a_guard_band_accepts_simple_acceptance_accepts_too(error, mpe, U):
    if decide("guard_band_w_U", error, mpe, U) is Verdict.PASS:
        assert decide("simple_acceptance", error, mpe, U) is Verdict.PASS


@given(SMALL, POSITIVE, POSITIVE)
def test_symmetrical_limits_are_judged_like_a_maximum_permissible_error(error, mpe, U):
    for rule in RULES:
        assert decide_within(rule, error, Limits(-mpe, mpe), U) == decide(rule, error, mpe, U)


def test_a_one_sided_limit_keeps_its_distance_to_the_other_side_out():
    assert decide_within("guard_band_w_U", D(-100), Limits(None, D("0.5")), D("0.1")) is Verdict.PASS


def test_an_unknown_rule_is_refused():
    with pytest.raises(ValueError, match="decision rule"):
        decide("gut_feeling", D(0), D(1), D(1))


def test_the_least_favourable_part_decides_the_whole():
    assert overall([Verdict.PASS, Verdict.UNDETERMINED, Verdict.FAIL]) is Verdict.FAIL


def test_nothing_judged_is_nothing_stated():
    assert overall([]) is Verdict.NOT_STATED


def test_every_rule_is_worded_in_two_languages():
    assert all(rule.text_zh and rule.text_en and rule.source for rule in RULES.values())


def test_every_verdict_has_its_words():
    assert set(VERDICT_WORDS) == set(Verdict)


def test_a_result_on_its_limit_is_wrong_half_of_the_time():
    assert abs(risk_of_false_acceptance(D("0.10"), D("0.10"), D("0.015")) - D("0.5")) < D("1e-9")


def test_a_guard_band_of_u_keeps_the_risk_below_two_and_a_half_per_cent():
    assert risk_of_false_acceptance(D("0.07"), D("0.10"), D("0.015")) < D("0.025")


def test_a_one_sided_requirement_has_the_risk_of_its_one_side():
    assert abs(probability_of_conformity(D("9.9"), Limits(D(9), None), D("0.5")) - D("0.96407")) < D("1e-5")
