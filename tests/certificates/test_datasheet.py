import json
from copy import deepcopy
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certificates import certificate_lines, datasheet
from certificates.conformity import Verdict

DEFINITION = json.loads(
    (Path(datasheet.__file__).parent / "procedures" / "pressure_gauge_general.json").read_text(encoding="utf-8")
)
KEYS = ("up_before", "up_after", "down_before", "down_after")
DEVICE = {"lower": "0", "upper": "1.6", "division": "0.05", "accuracy_class": "1.6"}
POINTS = ["0", "0.4", "0.8", "1.2", "1.6"]
READINGS = [
    ("0.00", "0.00", "0.00", "0.00"),
    ("0.40", "0.41", "0.41", "0.41"),
    ("0.79", "0.80", "0.81", "0.81"),
    ("1.20", "1.21", "1.22", "1.22"),
    ("1.60", "1.61", "1.61", "1.61"),
]
OBSERVED = {"appearance": "合格", "zero": "符合", "pointer": "平稳", "hold": "已做，无异常"}
CONDITIONS = {"temperature": "20.8", "humidity": "56"}
STANDARD = {"U": "0.0015", "k": "2", "unit": "MPa"}
D = Decimal


def evaluated(changed=None, *, rule="", **kwargs):
    """The finished gauge of 1.6 MPa, with some cells changed: {(point, key): text}."""
    cells = {(i, key): text for i, row in enumerate(READINGS) for key, text in zip(KEYS, row, strict=True)}
    cells |= changed or {}
    given = {
        "definition": DEFINITION, "device": DEVICE, "points": POINTS, "observations": OBSERVED,
        "conditions": CONDITIONS,
        "standard": STANDARD, **kwargs,
    }  # fmt: skip
    return datasheet.evaluate(readings=cells, decision_rule=rule, **given)


def sentences(sheet):
    return [problem.sentence for problem in sheet.problems]


# --- the finished sheet


def test_the_gauge_is_verified_as_class_1_6():
    sheet = evaluated()
    assert (sheet.verdict, sheet.conclusion_zh, sheet.complete) == (Verdict.PASS, "1.6 级合格", True)


def test_errors_are_the_largest_ones_with_their_sign():
    assert [point.derived["error"].text for point in evaluated().points] == ["0.00", "+0.01", "+0.01", "+0.02", "+0.01"]


def test_the_last_tenth_of_the_range_has_the_wider_limit():
    assert [point.mpe for point in evaluated().points] == [D("0.0256")] * 4 + [D("0.0400")]


def test_tapping_may_move_the_pointer_by_half_of_the_limit():
    assert evaluated().points[4].derived["tap"].limit == D("0.0128")


def test_hysteresis_is_judged_by_the_limit_of_the_class():
    assert evaluated().points[4].derived["hysteresis"].limit == D("0.0256")


def test_the_uncertainty_is_of_the_order_of_the_reading():
    assert [point.U_text for point in evaluated().points] == ["0.0060", "0.0060", "0.0062", "0.0066", "0.0070"]


def test_the_budget_at_zero_is_reading_and_standard():
    expected = 2 * ((D("0.005") ** 2 / 3) + D("0.00075") ** 2).sqrt()
    assert abs(evaluated().points[0].U - expected) < D("1e-20")


def test_the_certificates_own_k_divides_its_uncertainty():
    by_three = evaluated(standard={"U": "0.00225", "k": "3", "unit": "MPa"})
    assert abs(by_three.points[0].U - evaluated().points[0].U) < D("1e-25")


def test_the_standard_may_be_certified_in_another_unit():
    assert evaluated(standard={"U": "1.5", "k": "2", "unit": "kPa"}).U_text == evaluated().U_text


def test_a_standard_without_certified_uncertainty_enters_by_its_limits():
    budget = evaluated(standard={"mpe": "0.00125"}).budget
    assert [line.label for line in budget.contributions][1] == "标准器（按最大允许误差）"


def test_the_ratio_to_the_limit_is_told_where_it_is_largest():
    sheet = evaluated()
    assert (sheet.ratio_text, sheet.ratio_met) == ("0.26", True)


