"""期间核查: a check is judged by its plan, moves the clock, and what has failed is stopped at once."""

from datetime import date, timedelta
from decimal import Decimal as D

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction

from equipment.checking import intermediate
from equipment.checking import workflow as workflow_intermediate
from equipment.checking.readings import Readings
from equipment.life import workflow
from equipment.models import CheckPlan, Confirmation, Equipment, EquipmentClock, EquipmentEvent, IntermediateCheck
from equipment.traceability import workflow as workflow_traceability
from institutions.models import ManagementDocument
from portal.models import AuditEntry
from portal.permissions import Role
from portal.registers import REGISTERS, verbs
from portal.transitions import Refused
from tests import filled, make

DAY, NOON = make.DAY, make.NOON
Rule, Verdict = CheckPlan.Rule, IntermediateCheck.Verdict


def plan_of(lab, **kwargs):
    return make.check_plan(lab.institution, kwargs.pop("equipment", lab.equipment), **kwargs)


def check(lab, plan, *texts, file=None, actor=None, **values):
    values = {"performed_on": DAY, "performed_by": lab.keeper, "conditions": "20.1 ℃", **values}
    readings = Readings(texts or ("1.0001", "1.0003"))
    return workflow_intermediate.check(plan, readings, values, file, actor=actor or lab.metrologist, at=NOON)


def clauses_of(refused):
    return [refusal.clause for refusal in refused.value.refusals]


# --- the verdict of each rule


def verdict_of(*texts, **kwargs):
    plan = CheckPlan(reference=D("1.0002"), **kwargs)
    return intermediate.judged(plan, [D(text) for text in texts])


@pytest.mark.parametrize(
    ("reading", "verdict"),
    [("1.0072", "passed"), ("1.0073", "warning"), ("1.0102", "warning"), ("1.0103", "failed"), ("0.9901", "failed")],
)
def test_a_limit_warns_above_seven_tenths_and_fails_beyond(reading, verdict):
    assert verdict_of(reading, rule=Rule.LIMIT, limit=D("0.01")).verdict == verdict


@pytest.mark.parametrize(
    ("reading", "verdict"), [("1.0037", "passed"), ("1.0038", "warning"), ("1.0052", "warning"), ("0.9951", "failed")]
)
def test_h_is_held_against_seven_tenths_and_one(reading, verdict):
    uncertainties = {"uncertainty": D("0.003"), "reference_uncertainty": D("0.004")}
    assert verdict_of(reading, rule=Rule.H_VALUE, **uncertainties).verdict == verdict


def test_h_with_the_same_standard_twice_needs_one_uncertainty_only():
    assert round(verdict_of("1.0032", rule=Rule.H_VALUE, uncertainty=D("0.003")).figure, 4) == D("0.7071")


@pytest.mark.parametrize(
    ("reading", "verdict"), [("1.0022", "passed"), ("1.0023", "warning"), ("1.0032", "warning"), ("1.0033", "failed")]
)
def test_a_chart_is_held_against_two_and_three_s(reading, verdict):
    assert verdict_of(reading, rule=Rule.CHART, deviation=D("0.001")).verdict == verdict


def in_a_row(lab, plan, *means):
    """One check a day, the last one on DAY."""
    days = [DAY - timedelta(len(means) - 1 - number) for number in range(len(means))]
    return [check(lab, plan, mean, performed_on=day) for mean, day in zip(means, days, strict=True)]


def test_a_trend_on_a_chart_warns_before_any_limit(lab):
    plan = plan_of(lab, rule=Rule.CHART, deviation="0.001", limit=None)
    last = in_a_row(lab, plan, "0.9997", "0.9999", "1.0001", "1.0003", "1.0005", "1.0007")[-1]
    assert (last.verdict, last.terms["remarks"]) == ("warning", ["trend"])


def test_a_chart_begins_anew_with_a_new_reference(lab):
    plan = plan_of(lab, rule=Rule.CHART, deviation="0.001", limit=None)
    in_a_row(lab, plan, "0.9997", "0.9999", "1.0001", "1.0003", "1.0005")
    CheckPlan.objects.filter(pk=plan.pk).update(reference="1.0001")
    plan.refresh_from_db()
    assert check(lab, plan, "1.0007").verdict == "passed"


