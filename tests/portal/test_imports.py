"""Spreadsheets into registers: what is wrong is named to the line, what is right is written once, and nothing else."""

import io
import json
import threading

import openpyxl
import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction

from institutions.models import Credential, Department, ManagementDocument, Membership, Violation
from portal import audit
from portal.faults import Fault
from portal.inspection import tables
from portal.models import AuditEntry, RegisterImport
from portal.outbox import drain
from portal.permissions import Role
from portal.registers import REGISTERS, bulk, columns, imports, verbs
from portal.registers.judging import judge
from portal.tenancy import scope, tenant
from portal.transitions import Refused
from tests import make
from tests.make import NOON
from tests.portal.test_tables import workbook

HEADS = [
    "种类*",
    "涉及的关键人员",
    "决定机关*",
    "文书编号*",
    "事由*",
    "决定日期*",
    "生效确定日期",
    "涉及诚信",
    "撤销或移出日期",
]


def violation(number, **changes):
    """A line of the register of violations, as a spreadsheet has it."""
    row = {
        "kind": "行政处罚", "person": "", "issuer": "市级监管部门（示）", "number": number, "summary": "标签与状态不符",
        "decided": "2025-03-09", "final": "2025-05-09", "integrity": "否", "revoked": "",
    } | changes  # fmt: skip
    return list(row.values())


def many(count, spoil=()):
    """Lines of violations; those at the positions in `spoil` have a day that is none."""
    return [violation(f"罚〔2025〕{n}", **({"decided": "三月九日"} if n in spoil else {})) for n in range(count)]


@pytest.fixture
def lab(db):
    with tenant(make.institution().pk):
        yield make.institution()


@pytest.fixture
def keeper(lab):
    return make.actor(lab, Role.QUALITY_MANAGER)


def register(name="violations"):
    return REGISTERS[name]


def text_of(*rows):
    return "\n".join("\t".join(map(str, row)) for row in rows)


def paste(actor, *rows, name="violations"):
    """The rows, their heads first, as an import that has been read."""
    run = imports.start_with_text(register(name), text_of(*rows), actor=actor, at=NOON)
    drain()
    return make.fresh(run)


def upload(actor, content, name="名单.xlsx", into="violations"):
    run = imports.start_with_file(register(into), SimpleUploadedFile(name, content), actor=actor, at=NOON)
    drain()
    return make.fresh(run)


def write(run, actor, mode="all"):
    imports.confirm(register(run.register), run, mode, actor=actor, at=NOON)
    drain()
    return make.fresh(run)


def offered(name, column, actor):
    """The first thing that may stand in this column of the register."""
    found = columns.columns_of(register(name), columns.form_of(register(name), actor))
    return next(one for one in found if one.name == column).offered[0]


def sentences(run):
    return [f"{one['line']} {one['column']} {one['sentence']}" for one in run.content["flaws"]]


# --- what is wrong


def test_of_ten_thousand_rows_the_37_wrong_ones_are_named_and_the_others_written(lab, keeper):
    wrong = set(range(5, 10_000, 271))
    assert len(wrong) == 37
    run = upload(keeper, workbook(HEADS, *many(10_000, wrong)))
    assert (run.state, run.lines, run.new_rows, run.flawed_rows) == ("preview", 10_000, 9_963, 37)
    assert {(one["line"], one["column"]) for one in run.content["flaws"]} == {(n + 2, "决定日期") for n in wrong}
    assert run.content["flaws"][0]["sentence"] == "日期看不懂。请按 2026-03-09 的样子填写。"
    run = write(run, keeper, "good")
    assert (run.state, run.new_rows, run.flawed_rows) == ("written", 9_963, 37)
    assert Violation.objects.count() == 9_963
    assert AuditEntry.objects.filter(verb="violation.record").count() == 9_963


def test_nothing_is_written_while_a_row_is_wrong_and_all_are_wanted(lab, keeper):
    run = paste(keeper, HEADS, violation("甲"), violation("乙", kind="批评"))
    with pytest.raises(Refused, match="1 行有误"):
        imports.confirm(register(), run, "all", actor=keeper, at=NOON)
    assert not Violation.objects.exists() and make.fresh(run).state == "preview"


def test_the_sentence_is_the_one_of_the_form(lab, keeper):
    run = paste(keeper, HEADS, violation("甲", kind="批评", issuer=""))
    assert sentences(run) == ["2 种类 没有“批评”这一项。请从列表里选。", "2 决定机关 请填写这一项。"]


