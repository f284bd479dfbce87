"""CMC: the smallest expanded uncertainty (k = 2) a line of scope allows, as a function of the value.

Five forms: constant a, a + b·|x|, root of squares of a and b·|x|, a table interpolated between its points, and a
matrix of cells over the value and another parameter. Source: docs/architecture.md, ILAC P14 on how CMCs are stated.
"""

import re
from dataclasses import dataclass
from decimal import Decimal, localcontext
from functools import lru_cache
from itertools import pairwise

from django.utils.translation import gettext as _

from institutions import units
from portal import decimals

DIGITS = 34
SPAN = re.compile(r"^(?P<low>[^～~]+)[～~](?P<high>[^～~]+)$")
MOST_POINTS = 200


class Unclear(ValueError):
    """A CMC cannot be reckoned with: in which field, and the sentence that says what to do."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field, self.sentence = field, sentence


@dataclass(frozen=True)
class Cell:
    """One cell of a matrix: value and other parameter from and to, limits included, and the U there."""

    low: Decimal
    high: Decimal
    parameter_low: Decimal
    parameter_high: Decimal
    U: Decimal


@dataclass(frozen=True)
class Cmc:
    """A CMC as stated. `unit` is that of a and of the table, `range_unit` that of the value and of the answer.

    `slope` is a pure factor. `relative`: a and the table are fractions of the value, in % or, without unit, as a ratio.
    """

    form: str
    constant: Decimal
    slope: Decimal
    unit: str
    relative: bool
    points: str
    range_unit: str

    def at(self, value: Decimal, parameter: Decimal | None = None) -> Decimal | None:
        """U at the value, both in the unit of the range; None where the table or matrix states none.

        Exact to 34 digits and never rounded. Raises: Unclear for a table or unit that cannot be read.
        """
        with localcontext() as context:
            context.prec = DIGITS
            size = abs(value)
            if self.form == "table":
                stated = _interpolated(table(self.points), value)
            elif self.form == "matrix":
                stated = _in_cells(cells(self.points), value, parameter)
            else:
                stated = self.constant
            if stated is None:
                return None
            fixed = self._in_ratio(stated) * size if self.relative else self._in_range_unit(stated)
            if self.form == "linear":
                return fixed + self.slope * size
            if self.form == "root":
                return (fixed * fixed + (self.slope * size) ** 2).sqrt()
            return fixed

    def _in_ratio(self, stated: Decimal) -> Decimal:
        try:
            return units.convert(stated, self.unit or "1", "1")
        except ValueError as error:
            raise Unclear("cmc_unit", _("相对的 CMC 只能用 % 或不写单位。请改单位，或去掉“相对值”。")) from error

    def _in_range_unit(self, stated: Decimal) -> Decimal:
        if self.unit == self.range_unit:
            return stated
        try:
            return units.convert(stated, self.unit, self.range_unit, difference=True)
        except ValueError as error:
            raise Unclear(
                "cmc_unit",
                _("CMC 的单位 %(cmc)s 与测量范围的单位 %(range)s 不是同一种量。请改用同一种量的单位，或勾选相对值。")
                % {"cmc": self.unit or "1", "range": self.range_unit},
            ) from error

    def check(self, low: Decimal, high: Decimal) -> None:
        """Nothing, when the CMC can be reckoned anywhere in the range. Raises: Unclear with field and sentence."""
        if self.form in ("table", "matrix"):
            self._check_points(low, high)
        elif self.constant < 0 or self.slope < 0 or (self.constant == 0 and self.slope == 0):
            raise Unclear("cmc_constant", _("CMC 必须大于零。请按附表填写扩展不确定度。"))
        if self.form == "constant" and self.constant == 0:
            raise Unclear("cmc_constant", _("常数形式的 CMC 必须大于零。请按附表填写。"))
        if self.slope and self.form not in ("linear", "root"):
            raise Unclear("cmc_slope", _("只有 a + b·x 和根号形式才有比例项。请改选形式，或把比例项清空。"))
        if self.relative and self.form in ("linear", "root"):
            raise Unclear("cmc_relative", _("a + b·x 的 a 不能是相对值。请把相对部分填在比例项 b。"))
        if self.relative:
            self._in_ratio(Decimal(1))
        else:
            self._in_range_unit(Decimal(1))

    def _check_points(self, low: Decimal, high: Decimal) -> None:
        if self.form == "matrix":
            spans = sorted((cell.low, cell.high) for cell in cells(self.points))
        else:
            spans = list(pairwise(point for point, _U in table(self.points)))
        reached = spans[0][0]
        for start, end in spans:
            if start > reached:
                break
            reached = max(reached, end)
        if spans[0][0] > low or reached < high:
            raise Unclear(
                "cmc_points",
                _("CMC 表只到 %(low)s～%(high)s，没有盖住整个测量范围。请补上缺的点，或改小测量范围。")
                % {"low": decimals.trimmed(spans[0][0]), "high": decimals.trimmed(reached)},
            )

    @property
    def text(self) -> str:
        """The CMC as it is printed, with the unit of its constant part."""
        a, b = decimals.trimmed(self.constant), decimals.trimmed(self.slope)
        if self.form == "table":
            (x0, first), (x1, last) = table(self.points)[0], table(self.points)[-1]
            ends = f"{decimals.trimmed(first)}～{decimals.trimmed(last)}"
            return _("%(U)s（%(low)s～%(high)s %(unit)s 之间内插）") % {
                "U": self._with_unit(ends), "low": decimals.trimmed(x0), "high": decimals.trimmed(x1),
                "unit": self.range_unit,
            }  # fmt: skip
        if self.form == "matrix":
            stated = [cell.U for cell in cells(self.points)]
            least, most = decimals.trimmed(min(stated)), decimals.trimmed(max(stated))
            return self._with_unit(least if least == most else f"{least}～{most}")
        if self.form == "root" and self.slope and self.constant:
            return f"√(({a} {self.unit})² + ({b}·x)²)"
        if not self.slope:
            return self._with_unit(a)
        return f"{a} {self.unit} + {b}·|x|" if self.constant else f"{b}·|x|"

    def stated(self, parameter_unit: str = "") -> list[str]:
        """Each point of a table and each cell of a matrix in words; nothing for a CMC that one formula states."""
        if self.form == "table":
            return [
                f"{decimals.trimmed(value)} {self.range_unit}：{self._with_unit(decimals.trimmed(U))}"
                for value, U in table(self.points)
            ]
        if self.form == "matrix":
            return [
                f"{decimals.trimmed(cell.low)}～{decimals.trimmed(cell.high)} {self.range_unit}，"
                f"{decimals.trimmed(cell.parameter_low)}～{decimals.trimmed(cell.parameter_high)} {parameter_unit}："
                f"{self._with_unit(decimals.trimmed(cell.U))}"
                for cell in cells(self.points)
            ]
        return []

    def _with_unit(self, text: str) -> str:
        stated = f"{text} {self.unit}".strip()
        return f"Urel = {stated}" if self.relative else stated


@lru_cache(maxsize=4096)
def table(text: str) -> tuple[tuple[Decimal, Decimal], ...]:
    """The points of a table, one "value U" a line, ascending. Raises: Unclear that names the line."""
    found = [tuple(_numbers(line, number, 2)) for number, line in _lines(text)]
    if len(found) < 2:
        raise Unclear("cmc_points", _("表至少要有两点，一行一点，例如“100 0.05”。"))
    for (one, _U), (other, _V) in pairwise(found):
        if other <= one:
            raise Unclear(
                "cmc_points", _("表里的值要从小到大，%(value)s 排错了。") % {"value": decimals.trimmed(other)}
            )
    return tuple(found)


@lru_cache(maxsize=4096)
def cells(text: str) -> tuple[Cell, ...]:
    """The cells of a matrix, one "low～high low～high U" a line. Raises: Unclear that names the line."""
    found = []
    for number, line in _lines(text):
        parts = line.split()
        spans = [SPAN.match(part) for part in parts[:2]]
        if len(parts) != 3 or None in spans:
            raise Unclear(
                "cmc_points",
                _("第 %(line)d 行看不懂。请按“0.1～1 20～1000 0.05”填写：值、参数、U。") % {"line": number},
            )
        ends = [_number(end, number) for span in spans for end in (span["low"], span["high"])]
        if ends[0] > ends[1] or ends[2] > ends[3]:
            raise Unclear("cmc_points", _("第 %(line)d 行的下限大于上限。请改正。") % {"line": number})
        found.append(Cell(*ends, _positive(_number(parts[2], number), number)))
    if not found:
        raise Unclear("cmc_points", _("矩阵一格也没有。请一行填一格，例如“0.1～1 20～1000 0.05”。"))
    return tuple(found)


def _lines(text: str) -> list[tuple[int, str]]:
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    if len(lines) > MOST_POINTS:
        raise Unclear("cmc_points", _("表最多 %(most)d 行。请分成几条能力范围。") % {"most": MOST_POINTS})
    return lines


def _numbers(line: str, number: int, count: int) -> list[Decimal]:
    parts = line.replace("，", " ").replace("；", " ").replace("\t", " ").split()
    if len(parts) != count:
        raise Unclear("cmc_points", _("第 %(line)d 行看不懂。请一行填一点：值、空格、U。") % {"line": number})
    value, U = (_number(part, number) for part in parts)
    return [value, _positive(U, number)]


def _number(text: str, number: int) -> Decimal:
    try:
        return decimals.parse(text)
    except decimals.Unreadable as unreadable:
        raise Unclear(
            "cmc_points", _("第 %(line)d 行：%(sentence)s") % {"line": number, "sentence": unreadable.sentence}
        ) from unreadable


def _positive(U: Decimal, number: int) -> Decimal:
    if U <= 0:
        raise Unclear("cmc_points", _("第 %(line)d 行的 U 必须大于零。") % {"line": number})
    return U


def _interpolated(points: tuple[tuple[Decimal, Decimal], ...], value: Decimal) -> Decimal | None:
    """Straight between two neighbouring points, so that it never leaves what they state; None outside the table."""
    for (x0, U0), (x1, U1) in pairwise(points):
        if x0 <= value <= x1:
            return U0 + (U1 - U0) * (value - x0) / (x1 - x0)
    return None


def _in_cells(matrix: tuple[Cell, ...], value: Decimal, parameter: Decimal | None) -> Decimal | None:
    """The smallest U of the cells that hold both, as either states it where two cells touch; None without a cell."""
    if parameter is None:
        return None
    stated = [
        cell.U
        for cell in matrix
        if cell.low <= value <= cell.high and cell.parameter_low <= parameter <= cell.parameter_high
    ]
    return min(stated, default=None)
