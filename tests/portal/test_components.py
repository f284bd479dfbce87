"""The pieces every page is made of, and what must hold for all templates and styles."""

import json
import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from django.apps import apps
from django.conf import settings
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import RequestFactory

from portal import menu, scan, showcase
from portal.templatetags import portal as tags
from portal.transitions import Refusal

TEMPLATES = sorted((settings.BASE_DIR / "templates").rglob("*.html"))
SCREENS = [path for path in TEMPLATES if "pdf" not in path.parts]
STATIC = settings.BASE_DIR / "portal" / "static" / "portal"
NOON = datetime(2026, 11, 21, 12, tzinfo=ZoneInfo("Asia/Shanghai"))
CARD = {
    "kind": "certificate",
    "state": "issued",
    "device": {
        "name": "精密压力表",
        "model": "YB-150",
        "serial_number": "P26-080417",
        "manufacturer": "北岸仪表制造有限公司",
        "range": "(0～1.6) MPa",
    },
    "certificate": {
        "kind": "verification_certificate",
        "number": "YT-V-2026-031562",
        "conclusion": "0.4 级合格",
        "performed_on": "2026-11-18",
        "issued_on": "2026-11-19",
        "valid_until": "2027-11-17",
        "method": "JJG 49-2013",
    },
    "institution": {
        "name": "云汀市计量技术研究院",
        "name_en": "Yunting Institute",
        "phone": "1",
        "complaint_phone": "2",
    },
    "reason": "",
}


def drawn(source: str, **context: object) -> str:
    return Template(source).render(Context(context))


def scanned(**changes: object) -> str:
    """The page behind a code whose card differs from CARD in these fields."""
    return render_to_string("public/code.html", {"card": scan.face(CARD | changes, NOON)})


def luminance(colour: str) -> float:
    """Relative luminance of "#rrggbb". Source: WCAG 2.2."""
    colour = colour if len(colour) == 7 else "#" + "".join(2 * letter for letter in colour[1:])
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("-1234.5", "\u22121\u2009234.5"),
        (Decimal("1E+3"), "1\u2009000"),
        ("0.0256", "0.0256"),
        ("0.00015", "0.000\u200915"),
        ("25.000", "25.000"),
        ("JJG 52-2013", "JJG 52-2013"),
        (None, "—"),
    ],
)
def test_a_number_is_printed_with_a_true_minus_and_digits_in_threes(written, printed):
    assert tags.number(written) == printed


@pytest.mark.parametrize(
    ("written", "printed"),
    [("0.02", "+0.02"), ("+0.02", "+0.02"), ("-0.02", "\u22120.02"), ("0.00", "0.00"), ("—", "—")],
)
def test_an_error_carries_its_sign_and_zero_has_none(written, printed):
    assert tags.signed(written) == printed


def test_a_value_and_its_unit_stay_together():
    assert tags.quantity("0.02", "MPa", sign=True) == '<span class="q">+0.02\u2009MPa</span>'


def test_every_state_has_exactly_one_tone():
    names = [name for listed in tags.STATE_TONES.values() for name in listed.split()]
    assert len(names) == len(set(names))


def test_every_state_of_every_table_has_a_tone():
    states = {value for model in apps.get_models() if hasattr(model, "State") for value in model.State.values}
    assert states - set(tags.TONE_OF) == set()


@pytest.mark.parametrize("tone", tags.TONES)
def test_a_badge_has_a_shape_and_a_word(tone):
    badge = tags.badge(tone, "正常")
    assert tags.SHAPES[tone] in badge
    assert "正常" in badge


def test_a_state_the_table_does_not_know_looks_neither_good_nor_bad():
    assert 'class="badge off"' in tags.state_badge("never_heard_of", "？")


@pytest.mark.parametrize(
    "source",
    [
        "{% badge 'ok' text %}",
        "{% notice 'due' text %}",
        "{% quantity text 'MPa' %}",
        "{% facts items %}",
        "{% refusals items %}",
        "{% timeline items %}",
    ],
)
def test_typed_text_is_shown_and_never_executed(source):
    text = "<script>alert(1)</script>"
    page = drawn(source, text=text, items=[{"label": text, "value": text, "text": text, "title": text, "at": text}])
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


