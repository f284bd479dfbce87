"""The cells of a spreadsheet as the texts that a person would have typed, with the cells that hold no such text named.

A workbook or a CSV file is a stranger's: `read` judges it as an upload is judged and belongs into the sandbox. What was
pasted is text of the request. Numbers come with the 15 digits that a spreadsheet shows, days as 2026-03-09, formulas as
their values. Source: E8.43.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml import ElementTree
from django.utils.translation import gettext as _
from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

from . import CSV, Unacceptable, xlsx
from . import csv as csv_file

MOST_ROWS, MOST_COLUMNS, MOST_CELLS, LONGEST_CELL = 10_000, 200, 300_000, 4000
ROWS_LOOKED_AT = 50_000  # blank ones among them, as spreadsheets leave them behind
MOST_DIGITS = 15
# Where a person writes rows in our template; in any other workbook the first sheet that is shown is read.
SHEET = "登记"

ATTRIBUTE = re.compile(rb'\b(r|t)=["\']([^"\']*)["\']')
ERROR_CELL = re.compile(rb"<(?:\w+:)?c\b([^>]*\bt=[\"']e[\"'][^>]*)>.*?<(?:\w+:)?v>([^<]*)<", re.DOTALL)
EMPTY_FORMULA = re.compile(
    rb"<(?:\w+:)?c\b([^>]*)>\s*<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</"
)
SPREADSHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
RELATION_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"

Spoilt = tuple[int, int, str]
WHOLE_LINE = -1
TEXTS_ONLY = {str}


@dataclass
class Table:
    """Lines that are not blank: number of the line as the person sees it, and its texts.

    `spoilt`: line, place of the cell in its line or WHOLE_LINE, and the sentence why nothing can be read off it.
    """

    lines: list[tuple[int, list[str]]] = field(default_factory=list)
    spoilt: list[Spoilt] = field(default_factory=list)

    def as_data(self) -> dict[str, Any]:
        return {"lines": self.lines, "spoilt": self.spoilt}

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> "Table":
        return cls(
            [(int(number), list(map(str, cells))) for number, cells in data["lines"]],
            [(int(line), int(place), str(sentence)) for line, place, sentence in data["spoilt"]],
        )


def read(content_type: str, content: bytes) -> dict[str, Any]:
    """The file's table as data, or {"problem": sentence} when the file is not taken. For the sandbox."""
    try:
        return (_of_csv(content) if content_type == CSV else _of_workbook(content)).as_data()
    except Unacceptable as unacceptable:
        return {"problem": str(unacceptable)}


def pasted(text: str) -> Table:
    """The lines as they came out of a spreadsheet's clipboard: cells apart by tabs. Raises: Unacceptable."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter="\t")
    try:
        return _bounded(Table(), enumerate(rows, start=1))
    except csv.Error as error:
        raise Unacceptable(_("粘贴的内容读不出表格。请在 Excel 里重新选中单元格，复制后再粘贴。")) from error


# --- CSV


def _of_csv(content: bytes) -> Table:
    csv_file.inspect(content)
    rows = csv_file.rows_of(content)
    return _bounded(Table(), enumerate(rows, start=1))


# --- workbooks


def _of_workbook(content: bytes) -> Table:
    xlsx.parts_are_harmless(content)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        name = _sheet_name(book)
        table = Table(spoilt=_unreadable_cells(content, name))
        return _bounded(table, _rows(table, book.get_sheet_by_name(name)))
    except (CalamineError, zipfile.BadZipFile, ParseError, KeyError, ValueError, StopIteration) as error:
        raise Unacceptable(xlsx.damaged()) from error


def _sheet_name(book: CalamineWorkbook) -> str:
    shown = [one.name for one in book.sheets_metadata if one.visible == SheetVisibleEnum.Visible]
    if not shown:
        raise Unacceptable(_("工作簿里没有可见的表。请取消隐藏，另存后再上传。"))
    return SHEET if SHEET in shown else shown[0]


def _rows(table: Table, sheet: Any) -> Iterator[tuple[int, list[str]]]:
    for number, values in enumerate(sheet.to_python(skip_empty_area=False), start=1):
        if set(map(type, values)) == TEXTS_ONLY:
            yield number, values
            continue
        for place in [place for place, value in enumerate(values) if type(value) is not str]:
            values[place], problem = _typed(values[place])
            if problem:
                table.spoilt.append((number, place, problem))
        yield number, values


def _typed(value: Any) -> tuple[str, str]:
    """The text for a cell's value, and the sentence why it cannot be relied on, or ""."""
    if isinstance(value, bool):
        return (_("是") if value else _("否")), ""
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d}" if value.time() == time() else f"{value:%Y-%m-%d %H:%M}", ""
    if isinstance(value, date):
        return value.isoformat(), ""
    if isinstance(value, timedelta):
        minutes = int(value.total_seconds()) // 60
        return f"{minutes // 60}:{minutes % 60:02d}", ""
    return (f"{value:%H:%M}" if isinstance(value, time) else ""), ""


