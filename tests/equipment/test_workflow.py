"""Registering equipment, stopping it, using it again."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied

from equipment.events import equipment_quarantined
from equipment.life import workflow
from equipment.models import Equipment
from equipment.traceability import workflow as workflow_traceability
from portal.models import AuditEntry
from portal.registers import REGISTERS, verbs
from portal.transitions import Refused
from tests import make

DAY, NOON = make.DAY, make.NOON


def facts(lab, **changes):
    return {
        "certificate_number": "SL2026-L-08827", "issuer": "省级计量院（示）", "calibrated_on": DAY - timedelta(10),
        "valid_until": DAY + timedelta(355), "expanded_uncertainty": "0.0015", "coverage_factor": "2",
        "uncertainty_unit": "MPa", "file": make.paper(lab.institution), **changes,
    }  # fmt: skip


def confirm(lab, row, **changes):
    values = {"confirmed_by": lab.keeper, "confirmed_on": DAY, **changes}
    return workflow_traceability.confirm(row, values, actor=lab.metrologist, at=NOON)


def clauses_of(refused):
    return [refusal.clause for refusal in refused.value.refusals]


def registered(lab, **changes):
    values = {
        "asset_number": "LC-YB-0231", "role": Equipment.Role.STANDARD, "name": "活塞式压力计", "model": "YS-60",
        "serial_number": "9921", "manufacturer": "北岸仪表", "range_text": "(0.1～6) MPa", "accuracy": "0.02 级",
        "range_low": Decimal("0.1"), "range_high": Decimal(6), "unit": "MPa", "site": lab.site, **changes,
    }  # fmt: skip
    return verbs.record(REGISTERS["equipment"], values, actor=lab.metrologist, at=NOON)


def test_registered_equipment_is_not_in_use_yet(lab):
    assert make.fresh(registered(lab)).state == Equipment.State.NEW


def test_the_trail_tells_what_was_registered_and_nothing_that_the_database_makes_of_it(lab):
    entry = AuditEntry.objects.get(verb="equipment.record", target_id=registered(lab).pk)
    assert "asset_number" in entry.changes and not {"words", "due_on", "traced_from"} & set(entry.changes)


def test_what_has_no_certificate_on_file_is_not_taken_into_use(lab):
    equipment = registered(lab)
    make.traceability(lab.institution, equipment, lab.keeper, file=make.document(lab.institution, state="refused"))
    with pytest.raises(Refused, match="文件没有收下") as refused:
        workflow.return_to_use(equipment, "首次投用，示值核对合格", actor=lab.metrologist, at=NOON)
    assert clauses_of(refused) == ["B-4.4.2-s1"]


def test_registered_equipment_is_traced_confirmed_and_then_taken_into_use(lab):
    equipment = registered(lab)
    confirm(lab, workflow_traceability.trace(equipment, facts(lab), None, actor=lab.metrologist, at=NOON))
    workflow.return_to_use(equipment, "首次投用，示值核对合格", actor=lab.metrologist, at=NOON)
    assert make.fresh(equipment).state == Equipment.State.IN_USE


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


def test_whoever_works_with_equipment_may_stop_it(lab):
    workflow.quarantine(lab.equipment, "零点漂移", actor=lab.operator, at=NOON)
    assert make.fresh(lab.equipment).state == Equipment.State.QUARANTINED


@pytest.mark.parametrize("verb", [workflow.return_to_use, workflow.take_out_of_use])
def test_an_operator_may_not_change_the_state_of_equipment(lab, verb):
    with pytest.raises(PermissionDenied):
        verb(lab.equipment, "原因", actor=lab.operator, at=NOON)
