"""Reads a CMC as annexes print it: "U=0.3℃ (k=2)", "Urel=0.05%", "0.02 mm+5×10⁻⁶L", "(0.8+L/200)μm", "Q[0.5μm, 2×10⁻⁶L]".

What a text leaves open is refused and never guessed: a span without interpolation, "<", another k, a variable whose
unit is not said. Source: CNAS-EL-03 on how CMCs are stated, ILAC P14.
"""

import re
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from django.utils.translation import gettext as _

from institutions import units

from .ranges import NUMBER, Unreadable, narrowed, number, unit_of

_FACTOR = re.compile(r"[(,;]?\s*(?:包含因子)?\s*k\s*(?:=|为)\s*(?P<k>\d+(?:\.\d+)?)\s*\)?", re.IGNORECASE)
_NAME = re.compile(r"^(?:CMC|U)\s*_?\s*(?:95)?\s*_?\s*(?P<relative>rel|r|相对)?\s*(?:95)?\s*[=:]\s*", re.IGNORECASE)
_READING = r"(?:读数|示值|测量值|输出值|rdg|Rd|[A-Za-zμ]x?)"
_FULL_SCALE = re.compile(r"F\.?\s*S(?![A-Za-z])|量程|满度|满刻度|span", re.IGNORECASE)
_TERM = re.compile(rf"(?P<number>{NUMBER})?\s*[·×*]?\s*(?P<rest>\S.*)?")
_QUOTIENT = re.compile(rf"(?P<variable>{_READING})\s*/\s*(?P<by>{NUMBER})")
_VARIABLE_UNIT = re.compile(
    r"[,;(]?\s*(?P<variable>[A-Za-z])\s*(?::|的?单位[为:]?|[以为in]+)\s*(?P<unit>[A-Za-zμ℃]+)\s*\)?$"
)


@dataclass(frozen=True)
class Statement:
    """A CMC as columns of a line of scope: form, a, b, unit of a ("" for that of the range), relative or not."""

    form: str
    constant: Decimal
    slope: Decimal
    unit: str
    relative: bool = False


def read_cmc(text: str, range_unit: str) -> Statement:
    """The CMC that the text states for a range in this unit. Raises: Unreadable with what to write instead."""
    written = narrowed(text).replace("²", "^2").strip(" ;,。")
    if factor := _FACTOR.search(written):
        if Decimal(factor["k"]) != 2:
            raise Unreadable(_("“%(text)s”的 k 不是 2。请换算成 k = 2 的扩展不确定度。") % {"text": text[:40]})
        written = (written[: factor.start()] + written[factor.end() :]).strip(" ;,()") if _bare(written, factor) else (
            written[: factor.start()] + written[factor.end() :]
        ).strip(" ;,")  # fmt: skip
    written, relative = _without_name(written)
    if not written:
        raise Unreadable(_("没有填写扩展不确定度。请按附表填写，例如“U = 0.3 ℃”。"))
    if re.search(r"[<>≤≥]|优于|以下", written):
        raise Unreadable(_("“%(text)s”没有给出确定的值。请写成一个值、a + b·x 或表。") % {"text": text[:40]})
    if re.search(r"~|至", written):
        raise Unreadable(
            _("“%(text)s”是一段，没有说中间怎么算。请写成常数、a + b·x，或用表逐点登记。") % {"text": text[:40]}
        )
    if _FULL_SCALE.search(written):
        raise Unreadable(
            _("“%(text)s”按量程给出，不随示值变小。请换算成一个值，例如 (0～10) MPa 的 0.1 %%FS 写成 0.01 MPa。")
            % {"text": text[:40]}
        )
    variable_unit = ""
    if said := _VARIABLE_UNIT.search(written):
        written, variable_unit = written[: said.start()].rstrip(" ,;("), unit_of(said["unit"])
    reader = _Reader(text, range_unit, variable_unit)
    if root := re.fullmatch(r"Q\s*\[(?P<a>[^,;]+)[,;](?P<b>.+)\]\s*(?P<unit>\S*)", written, re.IGNORECASE):
        return reader.terms([root["a"], root["b"]], root["unit"], form="root")
    if root := re.fullmatch(r"(?:√|sqrt)\s*\((?P<a>.+)\^2\s*\+\s*(?P<b>.+)\^2\s*\)\s*(?P<unit>\S*)", written):
        return reader.terms([_peeled(root["a"]), _peeled(root["b"])], root["unit"], form="root")
    inside = re.fullmatch(r"\((?P<terms>.+)\)\s*(?P<unit>[^()\s]*)", written)
    terms, common = (inside["terms"], inside["unit"]) if inside else (written, "")
    pieces = [piece.strip() for piece in re.split(r"(?<![eE])\+", terms)]
    if len(pieces) == 1:
        return reader.alone(pieces[0], common, relative)
    return reader.terms(pieces, common, form="linear")


def _bare(written: str, factor: re.Match[str]) -> bool:
    """Whether taking out the factor leaves a bracket open that belonged to it."""
    left = written[: factor.start()] + written[factor.end() :]
    return left.count("(") != left.count(")")


def _without_name(written: str) -> tuple[str, bool]:
    named = _NAME.match(written)
    return (written[named.end() :].strip(), bool(named["relative"])) if named else (written, False)


