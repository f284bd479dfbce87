"""The register of equipment: what a row must have, what is refused in words, and the register as a spreadsheet."""

import io
from datetime import date, timedelta
from decimal import Decimal

import openpyxl
import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse

from equipment.events import equipment_registered
from equipment.life import workflow
from equipment.life.filing import incomplete, missing, with_checklist
from equipment.models import AlternativeTraceability, Equipment, EquipmentEvent, EquipmentPaper, EquipmentPlan
from institutions.models import Customer, Room
from portal.models import AuditEntry, RegisterImport
from portal.outbox import drain
from portal.permissions import Role
from portal.registers import REGISTERS, exporting, imports, verbs
from portal.registers.columns import columns_of, form_of
from portal.transitions import Refused
from tests import filled, make
from tests.portal.test_tables import workbook

DAY, NOON = make.DAY, make.NOON
State = Equipment.State
BOOK = REGISTERS["equipment"]


def plate(lab, **changes):
    return {
        "asset_number": "LC-YB-0231", "role": Equipment.Role.STANDARD, "name": "活塞式压力计", "model": "YS-60",
        "serial_number": "9921", "manufacturer": "北岸仪表", "range_text": "(0.1～6) MPa", "accuracy": "0.02 级",
        "range_low": Decimal("0.1"), "range_high": Decimal(6), "unit": "MPa", "site": lab.site, **changes,
    }  # fmt: skip


def registered(lab, **changes):
    return verbs.record(BOOK, plate(lab, **changes), actor=lab.metrologist, at=NOON)


def clauses_of(refused):
    return [refusal.clause for refusal in refused.value.refusals]


def amended(lab, row, **changes):
    return verbs.amend(BOOK, row, changes, make.fresh(row).revision, actor=lab.metrologist, at=NOON)


# --- the row


def test_registered_equipment_waits_to_be_taken_into_use(lab):
    assert make.fresh(registered(lab)).state == State.NEW


def test_its_history_begins_with_the_purchase_and_the_entry(lab):
    row = registered(lab, acquired_on=DAY - timedelta(30))
    told = EquipmentEvent.objects.filter(equipment=row).order_by("happened_on").values_list("kind", "state_after")
    assert list(told) == [("purchase", "new"), ("acceptance", "new")]


def test_what_is_registered_is_announced_once_with_all_its_rows(lab):
    heard = []
    listen = lambda sender, rows, **kwargs: heard.append([row.asset_number for row in rows])  # noqa: E731
    equipment_registered.connect(listen)
    row = registered(lab)
    amended(lab, row, name="活塞压力计")
    equipment_registered.disconnect(listen)
    assert heard == [["LC-YB-0231"]]


def test_an_operator_may_not_register_equipment(lab):
    with pytest.raises(PermissionDenied):
        verbs.record(BOOK, plate(lab), actor=lab.operator, at=NOON)


def test_an_asset_number_is_given_once_and_the_refusal_leads_to_its_owner(lab):
    first = registered(lab)
    with pytest.raises(Refused, match="已经是“活塞式压力计”的") as refused:
        registered(lab, serial_number="9922")
    refusal = refused.value.refusals[0]
    assert (refusal.clause, refusal.link) == ("D-4.4.3.1", first.get_absolute_url())


def test_the_same_plate_is_not_registered_twice_and_the_refusal_leads_to_the_first(lab):
    first = registered(lab)
    with pytest.raises(Refused, match="已经登记为 LC-YB-0231") as refused:
        registered(lab, asset_number="LC-YB-0232")
    assert refused.value.refusals[0].link == first.get_absolute_url()


def test_the_plate_of_scrapped_equipment_may_be_registered_anew(lab):
    make.equipment(lab.institution, lab.site, state=State.SCRAPPED, manufacturer="北岸仪表", model="YS-60",
                   serial_number="9921")  # fmt: skip
    assert registered(lab).pk


def test_a_row_is_no_duplicate_of_itself(lab):
    assert make.fresh(amended(lab, registered(lab), name="活塞压力计")).name == "活塞压力计"


