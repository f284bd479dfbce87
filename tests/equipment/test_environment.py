"""Rooms: what is read in them, when they were outside their limits, and when nobody knows."""

from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone

from equipment.environment import Kind, Reading, Unfit, Word, conditions, note, noting, periods, unanswered
from equipment.environment.noting import AHEAD, OLDEST
from equipment.environment.standing import held
from equipment.models import EnvironmentAction, EnvironmentReading, EnvironmentRequirement
from institutions.models import Membership
from portal.actors import Actor
from portal.models import AuditEntry
from portal.outbox import drain
from portal.permissions import Permission, Role
from portal.registers import REGISTERS, imports, verbs
from portal.tenancy import scope
from portal.transitions import Refused
from tests import make

AT = make.NOON
HALF = timedelta(minutes=30)


@pytest.fixture
def room(lab):
    """The laboratory's pressure room with its instrument and its limits."""
    lab.room = make.room(lab.institution, lab.site)
    lab.monitor = make.monitor(lab.institution, lab.site, lab.keeper)
    lab.requirement = make.requirement(lab.institution, lab.room, monitor=lab.monitor)
    return lab.room


def reading(lab, value="20.1", **values):
    known = {
        "room": lab.room, "element": "temperature", "unit": "℃", "taken_at": AT - HALF, "monitor": lab.monitor, **values,
    }  # fmt: skip
    return Reading(value=Decimal(value), **known)


def noted(lab, *batch, actor=None, **options):
    return note(batch, source="manual", actor=actor or lab.operator, at=AT, **options)


def flaws(lab, *batch, **options):
    """Place and field of everything that is against the batch."""
    with pytest.raises(Unfit) as unfit:
        noted(lab, *batch, **options)
    assert all(flaw.sentence.endswith("。") for flaw in unfit.value.flaws)
    return sorted((flaw.place, flaw.field) for flaw in unfit.value.flaws)


# --- writing down


def test_a_reading_is_on_record_with_its_instrument_and_who_wrote_it(lab, room):
    noted(lab, reading(lab), actor=lab.metrologist)
    row = EnvironmentReading.objects.get()
    assert (row.value, row.unit, row.monitor, row.noted_by) == (Decimal("20.1"), "℃", lab.monitor, lab.keeper)


def test_a_batch_leaves_one_entry_for_each_room(lab, room):
    noted(lab, reading(lab), reading(lab, taken_at=AT), reason="补记")
    entry = AuditEntry.objects.get(verb="room.note_environment")
    assert (entry.target_ref, entry.reason, entry.changes["readings"][1]) == (room.ref, "补记", "2 个：温度")


def test_all_of_a_batch_is_written_or_nothing(lab, room):
    assert flaws(lab, reading(lab), reading(lab, "300")) == [(1, "taken_at"), (1, "value")]
    assert not EnvironmentReading.objects.exists()


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("taken_at", {"taken_at": AT + timedelta(minutes=5)}),
        ("taken_at", {"taken_at": AT - timedelta(days=500)}),
        ("value", {"value": "201"}),
        ("value", {"value": "20.1234567"}),
        ("value", {"value": "1e13", "element": "light"}),
        ("unit", {"unit": "%RH"}),
        ("unit", {"unit": ""}),
        ("unit", {"unit": "mmHg", "element": "pressure", "value": "760"}),
        ("monitor", {"monitor": None}),
    ],
)
def test_what_cannot_be_is_not_written_down(lab, room, field, wrong):
    if wrong.get("element") == "light":
        wrong = wrong | {"element": "noise", "unit": "dB(A)"}
    assert flaws(lab, reading(lab, **wrong)) == [(0, field)]


@pytest.mark.parametrize("moment", [AT + AHEAD, AT - OLDEST + timedelta(seconds=1)])
def test_a_clock_may_be_fast_by_minutes_and_a_reading_old_by_a_year(lab, room, moment):
    assert noted(lab, reading(lab, "3", element="dust", unit="个", monitor=None, taken_at=moment)).new == 1


@pytest.mark.parametrize("moment", [AT + AHEAD + timedelta(seconds=1), AT - OLDEST - timedelta(seconds=1)])
def test_a_reading_of_the_future_or_of_long_ago_is_none(lab, room, moment):
    assert flaws(lab, reading(lab, "3", element="dust", unit="个", monitor=None, taken_at=moment)) == [(0, "taken_at")]


