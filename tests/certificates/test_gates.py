"""Each gate bites: one fact is spoilt at a time and the refusal names its clause."""

from contextlib import nullcontext
from datetime import date, timedelta

import pytest

from certificates import gates, readings, workflow
from certificates.models import RawRecord
from institutions.models import Authorisation, Method, Qualification
from orders.models import Item
from portal.tenancy import scope
from portal.transitions import Refused
from tests import make
from tests.make import NOON

DAY_BEFORE = make.DAY - timedelta(days=1)


def refusals_of(gate, row, actor=None, at=NOON):
    return list(gate(make.fresh(row), actor, at))


def clauses_of(gate, row, actor=None, at=NOON):
    return [refusal.clause for refusal in refusals_of(gate, row, actor, at)]


def spoil(row, **fields):
    """Change stored facts behind the verbs' back, as an import or a superuser might."""
    with scope() if isinstance(row, Method) else nullcontext():  # no institution writes the catalogue
        assert type(row).objects.filter(pk=row.pk).update(**fields) == 1


@pytest.fixture
def record(lab):
    return make.record(lab, filled=True)


@pytest.mark.parametrize("gate", gates.RECORD, ids=lambda gate: gate.__name__)
def test_a_good_record_passes(record, gate):
    assert clauses_of(gate, record) == []


@pytest.mark.parametrize("state", ["record", "draft", "issued"])
def test_an_item_with_an_open_or_certified_record_takes_no_second_one(lab, state):
    record = make.record(lab) if state == "record" else make.certificate(lab, state).record
    with pytest.raises(Refused, match=record.number):
        make.record(lab, item=make.fresh(record.item))


def test_an_item_whose_record_was_given_up_takes_a_new_one(lab):
    record = make.record(lab)
    workflow.abandon_record(record, reason="量程选错", actor=lab.operator, at=NOON)
    assert make.record(lab, item=make.fresh(record.item)).number == "R26-00002"


def test_equipment_traced_but_not_yet_confirmed_on_the_day_is_refused(lab, record):
    another_equipment(lab, record, confirmed_on=make.DAY + timedelta(days=1))
    assert clauses_of(gates.equipment_was_traced, record) == ["A-6.2.2"]


def test_a_traceability_recorded_again_with_an_earlier_end_corrects_the_first(lab, record):
    equipment = another_equipment(lab, record, certificate_number="SL-9")
    make.traceability(
        lab.institution, equipment, lab.operator_employment, certificate_number="SL-9", valid_until=DAY_BEFORE
    )
    assert clauses_of(gates.equipment_was_traced, record) == ["A-6.2.2"]


def test_an_empty_cell_is_refused(lab):
    assert clauses_of(gates.sheet_is_complete, make.record(lab)) == ["B-5.7-a"]


def test_a_missing_observation_is_refused(lab):
    record = make.record(lab)
    entries = [entry for entry in make.cells() if entry.cell != "observation:hold"]
    readings.enter(record, entries, actor=lab.operator, at=NOON)
    assert clauses_of(gates.sheet_is_complete, record) == ["B-5.7-a"]


def test_missing_temperature_is_refused(lab):
    record = make.record(lab)
    entries = [entry for entry in make.cells() if entry.cell != "condition:temperature"]
    readings.enter(record, entries, actor=lab.operator, at=NOON)
    assert clauses_of(gates.environment_is_suitable, record) == ["B-6.1.7-7.8.4-b"]


def test_a_laboratory_too_warm_is_refused(lab, record):
    hot = readings.Entry("condition:temperature", "25.1", reason="空调故障")
    readings.enter(record, [hot], actor=lab.operator, at=NOON)
    assert clauses_of(gates.environment_is_suitable, record) == ["B-4.2-s4"]


def test_a_record_begun_late_without_a_reason_is_refused(lab):
    record = make.record(lab, filled=True, late_reason="")
    assert clauses_of(gates.recorded_in_time, record) == ["C-6.3.3-s1"]


