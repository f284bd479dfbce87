"""Labels as a PDF to print at 100 %: content in, bytes out; no clock, no database, nothing fetched.

A label is a dict of texts. A status label: {"word": "fit" | "restricted" | "stopped", "title", "institution", "number",
"lines": [(label, text, is_strong)], "signed": bool}. A device code: {"url", "token", "name", "asset_number",
"serial_number", "institution"}; a blank one has no name.
"""

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pikepdf
from django.template.loader import render_to_string
from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration

from portal import qr
from portal.paper import FETCHER, NotdefIsAnError, refuse_missing_glyphs

from .fitting import in_lines
from .formats import SheetFormat

TEMPLATE = "equipment/pdf/labels.html"
STYLESHEET = Path(__file__).resolve().parent.parent.parent / "templates" / "equipment" / "pdf" / "labels.css"
CODE_SIDE = 20  # mm of the printed modules, without the quiet zone
RUN = re.compile(r"M(\d+) (\d+)h(\d+)v1h-\d+z")
SMALL = 1.24  # how many times as many small letters a line holds
AT_ONCE = 72  # labels that are laid out together: the memory a sheet takes does not grow with its labels


@dataclass(frozen=True)
class Code:
    """A QR code as the template draws it: the path, its box in modules, and the side with the quiet zone in mm."""

    d: str
    view_box: str
    side: str


def warm_up() -> None:
    """Fonts and stylesheet are read: in the sandbox there is nowhere to unpack a font."""
    _typography()


def pdf(labels: Sequence[dict[str, Any]], sheet: SheetFormat, *, start: int = 1) -> bytes:
    """The labels in their order on as many pages as they need, the first one on place `start` of the first page.

    Raises: MissingGlyph when a text cannot be drawn; ValueError without labels or for a place that the sheet has not.
    Source: C-5.3.4-s2, C-5.3.4-s3; ISO/IEC 18004, 9.1.
    """
    if not labels or not 1 <= start <= sheet.places:
        raise ValueError(f"{len(labels)} labels from place {start} of {sheet.places}")
    with pikepdf.new() as whole:
        for pages in _portions(labels, sheet, start):
            with pikepdf.open(io.BytesIO(_drawn(pages, sheet))) as portion:
                whole.pages.extend(portion.pages)
        whole.remove_unreferenced_resources()
        file = io.BytesIO()
        whole.save(file, object_stream_mode=pikepdf.ObjectStreamMode.generate, deterministic_id=True)
    return file.getvalue()


def _portions(
    labels: Sequence[dict[str, Any]], sheet: SheetFormat, start: int
) -> Iterator[list[list[dict[str, Any] | None]]]:
    """Some pages at a time, each a list of its places; None is a place that was used before."""
    places: list[dict[str, Any] | None] = [None] * (start - 1) + list(labels)
    size = max(AT_ONCE // sheet.places, 1) * sheet.places
    for first in range(0, len(places), size):
        portion = places[first : first + size]
        yield [portion[place : place + sheet.places] for place in range(0, len(portion), sheet.places)]


def _drawn(pages: list[list[dict[str, Any] | None]], sheet: SheetFormat) -> bytes:
    for page in pages:
        refuse_missing_glyphs([label for label in page if label])
    shown = [
        [label and label | {"code": _code(label.get("url")), "owner": _owner(label, sheet)} for label in page]
        for page in pages
    ]
    html = render_to_string(TEMPLATE, {"pages": shown, "sheet": sheet})
    fonts, stylesheet = _typography()
    page_size = CSS(string=f"@page {{ size: {sheet.paper_width}mm {sheet.paper_height}mm; margin: 0 }}")
    with NotdefIsAnError():
        document = HTML(string=html, url_fetcher=FETCHER).render(stylesheets=[stylesheet, page_size], font_config=fonts)
        return document.write_pdf()


def _owner(label: dict[str, Any], sheet: SheetFormat) -> dict[str, Any]:
    """The institution's name in lines, and how they are set: one, several, or, where it takes too many, in small letters."""
    usual = sheet.band if label.get("word") else sheet.beside_code
    lines = in_lines(label["institution"], usual)
    if len(lines) <= (2 if label.get("word") else 3):
        return {"lines": lines, "size": "one" if len(lines) == 1 else ""}
    return {"lines": in_lines(label["institution"], usual * SMALL), "size": "small"}


def _code(url: str | None) -> Code | None:
    if not url:
        return None
    drawn = qr.drawn(url)
    modules = int(drawn.view_box.split()[2])
    # A run as one line as thick as a module: the layout engine draws it in a third of the time of a rectangle.
    lines = RUN.sub(r"M\1 \2.5h\3", drawn.d)
    return Code(lines, drawn.view_box, f"{CODE_SIDE * modules / (modules - 2 * qr.QUIET_ZONE):.3f}mm")


@cache
def _typography() -> tuple[FontConfiguration, CSS]:
    fonts = FontConfiguration()
    return fonts, CSS(string=STYLESHEET.read_text(encoding="utf-8"), font_config=fonts, url_fetcher=FETCHER)