@pytest.mark.parametrize(
    ("changes", "clause", "sentence"),
    [
        ({"range_low": None}, "B-5.7-e", "要一起填"),
        ({"range_low": Decimal(7)}, "B-5.7-e", "大于上限"),
        ({"unit": ""}, "B-5.7-e", "还缺单位"),
        ({"range_text": "(0～60) kgf/cm²"}, "data", "应改用 Pa、kPa 或 MPa"),
        ({"accuracy": "U = 0.1 psi, k = 2"}, "data", "psi 应改用"),
        ({"role": "reference", "expires_on": DAY}, "B-4.4.2-s4", "要有批号"),
        ({"role": "reference", "lot": "GBW-1"}, "B-4.4.2-s5", "要有失效日期"),
        ({"role": "consumable", "lot": "R-1"}, "B-4.4.2-s5", "要有失效日期"),
        ({"role": "software"}, "B-4.4.1-b", "要有版本"),
        ({"role": "customer"}, "data", "写明是谁的"),
        ({"customer": "somebody"}, "data", "用途却不是"),
        ({"certified": True}, "data", "只有标准物质"),
        ({"traced": False}, "A-6.2.2", "要写明理由"),
        ({"traced": False, "untraced_because": "只作指示", "mandatory": True}, "A-6.2.2", "必须溯源"),
        ({"acquired_on": DAY + timedelta(1)}, "data", "在今天（2026-03-10）之后"),
        ({"acquired_on": DAY, "expires_on": DAY - timedelta(1)}, "data", "早于购置日期"),
        ({"obsolete": True}, "A-6.2.1.1-s2", "要写明淘汰日期"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_clause(lab, changes, clause, sentence):
    if "customer" in changes:
        changes = {"customer": make.customer(lab.institution)}
    with pytest.raises(Refused, match=sentence) as refused:
        registered(lab, **changes)
    assert clauses_of(refused) == [clause]


def test_a_plate_of_a_customer_is_quoted_as_it_is(lab):
    owner = make._row(Customer, lab.institution, name="海岸制造有限公司")
    assert registered(lab, role="customer", customer=owner, range_text="(0～100) psi", traced=False).pk


def test_a_room_belongs_to_the_place(lab):
    elsewhere = make.site(lab.institution, name="东屏场所")
    room = make._row(Room, lab.institution, site=elsewhere, name="压力室")
    with pytest.raises(Refused, match="房间“压力室”不在"):
        registered(lab, room=room)


def test_what_is_in_use_cannot_be_called_abolished(lab):
    with pytest.raises(Refused, match="还在用") as refused:
        amended(lab, lab.equipment, obsolete=True, obsolete_on=DAY)
    assert clauses_of(refused) == ["A-6.2.1.1-s2"]


def test_a_mistaken_entry_is_withdrawn_and_its_history_ends(lab):
    row = registered(lab)
    verbs.withdraw(BOOK, row, "登记重复", actor=lab.metrologist, at=NOON)
    last = EquipmentEvent.objects.filter(equipment=row).order_by("pk").last()
    assert (make.fresh(row).state, last.state_after) == (State.WITHDRAWN, State.WITHDRAWN)


def test_what_has_been_traced_is_not_withdrawn(lab):
    row = registered(lab)
    make.traceability(lab.institution, row, lab.keeper)
    with pytest.raises(Refused, match="办理报废"):
        verbs.withdraw(BOOK, row, "登记重复", actor=lab.metrologist, at=NOON)


# --- the form


@pytest.fixture
def sent(lab):
    return {
        **{name: str(value) for name, value in plate(lab).items()}, "site": lab.site.ref, "traced": "on",
        "control": "own",
    }  # fmt: skip


def url(lab, page="register_new", *args):
    return reverse(f"portal:{page}", args=[lab.institution.slug, "equipment", *args])


def test_equipment_is_registered_on_the_form_of_the_register(signed_in, lab, sent):
    page = signed_in(Role.METROLOGY_MANAGER).post(url(lab), sent, follow=True)
    row = Equipment.objects.get(asset_number="LC-YB-0231")
    assert page.redirect_chain[-1][0] == row.get_absolute_url() and "待投用" in page.content.decode()


def test_the_form_wants_traceability_unless_somebody_says_no(signed_in, lab):
    form = signed_in(Role.METROLOGY_MANAGER).get(url(lab)).context["form"]
    assert form["traced"].value() is True


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"asset_number": ""}, "请填写这一项"),
        ({"name": "\x00"}, "看不见的控制字符"),
        ({"range_low": "NaN"}, "不是数"),
        ({"range_high": "9" * 40}, "位数太多"),
        ({"site": "nobody"}, "已经不在列表里"),
        ({"unit": "kgf/cm²"}, "应改用 Pa、kPa 或 MPa"),
        ({"unit": "Kpa"}, "应写作 kPa"),
        ({"unit": "格令"}, "不是法定计量单位"),
        ({"software_sha256": "xyz"}, "64 位十六进制"),
    ],
)
def test_what_cannot_be_registered_is_said_and_nothing_typed_is_lost(signed_in, lab, sent, changes, sentence):
    page = signed_in(Role.METROLOGY_MANAGER).post(url(lab), {**sent, "model": "示例型号", **changes})
    text = page.content.decode()
    assert page.status_code == 422 and sentence in text and 'value="示例型号"' in text


