"""How long something is still good for, in days, words and tones."""

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from portal.windows import TITLES, limits

__all__ = ["SOON_DAYS", "TITLES", "Clock", "clock", "limits"]

SOON_DAYS = 30


@dataclass(frozen=True)
class Clock:
    """What remains of a validity, as a page shows it: tone, word, remaining time in words, bar in percent."""

    tone: str
    word: str
    day: str
    remaining: str
    share: int


def clock(start: date | None, until: date | None, day: date) -> Clock:
    """The validity from `start` to its last day `until`, read on a day; without dates there never was one."""
    if until is None:
        return Clock("bad", _("未溯源"), _("没有记录"), "", 100)
    left = (until - day).days
    if left < 0:
        return Clock("bad", _("失效"), str(until), _("超 %(days)d 天") % {"days": -left}, 100)
    length = max((until - start).days, 1) if start else 365
    share = max(1, min(100, 100 * left // length))
    remaining = _("剩 %(days)d 天") % {"days": left} if left else _("今天到期")
    if left <= SOON_DAYS:
        return Clock("due", _("临期"), str(until), remaining, share)
    return Clock("ok", _("正常"), str(until), remaining, share)
