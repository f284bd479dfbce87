"""A certificate's content as PDF/A-3: content in, bytes out; no clock, no database, nothing fetched.

The bytes follow from the content alone, so the same content gives the same bytes in any process. `pdf` returns them
unsigned: a signature is appended to them afterwards and never changes what is written here.
"""

import base64
import gc
import hashlib
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache, partial
from itertools import groupby, islice
from math import cos, degrees, pi, radians, sin
from operator import itemgetter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pydyf
from django.template.loader import render_to_string
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString
from weasyprint import CSS, HTML, Attachment
from weasyprint.text.ffi import harfbuzz_subset
from weasyprint.text.fonts import FontConfiguration

from certificates import canonical
from portal import qr, sandbox
from portal.paper import (
    FETCHER,
    FIGURE_SPACE,
    POINT_SPACE,
    THIN_SPACE,
    NotdefIsAnError,
    refuse_missing_glyphs,
)

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = "certificates/pdf/certificate.html"
STYLESHEET = ROOT / "templates" / "certificates" / "pdf" / "certificate.css"
SPECIMEN = Path(__file__).resolve().parent / "specimen.json"
LONGEST_RENDERING = 20  # seconds
MOST_WIDE_COLUMNS = 3  # of texts, as wide as the style sheet says; more would reach over the edge of the paper

SHANGHAI = ZoneInfo("Asia/Shanghai")
MINUS = "\u2212"

# A certificate speaks Chinese and English at once whatever the reader's language, so its words are not translated.
WORDS = {
    "calibration_certificate": {
        "title": "校准证书",
        "title_en": "Calibration Certificate",
        "act": "校准",
        "customer": "客户名称",
        "customer_en": "Customer",
        "address": "客户地址、联络",
        "address_en": "Address, contact",
        "item": "器具名称",
        "item_en": "Description",
        "basis_en": "Method",
        "approver": "批准人（授权签字人）",
        "operator_en": "Calibrated by",
        "performed_en": "Date of calibration",
        "results": "校准结果",
        "results_en": "Calibration results",
        "seal": "校准专用章",
        "pass": "符合",
        "fail": "不符合",
    },
    "verification_certificate": {
        "title": "检定证书",
        "title_en": "Verification Certificate",
        "act": "检定",
        "customer": "送检单位",
        "customer_en": "Applicant",
        "address": "送检单位地址",
        "address_en": "Address",
        "item": "计量器具名称",
        "item_en": "Instrument",
        "basis_en": "Regulation",
        "approver": "批准人",
        "operator_en": "Verified by",
        "performed_en": "Date of verification",
        "results": "检定结果",
        "results_en": "Verification results",
        "seal": "检定专用章",
        "pass": "合格",
        "fail": "不合格",
    },
}
WORDS["verification_result_notice"] = WORDS["verification_certificate"] | {
    "title": "检定结果通知书",
    "title_en": "Notice of Verification Result",
}

ROLES = {
    "measurement_standard": ("计量标准", "Measurement standard"),
    "main": ("主标准器", "Main standard"),
    "supporting": ("配套设备", "Supporting equipment"),
    "environment": ("环境监测", "Environment"),
}

NUMBER = re.compile(r"(?P<sign>[-+±]?)(?P<whole>\d+)(?:\.(?P<fraction>\d+))?")
ABSENT = {"", "-", "—", "/"}
# U with its subscript when it stands alone; k, p and w beside a relation sign only.
QUANTITY = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"(U)(rel|p|\d+)?(?![A-Za-z0-9-])|([kpw])(?=[ \u00a0]?[=≈≤])|(?<=[=≤+][ \u00a0])([kw])(?![A-Za-z0-9]))"
)
BINDING = re.compile(r"(?<=[\d)]) (?=[^\W\d_]|[℃°%Ω])| (?=[=≤≥±×≈<>−+])|(?<=[=≤≥±×≈<>−+]) ")


def pdf(content: dict[str, Any]) -> bytes:
    """The issued certificate as PDF/A-3 with its canonical content attached as content.json, not yet signed.

    content: {"schema", "body", "issue"}; every date and number in it is text and is printed as it stands.
    Raises: MissingGlyph; FatalURLFetchingError when the template asks for anything that is not packaged.
    Source: ISO/IEC 17025:2017 7.8.2.1, 7.8.4.1; ISO 19005-3.
    """
    return _written(content["body"], content["issue"], attached=canonical.encoded(content))