def test_a_unit_is_kept_by_its_printed_symbol(signed_in, lab, sent):
    signed_in(Role.METROLOGY_MANAGER).post(url(lab), {**sent, "unit": "°C"})
    assert Equipment.objects.get(asset_number="LC-YB-0231").unit == "℃"


def test_a_refused_entry_names_its_clause_and_keeps_what_was_typed(signed_in, lab, sent):
    page = signed_in(Role.METROLOGY_MANAGER).post(url(lab), {**sent, "asset_number": lab.equipment.asset_number})
    text = page.content.decode()
    assert page.status_code == 409 and "D-4.4.3.1" in text and 'value="活塞式压力计"' in text


def test_software_has_no_traceability_of_its_own(signed_in, lab, sent):
    signed_in(Role.METROLOGY_MANAGER).post(url(lab), {**sent, "role": "software", "software_version": "2.4.1"})
    assert Equipment.objects.get(asset_number="LC-YB-0231").traced is False


def test_the_list_of_the_register_is_the_list_of_equipment(signed_in, lab):
    answer = signed_in(Role.OPERATOR).get(url(lab, "register") + "?state=new")
    assert answer["Location"] == reverse("equipment:list", args=[lab.institution.slug]) + "?state=new"


def test_a_photo_of_fifty_megabytes_is_refused_with_a_sentence(signed_in, lab):
    large = SimpleUploadedFile("照片.jpg", b"\xff\xd8\xff" + b"0" * (50 * 1024 * 1024), content_type="image/jpeg")
    sent = {"equipment": lab.equipment.ref, "kind": "photo", "title": "正面", "file": large}
    page = signed_in(Role.METROLOGY_MANAGER).post(
        reverse("portal:register_new", args=[lab.institution.slug, "equipment-papers"]), sent
    )
    assert page.status_code == 413 and "太大" in page.content.decode()
    assert not EquipmentPaper.objects.exists()


def test_a_photo_is_a_picture(signed_in, lab):
    sent = {"equipment": lab.equipment.ref, "kind": "photo", "title": "正面",
            "file": SimpleUploadedFile("照片.pdf", make.pdf())}  # fmt: skip
    page = signed_in(Role.METROLOGY_MANAGER).post(
        reverse("portal:register_new", args=[lab.institution.slug, "equipment-papers"]), sent
    )
    assert page.status_code == 422 and "JPG 或 PNG" in page.content.decode()


# --- the spreadsheet

HEADS = (
    "管理编号*", "用途*", "名称*", "型号规格*", "出厂编号", "制造单位*", "测量范围*", "准确度*", "测量下限", "测量上限", "单位",
    "存放场所*",
)  # fmt: skip


def line(lab, number, **changes):
    cells = {
        "asset": f"LC-{number:05d}", "role": "计量标准器", "name": "数字压力计", "model": "HY-2000", "serial": f"S{number}",
        "maker": "北岸仪表", "range": "(0～2.5) MPa", "accuracy": "0.05 级", "low": "0", "high": "2.5", "unit": "MPa",
        "site": lab.site.name,
    } | changes  # fmt: skip
    return list(cells.values())


def imported(lab, *rows, mode="good"):
    """The rows as a workbook, read and, as far as they are good, written."""
    file = SimpleUploadedFile("台账.xlsx", workbook(list(HEADS), *rows))
    run = imports.start_with_file(BOOK, file, actor=lab.metrologist, at=NOON)
    drain()
    run = make.fresh(run)
    if run.state == RegisterImport.State.PREVIEW and run.new_rows + run.changed_rows:
        imports.confirm(BOOK, run, mode, actor=lab.metrologist, at=NOON)
        drain()
    return make.fresh(run)


def sentences(run):
    told = {}
    for one in run.content["flaws"]:
        told[one["line"]] = told.get(one["line"], "") + f"{one['column']} {one['sentence']}"
    return told