def test_the_verdict_is_given_before_anything_is_rounded(lab):
    """A third more than the limit allows lies beyond the twelve decimals that are stored."""
    row = check(lab, plan_of(lab, reference="0", limit="1"), "1", "1", "1.000000000001")
    assert (row.verdict, row.figure) == ("failed", D("1"))


def test_a_check_keeps_readings_as_typed_and_the_terms_of_its_day(lab):
    row = check(lab, plan_of(lab), "1.0000", "1.0010")
    CheckPlan.objects.filter(pk=row.plan_id).update(limit="0.5", reference="3")
    row.refresh_from_db()
    assert row.terms["readings"] == ["1.0000", "1.0010"]
    assert (row.terms["limit"], row.terms["reference"], row.mean) == ("0.01", "1.0002", D("1.0005"))


def test_a_check_is_never_changed(lab):
    row = check(lab, plan_of(lab))
    with pytest.raises(DatabaseError), transaction.atomic():
        IntermediateCheck.objects.filter(pk=row.pk).update(verdict="failed")


# --- what follows


def test_a_failed_check_stops_the_equipment_at_once(lab):
    check(lab, plan_of(lab), "1.02")
    assert make.fresh(lab.equipment).state == Equipment.State.QUARANTINED
    event = EquipmentEvent.objects.get(equipment=lab.equipment)
    assert event.kind == EquipmentEvent.Kind.OUT_OF_SPEC and "期间核查不合格" in event.text


def test_a_failed_check_and_its_quarantine_stand_or_fall_together(lab, monkeypatch):
    def broken(*args, **kwargs):
        raise RuntimeError

    monkeypatch.setattr(workflow, "quarantine", broken)
    with pytest.raises(RuntimeError), transaction.atomic():
        check(lab, plan_of(lab), "1.02")
    assert IntermediateCheck.objects.count() == 0


def test_an_operator_who_finds_a_failure_stops_the_equipment_too(lab):
    check(lab, plan_of(lab), "1.02", actor=lab.operator)
    assert make.fresh(lab.equipment).state == Equipment.State.QUARANTINED


def test_a_warning_stops_nothing(lab):
    check(lab, plan_of(lab), "1.009")
    assert make.fresh(lab.equipment).state == Equipment.State.IN_USE


def test_an_old_failure_that_a_later_check_has_answered_stops_nothing(lab):
    plan = plan_of(lab)
    check(lab, plan)
    check(lab, plan, "1.02", performed_on=DAY - timedelta(30))
    assert make.fresh(lab.equipment).state == Equipment.State.IN_USE


def test_equipment_that_is_stopped_already_is_checked_and_stays_stopped(lab):
    stopped = make.equipment(lab.institution, lab.site, state=Equipment.State.QUARANTINED)
    assert check(lab, plan_of(lab, equipment=stopped), "1.02").verdict == "failed"
    assert make.fresh(stopped).state == Equipment.State.QUARANTINED


def test_a_check_moves_the_clock_by_its_interval(lab):
    clock = make.clock(lab.institution, lab.equipment)
    row = check(lab, plan_of(lab))
    assert row.next_on == make.fresh(clock).due_on == date(2026, 9, 9)


def test_a_failed_check_moves_no_clock(lab):
    clock = make.clock(lab.institution, lab.equipment)
    row = check(lab, plan_of(lab), "1.02")
    assert (row.next_on, make.fresh(clock).due_on) == (None, date(2026, 4, 10))


def test_the_clock_moves_when_every_point_is_done(lab):
    clock = make.clock(lab.institution, lab.equipment)
    low, high = plan_of(lab), plan_of(lab, nominal="2")
    check(lab, low, performed_on=DAY - timedelta(2))
    assert make.fresh(clock).due_on == date(2026, 4, 10)
    check(lab, high)
    assert make.fresh(clock).due_on == date(2026, 9, 7)


def test_a_point_that_is_done_twice_counts_from_the_point_that_is_not(lab):
    clock = make.clock(lab.institution, lab.equipment)
    low, high = plan_of(lab), plan_of(lab, nominal="2")
    check(lab, low, performed_on=DAY - timedelta(9))
    check(lab, high, performed_on=DAY - timedelta(9))
    EquipmentClock.objects.filter(pk=clock.pk).update(due_on=date(2026, 5, 5))
    check(lab, low)
    assert make.fresh(clock).due_on == date(2026, 5, 5)


