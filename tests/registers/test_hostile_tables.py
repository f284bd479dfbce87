"""What a hostile or careless member tries with tables that are imported. Names say what must not work."""

import io
import re
import zipfile
from datetime import date

import pytest

from institutions.models import (
    Authorisation,
    Department,
    Training,
    Violation,
)
from portal.models import AuditEntry, RegisterImport
from portal.permissions import Role
from portal.registers import REGISTERS, verbs
from portal.registers.forms import RowForm
from portal.tenancy import tenant
from portal.transitions import Refused
from tests import make
from tests.make import NOON
from tests.portal.test_imports import HEADS, paste, sentences, text_of, upload, violation, write
from tests.portal.test_tables import workbook
from tests.registers.pages import DOCUMENT, TRAINING, url


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
