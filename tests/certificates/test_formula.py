import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certificates.formula import FormulaError, evaluate, evaluate_partial, names_in, parsed

NAMES = {"a": Decimal(2), "b": Decimal(3), "up": Decimal("0.81"), "point": Decimal("0.8"), "android": Decimal(7)}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", "7"), ("(1 + 2) * 3", "9"), ("-2 ^ 2", "-4"), ("2 ^ 3 ^ 2", "512"), ("2 ** -1", "0.5"),
        ("8 / 4 / 2", "1"),
        ("10 - 4 - 3", "3"), ("up - point", "0.01"), ("abs(b - a - b)", "2"), ("min(a, b)", "2"), ("max(b)", "3"),
        ("mean(1, 2, 4.5)", "2.5"), ("sqrt(16)", "4"), ("largest(0.1, -0.3, 0.2)", "-0.3"), ("1e-3 * 2", "0.002"),
        (".5", "0.5"),
        ("a < b", "1"), ("a >= b", "0"), ("a < b and b < a", "0"), ("a < b or b < a", "1"), ("if(a > b, 1, 2)", "2"),
        ("android", "7"), ("1 == 1.0", "1"), ("log10(1000)", "3"),
    ],
)  # fmt: skip
def test_a_formula_has_its_value(text, value):
    assert evaluate(text, NAMES) == Decimal(value)


@pytest.mark.parametrize(
    "text", ["sin(0.7)", "cos(2.5)", "tan(1.2)", "atan(-3)", "exp(1.5)", "ln(7)", "cos(pi)", "sin(100)"]
)
def test_functions_agree_with_the_mathematics_library(text):
    known = {name: getattr(math, name) for name in ("sin", "cos", "tan", "atan", "exp", "pi")} | {"ln": math.log}
    function, _, argument = text.partition("(")
    expected = known[function](known.get(argument[:-1], None) or float(argument[:-1]))
    assert float(evaluate(text, {})) == pytest.approx(expected, rel=1e-13)


@given(st.decimals(min_value=-50, max_value=50, places=6))
def test_sine_and_cosine_keep_their_circle(angle):
    square = evaluate("sin(x)^2 + cos(x)^2", {"x": angle})
    assert abs(square - 1) < Decimal("1E-45")


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "1 +", "(1", "a b", "1 .5", "a; b", "a.b", "a[0]", "'a'", "lambda: 1", "foo(1)", "abs()", "abs(1, 2)",
        "__import__(1)", "a = 1", "1 < 2 < 3", "1" * 1001, "+".join(["1"] * 150), "-" * 200 + "1", "if(1, 2)", "2 @ 3",
    ],
)  # fmt: skip
def test_what_is_not_in_the_language_is_refused_with_a_sentence(text):
    with pytest.raises(FormulaError, match="。"):
        evaluate(text, NAMES)


@pytest.mark.parametrize(
    "text", ["1 / 0", "0 / 0", "sqrt(-1)", "ln(0)", "9^9^9^9", "exp(1e9)", "zz", "sin(1e9)", "0 ^ 0"]
)
def test_a_value_that_does_not_exist_is_a_sentence(text):
    with pytest.raises(FormulaError, match="。"):
        evaluate(text, NAMES)


def test_the_names_of_a_formula_are_told_without_its_functions():
    assert names_in("largest(up - point, down - point) / pi") == {"up", "down", "point"}


def test_a_formula_is_parsed_once():
    assert parsed("a + b * 2") is parsed("a + b * 2")


def test_a_reading_not_yet_taken_leaves_the_others_their_say():
    assert evaluate_partial("max(abs(a - b), abs(c - b))", {"a": Decimal(1), "b": Decimal(3), "c": None}) == 2


def test_arithmetic_with_a_reading_not_yet_taken_has_no_value():
    assert evaluate_partial("a - c", {"a": Decimal(1), "c": None}) is None


def test_a_name_without_value_is_named():
    with pytest.raises(FormulaError, match="c 还没有值"):
        evaluate("a - c", {"a": Decimal(1), "c": None})
