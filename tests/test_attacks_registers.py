"""What a hostile or careless member tries on registers, imports, forms and documents. Names say what must not work."""

import io
import re
import zipfile
from datetime import date

import openpyxl
import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from institutions.models import (
    Authorisation,
    Credential,
    Department,
    Employment,
    KeyPerson,
    ManagementDocument,
    PublicItem,
    ResearchProject,
    Site,
    Training,
    TrainingPlan,
    Violation,
)
from portal.models import AuditEntry, Document, RegisterImport
from portal.permissions import GRANTS, Role
from portal.registers import REGISTERS, exporting, imports, verbs
from portal.registers.forms import EvidenceField, RowForm
from portal.tenancy import scope, tenant
from portal.transitions import Refused
from portal.typed import RowField
from tests import make
from tests.concurrency import at_once, kinds
from tests.make import NOON
from tests.portal.test_imports import HEADS, paste, sentences, text_of, upload, violation, write
from tests.portal.test_tables import workbook

TRAINING = ["培训内容", "种类", "组织方", "培训日期", "学时"]
DOCUMENT = ["文件种类", "文件编号", "文件名称", "版本", "编制或修订人", "批准人", "实施日期"]


@pytest.fixture
def lab(db):
    return make.institution()


@pytest.fixture
def inside(lab):
    with tenant(lab.pk):
        yield lab


@pytest.fixture
def keeper(lab):
    return make.actor(lab, Role.QUALITY_MANAGER)


@pytest.fixture
def signed_in(client, lab):
    account = make.user(lab, Role.QUALITY_MANAGER)
    client.force_login(account)
    return account


def url(page, lab, *args):
    return reverse(f"portal:{page}", args=[lab.slug, *args])


def post(client, lab, name, values, **extra):
    return client.post(url("register_new", lab, name), values, **extra)


def words(page):
    """What a person reads on the page."""
    return " ".join(re.sub(r"<(script|style).*?</\1>|<[^>]*>", " ", page.content.decode(), flags=re.DOTALL).split())


def with_sheet(content, change, **added):
    """The workbook with the text of its first sheet changed and further parts in it."""
    source, file = zipfile.ZipFile(io.BytesIO(content)), io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as book:
        for entry in source.infolist():
            data = source.read(entry)
            if entry.filename == "xl/worksheets/sheet1.xml":
                data = change(data.decode()).encode()
            book.writestr(entry.filename, data)
        for name, data in added.items():
            book.writestr(name, data)
    return file.getvalue()


# --- cells


def test_an_invisible_letter_in_an_unknown_head_stops_no_import(inside, keeper):
    """It is named in what the page says, and PostgreSQL takes no NUL."""
    run = paste(keeper, [*HEADS, "备\x00\u202e忘"], [*violation("甲"), "x"])
    assert run.new_rows == 1 and "备忘" in run.said


@pytest.mark.parametrize("letter", ["\x00", "\x1b", "\u202e", "\u200b", "\ufeff"])
def test_an_invisible_letter_in_a_cell_is_named(inside, keeper, letter):
    run = paste(keeper, HEADS, violation(f"甲{letter}乙"))
    assert (run.new_rows, run.flawed_rows) == (0, 1) and "看不见的控制字符" in sentences(run)[0]


@pytest.mark.parametrize("typed", ["NaN", "Infinity", "-inf", "1e999", "1e-999999999", "0x10", "½", "二"])
def test_what_is_no_number_is_no_number_in_a_table_either(inside, keeper, typed):
    run = paste(keeper, TRAINING, ["量值溯源", "专业技术", "内部", "2025-01-01", typed], name="trainings")
    assert (run.new_rows, run.flawed_rows) == (0, 1) and "学时" in sentences(run)[0]


@pytest.mark.parametrize("stored", ["NaN", "INF", "-1e999", "1E+308"])
def test_a_number_cell_that_holds_none_is_named(inside, keeper, stored):
    content = workbook(TRAINING, ["量值溯源", "专业技术", "内部", "2025-01-01", 12345])
    run = upload(keeper, with_sheet(content, lambda sheet: sheet.replace("12345", stored)), into="trainings")
    assert (run.state, run.new_rows, run.flawed_rows) == ("preview", 0, 1)


def test_what_a_float_makes_of_a_sum_is_the_number_that_was_meant(inside, keeper):
    run = upload(
        keeper, workbook(TRAINING, ["量值溯源", "专业技术", "内部", "2025-01-01", 0.1 + 0.2]), into="trainings"
    )
    write(run, keeper)
    assert str(Training.objects.get().hours) == "0.3"


