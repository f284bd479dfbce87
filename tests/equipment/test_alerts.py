"""Which equipment and standards are watched, until when."""

from datetime import date, datetime, timedelta

import pytest
from django.utils import timezone

from equipment.models import (
    AlternativeTraceability,
    EnvironmentAction,
    EnvironmentReading,
    EnvironmentRequirement,
    Equipment,
    EquipmentPlan,
    ExternalUse,
    ImpactQuestion,
    MandatoryFile,
    MeasurementStandard,
    PlanLine,
    StandardChange,
    StandardPaper,
)
from portal import due_functions, due_view
from portal.clock import CHINA
from portal.duelists import RULES, watched
from portal.models import Alert
from portal.permissions import Role
from portal.tenancy import tenant
from tests import filled, make

DAY = make.DAY
UNTIL = DAY + timedelta(60)


@pytest.fixture
def w(laboratory):
    world = laboratory
    with tenant(world.institution.pk):
        yield world


TRACEABILITY, ASSESSMENT = "equipment.traceability", "equipment.assessment"
LISTS = [name for name in RULES if name.startswith("equipment.")]
CLOCKS = {
    "equipment.clock": 29, "equipment.clock_month": 30, "equipment.clock_two_months": 60, "equipment.clock_season": 90,
}  # fmt: skip


def found(name):
    return [due.subject for due in watched(name, UNTIL)]


def test_nothing_that_lasts_is_told(w):
    assert found(TRACEABILITY) + found(ASSESSMENT) == []


def test_the_newest_traceability_of_equipment_in_use_counts(w):
    make.traceability(w.institution, w.equipment, w.operator_employment, calibrated_on=DAY, valid_until=UNTIL)
    assert found(TRACEABILITY) == [f"设备溯源到期：{w.equipment}"]


def test_equipment_in_use_that_was_never_traced_is_told_first(w):
    make.traceability(w.institution, w.equipment, w.operator_employment, calibrated_on=DAY, valid_until=UNTIL)
    bare = make.equipment(w.institution, w.site)
    assert found(TRACEABILITY)[0] == f"设备在用却没有溯源：{bare}"


@pytest.mark.parametrize("state", [Equipment.State.QUARANTINED, Equipment.State.OUT_OF_USE, Equipment.State.SCRAPPED])
def test_equipment_out_of_use_is_not_told(w, state):
    make.equipment(w.institution, w.site, state=state)
    assert found(TRACEABILITY) == []


def test_a_standard_whose_assessment_ends_is_told(w):
    MeasurementStandard.objects.update(assessed_until=UNTIL)
    assert found(ASSESSMENT) == [f"计量标准考核到期：{w.standard}"]


def test_a_suspended_standard_is_not_told(w):
    MeasurementStandard.objects.update(assessed_until=UNTIL, state=MeasurementStandard.State.SUSPENDED)
    assert found(ASSESSMENT) == []


# --- clocks


@pytest.mark.parametrize(("name", "lead"), CLOCKS.items())
def test_a_clock_is_told_of_as_far_ahead_as_it_says(w, name, lead):
    make.clock(w.institution, w.equipment, "maintenance", lead_days=lead, due_on=DAY)
    assert {rule for rule in CLOCKS if found(rule)} == {name}
    assert max(RULES[name].thresholds) <= lead


@pytest.mark.parametrize("values", [{"needed": False}, {"state": "withdrawn"}, {"due_on": None}])
def test_a_clock_that_asks_for_nothing_is_not_told(w, values):
    make.clock(w.institution, w.equipment, **values)
    assert found("equipment.clock_month") == []


def test_a_clock_of_equipment_out_of_use_is_not_told(w):
    make.clock(w.institution, make.equipment(w.institution, w.site, state="out_of_use"), due_on=DAY)
    assert found("equipment.clock_month") == []


def test_a_clock_names_what_is_due_and_whose_it_is(w):
    make.clock(w.institution, w.equipment, due_on=DAY, responsible=w.operator_employment)
    (one,) = watched("equipment.clock_month", UNTIL)
    assert (one.subject, one.person_id) == (f"期间核查到期：{w.equipment}", w.operator_employment.pk)