def test_of_ten_thousand_lines_the_wrong_ones_are_told_and_the_others_are_equipment_with_a_history(lab):
    rows = [line(lab, number) for number in range(10_000)]
    rows[10] = line(lab, 10, unit="kgf/cm²")
    rows[20] = line(lab, 20, low="9")
    rows[30] = line(lab, 29)
    rows[40] = line(lab, 40, serial="S39")
    rows[50] = line(lab, 50, site="没有的场所")
    rows[60] = line(lab, 60, role="标准物质")
    rows[70] = line(lab, 70, serial=lab.equipment.serial_number, model=lab.equipment.model,
                    maker=lab.equipment.manufacturer)  # fmt: skip
    told = sentences(imported(lab, *rows))
    assert {number: [part in told[number] for part in parts] for number, parts in {
        12: ("单位", "应改用 Pa、kPa 或 MPa"), 22: ("大于上限",), 32: ("管理编号", "第 31 行"), 42: ("出厂编号", "第 41 行"),
        52: ("存放场所", "没有的场所"), 62: ("批号",), 72: ("出厂编号", "已经登记过"),
    }.items()} == {12: [True] * 2, 22: [True], 32: [True] * 2, 42: [True] * 2, 52: [True] * 2, 62: [True], 72: [True] * 2}  # fmt: skip
    new = Equipment.objects.filter(state=State.NEW)
    assert new.count() == 9_993 and EquipmentEvent.objects.filter(equipment__in=new).count() == 9_993


def test_the_keys_of_many_lines_are_looked_up_one_by_one(lab, owner_connection):
    with (
        owner_connection.cursor() as cursor
    ):  # as when PostgreSQL has last looked at the table before there was much in it
        cursor.execute("ANALYZE equipment_equipment")
        owner_connection.commit()
    imported(lab, *(line(lab, number) for number in range(600)))
    scans, rows = looked_up()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    more_scans, more_rows = looked_up()
    assert more_scans - scans > 600 and more_rows - rows < 2 * (more_scans - scans)