@pytest.mark.parametrize(("most", "found"), [(1, [(0, "taken_at")]), (2, [])])
def test_a_batch_is_of_no_more_days_than_may_be(lab, room, monkeypatch, most, found):
    monkeypatch.setattr(noting, "MOST_DAYS", most)
    batch = [reading(lab), reading(lab, taken_at=AT - timedelta(days=1))]
    assert (flaws(lab, *batch) if found else [noted(lab, *batch)][1:]) == found


def test_what_is_looked_at_needs_no_instrument(lab, room):
    assert noted(lab, reading(lab, "3", element="dust", unit="个", monitor=None)).new == 1


def test_an_instrument_that_is_not_traced_that_day_reads_nothing(lab, room):
    early = make.equipment(lab.institution, lab.site, role="environment", name="旧温度计")
    assert flaws(lab, reading(lab, monitor=early)) == [(0, "monitor")]


def test_the_same_reading_twice_in_a_batch_is_refused(lab, room):
    assert flaws(lab, reading(lab), reading(lab)) == [(1, "taken_at")]


def test_a_reading_that_is_there_already_is_refused(lab, room):
    noted(lab, reading(lab))
    assert flaws(lab, reading(lab)) == [(0, "taken_at")]


def test_a_logger_may_send_the_same_again(lab, room):
    noted(lab, reading(lab))
    again = noted(lab, reading(lab), reading(lab, taken_at=AT), again=True)
    assert (again.new, again.known) == (1, 1)


def test_sent_again_with_another_value_it_is_refused_and_the_first_one_stays(lab, room):
    noted(lab, reading(lab))
    assert flaws(lab, reading(lab, "20.2"), again=True) == [(0, "taken_at")]
    assert EnvironmentReading.objects.get().value == Decimal("20.1")


def test_somebody_without_the_right_writes_nothing(lab, room):
    with pytest.raises(PermissionDenied):
        noted(lab, reading(lab), actor=make.actor(lab.institution, Role.REGULATOR))


def test_whose_membership_ended_meanwhile_writes_nothing(lab, room):
    with scope(institution_id=lab.institution.pk, user_id=lab.operator.user_id):
        assert Membership.objects.filter(user=lab.operator.user_id).update(state=Membership.State.ENDED) == 1
    with pytest.raises(PermissionDenied):
        noted(lab, reading(lab))


def test_the_entry_of_a_room_counts_its_own_readings(lab, room):
    other = make.room(lab.institution, lab.site, name="温度室")
    noted(lab, reading(lab), reading(lab, room=other), reading(lab, room=other, taken_at=AT))
    entries = AuditEntry.objects.filter(verb="room.note_environment").order_by("pk")
    assert [entry.changes["readings"][1] for entry in entries] == ["1 个：温度", "2 个：温度"]
    noted(lab, reading(lab, room=other), reading(lab, taken_at=AT), again=True)
    assert entries.all().count() == 3


def test_a_program_without_the_right_writes_nothing(lab, room):
    program = Actor(name="接口：采集器", institution_id=lab.institution.pk, permissions=frozenset({Permission.EXPORT}))
    with pytest.raises(PermissionDenied):
        noted(lab, reading(lab), actor=program)


def test_somebody_without_the_right_learns_nothing_of_the_room(lab, room):
    with pytest.raises(PermissionDenied):
        noted(lab, reading(lab, unit="%RH"), actor=make.actor(lab.institution, Role.REGULATOR))


def test_a_reading_without_a_unit_is_told_what_it_lacks(lab, room):
    with pytest.raises(Unfit, match="没有单位。请写明温度的单位。"):
        noted(lab, reading(lab, unit=" "))


def test_a_reading_in_another_unit_of_the_same_kind_is_kept_as_it_was_read(lab, room):
    noted(lab, reading(lab, "293.25", unit="K"))
    assert EnvironmentReading.objects.get().unit == "K"


# --- periods


def found(lab, *, first=AT, last=None, at=None):
    last = last or AT + timedelta(hours=6)
    return periods.periods_of([lab.requirement], first, last, at=at or last)


def outside(lab, **times):
    return [one for one in found(lab, **times) if one.kind is Kind.OUTSIDE]