def test_where_a_clock_tells_of_the_calibration_the_certificate_does_not_tell_again(w):
    make.traceability(w.institution, w.equipment, w.operator_employment, calibrated_on=DAY, valid_until=UNTIL)
    make.clock(w.institution, w.equipment, "calibration", due_on=UNTIL)
    assert found(TRACEABILITY) == []


def test_a_clock_that_runs_longer_than_the_certificate_does_not_silence_it(w):
    make.traceability(w.institution, w.equipment, w.operator_employment, calibrated_on=DAY, valid_until=UNTIL)
    make.clock(w.institution, w.equipment, "calibration", due_on=UNTIL + timedelta(1))
    assert found(TRACEABILITY) != []


@pytest.mark.parametrize("values", [{"traced": False}, {"role": "software"}, {"role": "customer"}])
def test_what_needs_no_traceability_is_not_told(w, values):
    make.equipment(w.institution, w.site, **values)
    assert found(TRACEABILITY) == []


# --- everything else that has a day


def row(w, model, **values):
    for field in ("file", "approval"):
        if any(one.name == field and one.null for one in model._meta.fields):
            values.setdefault(field, None)
    if any(one.name == "equipment" for one in model._meta.fields):
        values.setdefault("equipment", w.equipment)
    return filled.row(model, w.institution, **values)


def another(w, **values):
    return make.equipment(w.institution, w.site, **values)


def plan_line(w, **values):
    plan = row(w, EquipmentPlan, state=values.pop("plan_state", "current"))
    return row(w, PlanLine, plan=plan, **{"due_on": DAY, "done_on": None, **values})


def a_room(w, asked=(), **values):
    requirement = row(
        w,
        EnvironmentRequirement,
        element="temperature",
        monitor=None,
        method=None,
        **{"interval_minutes": 720, **dict(asked)},
    )
    if values:
        row(w, EnvironmentReading, room=requirement.room, element="temperature", monitor=None, noted_by=None, **values)
    return requirement


def a_warm_room(w, *values, unit="℃", **asked):
    """A room for 18 to 22 ℃ without an interval, and what was read in it an hour apart."""
    known = {
        "element": "temperature",
        "low": 18,
        "high": 22,
        "unit": "℃",
        "monitor": None,
        "method": None,
        "since": DAY - timedelta(1),
    }
    requirement = row(w, EnvironmentRequirement, **known, **asked)
    for place, value in enumerate(values):
        row(
            w, EnvironmentReading, room=requirement.room, element="temperature", monitor=None, noted_by=None, unit=unit,
            value=value, taken_at=make.NOON + timedelta(hours=place, minutes=1),
        )  # fmt: skip
    return requirement


def an_answer(w, requirement, **values):
    known = {"began_at": make.NOON - timedelta(hours=1), "ended_at": make.NOON + timedelta(hours=5), **values}
    return row(w, EnvironmentAction, room=requirement.room, element="temperature", **known)


TOLD = {
    "equipment.alternative": lambda w: row(w, AlternativeTraceability, valid_from=DAY, valid_until=DAY),
    "equipment.social_certificate": lambda w: MeasurementStandard.objects.update(social_until=DAY),
    "equipment.file_set": lambda w: StandardPaper.objects.update(
        dated_on=DAY - timedelta(800), reviewed_on=DAY - timedelta(365)
    ),
    "equipment.standard_change": lambda w: row(
        w, StandardChange, standard=w.standard, kind="main_standard", changed_on=DAY, filed_on=None),
    "equipment.expiry": lambda w: another(w, role="reference", expires_on=DAY, traced=False),
    "equipment.software": lambda w: another(w, role="software"),
    "equipment.abolished": lambda w: Equipment.objects.filter(pk=w.equipment.pk).update(obsolete=True),
    "equipment.impact": lambda w: row(w, ImpactQuestion, until=DAY),
    "equipment.mandatory_file": lambda w: row(w, MandatoryFile, due_on=DAY),
    "equipment.external_use": lambda w: row(w, ExternalUse, valid_from=DAY, valid_until=UNTIL),
    "equipment.plan_line": plan_line,
    "equipment.environment": lambda w: a_room(w, taken_at=make.NOON),
    "equipment.environment_outside": lambda w: a_warm_room(w, 20, 23),
}  # fmt: skip

