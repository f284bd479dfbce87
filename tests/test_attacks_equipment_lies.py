"""What a laboratory tries that wants to go on with equipment it may not use. Names say what must not work."""

from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.urls import reverse

from equipment import usability
from equipment.checking import workflow as checking
from equipment.checking.intermediate import standing_failure
from equipment.checking.readings import Readings
from equipment.codes import verbs as codes_of_things
from equipment.impacts import asking
from equipment.labels import printing
from equipment.life import workflow
from equipment.models import (
    Confirmation,
    CorrectionCopy,
    EquipmentEvent,
    ImpactQuestion,
    IntermediateCheck,
    Label,
    StandardPart,
)
from equipment.standards import parts
from equipment.traceability import corrections
from equipment.traceability import workflow as tracing
from portal import codes, scan
from portal.permissions import Role
from portal.registers import REGISTERS, verbs
from portal.tenancy import tenant
from portal.transitions import Refused
from tests import make
from tests.make import DAY, NOON
from tests.portal.test_imports import paste, sentences, write

YESTERDAY = DAY - timedelta(1)
Kind, Verdict = EquipmentEvent.Kind, IntermediateCheck.Verdict


@pytest.fixture
def lab(db):
    """A laboratory with a traced standard in use and the people around it; the test runs inside its scope."""
    institution = make.institution()
    keeper = make.employment(institution, "沈若川")
    world = SimpleNamespace(institution=institution, site=make.site(institution), keeper=keeper)
    world.manager = make.actor(institution, Role.METROLOGY_MANAGER, employment=keeper)
    world.operator = make.actor(institution, Role.OPERATOR)
    world.device = make.equipment(institution, world.site)
    world.trace = make.traceability(institution, world.device, keeper)
    with tenant(institution.pk):
        yield world


def usable(lab, day=DAY):
    return not usability.reasons_against(make.fresh(lab.device), day)


def amended(lab, name, row, **values):
    row = make.fresh(row)
    return verbs.amend(REGISTERS[name], row, values, row.revision, actor=lab.manager, at=NOON)


def withdrawn(lab, name, row):
    return verbs.withdraw(REGISTERS[name], make.fresh(row), "登记错了", actor=lab.manager, at=NOON)


def checked(lab, plan, value, on=DAY):
    values = {"performed_on": on, "performed_by": lab.keeper, "conditions": ""}
    return checking.check(make.fresh(plan), Readings((value,)), values, None, actor=lab.manager, at=NOON)


def confirmed(lab, trace, conclusion="fit", on=DAY, **values):
    facts = {"requirement": "use", "conclusion": conclusion, "confirmed_by": lab.keeper, "confirmed_on": on, **values}
    return tracing.confirm(trace, {"finding": "", **facts}, actor=lab.manager, at=NOON)


# --- running away from a clock


def test_an_overdue_clock_is_not_simply_set_to_next_year(lab):
    clock = make.clock(lab.institution, lab.device, due_on=YESTERDAY)
    plan = make.check_plan(lab.institution, lab.device)
    checked(lab, plan, "1.0002", on=DAY - timedelta(220))
    with pytest.raises(Refused, match="最晚"):
        amended(lab, "equipment-clocks", clock, due_on=DAY + timedelta(150))
    assert not usable(lab)


def test_a_table_sets_no_overdue_clock_to_next_year_either(lab):
    make.clock(lab.institution, lab.device, kind="maintenance", due_on=YESTERDAY)
    EquipmentEvent.objects.create(
        institution=lab.institution, equipment=lab.device, kind="maintenance", happened_on=DAY - timedelta(200), text="清洁"
    )  # fmt: skip
    heads = ["设备", "事项", "下次到期"]
    until = f"{DAY + timedelta(150)}"
    run = paste(lab.manager, heads, [lab.device.asset_number, "维护保养", until], name="equipment-clocks")
    assert run.flawed_rows == 1 and "最晚" in sentences(run)[0]


