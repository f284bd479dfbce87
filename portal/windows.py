"""How soon something ends: the windows that lists filter by and the today page counts."""

from datetime import date, timedelta

from django.utils.translation import gettext_lazy

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
TONES = {"expired": "bad", "7": "due", "30": "due", "60": "off"}


def limits(window: str, day: date) -> tuple[date | None, date]:
    """First and last day of the window as seen from a day; the first may be open."""
    first, last = WINDOWS[window]
    return (None if first is None else day + timedelta(first)), day + timedelta(last)
