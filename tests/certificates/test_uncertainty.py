import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certificates import coverage, least_squares, uncertainty
from certificates.monte_carlo import Quantity, simulate
from certificates.uncertainty import Input, Shape, propagate

CASES = json.loads((Path(__file__).parents[1] / "data" / "metrology_cases.json").read_text(encoding="utf-8"))
D = Decimal
P95, P9545 = D("0.95"), D("0.9545")


def near(value, expected, tolerance):
    return abs(value - D(str(expected))) <= D(str(tolerance))


def additive(**inputs):
    """A sum of inputs given as standard uncertainty, or as half-width of a rectangular distribution."""
    made = []
    for name, (kind, size) in inputs.items():
        rectangular = kind == "rectangular"
        u = uncertainty.from_half_width(D(size), Shape.RECTANGULAR) if rectangular else D(size)
        made.append(Input(name, D(0), u, shape=Shape.RECTANGULAR if rectangular else Shape.NORMAL))
    return propagate(" + ".join(inputs), made)


def end_gauge():
    return propagate(
        "ls + d - ls * (da * theta + alpha * dtheta)",
        [
            Input("ls", D("50000623"), D(25), D(18)), Input("d", D(215), D("9.7"), D("25.6")),
            Input("alpha", D("1.15e-5"), D("1.2e-6")), Input("da", D(0), D("5.8e-7"), D(50)),
            Input("theta", D("-0.1"), D("0.41")), Input("dtheta", D(0), D("0.029"), D(2)),
        ],
    )  # fmt: skip


# --- single contributions


def test_the_uncertainty_of_a_mean_is_s_over_the_root_of_n():
    found = uncertainty.type_a([D(text) for text in ("10", "12", "14", "16")])
    assert near(found.u, found.s / 2, "1e-25")


def test_bessel_divides_by_n_minus_one():
    assert near(uncertainty.type_a([D(1), D(3)]).s ** 2, 2, "1e-25")


def test_one_reading_has_no_statistics():
    with pytest.raises(ValueError, match="two readings"):
        uncertainty.type_a([D(1)])


def test_pooled_groups_of_one_size_give_the_root_of_the_mean_variance():
    s, dof = uncertainty.pooled([D(3), D(4)], [5, 5])
    assert (near(s * s, "12.5", "1e-25"), dof) == (True, 8)


def test_the_range_method_divides_by_its_coefficient():
    found = uncertainty.range_method([D("1.00"), D("1.05"), D("1.02"), D("1.01")])
    assert (near(found.s, D("0.05") / D("2.06"), "1e-25"), found.dof) == (True, D("2.7"))


@pytest.mark.parametrize(
    ("shape", "square"), [("rectangular", 3), ("triangular", 6), ("u_shaped", 2), ("two_point", 1)]
)
def test_a_half_width_is_divided_by_the_root_of_its_shape(shape, square):
    assert near(uncertainty.divisor(Shape(shape)) ** 2, square, "1e-30")


def test_half_of_the_digital_step_is_the_half_width_of_a_resolution():
    assert near(uncertainty.from_resolution(D(1)), "0.288675", "1e-6")


def test_the_divisor_of_an_expanded_uncertainty_is_its_own_k():
    assert uncertainty.from_expanded(D("0.0030"), D("2.5")) == D("0.0012")


@pytest.mark.parametrize(("relative", "dof"), [("0.10", 50), ("0.20", "12.5"), ("0.25", 8), ("0.50", 2)])
def test_degrees_of_freedom_follow_from_reliability(relative, dof):
    assert uncertainty.dof_from_reliability(D(relative)) == D(dof)


# --- degrees of freedom and coverage factors


def test_effective_dof_are_cleaned_before_they_are_truncated():
    assert [uncertainty.truncated(D(text)) for text in ("18.99874", "16.99", "16.75", "0.6")] == [19, 16, 16, 1]


def test_contributions_without_dof_leave_them_infinite():
    assert uncertainty.welch_satterthwaite(D(1), [(D(1), None)]) is None


@pytest.mark.parametrize(("dof", "k"), CASES["k_table_95_45"].items())
def test_the_t_table_for_95_45_per_cent_is_met(dof, k):
    found = coverage.t_factor(None if dof == "inf" else int(dof), P9545)
    assert near(found, k, "0.005")


