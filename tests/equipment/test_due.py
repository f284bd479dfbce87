"""Windows and clocks: how long something is still good for."""

from datetime import date, timedelta

import pytest

from equipment import due
from equipment.models import Equipment
from tests import make

DAY = make.DAY


@pytest.mark.parametrize(
    ("left", "tone", "remaining"),
    [(-6, "bad", "超 6 天"), (0, "due", "今天到期"), (30, "due", "剩 30 天"), (31, "ok", "剩 31 天")],
)
def test_a_clock_says_in_words_what_remains(left, tone, remaining):
    clock = due.clock(DAY - timedelta(300), DAY + timedelta(left), DAY)
    assert (clock.tone, clock.remaining) == (tone, remaining)


def test_what_was_never_traced_is_bad(lab):
    assert due.clock(None, None, DAY).word == "未溯源"


@pytest.mark.parametrize(
    ("window", "found"), [("expired", {-1, None}), ("7", {0, 7}), ("30", {8, 30}), ("60", {31, 60})]
)
def test_a_window_finds_its_equipment(lab, window, found):
    lefts = {}
    for left in (-1, 0, 7, 8, 30, 31, 60, 61):
        row = make.equipment(lab.institution, lab.site)
        make.traceability(lab.institution, row, lab.keeper, valid_until=DAY + timedelta(left))
        lefts[row.pk] = left
    rows = Equipment.objects.filter(institution=lab.institution).due(DAY, window)
    assert {lefts.get(row.pk) for row in rows} == found


def test_the_newest_traceability_sets_the_clock(lab):
    make.traceability(lab.institution, lab.equipment, lab.keeper, valid_until=date(2030, 1, 1))
    make.traceability(
        lab.institution, lab.equipment, lab.keeper, calibrated_on=date(2026, 1, 5), valid_until=date(2027, 1, 4)
    )
    assert Equipment.objects.with_clock().get(pk=lab.equipment.pk).traced_until == date(2027, 1, 4)
