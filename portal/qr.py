"""QR codes as one SVG path, for paper and for screens."""

import re
from dataclasses import dataclass
from itertools import groupby

from qrcode import QRCode
from qrcode.constants import ERROR_CORRECT_M

QUIET_ZONE = 4  # modules of white on every side. Source: ISO/IEC 18004, 9.1.
ALPHANUMERIC = re.compile(r"[0-9A-Z $%*+./:-]+")


@dataclass(frozen=True)
class QrPath:
    """A drawn code: `d` for `<path>` and `view_box` for `<svg>`, both in modules; black on white."""

    d: str
    view_box: str


def drawn(url: str) -> QrPath:
    """The code holds exactly this URL at error correction level M, with its quiet zone inside the view box.

    Only the alphanumeric alphabet of QR codes is taken (upper case), because it makes every module a fifth larger on
    paper. Runs of black modules are merged into one rectangle, all of them in one path: a PDF engine draws it about
    ten times faster than one rectangle for each module.

    Raises: ValueError when the URL is empty or has other characters, such as small letters.
    Source: ISO/IEC 18004, 7.3.4.
    """
    if not ALPHANUMERIC.fullmatch(url):
        raise ValueError(f"a QR URL is written in capitals, digits and $%*+-./: only, not {url!r}")
    return drawn_text(url)


def drawn_text(text: str) -> QrPath:
    """As `drawn`, for any text, whose small letters take the larger byte mode."""
    code = QRCode(error_correction=ERROR_CORRECT_M, border=QUIET_ZONE)
    code.add_data(text, optimize=0)
    matrix = code.get_matrix()
    pieces = []
    for y, row in enumerate(matrix):
        x = 0
        for black, modules in groupby(row):
            length = len(list(modules))
            if black:
                pieces.append(f"M{x} {y}h{length}v1h-{length}z")
            x += length
    return QrPath("".join(pieces), f"0 0 {len(matrix)} {len(matrix)}")