@pytest.mark.parametrize("serial", ["0", "1", "60", "-1", "2958465", "2958466", "1e10", "1e300", "NaN", "45658.5"])
def test_a_day_that_no_record_can_have_is_named(inside, keeper, serial):
    """The years 1900 and 9999, the day that 1900 did not have, a day with an hour, and no day at all."""
    content = workbook(HEADS, violation("甲", decided=date(2025, 1, 1)))
    run = upload(keeper, with_sheet(content, lambda sheet: sheet.replace("<v>45658</v>", f"<v>{serial}</v>")))
    assert (run.state, run.new_rows, run.flawed_rows) == ("preview", 0, 1) and "决定日期" in sentences(run)[0]


def test_a_sheet_that_claims_to_be_endless_is_as_long_as_its_rows(inside, keeper):
    def endless(sheet):
        return re.sub(r'<dimension ref="[^"]*"', '<dimension ref="A1:XFD1048576"', sheet)

    run = upload(keeper, with_sheet(workbook(HEADS, violation("甲")), endless))
    assert (run.state, run.lines, run.new_rows) == ("preview", 1, 1)


@pytest.mark.parametrize("line", [999_999_999, 4_294_967_295, 0])
def test_a_row_beyond_all_sheets_is_refused_with_a_sentence(inside, keeper, line):
    row = f'<row r="{line}"><c r="A{line}" t="inlineStr"><is><t>x</t></is></c></row></sheetData>'
    content = with_sheet(workbook(HEADS, violation("甲")), lambda sheet: sheet.replace("</sheetData>", row))
    run = upload(keeper, content)
    assert (run.state, run.new_rows) == ("unreadable", 0) and run.said.endswith("。")


def test_merged_cells_leave_their_other_rows_blank_and_those_are_named(inside, keeper):
    def merge(book):
        book.active.merge_cells("A2:A3")

    run = upload(keeper, workbook(HEADS, violation("甲"), violation("乙"), change=merge))
    assert (run.new_rows, run.flawed_rows) == (1, 1) and sentences(run)[0].startswith("3 种类")


@pytest.mark.parametrize("kind", ["workbook", "text"])
def test_a_megabyte_in_one_cell_is_refused_with_its_line(inside, keeper, kind):
    line = violation("甲", summary="长" * 32_000 if kind == "workbook" else "长" * 100_000)
    if kind == "workbook":
        run = upload(keeper, workbook(HEADS, line))
        assert run.state == "unreadable" and "第 2 行有一格超过" in run.said
    else:
        with pytest.raises(Refused, match="第 2 行有一格超过"):
            paste(keeper, HEADS, line)


@pytest.mark.parametrize(
    "added",
    [
        {"xl/externalLinks/externalLink1.xml": b"<externalLink/>"},
        {"xl/vbaProject.bin": b"x"},
        {"xl/media/big.bin": b"\0" * 40_000_000},
        {"xl/evil.xml": b'<!DOCTYPE x [<!ENTITY a "aaaaaaaa">]><x>&a;</x>'},
        {"xl/embeddings/inner.xlsx": b"PK\x03\x04"},
    ],
    ids=["external link", "macro", "bomb", "entities", "embedded"],
)  # fmt: skip
def test_a_workbook_that_is_more_than_cells_is_not_imported(inside, keeper, added):
    run = upload(keeper, with_sheet(workbook(HEADS, violation("甲")), lambda sheet: sheet, **added))
    assert (run.state, run.new_rows, run.content) == ("unreadable", 0, {}) and run.said.endswith("。")


def test_a_quotation_mark_that_is_not_closed_swallows_no_lines(inside, keeper):
    with pytest.raises(Refused, match="第 2 行有一个格以引号开头"):
        paste(keeper, ["部门", "职责"], ['"力学室', "力值"], ["热工室", "温度"], name="departments")
    run = paste(keeper, ["部门", "职责"], ['"力学室"', '测 5" 管'], ["热工室", '"温度\n湿度"'], name="departments")
    assert (run.lines, run.new_rows) == (2, 2)


def test_what_stands_for_all_blank_cells_is_a_row_that_is_offered(client, db):
    """Written into ten thousand cells, a megabyte is ten gigabytes."""
    w, beta = make.laboratory(), make.laboratory("beta")
    make.site(w.institution, name="南湾场所")
    client.force_login(make.user(w.institution, Role.QUALITY_MANAGER))
    where = url("register_import", w.institution, "scope")
    heads = ["测量仪器名称", "校准规范", "测量范围", "扩展不确定度"]
    text = text_of(heads, ["压力表", "JJG 52-2013", "(0～1) MPa", "U = 0.01 MPa"])

    def cells(chosen):
        client.post(where, {"text": text, "given-site": chosen})
        with tenant(w.institution.pk):
            return str(RegisterImport.objects.order_by("pk").last().content["table"])

    for stranger in ("长" * 5000, beta.site.ref, f"pk{w.site.pk}", "\x00"):
        assert stranger not in cells(stranger)
    assert w.site.name in cells(w.site.ref)