def gaps(lab, **times):
    return [(one.began_at, one.ended_at) for one in found(lab, **times) if one.kind is Kind.GAP]


def test_a_period_lasts_from_the_first_reading_outside_to_the_first_one_inside(lab, room):
    make.readings(lab.institution, room, 20, 23, 25, 20, 20)
    (period,) = outside(lab)
    assert (period.began_at, period.ended_at) == (AT + HALF, AT + 3 * HALF)
    assert (period.worst, period.readings) == (25, 2)


def test_the_limits_themselves_are_inside(lab, room):
    make.readings(lab.institution, room, 18, 22, 18)
    assert outside(lab) == []


def test_a_period_that_is_not_over_has_no_end(lab, room):
    make.readings(lab.institution, room, 20, 23)
    assert outside(lab)[0].ended_at is None


def test_too_cold_is_outside_as_well(lab, room):
    make.readings(lab.institution, room, 20, "17.9", 20)
    assert outside(lab)[0].worst == Decimal("17.9")


def test_two_times_outside_are_two_periods_the_latest_first(lab, room):
    make.readings(lab.institution, room, 23, 20, 23, 20)
    assert [one.began_at for one in outside(lab)] == [AT + 2 * HALF, AT]


def test_readings_in_kelvin_are_held_against_limits_in_degrees(lab, room):
    make.readings(lab.institution, room, "293.15", "296.15", "293.15", unit="K")
    assert outside(lab)[0].worst == 23


def test_one_instrument_inside_does_not_hide_another_one_outside(lab, room):
    make.readings(lab.institution, room, 20, 20, 20, 20, monitor=lab.monitor)
    second, later = make.monitor(lab.institution, lab.site, lab.keeper), AT + timedelta(minutes=10)
    make.readings(lab.institution, room, 20, 23, 23, 20, start=later, monitor=second)
    assert [(one.began_at, one.ended_at) for one in outside(lab)] == [(later + HALF, later + 3 * HALF)]


def test_two_instruments_outside_at_the_same_time_are_one_period(lab, room):
    second = make.monitor(lab.institution, lab.site, lab.keeper)
    make.readings(lab.institution, room, 20, 23, 23, 20, monitor=lab.monitor)
    make.readings(lab.institution, room, 20, 20, 24, 20, monitor=second)
    (period,) = outside(lab)
    assert (period.began_at, period.worst) == (AT + HALF, 24)


def test_two_intervals_without_a_reading_are_no_gap_and_more_are(lab, room):
    make.readings(lab.institution, room, 20, None, 20, None, None, 20)
    assert gaps(lab, last=AT + 6 * HALF) == [(AT + 2 * HALF, AT + 5 * HALF)]


def test_no_reading_at_all_is_a_gap_that_lasts(lab, room):
    assert gaps(lab, at=AT + timedelta(hours=6)) == [(AT, None)]


def test_nothing_was_missing_before_the_requirement_was_stated(lab, room):
    EnvironmentRequirement.objects.filter(pk=lab.requirement.pk).update(recorded_at=AT + timedelta(hours=5))
    lab.requirement.refresh_from_db()
    assert gaps(lab, last=AT + timedelta(hours=6)) == []


def test_without_an_interval_nothing_is_missing(lab, room):
    lab.requirement.interval_minutes = None
    assert gaps(lab) == []


def test_what_is_not_read_is_told_once_however_many_requirements_there_are(lab, room):
    by_method = make.requirement(lab.institution, room, method=make.method(), interval_minutes=60)
    told = periods.periods_of([by_method, lab.requirement], AT, AT + 9 * HALF, at=AT + 10 * HALF)
    assert [one.requirement for one in told] == [lab.requirement]


def test_saturday_and_sunday_do_not_count_where_people_read(lab, room):
    lab.requirement.interval_minutes = 1440
    friday = AT + timedelta(days=3)  # 13 March 2026
    make.readings(lab.institution, room, 20, 20, start=friday, minutes=3 * 1440)
    assert gaps(lab, first=friday, last=friday + timedelta(days=3, hours=1)) == []
    lab.requirement.strict = True
    assert gaps(lab, first=friday, last=friday + timedelta(days=3, hours=1)) == [(friday, friday + timedelta(days=3))]


