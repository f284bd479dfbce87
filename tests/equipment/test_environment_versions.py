"""Limits that change: every reading is held against the limits of its own day, and gaps know when people are at work."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from equipment.checks import environment as checks
from equipment.environment import Kind, Reading, Unfit, Word, conditions, note, periods_of, series, shown, unanswered
from equipment.environment.requirements import is_overdue, stated, stated_between, versions
from equipment.environment.standing import Last, now
from equipment.models import EnvironmentRequirement
from portal.clock import CHINA
from portal.permissions import Role
from portal.registers import REGISTERS, verbs
from tests import make

AT = make.NOON
HALF = timedelta(minutes=30)
CHANGED = date(2026, 3, 11)
MIDNIGHT = datetime(2026, 3, 11, tzinfo=CHINA)


@pytest.fixture
def room(lab):
    """18 to 22 ℃ until 10 March, 19 to 21 ℃ from 11 March on."""
    lab.room = make.room(lab.institution, lab.site)
    lab.monitor = make.monitor(lab.institution, lab.site, lab.keeper)
    lab.old = make.requirement(lab.institution, lab.room, monitor=lab.monitor)
    lab.new = make.requirement(lab.institution, lab.room, since=CHANGED, low="19", high="21", monitor=lab.monitor)
    return lab.room


def read(lab, *values, start=MIDNIGHT - HALF, **kwargs):
    make.readings(lab.institution, lab.room, *values, start=start, **kwargs)


def periods(lab, kind=Kind.OUTSIDE, first=MIDNIGHT - timedelta(hours=3), last=MIDNIGHT + timedelta(hours=3)):
    rows = list(stated_between(first, last).filter(institution=lab.institution))
    return [one for one in periods_of(rows, first, last, at=last) if one.kind is kind]


@pytest.mark.parametrize(
    ("day", "low"), [(date(2026, 3, 10), 18), (CHANGED, 19), (date(2027, 1, 1), 19)], ids=["before", "first", "later"]
)
def test_one_requirement_counts_on_a_day(lab, room, day, low):
    (row,) = stated(day)
    assert row.low == low


def test_none_counts_before_the_first_one(lab, room):
    assert not stated(date(2019, 12, 31)).exists()


def test_in_a_time_all_are_known_that_counted_in_it_with_the_day_on_which_each_ended(lab, room):
    rows = versions(date(2026, 3, 1), date(2026, 3, 20)).order_by("since")
    assert [row.until for row in rows] == [CHANGED, None]
    assert [row.pk for row in versions(date(2026, 3, 1), date(2026, 3, 10))] == [lab.old.pk]


def test_the_limits_of_a_method_do_not_end_those_for_all_work(lab, room):
    make.requirement(lab.institution, room, method=make.method(), since=date(2026, 3, 15))
    assert stated(date(2026, 3, 20)).filter(method=None).get().pk == lab.new.pk


def test_limits_of_another_method_do_not_end_those_of_a_method(lab, room):
    one, other = make.method(), make.method(code="JJG 2")
    mine = make.requirement(lab.institution, room, method=one)
    make.requirement(lab.institution, room, method=other, since=CHANGED)
    assert stated(date(2026, 3, 20)).get(method=one).pk == mine.pk


def test_what_was_withdrawn_never_counted(lab, room):
    verbs.withdraw(REGISTERS["environment-requirements"], lab.new, reason="登错", actor=lab.metrologist, at=AT)
    (row,) = stated(date(2026, 3, 20))
    assert (row.pk, row.until) == (lab.old.pk, None)


def test_an_element_that_does_not_matter_any_more_has_no_limits(lab, room):
    make.requirement(
        lab.institution, room, since=date(2026, 3, 12), needed=False, reason="改作库房", low=None, high=None
    )
    assert not stated(date(2026, 3, 12)).exists()


# --- readings


def test_yesterdays_reading_is_judged_by_yesterdays_limits(lab, room):
    read(lab, "21.5", 20, start=MIDNIGHT - HALF)
    assert periods(lab) == []


def test_todays_reading_is_judged_by_todays_limits(lab, room):
    read(lab, "21.5", 20, start=MIDNIGHT)
    (period,) = periods(lab)
    assert (period.requirement, period.began_at, period.ended_at) == (lab.new, MIDNIGHT, MIDNIGHT + HALF)


def test_a_time_outside_ends_where_its_limits_end(lab, room):
    read(lab, 17, "21.5", start=MIDNIGHT - HALF)
    told = periods(lab)
    assert [(one.requirement, one.began_at, one.ended_at) for one in told] == [
        (lab.new, MIDNIGHT, None), (lab.old, MIDNIGHT - HALF, MIDNIGHT)
    ]  # fmt: skip


def test_a_gap_goes_on_over_the_change_when_the_interval_stays(lab, room):
    read(lab, 20, None, None, 20, start=MIDNIGHT - 2 * HALF)
    read(lab, 20, 20, 20, 20, start=MIDNIGHT - 6 * HALF)
    read(lab, 20, 20, 20, 20, 20, start=MIDNIGHT + 2 * HALF)
    (gap,) = periods(lab, Kind.GAP)
    assert (gap.began_at, gap.ended_at) == (MIDNIGHT - 2 * HALF, MIDNIGHT + HALF)


def test_a_new_interval_counts_from_its_first_day(lab, room):
    EnvironmentRequirement.objects.filter(pk=lab.new.pk).update(interval_minutes=10)
    read(lab, 20, 20, 20, 20, 20, 20, start=MIDNIGHT - 6 * HALF)
    read(lab, 20, 20, 20, 20, 20, 20, start=MIDNIGHT)
    assert {one.began_at for one in periods(lab, Kind.GAP)} == {MIDNIGHT + place * HALF for place in range(6)}


def test_work_is_held_against_the_limits_of_its_day(lab, room):
    read(lab, "21.5", "21.5", "21.5", start=AT)
    assert [one.word for one in conditions(room, AT, AT + 2 * HALF)] == [Word.INSIDE]
    later = AT + timedelta(days=1)
    read(lab, "21.5", "21.5", "21.5", start=later)
    assert [one.word for one in conditions(room, later, later + 2 * HALF)] == [Word.OUTSIDE]


def test_work_over_the_change_is_held_against_both(lab, room):
    read(lab, "21.5", "21.5", 20, start=MIDNIGHT - 2 * HALF)
    found = conditions(room, MIDNIGHT - 2 * HALF, MIDNIGHT + HALF)
    assert [(one.requirement, one.word) for one in found] == [(lab.old, Word.INSIDE), (lab.new, Word.INSIDE)]


def test_what_nobody_answered_is_told_of_limits_of_the_past_too(lab, room):
    read(lab, 23, 20, start=AT)
    told = unanswered(lab.institution, AT - timedelta(days=1), AT + timedelta(days=300))
    assert lab.old in [one.requirement for one in told if one.kind is Kind.OUTSIDE]


def test_the_unit_of_a_reading_is_the_one_that_was_asked_for_on_its_day(lab, room):
    EnvironmentRequirement.objects.filter(pk=lab.new.pk).update(unit="V")

    def said(taken_at):
        batch = [Reading(room, "temperature", Decimal(20), "℃", taken_at, lab.monitor)]
        return note(batch, source="manual", actor=lab.operator, at=AT + timedelta(days=2))

    assert said(AT).new == 1
    with pytest.raises(Unfit, match="请改用 V"):
        said(AT + timedelta(days=1))


# --- pages, checks, imports


def test_the_lines_of_limits_step_in_the_picture(lab, room):
    first, last = MIDNIGHT - timedelta(days=1), MIDNIGHT + timedelta(days=1)
    rows = sorted(stated_between(first, last - HALF), key=lambda row: -row.since.toordinal())
    plot = series.plot_of(rows, {}, [], first, last, HALF)
    assert [(level.y, level.words, level.start, level.end) for level in plot.levels] == [
        (21, "上限", MIDNIGHT, last), (19, "下限", MIDNIGHT, last), (22, "", first, MIDNIGHT), (18, "", first, MIDNIGHT),
    ]  # fmt: skip
    assert plot.data["levels"][0]["start"] == MIDNIGHT.isoformat()


def test_a_line_of_figures_is_judged_by_the_limits_of_its_day(lab, room):
    first = MIDNIGHT - timedelta(days=1)
    rows = sorted(stated_between(first, MIDNIGHT), key=lambda row: -row.since.toordinal())
    value = Decimal("21.5")
    bins = [series.Bin(start, "℃", value, value, value, 1) for start in (first, MIDNIGHT)]
    lines = shown.figure_rows(rows, bins, first, shown.SPANS["month"])
    assert [line[1]["tone"] for line in lines] == ["bad", ""]


def level(value):
    return f'{{"y": "{value}.000000", "words"'


def test_the_page_of_a_room_shows_what_counts_now_and_draws_what_counted_then(lab, room, signed_in):
    read(lab, "21.5", "21.5", start=AT)
    page = signed_in(Role.OPERATOR).get(f"/i/alpha/environment/{room.ref}/?on=2026-03-10").content.decode()
    assert "19～21 ℃" in page and level("22") in page and level("21") not in page


def test_a_check_asks_what_counts_on_its_day(lab, room):
    assert [row.pk for row in checks.requirements(lab.institution, date(2026, 3, 10))] == [lab.old.pk]
    assert [row.pk for row in checks.requirements(lab.institution, CHANGED)] == [lab.new.pk]


def test_a_new_limit_is_a_new_row_and_the_old_one_stays(lab, room):
    values = {
        "room": room, "element": "temperature", "since": date(2026, 4, 1), "low": Decimal("19.5"), "high": Decimal("20.5"),
        "unit": "℃", "reason": "",
    }  # fmt: skip
    verbs.record(REGISTERS["environment-requirements"], values, actor=lab.metrologist, at=AT)
    assert stated(date(2026, 3, 31)).get().pk == lab.new.pk
    assert stated(date(2026, 4, 1)).get().low == Decimal("19.5")


# --- people at work


def by_hand(**values):
    return EnvironmentRequirement(interval_minutes=240, **values)


def day(number, hour=8, minute=30):
    return datetime(2026, 10, number, hour, minute, tzinfo=CHINA)


@pytest.mark.parametrize(
    ("minutes", "read_at", "at", "overdue"),
    [
        (240, day(9, 16), day(10, 12), False),  # over night, to the Saturday that is worked
        (240, day(10, 16), day(12, 12), False),  # over Sunday
        (240, day(9, 16), day(12, 12), True),  # nobody read on the Saturday that is worked
        (240, day(9, 8), day(9, 17), True),  # nine hours of one day
        (60, day(9, 17), day(10, 9), False),
        (60, day(9, 17), day(10, 11), True),
        (480, day(8, 17), day(10, 9), True),  # a whole working day, although the interval is eight hours
        (480, day(8, 17), day(9, 17), False),
        (1440, datetime(2026, 9, 30, 9, tzinfo=CHINA), day(9, 8), False),  # over the national day
        (1440, datetime(2026, 9, 30, 9, tzinfo=CHINA), day(9, 10), True),
        (30, day(9, 17), day(9, 18, 31), True),  # a logger has no evening
    ],
)
def test_nights_and_days_off_do_not_count_where_people_read(minutes, read_at, at, overdue):
    asked = EnvironmentRequirement(interval_minutes=minutes)
    assert is_overdue(asked, read_at, at) is overdue


def test_a_strict_room_is_read_at_night_too():
    assert is_overdue(EnvironmentRequirement(interval_minutes=240, strict=True), day(9, 16), day(10, 9))


def test_postgresql_finds_the_same_gaps(lab, room):
    EnvironmentRequirement.objects.filter(pk=lab.new.pk).update(interval_minutes=240)
    times = [day(8, 16), day(9, 10), day(9, 16), day(12, 12), day(12, 16)]
    for moment in times:
        read(lab, 20, start=moment)
    (gap,) = periods(lab, Kind.GAP, first=times[0], last=times[-1])
    assert (gap.began_at, gap.ended_at) == (day(9, 16), day(12, 12))


def test_a_room_that_people_read_is_not_unread_in_the_morning():
    asked = by_hand(low=Decimal(18), high=Decimal(22), unit="℃", element="temperature")
    last = Last(Decimal(20), "℃", day(9, 16), None, "manual")
    assert now(asked, last, day(10, 9)).word is Word.INSIDE
    assert now(asked, last, day(12, 12)).word is Word.UNREAD


# --- the first page of the day


def test_the_first_page_names_rooms_that_are_outside_and_rooms_that_nobody_reads(lab, room, signed_in):
    silent = make.room(lab.institution, lab.site, "天平室")
    make.requirement(lab.institution, silent)
    read(lab, "21.5", start=timezone.now() - HALF)
    page = signed_in(Role.OPERATOR).get("/i/alpha/").content.decode()
    panel = page.partition("环境超限或没有读数")[2].partition("</section>")[0]
    assert panel.index("压力室") < panel.index("天平室")


def test_the_first_page_is_silent_about_rooms_that_are_inside(lab, room, signed_in):
    read(lab, 20, start=timezone.now() - HALF)
    assert "环境超限或没有读数" not in signed_in(Role.OPERATOR).get("/i/alpha/").content.decode()


def test_the_first_page_counts_the_times_outside_that_nobody_has_answered(lab, room, signed_in):
    read(lab, 30, 20, start=timezone.now() - timedelta(days=3))
    read(lab, 20, start=timezone.now() - HALF)
    assert "最近 7 天有 1 段超限还没有处置" in signed_in(Role.OPERATOR).get("/i/alpha/").content.decode()


def test_a_room_is_shown_on_the_last_day_that_has_readings(lab, room, signed_in):
    read(lab, 20, start=timezone.now() - timedelta(days=5))
    browser, url = signed_in(Role.OPERATOR), f"/i/alpha/environment/{room.ref}/"
    page, asked = browser.get(url), browser.get(url, {"on": timezone.localdate().isoformat()})
    assert page.context["is_back"] and page.context["pictures"][0]["plot"] is not None
    assert asked.context["pictures"][0]["plot"] is None and asked.context[
        "newest_url"
    ] in asked.content.decode().replace("&amp;", "&")