# --- what an import may do that a form may not


def test_an_import_ends_a_credential_and_the_authorisation_with_it(inside, keeper):
    """Rows written by the thousand pass by Django's signals."""
    who = make.employment(inside)
    make.trained(inside, who)
    make.credential(inside, who, number="C-1")
    grant = make.authorisation(inside, who, Authorisation.Role.CALIBRATOR)
    heads = ["证书种类", "证书编号", "有效期至"]
    write(paste(keeper, heads, ["注册计量师", "C-1", "2020-01-01"], name="credentials"), keeper)
    assert make.fresh(grant).state == "suspended"


def test_the_same_numbers_again_are_no_change_though_the_column_keeps_more_places(inside, keeper):
    line = ["量值溯源", "专业技术", "内部", "2025-01-01", "2"]
    write(paste(keeper, TRAINING, line, name="trainings"), keeper)
    again = paste(keeper, TRAINING, line, name="trainings")
    assert (again.changed_rows, again.same_rows) == (0, 1)


def test_saving_a_form_without_a_change_puts_no_number_into_the_trail(inside, keeper):
    write(paste(keeper, TRAINING, ["量值溯源", "专业技术", "内部", "2025-01-01", "2"], name="trainings"), keeper)
    row = Training.objects.get()
    form = RowForm(register=REGISTERS["trainings"], actor=keeper, row=row)
    typed = {name: form[name].value() for name in form.fields} | {"title": "溯源"}
    form = RowForm(
        {k: v for k, v in typed.items() if v is not None}, register=REGISTERS["trainings"], actor=keeper, row=row
    )
    assert form.is_valid(), form.errors
    verbs.amend(REGISTERS["trainings"], row, form.facts(), 1, actor=keeper, at=NOON)
    entry = AuditEntry.objects.get(verb="training.amend")
    assert set(entry.changes) == {"title", "revision"}


def instruction(kind, method=""):
    """A line of the register of documents."""
    return [kind, "WI-01", "压力表", "A", "S-1", "S-2", "2024-01-01", method]


@pytest.mark.parametrize(
    ("kind", "method", "sentence"),
    [("作业指导书", "", "要写明适用的方法"), ("程序文件", "JJG 52-2013", "只有作业指导书写适用的方法")],
)
def test_an_import_names_the_method_of_instructions_and_of_nothing_else(inside, keeper, kind, method, sentence):
    """The form asks for it by the kind; a spreadsheet has one set of columns for all kinds."""
    make.method()
    make.employment(inside, "沈若川", staff_number="S-1"), make.employment(inside, "许知远", staff_number="S-2")
    run = paste(keeper, [*DOCUMENT, "适用的方法"], instruction(kind, method), name="documents")
    assert (run.new_rows, run.flawed_rows) == (0, 1) and sentence in sentences(run)[0]


def test_what_stands_in_columns_that_nobody_reads_gets_nowhere(inside, keeper, caplog):
    number = "000000198505011234"
    run = paste(keeper, [*HEADS, "身份证号"], [*violation("甲"), number])
    write(run, keeper)
    kept = [*AuditEntry.objects.values_list("changes", "reason", "target_name"), *Violation.objects.values_list()]
    assert number not in f"{kept}{make.fresh(run).said}{caplog.text}"


@pytest.mark.parametrize("meanwhile", ["amended", "recorded", "amended a line without change"])
def test_an_import_overwrites_nothing_that_its_preview_has_not_shown(inside, keeper, meanwhile):
    register, other = REGISTERS["departments"], make.actor(inside, Role.ADMINISTRATOR)
    duties = "力值" if meanwhile == "amended a line without change" else "长度"
    if meanwhile != "recorded":
        row = verbs.record(register, {"name": "力学室", "duties": "力值"}, actor=other, at=NOON)
    run = paste(keeper, ["部门", "职责"], ["力学室", duties], ["热工室", "温度"], name="departments")
    if meanwhile == "recorded":
        verbs.record(register, {"name": "力学室", "duties": "扭矩"}, actor=other, at=NOON)
    else:
        verbs.amend(register, row, {"duties": "扭矩"}, 1, actor=other, at=NOON)
    run = write(run, keeper)
    assert run.state == "preview" and "别人改过其中 1 行" in run.said
    assert Department.objects.get().duties == "扭矩"
    assert run.content["shown"][0]["changes"] == [["职责", "扭矩", duties]]
    assert write(run, keeper).state == "written" and Department.objects.get(name="力学室").duties == duties


# --- bad input, by the form and by an import


