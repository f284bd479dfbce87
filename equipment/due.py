"""How long something is still good for, in days, words and tones."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

SOON_DAYS = 30

# Windows in which something ends: name -> first and last day counted from today. None is open.
# The first four share no day, so that their counts can be added up.
WINDOWS = {
    "expired": (None, -1),
    "7": (0, 7),
    "30": (8, 30),
    "60": (31, 60),
    "soon": (None, 60),
}
TITLES = {
    "expired": gettext_lazy("已失效"),
    "7": gettext_lazy("7 天内"),
    "30": gettext_lazy("8～30 天"),
    "60": gettext_lazy("31～60 天"),
    "soon": gettext_lazy("已失效与 60 天内"),
}
COUNTED = ("expired", "7", "30", "60")


def limits(window: str, day: date) -> tuple[date | None, date]:
    """First and last day of the window as seen from a day; the first may be open."""
    first, last = WINDOWS[window]
    return (None if first is None else day + timedelta(first)), day + timedelta(last)


def window_of(until: date, day: date) -> str | None:
    """The counted window in which this last valid day lies, None when it is further away."""
    for window in COUNTED:
        first, last = limits(window, day)
        if (first is None or first <= until) and until <= last:
            return window
    return None


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
