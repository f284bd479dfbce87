"""Plans of the year: filled from the clocks, copied, approved, and how far they are."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from equipment.models import EquipmentPlan, MeasurementStandard, PlanLine, StandardPart
from equipment.plans import planning, workflow
from portal.models import AuditEntry
from portal.permissions import Role
from portal.transitions import Refused
from tests import filled, make
from tests.make import DAY, NOON

Kind = EquipmentPlan.Kind


def plan(lab, kind=Kind.INSPECTION, year=2026, **values):
    return filled.row(EquipmentPlan, lab.institution, kind=kind, year=year, file=None, **values)


def line(lab, of, due_on=DAY, **values):
    return filled.row(PlanLine, lab.institution, plan=of, due_on=due_on, **{"equipment": lab.equipment, **values})


def fill(lab, of):
    return workflow.fill(of, actor=lab.metrologist, at=NOON)


def days(of):
    return [row.due_on for row in of.lines.order_by("due_on")]


def test_filling_takes_every_time_a_clock_is_due_in_the_year(lab):
    make.clock(lab.institution, lab.equipment, "maintenance", due_on=date(2026, 4, 10), interval_months=3)
    inspection = plan(lab)
    assert fill(lab, inspection) == 3 and days(inspection) == [date(2026, month, 10) for month in (4, 7, 10)]


def test_filling_takes_the_groups_of_the_plan_only(lab):
    for kind in ("maintenance", "calibration"):
        make.clock(lab.institution, lab.equipment, kind, interval_months=12)
    tracing = plan(lab, Kind.TRACEABILITY)
    fill(lab, tracing)
    assert [row.clock for row in tracing.lines.all()] == ["calibration"]


@pytest.mark.parametrize("values", [{"needed": False}, {"due_on": date(2027, 1, 1)}, {"state": "withdrawn"}])
def test_filling_leaves_out_what_the_year_does_not_ask_for(lab, values):
    make.clock(lab.institution, lab.equipment, "maintenance", **values)
    with pytest.raises(Refused, match="都已在计划里"):
        fill(lab, plan(lab))


def test_filling_leaves_out_scrapped_equipment(lab):
    make.clock(lab.institution, lab.equipment, "maintenance")
    type(lab.equipment).objects.update(state="scrapped")
    with pytest.raises(Refused):
        fill(lab, plan(lab))


def test_the_next_year_is_asked_an_interval_later(lab):
    make.clock(lab.institution, lab.equipment, "maintenance", due_on=date(2026, 8, 31), interval_months=12)
    following = plan(lab, year=2027)
    fill(lab, following)
    assert days(following) == [date(2027, 8, 31)]


def test_what_is_overdue_belongs_to_the_year_that_runs(lab):
    make.clock(lab.institution, lab.equipment, "maintenance", due_on=date(2025, 11, 1), interval_months=12)
    running = plan(lab)
    fill(lab, running)
    assert days(running) == [date(2025, 11, 1), date(2026, 11, 1)]


def test_what_was_never_done_is_asked_for_by_the_end_of_the_year(lab):
    make.clock(lab.institution, lab.equipment, "calibration", due_on=None)
    tracing = plan(lab, Kind.TRACEABILITY)
    fill(lab, tracing)
    assert days(tracing) == [date(2026, 12, 31)]


def test_filling_again_adds_only_what_is_missing(lab):
    make.clock(lab.institution, lab.equipment, "maintenance", interval_months=12)
    inspection = plan(lab)
    fill(lab, inspection)
    make.clock(lab.institution, lab.equipment, "label_check", interval_months=12)
    assert fill(lab, inspection) == 1 and inspection.lines.count() == 2


def test_every_line_that_came_by_filling_is_in_the_trail(lab):
    make.clock(lab.institution, lab.equipment, "maintenance", interval_months=12)
    fill(lab, plan(lab))
    assert AuditEntry.objects.filter(verb="planline.record").count() == 1


def test_a_plan_of_purchases_has_no_clocks_to_fill_from(lab):
    with pytest.raises(Refused, match="逐条登记"):
        fill(lab, plan(lab, Kind.PROVISION))


def test_copying_takes_what_no_clock_asks_for_a_year_on(lab):
    before, now = plan(lab, Kind.PROVISION, 2025), plan(lab, Kind.PROVISION, 2026)
    line(lab, before, date(2025, 5, 1), what="添置温湿度计", equipment=None)
    line(lab, before, date(2025, 6, 1), what="校准", clock="calibration")
    assert workflow.copy_last_year(now, actor=lab.metrologist, at=NOON) == 1
    assert [(row.what, row.due_on) for row in now.lines.all()] == [("添置温湿度计", date(2026, 5, 1))]


def test_copying_twice_copies_once(lab):
    before, now = plan(lab, Kind.PROVISION, 2025), plan(lab, Kind.PROVISION, 2026)
    line(lab, before, what="添置温湿度计")
    workflow.copy_last_year(now, actor=lab.metrologist, at=NOON)
    with pytest.raises(Refused, match="没有可照抄的事项"):
        workflow.copy_last_year(now, actor=lab.metrologist, at=NOON)


def test_an_approved_plan_names_who_and_when(lab):
    inspection = plan(lab)
    line(lab, inspection)
    done = workflow.approve(inspection, actor=lab.metrologist, at=NOON)
    assert (done.approved_by, done.approved_on) == (lab.keeper, DAY)


def test_an_empty_plan_is_not_approved(lab):
    with pytest.raises(Refused, match="还没有事项"):
        workflow.approve(plan(lab), actor=lab.metrologist, at=NOON)


def test_somebody_without_employment_does_not_approve(lab):
    inspection = plan(lab)
    line(lab, inspection)
    with pytest.raises(Refused, match="没有关联在职人员"):
        workflow.approve(inspection, actor=make.actor(lab.institution, Role.QUALITY_MANAGER), at=NOON)


@pytest.mark.parametrize("verb", [workflow.fill, workflow.copy_last_year, workflow.approve])
def test_an_approved_plan_is_not_changed_as_a_whole(lab, verb):
    inspection = plan(lab, approved_by=lab.keeper, approved_on=DAY)
    line(lab, inspection)
    with pytest.raises(Refused, match="批准，不能再整批改动"):
        verb(inspection, actor=lab.metrologist, at=NOON)


def test_filling_needs_the_right(lab):
    with pytest.raises(PermissionDenied):
        workflow.fill(plan(lab), actor=lab.operator, at=NOON)


# --- figures


def test_progress_counts_done_late_overdue_and_soon(lab):
    inspection = plan(lab)
    line(lab, inspection, DAY - timedelta(9), done_on=DAY - timedelta(9))
    line(lab, inspection, DAY - timedelta(9), done_on=DAY)
    line(lab, inspection, DAY - timedelta(1))
    line(lab, inspection, DAY)
    line(lab, inspection, DAY + timedelta(31))
    line(lab, inspection, DAY, state="withdrawn")
    found = planning.with_progress(EquipmentPlan.objects.all(), DAY).get()
    names = ("lines_all", "lines_done", "lines_late", "lines_overdue", "lines_soon")
    assert [getattr(found, name) for name in names] == [5, 2, 1, 1, 1]


def test_what_was_done_later_was_open_on_the_day(lab):
    late = line(lab, plan(lab), DAY - timedelta(1), done_on=DAY + timedelta(1))
    assert list(planning.overdue_lines(EquipmentPlan.objects.all(), DAY)) == [late]


def test_lines_are_overdue_after_their_grace(lab):
    line(lab, plan(lab), DAY - timedelta(30))
    assert not planning.overdue_lines(EquipmentPlan.objects.all(), DAY, grace=30).exists()


def test_a_main_standard_that_no_plan_names_is_found(lab):
    standard = filled.row(MeasurementStandard, lab.institution, state="in_use", approval=None)
    filled.row(StandardPart, lab.institution, standard=standard, equipment=lab.equipment, role="main")
    tracing = plan(lab, Kind.TRACEABILITY)
    missing = planning.main_standards_without_line(EquipmentPlan.objects.all(), DAY)
    assert list(missing) == [lab.equipment]
    line(lab, tracing)
    assert list(missing.all()) == []


# --- pages


def test_the_list_says_which_plan_of_the_year_is_missing(lab, signed_in):
    page = signed_in(Role.METROLOGY_MANAGER).get(reverse("equipment:plans", args=["alpha"])).content.decode()
    assert all(label in page for label in ("器具配备计划", "溯源计划", "检查计划")) and "还缺" in page


def test_the_page_of_a_plan_fills_approves_and_shows_what_is_done(lab, client):
    account = make.user(lab.institution, Role.METROLOGY_MANAGER, employment=lab.keeper)
    client.force_login(account)
    make.clock(lab.institution, lab.equipment, "maintenance", interval_months=12)
    inspection = plan(lab, year=2026)
    here = reverse("equipment:plan", args=["alpha", inspection.ref])
    for name, sentence in (("fill", "已从周期生成 1 条事项"), ("approve", "计划已批准")):
        url = reverse(f"equipment:plan_{name}", args=["alpha", inspection.ref])
        assert sentence in client.post(url, follow=True).content.decode()
    page = client.get(here).content.decode()
    assert "已批准" in page and "维护保养：" in page and "从周期生成…" not in page


def test_a_refused_verb_says_why_on_the_page(lab, signed_in):
    inspection = plan(lab)
    url = reverse("equipment:plan_approve", args=["alpha", inspection.ref])
    answer = signed_in(Role.METROLOGY_MANAGER).post(url)
    assert answer.status_code == 409 and "计划里还没有事项" in answer.content.decode()


def test_a_long_plan_takes_as_many_queries_as_a_short_one(lab, signed_in, django_assert_max_num_queries):
    inspection, browser = plan(lab), signed_in(Role.METROLOGY_MANAGER)
    here = reverse("equipment:plan", args=["alpha", inspection.ref])
    line(lab, inspection)
    browser.get(here)
    with django_assert_max_num_queries(40) as few:
        browser.get(here)
    for _ in range(20):
        line(lab, inspection, equipment=make.equipment(lab.institution, lab.site))
    with django_assert_max_num_queries(len(few.captured_queries)):
        browser.get(here)


def test_the_lines_of_a_plan_are_narrowed_by_progress(lab, signed_in):
    inspection = plan(lab)
    line(lab, inspection, date(2020, 1, 1), what="早该做的")
    line(lab, inspection, date(2020, 1, 1), what="做完了的", done_on=date(2020, 1, 1))
    here = reverse("equipment:plan", args=["alpha", inspection.ref])
    page = signed_in(Role.METROLOGY_MANAGER).get(f"{here}?progress=overdue").content.decode()
    assert "早该做的" in page and "做完了的" not in page