def test_nothing_is_due_later_than_an_interval_from_today(lab):
    clock = make.clock(lab.institution, lab.device)
    with pytest.raises(Refused, match="最晚"):
        amended(lab, "equipment-clocks", clock, due_on=date(2099, 1, 1))


@pytest.mark.parametrize("way", ["not needed", "withdrawn"])
def test_what_is_overdue_is_done_and_not_decided_away(lab, way):
    clock = make.clock(lab.institution, lab.device, due_on=YESTERDAY)
    with pytest.raises(Refused, match="已经逾期"):
        if way == "withdrawn":
            withdrawn(lab, "equipment-clocks", clock)
        else:
            amended(lab, "equipment-clocks", clock, needed=False, basis="不影响结果", due_on=None)
    assert not usable(lab)


def test_of_what_is_put_away_a_clock_may_be_decided_away(lab):
    clock = make.clock(lab.institution, lab.device, due_on=YESTERDAY)
    workflow.take_out_of_use(lab.device, "暂无任务", actor=lab.manager, at=NOON)
    withdrawn(lab, "equipment-clocks", clock)


@pytest.mark.parametrize(
    ("name", "maker"), [("equipment-clocks", make.clock), ("check-plans", make.check_plan)]
)  # fmt: skip
def test_what_is_kept_for_one_device_is_not_moved_to_another(lab, name, maker):
    row = maker(lab.institution, lab.device)
    other = make.equipment(lab.institution, lab.site)
    with pytest.raises(Refused, match="不能改到另一台"):
        amended(lab, name, row, equipment=other)


# --- running away from a failed check


def test_a_failed_check_is_not_lost_with_its_plan(lab):
    plan = make.check_plan(lab.institution, lab.device)
    checked(lab, plan, "1.9")
    withdrawn(lab, "check-plans", plan)
    assert not usable(lab)
    assert IntermediateCheck.objects.filter(verdict=Verdict.FAILED).exists()


def test_a_check_of_another_device_answers_no_failure(lab):
    plan = make.check_plan(lab.institution, lab.device)
    failed = checked(lab, plan, "1.9", on=YESTERDAY)
    other = make.equipment(lab.institution, lab.site)
    type(plan).objects.filter(pk=plan.pk).update(equipment=other)
    checked(lab, plan, "1.0002")
    assert standing_failure(lab.device, DAY) == failed


def test_a_calibration_that_turned_out_unfit_answers_no_failed_check(lab):
    plan = make.check_plan(lab.institution, lab.device)
    checked(lab, plan, "1.9")
    trace = make.traceability(lab.institution, lab.device, lab.keeper, calibrated_on=DAY, confirmed_on=DAY)
    confirmed(lab, trace, "unfit")
    assert standing_failure(lab.device, DAY) is not None


def test_a_wider_limit_makes_no_passed_check_of_a_failed_one(lab):
    plan = make.check_plan(lab.institution, lab.device)
    failed = checked(lab, plan, "1.9")
    amended(lab, "check-plans", plan, limit=Decimal(100))
    failed = make.fresh(failed)
    assert (failed.verdict, failed.terms["limit"]) == (Verdict.FAILED, "0.01")


# --- what the question goes back to


def test_a_confirmation_that_was_taken_back_is_no_last_good_day(lab):
    confirmed(lab, lab.trace, "unfit", on=DAY)
    assert asking.last_good(lab.device, DAY) is None


def test_a_certificate_that_was_corrected_is_no_last_good_day(lab):
    make.traceability(
        lab.institution, lab.device, lab.keeper, certificate_number=lab.trace.certificate_number, confirmed_on=None,
        calibrated_on=date(2025, 8, 1),
    )  # fmt: skip
    assert asking.last_good(lab.device, DAY) is None


def test_a_check_of_one_point_does_not_shorten_the_question_about_another(lab):
    bad = make.check_plan(lab.institution, lab.device)
    easy = make.check_plan(lab.institution, lab.device, quantity="外观", nominal="2", reference="2", limit="100")
    checked(lab, bad, "1.0002", on=date(2025, 12, 1))
    checked(lab, easy, "2", on=YESTERDAY)
    checked(lab, bad, "1.9")
    assert ImpactQuestion.objects.get().since == date(2025, 12, 2)