def test_the_worst_point_is_the_one_with_the_largest_error():
    assert evaluated().worst.text == "1.2"


def test_value_and_uncertainty_end_at_one_place():
    point = evaluated(activity="calibration").points[3]
    assert (point.indication_reported, point.error_reported, point.U_text) == ("1.2200", "+0.0200", "0.0066")


# --- what fails


def test_one_point_outside_its_limit_fails_the_whole():
    sheet = evaluated({(3, "up_after"): "1.24", (3, "up_before"): "1.24"})
    assert (sheet.verdict, sheet.conclusion_zh) == (Verdict.FAIL, "不合格")


def test_the_failing_item_is_named_with_its_figures():
    sheet = evaluated({(3, "up_after"): "1.24", (3, "up_before"): "1.24"})
    assert sheet.failing_items == ("示值误差：1.2 MPa 处 +0.04 MPa，允许 ±0.0256 MPa",)


def test_the_class_it_does_meet_is_told():
    assert evaluated({(3, "up_after"): "1.24", (3, "up_before"): "1.24"}).class_met == "2.5"


def test_the_class_is_never_better_than_the_one_asked_for():
    assert evaluated(device=DEVICE | {"accuracy_class": "2.5"}).class_met == "2.5"


def test_a_tap_beyond_half_of_the_limit_fails():
    sheet = evaluated({(1, "up_before"): "0.39"})
    assert [check.key for check in sheet.checks if check.verdict is Verdict.FAIL] == ["tap"]


def test_an_observation_that_is_not_good_fails_the_instrument():
    sheet = evaluated(observations=OBSERVED | {"appearance": "不合格"})
    assert (sheet.verdict, sheet.class_met, sheet.failing_items) == (Verdict.FAIL, "", ("外观：不合格",))


def test_a_value_on_the_limit_passes():
    assert evaluated(device=DEVICE | {"upper": "1.25", "accuracy_class": "1.6"}, points=["1.2"]).points[0].mpe == D(
        "0.03125"
    )


def test_a_standard_too_coarse_for_a_verification_leaves_it_without_conclusion():
    sheet = evaluated(standard={"U": "0.02", "k": "2", "unit": "MPa"})
    assert (sheet.verdict, sheet.ratio_met) == (Verdict.UNDETERMINED, False)


# --- calibration


def test_a_calibration_without_rule_states_nothing():
    sheet = evaluated(activity="calibration")
    assert ({point.verdict for point in sheet.points}, sheet.verdict, sheet.conclusion_zh) == (
        {Verdict.NOT_STATED},
        Verdict.NOT_STATED,
        "",
    )


def test_a_calibration_is_judged_by_its_rule():
    sheet = evaluated(activity="calibration", rule="guard_band_w_U_nonbinary")
    assert [point.derived["error"].verdict for point in sheet.points][3] is Verdict.CONDITIONAL_PASS


def test_a_coarse_standard_makes_a_calibration_undetermined_by_jjf_1094():
    sheet = evaluated(activity="calibration", rule="jjf1094", standard={"U": "0.02", "k": "2", "unit": "MPa"})
    assert sheet.points[3].verdict is Verdict.UNDETERMINED


def test_the_agreed_rule_plays_no_part_in_a_verification():
    assert evaluated(rule="guard_band_w_U").rule == "jjg"


@pytest.mark.parametrize("wrong", [{"activity": "guess"}, {"activity": "calibration", "rule": "guess"}])
def test_an_unknown_activity_or_rule_is_refused(wrong):
    with pytest.raises(ValueError):
        evaluated(**wrong)


# --- while it is being filled


def test_a_reading_off_the_reading_step_is_refused_with_its_neighbours():
    (problem,) = evaluated({(4, "down_before"): "1.615"}).problems
    assert (problem.point_index, problem.key, problem.blocking) == (4, "down_before", True)
    assert "1.6 MPa 降压示值轻敲前：1.615" in problem.named and "1.61 或 1.62" in problem.sentence


