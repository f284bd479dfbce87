"""Statistics of JJF 1033-2023 and of intermediate checks, with figures worked out elsewhere."""

from datetime import date, timedelta
from decimal import Decimal as D

import pytest

from equipment import statistics
from equipment.statistics import drift


def numbers(text):
    return [D(word) for word in text.split()]


# JCGM 100:2008, 4.4.3: twenty temperatures in degrees Celsius.
GUM_443 = numbers(
    "96.90 98.18 98.25 98.61 99.03 99.49 99.56 99.74 99.89 100.07 100.33 100.42 100.68 100.95 101.11 101.20 101.57 "
    "101.84 102.36 102.72"
)
# JCGM 100:2008, H.3: readings of a thermometer and their corrections, in degrees Celsius.
GUM_H3_T = numbers("21.521 22.012 22.512 23.003 23.507 23.999 24.513 25.002 25.503 26.010 26.511")
GUM_H3_B = numbers("-0.171 -0.169 -0.166 -0.159 -0.164 -0.165 -0.156 -0.157 -0.159 -0.161 -0.160")


def near(value, expected, tolerance):
    return abs(value - D(expected)) <= D(tolerance)


def test_mean_and_s_are_those_of_the_gum():
    found = statistics.figures_of(GUM_443)
    assert found.count == 20 and near(found.mean, "100.145", "0.0006") and near(found.s, "1.489", "0.0006")


def test_s_of_one_reading_is_not_known():
    assert statistics.figures_of([D("1.00")]).s is None
    with pytest.raises(ValueError):
        statistics.deviation([D(1)])


def test_no_readings_have_no_mean():
    with pytest.raises(ValueError):
        statistics.mean([])


def test_s_of_large_values_with_small_scatter_keeps_its_digits():
    readings = [D("1000000.000001"), D("1000000.000002"), D("1000000.000003")]
    assert statistics.deviation(readings) == D("0.000001")


def test_a_pooled_s_weighs_groups_by_their_freedom():
    assert statistics.pooled([(D(3), 5), (D(4), 5)]) ** 2 == D("12.5")
    assert near(statistics.pooled([(D(1), 2), (D(2), 4)]), "1.8028", "0.0001")


@pytest.mark.parametrize(
    ("value", "places", "written"), [("0.125", 2, "0.12"), ("0.375", 2, "0.38"), ("-0.004", 2, "0.00")]
)
def test_figures_are_rounded_with_ties_to_even_and_never_to_minus_zero(value, places, written):
    assert str(statistics.rounded(D(value), places)) == written


def test_places_are_those_of_the_finest_reading():
    assert statistics.places(["1.0", "1.250", "2"]) == 3


# --- repeatability and stability


@pytest.mark.parametrize(("s", "verdict"), [("0.0029", True), ("0.0030", True), ("0.0031", False)])
def test_a_repeatability_holds_up_to_the_one_that_is_reported(s, verdict):
    assert statistics.repeatable(D(s), D("0.0030")) is verdict


@pytest.mark.parametrize(
    ("difference", "verdict"), [("0.049", True), ("-0.049", True), ("0.050", False), ("-0.051", False)]
)
def test_a_stability_is_less_than_its_limit(difference, verdict):
    assert statistics.stable(D(difference), D("0.05")) is verdict


@pytest.mark.parametrize(
    ("earlier", "later", "apart"),
    [
        (date(2026, 1, 15), date(2026, 2, 15), False),
        (date(2026, 1, 15), date(2026, 2, 16), True),
        (date(2026, 1, 31), date(2026, 2, 28), False),
        (date(2026, 1, 31), date(2026, 3, 1), True),
        (date(2025, 12, 5), date(2026, 1, 5), False),
        (date(2025, 12, 5), date(2026, 1, 6), True),
    ],
)
def test_groups_lie_more_than_a_month_apart(earlier, later, apart):
    assert statistics.far_enough(earlier, later) is apart


def test_neighbours_that_are_too_close_are_named():
    days = [date(2026, 1, 1), date(2026, 2, 10), date(2026, 3, 1)]
    assert statistics.close_groups(days) == [(date(2026, 2, 10), date(2026, 3, 1))]


# --- verification of results


@pytest.mark.parametrize(
    ("reference", "u_reference", "confirmed"),
    [("10.004", "0.003", True), ("10.006", "0.003", False), ("10.003", "0.001", True), ("10.0031", "0.001", False)],
)
def test_a_transfer_leaves_the_reference_out_when_its_u_is_a_third(reference, u_reference, confirmed):
    assert statistics.confirmed_by_transfer(D("10.000"), D("0.003"), D(reference), D(u_reference)) is confirmed