def test_a_day_of_measurement_after_the_record_was_begun_is_refused(lab, record):
    spoil(record, performed_on=date(2099, 1, 1))
    assert clauses_of(gates.recorded_in_time, record) == ["C-6.3.3-s1"]


@pytest.mark.parametrize("fields", [{"assessed_until": DAY_BEFORE}, {"assessed_on": make.DAY + timedelta(days=1)}])
def test_an_assessment_not_valid_on_the_day_is_refused(lab, record, fields):
    spoil(lab.standard, **fields)
    assert clauses_of(gates.standard_was_assessed, record) == ["A-6.1.1"]


def test_an_assessment_valid_on_the_day_counts_though_it_has_lapsed_since(lab, record):
    spoil(lab.standard, assessed_until=make.DAY)
    assert clauses_of(gates.standard_was_assessed, record, at=NOON + timedelta(days=90)) == []


@pytest.mark.parametrize(("state", "clause"), [("held", "E-8-h"), ("suspended", "C-4.1.2")])
def test_a_held_or_suspended_standard_is_refused(lab, record, state, clause):
    spoil(lab.standard, state=state)
    assert clauses_of(gates.standard_was_assessed, record) == [clause]


def test_a_standard_whose_items_do_not_reach_over_the_points_is_refused(lab, record):
    lab.standard.items.update(range_high="1")
    assert clauses_of(gates.standard_was_assessed, record) == ["C-4.1.2"]


def test_a_social_public_standard_without_its_certificate_serves_no_customer(lab, record):
    spoil(lab.standard, social_certificate="")
    assert clauses_of(gates.standard_was_assessed, record) == ["C-4.1.2-a"]


def test_a_part_that_left_the_standard_before_the_day_is_not_asked(lab, record):
    bare = make.equipment(lab.institution, lab.site)
    lab.standard.parts.create(institution=lab.institution, equipment=bare, removed_on=make.DAY)
    assert clauses_of(gates.equipment_was_traced, record) == []


def test_equipment_with_an_overdue_check_is_refused(lab, record):
    make.clock(lab.institution, lab.equipment, due_on=DAY_BEFORE)
    assert clauses_of(gates.equipment_was_traced, record) == ["C-5.5.3"]


def test_what_was_measured_with_is_asked_in_two_queries(lab, record, django_assert_num_queries):
    row = make.fresh(record)
    for gate in gates.RECORD:
        if gate not in (gates.standard_was_assessed, gates.equipment_was_traced):
            list(gate(row, None, NOON))
    with django_assert_num_queries(2):
        assert [*gates.standard_was_assessed(row, None, NOON), *gates.equipment_was_traced(row, None, NOON)] == []


def another_equipment(lab, record, **trace):
    """The record's standard consists of equipment with only this traceability."""
    equipment = make.equipment(lab.institution, lab.site)
    if trace:
        make.traceability(lab.institution, equipment, lab.operator_employment, **trace)
    lab.standard.parts.update(equipment=equipment)
    return equipment


def test_equipment_whose_traceability_ended_the_day_before_is_refused(lab, record):
    another_equipment(lab, record, valid_until=DAY_BEFORE)
    (refusal,) = refusals_of(gates.equipment_was_traced, record)
    assert refusal.clause == "A-6.2.2" and "2026-03-09" in refusal.text


def test_equipment_whose_traceability_ends_on_the_day_is_accepted(lab, record):
    another_equipment(lab, record, valid_until=make.DAY)
    assert clauses_of(gates.equipment_was_traced, record) == []


def test_equipment_without_any_traceability_is_refused(lab, record):
    another_equipment(lab, record)
    assert clauses_of(gates.equipment_was_traced, record) == ["A-6.2.2"]


def test_an_untraced_thermometer_of_the_room_is_refused(lab, record):
    bare = make.equipment(lab.institution, lab.site, role="environment", name="温湿度计")
    spoil(record, environment_equipment=bare)
    assert clauses_of(gates.equipment_was_traced, record) == ["C-5.4.2-s1"]