def test_a_count_opens_its_rows_and_says_what_is_counted_unless_it_is_zero():
    assert 'href="/rows/" aria-label="标准器 已失效 3"' in tags.count_cell("bad", 3, "/rows/", "标准器 已失效")
    assert "<a" not in tags.count_cell("bad", 0, "/rows/", "标准器 已失效")


def test_a_refusal_names_its_clause_and_the_place_that_resolves_it():
    page = drawn(
        "{% refusals items %}", items=[Refusal("B-5.8-d", "标准器 11-14 到期。", "/i/a/equipment/x/", "更换标准器")]
    )
    assert '<span class="clause">B-5.8-d</span>' in page
    assert '<a class="btn" href="/i/a/equipment/x/">更换标准器</a>' in page


def test_a_field_is_tied_to_its_hint_and_its_error():
    form = showcase.SampleForm({})
    page = drawn("{% field form.serial_number %}", form=form)
    assert 'aria-describedby="id_serial_number_hint id_serial_number_error"' in page
    assert 'aria-invalid="true"' in page
    assert 'id="id_serial_number_error"' in page


def test_the_error_summary_links_to_every_wrong_field():
    page = drawn("{% error_summary form %}", form=showcase.SampleForm({"name": "表"}))
    assert re.findall(r'href="#(\w+)"', page) == [
        "id_serial_number",
        "id_upper",
        "id_accuracy_class",
        "id_kind_0",
    ]


def test_every_cell_of_a_table_carries_its_column_for_a_narrow_screen():
    page = drawn("{% data_table table %}", table=showcase.sample_table())
    assert page.count('data-label="名称"') == 5


def test_an_empty_table_says_what_to_do_first():
    table = {"caption": "设备", "columns": [{"title": "编号"}], "rows": []}
    table["empty"] = {"title": "还没有设备", "text": "先登记一台。", "url": "/new/", "label": "登记"}
    page = drawn("{% data_table table %}", table=table)
    assert '<a class="btn primary" href="/new/">登记</a>' in page
    assert "<table" not in page


def test_a_signing_form_shows_the_whole_hash_and_wants_a_tick():
    act = showcase.context()["act"]
    page = drawn("{% sign_dialog act %}", act=act)
    shown = re.search(r'class="hash"[^>]*>([^<]*)<', page).group(1)
    assert shown.replace(" ", "").strip() == act["hash"]
    assert re.search(r'type="checkbox"[^>]*name="confirmed"[^>]*required', page, re.DOTALL)


def test_a_blocked_signature_says_what_it_waits_for_and_cannot_be_sent():
    page = drawn("{% sign_dialog act %}", act=showcase.context()["blocked_act"])
    assert "先解决 3 项拒绝" in page
    assert re.search(r'type="submit"\s+disabled', page)


def test_a_data_sheet_is_a_plain_form_without_script():
    page = drawn("{% datasheet sheet %}", sheet=showcase.sample_sheet())
    names = re.findall(r'name="(r-\d-\w+)"', page)
    assert len(names) == 20
    assert names[:2] == ["r-0-up_before", "r-0-up_after"]
    assert '<form class="sheet"' in page
    assert 'type="submit"' in page


def test_a_refused_cell_is_described_by_its_sentence():
    page = drawn("{% datasheet sheet %}", sheet=showcase.sample_sheet())
    assert 'aria-describedby="m-4-down_before"' in page
    assert re.search(r'<p id="m-4-down_before">.*0\.01 MPa 的整数倍', page, re.DOTALL)


def test_an_old_value_is_struck_out_beside_the_new_one():
    page = drawn("{% datasheet sheet %}", sheet=showcase.sample_sheet())
    assert re.search(r'<s class="was">0\.97</s>\s*<input[^>]*value="0\.79"', page, re.DOTALL)


