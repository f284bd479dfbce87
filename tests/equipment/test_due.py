"""Windows and clocks: how long something is still good for."""

from datetime import date, timedelta

import pytest

from equipment import due
from equipment.models import Equipment, Traceability
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
    row = Equipment.objects.get(pk=lab.equipment.pk)
    assert (row.traced_from, row.traced_until, row.due_on) == (date(2026, 1, 5), date(2027, 1, 4), date(2027, 1, 4))


def test_an_older_traceability_recorded_later_leaves_the_clock(lab):
    make.traceability(lab.institution, lab.equipment, lab.keeper, calibrated_on=DAY, valid_until=date(2030, 1, 1))
    make.traceability(
        lab.institution, lab.equipment, lab.keeper, calibrated_on=date(2020, 1, 5), valid_until=date(2031, 1, 4)
    )
    assert Equipment.objects.get(pk=lab.equipment.pk).due_on == date(2030, 1, 1)


def test_a_certificate_recorded_again_on_the_same_day_sets_the_clock(lab):
    for until in (date(2030, 1, 1), date(2029, 1, 1)):
        make.traceability(lab.institution, lab.equipment, lab.keeper, calibrated_on=DAY, valid_until=until)
    assert Equipment.objects.get(pk=lab.equipment.pk).due_on == date(2029, 1, 1)


def test_equipment_that_was_never_traced_is_due_since_ever(lab):
    row = Equipment.objects.get(pk=make.equipment(lab.institution, lab.site).pk)
    assert (row.traced_from, row.traced_until, row.due_on) == (None, None, date.min)


def test_many_traceabilities_at_once_set_each_clock(lab):
    rows = [make.equipment(lab.institution, lab.site) for _number in range(3)]
    Traceability.objects.bulk_create(
        Traceability(
            institution=lab.institution, equipment=row, certificate_number=f"N{number}", issuer="x",
            calibrated_on=DAY, valid_until=DAY + timedelta(number),
        )
        for number, row in enumerate(rows)
    )  # fmt: skip
    found = Equipment.objects.filter(pk__in=[row.pk for row in rows]).order_by("pk")
    assert [row.due_on for row in found] == [DAY + timedelta(number) for number in range(3)]