def test_a_refused_reading_counts_as_missing():
    sheet = evaluated({(4, "down_before"): "1.615", (4, "down_after"): None})
    assert (sheet.filled, sheet.total, sheet.missing, sheet.complete) == (18, 20, 2, False)


def test_the_conclusion_of_an_unfinished_sheet_says_what_is_to_do():
    sheet = evaluated({(4, "down_before"): "", (4, "down_after"): None})
    assert sheet.conclusion_zh == "填满 2 格后给出；预计 1.6 级合格"


def test_a_half_filled_point_shows_what_is_known():
    point = evaluated({(4, "down_before"): None, (4, "down_after"): None}).points[4]
    assert [point.derived[key].text for key in ("tap", "error", "hysteresis")] == ["0.01", "+0.01", ""]


def test_a_half_filled_point_has_no_passing_verdict():
    assert evaluated({(4, "down_after"): None}).points[4].verdict is Verdict.UNDETERMINED


def test_a_half_filled_point_may_fail_already():
    assert evaluated({(4, "up_after"): "1.70", (4, "down_after"): None}).points[4].verdict is Verdict.FAIL


def test_a_reading_far_from_its_point_is_asked_about_but_counts():
    sheet = evaluated({(2, "up_before"): "0.97"})
    (problem,) = sheet.problems
    assert (problem.blocking, sheet.filled, "0.17 MPa" in problem.sentence) == (False, 20, True)


@pytest.mark.parametrize("typed", ["abc", "1e400", "NaN", "1\x00", "1,500"])
def test_an_unreadable_reading_is_a_sentence_at_its_cell(typed):
    (problem,) = evaluated({(0, "up_before"): typed}).problems
    assert (problem.point_index, problem.key) == (0, "up_before")


def test_a_reading_of_absurd_size_is_no_error():
    assert evaluated({(0, "up_before"): "1e30", (0, "up_after"): "-1e30"}).verdict is Verdict.FAIL


def test_full_width_digits_are_readings_too():
    assert evaluated({(0, "up_before"): "０．００"}).complete


def test_trailing_zeros_are_aligned_to_the_reading_step():
    assert evaluated({(1, "up_before"): "0.4"}).points[1].cells["up_before"].text == "0.40"


def test_an_empty_sheet_proposes_its_points():
    sheet = evaluated({(i, key): None for i in range(5) for key in KEYS}, points=[])
    assert ([point.text for point in sheet.points], sheet.filled, sheet.total) == (POINTS, 0, 20)


def test_proposed_points_lie_on_scale_marks():
    assert datasheet.default_points(DEFINITION, {"upper": "2.5", "division": "0.1", "accuracy_class": "1.6"}) == [
        "0", "0.6", "1.2", "1.9", "2.5",
    ]  # fmt: skip


def test_an_instrument_without_figures_is_asked_for_them():
    sheet = datasheet.evaluate(DEFINITION, {}, [], {}, {}, {}, {}, "")
    assert (sheet.points, sheet.complete, sentences(sheet)[0]) == ((), False, "器具的测量上限没有填。")


@pytest.mark.parametrize(
    "device", [{"division": "0"}, {"upper": "0"}, {"upper": "x"}, {"accuracy_class": "9"}, {"division": "-1"}]
)
def test_wrong_figures_of_the_instrument_are_sentences(device):
    sheet = evaluated(device=DEVICE | device)
    assert not sheet.complete and any(problem.key == "device" for problem in sheet.problems)


def test_without_a_standard_there_is_no_uncertainty_and_no_verdict():
    sheet = evaluated(standard={})
    assert (sheet.U, sheet.verdict) == (None, Verdict.UNDETERMINED)


@pytest.mark.parametrize("unit", ["bar", "℃", "nonsense"])
def test_a_standard_in_a_unit_of_another_kind_is_a_sentence(unit):
    sheet = evaluated(standard=STANDARD | {"unit": unit})
    assert sheet.U is None and any(problem.key == "standard" for problem in sheet.problems)