def test_a_check_without_a_clock_has_no_next_day(lab):
    assert check(lab, plan_of(lab)).next_on is None


# --- failures that stand


def test_a_failure_stands_until_a_later_check_of_the_point_passes(lab):
    plan = plan_of(lab)
    failed = check(lab, plan, "1.02", performed_on=DAY - timedelta(5))
    assert intermediate.standing_failure(lab.equipment, DAY) == failed
    check(lab, plan_of(lab, nominal="2"))
    assert intermediate.standing_failure(lab.equipment, DAY) == failed
    check(lab, plan)
    assert intermediate.standing_failure(lab.equipment, DAY) is None
    assert intermediate.standing_failure(lab.equipment, DAY - timedelta(1)) == failed


def test_a_failure_stands_until_a_calibration_is_confirmed_as_fit(lab):
    failed = check(lab, plan_of(lab), "1.02", performed_on=DAY - timedelta(5))
    trace = make.traceability(
        lab.institution, lab.equipment, lab.keeper, calibrated_on=DAY - timedelta(2), confirmed_on=None
    )
    assert intermediate.standing_failure(lab.equipment, DAY) == failed
    values = {"confirmed_by": lab.keeper, "confirmed_on": DAY}
    workflow_traceability.confirm(trace, values, actor=lab.metrologist, at=NOON)
    assert intermediate.standing_failure(lab.equipment, DAY) is None


@pytest.mark.parametrize("certificate_first", [True, False])
def test_a_calibration_of_the_day_answers_the_failure_when_it_was_recorded_after_it(lab, certificate_first):
    plan = plan_of(lab)

    def calibrated():
        make.traceability(lab.institution, lab.equipment, lab.keeper, calibrated_on=DAY)

    if certificate_first:
        calibrated()
    check(lab, plan, "1.02")
    if not certificate_first:
        calibrated()
    assert (intermediate.standing_failure(lab.equipment, DAY) is not None) is certificate_first


def test_a_calibration_recorded_wrongly_or_found_unfit_since_answers_nothing(lab):
    check(lab, plan_of(lab), "1.02", performed_on=DAY - timedelta(3))
    trace = make.traceability(lab.institution, lab.equipment, lab.keeper, calibrated_on=DAY - timedelta(1))
    assert intermediate.standing_failure(lab.equipment, DAY) is None
    unfit = {
        "conclusion": "unfit",
        "confirmed_by": lab.keeper,
        "confirmed_on": DAY,
        "file": None,
        "traceability": trace,
    }
    filled.row(Confirmation, lab.institution, **unfit)
    assert intermediate.standing_failure(lab.equipment, DAY) is not None
    make.traceability(lab.institution, lab.equipment, lab.keeper, calibrated_on=DAY - timedelta(1),
                      certificate_number="SL-7")  # fmt: skip
    assert intermediate.standing_failure(lab.equipment, DAY) is None
    make.traceability(lab.institution, lab.equipment, lab.keeper, calibrated_on=DAY - timedelta(300),
                      certificate_number="SL-7")  # fmt: skip
    assert intermediate.standing_failure(lab.equipment, DAY) is not None


def test_a_calibration_before_the_failure_answers_nothing(lab):
    make.traceability(lab.institution, lab.equipment, lab.keeper, calibrated_on=DAY - timedelta(9), confirmed_on=DAY)
    failed = check(lab, plan_of(lab), "1.02", performed_on=DAY - timedelta(5))
    assert intermediate.standing_failure(lab.equipment, DAY) == failed


def test_equipment_whose_check_has_failed_is_used_again_once_it_passes(lab):
    make.traceability(lab.institution, lab.equipment, lab.keeper)
    plan = plan_of(lab)
    check(lab, plan, "1.02")
    refusals = workflow.RETURN_TO_USE.refusals(make.fresh(lab.equipment), actor=lab.metrologist, at=NOON)
    assert "A-6.2.1.2-s1" in [refusal.clause for refusal in refusals]
    check(lab, plan)
    refusals = workflow.RETURN_TO_USE.refusals(make.fresh(lab.equipment), actor=lab.metrologist, at=NOON)
    assert "A-6.2.1.2-s1" not in [refusal.clause for refusal in refusals]


