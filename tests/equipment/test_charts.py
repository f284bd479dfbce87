"""Pictures of checks, tests and calibrations: what is drawn, and the same figures as words."""

import json
from datetime import date, timedelta
from decimal import Decimal as D

import pytest
from django.conf import settings
from django.urls import reverse

from equipment.checking import charts, drifts
from equipment.models import CheckPlan, IntermediateCheck, StandardTest, TracePoint
from portal.permissions import Role
from portal.plots import Level, Plot, Point, Series, Trend
from tests import make

DAY = make.DAY
Rule = CheckPlan.Rule


def test_numbers_and_days_travel_as_text():
    plot = Plot(
        "one", "误差 / mg", [Series("e", [Point(DAY, D("0.10"), u=D("0.0000000001"), words="…", open=True)])],
        levels=[Level(D("1.6"), "+MPE")], trends=[Trend((DAY, D("0.1")), (DAY, D("0.2")), dashed=True)],
        band=(D("-1.6"), D("1.6")),
    )  # fmt: skip
    point = plot.data["series"][0]["points"][0]
    assert (point["y"], point["u"], point["x"]) == ("0.10", "0.0000000001", "2026-03-10")
    assert json.loads(json.dumps(plot.data))["band"] == ["-1.6", "1.6"]


def calibrated(lab, day, error, *, nominal="1000", number=None, **kwargs):
    trace = make.traceability(
        lab.institution, lab.equipment, lab.keeper, calibrated_on=day, valid_until=day + timedelta(364),
        confirmed_on=day + timedelta(5), **({"certificate_number": number} if number else {}),
    )  # fmt: skip
    values = {"quantity": "质量", "unit": "mg", "uncertainty": "0.46", "permitted": "1.6", **kwargs}
    return make.trace_point(lab.institution, trace, nominal=nominal, error=error, **values)


def yearly(lab, *errors, **kwargs):
    return [calibrated(lab, date(2020 + number, 1, 20), error, **kwargs) for number, error in enumerate(errors)]


def drift(lab):
    points = drifts.points_of(lab.equipment, TracePoint.objects.all())
    return drifts.drift_of(drifts.series_of(points)[-1], points)


def test_a_drift_has_its_calibrations_in_the_order_of_time_with_u_at_k_2(lab):
    calibrated(lab, date(2022, 1, 20), "0.3", uncertainty="0.6", coverage_factor="3")
    calibrated(lab, date(2021, 1, 20), "0.2", uncertainty="0.4", coverage_factor="2")
    calibrated(lab, date(2023, 1, 20), "0.4", coverage_factor=None)
    assert [(row.day.year, row.u) for row in drift(lab).rows] == [(2021, D("0.4")), (2022, D("0.4")), (2023, D("0.46"))]


def test_a_certificate_recorded_again_is_drawn_once(lab):
    calibrated(lab, date(2021, 1, 20), "0.2", number="SL-1")
    calibrated(lab, date(2021, 1, 20), "0.25", number="SL-1")
    assert [row.error for row in drift(lab).rows] == [D("0.25")]


def test_without_an_error_the_value_is_held_against_the_nominal(lab):
    calibrated(lab, date(2021, 1, 20), None, value="1000.3")
    calibrated(lab, date(2022, 1, 20), None, value=None)
    assert [row.error for row in drift(lab).rows] == [D("0.3")]


def test_each_quantity_unit_and_nominal_is_a_series_of_its_own(lab):
    yearly(lab, "0.1", nominal="500")
    yearly(lab, "0.1", "0.2", nominal="1000")
    calibrated(lab, date(2021, 3, 1), "0.1", nominal="1000", unit="g")
    points = drifts.points_of(lab.equipment, TracePoint.objects.all())
    assert [(one.unit, one.nominal) for one in drifts.series_of(points)] == [("g", 1000), ("mg", 500), ("mg", 1000)]


@pytest.mark.parametrize(
    ("error", "tone"), [("1.14", "ok"), ("1.15", "due"), ("-1.15", "due"), ("1.6", "due"), ("1.61", "bad")]
)
def test_an_error_with_its_u_is_held_against_what_is_permitted(lab, error, tone):
    calibrated(lab, date(2021, 1, 20), error)
    assert drift(lab).rows[0].standing[0] == tone