WRONG = [
    ("trainings", TRAINING, ["量值溯源", "专业技术", "内部", "2025-01-01", "0"], "学时必须大于零"),
    ("rooms", ["场所", "房间或区域", "面积（m²）"], ["北湾场所", "甲", "-5"], "面积必须大于零"),
    ("year-figures", ["年度", "从业人数", "器具总数"], ["25", "1", "1"], "年度 25 不对"),
    ("year-figures", ["年度", "从业人数", "器具总数", "校准收入（万元）"], ["2025", "1", "1", "-1"], "不能小于零"),
    ("year-figures", ["年度", "从业人数", "器具总数", "研发人数"], ["2025", "1", "1", "2"], "研发人数 2 多于"),
    ("year-figures", ["年度", "从业人数", "器具总数", "校准人员流失率目标（%）"], ["2025", "1", "1", "101"], "不能超过 100%"),
    ("innovation", ["年度", "指标", "数量"], ["0", "论文论著", "0"], "年度 0 不对"),
    ("training-plans", ["年度", "计划名称", "对应的任务", "批准日期"], ["20250", "甲", "乙", "2025-01-01"], "年度 20250 不对"),
    ("awards", ["种类", "名称", "颁发方", "日期"], ["奖项", "甲", "乙", "2099-01-01"], "还没有到"),
    ("windows", ["场所", "窗口", "服务时间", "窗口电话", "启用日期", "停用日期"],
     ["北湾场所", "甲", "9-17", "1", "2025-01-02", "2025-01-01"], "早于"),
    ("key-persons", ["身份", "姓名或名称", "任职自", "任职至"], ["董事", "甲", "2025-01-02", "2025-01-01"], "早于"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "heads", "line", "sentence"), WRONG, ids=[f"{one[0]}: {one[3]}" for one in WRONG])
def test_what_cannot_be_is_said_in_words_whichever_way_it_comes(
    client, lab, signed_in, keeper, name, heads, line, sentence
):
    make.site(lab)
    with tenant(lab.pk):
        run = paste(keeper, heads, line, name=name)
        assert (run.new_rows, run.flawed_rows) == (0, 1) and sentence in sentences(run)[0]
        typed = as_typed(REGISTERS[name], keeper, dict(zip(heads, line, strict=True)))
        papers = {field: SimpleUploadedFile("a.pdf", make.pdf()) for field in typed.pop("files")}
    page = client.post(url("register_new", lab, name), {**typed, **papers})
    assert page.status_code in (409, 422) and sentence in words(page)
    assert all(value in page.content.decode() for value in typed.values())
    with tenant(lab.pk):
        assert not REGISTERS[name].model.objects.exists()


def as_typed(register, actor, line):
    """The line as the register's form sends it: codes in place of titles, refs in place of names; and its `files`."""
    form, found = (register.form or RowForm)(register=register, actor=actor), {"files": []}
    for name, field in form.fields.items():
        text = line.get(str(field.label), "")
        if isinstance(field, RowField):
            text = next((row.ref for row in field.queryset if str(row) == text), "")
        elif getattr(field, "choices", None):
            text = next((value for value, title in field.choices if str(title) == text), "")
        elif isinstance(field, EvidenceField):
            found["files"].append(name)
        if text:
            found[name] = text
    return found


def test_a_certificate_of_the_institution_is_not_recorded_twice(client, lab, signed_in):
    typed = {"kind": "qms", "number": "Q-1", "issuer": "认证公司（示）", "valid_from": "2025-01-01"}
    assert post(client, lab, "qualifications", typed).status_code == 302
    assert "已经登记过" in words(post(client, lab, "qualifications", typed))
    assert post(client, lab, "qualifications", typed | {"valid_from": "2026-01-01"}).status_code == 302


def test_an_institution_is_founded_before_it_stands_as_it_does(client, lab, signed_in):
    typed = {"since": "2020-01-01", "registered_on": "2021-01-01", "legal_form": "legal_person",
             "business_status": "operating", "system": "civil"}  # fmt: skip
    assert "成立日期 2021-01-01 晚于" in words(post(client, lab, "legal-status", typed))


def test_a_score_is_no_less_than_nothing(inside, keeper):
    make._row(Training, inside, title="甲", kind="law", held_on=date(2025, 1, 1), hours=1)
    make.employment(inside, staff_number="S-1")
    run = paste(keeper, ["培训", "人员", "考核结果", "成绩"], ["甲", "S-1", "考核合格", "-1"], name="attendances")
    assert run.flawed_rows == 1 and "成绩不能小于零" in sentences(run)[0]