def _number(value: float) -> tuple[str, str]:
    """The number without exponent, in the digits that a spreadsheet keeps; longer ones were cut when they were typed."""
    if abs(value) >= 10**MOST_DIGITS:
        return f"{value:.0f}", _(
            "数字超过 15 位，表格软件已经丢了后面的数字。请先把这一列设为“文本”格式，再重新键入完整的号码。"
        )
    text = f"{value:.{MOST_DIGITS}g}"
    if "e" in text:
        digits, _e, power = text.partition("e")
        places = max(0, len(digits.partition(".")[2]) - int(power))
        text = f"{value:.{places}f}"
    return text, ""


def _unreadable_cells(content: bytes, sheet: str) -> list[Spoilt]:
    """Cells that hold an error, and formulas without a value: a reader of values takes both for blank."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        data = archive.read(_part_of(archive, sheet))
    found = []
    for match in ERROR_CELL.finditer(data) if b'"e"' in data or b"'e'" in data else ():
        error = match[2].decode(errors="replace")
        found.append(_at(match[1], _("这一格是错误值 %(error)s。请改正公式或直接填写。") % {"error": error[:20]}))
    for match in EMPTY_FORMULA.finditer(data) if b"<f" in data or b":f" in data else ():
        found.append(_at(match[1], _("这一格的公式没有结果。请用 Excel 或 WPS 打开文件，保存一次再上传。")))
    return [one for one in found if one is not None]


def _part_of(archive: zipfile.ZipFile, sheet: str) -> str:
    """The part of the workbook that holds this sheet."""
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"), forbid_dtd=True)
    known = next(one for one in book.iter(f"{SPREADSHEET}sheet") if one.get("name") == sheet)
    relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"), forbid_dtd=True)
    target = next(one.get("Target", "") for one in relations if one.get("Id") == known.get(RELATION_ID))
    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"


def _at(attributes: bytes, sentence: str) -> Spoilt | None:
    name = dict(ATTRIBUTE.findall(attributes)).get(b"r", b"").decode()
    match = re.fullmatch(r"([A-Z]{1,3})([0-9]{1,7})", name)
    if match is None:
        return None
    place = 0
    for letter in match[1]:
        place = place * 26 + ord(letter) - ord("A") + 1
    return int(match[2]), place - 1, sentence


# --- all of them


def _bounded(table: Table, rows: Iterator[tuple[int, Sequence[str]]]) -> Table:
    """The table with the rows that are not blank. Raises: Unacceptable when there are too many, or none."""
    cells = 0
    for number, row in rows:
        texts = list(row)
        while texts and not texts[-1].strip():
            texts.pop()
        if number > ROWS_LOOKED_AT:
            raise Unacceptable(_too_much())
        if not texts:
            continue
        table.lines.append((number, texts))
        cells += len(texts)
        if len(table.lines) > MOST_ROWS + 20 or len(texts) > MOST_COLUMNS or cells > MOST_CELLS:
            raise Unacceptable(_too_much())
        if max(map(len, texts)) > LONGEST_CELL:
            raise Unacceptable(
                _("第 %(line)d 行有一格超过 %(most)d 个字。请缩短后再导入。") % {"line": number, "most": LONGEST_CELL}
            )
    if not table.lines:
        raise Unacceptable(_("表里没有内容。请填好再导入。"))
    return table


def _too_much() -> str:
    return _("表格超过 %(rows)d 行或 %(columns)d 列。请删去空白的行和列，或拆成几份分别导入。") % {
        "rows": MOST_ROWS,
        "columns": MOST_COLUMNS,
    }