def looked_up():
    """How often this transaction has used an index of the register, and how many rows it has fetched by them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT idx_scan, idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'equipment_equipment'"
        )
        return cursor.fetchone()


def test_a_line_with_a_known_number_amends_that_equipment(lab):
    row = lab.equipment
    imported(lab, line(lab, 1, asset=row.asset_number, name="精密压力计"))
    assert (make.fresh(row).name, make.fresh(row).state) == ("精密压力计", State.IN_USE)
    assert AuditEntry.objects.filter(verb="equipment.amend", target_id=row.pk).exists()


def test_imported_equipment_is_traced_unless_the_sheet_says_no(lab):
    imported(lab, line(lab, 1))
    assert Equipment.objects.get(asset_number="LC-00001").traced is True


def test_the_template_has_every_column_of_the_form(lab):
    book = openpyxl.load_workbook(io.BytesIO(exporting.template(BOOK, lab.metrologist).content))
    heads = {str(cell.value).rstrip("*") for cell in book.worksheets[0][1]}
    assert heads == {column.label for column in columns_of(BOOK, form_of(BOOK, lab.metrologist))}
    assert {"测量下限", "测量上限", "需要溯源"} <= heads


def test_an_export_holds_what_the_filters_of_the_list_leave(lab, rf):
    make.equipment(lab.institution, lab.site, name="温湿度计", role=Equipment.Role.ENVIRONMENT)
    request = rf.get("/", {"role": "environment"})
    request.actor = lab.metrologist
    rows, filters = BOOK.narrowed(request, Equipment.objects.visible_to(lab.metrologist), DAY)
    assert [row.name for row in rows] == ["温湿度计"]
    assert {one["name"]: one["value"] for one in filters}["role"] == "environment"


# --- the file


def test_the_checklist_says_what_is_not_on_file(lab):
    row = with_checklist(Equipment.objects.filter(pk=lab.equipment.pk), DAY).get()
    assert {part.name for part in missing(row, DAY)} == {"place", "manual", "traceability", "confirmation", "history"}


def test_a_complete_file_is_not_among_the_incomplete_ones(lab):
    row = registered(lab, keeper=lab.keeper)
    make.traceability(lab.institution, row, lab.keeper, file=make.document(lab.institution))
    make._row(EquipmentPaper, lab.institution, equipment=row, kind="manual", title="说明书",
              file=make.document(lab.institution))  # fmt: skip
    assert [one.pk for one in incomplete(Equipment.objects.all(), DAY)] == [lab.equipment.pk]


def asked_of(lab, day=DAY):
    told = with_checklist(Equipment.objects.filter(pk=lab.equipment.pk), day).get()
    return [(name, getattr(told, f"file_{name}")) for name in ("traceability", "confirmation", "alternative")]


def test_what_an_alternative_stands_in_for_has_the_evidence_of_it_on_file(lab):
    row = filled.row(
        AlternativeTraceability, lab.institution, equipment=lab.equipment, valid_from=DAY, valid_until=None, file=None
    )
    assert asked_of(lab) == [("traceability", None), ("confirmation", None), ("alternative", False)]
    AlternativeTraceability.objects.filter(pk=row.pk).update(file=make.document(lab.institution))
    assert asked_of(lab) == [("traceability", None), ("confirmation", None), ("alternative", True)]


def test_without_an_alternative_of_the_day_the_certificate_is_asked_for(lab):
    filled.row(
        AlternativeTraceability, lab.institution, equipment=lab.equipment, file=None, valid_from=DAY - timedelta(60),
        valid_until=DAY - timedelta(1),
    )  # fmt: skip
    assert asked_of(lab) == [("traceability", False), ("confirmation", False), ("alternative", None)]


def test_a_line_that_is_not_asked_of_a_role_is_left_out(lab):
    row = registered(lab, role="software", software_version="1", traced=False)
    told = with_checklist(Equipment.objects.filter(pk=row.pk), DAY).get()
    assert (told.file_serial, told.file_traceability, told.file_validation) == (None, None, False)


def test_use_is_denied_to_scrapped_equipment(lab):
    workflow.scrap(lab.equipment, "无法修复", approved_by=make.employment(lab.institution, "周岚"),
                   actor=lab.metrologist, at=NOON)  # fmt: skip
    with pytest.raises(Refused, match="当前状态是“报废”"):
        workflow.return_to_use(lab.equipment, "再试", actor=lab.metrologist, at=NOON)


# --- what is kept for each piece


def kept(lab, register, **values):
    facts = {"equipment": lab.equipment, **values}
    return verbs.record(REGISTERS[register], facts, actor=lab.metrologist, at=NOON)


ALTERNATIVE = {
    "reference": "comparison",
    "justification": "没有上一级标准",
    "valid_from": DAY,
    "valid_until": None,
    "file": None,
}
LOAN = {
    "owner": "外单位", "valid_from": DAY, "valid_until": DAY, "traceability_checked": True, "condition_checked": True,
    "file": None,
}  # fmt: skip
RECEIPT = {
    "receipt": "QJ-1", "filed_on": DAY, "verifying_body": "省级计量院（示）", "certificate_number": "JD-1", "due_on": DAY,
    "updated_on": DAY, "file": None,
}  # fmt: skip
TOMORROW, YESTERDAY = DAY + timedelta(1), DAY - timedelta(1)


@pytest.mark.parametrize(
    ("register", "values", "clause", "sentence"),
    [
        ("mandatory-files", RECEIPT | {"filed_on": TOMORROW, "updated_on": TOMORROW, "due_on": TOMORROW}, "A-6.4.2-s1", "之后"),
        ("mandatory-files", RECEIPT | {"updated_on": TOMORROW}, "A-6.4.2-s1", "档案更新日期 2026-03-11 在今天"),
        ("mandatory-files", RECEIPT | {"updated_on": YESTERDAY}, "A-6.4.2-s2", "早于备案日期"),
        ("mandatory-files", RECEIPT | {"due_on": YESTERDAY}, "A-6.4.2-s1", "早于备案日期"),
        ("external-uses", LOAN | {"valid_until": YESTERDAY}, "data", "结束日期"),
        ("alternative-traceability", ALTERNATIVE | {"valid_until": YESTERDAY}, "data", "结束日期"),
        ("equipment-clocks", {"kind": "maintenance", "interval_months": 12, "due_on": None, "basis": "说明书"}, "C-5.5.3", "间隔"),
        ("equipment-clocks", {"kind": "calibration", "interval_months": None, "due_on": DAY, "basis": "规程"}, "C-5.5.3", "间隔"),
    ],
)  # fmt: skip
def test_what_is_kept_of_equipment_makes_sense(lab, register, values, clause, sentence):
    if register in ("external-uses", "alternative-traceability"):
        values = {**values, "approved_by": lab.keeper}
    with pytest.raises(Refused, match=sentence) as refused:
        kept(lab, register, **values)
    assert set(clauses_of(refused)) == {clause}


def test_a_calibration_waits_for_its_first_certificate_without_a_day(lab):
    row = kept(lab, "equipment-clocks", kind="calibration", interval_months=12, due_on=None, basis="规程", needed=True)
    assert row.due_on is None


@pytest.mark.parametrize(
    ("register", "values", "clause"),
    [("external-uses", LOAN, "D-4.4.1.2"), ("alternative-traceability", ALTERNATIVE, "C-5.3.3-s1")],
)
def test_who_had_left_has_not_approved_it(lab, register, values, clause):
    gone = make.employment(lab.institution, "罗闻", ended_on=YESTERDAY)
    with pytest.raises(Refused, match="不在职") as refused:
        kept(lab, register, approved_by=gone, **values)
    assert clauses_of(refused) == [clause]
    assert kept(lab, register, approved_by=gone, **{**values, "valid_from": YESTERDAY}).pk


def test_a_paper_of_tomorrow_is_not_on_file_today(lab):
    values = {"kind": "manual", "title": "说明书", "file": make.document(lab.institution)}
    with pytest.raises(Refused, match="在今天（2026-03-10）之后"):
        kept(lab, "equipment-papers", dated_on=TOMORROW, **values)
    assert kept(lab, "equipment-papers", dated_on=DAY, **values).pk


def test_equipment_is_not_checked_with_itself(lab):
    values = {
        "quantity": "压力", "unit": "MPa", "nominal": Decimal(1), "rule": "limit", "reference": Decimal(1),
        "limit": Decimal("0.01"), "procedure": None,
    }  # fmt: skip
    with pytest.raises(Refused, match="不能是被核查的设备自己"):
        kept(lab, "check-plans", check_standard=lab.equipment, **values)
    assert kept(lab, "check-plans", check_standard=make.equipment(lab.institution, lab.site), **values).pk


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"range_low": Decimal(2), "range_high": Decimal(1), "unit": "MPa"}, "大于上限"),
        ({"range_low": None, "range_high": Decimal(1), "unit": ""}, "还缺单位"),
    ],
)
def test_what_a_method_requires_is_a_range_in_a_unit(lab, values, sentence):
    facts = {
        "method": make.method(),
        "category": "measuring_instrument",
        "requirement": "0.05 级",
    }
    with pytest.raises(Refused, match=sentence):
        kept(lab, "resource-slots", **facts, **values)


@pytest.mark.parametrize("register", ["check-plans", "resource-slots", "standard-items"])
@pytest.mark.parametrize(("typed", "shown"), [("kgf/cm²", "应改用"), ("°C", "")])
def test_a_unit_of_any_register_is_legal(lab, register, typed, shown):
    book = REGISTERS[register]
    form = book.form({"unit": typed}, register=book, actor=lab.metrologist)
    form.is_valid()
    assert shown in str(form.errors.get("unit", "")) and ("unit" in form.errors) is bool(shown)
    assert shown or form.cleaned_data["unit"] == "℃"


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"approved_on": None}, "一起填"),
        ({"approved_by": None}, "一起填"),
        ({"approved_on": TOMORROW}, "在今天之后"),
        ({"approved_on": date(1999, 1, 1)}, "不在职"),
    ],
)
def test_a_plan_was_approved_by_somebody_there(lab, values, sentence):
    facts = {"kind": "inspection", "year": 2026, "approved_by": lab.keeper, "approved_on": DAY, "file": None, **values}
    with pytest.raises(Refused, match=sentence) as refused:
        verbs.record(REGISTERS["equipment-plans"], facts, actor=lab.metrologist, at=NOON)
    assert clauses_of(refused) == ["A-5.1-c"]


def test_a_line_of_a_plan_is_not_done_ahead_of_time(lab):
    plan = filled.row(EquipmentPlan, lab.institution, kind="inspection", year=2026, file=None)
    values = {"plan": plan, "clock": "maintenance", "what": "保养", "due_on": DAY, "note": ""}
    with pytest.raises(Refused, match="在今天之后"):
        kept(lab, "plan-lines", done_on=TOMORROW, **values)
    assert kept(lab, "plan-lines", done_on=DAY, **values).pk
