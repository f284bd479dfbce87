"""What every PDF of ours rests on: nothing is fetched, and no character is drawn by a font that is not bundled.

WeasyPrint is heavy, so a module that serves pages imports this one only where a page draws a PDF.
"""

import logging
from functools import cache
from typing import Any

from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

from . import glyphs

FACES = (*glyphs.UPRIGHT, "NotoSerif-Italic.ttf")
PACKAGED = {f"packaged:{name}": glyphs.FONTS / name for name in FACES}
SOFT_HYPHEN = "\u00ad"  # has a glyph, and shows only where a line ends: two serial numbers would look the same
THIN_SPACE, FIGURE_SPACE, POINT_SPACE = "\u2009", "\u2007", "\u2008"


class MissingGlyph(ValueError):
    """A text holds a character that no bundled font can draw; a box or a blank must never be printed."""

    def __init__(self, character: str, where: str) -> None:
        self.character, self.where = character, where
        super().__init__(f"No bundled font draws {character!r} (U+{ord(character):04X}) in {where}")


class PackagedOnly(URLFetcher):
    """Hands out the bundled fonts and data: URLs; any other address ends the job."""

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
        """The packaged bytes. Raises: FatalURLFetchingError (a BaseException) for every other address."""
        if url.startswith("data:"):
            return super().fetch(url, headers)
        if url not in PACKAGED:
            raise FatalURLFetchingError(f"A PDF of ours may not load {url!r}")
        return URLFetcherResponse(url, PACKAGED[url].read_bytes(), {"Content-Type": "font/ttf"})


FETCHER = PackagedOnly()


@cache
def _coverage() -> frozenset[str]:
    return glyphs.covered() - {SOFT_HYPHEN} | {"\n", "\r", "\t", THIN_SPACE, FIGURE_SPACE, POINT_SPACE}


def refuse_missing_glyphs(value: Any, where: str = "") -> None:
    """Passes when every text in it can be drawn. Raises: MissingGlyph.

    Asking the bundled fonts beforehand keeps a font of this machine from filling in unnoticed.
    """
    if isinstance(value, str):
        if not _coverage().issuperset(value):
            raise MissingGlyph(next(character for character in value if character not in _coverage()), where)
    elif isinstance(value, dict):
        for key, item in value.items():
            refuse_missing_glyphs(item, f"{where}.{key}".lstrip("."))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            refuse_missing_glyphs(item, f"{where}.{number}")


class NotdefIsAnError(logging.Handler):
    """WeasyPrint only logs a glyph it could not draw; inside this block the log becomes the error."""

    def __enter__(self) -> None:
        self.missing: list[str] = []
        logging.getLogger("weasyprint").addHandler(self)

    def __exit__(self, *exception: object) -> None:
        logging.getLogger("weasyprint").removeHandler(self)
        if self.missing:
            raise MissingGlyph(self.missing[0], "the page")

    def emit(self, record: logging.LogRecord) -> None:
        if isinstance(record.msg, str) and record.msg.startswith(".notdef") and record.args:
            self.missing.append(str(record.args[0]))
