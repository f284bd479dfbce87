"""The public directory: whom a search finds, what a page says, and what is answered to nonsense."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from commitments.directory import finding, terms
from commitments.models import DirectoryEntry, DirectoryLine
from institutions.models import Institution
from portal.tenancy import tenant
from tests import make
from tests.commitments.directory import entered

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()
YEAR = timedelta(days=365)
PUBLIC = {"pledge": "public", "published_on": TODAY - YEAR, "confirm_by": TODAY, "token": "A" * 26}


@pytest.fixture(scope="module")
def directory(rows_of_module):
    """Four institutions: a good one in Shenzhen, one in Hangzhou, one whose pledge fell, one with nothing."""
    entered(
        "shen", {}, {"instrument": "精密压力表", "range_high": 60, "cmc_constant": Decimal("0.05")},
        {"instrument": "工业热电偶", "measurand": "温度", "field": "热工", "unit": "℃", "range_low": 0, "range_high": 1100,
         "cmc_constant": Decimal("0.8")}, **PUBLIC,
    )  # fmt: skip
    entered(
        "hang", {"unit": "kPa", "range_high": 600, "cmc_constant": Decimal(0), "cmc_slope": Decimal("0.001")},
        {"instrument": "千分尺", "field": "长度", "unit": "mm", "range_high": 100, "cmc_constant": Decimal("0.001"),
         "cmc_slope": Decimal("0.00002"), "valid_until": TODAY - timedelta(1)},
        region_code="330100", address="杭州市钱塘路 9 号", **PUBLIC | {"holds_until": TODAY - timedelta(1)},
    )  # fmt: skip
    entered("fell", {"range_high": 1}, region_code="330200", pledge="withdrawn", withdrawn_on=TODAY, published_on=TODAY)
    entered("none", region_code="330300")


@pytest.fixture(autouse=True)
def found_anew(db, directory):
    """Names are read from the rows of this module."""
    terms.forget()


def page(path="/directory/", **query):
    answer = Client().get(path, query)
    assert answer.status_code == 200, answer
    return answer.content.decode()


def data(**query):
    answer = Client().get("/directory/data.json", query)
    return json.loads(answer.content)


def names(**query):
    return [row["name"].removesuffix("计量院") for row in data(**query)["institutions"]]


def lines(**query):
    return [(row["institution"]["name"].removesuffix("计量院"), row["instrument"]) for row in data(**query)["lines"]]


# --- institutions


def test_everybody_reads_all_institutions_in_the_order_of_their_names():
    assert names() == ["fell", "hang", "none", "shen"]
    assert "shen计量院" in page()


@pytest.mark.parametrize(
    ("place", "found"),
    [
        ("33", ["fell", "hang", "none"]), ("3301", ["hang"]), ("330100", ["hang"]), ("440300", ["shen"]), ("11", []),
        ("浙江", ["fell", "hang", "none"]), ("浙江省", ["fell", "hang", "none"]), ("杭州", ["hang"]), ("３３０１", ["hang"]),
    ],
)  # fmt: skip
def test_a_place_is_a_code_a_province_or_a_part_of_the_address(place, found):
    assert names(place=place) == found


@pytest.mark.parametrize(
    ("state", "found"),
    [("holds", ["shen"]), ("lapsed", ["hang"]), ("withdrawn", ["fell"]), ("none", ["none"]), ("overdue", [])],
)
def test_institutions_are_found_by_what_their_pledge_is_worth_today(state, found):
    assert names(pledge=state) == found
    assert [row["pledge"]["state"] for row in data(pledge=state)["institutions"]] == [state] * len(found)


def test_a_pledge_is_overdue_the_day_after_its_deadline():
    with tenant(make.institution("shen").pk):
        DirectoryEntry.objects.filter(slug="shen").update(confirm_by=TODAY - timedelta(1))
    assert names(pledge="overdue") == ["shen"]
    assert "承诺逾期未确认" in page(name="shen")


def test_institutions_are_found_by_a_part_of_their_name_and_by_a_field():
    assert names(name="HEN") == ["shen"]
    assert names(field="热工") == ["shen"]


# --- lines


@pytest.mark.parametrize(
    ("what", "found"),
    [
        ("压力", ["压力表", "压力表", "压力表", "精密压力表"]), ("精密 示值", ["精密压力表"]), ("温度", ["工业热电偶"]),
        ("压力 温度", []), ("%", []), ("_", []),
    ],
)  # fmt: skip
def test_every_word_stands_in_the_name_of_the_instrument_or_of_what_is_measured(what, found):
    assert sorted(instrument for _name, instrument in lines(what=what)) == found


def test_what_was_written_since_is_found_once_names_are_read_anew():
    page(what="压力")
    entered("more", {"instrument": "血压计"})
    assert lines(what="血压") == [("more", "血压计")]


def test_names_are_read_once_a_minute(monkeypatch, django_assert_num_queries):
    terms.known()
    with django_assert_num_queries(0):
        terms.kinds("压力")
    monkeypatch.setattr(terms, "FRESH", 0)
    with django_assert_num_queries(2):
        terms.kinds("压力")


def test_a_line_that_has_ended_is_not_offered():
    assert lines(what="千分尺") == []


@pytest.mark.parametrize(
    ("needed", "found"),
    [
        ({"low": "0", "high": "2.5", "unit": "MPa"}, {"shen"}),
        ({"low": "0", "high": "600", "unit": "kPa"}, {"shen", "hang", "fell"}),
        ({"low": "0.6", "unit": "MPa"}, {"shen", "hang", "fell"}),
        ({"high": "0.6000001", "unit": "MPa"}, {"shen", "fell"}),
        ({"low": "-1", "high": "1", "unit": "MPa"}, set()),
        ({"low": "1", "unit": "mm"}, set()),
        ({"low": "６００", "unit": "kpa"}, None),
    ],
)
def test_a_range_is_compared_whatever_unit_it_is_stated_in(needed, found):
    if found is None:
        assert data(what="压力表", **needed)["errors"] == {"unit": ["kpa 应写作 kPa"]}
    else:
        assert {name for name, _instrument in lines(what="压力", **needed)} == found


def test_celsius_has_its_own_zero():
    assert lines(low="273.15", high="1373.15", unit="K") == [("shen", "工业热电偶")]
    assert lines(low="0", high="1100.001", unit="℃") == []


def test_an_angle_is_no_humidity():
    entered(
        "both",
        {"instrument": "湿度计", "unit": "%", "range_high": 100},
        {"instrument": "量角器", "unit": "°", "range_high": 90},
    )
    assert lines(low="0", high="30", unit="°") == [("both", "量角器")]
    assert lines(low="600", unit="′") == [("both", "量角器")]
    assert lines(low="30", unit="%") == [("both", "湿度计")]


@pytest.mark.parametrize(
    ("needed", "found"),
    [
        ({"low": "0.5", "U": "0.002", "unit": "MPa"}, ["fell", "hang", "shen"]),
        ({"low": "0.5", "U": "0.0005", "unit": "MPa"}, ["hang"]),
        ({"low": "0.5", "U": "0.5", "U_unit": "kPa", "unit": "MPa"}, ["hang"]),
        ({"low": "0.5", "U": "0.000499", "unit": "MPa"}, []),
        ({"low": "0.1", "high": "0.6", "U": "0.0005", "unit": "MPa"}, []),
        ({"low": "0.1", "high": "0.5", "U": "0.0005", "unit": "MPa"}, ["hang"]),
    ],
)
def test_the_cmc_is_reckoned_where_it_is_needed_and_not_where_it_is_best(needed, found):
    assert sorted(name for name, _instrument in lines(what="压力表", **needed) if _instrument == "压力表") == found


def test_the_page_says_the_u_that_is_reached_there():
    assert "0.0005 MPa" in page(what="压力表", low="0.5", unit="MPa", U="0.001")


def test_a_word_stands_in_both_names_of_one_line_and_not_of_two():
    """Micrometers for pressure are asked for, and pressure gauges; micrometers as such are not."""
    entered("odd", {"instrument": "千分尺", "measurand": "压力"}, {"instrument": "千分尺"}, {"field": "长度"})
    assert lines(what="压力", name="odd") == [("odd", "千分尺"), ("odd", "压力表")]
    assert lines(what="压力", field="长度") == [("odd", "压力表")]


def test_lines_are_narrowed_by_place_field_name_and_pledge():
    assert lines(what="压力表", place="33") == [("hang", "压力表"), ("fell", "压力表")]
    assert lines(what="压力表", pledge="withdrawn") == [("fell", "压力表")]
    assert lines(what="表", name="shen", field="热工") == []


# --- pages of a list


def test_pages_of_institutions_go_forth_and_back(monkeypatch):
    monkeypatch.setattr(finding, "SIZE", 3)
    first = page()
    assert "/directory/?after=none" in first and "shen计量院" not in first
    assert "shen计量院" in page(after="none")
    assert "before=shen" in page(after="none")


def walked(address):
    """The instruments on this page for programs and on every one after it."""
    seen = []
    while address:
        answer = json.loads(Client().get(address).content)
        seen.append([row["instrument"] for row in answer["lines"]])
        address = answer["next"]
    return seen


def test_a_search_by_u_goes_on_behind_lines_that_do_not_reach_it(monkeypatch):
    monkeypatch.setattr(finding, "CANDIDATES", 4)
    monkeypatch.setattr("commitments.views_directory.MOST_ROWS", 2)
    line = {"range_high": 10, "cmc_constant": Decimal(0), "cmc_slope": Decimal("0.01")}
    good = {**line, "cmc_slope": Decimal("0.0001")}
    entered("many", *({**(good if n in (6, 7, 8, 9) else line), "instrument": f"活塞{n:02d}"} for n in range(12)))
    pages = walked("/directory/data.json?what=活塞&low=5&unit=MPa&U=0.001")
    assert [name for names in pages for name in names] == [f"活塞{n:02d}" for n in (6, 7, 8, 9)]
    assert pages[0] == [] and max(map(len, pages)) == 2


def test_going_back_from_a_page_by_u_shows_the_lines_just_before(monkeypatch):
    monkeypatch.setattr(finding, "CANDIDATES", 30)
    monkeypatch.setattr(finding, "SIZE", 2)
    entered("many", *({"instrument": f"活塞{n}"} for n in range(6)))
    query = {"what": "活塞", "low": "1", "unit": "MPa", "U": "0.01"}
    last = DirectoryLine.objects.get(instrument="活塞5").pk
    html = page(**query, before=str(last))
    assert "活塞3" in html and "活塞4" in html and "活塞2" not in html
    assert "before=" in html and "after=" in html


@pytest.mark.parametrize("place", ["x", "9" * 30, "-1", "１", "\x00"])
@pytest.mark.parametrize("name", ["after", "before"])
def test_a_place_in_the_list_that_is_none_gives_the_first_page(name, place):
    assert lines(what="精密", **{name: place}) == [("shen", "精密压力表")]


# --- nonsense


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"low": "abc", "unit": "MPa"}, "low", "不是数字"),
        ({"low": "1,000,0", "unit": "MPa"}, "low", "千位分隔符"),
        ({"low": "1", "unit": "磅"}, "unit", "不是法定计量单位"),
        ({"low": "1", "unit": "psi"}, "unit", "应改用 Pa、kPa 或 MPa"),
        ({"low": "1"}, "unit", "请填写测量范围的单位"),
        ({"U": "0.01"}, "low", "U 随测量值变化"),
        ({"U": "0", "low": "1", "unit": "MPa"}, "U", "大于零"),
        ({"U": "0.1", "U_unit": "mm", "low": "1", "unit": "MPa"}, "U_unit", "不是同一种量"),
        ({"U": "1", "U_unit": "%", "low": "1", "unit": "MPa"}, "U_unit", "不是同一种量"),
        ({"unit": "MPa"}, "low", "只填了单位"),
        ({"low": "1E30", "unit": "MPa"}, "high", "数值太大"),
        ({"low": "1E999999", "unit": "MPa"}, "low", "指数超出"),
        ({"low": "9" * 60, "unit": "MPa"}, "low", "数字太长"),
        ({"low": "1", "unit": "MPa", "U": "1E30"}, "U", "数值太大"),
        ({"low": "2", "high": "1", "unit": "MPa"}, "high", "小于"),
        ({"place": "99"}, "place", "没有“99”"),
        ({"what": "压" * 81}, "what", "最多 80 个字"),
        ({"field": "占星"}, "field", "没有“占星”这一项"),
        ({"pledge": "golden"}, "pledge", "没有“golden”这一项"),
    ],
)
def test_what_cannot_be_read_gets_a_sentence_and_stays_as_it_was_typed(typed, field, sentence):
    html = page(**typed, name="甲&乙")
    assert sentence in html and 'value="甲&amp;乙"' in html
    for name, text in typed.items():
        assert name in ("field", "pledge") or f'value="{text}"' in html
    answer = Client().get("/directory/data.json", typed)
    assert answer.status_code == 400
    assert sentence in json.loads(answer.content)["errors"][field][0]


TYPED = ("what", "place", "name", "field", "pledge", "low", "high", "unit", "U", "U_unit")


@pytest.mark.parametrize("text", ["\x00", "'; --", "<b>", "٣", "😀" * 20, "NaN", "1e-400", "\u202e", "\\", "%_"])
@pytest.mark.parametrize("names", [TYPED, TYPED[:1], TYPED[:3]])
def test_nothing_that_is_typed_breaks_the_page(names, text):
    assert "<b></b>" not in page(**dict.fromkeys(names, text))


def test_empty_fields_are_dropped_so_that_the_address_can_be_passed_on():
    answer = Client().get("/directory/?what=%E8%A1%A8&place=&low=+&unit=")
    assert (answer.status_code, answer["Location"]) == (302, "/directory/?what=%E8%A1%A8")
    assert Client().get("/directory/?what=&place=")["Location"] == "/directory/"


def test_each_condition_can_be_taken_back():
    html = page(what="压力", place="33", low="1", unit="MPa", U="0.1")
    assert "/directory/?what=%E5%8E%8B%E5%8A%9B&amp;low=1&amp;unit=MPa&amp;U=0.1" in html
    assert "/directory/?what=%E5%8E%8B%E5%8A%9B&amp;place=33&amp;low=1&amp;unit=MPa" in html


def test_a_search_that_finds_nothing_says_what_to_do():
    assert "去掉上面的一个条件" in page(what="不存在")


# --- what it costs, and what it does not show


def queries(path, **query):
    terms.known()
    with CaptureQueriesContext(connection) as caught:
        page(path, **query)
    return len(caught)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({}, 2), ({"what": "压力"}, 2), ({"what": "压力", "place": "44", "pledge": "holds", "name": "院"}, 3),
        ({"what": "压力", "low": "1", "unit": "MPa", "U": "1"}, 2),
    ],
)  # fmt: skip
def test_a_search_costs_the_same_queries_however_much_it_finds(query, count):
    assert queries("/directory/", **query) == count
    for n in range(3):
        entered(f"more{n}", *({"instrument": f"压力表{k}"} for k in range(5)), region_code="440000", **PUBLIC)
    assert queries("/directory/", **query) == count


@pytest.mark.parametrize("path", ["/directory/", "/directory/shen/"])
def test_pages_are_asked_for_anew_each_time_and_need_no_script(path):
    answer = Client().get(path)
    assert answer["Cache-Control"] == "public, no-cache"
    assert b"<script" not in answer.content and b" style=" not in answer.content


# --- one institution


def test_the_page_of_an_institution_tells_pledge_papers_capability_and_where_to_complain(laboratory):
    w = laboratory
    entered(w.institution.slug, {}, {"field": "热工"}, {"field": "热工"}, **PUBLIC)
    html = page(f"/directory/{w.institution.slug}/")
    for text in (
        "承诺有效",
        f"/q/{'A' * 26}",
        "（示）法计〔2024〕00017 号",
        "热工",
        "2 项",
        w.institution.complaint_phone,
    ):
        assert text in html
    assert f'action="/c/{w.institution.slug}/"' in html


@pytest.mark.parametrize(
    ("slug", "word"),
    [("shen", "承诺有效"), ("hang", "承诺已失效"), ("fell", "承诺已撤销"), ("none", "尚未承诺")],
)
def test_the_page_says_in_one_word_what_the_pledge_is_worth_today(slug, word):
    assert word in page(f"/directory/{slug}/")
    assert json.loads(page(f"/directory/{slug}/data.json"))["pledge"]["state"] in (
        "holds",
        "lapsed",
        "withdrawn",
        "none",
    )


def test_an_institution_that_is_not_entered_yet_has_its_page():
    """As those have been that were there before the directory was."""
    Institution.objects.bulk_create(
        [Institution(slug="early", name="早到计量院", short_code="E", complaint_phone="12315")]
    )
    html = page("/directory/early/")
    assert "尚未承诺" in html and "12315" in html


@pytest.mark.parametrize("path", ["/directory/nobody/", "/directory/nobody/data.json"])
def test_an_unknown_institution_is_not_found(path):
    assert Client().get(path).status_code == 404


def test_the_page_of_an_institution_costs_the_same_queries_however_much_it_has():
    before = queries("/directory/shen/")
    entered("shen2", *({"instrument": f"表{n}", "field": f"领域{n}"} for n in range(9)), **PUBLIC)
    assert queries("/directory/shen2/") == before


def test_names_of_people_are_not_on_the_page(laboratory):
    assert "沈若川" not in page(f"/directory/{laboratory.institution.slug}/")
