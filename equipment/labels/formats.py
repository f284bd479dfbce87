"""Label papers that can be bought: sheets of A4 with a grid of labels, and a roll of single ones. All lengths in mm."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class SheetFormat:
    """How many labels a page holds, and what the style sheet calls them.

    `band`, `beside_code`: how many letters of the institution's name a line holds in the band of a status label and beside a code.
    """

    name: str
    title: Promise
    paper_width: int
    paper_height: int
    columns: int
    rows: int
    band: int
    beside_code: int

    @property
    def places(self) -> int:
        return self.columns * self.rows


FORMATS = {
    sheet.name: sheet
    for sheet in (
        SheetFormat("roll-40x30", _("标签卷 40 × 30 mm，一枚一张"), 40, 30, 1, 1, 10, 8),
        SheetFormat("a4-3x8", _("A4 不干胶 3 × 8 枚，每枚 70 × 37 mm"), 210, 297, 3, 8, 15, 14),
        SheetFormat("a4-2x7", _("A4 不干胶 2 × 7 枚，每枚 99 × 38 mm"), 210, 297, 2, 7, 15, 25),
    )
}
CHOICES = [(name, sheet.title) for name, sheet in FORMATS.items()]