@pytest.mark.parametrize(("dof", "k"), [(1, "63.656741"), (9, "3.249836"), (16, "2.920782"), (100, "2.625891")])
def test_the_t_table_for_99_per_cent_is_met(dof, k):
    assert near(coverage.t_factor(dof, D("0.99")), k, "0.000001")


def test_the_expansion_for_many_dof_continues_the_exact_sums():
    steps = [coverage.t_factor(dof, P95) for dof in (999, 1000, 1001, 1002)]
    assert near(steps[1] - steps[2], steps[0] - steps[1], "1e-8") and steps == sorted(steps, reverse=True)


@given(st.integers(min_value=1, max_value=40), st.sampled_from(["0.68", "0.9", "0.95", "0.9545", "0.99", "0.999"]))
@settings(max_examples=25, deadline=None)
def test_the_t_factor_holds_its_probability(dof, p):
    assert near(coverage.t_probability(coverage.t_factor(dof, D(p)), dof), p, "1e-15")


def test_the_normal_distribution_has_its_known_values():
    assert near(coverage.normal_cumulative(D("1.96")), "0.97500210485178", "1e-14")


@pytest.mark.parametrize(("p", "k"), [("0.95", "1.959963985"), ("0.99", "2.575829304"), ("0.6827", "1.000021713")])
def test_normal_factors_are_those_of_the_table(p, k):
    assert near(coverage.normal_factor(D(p)), k, "1e-9")


@pytest.mark.parametrize(
    ("shape", "k"), [("rectangular", "1.645"), ("triangular", "1.902"), ("u_shaped", "1.41"), ("two_point", "1")]
)
def test_special_shapes_have_their_own_factor(shape, k):
    assert near(coverage.shape_factor(Shape(shape), P95), k, "0.0005")


def test_a_trapezoid_of_one_third_has_the_published_factor():
    assert near(coverage.shape_factor(Shape.TRAPEZOIDAL, P95, D(1) / 3), "1.834", "0.0005")


def test_the_trapezoid_factor_is_continuous_where_its_formula_changes():
    edge = P95 / (2 - P95)
    below, above = (coverage.shape_factor(Shape.TRAPEZOIDAL, P95, edge + step) for step in (D("-1e-9"), D("1e-9")))
    assert near(below, above, "1e-6")


def test_one_dominant_rectangle_gives_its_own_k():
    found = coverage.coverage(additive(a=("rectangular", "0.05"), b=("u", "0.005")))
    assert (found.shape, near(found.k, "1.645", "0.001")) == (Shape.RECTANGULAR, True)


def test_two_dominant_rectangles_give_the_k_of_a_trapezoid():
    found = coverage.coverage(additive(a=("rectangular", "0.05"), b=("rectangular", "0.025"), c=("u", "0.002")))
    assert (found.shape, near(found.k, "1.834", "0.001")) == (Shape.TRAPEZOIDAL, True)


def test_without_dominant_shape_k_is_2():
    assert coverage.coverage(additive(a=("u", "1"), b=("rectangular", "1"))).k == 2


def test_few_degrees_of_freedom_ask_for_students_t():
    budget = propagate("a", [Input("a", D(1), D(1), D(4))])
    assert near(coverage.coverage(budget).k, "2.87", "0.005")


# --- propagation


def test_sensitivities_are_exact_for_a_linear_model():
    budget = propagate("0.077 * a - 0.407 * b", [Input("a", D(5), D(1)), Input("b", D(7), D("0.1"))])
    assert [line.sensitivity for line in budget.contributions] == [D("0.077"), D("-0.407")]


def test_second_order_terms_are_added_where_first_order_ones_vanish():
    budget = end_gauge()
    assert (near(budget.u_c, 32, "0.5"), near(budget.u_second_order, 34, "0.5")) == (True, True)


def test_a_zero_sensitivity_is_told_to_the_reader():
    assert any("二阶" in sentence for sentence in end_gauge().warnings)


def test_an_uncertainty_of_zero_is_warned_of():
    budget = propagate("a ^ 2", [Input("a", D(0), D("0.1"))])
    assert any("U = 0" in sentence for sentence in budget.warnings)