def test_a_drift_that_means_something_is_told_with_the_year_of_its_warning(lab):
    yearly(lab, "0.21", "0.28", "0.36", "0.46", "0.52", "0.60", "0.70")
    sentence = drifts.sentence_of(drift(lab))
    assert (
        "漂移 +0.081 mg/a，7 次" in sentence
        and "2031 年触及预警线 ±1.14 mg" in sentence
        and "不作为判定依据" in sentence
    )


def test_scatter_is_not_called_a_drift(lab):
    yearly(lab, "0.21", "-0.10", "0.15", "-0.05", "0.10")
    assert "没有显著的漂移" in drifts.sentence_of(drift(lab)) and drifts.tone_of(drift(lab)) == "off"


def test_two_calibrations_tell_nothing_of_drift(lab):
    yearly(lab, "0.2", "0.4")
    assert "三次以上" in drifts.sentence_of(drift(lab))


def test_the_picture_of_a_drift_has_bars_mpe_lines_warning_and_outlook(lab):
    yearly(lab, "0.21", "0.28", "0.36", "0.46", "0.52")
    data = drifts.drift_plot(drift(lab)).data
    assert {level["words"]: D(level["y"]) for level in data["levels"]} == {
        "+MPE": D("1.6"),
        "−MPE": D("-1.6"),
        "预警": D("1.14"),
    }
    assert [D(point["u"]) for point in data["series"][0]["points"]] == [D("0.46")] * 5
    assert [trend["dashed"] for trend in data["trends"]] == [False, True]
    assert data["series"][0]["points"][-1]["label"] == "+0.52"


def test_a_leap_day_has_an_outlook(lab):
    for year, error in ((2016, "0.1"), (2020, "0.2"), (2024, "0.3")):
        calibrated(lab, date(year, 2, 29), error)
    assert drifts.drift_plot(drift(lab)).trends


# --- control charts


def checks(plan, *means, terms=None):
    known = {"reference": "1", "unit": "MPa", "readings": ["1.000"], "rule": plan.rule, **(terms or {})}
    return [
        IntermediateCheck(plan=plan, performed_on=DAY + timedelta(place), mean=D(mean), figure=D(mean) - 1, verdict="passed",
                          readings=[D(mean), D(mean) + D("0.001") * (place % 3 + 1)], terms=known)
        for place, mean in enumerate(means)
    ]  # fmt: skip


def test_a_control_chart_has_two_and_three_s():
    plan = CheckPlan(rule=Rule.CHART, deviation=D("0.001"), reference=D(1), unit="MPa")
    plot = charts.check_plot(plan, checks(plan, "1.001", "0.999"), "k")
    assert {level.words: level.y for level in plot.levels} == {
        "+3s": D("0.003"), "−3s": D("-0.003"), "+2s": D("0.002"), "−2s": D("-0.002"), "参考值": 0,
    }  # fmt: skip
    assert [point.y for point in plot.series[0].points] == [D("0.001"), D("-0.001")]


def test_a_check_is_drawn_against_the_reference_of_its_own_day():
    plan = CheckPlan(rule=Rule.LIMIT, limit=D("0.01"), reference=D("1.5"), unit="MPa")
    plot = charts.check_plot(plan, checks(plan, "1.002", terms={"reference": "1"}), "k")
    assert plot.series[0].points[0].y == D("0.002")


def test_h_is_drawn_with_seven_tenths_and_one():
    plan = CheckPlan(rule=Rule.H_VALUE, uncertainty=D(1), reference=D(1), unit="MPa")
    assert [level.y for level in charts.check_plot(plan, checks(plan, "1.5"), "k").levels] == [D(1), D("0.7")]


def test_without_checks_there_is_no_picture():
    plan = CheckPlan(rule=Rule.CHART, deviation=D("0.001"), reference=D(1), unit="MPa")
    assert charts.check_plot(plan, [], "k") is None and charts.scatter_plot([], "k") is None


def test_the_chart_of_s_needs_four_checks_with_as_many_readings():
    plan = CheckPlan(rule=Rule.CHART, deviation=D("0.001"), reference=D(1), unit="MPa")
    assert charts.scatter_plot(checks(plan, "1", "1", "1"), "k") is None
    plot = charts.scatter_plot(checks(plan, "1", "1", "1", "1"), "k")
    high, centre = plot.levels
    assert round(high.y / centre.y, 3) == D("3.267")  # B4 of two readings
    single = checks(plan, "1", "1", "1", "1")
    for check in single:
        check.readings = check.readings[:1]
    assert charts.scatter_plot(single, "k") is None


