"""The pledge and its poster as PDF: content in, bytes out; no clock, no database, nothing fetched."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.template.loader import render_to_string
from weasyprint import CSS, HTML, Document
from weasyprint.text.fonts import FontConfiguration

from portal import qr
from portal.paper import FETCHER, NotdefIsAnError, refuse_missing_glyphs

FOLDER = Path(__file__).resolve().parent.parent.parent / "templates" / "commitments" / "pdf"
SECONDS = 40
PLEDGE_CODE = 27  # mm
KEPT = 5  # the last letters of a paragraph, which stay together: no line is left with a single one
# Letters (pt) and code (mm of its modules) on the poster, from the largest that fit on the page down; then no wording.
SIZES = ((13.5, 88), (12, 88), (11.2, 84), (10.4, 82), (9.6, 76), (8.6, 64))
BARE = 112


@dataclass(frozen=True)
class Code:
    """A QR code as the templates draw it: path, box in modules, and in mm its side and how wide its quiet zone is."""

    d: str
    view_box: str
    side: str
    quiet: str


def warm_up() -> None:
    """Fonts and style sheets are read: in the sandbox there is nowhere to unpack a font."""
    _typography("pledge")
    _typography("poster")


def pledge(said: dict[str, Any]) -> bytes:
    """The pledge in Chinese with English beside it, on one page where it fits. `said` as contents.pledge gives it.

    Raises: MissingGlyph.
    """
    refuse_missing_glyphs(said)
    shown = {**said, "code": _code(said["url"], PLEDGE_CODE)}
    with NotdefIsAnError():
        roomy = _laid_out("pledge", shown)
        if len(roomy.pages) == 1:
            return roomy.write_pdf()
        tight = _laid_out("pledge", {**shown, "tight": True})
        return (tight if len(tight.pages) == 1 else roomy).write_pdf()


def poster(said: dict[str, Any]) -> bytes:
    """One page of A4 whatever the length of the wording: smaller letters, in the end none of it. Raises: MissingGlyph."""
    refuse_missing_glyphs(said)
    with NotdefIsAnError():
        for size, side in SIZES:
            page = _laid_out("poster", {**said, "size": f"{size}pt", "code": _code(said["url"], side)})
            if len(page.pages) == 1:
                return page.write_pdf()
        bare = {**said, "paragraphs": [], "code": _code(said["url"], BARE)}
        return _laid_out("poster", bare).write_pdf()


def _laid_out(name: str, shown: dict[str, Any]) -> Document:
    fonts, stylesheet = _typography(name)
    lines = [{**text, "zh": text["zh"][:-KEPT], "last": text["zh"][-KEPT:]} for text in shown["paragraphs"]]
    html = render_to_string(f"commitments/pdf/{name}.html", {**shown, "lines": lines})
    return HTML(string=html, url_fetcher=FETCHER).render(stylesheets=[stylesheet], font_config=fonts)


def _code(url: str, side: int) -> Code | None:
    """The code of the address, `side` mm without its quiet zone."""
    if not url:
        return None
    drawn = qr.drawn(url)
    modules = int(drawn.view_box.split()[2])
    module = side / (modules - 2 * qr.QUIET_ZONE)
    return Code(drawn.d, drawn.view_box, f"{module * modules:.2f}mm", f"-{module * qr.QUIET_ZONE:.2f}mm")


@cache
def _typography(name: str) -> tuple[FontConfiguration, CSS]:
    fonts, text = FontConfiguration(), (FOLDER / f"{name}.css").read_text(encoding="utf-8")
    return fonts, CSS(string=text, font_config=fonts, url_fetcher=FETCHER)