def test_nobody_is_rewarded_or_punished_on_a_day_to_come(inside, keeper):
    one, two = make.employment(inside, "沈若川"), make.employment(inside, "许知远")
    rules = make._row(
        ManagementDocument, inside, kind="procedure", number="P", title="甲", version="A", author=one, approved_by=two,
        valid_from=date(2024, 1, 1),
    )  # fmt: skip
    values = {"kind": "reward", "employment": one, "reason": "如实报告", "document": rules}
    with pytest.raises(Refused, match="还没有到"):
        verbs.record(REGISTERS["incentives"], {**values, "decided_on": date(2026, 3, 11)}, actor=keeper, at=NOON)
    verbs.record(REGISTERS["incentives"], {**values, "decided_on": date(2026, 3, 10)}, actor=keeper, at=NOON)


def test_an_instruction_that_becomes_a_procedure_is_for_no_method_any_more(client, lab, signed_in):
    method, one, two = make.method(), make.employment(lab, "沈若川"), make.employment(lab, "许知远")
    row = make._row(
        ManagementDocument, lab, kind="work_instruction", number="W", title="甲", version="A", author=one, approved_by=two,
        method=method, valid_from=date(2024, 1, 1), file=make.document(lab),
    )  # fmt: skip
    typed = {"kind": "procedure", "number": "W", "title": "甲", "version": "A", "author": one.ref, "approved_by": two.ref,
             "valid_from": "2024-01-01", "revision": 1}  # fmt: skip
    answer = client.post(url("register_amend", lab, "documents", row.ref), typed)
    assert answer.status_code == 302, words(answer)
    row = make.fresh(row)
    assert (row.kind, row.method_id) == ("procedure", None)


def test_a_name_that_is_taken_is_told_in_words_and_not_by_the_rule_of_the_database(client, lab, signed_in):
    post(client, lab, "departments", {"name": "力学室"})
    page = post(client, lab, "departments", {"name": "力学室", "duties": "力值"})
    assert page.status_code == 409 and "部门：已经登记过" in words(page) and "力值" in page.content.decode()
    assert "department_named_once" not in words(page)


def test_a_second_row_for_what_has_one_a_year_is_told_in_words(client, lab, signed_in):
    for status in (302, 409):
        page = post(client, lab, "innovation", {"year": "2025", "indicator": "papers", "count": "0"})
        assert page.status_code == status
    assert "年度、指标：已经登记过" in words(page)


def test_amending_into_a_name_that_is_taken_is_told_in_words(client, lab, signed_in):
    for name in ("力学室", "热工室"):
        post(client, lab, "departments", {"name": name})
    with tenant(lab.pk):
        row = Department.objects.get(name="热工室")
    page = client.post(url("register_amend", lab, "departments", row.ref), {"name": "力学室", "revision": 1})
    assert page.status_code == 409 and "部门：已经登记过" in words(page)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"cmc_slope": "5"}, "没有单位的系数"),
        ({"cmc_constant": "0"}, "CMC 必须大于零"),
        ({"cmc_constant": "-0.1"}, "CMC 必须大于零"),
        ({"unit": ""}, "请填写"),
        ({"range_low": "2"}, "小于下限"),
        ({"cmc_unit": "mm"}, "不是同一种量"),
        ({"stated_range": "(0～2.5)", "range_low": "", "range_high": "", "unit": ""}, "没有单位"),
        ({"stated_range": "0 mm～1 MPa", "range_low": "", "range_high": "", "unit": ""}, "不是同一种量"),
        ({"cmc_form": "table", "cmc_constant": "", "cmc_points": "0 0.1\n1 0"}, "U 必须大于零"),
    ],
)
def test_a_line_of_scope_that_cannot_be_reckoned_with_is_refused(client, changes, sentence, db):
    w = make.laboratory()
    client.force_login(make.user(w.institution, Role.QUALITY_MANAGER))
    typed = {
        "instrument": "压力表", "measurand": "压力", "field": "压力", "method": w.method.ref, "site": w.site.ref,
        "qualification": w.qualification.ref, "valid_from": "2025-01-01", "range_low": "0", "range_high": "1", "unit": "MPa",
        "cmc_form": "linear", "cmc_constant": "0.1", "limits": "另一行", **changes,
    }  # fmt: skip
    page = post(client, w.institution, "scope", typed)
    assert page.status_code == 422 and sentence in words(page) and "另一行" in page.content.decode()


# --- more than the form asks for