def test_a_comparison_allows_for_the_laboratorys_own_part_in_the_mean():
    values = [D("10.00"), D("10.02"), D("10.04"), D("10.06")]  # the mean is 10.03, √(3/4) = 0.866
    assert statistics.confirmed_by_comparison(D("10.00"), D("0.0347"), values)
    assert not statistics.confirmed_by_comparison(D("10.00"), D("0.0346"), values)


# --- intermediate checks


def test_h_holds_the_difference_against_both_uncertainties():
    assert statistics.h_value(D("10.005"), D("10.000"), D("0.003"), D("0.004")) == 1


def test_h_of_the_same_standard_and_method_is_held_against_the_root_of_two():
    assert near(statistics.h_value(D("10.003"), D("10.000"), D("0.003"), None), "0.7071", "0.0001")


def test_h_is_the_en_of_iso_13528_without_its_sign():
    # ISO 13528:2022, E.4: −0.455 and −2.24 against 0.044 with U = 0.0082.
    assert near(statistics.h_value(D("0.037"), D("0.044"), D("0.013"), D("0.0082")), "0.455", "0.006")
    assert near(statistics.h_value(D("0.0239"), D("0.044"), D("0.0036"), D("0.0082")), "2.24", "0.006")


@pytest.mark.parametrize(
    ("share", "verdict"),
    [("0.7", "passed"), ("0.7000001", "warning"), ("1", "warning"), ("1.0000001", "failed")],
)
def test_a_share_warns_above_seven_tenths_and_fails_above_one(share, verdict):
    assert statistics.ratio_verdict(D(share)) == verdict


@pytest.mark.parametrize(
    ("difference", "verdict"),
    [
        ("0.2", "passed"),
        ("-0.2", "passed"),
        ("0.21", "warning"),
        ("-0.3", "warning"),
        ("0.31", "failed"),
        ("-0.31", "failed"),
    ],
)
def test_a_chart_warns_beyond_two_s_and_fails_beyond_three(difference, verdict):
    assert statistics.beyond_limits(D(difference), D("0.1")) == verdict


@pytest.mark.parametrize("wrong", [lambda: statistics.h_value(D(1), D(1), D(0), D(1)), lambda: statistics.h_value(D(1), D(1), D(1), D(0)),
                                   lambda: statistics.share_of_limit(D(1), D(0)), lambda: statistics.beyond_limits(D(1), D(0))])  # fmt: skip
def test_nothing_is_judged_by_a_limit_of_nothing(wrong):
    with pytest.raises(ValueError):
        wrong()


def test_a_limit_that_is_no_short_decimal_is_compared_unrounded():
    assert statistics.ratio_verdict(statistics.share_of_limit(D("0.3"), D("0.3"))) == "warning"


# --- runs and the chart of s


def test_nine_on_one_side_are_a_run():
    assert statistics.runs([D("0.1"), D("0.3"), D("0.2")] * 3, D(1)) == ["side"]
    assert statistics.runs([D("0.1"), D("0.3"), D("0.2")] * 2 + [D("-0.1"), D("0.2"), D("0.1")], D(1)) == []


def test_six_in_one_direction_are_a_run():
    rising = [D(n) / 10 for n in (-3, -2, -1, 0, 1, 2)]
    assert statistics.runs(rising, D(1)) == ["trend"]
    assert statistics.runs(rising[::-1], D(1)) == ["trend"]
    assert statistics.runs([*rising[:5], D("0.1")], D(1)) == []


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (["2.1", "0", "2.1"], ["two_of_three"]),
        (["-2.1", "0", "-2.1"], ["two_of_three"]),
        (["0", "2.1", "-2.1"], []),
        (["2.1", "2.1", "0"], []),
        (["2.1", "2.0", "0"], []),
        (["2.1", "2.1"], []),
    ],
)
def test_two_of_three_beyond_two_s_on_one_side_are_a_run_when_the_newest_is_one(values, found):
    assert statistics.runs([D(value) for value in values], D(1)) == found


