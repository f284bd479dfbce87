"""校准点: the points of a certificate as a grid that is typed into, or filled by pasting from a spreadsheet."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from institutions import units
from portal.decimals import Unreadable, parse, plain

MOST, SPARE, FEWEST = 300, 3, 6
WHOLE_DIGITS = DECIMALS = 12
LONGEST = 60
CELL = re.compile(r"p-([0-9]{1,4})-([a-z_]{1,20})")


@dataclass(frozen=True)
class GridColumn:
    """A column: its name in TracePoint, its title, whether it holds numbers."""

    name: str
    title: str | Promise
    numeric: bool = True


COLUMNS = (
    GridColumn("quantity", gettext_lazy("被测量"), numeric=False),
    GridColumn("unit", gettext_lazy("单位"), numeric=False),
    GridColumn("nominal", gettext_lazy("标称值")),
    GridColumn("value", gettext_lazy("示值或实际值")),
    GridColumn("error", gettext_lazy("误差")),
    GridColumn("uncertainty", gettext_lazy("U")),
    GridColumn("coverage_factor", gettext_lazy("k")),
    GridColumn("permitted", gettext_lazy("最大允许误差")),
)
NAMES = tuple(column.name for column in COLUMNS)


@dataclass
class GridRow:
    """One row as it was typed, with what is wrong with its cells."""

    number: int
    texts: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def is_blank(self) -> bool:
        """Nothing but a quantity or unit stands in it, which may be the default."""
        return not any(self.texts[column.name].strip() for column in COLUMNS if column.numeric)

    @property
    def cells(self) -> list[dict[str, Any]]:
        return [
            {
                "name": f"p-{self.number}-{column.name}",
                "text": self.texts[column.name],
                "error": self.errors.get(column.name, ""),
                "numeric": column.numeric,
                "label": _("第 %(row)d 行 %(title)s") % {"row": self.number + 1, "title": column.title},
            }
            for column in COLUMNS
        ]


class PointsGrid:
    """The rows of a form. Bound when it was sent: then `is_valid` reads it, and `points` are the values of TracePoint.

    An empty quantity or unit is that of the row above, of the first row `unit`.
    """

    def __init__(self, data: QueryDict | None = None, *, initial: Iterable[Mapping[str, str]] = (), unit: str = ""):
        self.unit = unit
        self.bound = data is not None
        self.problems: list[str] = []
        self.points: list[dict[str, Any]] = []
        given = _sent(data) if data is not None else [dict(row) for row in initial]
        if data is not None:
            given += _pasted(data.get("points_text", ""))
        given = [row for row in given if any(text.strip() for text in row.values())]
        self.too_many = len(given) > MOST
        self.rows = [GridRow(number, _whole(row)) for number, row in enumerate(given[:MOST])]

    @property
    def shown(self) -> list[GridRow]:
        """The rows with some empty ones behind them to go on in."""
        count = min(max(FEWEST, len(self.rows) + SPARE), MOST)
        return [*self.rows, *(GridRow(number, _whole({})) for number in range(len(self.rows), count))]

    @property
    def columns(self) -> Sequence[GridColumn]:
        return COLUMNS

    def is_valid(self) -> bool:
        """Every row can be kept; otherwise the cells and `problems` say what to change."""
        self.points, self.problems = [], []
        if self.too_many:
            self.problems.append(_("校准点超过 %(most)d 个。请只填用来判断和修正的点。") % {"most": MOST})
        before = {"quantity": "", "unit": self.unit}
        for row in self.rows:
            if row.is_blank:
                continue
            values = _read(row, before)
            before = {name: values.get(name) or before[name] for name in before}
            self.points.append(values)
        wrong = [row for row in self.rows if row.errors]
        for row in wrong[:5]:
            for name, text in row.errors.items():
                title = next(column.title for column in COLUMNS if column.name == name)
                self.problems.append(
                    _("校准点第 %(row)d 行“%(title)s”：%(text)s")
                    % {"row": row.number + 1, "title": title, "text": text}
                )
        return not self.problems


def _sent(data: QueryDict) -> list[dict[str, str]]:
    rows: dict[int, dict[str, str]] = {}
    for key in data:
        if (match := CELL.fullmatch(key)) and match[2] in NAMES:
            rows.setdefault(int(match[1]), {})[match[2]] = data[key]
    return [rows[number] for number in sorted(rows)]


def _pasted(text: str) -> list[dict[str, str]]:
    """Lines of a spreadsheet, columns apart by tabs; a line of titles is left out."""
    rows = []
    for line in text.splitlines()[: MOST + 2]:
        cells = dict(zip(NAMES, line.split("\t"), strict=False))
        titles = sum(cells.get(column.name, "").strip() == str(column.title) for column in COLUMNS)
        if titles < 2:
            rows.append(cells)
    return rows


def _whole(row: Mapping[str, str]) -> dict[str, str]:
    return {name: row.get(name, "").replace("\x00", "")[:200] for name in NAMES}


def _read(row: GridRow, before: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for column in COLUMNS:
        text = " ".join(row.texts[column.name].split())
        if column.numeric:
            values[column.name] = _number(row, column.name, text)
        else:
            values[column.name] = text or before[column.name]
    if not values["quantity"]:
        row.errors["quantity"] = _("请填写被测量，例如：压力。")
    elif len(values["quantity"]) > LONGEST:
        row.errors["quantity"] = _("最多 %(most)d 个字。请缩短。") % {"most": LONGEST}
    _settle_unit(row, values)
    if values["nominal"] is None:
        row.errors.setdefault("nominal", _("请填写标称值。"))
    if all(values[name] is None for name in ("value", "error", "uncertainty")) and not row.errors:
        row.errors["value"] = _("示值、误差、U 至少填一项。")
    for name in ("uncertainty", "permitted"):
        if values[name] is not None and values[name] < 0:
            row.errors[name] = _("要填正数，不写 ±。")
    if (values["uncertainty"] is None) != (values["coverage_factor"] is None):
        missing = "coverage_factor" if values["coverage_factor"] is None else "uncertainty"
        row.errors.setdefault(missing, _("U 和 k 要一起填。"))
    k = values["coverage_factor"]
    if k is not None and not 1 <= k <= 100:
        row.errors["coverage_factor"] = _("k 应在 1 和 100 之间。请核对证书。")
    return values


def _settle_unit(row: GridRow, values: dict[str, Any]) -> None:
    """The unit is a legal one, written as it is printed, or a scale such as HRC. Source: SAMR Order 90."""
    if not values["unit"]:
        row.errors["unit"] = _("请填写单位；没有单位的填 1。")
    elif units.is_scale(values["unit"]):
        values["unit"] = units.normalise(values["unit"])
    else:
        try:
            values["unit"] = units.symbol(values["unit"])[:30]
        except units.UnknownUnit as error:
            row.errors["unit"] = str(error)


def _number(row: GridRow, name: str, text: str) -> Decimal | None:
    if not text:
        return None
    try:
        value = parse(text.removeprefix("±"))
    except Unreadable as error:
        row.errors[name] = error.sentence
        return None
    whole, _point, fraction = plain(value).lstrip("-").partition(".")
    decimals = 3 if name == "coverage_factor" else DECIMALS
    if len(whole) > WHOLE_DIGITS or len(fraction.rstrip("0")) > decimals:
        row.errors[name] = _("位数太多。请换一个单位，或减少小数位。")
        return None
    return value