def test_fields_that_no_form_has_are_not_written(client, lab, signed_in):
    beta = make.institution("beta")
    extra = {
        "state": "withdrawn", "revision": "77", "institution": beta.pk, "institution_id": beta.pk, "id": "5", "pk": "5",
        "ref": "aaaaaaaaaaaa", "recorded_at": "1999-01-01",
    }  # fmt: skip
    post(client, lab, "departments", {"name": "力学室", **extra})
    with tenant(lab.pk):
        row = Department.objects.get()
        assert (row.state, row.revision, row.institution_id) == ("current", 1, lab.pk)
        assert row.ref != "aaaaaaaaaaaa" and row.recorded_at.year > 2000
    client.post(url("register_amend", lab, "departments", row.ref), {"name": "热工室", **extra, "revision": 1})
    with tenant(lab.pk):
        again = Department.objects.get()
        assert (again.state, again.revision, again.ref) == ("current", 2, row.ref)
        assert again.recorded_at == row.recorded_at and again.name == "热工室"


def test_heads_named_like_columns_of_the_table_are_not_read(inside, keeper):
    run = paste(keeper, ["部门", "状态", "revision", "institution", "ref"],
                ["力学室", "已作废", "9", "9", "aaaaaaaaaaaa"], name="departments")  # fmt: skip
    write(run, keeper)
    row = Department.objects.get()
    assert (row.state, row.revision, row.ref != "aaaaaaaaaaaa") == ("current", 1, True)


@pytest.mark.parametrize("revision", ["", None, "0", "-1", "1", "3", "9" * 60, "abc", "NaN", "\x00"])
def test_a_revision_that_is_not_the_stored_one_overwrites_nothing(client, lab, signed_in, revision):
    post(client, lab, "departments", {"name": "力学室"})
    with tenant(lab.pk):
        row = Department.objects.get()
    where = url("register_amend", lab, "departments", row.ref)
    client.post(where, {"name": "热工室", "revision": 1})
    typed = {"name": "电磁室"} | ({} if revision is None else {"revision": revision})
    page = client.post(where, typed)
    assert page.status_code in (409, 422) and "电磁室" in page.content.decode()
    assert make.fresh(row).name == "热工室"


def strangers():
    """Another institution with a row of every kind that a picker may offer."""
    w = make.laboratory("beta")
    lab = w.institution
    training = make._row(Training, lab, title="甲", kind="law", held_on=date(2025, 1, 1), hours=1)
    one, two = w.operator_employment, w.checker_employment
    return [
        w.site, w.qualification, one, training, make.own_method(lab),
        make.method_papers(w, make.own_method(lab)),
        make._row(KeyPerson, lab, role="director", name="甲", valid_from=date(2020, 1, 1)),
        make._row(TrainingPlan, lab, year=2025, title="甲", tasks="乙", approved_on=date(2025, 1, 1)),
        make._row(ResearchProject, lab, title="甲", lead="self", application="乙", valid_from=date(2025, 1, 1)),
        make._row(PublicItem, lab, kind="fees", title="甲", content="乙", published_on=date(2025, 1, 1),
                  next_review_on=date(2026, 1, 1)),
        make._row(ManagementDocument, lab, kind="procedure", number="P", title="甲", version="A", author=one,
                  approved_by=two, valid_from=date(2024, 1, 1)),
    ]  # fmt: skip


def test_no_picker_of_any_register_takes_a_row_of_another_institution(lab, keeper):
    """Not even where the database would show it, as to a regulator."""
    theirs, asked = strangers(), set()
    with scope(region="4403"):
        assert all(type(row).objects.filter(pk=row.pk).exists() for row in theirs)
        for register in REGISTERS.values():
            form = (register.form or RowForm)(register=register, actor=keeper)
            for name, field in form.fields.items():
                for row in theirs if isinstance(field, RowField) else ():
                    if isinstance(row, field.queryset.model):
                        asked.add(type(row))
                        with pytest.raises(ValidationError):
                            field.clean(row.ref)
                            pytest.fail(f"{register.name}.{name}")
    assert asked == {type(row) for row in theirs}


@pytest.mark.parametrize("name", ["力学室（乙）", "B-7"])
def test_no_import_finds_a_row_of_another_institution_by_ref_name_or_number(inside, keeper, name):
    beta = make.institution("beta")
    other = make.employment(beta, "力学室（乙）", staff_number="B-7")
    for text in (name, other.ref, str(other.pk)):
        run = paste(keeper, ["部门", "负责人"], ["力学室", text], name="departments")
        assert (run.new_rows, run.flawed_rows) == (0, 1)


def test_a_document_cannot_be_named_in_place_of_a_file(client, lab, signed_in):
    document = make.document(make.institution("beta"))
    own = make.document(lab)
    for ref in (document.ref, own.ref, str(own.pk)):
        typed = {
            "kind": "law",
            "title": ref,
            "organiser_kind": "internal",
            "held_on": "2025-01-01",
            "hours": "1",
            "file": ref,
        }
        post(client, lab, "trainings", typed)
    with tenant(lab.pk):
        assert {row.file_id for row in Training.objects.all()} == {None}


# --- who may not