def test_a_condition_outside_its_limits_is_told():
    (temperature, humidity) = evaluated(conditions={"temperature": "25.1", "humidity": "85"}).conditions
    assert (temperature.met, humidity.met, "25.1 ℃" in temperature.sentence) == (False, True, True)


def test_a_missing_condition_keeps_the_sheet_open():
    assert not evaluated(conditions={"temperature": "20.8"}).complete


@given(
    st.dictionaries(st.tuples(st.integers(0, 5), st.sampled_from(KEYS)), st.text(max_size=8) | st.none(), max_size=20)
)
@settings(max_examples=60, deadline=None)
def test_whatever_is_typed_the_sheet_answers(typed):
    sheet = evaluated(typed)
    assert sheet.filled + sheet.missing == sheet.total == 20


# --- for the certificate


def test_the_result_table_of_a_verification_is_text():
    (table,) = certificate_lines.results(DEFINITION, evaluated())
    assert table["rows"][3] == {
        "point": "1.2", "tap": "0.01", "error": "+0.02", "hysteresis": "0.01", "mpe": "±0.0256", "verdict": "pass",
    }  # fmt: skip


def test_the_result_table_of_a_calibration_carries_its_uncertainty():
    (table,) = certificate_lines.results(DEFINITION, evaluated(activity="calibration"))
    assert [column["key"] for column in table["columns"]] == ["point", "indication", "error", "U"]


def test_every_row_fills_every_column():
    for activity in ("verification", "calibration"):
        (table,) = certificate_lines.results(DEFINITION, evaluated(activity=activity))
        keys = {column["key"] for column in table["columns"]} | {"verdict"}
        assert all(set(row) == keys for row in table["rows"])


def test_the_further_items_are_text():
    assert {type(value) for line in certificate_lines.check_lines(evaluated()) for value in line.values()} == {str}


# --- definitions


def without(*path):
    changed = deepcopy(DEFINITION)
    place = changed
    for step in path[:-1]:
        place = place[step]
    del place[path[-1]]
    return changed


def with_value(value, *path):
    changed = deepcopy(DEFINITION)
    place = changed
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return changed


@pytest.mark.parametrize(
    "file", sorted((Path(datasheet.__file__).parent / "procedures").glob("*.json")), ids=lambda file: file.stem
)
def test_the_shipped_procedures_are_sound(file):
    assert datasheet.check_definition(json.loads(file.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("definition", "part"),
    [
        ([], "对象"), (without("method"), "method"), (with_value("kgf/cm²", "unit"), "kgf/cm²"),
        (with_value("bogus + 1", "constants", "span"), "bogus"), (with_value("1 +", "derived", 0, "formula"), "tap"),
        (with_value("os.system", "derived", 0, "formula"), "tap"), (without("mpe", 0, "table", "2.5"), "2.5"),
        (with_value("x", "mpe", 1, "table", "1"), "等级 1"), (with_value("error", "derived", 0, "key"), "重复"),
        (with_value("0/1", "ratio"), "ratio"), (with_value(["guess"], "decision_rules"), "decision_rules"),
        (without("uncertainty", "inputs", 1, "k"), "k"), (with_value("nothing", "class_key"), "class_key"),
        (with_value([], "readings"), "readings"), (with_value(0, "interval_months"), "interval_months"),
        (with_value("indication - elsewhere", "uncertainty", "model"), "elsewhere"),
        (with_value("weird", "uncertainty", "inputs", 0, "distribution"), "weird"),
        (without("points", "default"), "points"),
        (with_value("不明", "observations", 0, "pass"), "pass"),
        (with_value("两", "conditions", 0, "maximum"), "maximum"),
    ],
)  # fmt: skip
def test_a_wrong_definition_is_told_where_it_is_wrong(definition, part):
    found = datasheet.check_definition(definition)
    assert any(part in sentence for sentence in found)


def nested(inner):
    return st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), nested, max_leaves=6)


@given(st.sampled_from(sorted(DEFINITION)), JSON)
@settings(max_examples=150, deadline=None)
def test_a_broken_part_of_a_definition_never_breaks_its_check(name, value):
    assert isinstance(datasheet.check_definition(DEFINITION | {name: value}), list)