def test_the_gates_of_the_register_are_asked(lab, keeper):
    run = paste(keeper, HEADS, violation("甲", final="2024-01-01"))
    assert sentences(run) == ["2  生效确定日期早于决定日期。请核对文书。"]


def test_an_error_in_a_cell_of_a_workbook_is_named_with_its_line(lab, keeper):
    run = upload(keeper, workbook(HEADS, violation("甲", summary="=1+1")))
    assert run.flawed_rows == 1 and "公式没有结果" in sentences(run)[0]


def test_two_lines_with_one_number_are_named(lab, keeper):
    run = paste(keeper, HEADS, violation("甲"), violation("乙"), violation("甲"))
    assert sentences(run) == ["4 文书编号 与第 2 行是同一个文书编号。请只留一行。"]


def test_two_lines_that_are_the_same_word_for_word_are_named(lab, keeper):
    line = [offered("awards", "kind", keeper), "优秀实验室", "协会", "2025-01-01"]
    run = paste(keeper, ["种类", "名称", "颁发方", "日期"], line, line, name="awards")
    assert sentences(run) == ["3  与第 2 行完全相同。请删去一行。"]


def test_a_gate_that_looks_at_other_rows_sees_those_of_the_same_file(lab, keeper):
    """Typed one by one the second version would have been refused: the first is in force at the same time."""
    author, approver = make.employment(lab, "沈若川"), make.employment(lab, "许知远")
    heads = ["文件种类", "文件编号", "文件名称", "版本", "编制或修订人", "批准人", "实施日期"]
    line = [offered("documents", "kind", keeper), "QM-01", "质量手册", "A", author.staff_number, approver.staff_number]
    run = paste(keeper, heads, [*line, "2024-01-01"], [*line[:3], "B", *line[4:], "2025-01-01"], name="documents")
    assert (run.new_rows, run.flawed_rows) == (1, 1) and "同时有效" in sentences(run)[0]
    assert write(run, keeper, "good").new_rows == ManagementDocument.objects.count() == 1


def test_a_reference_is_found_by_number_or_by_name(lab, keeper):
    who = make.employment(lab, "沈若川")
    run = paste(keeper, ["部门", "负责人"], ["力学室", who.staff_number], ["热工室", "沈若川"], name="departments")
    run = write(run, keeper)
    assert {row.head_id for row in Department.objects.all()} == {who.pk}


def test_a_name_that_two_people_bear_is_asked_about(lab, keeper):
    one, other = make.employment(lab, "沈若川"), make.employment(lab, "沈若川")
    run = paste(keeper, ["部门", "负责人"], ["力学室", "沈若川"], name="departments")
    (sentence,) = sentences(run)
    assert "有 2 个" in sentence and one.staff_number in sentence and other.staff_number in sentence


def test_a_row_of_another_institution_is_no_reference(lab, keeper):
    make.employment(make.institution("beta"), "许知远", staff_number="B-1")
    run = paste(keeper, ["部门", "负责人"], ["力学室", "B-1"], name="departments")
    assert "没有“B-1”这一项" in sentences(run)[0]


# --- heads


def test_heads_are_found_below_a_title_with_stars_spaces_and_wide_letters(lab, keeper):
    heads = ["  种 类 ＊", *HEADS[1:]]
    assert paste(keeper, ["2025 年处罚一览"], heads, violation("甲")).new_rows == 1


def test_columns_that_nobody_knows_are_named_and_left(lab, keeper):
    run = paste(keeper, [*HEADS, "备忘"], [*violation("甲"), "x"])
    assert run.new_rows == 1 and "备忘" in run.said


def test_a_missing_column_is_named(lab, keeper):
    with pytest.raises(Refused, match="缺少必填的列：颁发方、日期"):
        paste(keeper, ["种类", "名称"], ["x", "y"], name="awards")
    run = upload(keeper, workbook(["种类", "名称"], ["x", "y"]), into="awards")
    assert run.state == "unreadable" and "缺少必填的列：颁发方、日期" in run.said


def test_a_column_that_stands_twice_is_named(lab, keeper):
    with pytest.raises(Refused, match="“种类”有两列"):
        paste(keeper, [*HEADS, "种类"], [*violation("甲"), "行政处罚"])


# --- writing


