from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.decimals import Unreadable, parse, plain, signed, trimmed


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("25.000", "25.000"), (" 1.61 ", "1.61"), ("１．６１", "1.61"), ("1,5", "1.5"), ("1，5", "1.5"),
        ("0,500", "0.500"),
        ("1234,500", "1234.500"), ("1。61", "1.61"), ("\u22120.02", "-0.02"), ("－0.02", "-0.02"), ("+0.02", "0.02"),
        (".5", "0.5"), ("1e-6", "0.000001"), ("2.5E+3", "2.5E+3"), ("-0.00", "0.00"), ("\u30001.2\u3000", "1.2"),
    ],
)  # fmt: skip
def test_a_typed_number_is_read_with_all_its_digits(typed, value):
    read = parse(typed)
    assert (read, read.as_tuple().exponent) == (Decimal(value), Decimal(value).as_tuple().exponent)


@pytest.mark.parametrize(
    "typed",
    [
        "", "   ", "abc", "NaN", "Infinity", "-inf", "1e400", "1e31", "1e-31", "1e99999999999", "1.2.3", "1\x002",
        "\x00",
        "5.", "1 234", "10²", "①", "½", "٣", "1_000", "0x10", "--1", "1-", "1/3", "1" * 35, "1,234,567", "1,234.5",
        "5MPa",
        "\ud800", "1e", "e5", "+", ",", "1,",
    ],
)  # fmt: skip
def test_what_is_no_number_is_refused_with_a_sentence(typed):
    with pytest.raises(Unreadable) as refused:
        parse(typed)
    assert refused.value.sentence.endswith("。")


def test_a_comma_that_may_group_thousands_is_refused_naming_both_writings():
    with pytest.raises(Unreadable, match=r"1\.500.*1500"):
        parse("1,500")


def test_a_refusal_can_always_be_sent_to_the_page():
    with pytest.raises(Unreadable) as refused:
        parse("\ud800" * 100)
    assert len(refused.value.sentence.encode("utf-8")) < 400


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15, places=8))
def test_what_is_printed_is_read_back_digit_for_digit(value):
    assert plain(parse(plain(value))) == plain(value)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text):
    try:
        assert parse(text).is_finite()
    except Unreadable as refused:
        assert refused.sentence


def test_zero_is_never_printed_with_a_minus_sign():
    assert plain(Decimal("-0.00")) == "0.00"


def test_no_number_is_printed_with_an_exponent():
    assert [plain(Decimal(text)) for text in ("1E+3", "2E-7")] == ["1000", "0.0000002"]


def test_what_is_not_finite_is_never_printed():
    with pytest.raises(ValueError, match="finite"):
        plain(Decimal("NaN"))


def test_errors_carry_their_sign_and_zero_has_none():
    assert [signed(Decimal(text)) for text in ("0.02", "-0.02", "0.00", "-0.00")] == ["+0.02", "-0.02", "0.00", "0.00"]


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [("0.0400", 2, "0.04"), ("0.0256", 2, "0.0256"), ("1.600", 0, "1.6"), ("1E+2", 0, "100")],
)
def test_a_limit_is_printed_without_the_zeros_behind_its_last_place(value, places, text):
    assert trimmed(Decimal(value), places) == text