# --- another kind of instrument: a digital display, three readings, limits by formula, k by the shape of the budget


def digital(**changes):
    definition = {
        "schema": 1, "code": "digital", "title": "数字表", "instrument": "数字电压表", "measurand": "直流电压",
        "field": "电磁", "method": "JJF 1587-2016", "unit": "V",
        "device": [{"key": "digit", "label": "分辨力", "unit": "V", "type": "decimal"}],
        "points": {"label": "标准值", "default": ["1", "10"]},
        "readings": [{"key": f"r{n}", "label": f"读数 {n}"} for n in (1, 2, 3)],
        "reading_step": "digit",
        "mpe": [{"value": "0.0005 * abs(point) + 2 * digit"}],
        "derived": [
            {"key": "average", "label": "平均值", "formula": "mean(r1, r2, r3)"},
            {"key": "error", "label": "误差", "formula": "average - point", "limit": "mpe", "signed": True,
             "by_rule": True},
        ],
        "result": {"reference": "point", "indication": "average"},
        "uncertainty": {
            "model": "display - reference",
            "inputs": [
                {"name": "display", "label": "显示", "value": "average", "larger_of": [
                    {"half_width": "digit / 2"}, {"readings": ["r1", "r2", "r3"]}]},
                {"name": "reference", "label": "标准器", "value": "point", "U": "standard_U", "k": "standard_k"},
            ],
            "k": "auto",
        },
        **changes,
    }  # fmt: skip
    return definition


def measured(readings, definition=None, standard=None, **kwargs):
    return datasheet.evaluate(
        definition or digital(), {"digit": "0.001"}, ["10"], {(0, f"r{n}"): text for n, text in enumerate(readings, 1)},
        {}, {}, standard or {"U": "0.0001", "k": "2"}, "simple_acceptance", activity="calibration", **kwargs,
    )  # fmt: skip


def test_another_kind_of_instrument_is_a_sound_definition():
    assert datasheet.check_definition(digital()) == []


def test_resolution_counts_when_it_is_larger_than_repeatability():
    (line, _) = measured(["10.001"] * 3).budget.contributions
    assert line.half_width == D("0.0005")


def test_repeatability_counts_when_it_is_larger_than_resolution():
    (line, _) = measured(["10.001", "10.011", "10.021"]).budget.contributions
    assert (line.evaluation, line.dof) == ("A", 2)


def test_a_dominant_resolution_gives_the_k_of_its_rectangle():
    assert measured(["10.001"] * 3).k_text == "1.65"


def test_few_readings_that_dominate_ask_for_students_t():
    assert D(measured(["10.001", "10.011", "10.021"]).k_text) == D("4.53")


def test_a_limit_by_formula_belongs_to_its_point():
    assert measured(["10.001"] * 3).points[0].mpe == D("0.007")


def test_the_mean_is_printed_to_the_reading_step_and_kept_unrounded():
    point = measured(["10.001", "10.001", "10.002"]).points[0]
    assert (point.derived["average"].text, point.derived["average"].value == D("10.001")) == ("10.001", False)


def test_an_institution_may_round_its_uncertainties_up():
    ordinary, up = (measured(["10.001"] * 3, mode=mode).U_text for mode in datasheet.Mode)
    assert D(ordinary) <= measured(["10.001"] * 3).U <= D(up)


def test_an_instrument_without_class_is_simply_conforming():
    assert measured(["10.001"] * 3).conclusion_zh == "符合规定要求"


def test_coverage_factors_that_differ_stand_in_their_own_column():
    cells = {(0, f"r{n}"): "1.000" for n in (1, 2, 3)}
    cells |= {(1, f"r{n}"): text for n, text in enumerate(("10.001", "10.011", "10.021"), 1)}
    sheet = datasheet.evaluate(
        digital(), {"digit": "0.001"}, ["1", "10"], cells, {}, {}, {"U": "0.0001", "k": "2"}, "", activity="calibration"
    )
    (table,) = certificate_lines.results(digital(), sheet)
    assert [row["k"] for row in table["rows"]] == ["1.65", "4.53"]