def test_a_row_of_an_import_is_on_record_like_one_that_was_typed(lab, keeper):
    values = {"kind": "penalty", "issuer": "市级监管部门（示）", "number": "乙", "summary": "标签与状态不符",
              "decided_on": make.DAY.replace(2025), "final_on": None, "integrity_related": False, "revoked_on": None}  # fmt: skip
    verbs.record(register(), values, actor=keeper, at=NOON)
    write(paste(keeper, HEADS, violation("甲", decided="2025-03-10", final="")), keeper)
    typed, imported = AuditEntry.objects.filter(verb="violation.record").order_by("pk")
    apart = {"id", "ref", "at", "target_id", "target_ref", "target_name", "reason", "changes", "_state"}
    assert {k: v for k, v in vars(typed).items() if k not in apart} == {
        k: v for k, v in vars(imported).items() if k not in apart
    }
    assert {**typed.changes, "number": 0, "recorded_at": 0} == {**imported.changes, "number": 0, "recorded_at": 0}
    assert "第 2 行" in imported.reason


def test_a_known_number_amends_its_row_and_the_preview_says_how(lab, keeper):
    write(paste(keeper, HEADS, violation("甲"), violation("乙")), keeper)
    run = paste(keeper, ["文书编号", "事由"], ["甲", "证书超出能力范围"], ["乙", "标签与状态不符"])
    assert (run.new_rows, run.changed_rows, run.same_rows) == (0, 1, 1)
    assert run.content["shown"][0]["changes"] == [["事由", "标签与状态不符", "证书超出能力范围"]]
    write(run, keeper)
    row = Violation.objects.get(number="甲")
    assert (row.summary, row.revision, row.issuer) == ("证书超出能力范围", 2, "市级监管部门（示）")
    entry = AuditEntry.objects.get(verb="violation.amend")
    assert entry.changes["summary"] == ["标签与状态不符", "证书超出能力范围"] and entry.was == "current"


def test_the_same_file_twice_changes_nothing(lab, keeper):
    who = make.employment(lab)
    rows = (["部门", "负责人"], ["力学室", who.staff_number])
    write(paste(keeper, *rows, name="departments"), keeper)
    again = paste(keeper, *rows, name="departments")
    assert (again.new_rows, again.changed_rows, again.same_rows) == (0, 0, 1)
    with pytest.raises(Refused, match="没有可以写入的行"):
        imports.confirm(register("departments"), again, "all", actor=keeper, at=NOON)


def test_pressed_twice_it_is_written_once(lab, keeper):
    run = paste(keeper, HEADS, violation("甲"))
    write(run, keeper)
    with pytest.raises(Refused):
        imports.confirm(register(), run, "all", actor=keeper, at=NOON)
    assert Violation.objects.count() == 1


def test_work_that_comes_twice_writes_once(lab, keeper):
    run = paste(keeper, HEADS, *many(600))
    write(run, keeper)
    imports.write_import(run.pk)
    assert Violation.objects.count() == 600


def test_a_worker_that_dies_before_the_commit_has_written_nothing_and_the_next_one_all(lab, keeper, settings):
    run = paste(keeper, HEADS, *many(600))
    imports.confirm(register(), run, "all", actor=keeper, at=NOON)
    settings.FAULTPOINTS = "import.before_commit=raise"
    with pytest.raises(Fault), transaction.atomic():
        imports.write_import(run.pk)
    assert not Violation.objects.exists() and make.fresh(run).state == "writing"
    settings.FAULTPOINTS = ""
    drain()
    assert Violation.objects.count() == 600 and make.fresh(run).state == "written"


def test_what_has_changed_since_the_preview_is_told_and_nothing_written(lab, keeper):
    heads, late = ["部门"], paste(keeper, ["部门"], ["力学室"], ["热工室"], name="departments")
    make._row(Department, lab, name="热工室", duties="温度")
    row = Department.objects.get()
    Department.objects.filter(pk=row.pk).update(state="withdrawn")
    run = write(late, keeper)
    assert (run.state, run.flawed_rows) == ("preview", 1)
    assert "已经登记过" in sentences(run)[0] and "一行也没有写" in run.said
    assert Department.objects.count() == 1 and heads


def test_the_good_rows_are_written_though_others_have_become_bad(lab, keeper):
    run = paste(keeper, ["部门"], ["力学室"], ["热工室"], name="departments")
    make._row(Department, lab, name="热工室", state="withdrawn")
    run = write(run, keeper, "good")
    assert (run.state, run.new_rows, run.flawed_rows) == ("written", 1, 1)