@pytest.mark.parametrize("nothing", ["", "  ", "\u3000", "\n\t"])
def test_an_impact_question_is_not_answered_with_nothing(lab, nothing):
    workflow.quarantine(lab.device, "跌落", kind=Kind.MISHANDLED, actor=lab.operator, at=NOON)
    with pytest.raises(Refused, match="写明评估了哪些记录"):
        asking.answer(
            ImpactQuestion.objects.get(), {"conclusion": "none", "answer": nothing}, None, actor=lab.manager, at=NOON
        )


@pytest.mark.parametrize("nothing", ["\u200b", "\u2060\u2060", "\u00ad", "\ufeff"])
def test_an_invisible_answer_is_none(client, lab, nothing):
    workflow.quarantine(lab.device, "跌落", kind=Kind.MISHANDLED, actor=lab.operator, at=NOON)
    question = ImpactQuestion.objects.get()
    client.force_login(make.user(lab.institution, Role.METROLOGY_MANAGER))
    url = reverse("equipment:impact_answer", args=[lab.institution.slug, question.ref])
    assert client.post(url, {"conclusion": "none", "answer": nothing}).status_code == 422
    assert make.fresh(question).state == ImpactQuestion.State.OPEN


def test_back_in_use_the_same_second_leaves_the_question_open(lab):
    workflow.quarantine(lab.device, "读数跳动", kind=Kind.SUSPICIOUS, actor=lab.operator, at=NOON)
    with pytest.raises(Refused, match="没有结论"):
        workflow.return_to_use(make.fresh(lab.device), "复测正常", actor=lab.manager, at=NOON)
    assert not usable(lab)


# --- what was measured with what


def test_equipment_that_has_certificates_is_not_declared_to_need_none(lab):
    standard = make_part(lab)
    with pytest.raises(Refused, match=standard.name):
        amended(lab, "equipment", lab.device, traced=False, untraced_because="只作指示")


@pytest.mark.parametrize("role", ["software", "consumable"])
def test_a_standard_does_not_become_something_that_is_never_traced(lab, role):
    values = {"role": role, "traced": False, "expires_on": date(2030, 1, 1), "software_version": "1"}
    with pytest.raises(Refused, match="溯源证书"):
        amended(lab, "equipment", lab.device, **values)


def test_a_table_makes_no_untraced_part_of_a_standard_either(lab):
    make_part(lab)
    heads = ["管理编号", "需要溯源", "不需要溯源的理由"]
    run = paste(lab.manager, heads, [lab.device.asset_number, "否", "只作指示"], name="equipment")
    assert (run.changed_rows, run.flawed_rows) == (0, 1)


def test_what_is_not_traced_becomes_no_main_standard(lab):
    standard = make_part(lab)
    pump = make.equipment(lab.institution, lab.site, role="supporting", traced=False, untraced_because="只造压")
    with pytest.raises(Refused, match="不溯源"):
        parts.change_parts(
            standard, added=pump, role="main", removed=standard.parts.get(), on=DAY, reason="更换", actor=lab.manager, at=NOON
        )  # fmt: skip


def make_part(lab):
    """A measurement standard of which the device is the main part."""
    from equipment.models import MeasurementStandard

    standard = MeasurementStandard.objects.create(
        institution=lab.institution, kind="working", code="BZ-900", name="压力表检定装置", site=lab.site,
        range_text="(0～2.5) MPa", accuracy="0.05 级", responsible=lab.keeper, state="in_use",
    )  # fmt: skip
    StandardPart.objects.create(institution=lab.institution, standard=standard, equipment=lab.device)
    return standard


# --- what a label and a code say


