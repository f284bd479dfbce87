import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management.base import CommandError

from certificates import cases
from certificates.management.commands.check_metrology import Command

FILE = Path(__file__).parents[1] / "data" / "metrology_cases.json"


def outcomes(document):
    return cases.run(cases.load(json.dumps(document)))


def test_every_published_case_is_met():
    found, unknown = cases.run(cases.load(FILE.read_text(encoding="utf-8")))
    assert ([each.id for each in found if not each.passed], unknown) == ([], [])


def test_every_list_and_example_of_the_file_is_looked_at():
    document = json.loads(FILE.read_text(encoding="utf-8"))
    listed = sum(len(content) for content in document.values() if isinstance(content, list))
    tables = len(document["k_table_95_45"]) + len(document["k_special_distributions"]) - 1
    assert len(cases.run(cases.load(FILE.read_text(encoding="utf-8")))[0]) == listed + tables


def test_a_wrong_figure_is_noticed():
    found, _ = outcomes({"rounding_cases": [{"input": "1.005", "interval": "0.01", "expected": "1.01"}]})
    assert [each.passed for each in found] == [False]


def test_a_budget_that_misses_its_tolerance_is_noticed():
    example = {
        "id": "x", "model": "y = a + b", "inputs": [{"name": "a", "value": 1, "u": 3}, {"name": "b", "value": 1,
        "u": 4}],
        "expected": {"y": 2, "u_c": 5.1, "k": 2},
    }  # fmt: skip
    assert [each.passed for each in outcomes({"examples": [example]})[0]] == [False]


@pytest.mark.parametrize(
    "document",
    [
        {"examples": [{"id": "rounding_cases[0]", "kind": "astrology"}]}, {"rounding_cases": [{}]},
        {"rounding_cases": [{"input": "x", "interval": "0.1", "expected": "1"}]},
    ],
)  # fmt: skip
def test_what_is_not_understood_is_listed_and_not_passed(document):
    assert outcomes(document) == ([], ["rounding_cases[0]"])


def test_a_correlated_budget_is_understood():
    example = {
        "id": "x", "kind": "budget_correlated", "model": "y = a + b", "correlations": [{"a": "a", "b": "b", "r": 1}],
        "inputs": [{"name": "a", "value": 1, "u": 0.1}, {"name": "b", "value": 1, "u": 0.1}], "expected": {"u_c": 0.2},
    }  # fmt: skip
    assert [each.passed for each in outcomes({"examples": [example]})[0]] == [True]


@pytest.mark.parametrize(
    "case",
    [
        {"components": [{"u": 1, "dof": 10}, {"u": 1, "dof": "inf"}], "expected": {"nu_eff": 40}},
        {"u": ["1", "1"], "dof": [10, None], "nu_eff": 40, "nu_used": 40},
        {"components": [[1, None]], "expected_nu_eff": "inf"},
    ],
)
def test_degrees_of_freedom_are_read_in_several_forms(case):
    assert [each.passed for each in outcomes({"welch_satterthwaite_cases": [case]})[0]] == [True]


@pytest.mark.parametrize(
    "case",
    [
        {"error": "0.07", "mpe": "0.10", "U": "0.03", "k": 2, "pfa": 0.0228},
        {"value": "9.9", "lower": "9.0", "u": "0.5", "probability_of_conformity": "0.9641"},
        {"error": "0.07", "mpe": "0.10", "u": "0.015", "expected": {"pfa_percent": 2.28}},
        {"error": "0.07", "mpe": "0.10", "u": "0.015", "pfa": "<= 2.5 %"},
    ],
)
def test_risks_are_read_in_several_forms(case):
    assert [each.passed for each in outcomes({"specific_risk_cases": [case]})[0]] == [True]


def run(arguments):
    out = StringIO()
    command = Command(stdout=out)
    options = vars(command.create_parser("manage.py", "check_metrology").parse_args(arguments))
    command.handle(**options)
    return out.getvalue()


def test_the_command_prints_json_for_every_case():
    printed = json.loads(run([str(FILE), "--json"]))
    assert {"id", "got", "expected", "passed"} == set(printed["cases"][0]) and printed["unknown"] == []


def test_the_command_leaves_with_1_when_a_case_fails(tmp_path):
    file = tmp_path / "cases.json"
    file.write_text(
        '{"rounding_cases": [{"input": "1.005", "interval": "0.01", "expected": "1.01"}]}', encoding="utf-8"
    )
    with pytest.raises(SystemExit) as left:
        run([str(file)])
    assert left.value.code == 1


@pytest.mark.parametrize("content", ["", "[]", "{", '{"examples": NaN}'])
def test_the_command_says_when_a_file_is_no_file_of_cases(tmp_path, content):
    file = tmp_path / "cases.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(CommandError):
        run([str(file)])