@pytest.mark.parametrize(
    "fields, clause", [({"state": "quarantined"}, "D-4.4.3.2-s1"), ({"obsolete": True}, "A-6.2.1.1-s2")]
)
def test_quarantined_or_obsolete_equipment_is_refused(lab, record, fields, clause):
    spoil(lab.equipment, **fields)
    assert clauses_of(gates.equipment_was_traced, record) == [clause]


def test_a_point_beyond_the_standards_range_is_refused(lab, record):
    spoil(lab.equipment, range_high="1.0")
    assert clauses_of(gates.standard_is_suitable, record) == ["B-5.7-e"]


def test_a_standard_without_uncertainty_is_refused_and_so_is_a_line_without_it(lab, record):
    another_equipment(lab, record, expanded_uncertainty="", coverage_factor="")
    assert clauses_of(gates.standard_is_suitable, record) == ["C-6.4.2.2-s2"]
    assert clauses_of(gates.every_line_has_uncertainty, record) == ["C-6.4.2.2-s2"]


def test_a_verification_with_a_standard_too_coarse_is_refused(lab):
    record = make.record(lab, filled=True, activity=Item.Activity.VERIFICATION)
    another_equipment(lab, record, expanded_uncertainty="0.02")
    assert clauses_of(gates.standard_is_suitable, record) == ["B-5.7-e"]


@pytest.mark.parametrize("fields", [{"in_force_until": make.DAY}, {"in_force_from": make.DAY + timedelta(days=1)}])
def test_a_method_not_in_force_on_the_day_is_refused(lab, record, fields):
    spoil(lab.method, **fields)
    assert clauses_of(gates.method_was_in_force, record) == ["B-6.1.2-s2"]


def test_a_verification_by_a_method_not_in_force_is_refused_in_the_name_of_its_own_clause(lab):
    record = make.record(lab, filled=True, activity=Item.Activity.VERIFICATION)
    spoil(lab.method, in_force_until=make.DAY)
    assert clauses_of(gates.method_was_in_force, record) == ["A-6.5.1-s2"]


def test_a_method_that_the_laboratory_itself_found_superseded_is_refused_from_its_last_day_on(lab, record):
    facts = {"result": "superseded", "ends_on": make.DAY, "successor": "JJG 52-2026"}
    make.review(lab, **facts)
    (refusal,) = refusals_of(gates.method_was_in_force, record)
    assert refusal.clause == "B-6.1.2-s2" and "JJG 52-2026" in refusal.text


def test_a_later_review_that_finds_the_method_current_overrules_an_earlier_one(lab, record):
    make.review(lab, result="superseded", ends_on=make.DAY, successor="JJG 52-2026")
    make.review(lab, reviewed_on=make.DAY)
    assert clauses_of(gates.method_was_in_force, record) == []


def test_a_method_not_verified_before_the_day_is_refused(lab, record):
    spoil(lab.adoption, verified_on=make.DAY + timedelta(days=1))
    assert clauses_of(gates.method_was_verified, record) == ["C-5.2.4-s2"]


@pytest.mark.parametrize("fields", [{"state": "withdrawn"}, {"ended_on": make.DAY}])
def test_a_method_no_longer_adopted_on_the_day_is_refused(lab, record, fields):
    spoil(lab.adoption, **fields)
    assert clauses_of(gates.method_was_verified, record) == ["C-5.2.4-s2"]


def test_a_method_given_up_after_the_day_still_carries_what_was_measured_by_it(lab, record):
    spoil(lab.adoption, ended_on=make.DAY + timedelta(days=1))
    assert clauses_of(gates.method_was_verified, record) == []


@pytest.mark.parametrize(("validated_on", "clauses"), [("2025-01-31", []), ("2025-02-02", ["C-5.2.4-s3"])])
def test_a_non_standard_method_validated_after_its_verification_is_refused(lab, record, validated_on, clauses):
    own = make.own_method(lab.institution)
    make.method_papers(lab, own, validated_on=validated_on)
    spoil(lab.adoption, method=own, verified_on=date(2025, 2, 1))
    spoil(lab.procedure, method=own)
    assert clauses_of(gates.method_was_verified, record) == clauses


