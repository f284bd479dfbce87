"""Entries and lines of the directory as pages and programs read them."""

from datetime import date
from decimal import ROUND_CEILING, Context, Decimal
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from commitments.models import DirectoryEntry, DirectoryLine
from portal.decimals import trimmed

from . import finding, places, standing
from .asked import Needed
from .standing import Standing

DIGITS = 3  # of a U on a page; programs get what was reckoned


def pledge(entry: DirectoryEntry, day: date) -> dict[str, Any]:
    """How the pledge stands that day: word and tone, a sentence, the dates that tell, and the address behind its code."""
    state = standing.of(entry, day)
    tone, word = standing.WORDS[state]
    said = {
        Standing.HOLDS: _("法定代表人签署了诚信计量自我承诺书，今天承诺的条件都成立。"),
        Standing.OVERDUE: _("承诺仍然公开，但这一年度的确认没有按时做。"),
        Standing.LAPSED: _("承诺的条件已经不再成立，承诺不能再作为依据。"),
        Standing.WITHDRAWN: _("这家机构的承诺已经撤销，不能再作为依据。"),
        Standing.NONE: _("这家机构没有在本平台公开诚信计量自我承诺书。"),
    }[state]
    return {
        "state": state, "tone": tone, "word": word, "sentence": said, "dates": _dates(entry, state),
        "url": reverse("portal:code", args=[entry.token]) if entry.token else "",
    }  # fmt: skip


def _dates(entry: DirectoryEntry, state: Standing) -> list[tuple[str, date]]:
    ends = {
        Standing.HOLDS: (_("下次确认不晚于"), entry.confirm_by),
        Standing.OVERDUE: (_("本应确认于"), entry.confirm_by),
        Standing.LAPSED: (_("条件成立至"), entry.holds_until),
        Standing.WITHDRAWN: (_("撤销日期"), entry.withdrawn_on),
        Standing.NONE: ("", None),
    }
    return [(label, day) for label, day in ((_("公开日期"), entry.published_on), ends[state]) if day]


def place(entry: DirectoryEntry) -> str:
    """Where the institution is: province, where it is known and not said by the address, and address."""
    province = places.province(entry.region_code)
    return entry.address if not province or entry.address.startswith(province[:2]) else f"{province} {entry.address}"


def needed_range(needed: Needed) -> str:
    """The asked range as it is printed: "(0～2.5) MPa"; of a point its value."""
    low, high = trimmed(needed.low), trimmed(needed.high)
    return f"{low} {needed.unit}" if low == high else f"({low}～{high}) {needed.unit}"


def reached(line: DirectoryLine, needed: Needed | None) -> str:
    """The U at the asked point, or all along the asked range, rounded up to a few digits; "" where none is stated."""
    found = finding.reached(line, needed) if needed else None
    return "" if found is None else f"{_few_digits(found)} {needed.unit}"


def _few_digits(value: Decimal) -> str:
    return trimmed(Context(prec=DIGITS, rounding=ROUND_CEILING).plus(value))


def entry_data(entry: DirectoryEntry, day: date) -> dict[str, Any]:
    """An institution for a program."""
    return {
        "name": entry.name, "name_en": entry.name_en, "region_code": entry.region_code, "address": entry.address,
        "fields": entry.fields, "lines": entry.lines, "page": reverse("commitments:directory_one", args=[entry.slug]),
        "pledge": {
            "state": str(standing.of(entry, day)), "published_on": _iso(entry.published_on),
            "confirm_by": _iso(entry.confirm_by), "holds_until": _iso(entry.holds_until),
            "withdrawn_on": _iso(entry.withdrawn_on),
            "page": reverse("portal:code", args=[entry.token]) if entry.token else None,
        },
    }  # fmt: skip


def line_data(line: DirectoryLine, needed: Needed | None, day: date) -> dict[str, Any]:
    """A line of scope for a program; `U` is that at the asked point, or the largest along the asked range."""
    found = finding.reached(line, needed) if needed else None
    return {
        "instrument": line.instrument, "measurand": line.measurand, "field": line.field, **line.shown,
        "valid_until": _iso(line.valid_until),
        "U": None if found is None else {"value": f"{found.normalize():f}", "unit": needed.unit, "k": 2},
        "institution": {
            "name": line.entry.name, "region_code": line.region_code, "pledge": str(standing.of(line.entry, day)),
            "page": reverse("commitments:directory_one", args=[line.entry.slug]),
        },
    }  # fmt: skip


def _iso(day: date | None) -> str | None:
    return day and day.isoformat()
