"""The annex of an accreditation, pasted or as a workbook, becomes lines of scope; what is unclear is named by place."""

from decimal import Decimal

import pytest

from institutions.models import ScopeItem
from institutions.scope.annex import read_annex
from portal.inspection.tables import Table, pasted
from portal.permissions import Role
from portal.registers import REGISTERS
from portal.registers.judging import laid_out, tried
from portal.tenancy import tenant
from tests import make
from tests.make import NOON

HEADS = "序号\t测量仪器名称\t被测量\t校准规范（编号）\t测量范围\t扩展不确定度（k=2）\t说明\t生效日期"
ANNEX = f"""{HEADS}
一、力学
1\t一般压力表\t压力\t《弹性元件式一般压力表检定规程》JJG52-2013\t(-0.1~0) MPa\tU=0.5%\t\t2026-01-01
\t\t\t\t(0~60) MPa\tUrel=0.05%\t只做 1 级\t
二、长度
2\t通用卡尺\t长度\tJJG 30-2012\t0.1 mm～1000 mm\t0.02 mm+5×10⁻⁶L\t\t2026-02-01
"""


def read(text):
    return read_annex(pasted(text))


def column(table, label):
    place = table.lines[0][1].index(label)
    return [cells[place] for _number, cells in table.lines[1:]]


def test_merged_cells_are_filled_from_above():
    found = read(ANNEX)
    assert column(found, "测量仪器") == ["一般压力表", "一般压力表", "通用卡尺"]
    assert column(found, "方法") == ["JJG 52-2013", "JJG 52-2013", "JJG 30-2012"]
    assert column(found, "附表序号") == ["1", "1", "2"]
    assert column(found, "说明与限制") == ["", "只做 1 级", ""]
    assert column(found, "生效日期") == ["2026-01-01", "2026-01-01", "2026-02-01"]


def test_a_line_of_one_text_is_the_title_of_a_field():
    assert column(read(ANNEX), "专业领域") == ["力学", "力学", "长度"]


def test_lines_keep_the_numbers_that_the_person_sees():
    assert [number for number, _cells in read(ANNEX).lines] == [1, 3, 4, 6]


def test_another_table_is_left_alone():
    assert read("测量仪器\t被测量\t方法\n压力表\t压力\tJJG 52-2013") is None


def test_a_cell_that_could_not_be_read_keeps_its_place():
    found = read_annex(Table(pasted(ANNEX).lines, [(3, 4, "公式没有值"), (3, -1, "整行")]))
    place = found.lines[0][1].index("测量范围原文")
    assert found.spoilt == [(3, place, "公式没有值"), (3, -1, "整行")]


# --- through the register


@pytest.fixture
def w(laboratory):
    world = laboratory
    make.method("JJG 30-2012", title="通用卡尺")
    world.keeper = make.actor(world.institution, Role.TECHNICAL_MANAGER)
    with tenant(world.institution.pk):
        yield world


def judged(w, text):
    register = REGISTERS["scope"]
    return tried(register, laid_out(register, pasted(text)), actor=w.keeper, at=NOON)


def test_an_annex_becomes_lines_of_scope(w):
    found = judged(w, ANNEX)
    assert (found.problems, found.flaws) == ([], [])
    rows = [plan.row for plan in found.new]
    assert [(row.instrument, row.range_text, row.cmc.text, row.field) for row in rows] == [
        ("一般压力表", "(-0.1～0) MPa", "Urel = 0.5 %", "力学"),
        ("一般压力表", "(0～60) MPa", "Urel = 0.05 %", "力学"),
        ("通用卡尺", "(0.1～1000) mm", "0.02 mm + 0.000005·|x|", "长度"),
    ]
    assert {(row.site, row.qualification) for row in rows} == {(w.site, w.qualification)}
    assert rows[0].stated_range == "(-0.1~0) MPa"