def test_no_record_is_begun_by_a_method_that_no_site_has_verified(lab):
    spoil(lab.adoption, state="withdrawn")
    with pytest.raises(Refused, match="方法验证"):
        make.record(lab)


@pytest.mark.parametrize(("state", "clauses"), [("current", []), ("withdrawn", ["C-5.2.4-s2"])])
def test_a_data_sheet_is_approved_only_for_a_method_some_site_has_verified(lab, state, clauses):
    spoil(lab.adoption, state=state)
    assert [refusal.clause for refusal in gates.method_is_adopted(lab.procedure, None, NOON)] == clauses


def test_a_data_sheet_for_a_method_that_has_ended_is_not_approved(lab):
    spoil(lab.method, in_force_until=make.DAY)
    procedure = make.fresh(lab.procedure)
    assert [refusal.clause for refusal in gates.method_is_adopted(procedure, None, NOON)] == ["B-6.1.2-s2"]


@pytest.mark.parametrize(
    "fields",
    [
        {"range_high": "1.5"}, {"instrument": "卡尺"}, {"measurand": "长度"}, {"state": "suspended"},
        {"valid_until": DAY_BEFORE}, {"valid_from": make.DAY + timedelta(days=1)},
    ],
)  # fmt: skip
def test_a_point_outside_the_scope_of_the_day_is_refused(lab, record, fields):
    spoil(lab.scope, **fields)
    assert clauses_of(gates.points_are_inside_scope, record) == ["A-6.1.3"]


def test_the_ends_of_the_range_are_inside_the_scope(lab, record):
    spoil(lab.scope, range_high="1.6")
    assert clauses_of(gates.points_are_inside_scope, record) == []


def test_scope_at_another_site_does_not_count(lab, record):
    spoil(lab.scope, site=make.site(lab.institution, name="东屏场所"))
    assert clauses_of(gates.points_are_inside_scope, record) == ["A-6.1.3"]


def test_a_qualification_not_valid_on_the_day_is_refused(lab, record):
    spoil(lab.qualification, valid_from=make.DAY + timedelta(days=1))
    assert clauses_of(gates.qualification_is_valid, record, at=NOON + timedelta(days=3)) == ["B-4.3-s2"]


def test_a_qualification_that_lapsed_between_measurement_and_issue_is_refused(lab, record):
    spoil(lab.qualification, valid_until=make.DAY)
    assert clauses_of(gates.qualification_is_valid, record, at=NOON + timedelta(days=1)) == ["B-4.3-s2"]


def test_a_verification_without_an_authorisation_is_refused(lab):
    record = make.record(lab, filled=True, activity=Item.Activity.VERIFICATION)
    spoil(lab.qualification, kind=Qualification.Kind.CNAS)
    assert clauses_of(gates.qualification_is_valid, record) == ["C-4.1.2-c-s1"]


def test_an_uncertainty_below_the_cmc_is_refused(lab, record):
    spoil(lab.scope, cmc_constant="0.05")
    assert set(clauses_of(gates.uncertainty_is_not_below_cmc, record)) == {"C-6.4.2.2-s2"}


def test_a_line_of_scope_filed_under_another_field_is_refused(lab, record):
    assert clauses_of(gates.scope_is_of_the_field, record) == []
    spoil(lab.scope, field="流量")
    assert clauses_of(gates.scope_is_of_the_field, record) == ["C-5.1.1-s2"]


def test_an_uncertainty_that_rounding_takes_below_the_cmc_is_refused(lab, record):
    spoil(lab.scope, cmc_form="linear", cmc_constant="0.0057", cmc_slope="0.00065")
    # At 0.8 the CMC is 0.00622; U = 0.006245 prints as 0.0062.
    (refusal,) = refusals_of(gates.uncertainty_is_not_below_cmc, record)
    assert refusal.text.startswith("0.8 ")


def test_an_illegal_unit_in_words_is_refused_with_advice(lab, record):
    spoil(record.item, model="Y-100 (0～16) kgf/cm²")
    (refusal,) = refusals_of(gates.units_are_legal, record)
    assert refusal.clause == "A-6.7" and "Pa" in refusal.text


