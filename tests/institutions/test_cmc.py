"""The CMC of a line of scope: its five forms, its units, and what cannot be a CMC."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given, settings
from hypothesis import strategies as st

from institutions.models import ScopeItem

TABLE = "0 0.02\n100 0.05\n1000 0.08"
MATRIX = "0.1～1 20～1000 0.05\n0.1～1 1000～20000 0.1\n1～10 20～20000 0.5"


def line(**values):
    facts = {
        "instrument": "卡尺", "measurand": "长度", "range_low": Decimal(0), "range_high": Decimal(1000), "unit": "mm",
        "cmc_form": "constant", "cmc_constant": Decimal("0.02"), "cmc_slope": Decimal(0), "valid_from": None, **values,
    }  # fmt: skip
    return ScopeItem(**{name: Decimal(value) if name in NUMBERS else value for name, value in facts.items()})


NUMBERS = {"range_low", "range_high", "cmc_constant", "cmc_slope"}


@pytest.mark.parametrize(
    ("values", "point", "U"),
    [
        ({}, "500", "0.02"),
        ({"cmc_form": "linear", "cmc_slope": "0.00001"}, "500", "0.025"),
        ({"cmc_form": "linear", "cmc_slope": "0.00001"}, "-500", "0.025"),
        ({"cmc_form": "root", "cmc_constant": "0.03", "cmc_slope": "0.00008"}, "500", "0.05"),
        ({"cmc_form": "constant", "cmc_constant": "20", "cmc_unit": "μm"}, "500", "0.020"),
        ({"cmc_constant": "0.05", "cmc_unit": "%", "cmc_relative": True}, "200", "0.1"),
        ({"cmc_constant": "0.0005", "cmc_relative": True}, "-200", "0.1"),
        ({"cmc_form": "table", "cmc_points": TABLE}, "0", "0.02"),
        ({"cmc_form": "table", "cmc_points": TABLE}, "50", "0.035"),
        ({"cmc_form": "table", "cmc_points": TABLE}, "1000", "0.08"),
        ({"cmc_form": "table", "cmc_points": TABLE}, "1000.1", None),
        ({"cmc_form": "table", "cmc_points": "0 20\n1000 40", "cmc_unit": "μm"}, "500", "0.03"),
        ({"unit": "℃", "cmc_unit": "K", "cmc_constant": "0.3"}, "20", "0.3"),
    ],
)
def test_the_cmc_is_reckoned_in_the_unit_of_the_range(values, point, U):
    found = line(**values).cmc_at(Decimal(point))
    assert found == (None if U is None else Decimal(U))


@pytest.mark.parametrize(
    ("point", "parameter", "U"),
    [("0.5", "100", "0.05"), ("0.5", "5000", "0.1"), ("0.5", "1000", "0.05"), ("5", "50", "0.5"), ("5", "10", None),
     ("20", "100", None), ("0.5", None, None)],
)  # fmt: skip
def test_a_matrix_states_a_cmc_for_both_parameters(point, parameter, U):
    matrix = line(cmc_form="matrix", cmc_points=MATRIX, unit="V")
    found = matrix.cmc_at(Decimal(point), parameter and Decimal(parameter))
    assert found == (None if U is None else Decimal(U))


@settings(max_examples=60, deadline=None)
@given(st.decimals(min_value=0, max_value=1000, places=3))
def test_between_two_points_of_a_table_the_cmc_lies_between_theirs(point):
    U = line(cmc_form="table", cmc_points=TABLE).cmc_at(point)
    low, high = ("0.02", "0.05") if point <= 100 else ("0.05", "0.08")
    assert Decimal(low) <= U <= Decimal(high)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"cmc_constant": "0"}, "cmc_constant"),
        ({"cmc_constant": "-0.1"}, "cmc_constant"),
        ({"cmc_form": "linear", "cmc_constant": "0.1", "cmc_slope": "-0.1"}, "cmc_constant"),
        ({"cmc_slope": "0.1"}, "cmc_slope"),
        ({"cmc_unit": "kg"}, "cmc_unit"),
        ({"cmc_unit": "%"}, "cmc_unit"),
        ({"cmc_unit": "mm", "cmc_relative": True}, "cmc_unit"),
        ({"cmc_form": "linear", "cmc_relative": True, "cmc_unit": "%"}, "cmc_relative"),
        ({"unit": "kgf/cm²"}, "unit"),
        ({"unit": "mm2x"}, "unit"),
        ({"range_low": "5", "range_high": "1"}, "range_high"),
        ({"cmc_form": "table", "cmc_points": ""}, "cmc_points"),
        ({"cmc_form": "table", "cmc_points": "0 0.02"}, "cmc_points"),
        ({"cmc_form": "table", "cmc_points": "0 0.02\n500 0.05"}, "cmc_points"),
        ({"cmc_form": "table", "cmc_points": "500 0.02\n0 0.05\n1000 0.1"}, "cmc_points"),
        ({"cmc_form": "table", "cmc_points": "0 0.02\n1000 0"}, "cmc_points"),
        ({"cmc_form": "table", "cmc_points": "0 x\n1000 0.1"}, "cmc_points"),
        (
            {"cmc_form": "matrix", "cmc_points": "0～1000 20 0.1", "parameter": "频率", "parameter_unit": "Hz"},
            "cmc_points",
        ),
        (
            {"cmc_form": "matrix", "cmc_points": "0～500 20～50 0.1", "parameter": "频率", "parameter_unit": "Hz"},
            "cmc_points",
        ),
        ({"cmc_form": "matrix", "cmc_points": "0～1000 20～50 0.1"}, "parameter"),
    ],
)
def test_what_cannot_be_a_cmc_is_refused_at_its_field(values, field):
    with pytest.raises(ValidationError) as wrong:
        line(**values).clean()
    assert list(wrong.value.message_dict) == [field]


@pytest.mark.parametrize(
    "values",
    [
        {}, {"cmc_form": "table", "cmc_points": TABLE}, {"unit": "HRC"}, {"cmc_unit": "μm"},
        {"cmc_form": "matrix", "cmc_points": MATRIX, "unit": "V", "parameter": "频率", "parameter_unit": "Hz",
         "range_low": "0.1", "range_high": "10"},
    ],
)  # fmt: skip
def test_what_an_annex_states_is_taken(values):
    line(**values).clean()


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"cmc_constant": "0.05", "cmc_unit": "%", "cmc_relative": True}, "Urel = 0.05 %"),
        ({"cmc_form": "root", "cmc_constant": "0.5", "cmc_slope": "0.000002", "cmc_unit": "μm"}, "√((0.5 μm)² + (0.000002·x)²)"),
        ({"cmc_form": "table", "cmc_points": TABLE}, "0.02～0.08 mm（0～1000 mm 之间内插）"),
        ({"cmc_form": "matrix", "cmc_points": MATRIX, "unit": "V"}, "0.05～0.5 V"),
    ],
)  # fmt: skip
def test_a_cmc_is_printed_in_its_own_unit(values, text):
    assert line(**values).cmc.text == text