def test_whoever_has_not_decided_about_checks_is_found(lab):
    other = make.equipment(lab.institution, lab.site)
    make.equipment(lab.institution, lab.site, traced=False)
    make.equipment(lab.institution, lab.site, role=Equipment.Role.CUSTOMER)
    make.clock(lab.institution, lab.equipment, needed=False, basis="只用于演示")
    assert list(intermediate.without_decision(Equipment.objects.all())) == [other]


# --- gates


def test_a_check_of_tomorrow_is_refused(lab):
    with pytest.raises(Refused, match="之后") as refused:
        check(lab, plan_of(lab), performed_on=DAY + timedelta(1))
    assert clauses_of(refused) == ["C-5.5.3"]


def test_a_check_by_somebody_who_had_left_is_refused(lab):
    gone = make.employment(lab.institution, "罗闻", ended_on=DAY - timedelta(1))
    with pytest.raises(Refused, match="罗闻 在 2026-03-10 不在职"):
        check(lab, plan_of(lab), performed_by=gone)


def test_a_withdrawn_plan_judges_nothing(lab):
    with pytest.raises(Refused, match="已作废") as refused:
        check(lab, plan_of(lab, state="withdrawn"))
    assert clauses_of(refused) == ["D-4.4.3.5"]


def test_a_plan_without_its_limit_judges_nothing(lab):
    with pytest.raises(Refused, match="缺“限值”"):
        check(lab, plan_of(lab, limit=None))


def test_a_check_standard_that_is_stopped_proves_nothing(lab):
    held = make.equipment(lab.institution, lab.site, state=Equipment.State.QUARANTINED)
    with pytest.raises(Refused, match="用它核查说明不了什么") as refused:
        check(lab, plan_of(lab, check_standard=held))
    assert clauses_of(refused) == ["C-5.5.3"]


def test_scrapped_equipment_is_not_checked(lab):
    gone = make.equipment(lab.institution, lab.site, state=Equipment.State.SCRAPPED)
    with pytest.raises(Refused, match="不再核查"):
        check(lab, plan_of(lab, equipment=gone))


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({}, False),
        ({"valid_from": DAY + timedelta(1)}, True),
        ({"valid_until": DAY - timedelta(1)}, True),
        ({"state": "withdrawn"}, True),
    ],
)
def test_the_procedure_of_a_plan_is_in_force_on_the_day(lab, changes, refused):
    paper = filled.row(ManagementDocument, lab.institution, **{"valid_from": date(2026, 1, 1), **changes})
    plan = plan_of(lab, procedure=paper)
    if not refused:
        assert check(lab, plan).terms["procedure"] == str(paper)
        return
    with pytest.raises(Refused, match="不是现行文件") as found:
        check(lab, plan)
    assert clauses_of(found) == ["D-4.4.3.5"]


def test_the_same_readings_of_a_day_are_recorded_once(lab):
    plan = plan_of(lab)
    check(lab, plan)
    with pytest.raises(Refused, match="已经登记过"):
        check(lab, plan)
    assert check(lab, plan, "1.0001", "1.0004").pk


def test_a_refused_check_stays_in_the_audit_trail(lab):
    with pytest.raises(Refused):
        check(lab, plan_of(lab), performed_on=DAY + timedelta(1))
    assert AuditEntry.objects.get(verb="intermediatecheck.record").succeeded is False


def test_somebody_who_uses_no_equipment_records_no_check(lab):
    with pytest.raises(PermissionDenied):
        check(lab, plan_of(lab), actor=make.actor(lab.institution, Role.RECEPTIONIST))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"rule": "h_value", "uncertainty": None}, "核查值的 U"),
        ({"rule": "h_value", "uncertainty": "0.1", "reference_uncertainty": "0"}, "参考值的 U"),
        ({"rule": "chart", "deviation": None}, "标准偏差"),
        ({"rule": "limit", "limit": "-1"}, "限值"),
    ],
)
def test_a_plan_is_recorded_with_the_figures_of_its_rule(lab, changes, sentence):
    values = {
        "equipment": lab.equipment, "quantity": "压力", "unit": "MPa", "nominal": D(1), "reference": D(1), "limit": D(1),
        **{name: D(value) if name != "rule" and value else value for name, value in changes.items()},
    }  # fmt: skip
    with pytest.raises(Refused, match=sentence):
        verbs.record(REGISTERS["check-plans"], values, actor=lab.metrologist, at=NOON)
