"""What people type is understood or refused in words."""

import pytest
from django.core.exceptions import ValidationError

from portal.typed import DayField, DecimalTextField, NumberTextField, TextField, WholeNumberField


@pytest.mark.parametrize("text", ["a\x00b", "a\x1bb", "a\x7fb", "a\ud800b", "a\u202eb", "a\u200bb", "a\u00adb"])
def test_invisible_characters_are_refused(text):
    with pytest.raises(ValidationError, match="看不见的控制字符"):
        TextField(max_length=9).clean(text)


@pytest.mark.parametrize("text", ["机械😀公司", "한국", "甲\u2028乙"])
def test_what_no_certificate_could_print_is_refused_when_it_is_typed(text):
    with pytest.raises(ValidationError, match="印不到证书上"):
        TextField(max_length=9).clean(text)


def test_spaces_around_a_text_are_dropped():
    assert TextField(max_length=9).clean("  压力表 ") == "压力表"


def test_a_text_may_be_as_long_as_its_column():
    assert TextField(max_length=3).clean("压力表") == "压力表"


@pytest.mark.parametrize("text", ["0.0015", "2", "10.50"])
def test_a_number_keeps_the_digits_that_were_typed(text):
    assert NumberTextField(max_length=9).clean(text) == text


@pytest.mark.parametrize("text", ["0", "0.00", "-1", "1e3", "1.", ".5", "1,5", "NaN", "一", "1 2", "٣"])
def test_what_is_no_number_above_zero_is_refused(text):
    with pytest.raises(ValidationError, match="不是大于零的数"):
        NumberTextField(max_length=9).clean(text)


@pytest.mark.parametrize("text", ["2026-03-09", "2026/3/9", "2026.03.09", "20260309", "２０２６-０３-０９"])
def test_a_day_is_understood_in_the_ways_people_write_it(text):
    assert str(DayField().clean(text)) == "2026-03-09"


@pytest.mark.parametrize("text", ["1989-12-31", "2101-01-01", "0001-01-01", "9999-12-31"])
def test_a_year_no_record_can_have_is_refused(text):
    with pytest.raises(ValidationError, match="年份"):
        DayField().clean(text)


@pytest.mark.parametrize("typed", ["10²", "8①", "1_0", "1½"])
@pytest.mark.parametrize(
    "field", [DecimalTextField(max_digits=9, decimal_places=3), NumberTextField(max_length=30), WholeNumberField()]
)
def test_a_raised_or_circled_digit_is_no_digit(field, typed):
    """Folding makes 102 of 10²: a power of ten would be stored as another number."""
    with pytest.raises(ValidationError):
        field.clean(typed)
