"""How rooms and their readings stand on pages: rows of the board, the cards of a room, periods as lines of a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..checking.readings import figure
from ..models import Element, EnvironmentReading, EnvironmentRequirement
from . import limits_text, series
from .periods import Kind, Period
from .requirements import counts_on, in_requirement, keeps
from .standing import Last, Word, now

NEW_FOR = 31  # days for which a new requirement is shown with its first day


@dataclass(frozen=True)
class Span:
    """How much time a picture shows, in bins of `step` drawn and lines of `line` listed."""

    name: str
    title: Any
    days: int
    step: timedelta
    line: timedelta


SPANS = {
    span.name: span
    for span in (
        Span("day", gettext_lazy("一天"), 1, timedelta(minutes=5), timedelta(hours=1)),
        Span("week", gettext_lazy("一周"), 7, timedelta(minutes=30), timedelta(hours=6)),
        Span("month", gettext_lazy("一月"), 31, timedelta(hours=2), timedelta(days=1)),
    )
}


def edges(span: Span, last_day: date) -> tuple[datetime, datetime]:
    """The first moment, and the one after the last, of so many days in Chinese time ending with this one."""
    end = timezone.make_aware(datetime.combine(last_day + timedelta(days=1), time()))
    return end - timedelta(days=span.days), end


# --- elements


def line_of(
    requirement: EnvironmentRequirement, last: Last | None, bins: Sequence[series.Bin], first: datetime, at: datetime
) -> dict[str, Any]:
    """One requirement as a line: what was read last, the limits, whether that is inside, and a small picture."""
    condition = now(requirement, last, at)
    return {
        "requirement": requirement,
        "element": str(Element(requirement.element).label),
        "since": requirement.since if (timezone.localdate(at) - requirement.since).days < NEW_FOR else None,
        "method": str(requirement.method or ""),
        "limits": limits_text(requirement),
        "value": figure(in_requirement(requirement, last.value, last.unit)) if last and condition.low_seen is not None else "",
        "taken_at": last.taken_at if last else None,
        "today": bool(last) and timezone.localdate(last.taken_at) == timezone.localdate(at),
        "source": dict(EnvironmentReading.Source.choices)[last.source] if last else "",
        "word": condition.word,
        "tone": condition.tone,
        "title": condition.title,
        "spark": series.spark(requirement, list(bins), first, at),
    }  # fmt: skip


def worst_of(lines: Sequence[dict[str, Any]]) -> tuple[str, str]:
    """Tone and words of a room as a whole."""
    outside = [line["element"] for line in lines if line["word"] is Word.OUTSIDE]
    unread = [line["element"] for line in lines if line["word"] is Word.UNREAD]
    if outside:
        return "bad", _("%(names)s超限") % {"names": "、".join(dict.fromkeys(outside))}
    if unread:
        return "due", _("%(names)s没有读数") % {"names": "、".join(dict.fromkeys(unread))}
    return "ok", _("合格")


# --- periods


def period_rows(slug: str, periods: Sequence[Period], *, may_answer: bool, with_room: bool = False) -> list[Any]:
    """Periods as rows of a table, each with what was done about it, or where to say so."""
    return [_period_row(slug, period, may_answer, with_room) for period in periods]


def _period_row(slug: str, period: Period, may_answer: bool, with_room: bool) -> list[Any]:
    requirement = period.requirement
    tone = "bad" if period.kind is Kind.OUTSIDE else "due"
    worst = f"{figure(period.worst)} {requirement.unit}" if period.worst is not None else "—"
    about = {"text": Element(requirement.element).label, "note": limits_text(requirement)}
    if with_room:
        about = {
            "text": str(requirement.room),
            "url": reverse("equipment:room", args=[slug, requirement.room.ref]),
            "note": f"{Element(requirement.element).label} {limits_text(requirement)}",
        }
    return [
        about,
        {"badge": tone, "text": period.word},
        _moment(period.began_at),
        _moment(period.ended_at) if period.ended_at else {"text": _("至今"), "tone": tone},
        lasted(period),
        worst,
        _answer(slug, period, may_answer),
    ]


def period_columns(*, with_room: bool = False) -> list[dict[str, Any]]:
    return [
        {"title": _("房间") if with_room else _("要素")}, {"title": _("情况")}, {"title": _("开始"), "day": True},
        {"title": _("恢复"), "day": True}, {"title": _("历时")}, {"title": _("极值"), "numeric": True}, {"title": _("处置")},
    ]  # fmt: skip


def _moment(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}"


def _typed(moment: datetime) -> str:
    """As a form's field for a moment takes it."""
    return f"{timezone.localtime(moment):%Y-%m-%dT%H:%M}"


