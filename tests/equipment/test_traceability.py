"""Recording certificates of traceability with their points, confirming them, and the gaps between them."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, transaction
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from equipment.events import equipment_traced
from equipment.models import (
    Confirmation,
    Equipment,
    EquipmentEvent,
    EquipmentPlan,
    PlanLine,
    Traceability,
    TracePoint,
)
from equipment.traceability import confirming, workflow
from equipment.traceability.gaps import Gap, gaps_in_use
from equipment.traceability.points import MOST, PointsGrid
from portal.models import AuditEntry, Document
from portal.permissions import Role
from portal.transitions import Refused
from tests import filled, make
from tests.equipment.clocks import due_on_day

DAY, NOON = make.DAY, make.NOON
D = Decimal
Conclusion, Requirement = Confirmation.Conclusion, Confirmation.Requirement


@pytest.fixture
def today():
    return timezone.localdate()


def facts(lab, **changes):
    return {
        "certificate_number": "SL2026-L-08827", "issuer": "省级计量院（示）", "calibrated_on": DAY - timedelta(10),
        "valid_until": DAY + timedelta(355), "expanded_uncertainty": "0.0015", "coverage_factor": "2",
        "uncertainty_unit": "MPa", **changes,
    }  # fmt: skip


def point(**changes):
    values = {
        "quantity": "压力", "unit": "MPa", "nominal": D("2.5"), "error": D("0.0005"), "uncertainty": D("0.0004"),
        "coverage_factor": D(2), "permitted": D("0.00125"), **changes,
    }  # fmt: skip
    return values


def pdf(content=b"%PDF-1.7 scanned", name="证书.pdf"):
    return SimpleUploadedFile(name, content)


def trace(lab, file=None, points=(), **changes):
    values = facts(lab, **({} if file else {"file": make.paper(lab.institution)}), **changes)
    return workflow.trace(lab.equipment, values, file, points=points, actor=lab.metrologist, at=NOON)


def confirm(lab, row, **changes):
    values = {"confirmed_by": lab.keeper, "confirmed_on": DAY, **changes}
    return workflow.confirm(row, values, actor=lab.metrologist, at=NOON)


def clauses_of(refused):
    return [refusal.clause for refusal in refused.value.refusals]


def at(lab, name, *rows):
    return reverse(f"equipment:{name}", args=[lab.institution.slug, *(row.ref for row in rows)])


def typed(lab, today, **changes):
    return {
        "kind": "calibration", "certificate_number": "SL2026-L-08827", "issuer": "省级计量院（示）",
        "issuer_qualification": "CNAS L00000", "chain": "national", "calibrated_on": today - timedelta(3),
        "valid_until": today + timedelta(362), "validity_printed": "on", "expanded_uncertainty": "0.0015",
        "coverage_factor": "2", "uncertainty_unit": "MPa", "conclusion": "fit", "confirmed_by": lab.keeper.ref,
        "confirmed_on": today, "file": SimpleUploadedFile("证书.pdf", make.pdf()), **changes,
    }  # fmt: skip


def typed_points(*rows):
    """Rows of the grid as a browser sends them."""
    names = ("quantity", "unit", "nominal", "value", "error", "uncertainty", "coverage_factor", "permitted")
    return {
        f"p-{number}-{name}": text for number, row in enumerate(rows) for name, text in zip(names, row, strict=True)
    }


GOOD = ("压力", "MPa", "2.5", "2.5005", "0.0005", "0.0004", "2", "0.00125")


# --- the verb


def test_a_traceability_that_nobody_has_confirmed_covers_no_day(lab):
    trace(lab)
    assert lab.equipment.traced_on(DAY) is None


def test_a_confirmed_traceability_makes_the_equipment_valid_on_the_day(lab):
    confirm(lab, trace(lab))
    assert lab.equipment.traced_on(DAY).certificate_number == "SL2026-L-08827"


def test_a_confirmation_that_finds_it_unfit_takes_the_place_of_an_earlier_one(lab):
    row = trace(lab)
    confirm(lab, row)
    confirm(lab, row, conclusion=Confirmation.Conclusion.UNFIT)
    assert lab.equipment.traced_on(DAY) is None


def test_a_restricted_use_says_to_what(lab):
    with pytest.raises(Refused, match="限制在哪些范围") as refused:
        confirm(lab, trace(lab), conclusion=Confirmation.Conclusion.RESTRICTED)
    assert clauses_of(refused) == ["C-5.5.4"]


def test_an_operator_confirms_what_an_operator_uses(lab):
    row = trace(lab)
    values = {"confirmed_by": lab.keeper, "confirmed_on": DAY}
    assert workflow.confirm(row, values, actor=lab.operator, at=NOON).pk


def test_a_certificate_without_its_file_is_refused(lab):
    with pytest.raises(Refused, match="还没有溯源证书的文件") as refused:
        workflow.trace(lab.equipment, facts(lab), None, actor=lab.metrologist, at=NOON)
    assert clauses_of(refused) == ["B-4.4.2-s1"]


def test_a_file_that_was_refused_is_no_file_and_one_in_inspection_is(lab):
    with pytest.raises(Refused, match="没有收下"):
        workflow.trace(
            lab.equipment, facts(lab, file=make.document(lab.institution, state="refused")), None,
            actor=lab.metrologist, at=NOON,
        )  # fmt: skip
    waiting = make.document(lab.institution, state="quarantined")
    assert workflow.trace(lab.equipment, facts(lab, file=waiting), None, actor=lab.metrologist, at=NOON).is_filed


def test_what_was_recorded_without_a_file_may_be_recorded_again_with_one(lab):
    values = facts(lab)
    make.traceability(lab.institution, lab.equipment, lab.keeper, **values, file=None)
    assert trace(lab).is_filed


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
        trace(lab, calibrated_on=DAY + timedelta(1))
    assert clauses_of(refused) == ["A-6.2.2"]


def test_a_certificate_that_ends_before_it_begins_is_refused(lab):
    with pytest.raises(Refused, match="早于检定/校准日期") as refused:
        trace(lab, valid_until=DAY - timedelta(11))
    assert clauses_of(refused) == ["A-6.2.2"]


def test_a_confirmation_before_the_calibration_is_refused(lab):
    with pytest.raises(Refused, match="要在拿到证书之后做") as refused:
        confirm(lab, trace(lab), confirmed_on=DAY - timedelta(11))
    assert clauses_of(refused) == ["C-5.5.4"]


def test_a_confirmation_in_the_future_is_refused(lab):
    with pytest.raises(Refused, match="请先做计量确认") as refused:
        confirm(lab, trace(lab), confirmed_on=DAY + timedelta(1))
    assert clauses_of(refused) == ["C-5.5.4"]


def test_a_confirmation_by_somebody_who_had_left_is_refused(lab):
    gone = make.employment(lab.institution, "罗闻", ended_on=DAY - timedelta(1))
    with pytest.raises(Refused, match="罗闻 在 2026-03-10 不在职") as refused:
        confirm(lab, trace(lab), confirmed_by=gone)
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


# --- points


def test_the_points_of_a_certificate_are_kept_with_it(lab):
    row = trace(lab, points=[point(), point(nominal=D(1))])
    assert [one.nominal for one in row.points.order_by("pk")] == [D("2.5"), D(1)]


def test_a_certificate_recorded_again_with_another_point_is_a_correction(lab):
    trace(lab, points=[point()])
    assert trace(lab, points=[point(error=D("0.0006"))]).pk


def test_the_same_certificate_with_the_same_points_is_not_recorded_twice(lab):
    trace(lab, points=[point()])
    with pytest.raises(Refused, match="已经登记过"):
        trace(lab, points=[point(nominal=D("2.50"))])


def test_a_point_is_never_changed(lab):
    row = trace(lab, points=[point()])
    with pytest.raises(DatabaseError), transaction.atomic():
        TracePoint.objects.filter(traceability=row).update(error=0)


def test_a_refused_certificate_leaves_no_points(lab):
    with pytest.raises(Refused):
        trace(lab, points=[point()], calibrated_on=DAY + timedelta(1))
    assert not TracePoint.objects.exists()


def grid(*rows, text="", unit="MPa"):
    data = QueryDict(mutable=True)
    data.update(typed_points(*rows) | {"points_text": text})
    return PointsGrid(data, unit=unit)


def test_a_row_of_the_grid_becomes_a_point_digit_for_digit():
    found = grid(GOOD)
    assert found.is_valid()
    assert found.points == [
        {"quantity": "压力", "unit": "MPa", "nominal": D("2.5"), "value": D("2.5005"), "error": D("0.0005"),
         "uncertainty": D("0.0004"), "coverage_factor": D(2), "permitted": D("0.00125")}
    ]  # fmt: skip


def test_quantity_and_unit_are_those_of_the_row_above():
    found = grid(("压力", "", "1", "", "0.1", "", "", ""), ("", "", "2", "", "0.1", "", "", ""))
    assert found.is_valid()
    assert [(one["quantity"], one["unit"]) for one in found.points] == [("压力", "MPa"), ("压力", "MPa")]


def test_lines_of_a_spreadsheet_are_points_and_their_titles_are_none():
    text = "被测量\t单位\t标称值\t示值或实际值\n压力\tMPa\t1.0\t1.0002\n压力\tMPa\t2.0\t2.0004\n"
    found = grid(text=text)
    assert found.is_valid() and [one["value"] for one in found.points] == [D("1.0002"), D("2.0004")]


def test_empty_rows_are_no_points():
    found = grid(GOOD, ("", "", "", "", "", "", "", ""), ("压力", "MPa", "", "", "", "", "", ""))
    assert found.is_valid() and len(found.points) == 1


def test_a_sign_before_the_permitted_error_is_understood():
    found = grid((*GOOD[:7], "±0.00125"))
    assert found.is_valid() and found.points[0]["permitted"] == D("0.00125")


@pytest.mark.parametrize(
    ("place", "text", "sentence"),
    [
        (0, "", "请填写被测量"),
        (0, "长" * 61, "最多 60 个字"),
        (1, "kgf/cm²", "应改用 Pa、kPa 或 MPa"),
        (1, "mpa", "应写作 MPa"),
        (1, "furlong", "不是法定计量单位"),
        (2, "", "请填写标称值"),
        (2, "NaN", "不是数字"),
        (2, "1e400", "指数"),
        (2, "9" * 13, "位数太多"),
        (3, "2,500", "有两种读法"),
        (5, "-0.1", "要填正数"),
        (5, "", "U 和 k 要一起填"),
        (6, "", "U 和 k 要一起填"),
        (6, "0.5", "k 应在 1 和 100 之间"),
        (7, "-1", "要填正数"),
    ],
)
def test_a_cell_that_cannot_be_kept_is_named_and_keeps_its_text(place, text, sentence):
    row = [*GOOD]
    row[place] = text
    found = grid(tuple(row))
    assert not found.is_valid()
    assert any("第 1 行" in problem and sentence in problem for problem in found.problems)
    assert found.rows[0].cells[place]["text"] == text


def test_a_unit_is_kept_as_it_is_printed():
    found = grid(("温度", "°C", "20", "", "0.1", "", "", ""))
    assert found.is_valid() and found.points[0]["unit"] == "℃"


def test_a_scale_may_stand_for_a_unit():
    found = grid(("硬度", "HRC", "20", "", "0.1", "", "", ""))
    assert found.is_valid() and found.points[0]["unit"] == "HRC"


def test_more_points_than_a_certificate_has_are_refused():
    found = grid(*[GOOD] * (MOST + 1))
    assert not found.is_valid() and f"超过 {MOST} 个" in found.problems[0]


# --- 计量确认 against the points


def judged(requirement=Requirement.MPE, wanted=None, **changes):
    return confirming.judged([TracePoint(**point(**changes))], requirement, wanted)[0]


@pytest.mark.parametrize(
    ("error", "u", "tone"),
    [
        ("0.0008", "0.00045", "ok"),  # reaches exactly what is permitted
        ("-0.0008", "0.00046", "due"),
        ("0.00125", "0.0001", "due"),
        ("0.00126", "0.0001", "bad"),
    ],
)
def test_a_point_is_within_when_its_error_and_its_u_are(error, u, tone):
    assert judged(error=D(error), uncertainty=D(u)).tone == tone


def test_a_permitted_value_of_the_use_goes_before_that_of_the_certificate():
    assert judged(wanted=D("0.0008")).tone == "due"


def test_without_anything_to_be_held_against_nothing_is_judged():
    assert judged(permitted=None).tone == "off"


def test_a_requirement_on_uncertainty_looks_at_u_alone():
    rows = [judged(Requirement.UNCERTAINTY, D(limit), error=D(1)).tone for limit in ("0.0004", "0.00039")]
    assert rows == ["ok", "bad"]


@pytest.mark.parametrize(
    ("changes", "proposed"),
    [
        ({}, Conclusion.FIT),
        ({"error": D("0.01")}, Conclusion.CORRECTED),
        ({"error": D("0.0010")}, Conclusion.CORRECTED),
        ({"uncertainty": D("0.002")}, Conclusion.UNFIT),
        ({"permitted": None}, ""),
    ],
)
def test_the_conclusion_that_follows_from_the_points_is_proposed(changes, proposed):
    assert confirming.proposed([judged(**changes)]) == proposed


def test_the_comparison_is_written_down_with_the_confirmation(lab):
    row = trace(lab, points=[point(), point(nominal=D(1), error=D("0.002"))])
    made = confirm(lab, row, requirement=Requirement.MPE, conclusion=Conclusion.CORRECTED, finding="带修正使用")
    assert made.finding == "2 点中 1 点满足；压力 1 MPa：0.0024 > 0.00125 MPa；带修正使用"


@pytest.mark.parametrize(
    ("changes", "conclusion", "sentence"),
    [
        ({"error": D("0.002")}, Conclusion.FIT, "误差超出允许值"),
        ({"error": D("0.001")}, Conclusion.FIT, "计入 U 后可能超出"),
        ({"uncertainty": D("0.002")}, Conclusion.FIT, "修正也不能满足"),
        ({"uncertainty": D("0.002")}, Conclusion.CORRECTED, "修正也不能满足"),
    ],
)
def test_a_conclusion_that_the_points_contradict_is_refused(lab, changes, conclusion, sentence):
    row = trace(lab, points=[point(**changes)])
    with pytest.raises(Refused, match=sentence) as refused:
        confirm(lab, row, requirement=Requirement.MPE, conclusion=conclusion)
    assert clauses_of(refused) == ["C-5.5.4"]


def test_an_agreed_rule_that_is_written_down_lets_a_doubtful_point_pass(lab):
    row = trace(lab, points=[point(error=D("0.001"))])
    said = {"requirement": Requirement.MPE, "requirement_text": "U ≤ MPE/3 时只看误差", "conclusion": Conclusion.FIT}
    assert confirm(lab, row, **said).pk


@pytest.mark.parametrize("conclusion", [Conclusion.CORRECTED, Conclusion.UNFIT])
def test_any_other_conclusion_suits_an_error_beyond_what_is_permitted(lab, conclusion):
    row = trace(lab, points=[point(error=D("0.002"))])
    assert confirm(lab, row, requirement=Requirement.MPE, conclusion=conclusion).pk


# --- clocks


def test_a_certificate_moves_the_clock_of_its_kind(lab):
    calibration = make.clock(lab.institution, lab.equipment, "calibration", due_on=DAY)
    verification = make.clock(lab.institution, lab.equipment, "verification", due_on=DAY)
    trace(lab)
    assert (make.fresh(calibration).due_on, make.fresh(verification).due_on) == (DAY + timedelta(355), DAY)


def line(lab, due_on, kind="calibration"):
    plan = EquipmentPlan.objects.filter(year=2026).first()
    plan = plan or filled.row(EquipmentPlan, lab.institution, kind="traceability", year=2026, file=None)
    return filled.row(PlanLine, lab.institution, plan=plan, equipment=lab.equipment, clock=kind, due_on=due_on)


def done_on(*lines):
    return [make.fresh(one).done_on for one in lines]


CALIBRATED = DAY - timedelta(10)


def test_a_certificate_recorded_again_does_one_line_of_the_plan(lab):
    lines = [line(lab, date(2026, month, 1)) for month in (3, 9)]
    for uncertainty in ("0.0015", "0.0016", "0.0017"):
        trace(lab, expanded_uncertainty=uncertainty)
    assert done_on(*lines) == [CALIBRATED, None]


def test_a_corrected_day_of_calibration_turns_clock_and_plan_back_to_it(lab):
    clock = make.clock(lab.institution, lab.equipment, "calibration", due_on=DAY)
    lines = [line(lab, date(2026, month, 1)) for month in (3, 9)]
    trace(lab, calibrated_on=DAY - timedelta(1), valid_until=DAY + timedelta(3650))
    trace(lab, valid_until=DAY + timedelta(355))
    assert make.fresh(clock).due_on == DAY + timedelta(355) and done_on(*lines) == [CALIBRATED, None]


def test_a_corrected_kind_moves_the_other_clock_and_lets_the_first_wait_again(lab):
    clocks = [make.clock(lab.institution, lab.equipment, kind, due_on=DAY) for kind in ("calibration", "verification")]
    lines = [line(lab, DAY), line(lab, DAY, "verification")]
    trace(lab)
    trace(lab, kind="verification")
    assert [make.fresh(one).due_on for one in clocks] == [None, DAY + timedelta(355)]
    assert done_on(*lines) == [None, CALIBRATED]


def test_a_corrected_certificate_leaves_the_line_of_another_one_of_that_day(lab):
    row = line(lab, DAY)
    trace(lab)
    trace(lab, certificate_number="SL-2")
    trace(lab, calibrated_on=DAY - timedelta(400), valid_until=DAY - timedelta(36))
    assert done_on(row) == [CALIBRATED]


def test_a_correction_of_something_else_leaves_a_clock_that_was_set_by_hand(lab):
    trace(lab)
    clock = make.clock(lab.institution, lab.equipment, "calibration", due_on=DAY + timedelta(30))
    trace(lab, expanded_uncertainty="0.0016")
    assert make.fresh(clock).due_on == DAY + timedelta(30)


def test_an_older_certificate_recorded_late_moves_no_clock(lab):
    clock = make.clock(lab.institution, lab.equipment, "calibration", due_on=DAY + timedelta(30))
    make.traceability(lab.institution, lab.equipment, lab.keeper)
    trace(lab, calibrated_on=date(2024, 9, 1), valid_until=date(2025, 8, 31))
    assert make.fresh(clock).due_on == DAY + timedelta(30)


def test_an_earlier_row_of_a_certificate_says_nothing_of_days_gone_by(lab):
    make.clock(lab.institution, lab.equipment, "calibration", due_on=DAY + timedelta(900))
    trace(lab, valid_until=DAY + timedelta(3650))
    trace(lab)
    trace(lab, certificate_number="SL-2", calibrated_on=DAY, valid_until=DAY + timedelta(900))
    assert due_on_day(lab.equipment, "calibration", DAY - timedelta(1)) == DAY + timedelta(355)


# --- gaps


def gap_world(lab, *traces, **kwargs):
    rows = [
        make.traceability(
            lab.institution, lab.equipment, lab.keeper, calibrated_on=first, valid_until=last, confirmed_on=confirmed,
        )
        for first, confirmed, last in traces
    ]  # fmt: skip
    return gaps_in_use(lab.equipment, rows, list(EquipmentEvent.objects.all()), date(2026, 3, 10), **kwargs)


YEAR_ONE = (date(2024, 1, 1), date(2024, 1, 1), date(2024, 12, 31))


def test_certificates_one_after_the_other_leave_no_gap(lab):
    assert gap_world(lab, YEAR_ONE, (date(2025, 1, 1), date(2025, 1, 1), date(2026, 12, 31))) == []


def test_days_on_which_a_newer_certificate_was_not_confirmed_are_a_gap(lab):
    found = gap_world(
        lab, (date(2025, 1, 1), date(2025, 1, 1), date(2026, 12, 31)),
        (date(2026, 1, 5), date(2026, 1, 8), date(2026, 12, 31)),
    )  # fmt: skip
    assert found == [Gap(date(2026, 1, 5), date(2026, 1, 7))]


def test_the_days_between_two_certificates_are_a_gap(lab):
    found = gap_world(lab, YEAR_ONE, (date(2025, 1, 5), date(2025, 1, 8), date(2026, 12, 31)))
    assert found == [Gap(date(2025, 1, 1), date(2025, 1, 7))] and found[0].days == 7


def test_a_certificate_that_has_run_out_leaves_a_gap_until_today(lab):
    assert gap_world(lab, YEAR_ONE) == [Gap(date(2025, 1, 1), date(2026, 3, 10))]


def test_a_certificate_that_found_it_unfit_covers_nothing(lab):
    row = make.traceability(
        lab.institution, lab.equipment, lab.keeper, calibrated_on=date(2026, 1, 1), valid_until=date(2026, 12, 31),
        confirmed_on=None,
    )  # fmt: skip
    confirm(lab, row, conclusion=Conclusion.UNFIT)
    assert gaps_in_use(lab.equipment, [row], [], DAY) == [Gap(date(2026, 1, 1), DAY)]


def test_days_out_of_use_are_no_gap(lab):
    for day, state in ((date(2024, 1, 1), "in_use"), (date(2024, 12, 20), "out_of_use"), (date(2025, 1, 6), "in_use")):
        EquipmentEvent.objects.create(
            institution=lab.institution,
            equipment=lab.equipment,
            kind="other",
            happened_on=day,
            state_after=state,
            text="x",
        )
    found = gap_world(lab, YEAR_ONE, (date(2025, 1, 5), date(2025, 1, 8), date(2026, 12, 31)))
    assert found == [Gap(date(2025, 1, 6), date(2025, 1, 7))]


def test_equipment_that_needs_no_traceability_has_no_gaps(lab):
    lab.equipment.traced = False
    assert gap_world(lab, YEAR_ONE) == []


def test_a_gap_is_shown_on_the_page_with_the_way_to_who_was_touched(lab, signed_in):
    make.traceability(lab.institution, lab.equipment, lab.keeper, valid_until=date(2025, 12, 31))
    page = signed_in(Role.OPERATOR).get(at(lab, "detail", lab.equipment)).content.decode()
    assert "在用期间有几天没有经确认的溯源证书" in page and "?first=2026-01-01" in page


# --- recording a traceability


def test_a_traceability_is_recorded_with_its_file(signed_in, lab, today):
    browser = signed_in(Role.METROLOGY_MANAGER)
    page = browser.post(at(lab, "trace", lab.equipment), typed(lab, today), follow=True)
    assert page.status_code == 200 and "SL2026-L-08827" in page.content.decode()
    assert Traceability.objects.get().file.name == "证书.pdf"


def test_the_form_starts_as_last_time(signed_in, lab, today):
    row = lab.equipment
    make.traceability(lab.institution, row, lab.keeper)
    page = signed_in(Role.METROLOGY_MANAGER).get(at(lab, "trace", row)).content.decode()
    assert 'value="省级计量院（示）"' in page and f'value="{today}"' in page


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"certificate_number": ""}, "请填写这一项"),
        ({"certificate_number": "SL\x00"}, "看不见的控制字符"),
        ({"certificate_number": "长" * 81}, "最多 80 个字，现在有 81 个"),
        ({"calibrated_on": "去年"}, "请按 2026-03-09 的样子填写"),
        ({"valid_until": "0206-11-14"}, "年份 206 不对"),
        ({"valid_until": "9999-12-31"}, "年份 9999 不对"),
        ({"expanded_uncertainty": "0,0015"}, "不是大于零的数"),
        ({"expanded_uncertainty": "NaN"}, "不是大于零的数"),
        ({"expanded_uncertainty": "0"}, "不是大于零的数"),
        ({"uncertainty_unit": "kgf/cm²"}, "没有“kgf/cm²”这一项"),
        ({"confirmed_by": "nobody"}, "所选的一项已经不在列表里"),
        ({"confirmed_by": "\x00"}, "所选的一项已经不在列表里"),
        ({"file": ""}, "请上传溯源证书"),
        ({"kind": ""}, "请选择一项"),
        ({"issuer_qualification": ""}, "没有资质的机构不能用来溯源"),
        ({"valid_until": ""}, "这台设备没有登记周期"),
        ({"permitted": "-1"}, "大于或等于"),
    ],
)
def test_what_cannot_be_read_is_said_and_nothing_typed_is_lost(signed_in, lab, today, changes, sentence):
    sent = typed(lab, today, issuer="示例校准有限公司", **changes)
    page = signed_in(Role.METROLOGY_MANAGER).post(at(lab, "trace", lab.equipment), sent)
    text = page.content.decode()
    assert page.status_code == 422 and sentence in text and "示例校准有限公司" in text


def test_dates_out_of_order_are_refused_with_their_clause_and_nothing_typed_is_lost(signed_in, lab, today):
    sent = typed(lab, today, valid_until=today - timedelta(30))
    page = signed_in(Role.METROLOGY_MANAGER).post(at(lab, "trace", lab.equipment), sent)
    text = page.content.decode()
    assert page.status_code == 409 and "A-6.2.2" in text and 'value="SL2026-L-08827"' in text


def test_a_file_of_the_wrong_kind_is_refused_in_words(signed_in, lab, today):
    sent = typed(lab, today, file=SimpleUploadedFile("证书.pdf", b"MZ program"))
    page = signed_in(Role.METROLOGY_MANAGER).post(at(lab, "trace", lab.equipment), sent)
    assert page.status_code == 409 and "文件内容与后缀" in page.content.decode()


def test_a_colleague_of_another_institution_cannot_be_the_one_who_confirmed(signed_in, lab, today):
    other = make.employment(make.institution("beta"), "外人")
    sent = typed(lab, today, confirmed_by=other.ref)
    assert signed_in(Role.METROLOGY_MANAGER).post(at(lab, "trace", lab.equipment), sent).status_code == 422


def test_somebody_who_left_is_not_offered_as_the_one_who_confirms(signed_in, lab, today):
    make.employment(lab.institution, "离职的人", ended_on=today - timedelta(1))
    assert "离职的人" not in signed_in(Role.METROLOGY_MANAGER).get(at(lab, "trace", lab.equipment)).content.decode()


def test_full_width_digits_are_understood(signed_in, lab, today):
    sent = typed(lab, today, expanded_uncertainty="０．００１５")
    signed_in(Role.METROLOGY_MANAGER).post(at(lab, "trace", lab.equipment), sent)
    assert Traceability.objects.get().expanded_uncertainty == "0.0015"


def test_a_certificate_with_points_is_typed_recorded_and_confirmed_in_one_go(signed_in, lab, today):
    sent = typed(lab, today) | typed_points(GOOD)
    page = signed_in(Role.METROLOGY_MANAGER).post(at(lab, "trace", lab.equipment), sent, follow=True)
    row = Traceability.objects.get()
    assert page.status_code == 200 and row.points.count() == 1 and row.covers(today)


def test_a_certificate_may_be_confirmed_later(signed_in, lab, today):
    browser = signed_in(Role.METROLOGY_MANAGER)
    page = browser.post(at(lab, "trace", lab.equipment), typed(lab, today, conclusion="", confirmed_by=""), follow=True)
    row = Traceability.objects.get()
    assert "还没有计量确认" in page.content.decode() and not row.covers(today)


def test_a_conclusion_that_the_points_contradict_records_nothing_and_loses_nothing(signed_in, lab, today):
    sent = typed(lab, today) | typed_points((*GOOD[:4], "0.5", *GOOD[5:]))
    page = signed_in(Role.METROLOGY_MANAGER).post(at(lab, "trace", lab.equipment), sent)
    text = page.content.decode()
    assert page.status_code == 409 and "误差超出允许值" in text and 'value="0.00125"' in text
    assert not Traceability.objects.exists()
    assert AuditEntry.objects.get(verb="traceability.record").succeeded is False


def test_a_point_that_cannot_be_kept_comes_back_onto_the_form(signed_in, lab, today):
    sent = typed(lab, today) | typed_points((*GOOD[:4], "很小", *GOOD[5:]))
    page = signed_in(Role.METROLOGY_MANAGER).post(at(lab, "trace", lab.equipment), sent)
    text = page.content.decode()
    assert page.status_code == 422 and 'value="很小"' in text and "校准点第 1 行“误差”" in text


def test_without_a_printed_validity_the_own_interval_counts(signed_in, lab, today):
    make.clock(lab.institution, lab.equipment, "calibration", interval_months=12, due_on=today)
    sent = typed(lab, today, calibrated_on="2025-03-01", valid_until="")
    signed_in(Role.METROLOGY_MANAGER).post(at(lab, "trace", lab.equipment), sent)
    row = Traceability.objects.get()
    assert (row.valid_until, row.validity_printed) == (date(2026, 2, 28), False)


def test_somebody_who_may_not_confirm_records_without(client, lab, today, monkeypatch):
    from portal import permissions

    kept = {role: rights - {permissions.Permission.EQUIPMENT_CONFIRM} for role, rights in permissions.GRANTS.items()}
    monkeypatch.setattr(permissions, "GRANTS", kept)
    client.force_login(make.user(lab.institution, Role.METROLOGY_MANAGER))
    assert "计量确认人" not in client.get(at(lab, "trace", lab.equipment)).content.decode()
    client.post(at(lab, "trace", lab.equipment), typed(lab, today))
    assert not Traceability.objects.get().confirmations.exists()


def test_the_page_of_a_certificate_compares_its_points(signed_in, lab):
    row = trace(lab, points=[point(), point(nominal=D(1), error=D("0.002"))])
    page = signed_in(Role.OPERATOR).get(row.get_absolute_url()).content.decode()
    assert "2 点中 1 点满足" in page and "超出" in page and "+0.002" in page and "!!" not in page


def test_an_operator_confirms_on_the_page_of_the_certificate(signed_in, lab):
    row = trace(lab, points=[point()])
    sent = {"requirement": "mpe", "conclusion": "fit", "confirmed_by": lab.keeper.ref, "confirmed_on": DAY}
    page = signed_in(Role.OPERATOR).post(at(lab, "trace_confirm", row), sent, follow=True)
    assert page.status_code == 200 and row.confirmations.get().conclusion == Conclusion.FIT


def test_a_refused_confirmation_keeps_what_was_typed(signed_in, lab):
    row = trace(lab)
    sent = {"conclusion": "restricted", "confirmed_by": lab.keeper.ref, "confirmed_on": DAY, "note": "只用低段"}
    page = signed_in(Role.OPERATOR).post(at(lab, "trace_confirm", row), sent)
    assert page.status_code == 409 and 'value="只用低段"' in page.content.decode()


def test_a_confirmation_without_a_conclusion_says_so(signed_in, lab):
    row = trace(lab)
    page = signed_in(Role.OPERATOR).post(at(lab, "trace_confirm", row), {"confirmed_by": lab.keeper.ref})
    assert page.status_code == 422 and not row.confirmations.exists()


def test_a_checker_may_not_confirm(signed_in, lab):
    row = trace(lab)
    assert signed_in(Role.CHECKER).post(at(lab, "trace_confirm", row), {}).status_code == 403


def test_the_page_needs_the_same_queries_for_many_points(signed_in, lab, django_assert_max_num_queries):
    row = trace(lab, points=[point(nominal=D(number)) for number in range(60)])
    browser = signed_in(Role.METROLOGY_MANAGER)
    browser.get(row.get_absolute_url())
    with django_assert_max_num_queries(22):
        browser.get(row.get_absolute_url())
