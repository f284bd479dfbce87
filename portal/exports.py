"""Rows as a file for a spreadsheet, in which no text is taken for a formula and every number stays a number.

A spreadsheet runs a cell that begins with = + - @ or a control character. Such text is prefixed with an apostrophe,
unless the whole of it is a number: a reading of -0.5 must not become a text. Source: E8.45.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import chain, islice
from typing import Any
from unicodedata import east_asian_width

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from .inspection import CSV, XLSX
from .transitions import Refusal, Refused

MOST_ROWS = 50_000
FORMATS = {"xlsx": _("Excel（.xlsx）"), "csv": _("CSV（.csv）")}
# What a spreadsheet takes for the beginning of a formula, also written in full width as Chinese keyboards do.
TRIGGERS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
NUMBER = re.compile(r"[+\-−]?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?", re.ASCII)
MOST_DIGITS = 15  # a spreadsheet keeps no more; a longer number stays a text
UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
LONGEST_CELL = 32_000
# A sheet is written as it comes, so that its columns are as wide as their first rows ask for.
MEASURED, WIDEST = 200, 60

Row = Sequence[Any]

# What an export's button shows, and how it is given after a fresh proof of the person: set by the app that knows accounts.
Offer = Callable[[HttpRequest, str], dict[str, Any] | None]
Send = Callable[..., HttpResponseBase]
_given: dict[str, Callable[..., Any]] = {}


def given_by(offer: Offer, send: Send) -> None:
    """These functions offer lists as files and give them from now on."""
    _given.update(offer=offer, send=send)


def offer(request: HttpRequest, url: str) -> dict[str, Any] | None:
    """What the export button of a list shows, or None for who may not export. `url`: where it is asked for."""
    return _given["offer"](request, url)


def send(request: HttpRequest, act: str, **about: Any) -> HttpResponseBase:
    """The list as a file, or the page again with the reason why not. `about`: as the giver takes it. Source: E3.18."""
    return _given["send"](request, act, **about)


def refuse_too_many(count: int) -> None:
    """Passes for as many rows as one file holds. Raises: Refused with what to do. Source: E8.45."""
    if count > MOST_ROWS:
        raise Refused(
            Refusal(
                "export",
                _("符合条件的有 %(count)d 行，一次最多导出 %(most)d 行。请先用筛选缩小范围，再导出。")
                % {"count": count, "most": MOST_ROWS},
            )
        )


def answer(kind: str, name: str, titles: Sequence[str], rows: Iterable[Row]) -> HttpResponse | StreamingHttpResponse:
    """The rows below their titles as an attachment. `kind`: "csv" or "xlsx"; `name`: of the file, without suffix.

    A cell is text, int, Decimal, date, aware datetime or None.
    """
    if kind == "csv":
        response = StreamingHttpResponse(_csv(titles, rows), content_type=f"{CSV}; charset=utf-8")
    else:
        response = HttpResponse(_xlsx(name, titles, rows), content_type=XLSX)
    response["Content-Disposition"] = content_disposition_header(True, f"{name}.{kind}")
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


def is_number(text: str) -> bool:
    """Whether the whole text is a number that a spreadsheet can hold without losing a digit."""
    return bool(NUMBER.fullmatch(text)) and sum(map(str.isdigit, text)) <= MOST_DIGITS


def safe(text: str) -> str:
    """The text as no spreadsheet takes it for a formula."""
    text = UNWRITABLE.sub("\ufffd", text)
    if len(text) > LONGEST_CELL:
        text = text[:LONGEST_CELL] + "…"
    dangerous = text.lstrip(" \u3000\u00a0").startswith(TRIGGERS) or text.startswith(TRIGGERS)
    return f"'{text}" if dangerous and not is_number(text) else text


# --- CSV


def _csv(titles: Sequence[str], rows: Iterable[Row]) -> Iterator[bytes]:
    """UTF-8 with the mark by which Excel knows it, some rows at a time."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL)  # else =1 behind a semicolon would begin a cell elsewhere
    buffer.write("\ufeff")
    writer.writerow(map(safe, map(str, titles)))
    for row in rows:
        writer.writerow(_written(value) for value in row)
        if buffer.tell() > 64 * 1024:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def _written(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{timezone.localtime(value):%Y-%m-%d %H:%M:%S}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    return safe(str(value))


# --- XLSX


def _xlsx(name: str, titles: Sequence[str], rows: Iterable[Row]) -> bytes:
    rows = iter(rows)
    first = list(islice(rows, MEASURED))
    book = Workbook(write_only=True)
    sheet = book.create_sheet(re.sub(r"[\\/*?:\[\]]", " ", name)[:31])
    sheet.freeze_panes = "A2"
    for place, width in enumerate(_widths([titles, *first]), start=1):
        sheet.column_dimensions[get_column_letter(place)].width = width
    head = [_cell(sheet, str(title)) for title in titles]
    for cell in head:
        cell.font = Font(bold=True)
    sheet.append(head)
    last = 1
    for row in chain(first, rows):
        sheet.append([_cell(sheet, value) for value in row])
        last += 1
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(titles))}{last}"
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _widths(rows: Sequence[Row]) -> list[int]:
    """How wide each column has to be for these rows, in digits, within limits: a Chinese character is as wide as two."""

    def length(value: Any) -> int:
        return sum(2 if east_asian_width(sign) in "WF" else 1 for sign in _written(value)[:WIDEST])

    return [min(max(map(length, column)) + 2, WIDEST) for column in zip(*rows, strict=True)]


def _cell(sheet: Any, value: Any) -> WriteOnlyCell:
    """A cell of the value's own type: a number shows the digits it has, a day is a day, text is never a formula."""
    if isinstance(value, str) and is_number(value):
        value = Decimal(value.replace("−", "-"))
    cell = WriteOnlyCell(sheet)
    if isinstance(value, datetime):
        cell.value = timezone.localtime(value).replace(tzinfo=None)
        cell.number_format = "yyyy-mm-dd hh:mm:ss"
    elif isinstance(value, date):
        cell.value, cell.number_format = value, "yyyy-mm-dd"
    elif isinstance(value, Decimal | int) and not isinstance(value, bool):
        cell.value = value
        places = -value.as_tuple().exponent if isinstance(value, Decimal) else 0
        cell.number_format = "0." + "0" * places if places > 0 else "0"
    elif value is not None:
        cell.value = safe(str(value))
        cell.data_type = "s"  # whatever its first letter
    return cell