# c4, B3 and B4 as printed in ISO 7870-2.
@pytest.mark.parametrize(
    ("count", "c4", "low", "high"),
    [
        (2, "0.7979", "0", "3.267"),
        (5, "0.9400", "0", "2.089"),
        (10, "0.9727", "0.284", "1.716"),
        (25, "0.9896", "0.565", "1.435"),
    ],
)
def test_the_chart_of_s_has_the_published_factors(count, c4, low, high):
    factor = statistics.factor_of_s(count)
    below, centre, above = statistics.limits_of_s(1 / factor, count)
    assert near(factor, c4, "0.00005") and near(centre, 1, "1e-20")
    assert near(below, low, "0.0005") and near(above, high, "0.0005")


def test_one_reading_has_no_chart_of_s():
    with pytest.raises(ValueError):
        statistics.factor_of_s(1)


# --- tests of significance


@pytest.mark.parametrize(("freedom", "t"), [(1, "12.706"), (5, "2.571"), (10, "2.228"), (30, "2.042"), (120, "1.980")])
def test_t_has_the_published_quantiles(freedom, t):
    assert near(statistics.p_of_t(D(t), freedom), "0.05", "0.0001")
    assert near(statistics.p_of_t(-D(t), freedom), "0.05", "0.0001")


@pytest.mark.parametrize(
    ("above", "below", "f"),
    [(9, 9, "3.179"), (4, 10, "3.478"), (1, 1, "161.45"), (20, 120, "1.659"), (60, 60, "1.534")],
)
def test_f_has_the_published_quantiles(above, below, f):
    assert near(statistics.p_of_f(D(f), above, below), "0.05", "0.0001")


def test_no_difference_is_as_probable_as_can_be():
    assert near(statistics.p_of_t(D(0), 7), 1, "1e-20") and near(statistics.p_of_f(D(0), 7, 7), 1, "1e-20")


def test_scatter_that_has_trebled_is_greater():
    f, p = statistics.greater_variance(D("0.003"), 10, D("0.001"), 10)
    assert f == 9 and p < D("0.002")


def test_scatter_cannot_be_compared_with_none():
    assert statistics.greater_variance(D("0.003"), 10, D(0), 10) is None


# --- drift


def test_the_line_of_least_squares_is_that_of_the_gum():
    level, slope, s, u_slope = drift.least_squares([t - 20 for t in GUM_H3_T], GUM_H3_B)
    assert near(level, "-0.1712", "0.00005") and near(slope, "0.00218", "0.000005")
    assert near(s, "0.0035", "0.00005") and near(u_slope, "0.00067", "0.000005")


def yearly(*errors, first=date(2018, 1, 20)):
    return [(date(first.year + number, first.month, first.day), D(error)) for number, error in enumerate(errors)]


def test_a_steady_drift_is_significant_and_comes_to_its_limit_in_time():
    line = statistics.fitted(yearly("0.21", "0.28", "0.25", "0.38", "0.46", "0.52", "0.66", "0.71", "0.83"))
    assert line.significant and near(line.slope, "0.0788", "0.0001")
    assert statistics.reached(line, D("1.14"), date(2026, 1, 20)).year == 2030


def test_scatter_without_direction_is_no_drift():
    line = statistics.fitted(yearly("0.2", "-0.1", "0.15", "-0.05", "0.1"))
    assert not line.significant


def test_a_drift_downwards_comes_to_the_lower_limit():
    line = statistics.fitted(yearly("-0.1", "-0.2", "-0.3"))
    assert line.significant and near(line.p, 0, "0.001")
    assert statistics.reached(line, D("0.5"), date(2020, 1, 20)).year in (2021, 2022)


def test_a_limit_that_is_passed_already_is_reached_now():
    line = statistics.fitted(yearly("0.1", "0.2", "0.3"))
    assert statistics.reached(line, D("0.15"), date(2020, 1, 20)) == date(2020, 1, 20)


def test_a_limit_far_away_is_not_foretold():
    line = statistics.fitted(yearly("0.1", "0.2", "0.3"))
    assert statistics.reached(line, D(9), date(2020, 1, 20)) is None


def test_values_all_alike_have_no_drift():
    line = statistics.fitted(yearly("0.3", "0.3", "0.3"))
    assert not line.significant and statistics.reached(line, D(1), date(2020, 1, 20)) is None


@pytest.mark.parametrize("points", [yearly("1", "2"), [(date(2026, 1, 1), D(1))] * 4])
def test_two_points_or_one_day_make_no_line(points):
    assert statistics.fitted(points) is None


def test_a_line_knows_its_value_on_a_day():
    line = statistics.fitted([(date(2020, 1, 1) + timedelta(days * 100), D(days)) for days in range(4)])
    assert near(line.at(date(2020, 1, 1) + timedelta(500)), 5, "1e-20")
