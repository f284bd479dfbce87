"""Pages of 期间核查: readings are typed, judged and shown; nothing typed is lost."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from equipment.checking.readings import ReadingsField
from equipment.models import IntermediateCheck
from portal.permissions import Role
from tests import make
from tests.equipment.test_intermediate_checks import DAY, Rule, check, in_a_row, plan_of


def typed(lab, plan, **changes):
    return {
        "plan": plan.ref, "performed_on": "2026-03-10", "performed_by": lab.keeper.ref, "readings": "1.0001\n１.0003\n",
        "conditions": "20.1 ℃", **changes,
    }  # fmt: skip


def url(name, row):
    return reverse(f"equipment:{name}", args=["alpha", row.ref])


def test_readings_are_typed_one_a_line_and_judged(lab, signed_in):
    plan = plan_of(lab)
    answer = signed_in(Role.OPERATOR).post(url("check_new", lab.equipment), typed(lab, plan))
    row = IntermediateCheck.objects.get()
    assert answer.status_code == 302 and url("check", row) in answer["Location"]
    assert row.terms["readings"] == ["1.0001", "1.0003"] and row.verdict == "passed"


def test_a_row_of_cells_from_a_spreadsheet_is_taken_as_readings(lab, signed_in):
    signed_in(Role.OPERATOR).post(
        url("check_new", lab.equipment), typed(lab, plan_of(lab), readings="1.0001\t1.0003\t1.0002")
    )
    assert len(IntermediateCheck.objects.get().readings) == 3


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("1.0001\nabc", "第 2 个：“abc”不是数字"),
        ("1.0001 1.0003", "里有空格"),
        ("1,000.2", "千位分隔符"),
        ("", "请填写读数"),
        ("1\n" * 201, "最多 200 个读数"),
        ("1e20", "位数太多"),
        ("0.0000000000001", "位数太多"),
        ("NaN", "不是数字"),
        ("1\x00", "控制字符"),
    ],
)
def test_readings_that_cannot_be_kept_are_named(text, sentence):
    with pytest.raises(ValidationError, match=sentence):
        ReadingsField().clean(text)


def test_readings_keep_every_digit_that_was_typed():
    assert ReadingsField().clean("１.00\n 2,50 \n\n−0.0").texts == ("1.00", "2.50", "0.0")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"readings": "1.0001\nabc"}, "第 2 个"),
        ({"performed_on": "2026-02-30"}, "日期看不懂"),
        ({"plan": "nowhere"}, "已经不在列表里"),
    ],
)
def test_what_cannot_be_read_is_said_and_nothing_typed_is_lost(lab, signed_in, changes, sentence):
    answer = signed_in(Role.OPERATOR).post(url("check_new", lab.equipment), typed(lab, plan_of(lab)) | changes)
    page = answer.content.decode()
    assert answer.status_code == 422 and sentence in page and "20.1 ℃" in page and "1.0001" in page
    assert IntermediateCheck.objects.count() == 0


def test_a_refusal_comes_back_onto_the_form(lab, signed_in):
    answer = signed_in(Role.OPERATOR).post(
        url("check_new", lab.equipment), typed(lab, plan_of(lab), performed_on="2030-01-01")
    )
    assert answer.status_code == 409 and "1.0001" in answer.content.decode() and "之后" in answer.content.decode()


def test_a_plan_of_other_equipment_is_not_on_offer(lab, signed_in):
    other = make.equipment(lab.institution, lab.site)
    answer = signed_in(Role.OPERATOR).post(url("check_new", lab.equipment), typed(lab, plan_of(lab, equipment=other)))
    assert answer.status_code == 422 and IntermediateCheck.objects.count() == 0


def test_the_record_of_a_check_is_kept_with_it(lab, signed_in):
    file = SimpleUploadedFile("核查.pdf", b"%PDF-1.7 scanned")
    signed_in(Role.OPERATOR).post(url("check_new", lab.equipment), typed(lab, plan_of(lab), file=file))
    assert IntermediateCheck.objects.get().file.name == "核查.pdf"


def test_without_a_plan_the_page_says_where_to_make_one(lab, signed_in):
    page = signed_in(Role.METROLOGY_MANAGER).get(url("check_new", lab.equipment)).content.decode()
    assert "先登记核查方案" in page and f"check-plans/new/?equipment={lab.equipment.ref}" in page


def test_the_page_of_a_failed_check_says_what_to_do(lab, signed_in):
    row = check(lab, plan_of(lab), "1.02")
    page = signed_in(Role.OPERATOR).get(url("check", row)).content.decode()
    assert "重新溯源并确认满足要求" in page and "+0.0198" in page


def test_the_page_of_a_failed_check_says_when_it_is_answered(lab, signed_in):
    plan = plan_of(lab)
    row = check(lab, plan, "1.02", performed_on=DAY - timedelta(1))
    check(lab, plan)
    page = signed_in(Role.OPERATOR).get(url("check", row)).content.decode()
    assert "之后已有合格的核查" in page and "重新溯源并确认满足要求，或复查" not in page


def test_the_page_of_the_equipment_asks_for_the_decision_and_then_shows_it(lab, signed_in):
    client = signed_in(Role.METROLOGY_MANAGER)
    assert "还没有决定" in client.get(url("detail", lab.equipment)).content.decode()
    make.clock(lab.institution, lab.equipment, needed=False, interval_months=None, due_on=None, basis="只用于演示")
    page = client.get(url("detail", lab.equipment)).content.decode()
    assert "不需要期间核查" in page and "只用于演示" in page


def test_the_page_of_checks_shows_each_plan_with_its_picture_and_its_figures(
    lab, signed_in, django_assert_max_num_queries
):
    plan = plan_of(lab, rule=Rule.CHART, deviation="0.001", limit=None)
    in_a_row(lab, plan, "0.9999", "1.0005", "1.0000", "1.0004")
    for nominal in range(2, 8):
        check(lab, plan_of(lab, nominal=nominal))
    client = signed_in(Role.OPERATOR)
    with django_assert_max_num_queries(22):
        page = client.get(url("checks", lab.equipment)).content.decode()
    assert page.count("data-plot=") == 7 and "+0.0003" in page and "没有显著的单向变化" in page


def test_all_checks_are_listed_and_narrowed_by_verdict(lab, signed_in):
    check(lab, plan_of(lab))
    check(lab, plan_of(lab, quantity="真空"), "1.009")
    address = reverse("equipment:check_list", args=["alpha"])
    client = signed_in(Role.OPERATOR)
    assert "真空" in client.get(address).content.decode()
    assert "压力 1 MPa" not in client.get(address, {"verdict": "warning"}).content.decode()


@pytest.mark.django_db(transaction=True)
def test_what_is_typed_outlives_the_window_until_it_is_recorded(browser_page, live_server, client):
    w = make.laboratory()
    make.check_plan(w.institution, w.equipment)
    client.force_login(make.user(w.institution, Role.OPERATOR, employment=w.operator_employment))
    name, page = settings.SESSION_COOKIE_NAME, browser_page
    page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    address = live_server.url + url("check_new", w.equipment)
    page.goto(address)
    page.fill("[name=readings]", "1.0001\n1.0003")
    assert page.inner_text(".readings-count") == "2 个读数"
    page.goto("about:blank")
    page.goto(address)
    assert page.input_value("[name=readings]") == "1.0001\n1.0003" and "找回了" in page.inner_text("[data-draft-line]")
    page.select_option("[name=performed_by]", w.operator_employment.ref)
    page.click("text=登记并判定")
    page.wait_for_url("**/intermediate-checks/**")
    assert "1.00020 MPa" in page.inner_text("main")
    page.goto(address)
    assert page.input_value("[name=readings]") == "" and page.inner_text("[data-draft-line]") == ""
    assert said == []