def test_the_chart_draws_errors_and_limits_to_scale():
    points = [{"label": "1", "error": "+0.01", "U": "0.005", "mpe": "0.02"}]
    row = tags.mpe_chart(points, "MPa")["rows"][0]
    zero = tags.mpe_chart(points, "MPa")["zero"]
    assert row["high"] - zero == pytest.approx(2 * (row["x"] - zero), abs=Decimal("0.2"))
    assert row["u_high"] - row["x"] == pytest.approx((row["x"] - zero) / 2, abs=Decimal("0.2"))


def test_the_chart_marks_what_exceeds_the_limit_and_leaves_out_what_is_not_measured():
    points = [{"label": "1", "error": "-0.03", "U": "0.005", "mpe": "0.02"}, {"label": "2", "error": "", "mpe": "0.02"}]
    over, missing = tags.mpe_chart(points, "MPa")["rows"]
    assert over["classes"] == "over"
    assert "x" not in missing


def test_long_work_reloads_itself_without_script():
    job = {"title": "导入", "state": "running", "done": 1, "total": 3, "text": "第 2 行", "url": "/p/"}
    page = drawn("{% progress job %}", job=job)
    assert 'http-equiv="refresh"' in page
    assert 'data-progress-url="/p/"' in page


def test_the_components_page_names_nothing_that_is_missing():
    request = RequestFactory().get("/_components/")
    page = render_to_string("portal/components.html", showcase.context(), request)
    assert "!!" not in page


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({}, "有效"),
        ({"certificate": CARD["certificate"] | {"valid_until": "2026-12-02"}}, "即将到期"),
        ({"certificate": CARD["certificate"] | {"valid_until": "2026-11-20"}}, "已过有效期"),
        ({"state": "replaced"}, "已被代替"),
        ({"state": "void", "reason": "数据有误"}, "已作废"),
        ({"state": "review"}, "复核中"),
        ({"state": "anomaly"}, "核验异常"),
    ],
)
def test_a_scan_page_says_its_state_in_one_huge_word_with_a_shape(changes, word):
    page = scanned(**changes)
    assert re.search(rf'<h1 class="(long)?">\s*<svg class="shape".*?</svg>{word}\s*</h1>', page, re.DOTALL)


def test_a_calibration_without_an_agreed_date_never_shows_an_expiry():
    certificate = CARD["certificate"] | {"kind": "calibration_certificate", "valid_until": None, "conclusion": ""}
    page = scanned(certificate=certificate)
    assert "有效期至" not in page
    assert "证书未规定" in page


def test_an_unknown_code_gets_a_page_that_says_so():
    assert "查无此码" in render_to_string("public/code.html", {"card": None})


def test_a_scan_page_with_its_style_is_small_and_needs_no_script_and_no_cookie():
    page = scanned(state="void", reason="数据有误")
    assert "<script" not in page
    assert "csrf" not in page
    styles = (STATIC / "public.css").stat().st_size + (STATIC / "mark.svg").stat().st_size
    assert len(page.encode()) + styles < 25_000


@pytest.mark.parametrize("path", SCREENS, ids=lambda path: path.relative_to(settings.BASE_DIR).as_posix())
def test_a_template_has_no_style_or_script_of_its_own(path: Path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\sstyle=|\son[a-z]+=|<style|javascript:", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)


@pytest.mark.parametrize("path", SCREENS, ids=lambda path: path.relative_to(settings.BASE_DIR).as_posix())
def test_a_template_asks_no_other_host(path: Path):
    assert not re.search(r"(?:src|href|action)=[\"'](?:https?:)?//", path.read_text(encoding="utf-8"))


def test_every_icon_of_a_template_or_of_the_navigation_is_in_the_sprite():
    sprite = ElementTree.parse(STATIC / "icons.svg").getroot()
    known = {symbol.get("id") for symbol in sprite}
    named = {name for path in SCREENS for name in re.findall(r'{% icon "([^"]+)"', path.read_text(encoding="utf-8"))}
    assert (named | {item.icon for item in menu.ITEMS.values()}) - known == set()


@pytest.mark.parametrize("sheet", ["tokens.css", "public.css"])
@pytest.mark.parametrize("tone", ["ok", "due", "bad", "off"])
def test_a_tone_can_be_read_on_its_tint_and_on_paper(sheet, tone):
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]+)", (STATIC / sheet).read_text()))
    for ground in (colours[f"{tone}-tint"], colours["paper"]):
        light, dark = luminance(ground), luminance(colours[tone])
        assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_the_styles_stay_small():
    assert (STATIC / "portal.css").stat().st_size + (STATIC / "tokens.css").stat().st_size <= 40_000
    assert (STATIC / "public.css").stat().st_size <= 14_000