RIGHTS = {
    "departments": Role.TECHNICAL_MANAGER, "credentials": Role.METROLOGY_MANAGER, "sites": Role.METROLOGY_MANAGER,
    "adoptions": Role.OPERATOR,
}  # fmt: skip


def doors(lab, name, ref="aaaaaaaaaaaa"):
    """Every address of a register by which something is written or prepared, with the method it takes."""
    yield from (("post", url(page, lab, name)) for page in ("register_new", "register_import"))
    yield from (("post", url(page, lab, name, ref)) for page in ("register_amend", "register_withdraw"))
    yield from (("post", url(page, lab, name, ref)) for page in ("register_import_write", "register_import_drop"))
    yield from (("get", url(page, lab, name)) for page in ("register_new", "register_import", "register_template"))
    for page in ("register_import_run", "register_import_progress", "register_import_flaws"):
        yield "get", url(page, lab, name, ref)


@pytest.mark.parametrize("name", RIGHTS)
def test_a_right_for_one_register_opens_no_door_of_another(client, lab, name):
    assert REGISTERS[name].keeper not in GRANTS[RIGHTS[name]]
    client.force_login(make.user(lab, RIGHTS[name]))
    assert {getattr(client, method)(where).status_code for method, where in doors(lab, name)} == {403}


def test_every_right_to_keep_a_register_is_tried_above():
    assert {one.keeper for one in REGISTERS.values()} == {REGISTERS[name].keeper for name in RIGHTS}


def test_a_regulator_writes_in_no_register(client, lab):
    client.force_login(make.regulator())
    codes = {getattr(client, method)(where).status_code for method, where in doors(lab, "departments")}
    assert codes == {403, 405}


def test_a_member_of_another_institution_finds_no_door_at_all(client, lab):
    client.force_login(make.user(make.institution("beta"), Role.ADMINISTRATOR, Role.QUALITY_MANAGER))
    assert {getattr(client, method)(where).status_code for method, where in doors(lab, "departments")} == {404}


def test_an_import_of_another_institution_is_looked_at_written_and_dropped_by_nobody(client, lab):
    run = make.register_import(lab)
    beta = make.institution("beta")
    client.force_login(make.user(beta, Role.ADMINISTRATOR))
    tried = list(doors(beta, "departments", run.ref))
    for method, where in tried[4:6] + tried[9:]:
        assert getattr(client, method)(where, {"mode": "good"}).status_code == 404
    assert make.fresh(run).state == "preview"


@pytest.mark.parametrize("verb", ["record", "amend", "withdraw"])
def test_the_verbs_ask_for_the_right_whoever_calls_them(inside, keeper, verb):
    row = verbs.record(REGISTERS["departments"], {"name": "力学室"}, actor=keeper, at=NOON)
    outsider = make.actor(inside, Role.OPERATOR)
    acts = {
        "record": lambda: verbs.record(REGISTERS["departments"], {"name": "热工室"}, actor=outsider, at=NOON),
        "amend": lambda: verbs.amend(REGISTERS["departments"], row, {"name": "热工室"}, 1, actor=outsider, at=NOON),
        "withdraw": lambda: verbs.withdraw(REGISTERS["departments"], row, "错", actor=outsider, at=NOON),
    }
    with pytest.raises(PermissionDenied):
        acts[verb]()
    assert [(one.name, one.state) for one in Department.objects.all()] == [("力学室", "current")]


# --- nonsense in the address of a list


@pytest.mark.parametrize("name", ["credentials", "scope", "adoptions", "violations"])
def test_nonsense_in_the_address_of_a_list_shows_a_list(client, lab, signed_in, name):
    stranger = make.laboratory("beta").scope.ref
    keys = ("q", "state", "after", "before", "page", *REGISTERS[name].filters)
    for value in ("\x00", "%_\\'", "长" * 30, "\u202e", stranger, "-1", "[]"):
        assert client.get(url("register", lab, name), dict.fromkeys(keys, value)).status_code == 200


@pytest.mark.parametrize("name", ["credentials", "scope", "adoptions", "activities", "violations"])
def test_nonsense_in_the_address_of_a_new_form_shows_the_form(client, lab, signed_in, name):
    for value in ("\x00", "<script>", "[]", "9" * 40):
        page = client.get(url("register_new", lab, name), dict.fromkeys(REGISTERS[name].fields, value))
        assert page.status_code == 200 and "<script>" not in page.content.decode().replace("<script>\n", "")


# --- two at the same moment


def recording(lab, keeper, name, **values):
    def act():
        with tenant(lab.pk):
            return verbs.record(REGISTERS[name], values, actor=keeper, at=NOON)

    return act


