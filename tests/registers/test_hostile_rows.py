"""What a hostile or careless member tries to put on record, by the form and by an import."""

from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from institutions.models import (
    Department,
    ManagementDocument,
    Training,
)
from portal.permissions import Role
from portal.registers import REGISTERS, verbs
from portal.registers.forms import EvidenceField, RowForm
from portal.tenancy import tenant
from portal.transitions import Refused
from portal.typed import RowField
from tests import make
from tests.make import NOON
from tests.portal.test_imports import paste, sentences
from tests.registers.pages import TRAINING, post, url, words

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
