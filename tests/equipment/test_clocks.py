"""What moves a clock, what it starts with, and when it was due on a day gone by."""

from datetime import date, timedelta

import pytest

from equipment.clocks import winding
from equipment.clocks.defaults import usual_for
from equipment.life import noting
from equipment.models import Equipment, EquipmentClock, EquipmentEvent, EquipmentPlan, IntermediateCheck, PlanLine
from portal.permissions import Role
from portal.registers import REGISTERS, verbs
from portal.tenancy import tenant
from tests import filled, make
from tests.equipment.clocks import due_on_day
from tests.make import DAY, NOON

Kind = EquipmentClock.Kind


def clock(lab, kind=Kind.MAINTENANCE, **values):
    return make.clock(lab.institution, lab.equipment, kind, **values)


def due(clock):
    return make.fresh(clock).due_on


def line(lab, due_on, year=2026, kind=Kind.MAINTENANCE):
    plan = EquipmentPlan.objects.filter(year=year).first()
    plan = plan or filled.row(EquipmentPlan, lab.institution, kind="inspection", year=year, file=None)
    return filled.row(PlanLine, lab.institution, plan=plan, equipment=lab.equipment, clock=kind, due_on=due_on)


@pytest.mark.parametrize(
    ("done_on", "months", "last"),
    [
        (date(2026, 3, 10), 12, date(2027, 3, 9)),
        (date(2026, 3, 1), 6, date(2026, 8, 31)),
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 12, 31), 2, date(2027, 2, 28)),
    ],
)
def test_a_deed_holds_for_its_months_less_a_day_here_and_in_the_database(lab, done_on, months, last):
    row = clock(lab, interval_months=months, due_on=date(2030, 1, 1))
    for on in (done_on, date(2029, 1, 1)):
        event = {"equipment": lab.equipment, "kind": "maintenance", "file": None, "next_on": None}
        filled.row(EquipmentEvent, lab.institution, happened_on=on, **event)
    assert winding.last_day(done_on, months) == last
    assert due_on_day(lab.equipment, row.kind, date(2028, 12, 31)) == last


def test_winding_runs_for_the_interval(lab):
    row = clock(lab)
    assert winding.wind(lab.equipment, Kind.MAINTENANCE, DAY) == due(row) == date(2026, 9, 9)


def test_the_day_printed_on_a_certificate_counts_more_than_the_interval(lab):
    row = clock(lab, Kind.CALIBRATION)
    winding.wind(lab.equipment, Kind.CALIBRATION, DAY, date(2026, 8, 1))
    assert due(row) == date(2026, 8, 1)


@pytest.mark.parametrize("values", [{"needed": False}, {"state": "withdrawn"}])
def test_a_clock_that_does_not_count_is_not_wound(lab, values):
    row = clock(lab, **values)
    assert winding.wind(lab.equipment, Kind.MAINTENANCE, DAY) is None and due(row) == date(2026, 4, 10)


def test_a_deed_recorded_late_does_not_turn_the_clock_back(lab):
    row = clock(lab)
    filled.row(EquipmentEvent, lab.institution, equipment=lab.equipment, kind="maintenance", happened_on=DAY, file=None)
    winding.wind(lab.equipment, Kind.MAINTENANCE, DAY - timedelta(100))
    assert due(row) == date(2026, 4, 10)


def test_winding_makes_an_older_page_of_the_clock_stale(lab):
    row = clock(lab)
    winding.wind(lab.equipment, Kind.MAINTENANCE, DAY)
    assert make.fresh(row).revision == row.revision + 1


def test_winding_does_the_earliest_open_line_of_a_plan(lab):
    lines = [line(lab, date(2026, month, 1)) for month in (9, 3)]
    winding.wind(lab.equipment, Kind.MAINTENANCE, DAY)
    assert [make.fresh(one).done_on for one in lines] == [None, DAY]


def test_winding_leaves_lines_of_other_things_alone(lab):
    other = line(lab, DAY, kind=Kind.LABEL_CHECK)
    winding.wind(lab.equipment, Kind.MAINTENANCE, DAY)
    assert make.fresh(other).done_on is None


@pytest.mark.parametrize(("due_on", "done"), [(date(2027, 5, 1), False), (date(2027, 1, 15), True)])
def test_a_line_of_the_year_after_is_done_only_shortly_before(lab, due_on, done):
    later = line(lab, due_on, year=2027)
    winding.wind(lab.equipment, Kind.MAINTENANCE, date(2026, 12, 1))
    assert (make.fresh(later).done_on is not None) == done