def test_an_old_sheet_prints_no_fit_label_for_stopped_equipment(client, lab):
    day = make.fresh(lab.trace)
    assert day.covers(DAY)
    at = NOON
    (label,) = printing.print_labels([lab.device], actor=lab.manager, at=at).labels
    assert label.word == Label.Word.FIT
    workflow.quarantine(lab.device, "跌落", kind=Kind.MISHANDLED, actor=lab.operator, at=at)
    client.force_login(make.user(lab.institution, Role.METROLOGY_MANAGER))
    query = {"first": label.serial, "last": label.serial, "sheet": "roll-40x30", "start": "1"}
    answer = client.get(reverse("equipment:label_pdf", args=[lab.institution.slug]), query, follow=True)
    assert answer["Content-Type"].startswith("text/html") and "与现在的状态不一致" in answer.content.decode()


def test_a_code_stops_saying_fit_when_new_corrections_are_not_everywhere(lab):
    make.trace_point(lab.institution, lab.trace)
    CorrectionCopy.objects.create(institution=lab.institution, equipment=lab.device, kind="software", place="电脑")
    (code,), _none = codes_of_things.make_for([lab.device], actor=lab.manager, at=NOON)
    assert scan.face(codes.find(code.token), NOON)["state"] in ("fit", "due")
    corrections.make(lab.trace, actor=lab.manager, at=NOON)
    assert not usable(lab) and scan.face(codes.find(code.token), NOON)["state"] == "stopped"


def test_a_code_stops_saying_fit_when_a_table_shortens_a_clock(lab):
    make.clock(lab.institution, lab.device, kind="maintenance", due_on=DAY + timedelta(100))
    (code,), _none = codes_of_things.make_for([lab.device], actor=lab.manager, at=NOON)
    row = [lab.device.asset_number, "维护保养", f"{YESTERDAY}"]
    write(paste(lab.manager, ["设备", "事项", "下次到期"], row, name="equipment-clocks"), lab.manager)
    assert scan.face(codes.find(code.token), NOON)["state"] in ("stopped", "expired")


def test_a_relinked_code_takes_no_status_along(lab):
    (code,), _none = codes_of_things.make_for([lab.device], actor=lab.manager, at=NOON)
    bad = make.equipment(lab.institution, lab.site)
    codes_of_things.relink(code, bad, "贴错了", actor=lab.manager, at=NOON)
    assert scan.face(codes.find(code.token), NOON)["state"] == "stopped"


def test_a_certificate_number_typed_again_is_a_correction_however_it_is_spaced(lab):
    make.traceability(
        lab.institution, lab.device, lab.keeper, certificate_number=lab.trace.certificate_number, confirmed_on=None,
        valid_until=date(2025, 12, 31),
    )  # fmt: skip
    assert not usable(lab)


def test_a_confirmation_is_never_rewritten(lab):
    first = Confirmation.objects.get()
    from django.db import DatabaseError, transaction

    with pytest.raises(DatabaseError), transaction.atomic():
        Confirmation.objects.filter(pk=first.pk).update(confirmed_on=date(2025, 9, 1))


# --- corrections


@pytest.mark.parametrize("conclusion", ["corrected", "fit"])
def test_what_is_used_with_corrections_is_not_used_with_those_of_an_older_certificate(lab, conclusion):
    make.trace_point(lab.institution, lab.trace)
    copy = CorrectionCopy.objects.create(institution=lab.institution, equipment=lab.device, kind="sheet", place="电脑")
    edition = corrections.make(lab.trace, actor=lab.manager, at=NOON)
    corrections.update_copy(copy, edition, updated_on=DAY, updated_by=lab.keeper, actor=lab.manager, at=NOON)
    assert usable(lab)
    trace = make.traceability(lab.institution, lab.device, lab.keeper, calibrated_on=YESTERDAY, confirmed_on=None)
    confirmed(lab, trace, conclusion)
    assert usable(lab) == (conclusion == "fit")


def test_what_is_used_with_corrections_has_some(lab):
    CorrectionCopy.objects.create(institution=lab.institution, equipment=lab.device, kind="sheet", place="电脑")
    assert usable(lab)
    confirmed(lab, lab.trace, "corrected")
    assert not usable(lab)
