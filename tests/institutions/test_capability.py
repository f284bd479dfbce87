"""The public capability statement: what anybody may read, and nothing else."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from institutions.models import PublicItem, Qualification, ScopeItem, ServiceWindow
from portal.tenancy import new_ref, tenant
from tests import make
from tests.clauses import row

pytestmark = pytest.mark.django_db


@pytest.fixture
def w():
    return make.laboratory()


def changed(w, model=ScopeItem, **values):
    with tenant(w.institution.pk):
        model.objects.update(**values)


def copies(w, count):
    """The line of scope so many times more, with instruments numbered from 000."""
    with tenant(w.institution.pk):
        known = ScopeItem.objects.get()
        for number in range(count):
            known.pk, known.ref, known.instrument = None, new_ref(), f"仪器{number:03d}"
            known.save()


def shown(path="/c/alpha/", **query):
    answer = Client().get(path, query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_everybody_reads_what_the_institution_can_measure(w):
    html = shown()
    for text in (
        "弹性元件式一般压力表",
        "(0～2.5) MPa",
        "0.002 MPa",
        "JJG 52-2013",
        "北湾场所",
        "（示）法计〔2024〕00017 号",
    ):
        assert text in html


def test_english_names_stand_beside_the_chinese_ones(w):
    changed(w, instrument_en="Pressure gauges")
    assert "Pressure gauges" in shown()


@pytest.mark.parametrize(
    "values", [{"state": "suspended"}, {"state": "withdrawn"}, {"valid_until": timezone.localdate() - timedelta(1)}]
)
def test_a_line_that_does_not_count_today_is_not_claimed(w, values):
    changed(w, **values)
    assert "弹性元件式一般压力表" not in shown()


def test_a_qualification_that_ended_takes_its_lines_off_the_page(w):
    changed(w, Qualification, valid_until=timezone.localdate() - timedelta(1))
    html = shown()
    assert "弹性元件式一般压力表" not in html
    assert "今天没有有效的资质" in html


def test_no_other_institution_is_on_the_page(w):
    other = make.laboratory("beta")
    changed(other, instrument="外院仪器")
    assert "外院仪器" not in shown()
    assert "外院仪器" in shown("/c/beta/")


def item(w, kind="fees", **values):
    today = timezone.localdate()
    values = {
        "title": "2026 年收费",
        "content": "压力表 30 元",
        "published_on": today,
        "next_review_on": today,
        **values,
    }
    return row(PublicItem, w.institution, kind=kind, **values)


def test_what_is_shown_to_the_public_is_on_the_page_in_the_order_of_its_kinds(w):
    item(w, "complaint_channel", title="投诉渠道说明", content="来电\n来信")
    item(w)
    html = shown()
    assert "压力表 30 元" in html and "来电<br>来信" in html
    assert html.index("2026 年收费") < html.index("投诉渠道说明")
    assert w.institution.complaint_phone in html


@pytest.mark.parametrize(
    "values", [{"state": "withdrawn"}, {"published_on": timezone.localdate() + timedelta(1)}, {"content": "<script>"}]
)
def test_what_is_not_shown_to_the_public_is_not_on_the_page(w, values):
    item(w, **values)
    item(make.laboratory("beta"), content="外院收费")
    html = shown()
    assert not any(text in html for text in ("压力表 30 元", "<script>", "外院收费"))
    assert ("还没有公示" in html) is ("content" not in values)


@pytest.mark.parametrize(
    ("values", "open_today"),
    [({}, True), ({"state": "withdrawn"}, False), ({"valid_until": timezone.localdate() - timedelta(1)}, False)],
)
def test_windows_that_are_open_are_on_the_page(w, values, open_today):
    facts = {"name": "业务大厅", "hours": "工作日 9:00", "phone": "0990-5550199", "valid_from": timezone.localdate()}
    facts["valid_from"] -= timedelta(9)
    row(ServiceWindow, w.institution, site=w.site, **facts | values)
    assert all((text in shown()) is open_today for text in ("业务大厅", "工作日 9:00", "0990-5550199"))


def test_programs_read_what_is_shown_to_the_public(w):
    item(w)
    (found,) = json.loads(shown("/c/alpha/lines.json"))["public_items"]
    assert (found["kind"], found["title"], found["content"]) == ("fees", "2026 年收费", "压力表 30 元")


def test_names_of_people_are_not_on_the_page(w):
    assert "沈若川" not in shown()


@pytest.mark.parametrize("path", ["/c/nobody/", "/c/nobody/lines.json"])
def test_an_unknown_institution_is_not_found(w, path):
    assert Client().get(path).status_code == 404


def test_the_page_asks_for_no_sign_in_sets_no_cookie_and_may_be_kept(w):
    answer = Client().get("/c/alpha/")
    assert not answer.cookies
    assert "public" in answer["Cache-Control"]


def test_the_page_needs_no_script_and_is_small(w):
    copies(w, 100)
    html = shown()
    assert "<script" not in html
    assert len(html.encode()) < 50_000


def test_all_lines_are_reached_page_by_page(w):
    copies(w, 100)
    seen, url = [], "/c/alpha/"
    while url:
        html = shown(url)
        seen += [number for number in range(100) if f"仪器{number:03d}" in html]
        url = "/c/alpha/" + html.split('rel="next" href="/c/alpha/')[1].split('"')[0] if 'rel="next"' in html else ""
    assert seen == list(range(100))


def test_every_point_of_a_table_is_on_the_page(w):
    changed(w, cmc_form="table", cmc_points="0 0.1\n1 0.15\n2.5 0.2")
    html = shown()
    for text in ("0 MPa：0.1 MPa", "1 MPa：0.15 MPa", "2.5 MPa：0.2 MPa"):
        assert text in html


def test_a_search_finds_by_instrument_and_by_method(w):
    copies(w, 3)
    assert "仪器002" in shown(q="仪器002")
    assert "仪器001" not in shown(q="仪器002")
    assert "仪器001" in shown(q="JJG 52")
    assert "没有找到" in shown(q="卡尺")


@pytest.mark.parametrize("q", ["'\"><script>", "\x00", "%", "a" * 1500])
def test_no_search_breaks_the_page(w, q):
    assert "<script>" not in shown(q=q)


def test_programs_read_the_same(w):
    found = json.loads(shown("/c/alpha/lines.json"))
    assert [(line["range_low"], line["range_high"], line["unit"], line["cmc"]) for line in found["lines"]] == [
        ("0", "2.5", "MPa", "0.002 MPa")
    ]
    assert (found["next"], found["qualifications"][0]["kind"]) == ("", "metrology_authorisation")


def test_programs_are_led_to_the_next_page(w):
    copies(w, 230)
    first = json.loads(shown("/c/alpha/lines.json"))
    second = json.loads(shown(first["next"]))
    assert (len(first["lines"]), len(second["lines"]), second["next"]) == (200, 31, "")


def test_the_page_costs_few_queries_however_many_lines(w, django_assert_max_num_queries):
    copies(w, 60)
    with django_assert_max_num_queries(12):
        shown()