def lasted(period: Period) -> str:
    """How long it lasted or lasts, in words."""
    minutes = int(((period.ended_at or timezone.now()) - period.began_at).total_seconds() // 60)
    if minutes < 60:
        return _("%(n)d 分钟") % {"n": max(1, minutes)}
    hours, left = divmod(minutes, 60)
    if hours < 48:
        return _("%(h)d 小时 %(m)d 分") % {"h": hours, "m": left} if left else _("%(h)d 小时") % {"h": hours}
    return _("%(d)d 天 %(h)d 小时") % {"d": hours // 24, "h": hours % 24}


def _answer(slug: str, period: Period, may_answer: bool) -> dict[str, Any]:
    action = period.action
    if action is not None:
        url = reverse("portal:register_row", args=[slug, "environment-actions", action.ref])
        return {"text": action.action[:40], "url": url, "note": action.handled_by.name}
    if not may_answer:
        return {"text": _("还没有处置"), "tone": "bad"}
    return {"text": _("登记处置"), "url": answer_url(slug, period)}


def answer_url(slug: str, period: Period) -> str:
    """The form of a new action with room, element and times filled in."""
    known = {
        "room": period.requirement.room.ref,
        "element": period.requirement.element,
        "began_at": _typed(period.began_at),
        "ended_at": _typed(period.ended_at) if period.ended_at else "",
    }
    return reverse("portal:register_new", args=[slug, "environment-actions"]) + f"?{urlencode(known)}"


# --- lines of figures beside a picture


def _keeps(asked: EnvironmentRequirement, lead: EnvironmentRequirement, value: Decimal) -> bool:
    """The value in the leading requirement's unit is inside what was asked on its day."""
    known = in_requirement(asked, value, lead.unit)
    return known is None or keeps(asked, known)


def figure_rows(
    requirements: Sequence[EnvironmentRequirement], bins: Sequence[series.Bin], first: datetime, span: Span
) -> list[list[Any]]:
    """The readings of the picture as lines, one for each hour, quarter of a day or day; the newest first.

    `bins` are in the unit of the first of the requirements, which are those for the same work, one after another.
    """
    lead = requirements[0]
    lines: dict[int, list[series.Bin]] = {}
    for one in bins:
        lines.setdefault((one.start - first) // span.line, []).append(one)
    rows = []
    for number in sorted(lines, reverse=True):
        listed = lines[number]
        low, high = min(one.low for one in listed), max(one.high for one in listed)
        count = sum(one.count for one in listed)
        mean = sum(one.mean * one.count for one in listed) / count
        start = timezone.localtime(first + number * span.line)
        asked = next((row for row in requirements if counts_on(row, start.date())), None)
        inside = asked is None or all(_keeps(asked, lead, value) for value in (low, high))
        rows.append(
            [
                f"{start:%Y-%m-%d}" if span.line >= timedelta(days=1) else f"{start:%m-%d %H:%M}",
                {"text": figure(low), "tone": "" if inside else "bad"},
                figure(mean.quantize(listed[0].mean)),
                {"text": figure(high), "tone": "" if inside else "bad"},
                str(count),
            ]
        )
    return rows
