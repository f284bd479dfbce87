"""What a measurement standard is listed for on its certificate: instruments, measurands, ranges in any unit."""

from datetime import date
from decimal import Decimal

import pytest

from equipment.models import StandardItem
from equipment.standards import ranges
from equipment.standards.rules import rules_against
from tests.equipment.standards import allowed

DAY = date(2026, 3, 10)
INTERNAL = {"activity": "calibration", "external_customer": False, "mandatory": False}


@pytest.fixture
def w(db):
    with allowed() as world:
        yield world


def clauses(w, day=DAY, **work):
    return {refusal.clause for refusal in rules_against(w.standard, day, **INTERNAL | work)}


def item(w, low, high, unit="MPa", instrument="精密压力表", measurand="压力"):
    return StandardItem.objects.create(
        institution=w.institution, standard=w.standard, instrument=instrument, measurand=measurand, range_low=low,
        range_high=high, unit=unit, accuracy="0.4 级",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"instrument": "精密压力表"}, set()), ({"instrument": "天平"}, {"C-4.1.2"}), ({"measurand": "质量"}, {"C-4.1.2"}),
        ({"instrument": "精密 压力表", "measurand": "压力"}, set()),
        ({"instrument": "精密压力表", "low": Decimal(0), "high": Decimal(6), "unit": "MPa"}, set()),
        ({"instrument": "精密压力表", "low": Decimal(0), "high": Decimal("6.0001"), "unit": "MPa"}, {"C-4.1.2"}),
        ({"instrument": "精密压力表", "low": Decimal("-0.1"), "high": Decimal(1), "unit": "MPa"}, {"C-4.1.2"}),
        ({"instrument": "精密压力表", "low": Decimal(0), "high": Decimal(6000), "unit": "kPa"}, set()),
        ({"instrument": "精密压力表", "low": Decimal(0), "high": Decimal(6001), "unit": "kPa"}, {"C-4.1.2"}),
        ({"instrument": "精密压力表", "low": Decimal(0), "high": Decimal(1), "unit": "℃"}, {"C-4.1.2"}),
        ({"low": Decimal(0), "high": Decimal(6), "unit": "MPa"}, set()),
        ({"low": Decimal(0), "high": Decimal(7), "unit": "MPa"}, {"C-4.1.2"}),
        ({"low": Decimal(6), "high": Decimal(0), "unit": "MPa"}, set()), ({"low": Decimal(6), "unit": "MPa"}, set()),
        ({"low": Decimal(7), "unit": "MPa"}, {"C-4.1.2"}), ({"high": Decimal(7), "unit": "MPa"}, {"C-4.1.2"}),
        ({"low": Decimal(1), "high": Decimal(2)}, {"C-4.1.2"}), ({"unit": "kg"}, set()),
    ],
)  # fmt: skip
def test_the_items_of_its_certificate_reach_over_what_is_measured(w, asked, expected):
    item(w, "0", "2.5")
    item(w, "2.5", "6")
    assert clauses(w, **asked) == expected


def test_without_items_nothing_is_listed(w):
    assert clauses(w, instrument="精密压力表") == {"C-4.1.2"}


def test_an_item_that_was_withdrawn_is_none(w):
    item(w, "0", "6")
    StandardItem.objects.update(state="withdrawn")
    assert clauses(w, instrument="精密压力表") == {"C-4.1.2"}


def test_a_gap_between_two_ranges_is_not_covered():
    items = [{"low": "0", "high": "2", "unit": "MPa"}, {"low": "3", "high": "6", "unit": "MPa"}]
    assert not ranges.reach_over(items, Decimal(1), Decimal(4), "MPa")
    assert ranges.reach_over(items, Decimal(3), Decimal(6), "MPa")


def test_a_scale_that_is_no_unit_is_compared_by_its_name():
    items = [{"low": "20", "high": "70", "unit": "HRC"}]
    assert ranges.reach_over(items, Decimal(25), Decimal(60), "HRC")
    assert not ranges.reach_over(items, Decimal(25), Decimal(60), "HRB")


def test_what_is_not_listed_is_named_in_the_sentence(w):
    (refusal,) = rules_against(w.standard, DAY, **INTERNAL, instrument="天平", measurand="质量")
    assert "“天平、质量”" in refusal.text
    (refusal,) = rules_against(w.standard, DAY, **INTERNAL, low=Decimal(1), high=Decimal(2), unit="kg")
    assert "“kg”" in refusal.text
