"""The report of a closed stock check: content in, a PDF out; no clock, no database, nothing fetched."""

from functools import cache
from pathlib import Path
from typing import Any

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration

from portal.paper import FETCHER, NotdefIsAnError, refuse_missing_glyphs

from ..models import StockCheck, StockLine
from . import counting

TEMPLATE = "equipment/pdf/stock.html"
STYLESHEET = Path(__file__).resolve().parent.parent.parent / "templates" / "equipment" / "pdf" / "stock.css"
MOST_LINES = 1500  # of one kind on paper; all of them are in the export
SECONDS = 40


def content(check: StockCheck) -> dict[str, Any]:
    """Everything the report says, as texts. `check` is closed, with its people, places and institution at hand."""
    related = ("equipment__site", "equipment__room", "equipment__keeper", "found_by")
    lines = counting.lines_of(check).select_related(*related).order_by("equipment__asset_number", "scanned", "pk")
    figures = counting.figures(check)
    return {
        "institution": check.institution.name,
        "title": check.title,
        "scope": check.scope,
        "opened": f"{_instant(check.opened_at)} {check.opened_by.name if check.opened_by else ''}",
        "closed": _instant(check.closed_at),
        "signer": check.closed_by.name if check.closed_by else "",
        "sha256": counting.digest(check),
        "figures": [
            [_("应盘"), str(figures.expected)], [_("已盘到"), str(figures.found)], [_("未盘到"), str(figures.missing)],
            [_("不应在此"), str(figures.unexpected)],
        ],
        "parts": [
            _part(_("未盘到"), lines.filter(outcome=StockLine.Outcome.MISSING), figures.missing),
            _part(_("不应在此"), lines.filter(outcome=StockLine.Outcome.UNEXPECTED), figures.unexpected),
            _part(_("已盘到"), lines.filter(outcome=StockLine.Outcome.FOUND), figures.found),
        ],
    }  # fmt: skip


def _part(title: str, lines: Any, count: int) -> dict[str, Any]:
    left_out = _("只列出前 %(most)d 行，全部见导出的表格。") % {"most": MOST_LINES} if count > MOST_LINES else ""
    return {"title": title, "count": str(count), "left_out": left_out, "lines": [_line(x) for x in lines[:MOST_LINES]]}


def _line(line: StockLine) -> list[str]:
    on = line.equipment
    place = " ".join(filter(None, (on.site.name, on.room.name if on.room else ""))) if on else ""
    seen = f"{_instant(line.found_at)} {line.found_by.name if line.found_by else ''}" if line.found_at else ""
    if on is None:
        return [line.scanned, "", "", "", seen]
    return [
        on.asset_number,
        f"{on.name} {on.model}",
        on.serial_number,
        place,
        seen or (on.keeper.name if on.keeper else ""),
    ]


def _instant(at: Any) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}"


def warm_up() -> None:
    """Fonts and stylesheet are read: in the sandbox, where `pdf` works, there is nowhere to unpack a font."""
    _typography()


def pdf(said: dict[str, Any]) -> bytes:
    """The report. `said` as `content` gives it. Raises: MissingGlyph."""
    refuse_missing_glyphs(said)
    fonts, stylesheet = _typography()
    html = render_to_string(TEMPLATE, said)
    with NotdefIsAnError():
        document = HTML(string=html, url_fetcher=FETCHER).render(stylesheets=[stylesheet], font_config=fonts)
        return document.write_pdf()


@cache
def _typography() -> tuple[FontConfiguration, CSS]:
    fonts = FontConfiguration()
    return fonts, CSS(string=STYLESHEET.read_text(encoding="utf-8"), font_config=fonts, url_fetcher=FETCHER)
