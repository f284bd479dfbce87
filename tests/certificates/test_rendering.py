import hashlib
import io
import json
import re
import subprocess
import sys
import zlib
from copy import deepcopy
from functools import cache
from pathlib import Path

import page
import pikepdf
import pypdfium2
import pytest
import zxingcpp
from fontTools.ttLib import TTFont
from weasyprint.urls import FatalURLFetchingError

from certificates import canonical, rendering
from portal import glyphs, paper

DATA = Path(__file__).resolve().parent.parent / "data"
ROOT = DATA.parent.parent
ISSUED = ["calibration", "verification", "notice", "long"]
POINTS_PER_MM = 72 / 25.4


def sample(name: str) -> dict:
    return json.loads((DATA / f"certificate_{name}.json").read_text(encoding="utf-8"))


@cache
def rendered(name: str) -> bytes:
    return rendering.preview(sample(name)) if name == "preview" else rendering.pdf(sample(name))


def pages(file: bytes) -> list[str]:
    with pypdfium2.PdfDocument(file) as document:
        return [document[number].get_textpage().get_text_range() for number in range(len(document))]


def plain(text: str) -> str:
    """Extracted text without white space, with the hyphen for the minus: digits as they stand in the content."""
    return re.sub(r"\s", "", text).replace("\u2212", "-").replace("\ufffe", "-").replace("\u0002", "-")


def image(file: bytes, number: int, scale: float):
    with pypdfium2.PdfDocument(file) as document:
        return document[number].render(scale=scale).to_pil()


def texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.values() for text in texts(item)]
    if isinstance(value, list):
        return [text for item in value for text in texts(item)]
    return [value] if isinstance(value, str) else []


# The file


@pytest.mark.parametrize("name", [*ISSUED, "preview"])
def test_every_document_complies_with_pdf_a_3(name):
    report = page.validate_pdf_bytes(rendered(name), profile="3b")
    assert report.is_compliant, [failure.rule_id for failure in report.failures]


def test_a_stream_that_would_end_in_a_carriage_return_still_complies():
    content = sample("verification")
    while zlib.adler32(canonical.encoded(content)) & 0xFF != 0x0D:
        content["body"]["order_number"] += "0"
    assert page.is_pdf_compliant_bytes(rendering.pdf(content), profile="3b")


@pytest.mark.parametrize("name", [*ISSUED, "preview"])
def test_every_font_is_embedded_and_one_of_the_bundled(name):
    with pikepdf.open(io.BytesIO(rendered(name))) as file:
        fonts = [item for item in file.objects if isinstance(item, pikepdf.Dictionary)]
        fonts = [font for font in fonts if font.get("/Type") == "/FontDescriptor"]
        assert fonts
        assert all("/FontFile2" in font and "+Certificate" in str(font["/FontName"]) for font in fonts)


def test_the_canonical_content_is_attached_once_as_data():
    with pikepdf.open(io.BytesIO(rendered("calibration"))) as file:
        (attached,) = file.Root.AF
        assert attached.AFRelationship == "/Data"
        assert file.attachments["content.json"].get_file().read_bytes() == canonical.encoded(sample("calibration"))


def test_the_bytes_depend_on_the_content_alone():
    program = f"""
import hashlib, json, sys
from django.conf import settings
settings.configure(TEMPLATES=[{{"BACKEND": "django.template.backends.django.DjangoTemplates",
                                "DIRS": [{str(ROOT / "templates")!r}]}}], TIME_ZONE="Pacific/Auckland", USE_TZ=False)
import django
django.setup()
from certificates import canonical, rendering
rendering.warm_up()
content = json.load(open({str(DATA / "certificate_calibration.json")!r}, encoding="utf-8"))
print(hashlib.sha256(rendering.pdf(content)).hexdigest())
"""
    environment = {"PYTHONHASHSEED": "7", "PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "TZ": "America/Lima"}
    other = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment, cwd="/"
    )
    assert other.stdout.strip() == hashlib.sha256(rendered("calibration")).hexdigest()


