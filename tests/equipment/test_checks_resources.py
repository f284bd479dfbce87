"""Whether what a method needs is within the range of what fills the need."""

from decimal import Decimal

import pytest

from equipment.checks.resources import reaches
from equipment.models import Equipment, ResourceSlot


def figure(text):
    return None if text is None else Decimal(text)


def asks(low, high, unit, *, of=("0", "2.5", "MPa")):
    """Whether a piece of equipment with the range `of` does for a need of this range."""
    device = Equipment(range_low=figure(of[0]), range_high=figure(of[1]), unit=of[2])
    return reaches(ResourceSlot(range_low=figure(low), range_high=figure(high), unit=unit, equipment=device))


@pytest.mark.parametrize(
    ("low", "high", "unit"),
    [
        ("0", "2.5", "MPa"), ("0", None, "MPa"), (None, "2.5", "MPa"), ("0", "2500", "kPa"), (None, None, ""),
        (None, None, "℃"),
    ],
)  # fmt: skip
def test_a_range_that_contains_what_is_needed_is_enough(low, high, unit):
    assert asks(low, high, unit)


@pytest.mark.parametrize(
    ("low", "high", "unit"),
    [
        ("-0.001", "2.5", "MPa"), ("-0.001", None, "MPa"), ("0", "2.501", "MPa"), (None, "2.501", "MPa"),
        ("0", "2501", "kPa"), ("-1", "2500", "kPa"), ("0", "1", "℃"), ("0", "1", ""),
    ],
)  # fmt: skip
def test_a_range_that_ends_before_what_is_needed_or_is_of_another_kind_is_not(low, high, unit):
    assert not asks(low, high, unit)


@pytest.mark.parametrize("of", [(None, "2.5", "MPa"), ("0", None, "MPa"), (None, None, "")])
def test_equipment_without_figures_does_for_no_need_in_figures(of):
    assert not asks("0", "1", "MPa", of=of)
    assert not asks("1", None, "MPa", of=of) and asks(None, None, "", of=of)


def test_figures_in_the_same_unit_are_compared_as_they_are():
    assert asks("20", "70", "HRC", of=("20", "70", "HRC")) and not asks("20", "71", "HRC", of=("20", "70", "HRC"))