def answer_with(*cells: dict[str, object]) -> Callable[[Any], None]:
    """A server for the data sheet that says this of the cells it is sent."""
    body = json.dumps({"cells": cells, "summary": "19 / 20 格", "saved_at": "11:00:00"})
    return lambda route: route.fulfill(status=200, content_type="application/json", body=body)


@pytest.fixture
def sheet(browser_page: Any, live_server: Any) -> Any:
    """The data sheet of the components page in a browser."""
    browser_page.goto(f"{live_server.url}/_components/")
    return browser_page


@pytest.mark.django_db(transaction=True)
class TestDataSheetInTheBrowser:
    SAVE = "**/_components/save/"

    def test_a_block_from_a_spreadsheet_fills_cells_and_says_what_did_not_fit(self, sheet):
        sheet.route(self.SAVE, answer_with())
        sheet.focus("#r-4-down_before")
        sheet.evaluate(
            """() => {
                const clipboardData = new DataTransfer();
                clipboardData.setData("text/plain", "1.61\\t1.62\\t9\\r\\n");
                const paste = new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true });
                document.activeElement.dispatchEvent(paste);
            }"""
        )
        assert [sheet.input_value(f"#r-4-{key}") for key in ("down_before", "down_after")] == ["1.61", "1.62"]
        assert "1 格超出表格" in sheet.inner_text(".toasts")

    def test_a_refused_reading_shows_its_sentence_at_the_cell(self, sheet):
        refused = {
            "point": 0,
            "key": "up_before",
            "text": "9",
            "state": "refused",
            "message": "超出量程。",
            "was": None,
        }
        sheet.route(self.SAVE, answer_with(refused))
        sheet.fill("#r-0-up_before", "9")
        sheet.press("#r-0-up_before", "Enter")
        sheet.wait_for_selector("#m-0-up_before")
        assert "超出量程。" in sheet.inner_text("#m-0-up_before")
        assert sheet.get_attribute("#r-0-up_before", "aria-describedby") == "m-0-up_before"

    def test_what_was_typed_without_a_network_is_sent_after_a_reload(self, sheet):
        sheet.route(self.SAVE, lambda route: route.abort())
        sheet.fill("#r-0-up_before", "0.01")
        sheet.press("#r-0-up_before", "Enter")
        sheet.wait_for_selector("text=网络中断")
        sheet.unroute(self.SAVE)
        saved = {"point": 0, "key": "up_before", "text": "0.01", "state": "saved", "message": "", "was": None}
        sheet.route(self.SAVE, answer_with(saved))
        sheet.reload()
        sheet.wait_for_selector("text=已存于服务器 11:00:00")
        assert sheet.input_value("#r-0-up_before") == "0.01"
        assert sheet.evaluate("localStorage.length") == 0

    def test_an_ended_login_keeps_the_reading_and_offers_a_new_window(self, sheet):
        sheet.route(self.SAVE, lambda route: route.fulfill(status=401))
        sheet.fill("#r-0-up_before", "0.01")
        sheet.press("#r-0-up_before", "Enter")
        sheet.wait_for_selector("text=在新窗口登录")
        assert "0.01" in sheet.evaluate("localStorage.getItem('sheet:showcase')")

    def test_no_page_scrolls_sideways(self, sheet):
        for width in (390, 1440):
            sheet.set_viewport_size({"width": width, "height": 900})
            assert sheet.evaluate("document.documentElement.scrollWidth") == width