def test_two_renderings_in_one_process_are_equal():
    assert rendering.pdf(sample("verification")) == rendered("verification")


def test_the_file_carries_the_time_of_issue():
    with pikepdf.open(io.BytesIO(rendered("calibration"))) as file:
        assert file.attachments["content.json"].get_file().creation_date.isoformat() == "2026-11-19T02:06:00+00:00"


@pytest.mark.parametrize("name", ["verification", "notice"])
def test_a_certificate_of_two_pages_stays_below_seventy_kibibytes(name):
    assert (len(pages(rendered(name))), len(rendered(name)) <= 70 * 1024) == (2, True)


# What is printed


@pytest.mark.parametrize("name", ISSUED)
def test_every_measured_number_stands_in_the_text_digit_for_digit(name):
    body, text = sample(name)["body"], plain("".join(pages(rendered(name))))
    numbers = {
        number
        for part in (body["results"], body["checks"], body["environment"], body["uncertainty"]["zh"])
        for number in re.findall(r"[-+±]?\d+(?:\.\d+)?", " ".join(texts(part)))
    }
    assert numbers and not {number for number in numbers if number not in text}


@pytest.mark.parametrize("name", ISSUED)
def test_every_text_of_the_body_is_printed(name):
    body, text = sample(name)["body"], plain("".join(pages(rendered(name))))
    printed = [body[key] for key in ("institution", "customer", "item", "method", "standards", "statements", "people")]
    hidden = re.compile(r"measurement_standard|main|supporting|environment|\d{4}-\d\d-\d\dT.*")
    missing = [words for words in texts(printed) if not hidden.fullmatch(words) and plain(words) not in text]
    assert missing == []


def test_the_text_comes_out_in_reading_order():
    text = plain("".join(pages(rendered("verification"))))
    order = ["云汀市计量技术研究院", "检定证书", "YT-V-2026-031562", "送检单位", "计量器具名称", "检定结论"]
    order += ["0.4级合格", "有效期至", "所用计量标准", "沈清和", "验证码", "指针偏转平稳性", "1.600"]
    order += ["测量不确定度", "说明", "以下空白"]
    places = [text.find(words) for words in order]
    assert -1 not in places and places == sorted(places)


@pytest.mark.parametrize("name", ISSUED)
def test_the_printed_code_leads_to_the_url_of_the_issue(name):
    found = [code.text for code in zxingcpp.read_barcodes(image(rendered(name), 0, scale=2))]
    assert found == [sample(name)["issue"]["url"]]


@pytest.mark.parametrize("name", ISSUED)
def test_number_and_page_count_stand_on_every_page(name):
    number, texts_of_pages = sample(name)["issue"]["number"], pages(rendered(name))
    assert all(
        plain(f"第 {place} 页 共 {len(texts_of_pages)} 页") in plain(text) and number in plain(text)
        for place, text in enumerate(texts_of_pages, start=1)
    )


@pytest.mark.parametrize("name", ISSUED)
def test_the_end_is_marked_on_the_last_page_only(name):
    marks = ["以下空白" in text for text in pages(rendered(name))]
    assert marks == [False] * (len(marks) - 1) + [True]


@pytest.mark.parametrize(("name", "validity"), [("calibration", 0), ("verification", 1), ("notice", 0)])
def test_only_a_verification_certificate_states_a_validity(name, validity):
    in_the_head_of_the_standards = 1
    assert plain("".join(pages(rendered(name)))).count("有效期至") == validity + in_the_head_of_the_standards


def test_a_validity_in_the_content_of_a_notice_is_not_printed():
    content = sample("notice")
    content["body"]["conclusion"]["valid_until"] = "2031-07-04"
    assert "2031" not in plain("".join(pages(rendering.pdf(content))))


def test_a_notice_names_its_failing_items():
    content = sample("notice")
    assert plain(content["body"]["conclusion"]["failing_items"][0]) in plain(pages(rendered("notice"))[0])


def test_a_conclusion_stands_on_the_first_page_with_its_days():
    first = plain(pages(rendered("verification"))[0])
    assert "0.4级合格" in first and "2026年11月18日" in first and "2027年11月17日" in first


