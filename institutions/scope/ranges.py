"""Reads a measuring range as annexes print it: "(0～2.5) MPa", "0.1 mm～1 m", "-40℃~+85℃", "±10 V", "50 Hz"."""

import re
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from institutions import units
from portal import decimals

# A number: grouped by spaces, with an exponent written out or as a power of ten, full-width signs made narrow before.
NUMBER = r"[+-]?\d+(?: \d{3})*(?:\.\d+(?: \d{3})*)?(?:e[+-]?\d+)?"
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_POWER = re.compile(r"(?P<times>[×xX*·]\s*)?10\s*(?:\^|\*\*)?\(?(?P<raised>[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+|(?<=\^)[+-]?\d+)\)?")
_LOST_POWER = re.compile(r"[×xX*·]\s*10\s*(?:\^|\*\*)?\s*\(?(?P<raised>[+-]?\d{1,2})\)?(?!\d)")
_NARROW = str.maketrans({
    "（": "(", "）": ")", "［": "[", "］": "]", "，": ",", "；": ";", "：": ":", "＋": "+", "－": "-", "−": "-", "＝": "=",
    "～": "~", "〜": "~", "∼": "~", "˜": "~", "％": "%", "．": ".", "\u00a0": " ", "\u2009": " ", "\u202f": " ", "\u3000": " ",
    "∕": "/", "／": "/", "℃": "℃", "﹢": "+",
} | {chr(0xFF10 + digit): str(digit) for digit in range(10)})  # fmt: skip
_BETWEEN = re.compile(r"\s*(?:~|至|到|…+|——|—|–)\s*")
_HYPHEN = re.compile(r"(?<=[\d)℃%])\s*-\s*(?=[\d+])")
_END = re.compile(rf"(?P<number>{NUMBER})\s*(?P<unit>[^\d\s+][^~]*)?")
_LABEL = re.compile(r"^[^:\d±(+-]{1,12}:\s*")


class Unreadable(ValueError):
    """A text of an annex was not understood; the sentence says why and what to write instead."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True)
class Range:
    """A measuring range in one unit, limits included."""

    low: Decimal
    high: Decimal
    unit: str


def narrowed(text: str) -> str:
    """The text with narrow signs and with powers of ten as exponents: "5×10⁻⁶" becomes "5e-6", "10⁻⁶" "1e-6"."""
    text = " ".join(text.translate(_NARROW).split())

    def power(match: re.Match[str]) -> str:
        raised = match["raised"].translate(_RAISED)
        return f"e{raised}" if match["times"] else f"1e{raised}"

    text = re.sub(r"(?<=[\d.])\s+(?=[×xX*·]\s*10)", "", text)
    text = _POWER.sub(power, text)
    return _LOST_POWER.sub(lambda match: f"e{match['raised']}", text)


def unit_of(text: str) -> str:
    """The legal unit or scale meant by the text. Raises: Unreadable with the unit to use instead where that is known."""
    written = units.normalise(text.strip().strip("()")).replace(" ", "")
    written = {"%RH": "%", "°": "°", "度": "°"}.get(written, written)
    if re.match(r"u[mAVFHgLsWN]", written):
        written = "μ" + written[1:]
    if units.is_legal(written) or units.is_scale(written):
        return written
    advice = units.advice_for(written)
    raise Unreadable(advice or _("“%(unit)s”不是法定计量单位。请改用法定单位。") % {"unit": written[:20]})


def number(text: str) -> Decimal:
    """The number, with groups of digits joined. Raises: Unreadable."""
    try:
        return decimals.parse(text.replace(" ", ""))
    except decimals.Unreadable as unreadable:
        raise Unreadable(unreadable.sentence) from unreadable


def read_range(text: str) -> Range:
    """The range that the text states. Two ends in different units of one quantity come out in one of them.

    Raises: Unreadable for a range without unit, with units of two quantities, without an end, or with a second range.
    """
    written = _LABEL.sub("", narrowed(text)).strip(" ;,。")
    if not written:
        raise Unreadable(_("测量范围是空的。请写成“(0～2.5) MPa”。"))
    if re.search(r"[<>≤≥]", written):
        raise Unreadable(_("“%(text)s”只有一端。请写出下限和上限，例如“(0～10) MPa”。") % {"text": text[:40]})
    if written.startswith("±"):
        end = _end(written[1:].strip(), text)
        return _ordered(-end[0], end[0], _needed(end[1], text), text)
    inside = re.fullmatch(r"\((?P<ends>[^()]*)\)\s*(?P<unit>.*)", written)
    ends, common = (inside["ends"], inside["unit"]) if inside else (written, "")
    parts = _BETWEEN.split(ends)
    if len(parts) == 1:
        parts = _HYPHEN.split(ends)
    if len(parts) > 2 or _BETWEEN.search(common):
        raise Unreadable(
            _("“%(text)s”里不止一个范围。请拆成几行；CMC 还随频率等变化的，用矩阵登记。") % {"text": text[:40]}
        )
    read = [_end(part.strip(), text) for part in parts]
    low, high = read[0], read[-1]
    last = common.strip() or high[1] or low[1]
    unit = _needed(last, text)
    first = unit_of(low[1]) if low[1] else unit
    return _in_one_unit(low[0], first, high[0], unit, text)


def _end(part: str, text: str) -> tuple[Decimal, str]:
    match = _END.fullmatch(part.strip("() "))
    if match is None:
        raise Unreadable(_("“%(text)s”看不懂。请写成“(0～2.5) MPa”或“0.1 mm～1000 mm”。") % {"text": text[:40]})
    return number(match["number"]), (match["unit"] or "").strip()


def _needed(unit: str, text: str) -> str:
    if not unit:
        raise Unreadable(_("“%(text)s”没有单位。请写明单位，例如“(0～2.5) MPa”。") % {"text": text[:40]})
    return unit_of(unit)


def _in_one_unit(low: Decimal, first: str, high: Decimal, last: str, text: str) -> Range:
    if first == last:
        return _ordered(low, high, last, text)
    try:  # in the unit of the lower end, so that small numbers keep their digits; nought has none to keep
        if low == 0:
            return _ordered(units.convert(low, first, last), high, last, text)
        return _ordered(low, units.convert(high, last, first), first, text)
    except ValueError as error:
        raise Unreadable(
            _("“%(text)s”两端的单位 %(first)s 和 %(last)s 不是同一种量。请用同一个单位。")
            % {"text": text[:40], "first": first, "last": last}
        ) from error


def _ordered(low: Decimal, high: Decimal, unit: str, text: str) -> Range:
    if low > high:
        raise Unreadable(_("“%(text)s”的下限大于上限。请核对正负号和两端的单位。") % {"text": text[:40]})
    return Range(low, high, unit)