NOT_TOLD = {
    "a later alternative": ("equipment.alternative", lambda w: (
        row(w, AlternativeTraceability, valid_from=DAY, valid_until=DAY),
        row(w, AlternativeTraceability, valid_from=DAY, valid_until=None))),
    "another kind of standard": ("equipment.social_certificate", lambda w: MeasurementStandard.objects.update(
        social_until=DAY, kind="working")),
    "a file set looked at of late": ("equipment.file_set", lambda w: row(
        w, StandardPaper, standard=w.standard, dated_on=DAY - timedelta(800), reviewed_on=DAY)),
    "a change that was filed": ("equipment.standard_change", lambda w: row(
        w, StandardChange, standard=w.standard, kind="main_standard", changed_on=DAY, filed_on=DAY)),
    "a change that needs no filing": ("equipment.standard_change", lambda w: row(
        w, StandardChange, standard=w.standard, kind="person", changed_on=DAY, filed_on=None)),
    "a scrapped material": ("equipment.expiry", lambda w: another(
        w, role="reference", expires_on=DAY, state="scrapped")),
    "validated software": ("equipment.software", lambda w: another(w, role="software", validated_on=DAY)),
    "an answered question": ("equipment.impact", lambda w: row(w, ImpactQuestion, until=DAY, state="answered")),
    "a loan that was renewed": ("equipment.external_use", lambda w: (
        row(w, ExternalUse, valid_from=DAY, valid_until=UNTIL),
        row(w, ExternalUse, valid_from=DAY, valid_until=DAY + timedelta(90)))),
    "a line that is done": ("equipment.plan_line", lambda w: plan_line(w, done_on=DAY)),
    "a line of a plan that does not count": ("equipment.plan_line", lambda w: plan_line(w, plan_state="withdrawn")),
    "a room read of late": ("equipment.environment", lambda w: a_room(w, taken_at=make.NOON + timedelta(365))),
    "a room for which other limits count now": ("equipment.environment", lambda w: row(
        w, EnvironmentRequirement, room=a_room(w, taken_at=make.NOON).room, element="temperature", since=DAY, method=None,
        interval_minutes=None)),
    "a room that is inside again": ("equipment.environment_outside", lambda w: a_warm_room(w, 23, 22)),
    "a room read in another unit": ("equipment.environment_outside", lambda w: a_warm_room(w, "293.15", unit="K")),
    "a room read in an unknown unit": ("equipment.environment_outside", lambda w: a_warm_room(w, 23, unit="V")),
    "a room about which something was done": ("equipment.environment_outside", lambda w: an_answer(w, a_warm_room(w, 23))),
    "a room where it does not matter any more": ("equipment.environment_outside", lambda w: row(
        w, EnvironmentRequirement, room=a_warm_room(w, 23).room, element="temperature", since=DAY, method=None, needed=False)),
    "a file of scrapped equipment": ("equipment.mandatory_file", lambda w: row(
        w, MandatoryFile, due_on=DAY, equipment=another(w, state="scrapped"))),
}  # fmt: skip


@pytest.fixture
def quiet(w):
    """A laboratory of which no list of this app tells anything by UNTIL."""
    row(w, StandardPaper, standard=w.standard, dated_on=DAY, reviewed_on=DAY)
    assert [name for name in LISTS if found(name)] == []
    return w


@pytest.mark.parametrize("name", TOLD)
def test_what_is_due_is_told(quiet, name):
    TOLD[name](quiet)
    assert [rule for rule in LISTS if found(rule)] == [name] and len(found(name)) == 1


@pytest.mark.parametrize("name", NOT_TOLD)
def test_what_is_settled_is_not_told(quiet, name):
    rule, settle = NOT_TOLD[name]
    settle(quiet)
    assert found(rule) == []


def test_an_earlier_answer_does_not_speak_for_what_came_later(quiet):
    requirement = a_warm_room(quiet, 23)
    an_answer(quiet, requirement, began_at=make.NOON - timedelta(hours=3), ended_at=make.NOON - timedelta(hours=2))
    assert len(found("equipment.environment_outside")) == 1