@pytest.mark.django_db(transaction=True)
def test_two_who_record_the_same_certificate_at_once_have_it_once():
    """No constraint says so: a number may be borne twice, on other days."""
    lab = make.institution()
    keeper = make.actor(lab, Role.QUALITY_MANAGER)
    values = {
        "kind": "registered_metrologist",
        "level": "level_1",
        "number": "Z-1",
        "issuer": "局",
        "valid_from": date(2018, 1, 1),
    }
    acts = [recording(lab, keeper, "credentials", employment=make.employment(lab, name), **values) for name in "甲乙"]
    assert kinds(at_once(*acts)) == ["Credential", "Refused"]
    with tenant(lab.pk):
        assert Credential.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_imports_at_once_bring_no_two_versions_into_force():
    lab = make.institution()
    keeper = make.actor(lab, Role.QUALITY_MANAGER)
    for name in ("S-1", "S-2"):
        make.employment(lab, name, staff_number=name)

    def importing(version):
        line = ["程序文件", "P-1", "程序", version, "S-1", "S-2", "2024-01-01"]
        with tenant(lab.pk):
            run = paste(keeper, DOCUMENT, line, name="documents")
            assert run.new_rows == 1

        def act():
            with tenant(lab.pk):
                return imports.confirm(REGISTERS["documents"], run, "all", actor=keeper, at=NOON)

        return act

    at_once(importing("A"), importing("B"))
    with tenant(lab.pk):
        assert ManagementDocument.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_sites_are_not_moved_to_the_same_name_at_once():
    lab = make.institution()
    keeper = make.actor(lab, Role.QUALITY_MANAGER)
    rows = [make.site(lab, name=name) for name in "甲乙"]

    def rename(row):
        def act():
            with tenant(lab.pk):
                return verbs.amend(REGISTERS["sites"], row, {"name": "丙"}, 1, actor=keeper, at=NOON)

        return act

    assert kinds(at_once(*map(rename, rows))) == ["Refused", "Site"]
    with tenant(lab.pk):
        assert Site.objects.filter(name="丙").count() == 1


@pytest.mark.django_db(transaction=True)
def test_writing_twice_and_dropping_at_once_writes_everything_once_or_nothing():
    lab = make.institution()
    keeper = make.actor(lab, Role.QUALITY_MANAGER)
    with tenant(lab.pk):
        run = paste(keeper, ["部门"], ["力学室"], ["热工室"], name="departments")

    def write_it():
        with tenant(lab.pk):
            return imports.confirm(REGISTERS["departments"], run, "all", actor=keeper, at=NOON)

    def drop_it():
        with tenant(lab.pk):
            return imports.drop(REGISTERS["departments"], run, actor=keeper, at=NOON)

    results = at_once(write_it, write_it, drop_it)
    assert kinds(results).count("Refused") == 2
    with tenant(lab.pk):
        state = RegisterImport.objects.get(pk=run.pk).state
        assert Department.objects.count() == (2 if state == "written" else 0)


# --- what is given away


def test_no_cell_of_a_template_is_a_formula(inside, keeper):
    for name in ("=1+1", "@x", "+1+1"):
        make.employment(inside, name, staff_number=name)
    book = openpyxl.load_workbook(io.BytesIO(exporting.template(REGISTERS["departments"], keeper).content))
    cells = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row if cell.value]
    assert any("=1+1" in str(cell.value) for cell in cells) and all(cell.data_type == "s" for cell in cells)
    assert not any(str(cell.value).startswith(("=", "+", "@")) for cell in cells)


def test_a_file_of_another_institution_is_not_found(client, lab, signed_in):
    document = make.document(make.institution("beta"))
    assert client.get(url("document", lab, document.ref)).status_code == 404


@pytest.mark.parametrize(("state", "status"), [("quarantined", 409), ("refused", 410)])
def test_a_file_that_was_not_taken_in_is_given_to_nobody(client, lab, signed_in, state, status):
    """Also not when a row of a register rests on it."""
    post(client, lab, "trainings", {
        "kind": "law", "title": "甲", "organiser_kind": "internal", "held_on": "2025-01-01", "hours": "1",
        "file": SimpleUploadedFile("签到.pdf", make.pdf()),
    })  # fmt: skip
    with tenant(lab.pk):
        document = Training.objects.get().file
        Document.objects.filter(pk=document.pk).update(state=state)
    page = client.get(url("document", lab, document.ref))
    assert page.status_code == status and b"%PDF" not in page.content
    with tenant(lab.pk):
        assert not AuditEntry.objects.filter(verb="document.download").exists()


def test_no_register_shows_what_identifies_a_person():
    hidden = {"birth_date", "id_number_sealed", "phone_sealed", "person"}
    assert [entry.name for entry in REGISTERS.values() if entry.model is Employment or hidden & set(entry.fields)] == []