def preview(body: dict[str, Any]) -> bytes:
    """The draft as it would be printed, marked 预览 未签发 on every page, without number, code, seal or attachment.

    body: as in `pdf`; a person who has not signed yet is None. Raises: as `pdf`.
    """
    return _written(body, None, attached=None)


def sandboxed(content: dict[str, Any]) -> bytes:
    """The same bytes as `pdf`, from a process that can do nothing but work them out. For workers and commands only.

    Raises: SandboxError for whatever keeps `pdf` from returning, 20 s or the memory among them. Source: E7.38, E7.40.
    """
    warm_up()
    return sandbox.run(pdf, content, seconds=LONGEST_RENDERING)


@cache
def warm_up() -> None:
    """The process is ready to render: what every certificate needs is read, and the collector leaves it alone.

    For the start of a worker process: a specimen is rendered, so that a sandbox forked from here finds template, fonts
    and libraries as they are after a first certificate, which saves it a third of its time.
    Raises: RuntimeError without libharfbuzz-subset, which keeps a document from taking four times as long.
    """
    if harfbuzz_subset is None:
        raise RuntimeError("libharfbuzz-subset is missing: install libharfbuzz-subset0")
    pdf(json.loads(SPECIMEN.read_text(encoding="utf-8")))
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


def _written(body: dict[str, Any], issue: dict[str, Any] | None, *, attached: bytes | None) -> bytes:
    refuse_missing_glyphs({"body": body, "issue": issue})
    identifier = hashlib.sha256(attached or canonical.encoded(body)).digest()[:16]
    fonts, stylesheet = _typography()
    html = render_to_string(TEMPLATE, _page(_without_nulls(body), issue))
    with NotdefIsAnError():
        document = HTML(string=html, url_fetcher=FETCHER).render(stylesheets=[stylesheet], font_config=fonts)
        for filler in range(10):
            file = document.write_pdf(
                pdf_variant="pdf/a-3b", pdf_identifier=identifier,
                attachments=[_attachment(attached, issue)] if attached else None,
                finisher=partial(_finished, filler=filler),
            )  # fmt: skip
            if b"\r\nendstream" not in file:
                return file
    raise RuntimeError("no filler kept a stream from ending in a carriage return")


def _attachment(content: bytes, issue: dict[str, Any]) -> Attachment:
    # WeasyPrint writes the clock time of these dates and calls it UTC.
    issued_at = datetime.fromisoformat(issue["issued_at"]).astimezone(UTC)
    return Attachment(
        string=content, url_fetcher=FETCHER, name="content.json", description="Canonical content",
        created=issued_at, modified=issued_at, relationship="Data",
    )  # fmt: skip


def _finished(document: Any, file: pydyf.PDF, *, filler: int) -> None:
    # WeasyPrint compresses the metadata stream and names every attachment twice in the catalogue.
    file.objects[int(file.catalog["Metadata"].split()[0])].compress = False
    if "AF" in file.catalog:
        file.catalog["AF"] = pydyf.Array(dict.fromkeys(file.catalog["AF"]))
    # A stream that ends in CR stands before the LF of `endstream`, and validators take both for the end of line: its
    # length then seems one byte too long. Such a stream is written in ASCII; the two streams that come into being
    # after this point are moved by a filler instead. Compressing here also spares pydyf from doing it twice.
    for stream in file.objects:
        if isinstance(stream, pydyf.Stream) and stream.compress:
            data = stream.data.partition(b"\nstream\n")[2].removesuffix(b"\nendstream")
            filters = ["/FlateDecode"]
            if data.endswith(b"\r"):
                data = base64.a85encode(data) + b"~>"
                filters.insert(0, "/ASCII85Decode")
            stream.stream, stream.compress = [data], False
            stream.extra["Filter"] = filters[0] if len(filters) == 1 else pydyf.Array(filters)
    if filler:
        file.info["Filler"] = pydyf.String("0" * filler)


@cache
def _typography() -> tuple[FontConfiguration, CSS]:
    fonts = FontConfiguration()
    return fonts, CSS(string=STYLESHEET.read_text(encoding="utf-8"), font_config=fonts, url_fetcher=FETCHER)


# What the page shows


