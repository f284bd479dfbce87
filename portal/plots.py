"""Pictures of values over time, as data: points with their U, levels, trends and bands, in words as well as drawn.

    Plot("drift-1", _("误差 / mg"), [Series(_("1 kg"), [Point(day, error, u=expanded, words="…")])], levels=[…])

`{% include "components/plot.html" with plot=plot only %}` draws one. The page shows the same figures as a table besides:
the picture is nothing that a screen reader or paper can rely on. Numbers travel as text; only the drawing makes floats.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

Moment = date | datetime


@dataclass(frozen=True)
class Point:
    """A value at a moment, with the half-width of its bar; `words` are shown when somebody points at it.

    `tone` is one of act, ok, due, bad, off. `open` draws a ring, `label` writes beside it.
    """

    x: Moment
    y: Decimal
    u: Decimal | None = None
    words: str = ""
    tone: str = "act"
    open: bool = False
    label: str = ""


@dataclass(frozen=True)
class Series:
    """Points in the order of time, joined by a line or not, with marks or not (thousands of readings have none)."""

    name: str
    points: Sequence[Point]
    joined: bool = True
    marks: bool = True


@dataclass(frozen=True)
class Level:
    """A horizontal line with its name at the right, over the whole width or from `start` to `end` only."""

    y: Decimal
    words: str
    tone: str = "bad"
    dashed: bool = False
    start: Moment | None = None
    end: Moment | None = None


@dataclass(frozen=True)
class Trend:
    """A straight line from one moment to another."""

    start: tuple[Moment, Decimal]
    end: tuple[Moment, Decimal]
    dashed: bool = False


@dataclass(frozen=True)
class Span:
    """A time that is shaded over the whole height."""

    start: Moment
    end: Moment
    tone: str = "bad"


@dataclass(frozen=True)
class Plot:
    """One picture; `key` is unique on the page, `axis` names the values and their unit, `hint` stands below it.

    `band` is the tinted space between two levels.
    """

    key: str
    axis: str
    series: Sequence[Series]
    levels: Sequence[Level] = ()
    trends: Sequence[Trend] = ()
    spans: Sequence[Span] = ()
    band: tuple[Decimal, Decimal] | None = None
    hint: str = ""

    @property
    def script_id(self) -> str:
        return f"plot-{self.key}"

    @property
    def data(self) -> dict[str, Any]:
        """What portal/static/portal/js/plot.js reads; numbers and moments as text."""
        return {
            "axis": self.axis,
            "series": [
                {
                    "name": one.name,
                    "joined": one.joined,
                    "marks": one.marks,
                    "points": [_point(point) for point in one.points],
                }
                for one in self.series
            ],
            "levels": [_level(level) for level in self.levels],
            "trends": [
                {"start": _place(one.start), "end": _place(one.end), "dashed": one.dashed} for one in self.trends
            ],
            "spans": [
                {"start": one.start.isoformat(), "end": one.end.isoformat(), "tone": one.tone} for one in self.spans
            ],
            "band": [_number(edge) for edge in self.band] if self.band else None,
        }


def _point(point: Point) -> dict[str, Any]:
    known = {"x": point.x.isoformat(), "y": _number(point.y), "words": point.words, "tone": point.tone}
    if point.u is not None:
        known["u"] = _number(point.u)
    if point.open:
        known["open"] = True
    if point.label:
        known["label"] = point.label
    return known


def _level(level: Level) -> dict[str, Any]:
    known = {"y": _number(level.y), "words": level.words, "tone": level.tone, "dashed": level.dashed}
    if level.start is not None and level.end is not None:
        known |= {"start": level.start.isoformat(), "end": level.end.isoformat()}
    return known


def _place(place: tuple[Moment, Decimal]) -> list[str]:
    return [place[0].isoformat(), _number(place[1])]


def _number(value: Decimal) -> str:
    return format(value, "f")
