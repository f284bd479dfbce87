"""Which characters the bundled fonts can draw: what they cannot must not get into anything that is printed."""

import unicodedata
from functools import cache
from pathlib import Path

from fontTools.ttLib import TTFont

FONTS = Path(__file__).resolve().parent / "fonts"
UPRIGHT = ("NotoSansSC-Regular.ttf", "NotoSansSC-Bold.ttf", "NotoSansSC-Rare.ttf")


@cache
def covered() -> frozenset[str]:
    """Every character with a glyph in one of the upright faces. The first call reads the fonts."""
    return frozenset(chr(code) for name in UPRIGHT for code in TTFont(FONTS / name, lazy=True).getBestCmap())


def is_drawn(letter: str) -> bool:
    """Whether the character leaves its mark or a plain gap on paper: no control or format character, and has a glyph."""
    return letter in " \t\r\n" or (letter in covered() and unicodedata.category(letter) not in ("Cc", "Cf", "Cs"))