def _page(body: dict[str, Any], issue: dict[str, Any] | None) -> dict[str, Any]:
    words = WORDS[body["kind"]]
    page = {
        "body": body,
        "issue": issue,
        "words": words,
        "notice": body["kind"] == "verification_result_notice",
        "number": issue["number"] if issue else "预览 未签发",
        "environment": [row | {"value": unbroken(f"{row['value']} {row['unit']}")} for row in body["environment"]],
        "standards": [_standard(row) for row in body["standards"]],
        "tables": [
            _table(columns, list(results), words)
            for columns, results in groupby(body["results"], key=itemgetter("columns"))
        ],
        "checks": [check | {"verdict": _verdict(check["verdict"], words)} for check in body["checks"]],
        "notes": list(_notes(body)),
        "signatures": _signatures(body, words),
        "performed_on": _chinese_day(body["performed_on"]),
    }
    if body["conclusion"]:
        page["valid_until"] = "" if page["notice"] else _chinese_day(body["conclusion"]["valid_until"])
    if issue:
        page["qr"] = qr.drawn(issue["url"])
        page["host"] = urlsplit(issue["url"]).hostname
        page["seal"] = _seal(body["institution"]["name"], words["seal"])
    return page


def _without_nulls(value: Any) -> Any:
    """A draft's missing values are empty texts, so that no page ever prints None."""
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return "" if value is None else value


def _chinese_day(day: str) -> str:
    if not day:
        return ""
    year, month, date = day.split("-")
    return f"{year} 年 {int(month)} 月 {int(date)} 日"


def _signatures(body: dict[str, Any], words: dict[str, str]) -> list[dict[str, str]]:
    roles = (
        ("approver", words["approver"], "Approved by"),
        ("checker", "核验员", "Checked by"),
        ("operator", f"{words['act']}员", words["operator_en"]),
    )
    signatures = []
    for key, role, role_en in roles:
        person = body["people"].get(key)
        signed = datetime.fromisoformat(person["at"]).astimezone(SHANGHAI) if person and person["at"] else None
        signatures.append({
            "role": role,
            "role_en": role_en,
            "name": person["name"] if person else "",
            "at": f"{signed:%Y-%m-%d %H:%M}" if signed else "",
        })  # fmt: skip
    return signatures


def _standard(row: dict[str, str]) -> dict[str, Any]:
    serial = f"No.\u00a0{row['serial_number']}" if row["serial_number"] else ""
    identity = "，".join(part for part in (row["model"], serial) if part)
    role, role_en = ROLES[row["role"]]
    return row | {
        "identity": identity,
        "role": role,
        "role_en": role_en,
        "range": unbroken(row["range"]),
        "uncertainty": typeset(row["uncertainty"]),
    }