def stability(*means, on, limit="0.005"):
    groups = [{"on": day.isoformat(), "readings": [mean, mean]} for mean, day in zip(means, on, strict=True)]
    return StandardTest(
        kind="stability", groups=groups, limit=D(limit), unit="MPa", performed_on=on[-1], verdict="passed"
    )


def test_a_yearly_stability_is_drawn_around_the_group_before():
    days = [date(2024, 1, 1), date(2025, 1, 2), date(2026, 1, 3)]
    tests = [stability("1.000", "1.002", on=days[:2]), stability("1.002", "1.003", on=days[1:])]
    plot = charts.test_plot(tests, "k")
    assert [point.y for point in plot.series[0].points] == [0, D("0.002"), D("0.003")]
    assert [level.y for level in plot.levels] == [D("0.007"), D("-0.003")]


def test_tests_without_readings_are_not_drawn():
    assert charts.test_plot([StandardTest(kind="stability", groups=[])], "k") is None


# --- the page


def trend(lab):
    return reverse("equipment:trend", args=["alpha", lab.equipment.ref])


def test_the_page_draws_one_series_and_offers_the_others(lab, signed_in, django_assert_max_num_queries):
    small = yearly(lab, "0.11", "0.12", "0.13", nominal="200")[0]
    yearly(lab, "0.21", "0.28", "0.36", "0.46", "0.52", nominal="1000")
    client = signed_in(Role.OPERATOR)
    with django_assert_max_num_queries(20):
        page = client.get(trend(lab)).content.decode()
    assert "+0.52" in page and "±1.60" in page and "+0.13" not in page
    assert "+0.13" in client.get(trend(lab), {"point": small.ref}).content.decode()


def test_every_figure_of_the_picture_stands_in_the_table(lab, signed_in):
    yearly(lab, "0.21", "0.28", "0.36")
    page = signed_in(Role.OPERATOR).get(trend(lab)).content.decode()
    table = page[page.index("<table") :]
    assert all(text in table for text in ("+0.21", "+0.28", "+0.36", "0.46", "2021-01-20", "±1.60"))


def test_without_points_the_page_says_what_to_do(lab, signed_in):
    assert "还没有带校准点的溯源证书" in signed_in(Role.OPERATOR).get(trend(lab)).content.decode()


def test_the_page_of_the_equipment_shows_its_drift(lab, signed_in):
    yearly(lab, "0.21", "0.28", "0.36", nominal="200")
    yearly(lab, "0.21", "0.28", "0.36", nominal="1000")
    page = signed_in(Role.OPERATOR).get(lab.equipment.get_absolute_url()).content.decode()
    assert "历年误差" in page and "另有 1 个点" in page and 'data-plot="plot-card-drift"' in page


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("width", [390, 1440])
def test_the_picture_is_drawn_under_the_policy(width, browser_page, live_server, client):
    w = make.laboratory()
    for number, error in enumerate(("0.0002", "0.0004", "0.0005")):
        day = date(2023 + number, 1, 20)
        trace = make.traceability(
            w.institution, w.equipment, w.operator_employment, calibrated_on=day, valid_until=day + timedelta(364)
        )
        make.trace_point(w.institution, trace, error=error)
    client.force_login(make.user(w.institution, Role.METROLOGY_MANAGER))
    name, page = settings.SESSION_COOKIE_NAME, browser_page
    page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(live_server.url + reverse("equipment:trend", args=["alpha", w.equipment.ref]))
    box = page.locator("[data-plot-canvas] canvas").first.bounding_box()
    line = page.locator("[data-plot-line]")
    hint = line.inner_text()
    for across in range(8, int(box["width"]), 6):
        for down in range(30, int(box["height"]) - 20, 8):
            page.mouse.move(box["x"] + across, box["y"] + down)
            if line.inner_text() != hint:
                assert "误差 +0.000" in line.inner_text() and "U = 0.0015 MPa" in line.inner_text()
                assert page.evaluate("document.documentElement.scrollWidth") == width
                assert said == []
                return
    pytest.fail("no point of the picture tells what it is")
