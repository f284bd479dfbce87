"""Numbers as people type them and as the portal prints them: text in, Decimal out, and back, digit for digit."""

import re
import unicodedata
from decimal import Decimal

LARGEST_EXPONENT = 30
MOST_DIGITS = 34
_MINUS_SIGNS = str.maketrans({"\u2212": "-", "\u2013": "-"})
_NUMBER = re.compile(r"[+-]?(?P<digits>[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE](?P<exponent>[+-]?[0-9]+))?", re.ASCII)


class Unreadable(ValueError):
    """A typed number could not be read; the sentence says what to type instead."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def _shown(text: str) -> str:
    """The typed text as it may be quoted in a message: printable, at most 24 characters."""
    printable = "".join(character if character.isprintable() else "?" for character in text)
    return printable if len(printable) <= 24 else printable[:23] + "…"


def _narrow(text: str) -> str:
    # Only full-width forms are folded. Plain NFKC would also turn "10²" into "102" and "①" into "1".
    folded = (
        unicodedata.normalize("NFKC", character)
        if unicodedata.decomposition(character).startswith(("<wide>", "<narrow>"))
        else character
        for character in text
    )
    return "".join(folded).translate(_MINUS_SIGNS).replace("。", ".").strip()


def _with_point(text: str, typed: str) -> str:
    """The text with its decimal comma written as a point; a comma that could group thousands is refused."""
    if "," not in text:
        return text
    if text.count(",") > 1 or "." in text:
        raise Unreadable(f"“{typed}”里有千位分隔符，请去掉分隔符，小数点用“.”。")
    whole, fraction = text.split(",")
    digits = whole.lstrip("+-")
    if len(fraction) == 3 and fraction.isdigit() and 1 <= len(digits) <= 3 and digits.isdigit() and digits[0] != "0":
        raise Unreadable(f"“{typed}”有两种读法：请写成 {whole}.{fraction}，或者写成 {whole}{fraction}。")
    return f"{whole}.{fraction}"


def parse(text: str) -> Decimal:
    """The number a person typed, with every digit he typed, trailing zeros included.

    Reads full-width digits and signs, a decimal comma, an ideographic full stop and the real minus sign.
    Exponents count up to 30 either way and coefficients up to 34 digits; a negative zero loses its sign.
    Raises: Unreadable with a Chinese sentence that says what to type.
    """
    typed = _shown(text.strip())
    if "\x00" in text:
        raise Unreadable("输入里有看不见的控制字符，请清空这一格后重新键入数字。")
    candidate = _narrow(text)
    if not candidate:
        raise Unreadable("这一格是空的，请输入数字。")
    candidate = _with_point(candidate, typed)
    if candidate.count(".") > 1:
        raise Unreadable(f"“{typed}”有两个小数点，请只留一个。")
    if re.fullmatch(r"[+-]?[0-9]+\.", candidate):
        raise Unreadable(f"“{typed}”的小数点后没有数字，请补上小数位，或者去掉小数点。")
    if re.search(r"[0-9.]\s+[0-9.]", candidate):
        raise Unreadable(f"“{typed}”中间有空格，请去掉空格。")
    match = _NUMBER.fullmatch(candidate)
    if match is None:
        raise Unreadable(f"“{typed}”不是数字，请只输入数字、小数点和正负号，例如 25.000。")
    digits = match["digits"].replace(".", "")
    if len(digits) > MOST_DIGITS:
        raise Unreadable(f"数字太长（{len(digits)} 位），最多 {MOST_DIGITS} 位，请检查是否重复粘贴。")
    exponent = match["exponent"]
    if exponent is not None and (len(exponent) > 4 or abs(int(exponent)) > LARGEST_EXPONENT):
        raise Unreadable(f"“{typed}”的指数超出 ±{LARGEST_EXPONENT}，请检查数值和单位。")
    value = Decimal(candidate)
    return abs(value) if value == 0 else value


def plain(value: Decimal) -> str:
    """The decimal written without exponent, with its trailing zeros, and zero never with a minus sign.

    Raises: ValueError for NaN and infinity, which are not results.
    """
    if not value.is_finite():
        raise ValueError(f"{value} is not a finite number")
    return format(abs(value) if value == 0 else value, "f")


def signed(value: Decimal) -> str:
    """The decimal with its sign, as errors and corrections are printed: "+0.02", "-0.02", and "0.00" for zero."""
    return plain(value) if value <= 0 else f"+{plain(value)}"


def trimmed(value: Decimal, places: int = 0) -> str:
    """The decimal without the trailing zeros beyond the given number of places, as limits are printed."""
    text = plain(value)
    if "." not in text:
        return text
    whole, fraction = text.split(".")
    fraction = fraction.rstrip("0").ljust(places, "0")
    return f"{whole}.{fraction}" if fraction else whole