@pytest.mark.parametrize(("name", "words"), [("calibration", "校准专用章"), ("verification", "检定专用章")])
def test_the_seal_says_what_it_is_for(name, words):
    assert f"云汀市计量技术研究院{words}" in plain(pages(rendered(name))[0])


def test_the_seal_is_red():
    colours = image(rendered("calibration"), 0, scale=1).convert("RGB").getcolors(1 << 20)
    assert sum(count for count, (red, green, blue) in colours if red > 180 and green < 80 and blue < 80) > 500


def test_signing_times_are_printed_in_chinese_time():
    content = sample("calibration")
    content["body"]["people"]["approver"]["at"] = "2026-11-19T02:06:00+00:00"
    assert "2026-11-19 10:06" in pages(rendering.pdf(content))[0]


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [("calibration", "fail", "不符合"), ("calibration", "undetermined", "待定"), ("verification", "fail", "不合格")],
)
def test_a_verdict_is_printed_in_the_words_of_its_kind(name, code, words):
    content = sample(name)
    content["body"]["results"][0]["rows"][0]["verdict"] = code
    assert words in plain("".join(pages(rendering.pdf(content))))


# The preview


def test_every_page_of_a_preview_says_that_it_is_not_issued():
    assert all(plain(text).count("预览未签发") >= 2 for text in pages(rendered("preview")))


def test_a_preview_has_no_seal_no_code_and_no_attachment():
    with pikepdf.open(io.BytesIO(rendered("preview"))) as file:
        assert not file.attachments
    assert not zxingcpp.read_barcodes(image(rendered("preview"), 0, scale=2))
    assert "云汀市计量技术研究院校准专用章" not in plain(pages(rendered("preview"))[0])


def test_a_preview_shows_who_has_yet_to_sign():
    assert "待签" in pages(rendered("preview"))[0]


def test_a_draft_with_gaps_prints_no_none():
    body = sample("preview") | {"performed_on": None, "received_on": None, "standards": [], "statements": []}
    body["people"] = {"operator": None, "checker": None, "approver": None}
    body["item"]["serial_number"] = None
    assert "None" not in "".join(pages(rendering.preview(body))).replace("数据相同 None", "")


# Strangers' text


@pytest.mark.parametrize(
    "vector",
    [
        "<script>alert(1)</script>",
        '<img src="http://127.0.0.1:9/x.png">',
        '"><link rel="attachment" href="file:///etc/passwd">',
        "<style>body{display:none}</style>",
        "{% load static %}{{ settings.SECRET_KEY }}",
        "</td></table><svg><image href='file:///etc/hostname'/></svg>",
    ],
)
@pytest.mark.parametrize("field", [("customer", "name"), ("item", "model"), ("statements", 0)])
def test_markup_in_a_field_is_printed_as_text(vector, field):
    body = sample("preview")
    if field[0] == "statements":
        body["statements"][0]["zh"] = vector
    else:
        body[field[0]][field[1]] = vector
    text = "".join(pages(rendering.preview(body)))
    assert plain(vector) in plain(text)


@pytest.mark.parametrize("address", ["http://example.org/x.png", "https://example.org/x.css", "file:///etc/hostname",
                                     "ftp://example.org/x", "packaged:../../manage.py"])  # fmt: skip
def test_the_fetcher_refuses_every_address_that_is_not_packaged(address):
    with pytest.raises(FatalURLFetchingError):
        paper.FETCHER.fetch(address)


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/x.png", "file:///etc/hostname", "x.png"])
def test_a_page_that_asks_for_a_foreign_image_is_not_rendered(monkeypatch, address):
    monkeypatch.setattr(rendering, "render_to_string", lambda *_: f'<base href="file:///"><img src="{address}">')
    with pytest.raises(FatalURLFetchingError):
        rendering.preview(sample("preview"))


def test_a_data_url_is_taken():
    assert paper.FETCHER.fetch("data:text/plain,1").read() == b"1"


# Characters


