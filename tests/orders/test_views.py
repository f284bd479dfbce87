"""Pages of the counter."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from institutions.models import Customer
from orders import panels
from orders.models import Item
from portal.permissions import Role
from portal.today import Panel
from tests import make


@pytest.fixture
def today():
    return timezone.localdate()


def at(lab, name, *rows):
    return reverse(f"orders:{name}", args=[lab.institution.slug, *(row.ref for row in rows)])


def typed(today, **changes):
    return {
        "customer_name": "海曙热力有限公司", "customer_address": "锅炉街 9 号", "contact": "", "phone": "",
        "order_number": "", "activity": "calibration", "name": "一般压力表", "name_en": "", "model": "Y-100",
        "serial_number": "21087743", "manufacturer": "西塬仪表厂", "condition": "外观完好", "received_on": today,
        "promised_on": today + timedelta(7), "decision_rule": "jjf1094", **changes,
    }  # fmt: skip


@pytest.fixture
def elsewhere(db):
    """An item of somebody else."""
    return make.item(make.institution("beta"), name="别家的样品")


def queries_of(browser, url):
    """How many queries a page needs, asked twice so that nothing of the first visit counts."""
    browser.get(url)
    with CaptureQueriesContext(connection) as asked:
        browser.get(url)
    return len(asked)


# --- the list


@pytest.mark.parametrize("role", [Role.RECEPTIONIST, Role.OPERATOR, Role.QUALITY_MANAGER])
def test_every_member_reads_the_list(signed_in, lab, role):
    make.item(lab.institution, number="SP26-00042")
    assert "SP26-00042" in signed_in(role).get(at(lab, "list")).content.decode()


def test_the_list_holds_nothing_of_another_institution(signed_in, lab, elsewhere):
    assert "别家的样品" not in signed_in(Role.RECEPTIONIST).get(at(lab, "list")).content.decode()


def test_an_empty_list_says_what_comes_first(signed_in, lab):
    assert "还没有收过样品" in signed_in(Role.RECEPTIONIST).get(at(lab, "list")).content.decode()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=21087743", {"压力表"}),
        ("q=SP26-9", {"卡尺"}),
        ("customer=卡尺厂", {"卡尺"}),
        ("state=in_lab", {"卡尺"}),
        ("promise=overdue", {"压力表"}),
        ("promise=today", {"卡尺"}),
    ],
)
def test_filters_find_their_rows(signed_in, lab, today, query, found):
    make.item(lab.institution, name="压力表", promised_on=today - timedelta(1))
    make.item(
        lab.institution, name="卡尺", number="SP26-90001", serial_number="K1", state=Item.State.IN_LAB,
        promised_on=today, customer=make.customer(lab.institution, "卡尺厂"),
    )  # fmt: skip
    page = signed_in(Role.OPERATOR).get(f"{at(lab, 'list')}?{query}")
    assert {row[1]["text"] for row in page.context["table"]["rows"]} == found


@pytest.mark.parametrize("query", ["state=lost", "received_on=gestern", "q=%00", "promise=x"])
def test_a_filter_that_makes_no_sense_says_so(signed_in, lab, query):
    page = signed_in(Role.OPERATOR).get(f"{at(lab, 'list')}?{query}")
    assert page.status_code == 400 and "有的条件看不懂" in page.content.decode()


def test_the_list_needs_the_same_queries_for_one_row_and_for_many(signed_in, lab):
    browser = signed_in(Role.RECEPTIONIST)
    make.item(lab.institution)
    few = queries_of(browser, at(lab, "list"))
    for number in range(20):
        make.item(lab.institution, customer=make.customer(lab.institution, f"客户 {number}"))
    assert queries_of(browser, at(lab, "list")) == few <= 20


# --- receiving


def test_the_form_is_ready_to_type(signed_in, lab, today):
    make.customer(lab.institution, "老客户有限公司")
    page = signed_in(Role.RECEPTIONIST).get(at(lab, "new")).content.decode()
    assert "autofocus" in page and f'value="{today}"' in page and "老客户有限公司" in page


def test_an_item_is_received_for_a_new_customer(signed_in, lab, today):
    page = signed_in(Role.RECEPTIONIST).post(at(lab, "new"), typed(today), follow=True)
    item = Item.objects.get()
    assert page.status_code == 200 and item.number in page.content.decode()
    assert item.customer.address == "锅炉街 9 号"


def test_an_item_is_received_for_a_known_customer(signed_in, lab, today):
    known = make.customer(lab.institution)
    signed_in(Role.RECEPTIONIST).post(at(lab, "new"), typed(today))
    assert Item.objects.get().customer == known


def test_a_customer_of_the_same_name_elsewhere_is_another_one(signed_in, lab, today):
    make.customer(make.institution("beta"))
    signed_in(Role.RECEPTIONIST).post(at(lab, "new"), typed(today))
    assert Customer.objects.filter(institution=lab.institution, name="海曙热力有限公司").count() == 1


def test_a_second_item_of_the_order_starts_with_what_they_share(signed_in, lab):
    first = make.item(lab.institution, order_number="WT26-0482")
    page = signed_in(Role.RECEPTIONIST).get(at(lab, "new"), {"same": first.ref}).content.decode()
    assert 'value="WT26-0482"' in page and 'value="海曙热力有限公司"' in page and "21087743" not in page


@pytest.mark.parametrize("same", ["\x00", "nobody"])
def test_a_second_item_of_no_order_starts_empty(signed_in, lab, same):
    assert signed_in(Role.RECEPTIONIST).get(at(lab, "new"), {"same": same}).status_code == 200


def test_an_item_of_another_institution_lends_nothing(signed_in, lab, elsewhere):
    page = signed_in(Role.RECEPTIONIST).get(at(lab, "new"), {"same": elsewhere.ref}).content.decode()
    assert "别家的样品" not in page


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"customer_name": " "}, "请填写这一项"),
        ({"name": "表\x00"}, "看不见的控制字符"),
        ({"model": "Y" * 81}, "最多 80 个字，现在有 81 个"),
        ({"activity": "repair"}, "没有“repair”这一项"),
        ({"decision_rule": "by eye"}, "没有“by eye”这一项"),
        ({"received_on": ""}, "请填写日期"),
        ({"promised_on": "31.02.2026"}, "请按 2026-03-09 的样子填写"),
    ],
)
def test_what_cannot_be_read_is_said_and_nothing_typed_is_lost(signed_in, lab, today, changes, sentence):
    sent = typed(today, manufacturer="示例仪表有限公司", condition="表盘有划痕", **changes)
    page = signed_in(Role.RECEPTIONIST).post(at(lab, "new"), sent)
    text = page.content.decode()
    assert page.status_code == 422 and sentence in text
    assert "示例仪表有限公司" in text and "表盘有划痕" in text


def test_a_refused_item_shows_the_clause_and_nothing_typed_is_lost(signed_in, lab, today):
    sent = typed(today, promised_on=today - timedelta(1))
    page = signed_in(Role.RECEPTIONIST).post(at(lab, "new"), sent)
    text = page.content.decode()
    assert page.status_code == 409 and "C-6.1.1" in text and 'value="西塬仪表厂"' in text


@pytest.mark.parametrize("method", ["get", "post"])
def test_an_operator_does_not_receive_items(signed_in, lab, method):
    assert getattr(signed_in(Role.OPERATOR), method)(at(lab, "new")).status_code == 403


def test_the_counter_of_another_institution_is_not_found(signed_in, lab, elsewhere):
    assert signed_in(Role.RECEPTIONIST).get(reverse("orders:new", args=["beta"])).status_code == 404


# --- one item


def test_an_item_tells_facts_customer_and_history(signed_in, lab, today):
    browser = signed_in(Role.RECEPTIONIST)
    page = browser.post(at(lab, "new"), typed(today), follow=True).content.decode()
    assert "锅炉街 9 号" in page and "JJF 1094-2002" in page and "接收样品" in page


def test_a_late_item_says_how_late(signed_in, lab, today):
    item = make.item(lab.institution, promised_on=today - timedelta(3))
    assert "逾期 3 天" in signed_in(Role.OPERATOR).get(at(lab, "item", item)).content.decode()


def test_a_higher_app_shows_its_panel_on_the_item(signed_in, lab, monkeypatch):
    item = make.item(lab.institution)

    def build(actor, item):
        return Panel(
            "components/notice.html", {"tone": "ok", "text": f"记录属于 {item.number}", "title": "", "url": ""}
        )

    monkeypatch.setattr(panels, "ITEM_PANELS", [build])
    monkeypatch.setattr("orders.views.ITEM_PANELS", panels.ITEM_PANELS)
    assert f"记录属于 {item.number}" in signed_in(Role.OPERATOR).get(at(lab, "item", item)).content.decode()


@pytest.mark.parametrize("name", ["item", "receipt"])
def test_an_item_of_another_institution_is_not_found(signed_in, lab, elsewhere, name):
    url = reverse(f"orders:{name}", args=[lab.institution.slug, elsewhere.ref])
    assert signed_in(Role.RECEPTIONIST).get(url).status_code == 404


def test_the_receipt_carries_the_number_as_text_and_as_code(signed_in, lab):
    item = make.item(lab.institution, number="SP26-00042")
    page = signed_in(Role.RECEPTIONIST).get(at(lab, "receipt", item)).content.decode()
    assert "SP26-00042" in page and "二维码：SP26-00042" in page


def test_every_name_the_pages_use_is_there(signed_in, lab, today):
    item, late = make.item(lab.institution), make.item(lab.institution, promised_on=today - timedelta(1))
    browser = signed_in(Role.RECEPTIONIST)
    urls = [at(lab, "list"), at(lab, "new"), f"{at(lab, 'new')}?same={item.ref}"]
    urls += [at(lab, name, row) for name in ("item", "receipt") for row in (item, late)]
    urls += [reverse("institutions:today", args=[lab.institution.slug])]
    assert {url: "!!" in browser.get(url).content.decode() for url in urls} == dict.fromkeys(urls, False)


# --- the first page of the day


@pytest.mark.parametrize(("role", "shown"), [(Role.RECEPTIONIST, True), (Role.OPERATOR, False)])
def test_the_first_page_of_the_day_shows_the_counter_to_the_receptionist(signed_in, lab, role, shown):
    make.item(lab.institution)
    page = signed_in(role).get(reverse("institutions:today", args=[lab.institution.slug])).content.decode()
    assert ("未开始的样品" in page) is shown


def test_the_counter_counts_what_came_in_and_what_waits(lab, today):
    make.item(lab.institution, received_on=today, promised_on=today + timedelta(5))
    make.item(lab.institution, received_on=today - timedelta(9), promised_on=today - timedelta(2))
    make.item(lab.institution, state=Item.State.DONE, promised_on=today - timedelta(2))
    counts = panels.counter(lab.receptionist, lab.institution, today).context["counts"]
    assert counts == {"today": 1, "waiting": 2, "promised": 0, "overdue": 1}


def test_the_item_promised_first_stands_first(lab, today):
    later = make.item(lab.institution, promised_on=today + timedelta(5))
    sooner = make.item(lab.institution, promised_on=today + timedelta(1))
    rows = panels.counter(lab.receptionist, lab.institution, today).context["rows"]
    assert [row["item"] for row in rows] == [sooner, later]