def test_who_lost_the_right_meanwhile_writes_nothing(lab, keeper):
    run = paste(keeper, HEADS, *many(600))
    imports.confirm(register(), run, "all", actor=keeper, at=NOON)
    with scope(institution_id=lab.pk, user_id=keeper.user_id):
        Membership.objects.filter(user_id=keeper.user_id).update(roles=[Role.OPERATOR])
    drain()
    run = make.fresh(run)
    assert run.state == "dropped" and "没有登记的权限" in run.said and not Violation.objects.exists()


def test_somebody_without_the_right_starts_nothing(lab):
    stranger = make.actor(lab, Role.RECEPTIONIST)
    with pytest.raises(PermissionDenied):
        paste(stranger, HEADS, violation("甲"))
    with pytest.raises(PermissionDenied):
        upload(stranger, workbook(HEADS, violation("甲")))
    folder = f"quarantine/{lab.pk}"
    assert not default_storage.exists(folder) or default_storage.listdir(folder)[1] == []


# --- what is kept, and how long


def test_what_was_read_is_sealed_in_the_database(lab, keeper):
    run = paste(keeper, HEADS, violation("秘密文书"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT i::text FROM portal_registerimport i WHERE id = %s", [run.pk])
        assert "秘密文书" not in cursor.fetchone()[0]
    assert "秘密文书" in json.dumps(run.content, ensure_ascii=False)


@pytest.mark.django_db(transaction=True)
def test_the_file_is_gone_once_it_was_read_and_its_digest_stays():
    lab = make.institution()
    with tenant(lab.pk):
        run = imports.start_with_file(
            register(), SimpleUploadedFile("a.xlsx", workbook(HEADS, violation("甲"))),
            actor=make.actor(lab, Role.QUALITY_MANAGER), at=NOON,
        )  # fmt: skip
        stored_as = run.stored_as
    assert default_storage.exists(stored_as)
    drain()
    run = make.fresh(run)
    assert run.state == "preview" and not default_storage.exists(stored_as) and len(run.sha256) == 64


def test_what_was_read_is_gone_when_the_import_is_dropped_or_written(lab, keeper):
    dropped, written = paste(keeper, HEADS, violation("甲")), paste(keeper, HEADS, violation("乙"))
    imports.drop(register(), dropped, actor=keeper, at=NOON)
    assert make.fresh(dropped).content == {} and write(written, keeper).content == {}


def test_an_import_left_for_a_week_is_closed_and_forgotten(lab, keeper):
    run = paste(keeper, HEADS, violation("甲"))
    later = run.started_at + imports.KEPT * 1.01
    assert imports.expire_all(at=run.started_at) == 0
    assert imports.expire_all(at=later) == 1
    run = make.fresh(run)
    assert (run.state, run.content) == ("expired", {})


def test_an_altered_file_is_not_opened(lab, keeper):
    run = imports.start_with_file(
        register(), SimpleUploadedFile("a.xlsx", workbook(HEADS, violation("甲"))), actor=keeper, at=NOON
    )
    with open(default_storage.path(run.stored_as), "ab") as file:
        file.write(b"x")
    drain()
    run = make.fresh(run)
    assert run.state == "unreadable" and "被改动过" in run.said


# --- many at once


def test_many_entries_say_what_single_ones_say(lab, keeper):
    row = make._row(Department, lab, name="力学室")
    audit.record(keeper, "x.y", row, was="a", became="b", changes={"n": ["1", "2"]}, reason="r")
    act = audit.Act("x.y", row, {"n": ["1", "2"]}, "a", "b", "r")
    assert audit.record_many(keeper, [act]) == 1
    one, other = AuditEntry.objects.filter(verb="x.y")
    apart = {"id", "ref", "at", "_state"}
    assert {k: v for k, v in vars(one).items() if k not in apart} == {
        k: v for k, v in vars(other).items() if k not in apart
    }


@pytest.mark.django_db(transaction=True)
def test_two_imports_of_the_same_rows_at_once_write_them_once():
    lab = make.institution()
    keeper = make.actor(lab, Role.QUALITY_MANAGER)
    with tenant(lab.pk):
        runs = [paste(keeper, ["部门"], *([f"室{n}"] for n in range(20)), name="departments") for _ in range(2)]
    gate, ended = threading.Barrier(2), []

    def go(run):
        try:
            gate.wait()
            with tenant(lab.pk):
                imports.confirm(register("departments"), run, "good", actor=keeper, at=NOON)
        except Refused:
            pass
        finally:
            ended.append(run)
            connection.close()

    threads = [threading.Thread(target=go, args=[run]) for run in runs]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    with tenant(lab.pk):
        assert Department.objects.count() == 20 and len(ended) == 2
        figures = sorted((run.new_rows, run.same_rows) for run in RegisterImport.objects.all())
    assert figures == [(0, 20), (20, 0)]


# --- what is given away


def test_the_template_can_be_filled_in_and_brought_back(lab, keeper):
    from portal.registers import exporting

    who = make.employment(lab, "沈若川")
    book = openpyxl.load_workbook(io.BytesIO(exporting.template(register("departments"), keeper).content))
    assert book.sheetnames[0] == tables.SHEET
    book[tables.SHEET].append(["力学室", who.staff_number, "力学"])
    file = io.BytesIO()
    book.save(file)
    run = write(upload(keeper, file.getvalue(), into="departments"), keeper)
    assert run.state == "written" and Department.objects.get().head_id == who.pk


def test_the_bad_rows_come_as_a_workbook_that_can_be_brought_back(lab, keeper):
    from portal.registers import exporting

    run = paste(keeper, HEADS, violation("甲"), violation("=1", decided="昨天"))
    book = openpyxl.load_workbook(io.BytesIO(exporting.flaws_to_correct(register(), run).content))
    head, line = book.active.iter_rows(values_only=True)
    assert head[-2:] == ("行号", "原因") and line[-2] == "3" and "日期看不懂" in line[-1]
    book.active["F2"] = "2025-01-01"
    file = io.BytesIO()
    book.save(file)
    back = upload(keeper, file.getvalue())
    assert (back.new_rows, back.flawed_rows) == (1, 0)
    write(back, keeper)
    assert Violation.objects.get().number == "=1"


@pytest.mark.parametrize("name", sorted(name for name, one in REGISTERS.items() if one.importable))
def test_every_register_that_takes_imports_has_columns(lab, keeper, name):
    found = columns.columns_of(REGISTERS[name], columns.form_of(REGISTERS[name], keeper))
    assert found and len({column.label for column in found}) == len(found)
    judged = judge(REGISTERS[name], tables.Table([(1, [c.label for c in found]), (2, ["x"])]), actor=keeper, at=NOON)
    assert judged.problems == [] and judged.lines == 1


def test_sections_that_only_a_form_asks_for_are_left_alone_by_an_import(lab, keeper):
    """The sections of a document are asked for on the form only: amending by a table does not clear the sections."""
    author, approver = make.employment(lab, "沈若川"), make.employment(lab, "许知远")
    kind = next(iter(REGISTERS["documents"].model._meta.get_field("kind").choices))[0]
    row = make._row(
        ManagementDocument, lab, kind=kind, number="QM-01", title="质量手册", version="A", author=author,
        approved_by=approver, valid_from=make.DAY, sections={"x": "第 4 章"},
    )  # fmt: skip
    write(paste(keeper, ["文件编号", "版本", "文件名称"], ["QM-01", "A", "质量与诚信手册"], name="documents"), keeper)
    row.refresh_from_db()
    assert (row.title, row.sections) == ("质量与诚信手册", {"x": "第 4 章"})


def test_a_number_that_several_rows_bear_is_not_guessed_at(lab, keeper):
    who = make.employment(lab, "沈若川")
    for year in (2015, 2020):
        make._row(
            Credential, lab, employment=who, kind="registered_metrologist", level="level_1", number="ZC-1",
            issuer="市级监管部门（示）", valid_from=make.DAY.replace(year),
        )  # fmt: skip
    run = paste(keeper, ["证书种类", "证书编号", "发证机关"], ["注册计量师", "ZC-1", "另一部门"], name="credentials")
    assert run.flawed_rows == 1 and "分不清要更正哪一条" in sentences(run)[0]


def test_what_the_table_itself_forbids_is_named_in_the_preview(lab, keeper):
    heads = ["培训内容", "种类", "组织方", "培训日期", "学时"]
    run = paste(keeper, heads, ["量值溯源", "专业技术", "内部", "2025-01-01", "0"], name="trainings")
    assert run.flawed_rows == 1


def test_a_model_that_does_something_when_a_row_is_saved_takes_no_imports(monkeypatch):
    assert bulk.rows_have_no_save_of_their_own(None) == []
    monkeypatch.setattr(Department, "save", lambda row: None)
    (error,) = bulk.rows_have_no_save_of_their_own(None)
    assert error.id == "portal.E010" and "departments" in error.msg