@pytest.mark.parametrize("spoilt", ["item", "customer", "procedure"])
def test_a_character_no_font_can_draw_is_refused_before_a_number_is_spent(lab, record, spoilt):
    row, fields = {
        "item": (record.item, {"manufacturer": "西塬\U0001f600仪表"}),
        "customer": (record.item.customer, {"name": "海\U0001f600热力"}),
        "procedure": (lab.procedure, {"definition": {**make.DEFINITION, "title": "表\U0001f600"}}),
    }[spoilt]
    spoil(row, **fields)
    (refusal,) = refusals_of(gates.text_can_be_printed, record)
    assert refusal.clause == "B-6.1.7-7.8.2" and "\U0001f600" in refusal.text


@pytest.mark.parametrize("letter", ["\u00ad", "\u202e", "\u200b", "\x07", "\u2028"])
def test_a_character_nobody_sees_is_named_and_refused_before_a_number_is_spent(lab, record, letter):
    spoil(record.item, manufacturer=f"西塬{letter}仪表")
    (refusal,) = refusals_of(gates.text_can_be_printed, record)
    assert f"[U+{ord(letter):04X}]" in refusal.text


def test_an_illegal_unit_of_the_sheet_is_refused(lab, record):
    definition = {**make.DEFINITION, "unit": "bar"}
    spoil(lab.procedure, definition=definition)
    assert "A-6.7" in clauses_of(gates.units_are_legal, record)


def test_a_rule_other_than_the_agreed_one_is_refused(lab, record):
    spoil(record.item, decision_rule="jjf1094")
    assert clauses_of(gates.conformity_has_a_rule, record) == ["C-6.4.2.3-s3"]


@pytest.mark.parametrize(
    "fields", [{"valid_until": DAY_BEFORE}, {"revoked_on": make.DAY}, {"field": "长度"}, {"role": "checker"}]
)
def test_an_operator_not_authorised_on_the_day_is_refused(lab, record, fields):
    spoil_role = Authorisation.objects.filter(employment=lab.operator_employment, role=Authorisation.Role.CALIBRATOR)
    spoil_role.update(**fields)
    assert clauses_of(gates.operator_was_authorised, record) == ["B-4.5-d"]


@pytest.mark.parametrize(
    "fields, clause",
    [
        ({"ended_on": DAY_BEFORE}, "C-5.1.2-s3"),
        ({"birth_date": date(1961, 3, 9)}, "C-5.1.2-s4"),
    ],
)
def test_an_operator_gone_or_too_old_on_the_day_is_refused(lab, record, fields, clause):
    spoil(lab.operator_employment, **fields)
    assert clauses_of(gates.operator_was_authorised, record) == [clause]


def test_the_65th_birthday_is_the_last_day(lab, record):
    spoil(lab.operator_employment, birth_date=date(1961, 3, 10))
    assert clauses_of(gates.operator_was_authorised, record) == []


def test_the_operator_may_not_check_their_own_work(lab):
    certificate = make.certificate(lab, "draft")
    assert clauses_of(gates.checked_by_another, certificate, lab.operator) == ["B-6.1.7-s2"]
    assert clauses_of(gates.checked_by_another, certificate, lab.checker) == []


def test_a_person_with_two_accounts_is_one_person(lab):
    certificate = make.certificate(lab, "draft")
    again = make.employment(lab.institution, "沈若川", person=lab.operator_employment.person)
    second_account = make.actor(lab.institution, *lab.checker.roles, employment=again)
    assert clauses_of(gates.checked_by_another, certificate, second_account) == ["B-6.1.7-s2"]


def test_a_checker_without_authorisation_in_the_field_is_refused(lab):
    certificate = make.certificate(lab, "draft")
    Authorisation.objects.filter(role="checker").update(field="长度")
    assert clauses_of(gates.checker_is_authorised, certificate, lab.checker) == ["B-4.5-d"]


@pytest.mark.parametrize("who", ["operator", "checker"])
def test_the_approver_is_a_third_person(lab, who):
    certificate = make.certificate(lab, "checked")
    assert clauses_of(gates.approved_by_a_third, certificate, getattr(lab, who)) == ["B-6.1.7-s2"]