def _notes(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Rows of the two-language remarks: a title and its paragraphs as (Chinese, English)."""
    uncertainty, conformity = body["uncertainty"], body["conformity"]
    judged, judged_en = [_sentence(conformity["text_zh"], "。")], [_sentence(conformity["text_en"], ".")]
    if conformity["stated"]:
        scope = "；".join(text for text in (conformity["specification"], conformity["clauses"]) if text)
        if scope:
            judged.append(f"要求：{scope}。")
        if conformity["rule_text_zh"]:
            judged.append(_sentence(f"规则：{conformity['rule_text_zh']}", "。"))
        if conformity["rule_text_en"]:
            judged_en.append(_sentence(f"Rule: {conformity['rule_text_en']}", "."))
    for title, title_en, paragraphs in (
        ("测量不确定度", "Uncertainty", [(uncertainty["zh"], uncertainty["en"])]),
        ("符合性判定", "Conformity", [("".join(judged), " ".join(judged_en))]),
        ("说明", "Notes", [(row["zh"], row["en"]) for row in body["statements"]]),
    ):
        printed = [(typeset(chinese), typeset(english)) for chinese, english in paragraphs if chinese or english]
        if printed:
            yield {"title": title, "title_en": title_en, "paragraphs": printed}


def _sentence(text: str, stop: str) -> str:
    """The text with one full stop at its end; nothing for nothing."""
    return f"{text.rstrip(stop)}{stop}" if text else ""


def _verdict(code: str, words: dict[str, str]) -> dict[str, str]:
    texts = {"pass": words["pass"], "fail": words["fail"], "undetermined": "待定", "not_stated": "—"}
    return {"code": code, "text": texts[code]}


def _table(columns: list[dict[str, str]], results: list[dict[str, Any]], words: dict[str, str]) -> dict[str, Any]:
    """One printed table of the results that share these columns: heads once, then a part for each result.

    A line is a list of (kind of cell, text); figures are lined up on their decimal point over the whole table.
    """
    rows = [row for result in results for row in result["rows"]]
    cells = [[row.get(column["key"], "") for row in rows] for column in columns]
    kinds = ["figure" if _is_figures(texts) else "text" for texts in cells]
    cells = [aligned(texts) if kind == "figure" else texts for texts, kind in zip(cells, kinds, strict=True)]
    if kinds.count("text") > MOST_WIDE_COLUMNS:
        kinds = ["shared" if kind == "text" else kind for kind in kinds]
    heads = [
        {"kind": kind, "title": typeset(column["title"]), "title_en": column["title_en"]}
        for kind, column in zip(kinds, columns, strict=True)
    ]
    lines = [list(zip(kinds, line, strict=True)) for line in zip(*cells, strict=True)]
    if any(row["verdict"] != "not_stated" for row in rows):
        heads.append({"kind": "verdict", "title": "结论", "title_en": "Verdict"})
        for line, row in zip(lines, rows, strict=True):
            verdict = _verdict(row["verdict"], words)
            line.append((f"verdict {verdict['code']}", verdict["text"]))
    remaining = iter(lines)
    parts = [
        {"title": result["title"], "title_en": result["title_en"], "unit": result["unit"],
         "lines": list(islice(remaining, len(result["rows"])))}
        for result in results
    ]  # fmt: skip
    return {"heads": heads, "parts": parts, "width": len(heads)}


def _is_figures(texts: list[str]) -> bool:
    return any(NUMBER.fullmatch(text) for text in texts) and all(
        NUMBER.fullmatch(text) or text in ABSENT for text in texts
    )


def aligned(texts: list[str]) -> list[str]:
    """The figures of one column end at one decimal point when set flush right; no digit is added or lost.

    Decimals longer than four digits are grouped in threes by thin spaces, a minus is U+2212, and spaces as wide as
    the missing digits fill the right side. Source: GB 3101-1993 3.3.
    """
    matches = [NUMBER.fullmatch(text) for text in texts]
    longest = max((len(match["fraction"] or "") for match in matches if match), default=0)
    grouped = longest > 4
    lines = []
    for text, match in zip(texts, matches, strict=True):
        if not match:
            lines.append(text)
            continue
        fraction = (match["fraction"] or "").ljust(longest, FIGURE_SPACE)
        if grouped:
            fraction = THIN_SPACE.join(fraction[start : start + 3] for start in range(0, longest, 3))
        point = "." if match["fraction"] else POINT_SPACE if longest else ""
        lines.append(f"{match['sign'].replace('-', MINUS)}{match['whole']}{point}{fraction}")
    return lines


def unbroken(text: str) -> str:
    """No line ends between a number and its unit, around an operator, or inside a bracketed range."""
    return BINDING.sub("\u00a0", text)


def typeset(text: str) -> SafeString:
    """The text, escaped, with the symbols of uncertainty (U, k, p, w and their subscripts) set in italics."""
    text, pieces, end = unbroken(text), [], 0
    for match in QUANTITY.finditer(text):
        symbol, subscript = match[1] or match[3] or match[4], match[2]
        pieces.append(conditional_escape(text[end : match.start()]))
        pieces.append(format_html("<em>{}</em>", symbol))
        if subscript:
            pieces.append(format_html("<sub>{}</sub>", subscript))
        end = match.end()
    pieces.append(conditional_escape(text[end:]))
    return format_html_join("", "{}", ((piece,) for piece in pieces))


# The seal


def _seal(institution: str, purpose: str) -> dict[str, str]:
    """A round seal in a 100 x 100 box: where each character of the name stands along the rim, and the star's corners.

    A long name is set smaller. `x`, `y` and `rotate` are lists with one entry for each character, as SVG text takes
    them: one text element for the whole name, since each costs a drawing of its own.
    """
    step = min(28.0, 246.0 / max(len(institution) - 1, 1))
    size = min(10.4, radians(step) * 39 * 1.04)
    angles = [radians(step * (place - (len(institution) - 1) / 2)) for place in range(len(institution))]
    # From the middle of a character half its width back along the rim and 0.38 of its height inwards.
    starts = [
        (50 + 39 * sin(a) - size * (cos(a) / 2 + 0.38 * sin(a)), 50 - 39 * cos(a) - size * (sin(a) / 2 - 0.38 * cos(a)))
        for a in angles
    ]
    corners = [(14 if point % 2 == 0 else 5.35, point * pi / 5) for point in range(10)]
    return {
        "name": institution,
        "purpose": purpose,
        "size": f"{size:.2f}",
        "x": " ".join(f"{x:.2f}" for x, _ in starts),
        "y": " ".join(f"{y:.2f}" for _, y in starts),
        "rotate": " ".join(f"{degrees(angle):.1f}" for angle in angles),
        "star": " ".join(f"{50 + r * sin(a):.2f},{49 - r * cos(a):.2f}" for r, a in corners),
    }
