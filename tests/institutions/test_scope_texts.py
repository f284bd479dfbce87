"""Ranges and CMCs as annexes print them: what is read out of a text, and what is refused with which word."""

from decimal import Decimal

import pytest

from institutions.scope.addresses import same_address
from institutions.scope.ranges import Unreadable, read_range
from institutions.scope.statements import read_cmc


@pytest.mark.parametrize(
    ("text", "low", "high", "unit"),
    [
        ("(0~2.5)MPa", "0", "2.5", "MPa"),
        ("（0～2.5） MPa", "0", "2.5", "MPa"),
        ("0.1 mm～1000 mm", "0.1", "1000", "mm"),
        ("-40℃~+85℃", "-40", "85", "℃"),
        ("－40 °C 至 85 °C", "-40", "85", "℃"),
        ("10Hz~1MHz", "10", "1000000", "Hz"),
        ("0~1 m", "0", "1", "m"),
        ("0 mm~1 m", "0", "1", "m"),
        ("±10 V", "-10", "10", "V"),
        ("50 Hz", "50", "50", "Hz"),
        ("0-100℃", "0", "100", "℃"),
        ("(1×10⁻³～1×10³) Pa", "0.001", "1000", "Pa"),
        ("10 000 Ω~1 MΩ", "10000", "1000000", "Ω"),
        ("直流：(0.1~1000) V", "0.1", "1000", "V"),
        ("20%RH~95%RH", "20", "95", "%"),
        ("(20～70)HRC", "20", "70", "HRC"),
        ("(5~10)um", "5", "10", "μm"),
        ("-0.1MPa~0MPa", "-0.1", "0", "MPa"),
    ],
)
def test_a_range_is_read_with_its_unit(text, low, high, unit):
    read = read_range(text)
    assert (read.low, read.high, read.unit) == (Decimal(low), Decimal(high), unit)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "空"), ("0~5", "没有单位"), ("0mm~5kg", "不是同一种量"), ("10mm~5V", "不是同一种量"), ("(10~5)mm", "下限大于上限"),
        ("(0~10)MPa (20Hz~1kHz)", "不止一个范围"), ("≤10MPa", "只有一端"), ("abc", "看不懂"), ("(0~6)kgf/cm²", "MPa"),
        ("（0.1～1）级", "不是法定计量单位"), ("0~1~2 mm", "不止一个范围"), ("(0~１e99)mm", "指数"), ("\x00~5mm", "看不懂"),
    ],
)  # fmt: skip
def test_a_range_that_is_not_clear_is_refused_with_its_reason(text, word):
    with pytest.raises(Unreadable, match=word):
        read_range(text)


@pytest.mark.parametrize(
    ("text", "range_unit", "form", "a", "b", "unit", "relative"),
    [
        ("0.05%", "MPa", "constant", "0.05", "0", "%", True),
        ("U=0.3℃", "℃", "constant", "0.3", "0", "", False),
        ("U＝0.3 ℃（k＝2）", "℃", "constant", "0.3", "0", "", False),
        ("0.2 μm", "mm", "constant", "0.2", "0", "μm", False),
        ("Urel=0.1%(k=2)", "V", "constant", "0.1", "0", "%", True),
        ("Urel=5×10-5", "V", "constant", "0.00005", "0", "", True),
        ("5×10⁻⁵", "V", "constant", "0.00005", "0", "", True),
        ("U=1.0%RH", "%", "constant", "1.0", "0", "", False),
        ("Urel=0.5%", "%", "constant", "0.5", "0", "%", True),
        ("0.02 mm+5×10⁻⁶L", "mm", "linear", "0.02", "0.000005", "", False),
        ("0.01%×读数+2mV", "V", "linear", "2", "0.0001", "mV", False),
        ("(0.8+L/200)μm，L：mm", "mm", "linear", "0.8", "0.000005", "μm", False),
        ("(0.5+5L)μm, L:m", "mm", "linear", "0.5", "0.000005", "μm", False),
        ("2 μm/m·L + 0.5 μm", "mm", "linear", "0.5", "0.000002", "μm", False),
        ("Q[0.5μm, 2×10⁻⁶L]", "mm", "root", "0.5", "0.000002", "μm", False),
        ("√((0.5μm)²+(2×10⁻⁶L)²)", "mm", "root", "0.5", "0.000002", "μm", False),
    ],
)
def test_a_cmc_is_read_with_its_form(text, range_unit, form, a, b, unit, relative):
    read = read_cmc(text, range_unit)
    assert (read.form, read.constant, read.slope, read.unit, read.relative) == (
        form,
        Decimal(a),
        Decimal(b),
        unit,
        relative,
    )


@pytest.mark.parametrize(
    ("text", "range_unit", "word"),
    [
        ("", "mm", "没有填写"), ("0.3", "℃", "没有单位"), ("0.3~0.5℃", "℃", "是一段"), ("<0.3℃", "℃", "没有给出确定的值"),
        ("U=0.3℃,k=3", "℃", "k 不是 2"), ("U=-0.3℃", "℃", "不大于零"), ("U=0℃", "℃", "不大于零"), ("xyz", "mm", "看不懂"),
        ("(0.8+L/200)μm", "mm", "变量用什么单位"), ("0.05 g", "MPa", "不是同一种量"), ("0.02mm+5L", "mm", "不是同一种量"),
        ("0.02mm+0.01mm", "mm", "看不懂"), ("1+2+3 mm", "mm", "看不懂"),
    ],
)  # fmt: skip
def test_a_cmc_that_leaves_something_open_is_refused_and_not_guessed(text, range_unit, word):
    with pytest.raises(Unreadable, match=word):
        read_cmc(text, range_unit)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("衡量路 18 号", "衡量路18号"),
        ("衡量路１８號", "衡量路18号"),
        ("广东省深圳市南山区衡量路18号3栋2层", "深圳市南山区衡量路18号3幢2楼"),
        ("南山区衡量路18号", "广东省深圳市南山区衡量路18号"),
        ("衡量路18号（东门）", "衡量路18号 东门"),
    ],
)
def test_two_ways_of_writing_one_address_are_the_same(one, other):
    assert same_address(one, other)
    assert same_address(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("衡量路18号", "衡量路8号"), ("衡量路18号", "衡量路18号2楼"), ("衡量路118号", "衡量路18号"), ("", "衡量路18号"),
        ("广东省深圳市衡量路18号", "广东省珠海市衡量路18号"), ("新衡量路18号", "衡量路18号"), ("东区衡量西路18号", "路18号"),
    ],
)  # fmt: skip
def test_different_addresses_stay_different(one, other):
    assert not same_address(one, other)


def test_a_part_of_the_reading_by_nothing_is_refused_with_a_sentence():
    with pytest.raises(Unreadable):
        read_cmc("0.1 MPa + L/0", "MPa")
