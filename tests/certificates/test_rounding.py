import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certificates.rounding import Mode, report, round_places, round_to, round_uncertainty
from portal.decimals import plain

CASES = json.loads((Path(__file__).parents[1] / "data" / "metrology_cases.json").read_text(encoding="utf-8"))
VALUES = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=6)
INTERVALS = st.builds(
    lambda digit, power: Decimal(digit).scaleb(power),
    st.sampled_from([1, 2, 5]),
    st.integers(min_value=-5, max_value=4),
)


@pytest.mark.parametrize("case", CASES["rounding_cases"], ids=lambda case: f"{case['input']} to {case['interval']}")
def test_the_examples_of_gb_t_8170_are_rounded_as_printed(case):
    assert plain(round_to(Decimal(case["input"]), Decimal(case["interval"]))) == case["expected"]


@given(VALUES, INTERVALS)
def test_rounding_again_changes_nothing(value, interval):
    once = round_to(value, interval)
    assert round_to(once, interval) == once


@given(VALUES, INTERVALS)
def test_rounding_moves_a_value_by_at_most_half_the_interval(value, interval):
    assert abs(round_to(value, interval) - value) <= interval / 2


@given(VALUES, INTERVALS)
def test_a_negative_value_is_rounded_like_its_absolute_value(value, interval):
    assert round_to(-value, interval) == -round_to(value, interval)


@given(VALUES, INTERVALS)
def test_a_rounded_value_is_a_multiple_of_the_interval(value, interval):
    assert round_to(value, interval) % interval == 0


@given(st.integers(min_value=-1000, max_value=1000), INTERVALS)
def test_a_tie_goes_to_the_even_multiple(multiple, interval):
    assert (round_to((multiple + Decimal("0.5")) * interval, interval) / interval) % 2 == 0


def test_a_small_negative_value_rounds_to_zero_without_sign():
    assert str(round_to(Decimal("-0.004"), Decimal("0.01"))) == "0.00"


@pytest.mark.parametrize("interval", ["0", "-1", "3", "0.25", "NaN"])
def test_an_interval_that_is_not_1_2_or_5_is_refused(interval):
    with pytest.raises(ValueError, match="interval"):
        round_to(Decimal(1), Decimal(interval))


def test_places_may_lie_before_the_point():
    assert [plain(round_places(Decimal("1268.35"), places)) for places in (1, 0, -2)] == ["1268.4", "1268", "1300"]


def test_a_value_with_more_digits_than_the_context_holds_is_rounded_exactly():
    assert (
        plain(round_to(Decimal("1234567890123456789012345678901234.5"), Decimal(1)))
        == "1234567890123456789012345678901234"
    )


@pytest.mark.parametrize("case", CASES["reporting_cases"], ids=lambda case: case["U_unrounded"])
def test_results_are_reported_as_printed(case):
    value = None if case["value"] is None else Decimal(case["value"])
    accepted = [[case["reported_value"], case["reported_U"]], *case.get("also_accepted", [])]
    assert list(report(value, Decimal(case["U_unrounded"]))) in accepted


@pytest.mark.parametrize(
    ("u", "printed"),
    [("9.96", "10"), ("0.0997", "0.10"), ("0.000995", "0.0010"), ("1234", "1200"), ("0.10", "0.10"), ("28.05", "28")],
)
def test_an_uncertainty_has_two_significant_digits(u, printed):
    assert plain(round_uncertainty(Decimal(u))) == printed


def test_rounding_up_never_makes_an_uncertainty_smaller():
    assert plain(round_uncertainty(Decimal("10.47"), mode=Mode.UP)) == "11"


def test_rounding_up_ignores_the_noise_of_a_square_root():
    assert plain(round_uncertainty(Decimal("0.02700000000000000000000000001"), mode=Mode.UP)) == "0.027"


@pytest.mark.parametrize(("u", "printed"), [("0.0348", "0.04"), ("0.0302", "0.03"), ("0.96", "1")])
def test_one_digit_is_rounded_up_where_more_than_five_per_cent_would_be_lost(u, printed):
    assert plain(round_uncertainty(Decimal(u), digits=1)) == printed


def test_one_digit_is_refused_when_the_first_is_1_or_2():
    with pytest.raises(ValueError, match="two digits"):
        round_uncertainty(Decimal("0.012"), digits=1)


@given(VALUES, st.decimals(min_value="0.000001", max_value="1000", places=6).filter(lambda u: u > 0))
def test_a_result_ends_where_its_uncertainty_ends(value, uncertainty):
    value_text, u_text = report(value, uncertainty)
    assert len(value_text.partition(".")[2]) == len(u_text.partition(".")[2])


def test_no_uncertainty_of_zero_is_reported():
    with pytest.raises(ValueError, match="positive"):
        round_uncertainty(Decimal("0.00"))
