"""The recall list: who was touched by what was measured with a piece of equipment or a standard."""

import io
from copy import deepcopy
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from equipment.models import StandardPart
from equipment.tracing.recall import recall
from portal.models import AuditEntry
from portal.permissions import Role
from portal.tenancy import tenant
from tests import make

DAY = make.DAY


@pytest.fixture(scope="module")
def made(laboratory_made):
    """A laboratory with one issued certificate, a draft for another customer, and a record without certificate."""
    world = deepcopy(laboratory_made)
    world.issued = make.certificate(world, "released")
    other = make.customer(world.institution, "青屿食品有限公司")
    sample = make.item(world.institution, customer=other)
    world.draft = make.certificate(world, item=sample)
    return world


@pytest.fixture
def w(db, made):
    with tenant(made.institution.pk):
        yield deepcopy(made)


def shape(found):
    return [(one.customer, [(paper.issued, len(paper.uses)) for paper in one.papers]) for one in found.touched]


def test_the_list_is_by_customer_and_certificate_the_issued_ones_first(w):
    found = recall(w.equipment, None, DAY)
    assert shape(found) == [("海曙热力有限公司", [(True, 1)]), ("青屿食品有限公司", [(False, 1)])]
    assert (found.issued, len(found.uses)) == (1, 2)


def test_the_list_of_a_standard_is_that_of_its_records(w):
    assert shape(recall(w.standard, None, DAY)) == shape(recall(w.equipment, None, DAY))


def test_days_outside_the_time_are_not_in_the_list(w):
    assert recall(w.equipment, DAY + timedelta(1), DAY + timedelta(9)).touched == ()
    assert recall(w.equipment, None, DAY - timedelta(1)).touched == ()


def test_records_before_it_came_into_the_standard_are_not_in_the_list(w):
    StandardPart.objects.filter(equipment=w.equipment).update(added_on=DAY + timedelta(1))
    assert recall(w.equipment, None, DAY).touched == ()


def test_the_list_asks_as_often_for_many_records_as_for_few(w, django_assert_max_num_queries):
    with django_assert_max_num_queries(2):
        recall(w.equipment, None, DAY)


# --- pages


def url(w, name, row):
    return reverse(f"equipment:{name}", args=[w.institution.slug, row.ref])


@pytest.fixture
def browser(client, w):
    client.force_login(make.user(w.institution, Role.OPERATOR))
    return client


@pytest.mark.parametrize("kind", ["equipment", "standard"])
def test_the_page_leads_to_the_certificates_and_their_customers(browser, w, kind):
    row = getattr(w, kind)
    text = browser.get(url(w, f"{kind}_recall", row), {"first": "2026-01-01", "last": DAY}).content.decode()
    assert "海曙热力有限公司" in text and w.issued.number in text and w.issued.get_absolute_url() in text
    assert "!!" not in text


def test_without_days_the_last_year_is_shown(browser, w):
    page = browser.get(url(w, "equipment_recall", w.equipment))
    today = timezone.localdate()
    assert (page.context["first"], page.context["last"]) == (today - timedelta(365), today)


@pytest.mark.parametrize(
    ("query", "sentence"),
    [({"first": "去年"}, "日期看不懂"), ({"first": "2026-02-01", "last": "2026-01-01"}, "结束日期早于开始日期")],
)
def test_days_that_make_no_sense_are_said_in_words(browser, w, query, sentence):
    page = browser.get(url(w, "equipment_recall", w.equipment), query)
    assert page.status_code == 400 and sentence in page.content.decode()


def test_nothing_measured_says_so(browser, w):
    text = browser.get(url(w, "equipment_recall", w.equipment), {"first": "2020-01-01", "last": "2020-02-01"}).content
    assert "这段时间没有用它测过什么" in text.decode()


def test_a_regulator_sees_certificates_and_no_customers(client, w):
    client.force_login(make.regulator())
    text = client.get(url(w, "equipment_recall", w.equipment), {"first": "2026-01-01", "last": DAY}).content.decode()
    assert w.issued.number in text and "客户 1" in text and "海曙热力" not in text


def test_whoever_may_not_export_gets_no_file(browser, w):
    assert browser.post(url(w, "equipment_recall_export", w.equipment), {"format": "xlsx"}).status_code == 403


def test_the_list_is_exported_after_a_fresh_proof(client, w):
    account = make.user(w.institution, Role.QUALITY_MANAGER)
    client.force_login(account)
    address = url(w, "equipment_recall_export", w.equipment) + f"?last={DAY}&first=2026-01-01"
    refused = client.post(address, {"format": "xlsx"})
    assert refused.status_code == 302
    make.second_factor_of(account)
    answer = client.post(address, {"format": "xlsx", "otp": make.code(account)})
    rows = list(load_workbook(io.BytesIO(answer.content)).active.iter_rows(values_only=True))
    assert rows[0][:3] == ("客户", "证书", "已签发") and {row[0] for row in rows[1:]} == {
        "海曙热力有限公司",
        "青屿食品有限公司",
    }
    assert AuditEntry.objects.filter(verb="recall.export", succeeded=True).count() == 1
