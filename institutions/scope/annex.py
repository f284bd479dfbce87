"""The annex of an accreditation, copied from its spreadsheet, laid out as the register's own table.

Its columns are 序号, 测量仪器名称, 被测量, 校准规范, 测量范围, 扩展不确定度 (k=2), 说明, 生效日期. Merged cells leave blanks below
them, and a line with a single text is the title of a field. The texts of range and CMC stay as they are: the form reads
them and says, by line and column, what it cannot read. Source: the layout of CNAS-AL annexes as issued.
"""

import re
import unicodedata

from institutions.models import ScopeItem
from portal.inspection.tables import Table

Lines = list[tuple[int, list[str]]]

# The heads of an annex, without brackets, spaces and letters of marks, and the column of ours each stands for.
HEADS = {
    "序号": "line_number", "no": "line_number",
    "测量仪器名称": "instrument", "仪器名称": "instrument", "测量仪器": "instrument", "校准对象": "instrument",
    "被测量": "measurand", "参量": "measurand", "测量参数": "measurand",
    "校准规范": "method", "校准规范编号": "method", "规范名称及代号": "method", "校准规范名称及编号": "method",
    "校准依据": "method", "依据": "method", "方法": "method", "检定规程校准规范": "method",
    "测量范围": "stated_range", "范围": "stated_range",
    "扩展不确定度": "stated_cmc", "扩展不确定度k2": "stated_cmc", "cmc": "stated_cmc", "不确定度": "stated_cmc",
    "校准和测量能力cmc": "stated_cmc", "校准和测量能力": "stated_cmc",
    "说明": "limits", "限制说明": "limits", "备注": "limits", "说明与限制": "limits",
    "生效日期": "valid_from", "失效日期": "valid_until",
    "场所": "site", "地点": "site", "实验室场所": "site", "专业领域": "field", "领域": "field", "专业": "field",
    "资质": "qualification", "依据资质": "qualification", "证书编号": "qualification",
}  # fmt: skip
# An annex has at least these; our own template has them under longer names.
NEEDED = frozenset({"instrument", "method", "stated_range", "stated_cmc"})
# What a merged cell says for the lines under it, and within an instrument for its further quantities.
CARRIED = ("line_number", "instrument", "measurand", "method", "site", "qualification", "valid_from")
# Our columns, those with what is read out of the texts included, so that the form may fill them in.
COLUMNS = (
    "line_number", "instrument", "measurand", "field", "method", "site", "qualification", "stated_range", "range_low",
    "range_high", "unit", "stated_cmc", "cmc_form", "cmc_constant", "cmc_slope", "cmc_unit", "cmc_relative", "cmc_points",
    "parameter", "parameter_unit", "limits", "valid_from", "valid_until",
)  # fmt: skip
LINES_BEFORE_HEADS = 10
_CODE = re.compile(r"(?P<series>[A-Z]{2,4}(?:/[A-Z])?)\s*[((]?\s*(?P<number>\d+(?:\.\d+)?)\s*[-—–]\s*(?P<year>\d{4})")
_ORDINAL = re.compile(r"^[((]?[一二三四五六七八九十\d]+[))]?[、.．\s]*")


def read_annex(table: Table) -> Table | None:
    """The lines of an annex under the heads of our own table, each with its number; None when it is no annex."""
    for position, (_number, cells) in enumerate(table.lines[:LINES_BEFORE_HEADS]):
        places = {HEADS[head]: place for place, cell in enumerate(cells) if (head := _head(cell)) in HEADS}
        if places.keys() >= NEEDED:
            moved = {place: COLUMNS.index(name) for name, place in places.items()}
            spoilt = [
                (line, moved.get(place, place), text)
                for line, place, text in table.spoilt
                if place in moved or place < 0
            ]
            return Table(_laid_out(table.lines[position:], places), spoilt)
    return None


def _laid_out(lines: Lines, places: dict[str, int]) -> Lines:
    heads = [str(ScopeItem._meta.get_field(name).verbose_name) for name in COLUMNS]
    found: Lines = [(lines[0][0], heads)]
    above = dict.fromkeys(CARRIED, "")
    title = ""
    for number, cells in lines[1:]:
        told = {name: (cells[place].strip() if place < len(cells) else "") for name, place in places.items()}
        filled = {cell.strip() for cell in cells if cell.strip()}
        if len(filled) == 1 and not told["stated_range"] and not told["stated_cmc"]:
            title = _ORDINAL.sub("", filled.pop())[:30]
            continue
        _carry(told, above)
        told["field"] = told.get("field") or title
        told["method"] = _code(told["method"])
        found.append((number, [told.get(name, "") for name in COLUMNS]))
    return found


def _carry(told: dict[str, str], above: dict[str, str]) -> None:
    """Blanks are filled from the line above, as merged cells mean it; a new instrument begins anew."""
    if told["instrument"] and told["instrument"] != above["instrument"]:
        kept = {name: above[name] for name in ("site", "qualification", "valid_from")}
        above.update(dict.fromkeys(CARRIED, "") | kept)
    for name in CARRIED:
        told[name] = told.get(name) or above[name]
        above[name] = told[name]


def _head(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(letter for letter in plain if letter.isalnum())


def _code(text: str) -> str:
    """The code of the method out of its title: "压力表检定规程 JJG52-2013" is JJG 52-2013; two codes stay as they stand."""
    found = list(_CODE.finditer(unicodedata.normalize("NFKC", text)))
    if len(found) != 1:
        return text
    code = found[0]
    return f"{code['series']} {code['number']}-{code['year']}"