def test_the_second_order_of_a_square_at_its_minimum_is_that_of_the_exact_distribution():
    budget = propagate("a ^ 2 + b ^ 2", [Input("a", D(0), D("0.005")), Input("b", D(0), D("0.005"))])
    assert near(budget.u_second_order, "0.00005", "1e-15")


def test_a_linear_model_has_no_second_order():
    budget = additive(a=("u", "1"), b=("u", "2"))
    assert budget.u_second_order == budget.u_c


def test_one_standard_used_twice_adds_linearly():
    inputs = [Input("a", D(10), D("0.1")), Input("b", D(10), D("0.1"))]
    assert near(propagate("a + b", inputs, {frozenset("ab"): D(1)}).u_c, "0.2", "1e-20")


def test_full_correlation_cancels_in_a_difference():
    inputs = [Input("a", D(10), D("0.1")), Input("b", D(10), D("0.1"))]
    assert propagate("a - b", inputs, {frozenset("ab"): D(1)}).u_c == 0


@pytest.mark.parametrize("pairs", [{frozenset("ab"): D("1.1")}, {frozenset("ax"): D(1)}, {frozenset("a"): D(1)}])
def test_an_impossible_correlation_is_refused(pairs):
    with pytest.raises(ValueError, match="correlation"):
        propagate("a + b", [Input("a", D(0), D(1)), Input("b", D(0), D(1))], pairs)


def test_the_result_does_not_depend_on_the_scale_of_the_numbers():
    small = propagate("a * b", [Input("a", D("2e-9"), D("1e-11")), Input("b", D("3e-9"), D("1e-11"))])
    large = propagate("a * b", [Input("a", D("2e9"), D("1e7")), Input("b", D("3e9"), D("1e7"))])
    assert near(small.u_c.scaleb(36) / large.u_c, 1, "1e-20")


@given(
    st.lists(st.decimals(min_value="0.001", max_value="1000", places=3), min_size=1, max_size=6),
    st.lists(st.decimals(min_value=-100, max_value=100, places=2), min_size=6, max_size=6),
)
@settings(max_examples=25, deadline=None)
def test_a_sum_propagates_as_the_root_of_squares(parts, values):
    inputs = [Input(f"x{i}", value, u) for i, (u, value) in enumerate(zip(parts, values, strict=False))]
    budget = propagate(" + ".join(each.name for each in inputs), inputs)
    assert near(budget.u_c, uncertainty.root_sum_of_squares(parts), "1e-25")


def test_dropping_the_covariance_of_a_line_would_spoil_its_prediction():
    case = next(case for case in CASES["examples"] if case["id"] == "GUM-H.3")
    line = least_squares.straight_line(
        [D(str(t)) for t in case["t"]], [D(str(b)) for b in case["b"]], D(str(case["t0"]))
    )
    without = uncertainty.root_sum_of_squares([line.u_intercept, line.u_slope * 10])
    assert (near(line.at(D(30))[1], "0.0041", "0.00005"), near(without, "0.0073", "0.00005")) == (True, True)


# --- distributions


def test_a_sum_of_four_rectangles_is_narrower_than_a_normal_one():
    root = D(3).sqrt()
    assert near(coverage.rectangular_sum_factor([root] * 4, P95), "3.88", "0.001")


def test_one_rectangle_alone_reaches_its_share():
    assert near(coverage.rectangular_sum_factor([D(2)], P95), "1.9", "1e-12")


def test_correlated_squares_have_their_exact_moments():
    inputs = [Input("a", D("0.01"), D("0.005")), Input("b", D(0), D("0.005"))]
    y, u = uncertainty.moments_of_quadratic("a^2 + b^2", inputs, {frozenset("ab"): D("0.9")})
    assert (near(y, "0.00015", "1e-12"), near(u, "0.0001205", "5e-8")) == (True, True)


def test_a_simulation_agrees_with_the_exact_moments():
    found = simulate(
        "a^2 + b^2", [Quantity("a", D("0.01"), D("0.005")), Quantity("b", D(0), D("0.005"))], trials=20_000
    )
    assert found.u == pytest.approx(0.0001118, rel=0.01)


def test_a_simulation_repeats_itself():
    quantities = [Quantity("a", D(0), D(1)), Quantity("b", D(0), D(1), Shape.RECTANGULAR)]
    assert simulate("a + b", quantities, trials=2000) == simulate("a + b", quantities, trials=2000)
