"""Recording a traceability, stopping equipment, using it again."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, transaction

from equipment import workflow
from equipment.events import equipment_quarantined, equipment_traced
from equipment.models import Equipment, Traceability
from portal.models import AuditEntry, Document
from portal.transitions import Refused
from tests import make

DAY, NOON = make.DAY, make.NOON


def facts(lab, **changes):
    return {
        "certificate_number": "SL2026-L-08827", "issuer": "省级计量院（示）", "calibrated_on": DAY - timedelta(10),
        "valid_until": DAY + timedelta(355), "expanded_uncertainty": "0.0015", "coverage_factor": "2",
        "uncertainty_unit": "MPa", "confirmed_by": lab.keeper, "confirmed_on": DAY, **changes,
    }  # fmt: skip


def pdf(content=b"%PDF-1.7 scanned", name="证书.pdf"):
    return SimpleUploadedFile(name, content)


def trace(lab, file=None, **changes):
    return workflow.trace(lab.equipment, facts(lab, **changes), file, actor=lab.metrologist, at=NOON)


def clauses_of(refused):
    return [refusal.clause for refusal in refused.value.refusals]


def registered(lab, **changes):
    values = {
        "asset_number": "LC-YB-0231", "role": Equipment.Role.STANDARD, "name": "活塞式压力计", "model": "YS-60",
        "serial_number": "9921", "manufacturer": "北岸仪表", "range_text": "(0.1～6) MPa", "accuracy": "0.02 级",
        "range_low": Decimal("0.1"), "range_high": Decimal(6), "unit": "MPa", "site": lab.site, **changes,
    }  # fmt: skip
    return workflow.register(values, actor=lab.metrologist, at=NOON)


def test_registered_equipment_is_not_in_use_yet(lab):
    assert make.fresh(registered(lab)).state == Equipment.State.OUT_OF_USE


def test_the_trail_tells_what_was_registered_and_nothing_that_the_database_makes_of_it(lab):
    entry = AuditEntry.objects.get(verb="equipment.register", target_id=registered(lab).pk)
    assert "asset_number" in entry.changes and not {"words", "due_on", "traced_from"} & set(entry.changes)


def test_registered_equipment_is_traced_and_then_taken_into_use(lab):
    equipment = registered(lab)
    workflow.trace(equipment, facts(lab), None, actor=lab.metrologist, at=NOON)
    workflow.return_to_use(equipment, "首次投用，示值核对合格", actor=lab.metrologist, at=NOON)
    assert make.fresh(equipment).state == Equipment.State.IN_USE


def test_an_asset_number_is_given_once(lab):
    registered(lab)
    with pytest.raises(Refused, match="已经是“活塞式压力计”的") as refused:
        registered(lab)
    assert clauses_of(refused) == ["D-4.4.3.1"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"range_low": None}, "要一起填"),
        ({"range_low": Decimal(7)}, "大于上限"),
        ({"unit": ""}, "还缺单位"),
    ],
)
def test_a_range_that_makes_no_sense_is_refused(lab, changes, sentence):
    with pytest.raises(Refused, match=sentence):
        registered(lab, **changes)


def test_an_operator_may_not_register_equipment(lab):
    with pytest.raises(PermissionDenied):
        workflow.register({"asset_number": "X"}, actor=lab.operator, at=NOON)


def test_recording_a_traceability_makes_the_equipment_valid_on_the_day(lab):
    trace(lab)
    assert lab.equipment.traced_on(DAY).certificate_number == "SL2026-L-08827"


def test_the_certificate_file_is_kept_with_the_traceability(lab):
    row = trace(lab, pdf())
    assert row.file.name == "证书.pdf"


def test_recording_is_announced(lab):
    heard = []
    listen = lambda sender, row, **kwargs: heard.append(row.certificate_number)  # noqa: E731
    equipment_traced.connect(listen)
    trace(lab)
    equipment_traced.disconnect(listen)
    assert heard == ["SL2026-L-08827"]


def test_an_operator_may_not_record_a_traceability(lab):
    with pytest.raises(PermissionDenied):
        workflow.trace(lab.equipment, facts(lab), None, actor=lab.operator, at=NOON)


def test_a_certificate_from_the_future_is_refused(lab):
    with pytest.raises(Refused, match="在今天（2026-03-10）之后") as refused:
        trace(lab, calibrated_on=DAY + timedelta(1), confirmed_on=DAY)
    assert clauses_of(refused) == ["A-6.2.2", "C-5.5.4"]


def test_a_certificate_that_ends_before_it_begins_is_refused(lab):
    with pytest.raises(Refused, match="早于检定/校准日期") as refused:
        trace(lab, valid_until=DAY - timedelta(11))
    assert clauses_of(refused) == ["A-6.2.2"]


def test_a_confirmation_before_the_calibration_is_refused(lab):
    with pytest.raises(Refused, match="要在拿到证书之后做") as refused:
        trace(lab, confirmed_on=DAY - timedelta(11))
    assert clauses_of(refused) == ["C-5.5.4"]


def test_a_confirmation_in_the_future_is_refused(lab):
    with pytest.raises(Refused, match="请先做计量确认") as refused:
        trace(lab, confirmed_on=DAY + timedelta(1))
    assert clauses_of(refused) == ["C-5.5.4"]


def test_a_confirmation_by_somebody_who_had_left_is_refused(lab):
    gone = make.employment(lab.institution, "罗闻", ended_on=DAY - timedelta(1))
    with pytest.raises(Refused, match="罗闻 在 2026-03-10 不在职") as refused:
        trace(lab, confirmed_by=gone)
    assert clauses_of(refused) == ["C-5.5.4"]


def test_an_uncertainty_without_its_factor_is_refused(lab):
    with pytest.raises(Refused, match="还缺包含因子 k"):
        trace(lab, coverage_factor="")


def test_a_certificate_may_give_no_uncertainty_at_all(lab):
    assert trace(lab, expanded_uncertainty="", coverage_factor="", uncertainty_unit="").pk


def test_the_same_certificate_is_not_recorded_twice(lab):
    trace(lab)
    with pytest.raises(Refused, match="已经登记过"):
        trace(lab)


def test_a_mistake_is_corrected_by_recording_the_certificate_again(lab):
    trace(lab, valid_until=DAY + timedelta(365))
    trace(lab, valid_until=DAY + timedelta(355))
    assert lab.equipment.latest_traceability.valid_until == DAY + timedelta(355)


def test_scrapped_equipment_takes_no_traceability(lab):
    lab.equipment.state = Equipment.State.SCRAPPED
    with pytest.raises(Refused, match="已报废"):
        trace(lab)


def test_a_traceability_cannot_be_changed_even_by_a_statement(lab):
    row = trace(lab)
    with pytest.raises(DatabaseError), transaction.atomic():
        Traceability.objects.filter(pk=row.pk).update(valid_until=date(2040, 1, 1))


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (pdf(b"MZ not a pdf"), "文件内容与后缀"),
        (pdf(name="证书.exe"), "不接受“.exe”文件"),
        (pdf(b""), "文件是空的"),
        (pdf(b"%PDF-" + b"0" * (20 * 1024 * 1024)), "文件超过 20 MB"),
    ],
)
def test_a_file_that_cannot_be_taken_refuses_the_whole_record(lab, file, sentence):
    with pytest.raises(Refused, match=sentence):
        trace(lab, file)
    assert (Traceability.objects.count(), Document.objects.count()) == (0, 0)


def test_a_refused_recording_stays_in_the_audit_trail(lab):
    with pytest.raises(Refused):
        trace(lab, valid_until=DAY - timedelta(11))
    assert AuditEntry.objects.get(verb="traceability.record").succeeded is False


def test_quarantined_equipment_is_out_of_use_at_once(lab):
    workflow.quarantine(lab.equipment, "读数跳动", actor=lab.metrologist, at=NOON)
    assert make.fresh(lab.equipment).state == Equipment.State.QUARANTINED


def test_a_quarantine_is_announced(lab):
    heard = []
    listen = lambda sender, row, **kwargs: heard.append(row)  # noqa: E731
    equipment_quarantined.connect(listen)
    workflow.quarantine(lab.equipment, "读数跳动", actor=lab.metrologist, at=NOON)
    equipment_quarantined.disconnect(listen)
    assert heard == [lab.equipment]


@pytest.mark.parametrize(
    ("verb", "state", "clause"),
    [
        (workflow.quarantine, Equipment.State.IN_USE, "D-4.4.3.2-s1"),
        (workflow.take_out_of_use, Equipment.State.IN_USE, "D-4.4.3.2-s2"),
        (workflow.return_to_use, Equipment.State.QUARANTINED, "D-4.4.3.4"),
    ],
)
def test_a_change_of_state_needs_a_reason(lab, verb, state, clause):
    equipment = make.equipment(lab.institution, lab.site, state=state)
    make.traceability(lab.institution, equipment, lab.keeper)
    with pytest.raises(Refused) as refused:
        verb(equipment, "  ", actor=lab.metrologist, at=NOON)
    assert clauses_of(refused) == [clause]


def test_equipment_returns_to_use_with_a_valid_traceability(lab):
    equipment = make.equipment(lab.institution, lab.site, state=Equipment.State.QUARANTINED)
    make.traceability(lab.institution, equipment, lab.keeper)
    workflow.return_to_use(equipment, "比对 5 点合格", actor=lab.metrologist, at=NOON)
    assert make.fresh(equipment).state == Equipment.State.IN_USE


def test_equipment_without_traceability_does_not_return_to_use(lab):
    equipment = make.equipment(lab.institution, lab.site, state=Equipment.State.QUARANTINED)
    with pytest.raises(Refused, match="没有溯源证书") as refused:
        workflow.return_to_use(equipment, "看过了", actor=lab.metrologist, at=NOON)
    assert clauses_of(refused) == ["B-4.4.2-s3"]


@pytest.mark.parametrize(("last_day", "returns"), [(DAY, True), (DAY - timedelta(1), False)])
def test_the_last_valid_day_of_a_traceability_still_counts(lab, last_day, returns):
    equipment = make.equipment(lab.institution, lab.site, state=Equipment.State.OUT_OF_USE)
    make.traceability(lab.institution, equipment, lab.keeper, valid_until=last_day)
    refusals = workflow.RETURN_TO_USE.refusals(equipment, actor=lab.metrologist, at=NOON)
    assert (refusals == []) is returns


def test_abolished_equipment_does_not_return_to_use(lab):
    equipment = make.equipment(lab.institution, lab.site, state=Equipment.State.OUT_OF_USE, obsolete=True)
    make.traceability(lab.institution, equipment, lab.keeper)
    with pytest.raises(Refused) as refused:
        workflow.return_to_use(equipment, "看过了", actor=lab.metrologist, at=NOON)
    assert clauses_of(refused) == ["A-6.2.1.1-s2"]


def test_scrapped_equipment_has_no_way_back(lab):
    equipment = make.equipment(lab.institution, lab.site, state=Equipment.State.SCRAPPED)
    with pytest.raises(Refused, match="当前状态是“报废”"):
        workflow.return_to_use(equipment, "看过了", actor=lab.metrologist, at=NOON)


@pytest.mark.parametrize("verb", [workflow.quarantine, workflow.return_to_use, workflow.take_out_of_use])
def test_an_operator_may_not_change_the_state_of_equipment(lab, verb):
    with pytest.raises(PermissionDenied):
        verb(lab.equipment, "原因", actor=lab.operator, at=NOON)