def test_a_room_is_outside_since_it_was_inside_last(quiet):
    a_warm_room(quiet, 23, 20, 23, 24)
    (one,) = watched("equipment.environment_outside", UNTIL)
    assert one.due_on == timezone.localdate(make.NOON + timedelta(hours=2))


@pytest.mark.parametrize(
    ("asked", "told_on"),
    [
        ({"interval_minutes": 240}, date(2026, 10, 10)),  # all of Friday 9 October has passed without a reading
        ({"interval_minutes": 1440}, date(2026, 10, 11)),  # and the made-up Saturday as well
        ({"interval_minutes": 240, "strict": True}, date(2026, 10, 9)),
        ({"interval_minutes": 30}, date(2026, 10, 8)),
    ],
)
def test_where_people_read_a_room_is_silent_after_working_days_only(quiet, asked, told_on):
    evening = datetime(2026, 10, 8, 17, 0, tzinfo=CHINA)
    a_room(quiet, asked, taken_at=evening)
    (one,) = watched("equipment.environment", date(2026, 12, 1))
    assert one.due_on == told_on


def test_a_file_set_without_papers_is_due_since_ever(w):
    assert found("equipment.file_set") == [f"计量标准文件集该核对了：{w.standard}"]


def test_mandatory_equipment_without_a_file_is_told(quiet):
    bare = another(quiet, mandatory=True, role="working", state="new")
    assert found("equipment.mandatory_file") == [f"强检器具没有建档备案：{bare}"]


def test_a_file_that_lags_behind_a_new_verification_is_told_a_month_later(quiet):
    row(quiet, MandatoryFile, due_on=DAY + timedelta(900), updated_on=DAY - timedelta(1))
    make.traceability(
        quiet.institution, quiet.equipment, quiet.operator_employment, kind="verification", calibrated_on=DAY,
        valid_until=DAY + timedelta(365),
    )  # fmt: skip
    (one,) = watched("equipment.mandatory_file", UNTIL)
    assert (one.due_on, one.subject) == (DAY + timedelta(30), f"强检器具档案没有随新证书更新：{quiet.equipment}")


def test_the_review_of_an_assessment_is_prepared_nine_six_and_three_months_ahead():
    assert set(RULES[ASSESSMENT].thresholds) == {270, 180, 90, 60, 30, 7, 0}


@pytest.mark.parametrize("days", [270, 180, 90, 60, 30, 7, 0])
def test_an_assessment_makes_one_alert_on_the_day_of_each_threshold(w, days):
    MeasurementStandard.objects.update(assessed_until=DAY + timedelta(days))
    due_functions.in_one(RULES[ASSESSMENT], w.institution.pk, DAY)
    assert list(Alert.objects.filter(rule=ASSESSMENT).values_list("threshold", flat=True)) == [days]


def test_an_assessment_beyond_nine_months_makes_no_alert(w):
    MeasurementStandard.objects.update(assessed_until=DAY + timedelta(271))
    due_functions.in_one(RULES[ASSESSMENT], w.institution.pk, DAY)
    assert not Alert.objects.filter(rule=ASSESSMENT).exists()


# --- all lists


@pytest.mark.parametrize("name", LISTS)
def test_a_list_asks_one_query(w, name, django_assert_num_queries):
    for _number in range(3):
        make.equipment(w.institution, w.site)
    with django_assert_num_queries(1):
        watched(name, UNTIL + timedelta(2000))


def test_the_links_of_what_is_told_open(w, client):
    for tell in TOLD.values():
        tell(w)
    make.clock(w.institution, w.equipment, due_on=DAY)
    client.force_login(make.user(w.institution, Role.METROLOGY_MANAGER))
    links = {due.link for name in LISTS for due in watched(name, UNTIL + timedelta(2000))}
    assert len(links) > len(TOLD) - 4
    assert {client.get(link).status_code for link in links} == {200}


def test_the_view_of_due_dates_shows_the_lists_of_this_app(w):
    make.clock(w.institution, w.equipment, due_on=DAY)
    keeper = make.actor(w.institution, Role.METROLOGY_MANAGER)
    rows = due_view.due_rows(due_view.view_of(keeper, w.institution.pk, DAY), most=50)
    assert "期间核查到期" in str(rows)
