from decimal import Decimal

import pytest

from institutions import units

D = Decimal


@pytest.mark.parametrize(
    ("text", "symbol", "token"),
    [
        ("megapascal", "MPa", "\\mega\\pascal"), ("MPa", "MPa", "\\mega\\pascal"), ("\\kilogram", "kg", "\\kilogram"),
        ("\u00b5m", "μm", "\\micro\\metre"), ("\u2126", "Ω", "\\ohm"), ("°C", "℃", "\\degreecelsius"),
        ("mm2", "mm²", "\\milli\\metre\\tothe{2}"), ("m³/h", "m³/h", "\\metre\\tothe{3}\\per\\hour"),
        ("W/(m·K)", "W/(m·K)", "\\watt\\per\\metre\\per\\kelvin"), ("1", "1", "\\one"), ("%", "%", "\\percent"),
        ("m·s⁻¹", "m·s⁻¹", "\\metre\\per\\second"), ("1/h", "1/h", "\\one\\per\\hour"),
    ],
)  # fmt: skip
def test_a_unit_is_found_by_code_symbol_and_token(text, symbol, token):
    found = units.unit(text)
    assert (found.symbol, found.token) == (symbol, token)


def test_every_unit_of_the_table_is_found_by_its_code_its_symbol_and_its_token():
    wrong = [
        code
        for code, entry in units.TABLE.items()
        if not units.unit(code) == units.unit(entry.symbol) == units.unit(entry.token) == entry
    ]
    assert wrong == []


@pytest.mark.parametrize(
    "symbol", ["kW·h", "A·h", "mg/L", "m³/h", "V·A", "r/min", "n mile", "μmol/mol", "hPa", "kPa", "℃"]
)
def test_a_legal_unit_is_legal(symbol):
    assert units.is_legal(symbol)


@pytest.mark.parametrize(
    "symbol",
    [
        "mpa",
        "MPA",
        "Kpa",
        "KG",
        "kkg",
        "mkg",
        "kmin",
        "m/s/s",
        "kgf/cm²",
        "bar",
        "psi",
        "mmHg",
        "ppm",
        "Gs",
        "",
        "HRC",
        "kgkg",
    ],
)
def test_an_illegal_unit_is_not_legal(symbol):
    assert not units.is_legal(symbol)


def test_a_scale_is_no_unit_but_is_known():
    assert [units.is_scale(text) for text in ("HRC", "pH", "dB(A)", "MPa")] == [True, True, True, False]


def test_an_unknown_unit_is_refused_with_the_one_to_use():
    with pytest.raises(units.UnknownUnit, match="MPa"):
        units.unit("kgf/cm²")


@pytest.mark.parametrize(
    ("value", "source", "target", "converted"),
    [
        ("1.5", "kPa", "MPa", "0.0015"), ("2.5", "MPa", "kPa", "2500"), ("20", "℃", "K", "293.15"),
        ("300", "K", "℃", "26.85"),
        ("36", "km/h", "m/s", "10"), ("1", "kW·h", "MJ", "3.6"), ("1", "t", "kg", "1000"), ("60", "r/min", "1/s", "1"),
        ("1", "L", "cm³", "1000"), ("0.0030", "MPa", "MPa", "0.0030"),
    ],
)  # fmt: skip
def test_a_value_is_converted_exactly(value, source, target, converted):
    assert str(units.convert(D(value), source, target)) == converted


def test_a_difference_of_temperatures_has_no_zero_point():
    assert units.convert(D("0.3"), "℃", "K", difference=True) == D("0.3")


@pytest.mark.parametrize(("source", "target"), [("MPa", "m"), ("kg", "N"), ("dB", "1")])
def test_units_of_different_kinds_are_not_converted(source, target):
    with pytest.raises(ValueError, match="不能换算"):
        units.convert(D(1), source, target)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("测量范围 (0～16) kgf/cm²", ["kgf/cm²"]), ("10 bar", ["bar"]), ("压力 5 in", ["in"]), ("60 rpm", ["rpm"]),
        ("25 Mpa 与 25 MPa", ["Mpa"]), ("2.5kWh", ["kWh"]), ("100 ppm", ["ppm"]), ("68 °F", ["°F"]),
        ("重 3 斤", ["斤"]), ("(0～25) bar", ["bar"]), ("（-1～+2.5）psi", ["psi"]),
        ("120 mmHg", ["mmHg"]), ("5 \u00b5", ["μ"]), ("2 英寸表", ["英寸"]), ("5 KG", ["KG"]),
        ("300 PSI 和 20 cal", ["PSI", "cal"]),
    ],
)  # fmt: skip
def test_an_illegal_unit_in_a_text_is_found(text, found):
    assert [each.symbol for each in units.illegal_units_in(text)] == found


@pytest.mark.parametrize(
    "text",
    [
        "", "Y-100 一般压力表", "两次测量取平均", "尺寸 20 mm", "见 (2) 尺寸", "(1～3) 级", "3 in total", "the bar chart", "barometer",
        "DN50 R1/2", "M20×1.5",
        "编号 12R", "GB/T 8170", "1.6 MPa", "1.5 kW·h", "量程里程", "外观 3 两端完好", "25 \u00b5m", "5 N·m",
        "0.1 Pa·s", "5G 模块",
        "第 3 里程碑", "220 V，50 Hz，5(60) A", "at 5 points", "20 ℃ 时 3 h",
    ],
)  # fmt: skip
def test_ordinary_text_raises_no_alarm(text):
    assert units.illegal_units_in(text) == []


def test_the_advice_names_the_legal_unit_and_its_factor():
    (found,) = units.illegal_units_in("0～10 kgf/cm²")
    assert "98.0665 kPa" in found.advice


def test_prefixes_are_read_by_letter_and_case():
    assert [units.unit(text).factor for text in ("mPa", "MPa", "mm", "daN")] == [
        D("0.001"),
        D("1e6"),
        D("0.001"),
        D(10),
    ]