def _peeled(text: str) -> str:
    text = text.strip()
    return text[1:-1].strip() if text.startswith("(") and text.endswith(")") else text


@dataclass(frozen=True)
class _Reader:
    """Reads the terms of one text for a range in one unit; `variable_unit` when the text says that of its variable."""

    text: str
    range_unit: str
    variable_unit: str

    def alone(self, piece: str, common: str, relative: bool) -> Statement:
        """A single term: a constant, a relative constant, or a part of the reading."""
        match = _TERM.fullmatch(piece)
        if match is None or match["number"] is None:
            raise self._unclear()
        value, rest = number(match["number"]), (match["rest"] or common).strip()
        if value <= 0:
            raise Unreadable(_("“%(text)s”的不确定度不大于零。请核对。") % {"text": self.text[:40]})
        if not rest:
            if relative or "e" in match["number"]:
                return Statement("constant", value, Decimal(0), "", relative=True)
            raise Unreadable(_("“%(text)s”没有单位。请写明单位，例如“U = 0.3 ℃”。") % {"text": self.text[:40]})
        if rest == "%" or relative:
            unit = unit_of(rest)
            return Statement("constant", value, Decimal(0), unit, relative=relative or self.range_unit != "%")
        if self._is_constant(rest):
            return Statement("constant", value, Decimal(0), self._short(unit_of(rest)))
        return Statement("linear", Decimal(0), self._slope(value, rest, "", exact="e" in match["number"]), "")

    def terms(self, pieces: list[str], common: str, form: str) -> Statement:
        """A constant term and one that grows with the value, in either order."""
        if len(pieces) != 2:
            raise self._unclear()
        constant = slope = None
        bracket = unit = unit_of(common) if common else ""
        for piece in map(str.strip, pieces):
            quotient = _QUOTIENT.fullmatch(piece)
            match = _TERM.fullmatch(piece)
            value = number(match["number"]) if match and match["number"] else None
            rest = (match["rest"] or "").strip() if match else ""
            if quotient:
                if (by := number(quotient["by"])) <= 0:
                    raise self._unclear()
                slope = self._scaled(1 / by, bracket)
            elif value is None:
                raise self._unclear()
            elif (not rest and unit) or (rest and self._is_constant(rest)):
                constant, unit = value, unit or unit_of(rest)
            else:
                slope = self._slope(value, rest, bracket, exact="e" in match["number"])
        if constant is None or slope is None:
            raise self._unclear()
        if constant <= 0 or slope <= 0:
            raise Unreadable(_("“%(text)s”的不确定度不大于零。请核对。") % {"text": self.text[:40]})
        return Statement(form, constant, slope, self._short(unit))

    def _is_constant(self, rest: str) -> bool:
        """Whether what follows a number is a unit of the quantity of the range; L beside millimetres is a length's sign."""
        try:
            unit = unit_of(rest)
            units.convert(Decimal(1), unit, self.range_unit, difference=True)
        except ValueError:
            return self.range_unit == rest
        return unit != "%" or self.range_unit == "%"

    def _slope(self, value: Decimal, rest: str, unit: str, *, exact: bool) -> Decimal:
        """The pure factor of a term such as 5e-6L, 0.01%, 0.01%×读数, 5L within a bracket in μm.

        `exact`: the number is a power of ten, so that a letter after it is the sign of the quantity and no unit.
        """
        if not exact and not unit and units.is_legal(rest) and rest != "%":
            raise Unreadable(
                _("“%(text)s”的单位与测量范围的 %(range)s 不是同一种量。请核对单位。")
                % {"text": self.text[:40], "range": self.range_unit}
            )
        fraction = re.fullmatch(rf"(?P<unit>%|[^\s·×*]+/[^\s·×*]+)?\s*[·×*]?\s*(?P<variable>{_READING})?", rest)
        if fraction is None:
            raise self._unclear()
        if fraction["unit"]:
            try:
                return units.convert(value, unit_of(fraction["unit"]), "1")
            except ValueError as error:
                raise self._unclear() from error
        if not fraction["variable"]:
            raise self._unclear()
        return self._scaled(value, unit)

    def _scaled(self, value: Decimal, unit: str) -> Decimal:
        """A coefficient as a pure factor: inside a bracket with its own unit it is that unit per unit of the variable."""
        variable = self.variable_unit or self.range_unit
        if unit and unit != self.range_unit and not self.variable_unit:
            raise Unreadable(
                _("“%(text)s”没有说明变量用什么单位。请在后面写明，例如“L: m”。") % {"text": self.text[:40]}
            )
        factor = (
            value * units.convert(Decimal(1), unit, variable, difference=True) if unit and unit != variable else value
        )
        factor = factor.quantize(Decimal("1e-12"), ROUND_CEILING) if factor.as_tuple().exponent < -12 else factor
        if factor >= 1:
            raise Unreadable(
                _("“%(text)s”的比例系数不小于 1。请写明变量的单位，例如“L: m”。") % {"text": self.text[:40]}
            )
        return factor

    def _short(self, unit: str) -> str:
        return "" if unit == self.range_unit else unit

    def _unclear(self) -> Unreadable:
        return Unreadable(
            _("“%(text)s”看不懂。请写成“U = 0.3 ℃”“Urel = 0.05 %%”“0.02 mm + 5×10⁻⁶L”，或用表登记。")
            % {"text": self.text[:40]}
        )