@pytest.mark.parametrize(
    ("old", "new", "where", "word"),
    [
        ("(0~60) MPa", "0~60", "测量范围原文", "没有单位"),
        ("(0~60) MPa", "0 mm~60 MPa", "测量范围原文", "不是同一种量"),
        ("Urel=0.05%", "Urel=0%", "CMC 原文", "不大于零"),
        ("Urel=0.05%", "0.05~0.1 MPa", "CMC 原文", "是一段"),
        ("Urel=0.05%", "U=0.05 kg", "CMC 原文", "不是同一种量"),
        ("JJG 30-2012", "JJG 999-1900", "方法", "没有“JJG 999-1900”"),
        ("2026-02-01", "二月一日", "生效日期", "日期看不懂"),
        ("通用卡尺\t长度", "通用卡尺\t", "被测量", ""),
    ],
)
def test_a_line_that_is_not_clear_is_named_by_column_and_reason(w, old, new, where, word):
    found = judged(w, ANNEX.replace(old, new))
    assert [(flaw.column, word in flaw.sentence) for flaw in found.flaws] == [(where, True)]
    assert len(found.new) == 2


def test_with_two_sites_the_annex_must_name_one(w):
    make.site(w.institution, name="东屏场所")
    assert {flaw.column for flaw in judged(w, ANNEX).flaws} == {"场所"}


def test_an_annex_of_ten_thousand_lines_with_37_wrong_is_read(w, django_assert_max_num_queries):
    lines = [f"{n}\t仪器{n}\t长度\tJJG 30-2012\t(0~{n + 1}) mm\tU=0.0{n % 9 + 1} mm\t\t2026-01-01" for n in range(9999)]
    for wrong in range(37):
        lines[wrong * 250] = lines[wrong * 250].replace(") mm", ") psi")
    with django_assert_max_num_queries(40):
        found = judged(w, "\n".join([HEADS, *lines]))
    assert (len(found.flawed), len(found.new)) == (37, 9962)
    assert {flaw.column for flaw in found.flaws} == {"测量范围原文"}


# --- one by one, in the form


def form(w, **typed):
    facts = {
        "instrument": "一般压力表", "measurand": "压力", "method": w.method.ref, "site": w.site.ref,
        "qualification": w.qualification.ref, **typed,
    }  # fmt: skip
    return REGISTERS["scope"].form(facts, register=REGISTERS["scope"], actor=w.keeper)


def test_the_form_reads_what_the_annex_states(w):
    filled = form(w, stated_range="(0~10)MPa", stated_cmc="U=0.01 MPa")
    assert filled.is_valid(), filled.errors
    assert filled.facts()["range_high"] == Decimal(10)
    assert filled.facts()["valid_from"] == w.qualification.valid_from


def test_the_form_takes_the_parts_instead(w):
    filled = form(
        w, range_low="0", range_high="10", unit="MPa", cmc_form="linear", cmc_constant="0.01", cmc_slope="0.001"
    )
    assert filled.is_valid(), filled.errors


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({}, "range_low"),
        ({"stated_range": "(0~10)MPa"}, "cmc_constant"),
        ({"stated_range": "(0~10)MPa", "range_high": "9", "stated_cmc": "U=0.01 MPa"}, "range_high"),
        ({"stated_range": "(0~10)MPa", "stated_cmc": "U=0.01 MPa", "cmc_constant": "0.02"}, "cmc_constant"),
        ({"range_low": "0", "range_high": "10", "unit": "psi", "cmc_constant": "0.01"}, "unit"),
        ({"range_low": "10", "range_high": "0", "unit": "MPa", "cmc_constant": "0.01"}, "range_high"),
        ({"range_low": "0", "range_high": "10", "unit": "MPa", "cmc_constant": "-1"}, "cmc_constant"),
        ({"stated_range": "0~10", "stated_cmc": "U=0.01 MPa"}, "stated_range"),
    ],
)
def test_the_form_says_at_its_field_what_is_wrong(w, typed, field):
    filled = form(w, **typed)
    assert not filled.is_valid()
    assert field in filled.errors


def test_the_form_does_not_take_the_same_line_twice(w):
    ScopeItem.objects.update(stated_range="")
    same = form(
        w, instrument=w.scope.instrument, range_low="0", range_high="2.5", unit="MPa", cmc_constant="0.002",
        valid_from="2024-01-01",
    )  # fmt: skip
    assert not same.is_valid()
    assert "已经有一条" in str(same.errors)
