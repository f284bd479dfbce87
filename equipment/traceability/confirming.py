"""计量确认: the points of a certificate held against what the use requires."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from ..checking.readings import figure
from ..models import Confirmation, TracePoint

Requirement, Conclusion = Confirmation.Requirement, Confirmation.Conclusion
NAMED = 3


@dataclass(frozen=True)
class Judged:
    """One point: what it is held against and how far it reaches, both in its unit; None where nothing is known.

    `far` is |error| + U, of an uncertainty U alone. `tone`: ok within, due within only without its U, bad beyond.
    """

    point: TracePoint
    limit: Decimal | None
    far: Decimal | None
    tone: str

    @property
    def is_wide(self) -> bool:
        """U alone is more than is permitted: no correction helps."""
        return self.limit is not None and self.point.uncertainty is not None and self.point.uncertainty > self.limit

    @property
    def word(self) -> str:
        return {
            "ok": _("满足"),
            "due": _("计入 U 后可能超出"),
            "bad": _("超出"),
            "off": _("没有可比较的"),
        }[self.tone]


def judged(points: Iterable[TracePoint], requirement: str, permitted: Decimal | None) -> list[Judged]:
    """Each point against `permitted`, or where that is not given against its own permitted error. Source: C-5.5.4.

    A requirement of range asks for no figure of the points.
    """
    rows = []
    for point in points:
        limit = permitted if permitted is not None else point.permitted
        u = point.uncertainty
        if requirement == Requirement.UNCERTAINTY:
            limit = permitted
            far, tone = u, "ok" if u is not None and limit is not None and u <= limit else "bad"
        else:
            off = abs(point.error) if point.error is not None else None
            far = None if off is None else off + (u or 0)
            tone = "off" if off is None or limit is None else "bad" if off > limit else "due" if far > limit else "ok"
        if limit is None or far is None or requirement == Requirement.RANGE:
            tone = "off"
        rows.append(Judged(point, limit, far, tone))
    return rows


def proposed(rows: Sequence[Judged]) -> str:
    """The conclusion that follows from the points; "" when none of them can be judged."""
    told = [row for row in rows if row.tone != "off"]
    if not told:
        return ""
    if all(row.tone == "ok" for row in told):
        return Conclusion.FIT
    correctable = all(row.point.error is not None and not row.is_wide for row in told)
    return Conclusion.CORRECTED if correctable else Conclusion.UNFIT


def finding(rows: Sequence[Judged]) -> str:
    """The comparison in a sentence, the points that do not meet it by name; "" when nothing was compared."""
    told = [row for row in rows if row.tone != "off"]
    if not told:
        return ""
    good = sum(row.tone == "ok" for row in told)
    said = _("%(all)d 点中 %(good)d 点满足") % {"all": len(told), "good": good}
    if left := len(rows) - len(told):
        said += _("，%(left)d 点没有可比较的") % {"left": left}
    worse = sorted((row for row in told if row.tone != "ok"), key=lambda row: row.tone)
    parts = [f"{_place(row)}：{figure(row.far)} > {figure(row.limit)} {row.point.unit}" for row in worse[:NAMED]]
    if len(worse) > NAMED:
        parts.append("…")
    return "；".join([said, *parts])[:300]


def named(rows: Sequence[Judged]) -> str:
    """The points by name, the first of them when there are many."""
    told = _("、").join(_place(row) for row in rows[:NAMED])
    return told if len(rows) <= NAMED else _("%(points)s 等 %(count)d 点") % {"points": told, "count": len(rows)}


def _place(row: Judged) -> str:
    return f"{row.point.quantity} {figure(row.point.nominal)} {row.point.unit}"
