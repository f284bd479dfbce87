"""What happens to equipment from purchase to scrap: each event a line of its history, and what follows from it."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from equipment.clocks import winding
from equipment.life import noting, workflow
from equipment.models import AlternativeTraceability, Equipment, EquipmentEvent
from equipment.traceability import workflow as traceability
from equipment.usability import reasons_against, usable_on
from institutions.models import Room
from portal.models import AuditEntry, Document
from portal.permissions import Role
from portal.tenancy import tenant
from portal.transitions import Refused
from tests import filled, make

DAY, NOON = make.DAY, make.NOON
State, Kind = Equipment.State, EquipmentEvent.Kind


@pytest.fixture
def boss(lab):
    return make.employment(lab.institution, "周岚")


def facts(**changes):
    return {
        "happened_on": DAY, "text": "清洁导压管", "result": "", "done_by": None, "approved_by": None, "next_on": None,
        **changes,
    }  # fmt: skip


def note(lab, kind=Kind.MAINTENANCE, file=None, actor=None, equipment=None, **changes):
    row = equipment or lab.equipment
    return noting.note(row, kind, facts(**changes), file, actor=actor or lab.metrologist, at=NOON)


def adjusted(lab, boss, **changes):
    return note(lab, Kind.ADJUSTMENT, text="调零", approved_by=boss, done_by=lab.keeper, **changes)


def clauses_of(refused):
    return [refusal.clause for refusal in refused.value.refusals]


def traced(lab, **kwargs):
    return make.traceability(lab.institution, lab.equipment, lab.keeper, **kwargs)


# --- any event


def test_an_event_is_a_line_of_the_history_and_changes_no_state(lab):
    event = note(lab)
    assert (event.kind, event.state_after, make.fresh(lab.equipment).state) == (Kind.MAINTENANCE, "", State.IN_USE)


def test_an_event_stands_in_the_audit_trail(lab):
    note(lab)
    assert AuditEntry.objects.get(verb="equipment.note").reason == "清洁导压管"


def test_the_record_is_kept_with_the_event(lab):
    assert note(lab, file=SimpleUploadedFile("记录.pdf", make.pdf())).file.name == "记录.pdf"


@pytest.mark.parametrize(
    ("kind", "changes", "clause", "sentence"),
    [
        (Kind.MAINTENANCE, {"text": " "}, "B-6.6.1-b", "请写明做了什么"),
        (Kind.MAINTENANCE, {"happened_on": DAY + timedelta(1)}, "B-6.6.1-b", "在今天（2026-03-10）之后"),
        (Kind.MAINTENANCE, {"next_on": DAY}, "A-6.2.1.3", "下次到期"),
        (Kind.LABEL_CHECK, {}, "A-6.2.3.1-s1", "请选择结果"),
        (Kind.REPAIR, {}, "A-6.2.1.2-s2", "请选择批准人"),
        (Kind.SEAL, {}, "A-6.2.1.2-s2", "请选择批准人"),
        (Kind.SOFTWARE, {"result": "passed", "software_version": "", "software_sha256": ""}, "B-4.4.1-b", "软件版本"),
    ],
)
def test_what_an_event_lacks_is_said_with_its_clause(lab, kind, changes, clause, sentence):
    with pytest.raises(Refused, match=sentence) as refused:
        note(lab, kind, **changes)
    assert clauses_of(refused) == [clause]
    assert not EquipmentEvent.objects.exists()


def test_nobody_approves_what_he_has_done_himself(lab, boss):
    with pytest.raises(Refused, match="不能是同一个人"):
        note(lab, Kind.REPAIR, done_by=boss, approved_by=boss)


def test_somebody_who_had_left_has_not_done_it(lab):
    gone = make.employment(lab.institution, "罗闻", ended_on=DAY - timedelta(1))
    with pytest.raises(Refused, match="执行人罗闻在 2026-03-10 不在职"):
        note(lab, done_by=gone)


def test_whoever_works_with_equipment_writes_down_its_maintenance(lab):
    assert note(lab, actor=lab.operator).pk


@pytest.mark.parametrize("kind", noting.KEEPERS)
def test_an_operator_writes_down_nothing_that_its_keeper_answers_for(lab, kind):
    with pytest.raises(PermissionDenied):
        note(lab, kind, actor=lab.operator)


def test_scrapped_equipment_has_no_further_events(lab):
    row = make.equipment(lab.institution, lab.site, state=State.SCRAPPED)
    with pytest.raises(Refused, match="报废"):
        note(lab, equipment=row)


# --- clocks


def clock(lab, kind="maintenance"):
    return make.clock(lab.institution, lab.equipment, kind)


@pytest.mark.parametrize("kind", winding.CARE)
def test_what_was_done_moves_its_clock(lab, kind):
    row = clock(lab, str(kind))
    event = note(lab, kind, result="passed")
    assert make.fresh(row).due_on == event.next_on == date(2026, 9, 9)


def test_a_typed_day_goes_before_the_interval(lab):
    row = clock(lab)
    note(lab, next_on=DAY + timedelta(40))
    assert make.fresh(row).due_on == DAY + timedelta(40)


def test_a_check_that_failed_moves_nothing(lab):
    row = clock(lab, "label_check")
    before = row.due_on
    assert note(lab, Kind.LABEL_CHECK, result="failed").next_on is None
    assert make.fresh(row).due_on == before


# --- what breaks the traceability


def test_an_adjustment_takes_traced_equipment_out_of_use(lab, boss):
    traced(lab)
    event = adjusted(lab, boss)
    assert (event.state_after, make.fresh(lab.equipment).state) == (State.NEW, State.NEW)


def test_equipment_that_needs_no_traceability_stays_in_use_after_a_repair(lab, boss):
    row = make.equipment(lab.institution, lab.site, traced=False, untraced_because="只作指示")
    assert note(lab, Kind.REPAIR, equipment=row, approved_by=boss).state_after == ""


def test_what_was_traced_since_stays_in_use_when_an_old_repair_is_written_down(lab, boss):
    traced(lab, calibrated_on=DAY - timedelta(5))
    assert adjusted(lab, boss, happened_on=DAY - timedelta(9)).state_after == ""
    assert make.fresh(lab.equipment).state == State.IN_USE


def test_an_event_before_a_later_change_of_state_changes_no_state(lab, boss):
    row = make.equipment(lab.institution, lab.site, state=State.OUT_OF_USE)
    make.traceability(lab.institution, row, lab.keeper, calibrated_on=DAY - timedelta(20))
    row = workflow.return_to_use(row, "比对合格", actor=lab.metrologist, at=NOON)
    event = adjusted(lab, boss, equipment=row, happened_on=DAY - timedelta(9))
    assert (event.state_after, make.fresh(row).state) == ("", State.IN_USE)


def test_after_an_adjustment_the_old_certificate_does_not_bring_it_back(lab, boss):
    traced(lab)
    adjusted(lab, boss)
    with pytest.raises(Refused, match="做过调整") as refused:
        workflow.return_to_use(make.fresh(lab.equipment), "看过了", actor=lab.metrologist, at=NOON)
    assert clauses_of(refused) == ["A-6.2.1.2-s2"]


def against(lab):
    """What is against using it: to take it into use, by itself, and whether the lists leave it out."""
    row = make.fresh(lab.equipment)
    gate = [one.clause for one in workflow.RETURN_TO_USE.refusals(row, actor=lab.metrologist, at=NOON)]
    Equipment.objects.filter(pk=row.pk).update(state=State.IN_USE)
    EquipmentEvent.objects.create(institution=lab.institution, equipment=row, kind="other", happened_on=DAY,
                                  state_after=State.IN_USE, text="试")  # fmt: skip
    alone = [one.clause for one in reasons_against(row, DAY)]
    return gate, alone, not usable_on(Equipment.objects.filter(pk=row.pk), DAY).exists()


def test_a_certificate_of_the_same_day_that_came_before_the_adjustment_does_not_count(lab, boss):
    traced(lab, calibrated_on=DAY)
    adjusted(lab, boss)
    assert against(lab) == (["A-6.2.1.2-s2"], ["A-6.2.1.2-s2"], True)


def test_a_certificate_of_the_same_day_that_came_after_the_adjustment_counts(lab, boss):
    adjusted(lab, boss)
    traced(lab, calibrated_on=DAY)
    assert against(lab) == ([], [], False)


def test_a_certificate_given_after_the_adjustment_of_its_day_is_recorded_again_and_counts(lab, boss):
    values = {
        "certificate_number": "SL-1", "issuer": "省级计量院（示）", "calibrated_on": DAY, "valid_until": DAY + timedelta(365),
        "file": make.paper(lab.institution),
    }  # fmt: skip

    def trace():
        return traceability.trace(lab.equipment, values, None, actor=lab.metrologist, at=NOON)

    trace()
    adjusted(lab, boss)
    row = trace()
    assert against(lab)[1] == ["A-6.2.2"]
    traceability.confirm(row, {"confirmed_on": DAY, "confirmed_by": lab.keeper}, actor=lab.metrologist, at=NOON)
    assert against(lab) == ([], [], False)
    with pytest.raises(Refused, match="已经登记过"):
        trace()


def test_what_an_approved_alternative_stands_in_for_is_taken_into_use(lab):
    row = filled.row(
        AlternativeTraceability, lab.institution, equipment=lab.equipment, valid_from=DAY, valid_until=DAY, file=None
    )
    assert against(lab) == ([], [], False)
    AlternativeTraceability.objects.filter(pk=row.pk).update(state="withdrawn")
    assert against(lab) == (["B-4.4.2-s3"], ["A-6.2.2"], True)


def test_what_is_abolished_later_is_used_until_then(lab):
    traced(lab)
    Equipment.objects.filter(pk=lab.equipment.pk).update(obsolete=True, obsolete_on=DAY + timedelta(1))
    assert against(lab) == ([], [], False)
    Equipment.objects.filter(pk=lab.equipment.pk).update(obsolete_on=DAY)
    assert against(lab)[0] == ["A-6.2.1.1-s2"]


def test_a_newer_confirmed_certificate_brings_it_back(lab, boss):
    traced(lab)
    adjusted(lab, boss, happened_on=DAY - timedelta(3))
    traced(lab, calibrated_on=DAY - timedelta(1), confirmed_on=DAY)
    row = workflow.return_to_use(make.fresh(lab.equipment), "比对合格", actor=lab.metrologist, at=NOON)
    assert row.state == State.IN_USE and not reasons_against(row, DAY)


# --- what an event changes


@pytest.fixture
def room(lab):
    return make._row(Room, lab.institution, site=lab.site, name="压力室")


def test_a_move_is_told_from_where_to_where(lab, room):
    event = note(lab, Kind.MOVE, text="", site=lab.site, room=room, keeper=lab.keeper)
    row = make.fresh(lab.equipment)
    assert (row.room, row.keeper) == (room, lab.keeper)
    assert "房间：（未填） → " in event.text and "保管人：（未填） → 沈若川" in event.text


def test_a_move_to_where_it_is_already_is_refused(lab):
    with pytest.raises(Refused, match="都没有变"):
        note(lab, Kind.MOVE, text="", site=lab.site, room=None, keeper=None)


def test_a_move_into_a_room_of_another_place_is_refused(lab, room):
    other = make.site(lab.institution, name="东屏场所")
    with pytest.raises(Refused, match="不在东屏场所"):
        note(lab, Kind.MOVE, text="", site=other, room=room, keeper=None)


def software(lab, **kwargs):
    return make.equipment(lab.institution, lab.site, role="software", traced=False, software_version="1.0",
                          validated_on=DAY - timedelta(90), **kwargs)  # fmt: skip


@pytest.mark.parametrize(("result", "validated"), [("passed", DAY), ("failed", None)])
def test_a_change_of_software_is_a_new_version_validated_only_when_it_passed(lab, result, validated):
    row = software(lab)
    note(lab, Kind.SOFTWARE, equipment=row, result=result, software_version="2.0", software_sha256="")
    row = make.fresh(row)
    assert (row.software_version, row.validated_on) == ("2.0", validated)


# --- states


def test_equipment_sent_to_repair_needs_a_new_certificate_before_it_is_used(lab, boss):
    traced(lab)
    workflow.send_to_repair(lab.equipment, "零点漂移，送厂家", approved_by=boss, actor=lab.metrologist, at=NOON)
    row = make.fresh(lab.equipment)
    assert row.state == State.REPAIR
    refusals = workflow.RETURN_TO_USE.refusals(row, actor=lab.metrologist, at=NOON)
    assert [refusal.clause for refusal in refusals] == ["A-6.2.1.2-s2"]


@pytest.mark.parametrize("verb", [workflow.send_to_repair, workflow.scrap])
def test_nobody_approves_his_own_act(lab, verb):
    with pytest.raises(Refused, match="不能是登记人自己"):
        verb(lab.equipment, "无法修复", approved_by=lab.keeper, actor=lab.metrologist, at=NOON)


@pytest.mark.parametrize("verb", [workflow.send_to_repair, workflow.scrap])
def test_somebody_who_had_left_approves_nothing(lab, verb):
    gone = make.employment(lab.institution, "罗闻", ended_on=DAY - timedelta(1))
    with pytest.raises(Refused, match="已不在职"):
        verb(lab.equipment, "坏了", approved_by=gone, actor=lab.metrologist, at=NOON)


def test_scrapping_is_the_last_line_of_the_history(lab, boss):
    workflow.scrap(lab.equipment, "无法修复", approved_by=boss, actor=lab.metrologist, at=NOON)
    last = EquipmentEvent.objects.filter(equipment=lab.equipment).latest("pk")
    assert (last.kind, last.state_after, last.approved_by) == (Kind.SCRAP, State.SCRAPPED, boss)


def test_a_part_of_a_measurement_standard_is_not_scrapped(db):
    w = make.laboratory()
    actor = make.actor(w.institution, Role.METROLOGY_MANAGER)
    with tenant(w.institution.pk), pytest.raises(Refused, match="还是计量标准"):
        workflow.scrap(w.equipment, "无法修复", approved_by=w.operator_employment, actor=actor, at=NOON)


@pytest.mark.parametrize(
    ("facts", "clause"),
    [
        ({"role": "reference", "lot": "1", "expires_on": DAY - timedelta(1)}, "B-4.4.2-s5"),
        ({"role": "consumable", "traced": False, "expires_on": DAY - timedelta(1)}, "B-4.4.1-f"),
        ({"role": "reference", "lot": "1", "expires_on": DAY, "certified": True}, "B-4.4.2-s4"),
        ({"role": "software", "software_version": "1", "traced": False}, "B-4.4.1-b"),
    ],
)
def test_what_its_role_needs_is_asked_before_it_is_used(lab, facts, clause):
    row = make.equipment(lab.institution, lab.site, state=State.NEW, **facts)
    make.traceability(lab.institution, row, lab.keeper)
    refusals = workflow.RETURN_TO_USE.refusals(row, actor=lab.metrologist, at=NOON)
    assert [refusal.clause for refusal in refusals] == [clause]


def test_a_certified_material_with_its_certificate_is_used(lab):
    row = make.equipment(lab.institution, lab.site, state=State.NEW, role="reference", lot="1", expires_on=DAY,
                         certified=True)  # fmt: skip
    make.traceability(lab.institution, row, lab.keeper, kind="reference_material")
    assert workflow.RETURN_TO_USE.refusals(row, actor=lab.metrologist, at=NOON) == []


# --- pages


def at(lab, name, *rows):
    return reverse(f"equipment:{name}", args=[lab.institution.slug, *(row.ref for row in rows)])


def test_the_form_of_an_event_asks_first_what_was_done(signed_in, lab):
    page = signed_in(Role.OPERATOR).get(at(lab, "event_new", lab.equipment)).content.decode()
    assert "维护保养" in page and "铅封变动" not in page


@pytest.mark.parametrize("kind", noting.KINDS)
def test_each_kind_has_a_form(signed_in, lab, kind):
    page = signed_in(Role.METROLOGY_MANAGER).get(at(lab, "event_new", lab.equipment) + f"?kind={kind}")
    assert page.status_code == 200 and "!!" not in page.content.decode()


def test_an_operator_is_kept_from_the_form_of_a_repair(signed_in, lab):
    assert signed_in(Role.OPERATOR).get(at(lab, "event_new", lab.equipment) + "?kind=repair").status_code == 403


def test_an_event_is_written_down_and_told_on_the_page_and_in_the_list(signed_in, lab):
    browser, today = signed_in(Role.METROLOGY_MANAGER), timezone.localdate()
    sent = {"happened_on": today, "text": "清洁导压管，更换密封圈"}
    page = browser.post(at(lab, "event_new", lab.equipment) + "?kind=maintenance", sent, follow=True).content.decode()
    assert "已登记维护保养" in page and "更换密封圈" in page
    assert "更换密封圈" in browser.get(at(lab, "events", lab.equipment)).content.decode()


@pytest.mark.parametrize(
    ("changes", "status", "sentence"),
    [
        ({"happened_on": "昨天"}, 422, "请按 2026-03-09 的样子填写"),
        ({"approved_by": ""}, 422, "请选择一项"),
        ({"approved_by": "nobody"}, 422, "已经不在列表里"),
        ({"happened_on": "2099-01-01"}, 409, "之后"),
    ],
)
def test_a_refused_event_keeps_what_was_typed(signed_in, lab, boss, changes, status, sentence):
    sent = {"happened_on": timezone.localdate(), "text": "更换传感器", "approved_by": boss.ref, **changes}
    page = signed_in(Role.METROLOGY_MANAGER).post(at(lab, "event_new", lab.equipment) + "?kind=repair", sent)
    text = page.content.decode()
    assert page.status_code == status and sentence in text and "更换传感器" in text


def test_a_file_that_is_none_is_refused_with_the_event(signed_in, lab):
    sent = {"happened_on": timezone.localdate(), "text": "保养", "file": SimpleUploadedFile("记录.exe", b"MZ")}
    page = signed_in(Role.METROLOGY_MANAGER).post(at(lab, "event_new", lab.equipment) + "?kind=maintenance", sent)
    assert page.status_code == 422 and "不接受“.exe”文件" in page.content.decode()
    assert not EquipmentEvent.objects.exists() and not Document.objects.exists()