def test_a_day_gone_by_sees_the_clock_as_it_stood(lab):
    row = clock(lab, Kind.INTERMEDIATE_CHECK, due_on=date(2026, 9, 9))
    plan = make.check_plan(lab.institution, lab.equipment)
    for on in (date(2025, 9, 10), DAY):
        filled.row(
            IntermediateCheck, lab.institution, plan=plan, equipment=lab.equipment, performed_on=on, verdict="passed",
            next_on=winding.last_day(on, 6), file=None,
        )  # fmt: skip
    days = (date(2025, 1, 1), DAY - timedelta(1), DAY)
    assert [due_on_day(lab.equipment, row.kind, day) for day in days] == [
        None, date(2026, 3, 9), date(2026, 9, 9),
    ]  # fmt: skip


def test_a_certificate_of_then_says_when_the_calibration_was_due(lab):
    clock(lab, Kind.CALIBRATION, due_on=date(2027, 8, 31))
    make.traceability(lab.institution, lab.equipment, lab.keeper)
    make.traceability(
        lab.institution, lab.equipment, lab.keeper, calibrated_on=date(2026, 9, 1), valid_until=date(2027, 8, 31)
    )
    assert due_on_day(lab.equipment, Kind.CALIBRATION, DAY) == date(2026, 8, 31)


# --- what new equipment starts with


def registered(lab, **values):
    facts = {
        "asset_number": f"LC-{len(Equipment.objects.all())}", "role": Equipment.Role.STANDARD, "name": "活塞式压力计",
        "model": "YS-60", "serial_number": "9921", "manufacturer": "北岸仪表", "range_text": "(0.1～6) MPa",
        "accuracy": "0.02 级", "site": lab.site, **values,
    }  # fmt: skip
    with tenant(lab.institution.pk):
        return verbs.record(REGISTERS["equipment"], facts, actor=lab.metrologist, at=NOON)


def test_new_equipment_starts_with_the_clocks_of_its_role(lab):
    found = {row.kind: row.due_on for row in registered(lab).clocks.all()}
    assert found == {"calibration": None, "maintenance": date(2027, 3, 9), "label_check": date(2027, 3, 9)}


def test_what_is_under_mandatory_verification_is_verified(lab):
    assert Kind.VERIFICATION in usual_for(Equipment(role="working", traced=True, mandatory=True))


def test_what_is_protected_against_adjustment_is_looked_at(lab):
    assert Kind.PROTECTION_CHECK in usual_for(Equipment(role="standard", protection_mode="seal"))


@pytest.mark.parametrize("role", ["consumable", "customer"])
def test_what_is_used_up_or_not_ours_has_no_clocks(role):
    assert usual_for(Equipment(role=role)) == {}


@pytest.mark.parametrize(
    ("role", "kinds"),
    [
        ("environment", {"calibration", "maintenance", "label_check"}),
        ("reference", {"maintenance", "label_check"}),
        ("working", {"calibration", "maintenance", "label_check"}),
        ("software", {"protection_check"}),
    ],
)
def test_everything_with_a_body_is_looked_after_and_its_label_looked_over(role, kinds):
    assert set(usual_for(Equipment(role=role, traced=True))) == kinds


@pytest.mark.parametrize(("role", "moved"), [("reference", True), ("standard", False)])
def test_looking_how_a_material_is_kept_moves_its_maintenance(lab, role, moved):
    lab.equipment = make.equipment(lab.institution, lab.site, role=role)
    row = clock(lab)
    values = dict.fromkeys(("done_by", "approved_by", "next_on"))
    values |= {"happened_on": DAY, "text": "4 ℃ 避光", "result": "passed"}
    noting.note(lab.equipment, "storage_check", values, None, actor=lab.metrologist, at=NOON)
    assert (due(row) == date(2026, 9, 9)) is moved
    assert (due_on_day(lab.equipment, row.kind, DAY - timedelta(1)) is None) is moved


def test_one_day_of_work_does_one_line_however_often_it_is_written(lab):
    lines = [line(lab, date(2026, month, 1)) for month in (3, 4)]
    for _ in range(2):
        winding.wind(lab.equipment, Kind.MAINTENANCE, DAY)
    assert [make.fresh(one).done_on for one in lines] == [DAY, None]


def test_nobody_decides_about_intermediate_checks_but_people():
    assert all(Kind.INTERMEDIATE_CHECK not in usual_for(Equipment(role=role)) for role in Equipment.Role)


# --- the card


def test_the_page_of_equipment_shows_its_clocks(lab, signed_in):
    clock(lab, Kind.MAINTENANCE, basis="说明书第 7 章", responsible=lab.keeper)
    clock(lab, Kind.INTERMEDIATE_CHECK, needed=False, basis="只用于粗测")
    page = signed_in(Role.METROLOGY_MANAGER).get(lab.equipment.get_absolute_url()).content.decode()
    assert all(text in page for text in ("说明书第 7 章", "每 6 个月", "提前 30 天", "只用于粗测", "登记一个周期"))


def test_who_only_reads_is_not_offered_to_change_clocks(lab, signed_in):
    clock(lab)
    page = signed_in(Role.OPERATOR).get(lab.equipment.get_absolute_url()).content.decode()
    assert "保养" in page and "登记一个周期" not in page