def test_a_character_without_a_glyph_is_an_error_that_names_it_and_its_field():
    content = sample("calibration")
    content["body"]["item"]["model"] = "PG\u2611"
    with pytest.raises(paper.MissingGlyph, match=r"U\+2611.*body\.item\.model") as caught:
        rendering.pdf(content)
    assert (caught.value.character, caught.value.where) == ("\u2611", "body.item.model")


@pytest.mark.parametrize("character", ["\x00", "\x07", "\u202e", "\ue000", "\U0001f600"])
def test_control_and_private_characters_are_refused(character):
    body = sample("preview")
    body["customer"]["name"] += character
    with pytest.raises(paper.MissingGlyph):
        rendering.preview(body)


def test_a_glyph_missing_on_the_page_itself_is_an_error(monkeypatch):
    monkeypatch.setattr(rendering, "render_to_string", lambda *_: "<p>\U0010fffd")
    with pytest.raises(paper.MissingGlyph, match=r"U\+10FFFD"):
        rendering.preview(sample("preview"))


@pytest.mark.parametrize("name", ["臺灣計量", "𬭚㑇镕", "U₉₅ 10⁻⁵ ±×÷≤≥", "ΩμΔφ℃①½", "囍喆堃犇淼", "㐂㛃䶮𢦏"])
def test_standard_rare_and_traditional_characters_have_glyphs(name):
    body = sample("preview")
    body["customer"]["name"] = name
    assert plain(name) in plain(pages(rendering.preview(body))[0])


def test_regular_and_bold_cover_the_same_characters():
    regular, bold = (TTFont(glyphs.FONTS / name).getBestCmap() for name in glyphs.UPRIGHT[:2])
    assert set(regular) == set(bold)


# Layout


def boxes(file: bytes):
    with pypdfium2.PdfDocument(file) as document:
        for number in range(len(document)):
            text = document[number].get_textpage()
            for place in range(text.count_chars()):
                if text.get_text_range(place, 1).strip():
                    yield text.get_charbox(place)


@pytest.mark.parametrize("word", ["量" * 120, "W" * 120, "很长的名称 with spaces " * 12])
def test_long_texts_stay_inside_the_margins(word):
    body = deepcopy(sample("preview"))
    body["customer"] = {"name": word, "address": word}
    for key in ("name", "model", "serial_number", "manufacturer", "range", "condition"):
        body["item"][key] = word
    body["institution"]["name"] = word[:60]
    for row in body["standards"]:
        row["name"] = row["certificate_number"] = row["range"] = word
    edges = [(left, right) for left, _, right, _ in boxes(rendering.preview(body)) if right - left < 40]
    assert min(left for left, _ in edges) > 17 * POINTS_PER_MM
    assert max(right for _, right in edges) < 193 * POINTS_PER_MM


def test_a_long_table_repeats_its_head_on_the_next_page():
    content = sample("long")
    content["body"]["results"][0]["rows"] *= 2
    texts_of_pages = pages(rendering.pdf(content))
    assert sum("Indication" in text and "Reference" in text for text in texts_of_pages) == 2


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["1.00", "-0.50"], ["1.00", "\u22120.50"]),
        (["0.000003", "+12.5"], ["0.000\u2009003", "+12.5\u2007\u2007\u2009\u2007\u2007\u2007"]),
        (["7", "0.25"], ["7\u2008\u2007\u2007", "0.25"]),
        (["±0.0040", "—"], ["±0.0040", "—"]),
        (["100", "20"], ["100", "20"]),
    ],
)
def test_a_column_of_figures_ends_at_one_decimal_point(given, expected):
    assert rendering.aligned(given) == expected


def test_symbols_of_uncertainty_are_italic_and_the_rest_is_escaped():
    assert rendering.typeset("U95 & k = 2") == "<em>U</em><sub>95</sub> &amp; <em>k</em>\u00a0=\u00a02"


@pytest.mark.parametrize("text", ["YU-60", "USB", "k 值", "CPU", "U-shaped", "work"])
def test_letters_that_are_no_symbols_stay_upright(text):
    assert "<em>" not in rendering.typeset(text)