def act(lab, **values):
    known = {
        "room": lab.room, "element": "temperature", "began_at": AT + HALF, "ended_at": AT + 2 * HALF, "cause": "空调故障",
        "action": "停止检定，修好后复测", "handled_by": lab.keeper, **values,
    }  # fmt: skip
    return verbs.record(REGISTERS["environment-actions"], known, actor=lab.metrologist, at=AT + timedelta(days=1))


@pytest.mark.parametrize(
    ("values", "answered"),
    [
        ({}, True),
        ({"ended_at": None}, True),
        ({"element": "humidity"}, False),
        ({"began_at": AT - 3 * HALF, "ended_at": AT}, False),
        ({"began_at": AT - 3 * HALF, "ended_at": None}, False),
        ({"began_at": AT + 4 * HALF, "ended_at": AT + 5 * HALF}, False),
    ],
)
def test_an_action_answers_what_happened_in_its_room_at_its_time(lab, room, values, answered):
    make.readings(lab.institution, room, 20, 23, 20, 20)
    act(lab, **values)
    assert outside(lab)[0].answered is answered


def test_what_was_withdrawn_answers_nothing(lab, room):
    make.readings(lab.institution, room, 20, 23, 20)
    verbs.withdraw(REGISTERS["environment-actions"], act(lab), reason="登错", actor=lab.metrologist, at=AT)
    assert EnvironmentAction.objects.get().state == "withdrawn"
    assert not outside(lab)[0].answered


def test_unanswered_tells_what_nobody_has_answered(lab, room):
    make.readings(lab.institution, room, 20, 23, 20, 24, 20, 20, 20, 20, 20, 20, 20, 20, 20)
    act(lab)
    last = AT + timedelta(hours=6)
    told = [one for one in unanswered(lab.institution, AT, last) if one.kind is Kind.OUTSIDE]
    assert [one.worst for one in told] == [24]


def test_periods_of_many_rooms_take_three_queries(lab, room, django_assert_num_queries):
    others = [make.room(lab.institution, lab.site, f"{n} 室") for n in range(5)]
    asked = [lab.requirement, *(make.requirement(lab.institution, one) for one in others)]
    for one in others:
        make.readings(lab.institution, one, 20, 23, 20)
    with django_assert_num_queries(3):
        assert len(periods.periods_of(asked, AT, AT + timedelta(hours=1), at=AT + timedelta(hours=1))) >= 5


