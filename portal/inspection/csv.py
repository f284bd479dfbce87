"""CSV: text in UTF-8 or GB 18030, in rows of equally many columns. Kept as it came. Source: E8.42."""

import csv
import io
from collections.abc import Iterator

from django.utils.translation import gettext as _

from . import Unacceptable

MOST_ROWS, MOST_COLUMNS, LONGEST_LINE, LONGEST_CELL = 100_000, 500, 64 * 1024, 10_000
CONTROLS = {*map(chr, range(32))} - set("\t\r\n") | {"\x7f"}


def inspect(content: bytes) -> None:
    """Passes when the text is a table. Raises: Unacceptable."""
    text = _text(content)
    if controls := CONTROLS.intersection(text):
        raise Unacceptable(
            _("CSV 里有看不见的控制字符（U+%(code)04X）。请用 Excel 或 WPS 重新另存为 CSV。")
            % {"code": ord(min(controls))}
        )
    lines = text.splitlines()
    if len(max(lines, key=len, default="")) > LONGEST_LINE or len(lines) > MOST_ROWS:
        raise Unacceptable(_too_much())
    columns = 0
    try:
        for number, row in enumerate(_rows(text), start=1):
            columns = columns or len(row)
            if number > MOST_ROWS or len(row) > MOST_COLUMNS or any(len(cell) > LONGEST_CELL for cell in row):
                raise Unacceptable(_too_much())
            if row and len(row) != columns:
                raise Unacceptable(
                    _("第 %(row)d 行有 %(found)d 列，第一行有 %(columns)d 列。请改成一样多再上传。")
                    % {"row": number, "found": len(row), "columns": columns}
                )
    except csv.Error as error:
        raise Unacceptable(_("CSV 的引号不成对，读不出表格。请用 Excel 或 WPS 重新另存为 CSV。")) from error
    if not columns:
        raise Unacceptable(_("CSV 里没有内容。请重新选择文件。"))


def rows_of(content: bytes) -> Iterator[list[str]]:
    """The rows of a text that `inspect` has passed."""
    return _rows(_text(content))


def _rows(text: str) -> Iterator[list[str]]:
    delimiter = max(",\t;", key=text.partition("\n")[0].count)
    return csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)


def _text(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Unacceptable(_("看不懂 CSV 的编码。请另存为“CSV UTF-8”后再上传。"))


def _too_much() -> str:
    return _("表格超过 %(rows)d 行或 %(columns)d 列，或某一格太长。请拆成几份再上传。") % {
        "rows": MOST_ROWS,
        "columns": MOST_COLUMNS,
    }