def test_a_signatory_outside_their_own_field_is_refused(lab):
    certificate = make.certificate(lab, "checked")
    Authorisation.objects.filter(role="authorised_signatory").update(field="长度")
    (refusal,) = refusals_of(gates.signatory_is_authorised, certificate, lab.signatory)
    assert refusal.clause == "B-5.7-d-s2" and "压力" in refusal.text


def test_a_signatory_whose_authorisation_ended_between_approval_and_issue_is_refused(lab):
    certificate = make.certificate(lab, "approved")
    Authorisation.objects.filter(role="authorised_signatory").update(revoked_on=make.DAY)
    assert clauses_of(gates.approver_is_still_authorised, certificate, lab.signatory) == ["B-5.7-d-s2"]


def test_three_people_in_order_of_time(lab):
    certificate = make.certificate(lab, "approved")
    assert clauses_of(gates.three_people_acted, certificate, at=NOON + timedelta(hours=1)) == []
    assert clauses_of(gates.three_people_acted, certificate, at=NOON) == ["A-6.6-s3"]


def test_a_body_altered_after_approval_is_not_issued(lab):
    certificate = make.certificate(lab, "approved")
    body = certificate.body
    body["customer"]["name"] = "别的公司"
    spoil(certificate, body=body)
    with pytest.raises(Refused) as refused:
        workflow.issue(make.fresh(certificate), actor=lab.signatory, at=NOON + timedelta(hours=1))
    assert [refusal.clause for refusal in refused.value.refusals] == ["B-5.7-c"]


def test_all_broken_gates_are_shown_at_once(lab, record):
    spoil(lab.standard, assessed_until=DAY_BEFORE)
    spoil(lab.scope, range_high="1.0")
    spoil(lab.method, in_force_until=make.DAY)
    with pytest.raises(Refused) as refused:
        workflow.submit(make.fresh(record), actor=lab.operator, at=NOON)
    assert {refusal.clause for refusal in refused.value.refusals} == {"A-6.1.1", "A-6.1.3", "B-6.1.2-s2"}
    assert make.fresh(record).state == RawRecord.State.DRAFT


@pytest.mark.parametrize("spoilt", ["standard", "qualification", "method", "adoption", "scope"])
def test_issue_asks_again_what_may_have_changed_since_the_approval(lab, spoilt):
    certificate = make.certificate(lab, "approved")
    row, fields, clause = {
        "standard": (lab.standard, {"assessed_until": DAY_BEFORE}, "A-6.1.1"),
        "qualification": (lab.qualification, {"valid_until": DAY_BEFORE}, "B-4.3-s2"),
        "method": (lab.method, {"in_force_until": make.DAY}, "B-6.1.2-s2"),
        "adoption": (lab.adoption, {"state": "withdrawn"}, "C-5.2.4-s2"),
        "scope": (lab.scope, {"state": "suspended"}, "A-6.1.3"),
    }[spoilt]
    spoil(row, **fields)
    with pytest.raises(Refused) as refused:
        workflow.issue(certificate, actor=lab.signatory, at=NOON + timedelta(hours=1))
    assert clause in {refusal.clause for refusal in refused.value.refusals}


def test_the_verbs_carry_all_their_gates():
    """Taking a gate out of a verb shows here, whatever else passes."""
    assert set(workflow.SUBMIT.gates) == set(gates.RECORD) == set(workflow.RESUBMIT.gates)
    assert set(workflow.CHECK.gates) == {gates.checked_by_another, gates.checker_is_authorised, *gates.RECORD}
    assert set(workflow.APPROVE.gates) == {gates.approved_by_a_third, gates.signatory_is_authorised, *gates.RECORD}
    assert set(workflow.ISSUE.gates) == set(gates.ISSUE)
    assert set(gates.TITLES) >= {*gates.RECORD, *gates.CHECK, *gates.APPROVE, *gates.ISSUE}
    assert len(gates.RECORD) == 19 and len(gates.ISSUE) == 11