def test_weeks_of_minute_readings_come_back_as_their_periods_only(lab, room):
    """PostgreSQL makes the readings and goes through them; only what was outside is read here."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO equipment_environmentreading "
            "(institution_id, ref, room_id, element, value, unit, taken_at, source) "
            "SELECT %s, lpad(n::text, 12, '0'), %s, 'temperature', CASE WHEN n BETWEEN 1000 AND 1009 THEN 23 ELSE 20 END, "
            "'℃', %s::timestamptz + n * interval '1 minute', 'automatic' FROM generate_series(1, 20000) AS n",
            [lab.institution.pk, room.pk, AT],
        )
    (period,) = outside(lab, last=AT + timedelta(days=70))
    assert (period.readings, period.began_at) == (10, AT + timedelta(minutes=1000))


def require(lab, **values):
    known = {
        "room": lab.room,
        "element": "humidity",
        "since": date(2020, 1, 1),
        "low": None,
        "high": Decimal(65),
        "unit": "%RH",
        "reason": "",
        **values,
    }
    return verbs.record(REGISTERS["environment-requirements"], known, actor=lab.metrologist, at=AT)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"unit": "kPa"}, "湿度的单位不能是“kPa”"),
        ({"unit": ""}, "要有单位"),
        ({"low": Decimal(70)}, "大于上限"),
        ({"needed": False}, "写明理由"),
    ],
)
def test_a_requirement_can_be_held_against_readings(lab, room, values, sentence):
    assert require(lab, element="dust", unit="个/m³").unit == "个/m³"
    with pytest.raises(Refused, match=sentence):
        require(lab, **values)


BOOK = REGISTERS["environment-requirements"]


def amended(lab, row, **values):
    return verbs.amend(BOOK, row, values, row.revision, actor=lab.metrologist, at=AT)


@pytest.mark.parametrize("name", ["low", "high", "unit", "needed", "element", "room", "method", "since"])
def test_what_a_requirement_asked_for_is_not_rewritten_once_it_was_in_use(lab, room, name):
    changes = {
        "low": Decimal(17), "high": Decimal(23), "unit": "K", "needed": False, "element": "humidity",
        "room": make.room(lab.institution, room.site, "另一间"), "method": make.method(), "since": date(2026, 3, 1),
    }  # fmt: skip
    more = {"needed": {"reason": "不影响"}, "element": {"unit": "%RH"}}.get(name, {})
    with pytest.raises(Refused, match="已在使用，改了会改变以往的判定") as refused:
        amended(lab, lab.requirement, **{name: changes[name]}, **more)
    assert [one.clause for one in refused.value.refusals] == ["C-5.4.1"]


def test_how_often_a_room_is_read_is_amended_at_any_time(lab, room):
    assert amended(lab, lab.requirement, interval_minutes=60).interval_minutes == 60


ON_RECORD = {
    "of today": (timedelta(0), timedelta(days=3), False, True),
    "entered today, nothing read": (timedelta(days=5), timedelta(hours=1), False, True),
    "entered today, but read": (timedelta(days=5), timedelta(hours=1), True, False),
    "entered days ago, nothing read": (timedelta(days=5), timedelta(days=3), False, False),
}


@pytest.mark.parametrize("name", ON_RECORD)
def test_a_slip_is_put_right_while_nothing_rests_on_it(lab, room, name):
    counts, entered, is_read, allowed = ON_RECORD[name]
    row = make.requirement(
        lab.institution, room, "pressure", since=timezone.localdate(AT) - counts, low="900", high="1100", unit="hPa",
        recorded_at=AT - entered,
    )  # fmt: skip
    if is_read:
        make.readings(lab.institution, room, 1000, start=AT - timedelta(hours=2), element="pressure", unit="hPa")
    if allowed:
        assert amended(lab, row, high=Decimal(1050)).high == 1050
    else:
        with pytest.raises(Refused, match="已在使用"):
            amended(lab, row, high=Decimal(1050))


HEADS = ("房间或区域", "方法", "要素", "自何日起", "需要控制", "理由", "下限", "上限", "单位")


def uploaded(lab, *cells):
    """A spreadsheet with a requirement of the room, read and written as far as it may be."""
    file = SimpleUploadedFile("要求.csv", "\n".join(",".join(line) for line in (HEADS, cells)).encode())
    run = imports.start_with_file(BOOK, file, actor=lab.metrologist, at=AT)
    drain()
    run = make.fresh(run)
    if run.new_rows + run.changed_rows:
        imports.confirm(BOOK, run, "good", actor=lab.metrologist, at=AT)
        drain()
    return make.fresh(run)


def test_an_import_keeps_units_as_readings_have_them(lab, room):
    uploaded(lab, room.name, "", "其他", "2026-03-10", "是", "", "18", "22", "°C")
    assert EnvironmentRequirement.objects.get(element="other").unit == "℃"


def test_an_import_rewrites_no_requirement_that_was_in_use(lab, room):
    run = uploaded(lab, room.name, "", "温度", "2020-01-01", "是", "", "18", "30", "℃")
    assert "已在使用" in str(run.content["flaws"])
    assert make.fresh(lab.requirement).high == 22


def test_a_form_begins_today_and_keeps_units_as_readings_have_them(lab, room, signed_in):
    browser = signed_in(Role.METROLOGY_MANAGER)
    today = timezone.localdate()
    url = "/i/alpha/registers/environment-requirements/new/"
    assert f'value="{today}"' in browser.get(url).content.decode()
    sent = {
        "room": room.ref, "since": today, "needed": "on", "high": "350", "unit": "°C",
        "element": "other",
    }  # fmt: skip
    assert browser.post(url, sent).status_code == 302
    assert EnvironmentRequirement.objects.get(element="other").unit == "℃"


def test_a_form_rewrites_no_requirement_that_was_in_use(lab, room, signed_in):
    browser = signed_in(Role.METROLOGY_MANAGER)
    url = f"/i/alpha/registers/environment-requirements/row/{lab.requirement.ref}/amend/"
    sent = {
        "room": room.ref, "element": "temperature", "since": "2020-01-01", "needed": "on", "low": "18", "high": "30",
        "unit": "℃", "interval_minutes": "30", "monitor": lab.monitor.ref, "revision": "1",
    }  # fmt: skip
    answer = browser.post(url, sent)
    assert (
        answer.status_code == 409 and "已在使用" in answer.content.decode() and 'value="30"' in answer.content.decode()
    )
    assert make.fresh(lab.requirement).high == 22


def test_what_watches_a_room_is_equipment_for_environments(lab, room):
    with pytest.raises(Refused, match="不是环境监测设备"):
        require(lab, monitor=lab.equipment)


# --- while work went on


def word(lab, first=AT, last=AT + timedelta(hours=1)):
    (condition,) = conditions(lab.room, first, last)
    return condition.word


@pytest.mark.parametrize(
    ("values", "start", "expected"),
    [
        ((20, 20, 20), AT, Word.INSIDE),
        ((20, 23, 20), AT, Word.OUTSIDE),
        ((20, None, None, None), AT, Word.INSIDE),
        ((20,), AT - HALF, Word.UNREAD),
        ((23, 20, 20, 20), AT - HALF, Word.INSIDE),
        ((23, None, 20, 20), AT - HALF, Word.OUTSIDE),
        ((20, 20, 20, 23), AT, Word.INSIDE),
        ((), AT, Word.UNREAD),
    ],
)
def test_a_room_was_inside_while_every_reading_was_and_none_was_missing(lab, room, values, start, expected):
    make.readings(lab.institution, room, *values, start=start)
    assert word(lab) == expected


def test_a_gap_in_the_middle_of_the_work_leaves_it_unread(lab, room):
    make.readings(lab.institution, room, 20, 20, None, None, 20, 20, 20, 20, 20)
    assert word(lab, last=AT + timedelta(hours=4)) == Word.UNREAD
    assert word(lab, first=AT + 4 * HALF, last=AT + timedelta(hours=4)) == Word.INSIDE


def test_limits_of_a_method_count_for_work_by_it_only(lab, room):
    method = make.method()
    make.requirement(lab.institution, room, method=method, low="19", high="21")
    make.readings(lab.institution, room, "21.5", "21.5", "21.5")
    assert [one.word for one in conditions(room, AT, AT + 2 * HALF)] == [Word.INSIDE]
    by_method = conditions(room, AT, AT + 2 * HALF, method=method)
    assert sorted(one.word for one in by_method) == [Word.INSIDE, Word.OUTSIDE]


def test_where_no_interval_is_set_a_reading_holds_for_a_day():
    asked = SimpleNamespace(low=Decimal(18), high=Decimal(22), interval_minutes=None)
    at_nine = [(AT - timedelta(hours=3), Decimal(20))]
    assert held(asked, at_nine, AT, AT + timedelta(hours=4)).word is Word.INSIDE
    assert held(asked, at_nine, AT, AT + timedelta(hours=30)).word is Word.UNREAD


# --- pages


@pytest.fixture
def now():
    return timezone.now().replace(microsecond=0)


def test_the_board_shows_each_room_with_its_last_reading_and_what_is_unanswered(lab, room, signed_in, now):
    make.readings(lab.institution, room, 20, "23.5", start=now - 2 * HALF)
    page = signed_in(Role.OPERATOR).get("/i/alpha/environment/").content.decode()
    assert "压力室" in page and "温度超限" in page and "18～22 ℃" in page and "登记处置" in page


def test_the_number_of_queries_of_the_board_does_not_depend_on_the_rooms(lab, room, signed_in, now):
    browser = signed_in(Role.OPERATOR)

    def queries():
        with connection.execute_wrapper(counter := Counter()):
            browser.get("/i/alpha/environment/")
        return counter.count

    queries()  # the first one opens the session
    first = queries()
    for n in range(4):
        more = make.room(lab.institution, lab.site, f"{n} 室")
        make.requirement(lab.institution, more)
        make.readings(lab.institution, more, 20, 25, start=now - 3 * HALF)
    assert queries() == first


class Counter:
    count = 0

    def __call__(self, run, sql, values, many, context):
        self.count += 1
        return run(sql, values, many, context)


@pytest.mark.parametrize("span", ["day", "week", "month", "nonsense"])
def test_the_page_of_a_room_shows_its_pictures_and_periods(lab, room, signed_in, now, span):
    make.readings(lab.institution, room, 20, "23.5", 20, start=now - 4 * HALF)
    page = signed_in(Role.OPERATOR).get(f"/i/alpha/environment/{room.ref}/?span={span}&on=x").content.decode()
    assert "plot-env-temperature" in page and "超限" in page


def sent(room, browser, **fields):
    return browser.post(f"/i/alpha/environment/{room.ref}/note/", fields)


def test_readings_are_typed_for_all_elements_at_once(lab, room, signed_in):
    make.requirement(lab.institution, room, "humidity", low="40", high="65", unit="%RH")
    fields = {"value_temperature": "２０．５", "monitor_temperature": lab.monitor.ref, "value_humidity": "52"}
    answer = sent(room, signed_in(Role.RECEPTIONIST), **fields, monitor_humidity=lab.monitor.ref)
    assert answer.status_code == 302
    assert sorted(EnvironmentReading.objects.values_list("element", "value")) == [
        ("humidity", 52),
        ("temperature", Decimal("20.5")),
    ]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "一个读数也没有填"),
        ({"value_temperature": "abc"}, "不是数"),
        ({"value_temperature": "20"}, "请选择用哪台设备读的"),
        ({"value_temperature": "20", "at": "00:00"}, "补记要写理由"),
        ({"value_temperature": "20", "at": "25:99"}, "时刻看不懂"),
    ],
)
def test_what_is_typed_wrongly_is_said_and_kept(lab, room, signed_in, fields, sentence):
    answer = sent(room, signed_in(Role.OPERATOR), **fields)
    assert answer.status_code == 422 and sentence in answer.content.decode()
    assert f'value="{fields.get("value_temperature", "")}"' in answer.content.decode() or not fields
    assert not EnvironmentReading.objects.exists()


def test_a_refused_reading_is_said_beside_its_field(lab, room, signed_in):
    bare = make.equipment(lab.institution, lab.site, role="environment", name="未检的")
    answer = sent(room, signed_in(Role.OPERATOR), value_temperature="20", monitor_temperature=bare.ref)
    assert answer.status_code == 409 and "没有溯源证书" in answer.content.decode()


def pasted(lab, browser, text, **fields):
    known = {"text": text, "monitor": lab.monitor.ref, "source": "automatic", "reason": "一周的导出", **fields}
    return browser.post(f"/i/alpha/environment/{lab.room.ref}/paste/", known)


def test_a_loggers_export_is_pasted(lab, room, signed_in, now):
    day = timezone.localdate(now - timedelta(days=1))
    text = f"时间\t温度/℃\t湿度(%RH)\n{day} 08:00\t20.1\t52\n{day} 08:30:15\t20.3\t\n"
    assert pasted(lab, signed_in(Role.OPERATOR), text).status_code == 302
    assert EnvironmentReading.objects.filter(source="automatic").count() == 3


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("2026-03-09 08:00\t20.1", "第一行要是表头"),
        ("时间\t长度\n2026-03-09 08:00\t1", "不认识“长度”"),
        ("时间\t温度\n昨天\t20", "第 2 行：时间“昨天”看不懂"),
        ("时间\t温度\n2026-11-01 08:00\tNaN", "第 2 行"),
        ("时间\t温度\t温度\n2026-11-01 08:00\t1\t2", "两列"),
        ("时间\t温度", "没有读数"),
        ("时间\t温度\n2999-01-01 08:00\t20", "第 2 行：时间在现在之后"),
    ],
)
def test_what_cannot_be_read_of_a_paste_is_told_line_by_line_and_nothing_is_written(
    lab, room, signed_in, text, sentence
):
    answer = pasted(lab, signed_in(Role.OPERATOR), text)
    assert answer.status_code in (409, 422) and sentence in answer.content.decode()
    assert not EnvironmentReading.objects.exists()


def test_the_form_of_an_action_opens_with_room_and_times(lab, room, signed_in, now):
    make.readings(lab.institution, room, "23.5", 20, start=now - 2 * HALF)
    browser = signed_in(Role.OPERATOR)
    page = browser.get("/i/alpha/environment/").content.decode()
    link = page.partition("registers/environment-actions/new/?")[2].partition('"')[0].replace("&amp;", "&")
    form = browser.get(f"/i/alpha/registers/environment-actions/new/?{link}").content.decode()
    began = timezone.localtime(now - 2 * HALF)
    assert f'value="{began:%Y-%m-%dT%H:%M}"' in form
