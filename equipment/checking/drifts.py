"""历年误差: one nominal of a piece of equipment over its calibrations, and where it is going."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from portal.plots import Level, Plot, Point, Series, Trend

from .. import statistics
from ..models import Equipment, TracePoint
from .readings import decimals_of, figure

AHEAD = 4  # years that the picture looks beyond the last calibration
SIGNIFICANT = 2  # digits of a drift


@dataclass(frozen=True)
class Calibration:
    """One calibration at the nominal: error, U brought to k = 2, permitted error where the certificate has one."""

    day: date
    number: str
    error: Decimal
    u: Decimal | None
    u_given: Decimal | None
    k: Decimal | None
    permitted: Decimal | None

    @property
    def standing(self) -> tuple[str, str]:
        """Tone and word of the error against the permitted one, U taken into account."""
        if self.permitted is None:
            return "off", _("没有最大允许误差")
        if abs(self.error) > self.permitted:
            return "bad", _("超出")
        if self.u is not None and abs(self.error) + self.u > self.permitted:
            return "due", _("计入 U 后可能超出")
        return "ok", _("之内")


@dataclass(frozen=True)
class Drift:
    """All calibrations at one nominal in the order of time, with the line through them."""

    point: TracePoint
    rows: list[Calibration]
    line: statistics.Line | None

    @property
    def unit(self) -> str:
        return self.point.unit

    @property
    def permitted(self) -> Decimal | None:
        return self.rows[-1].permitted

    @property
    def warning(self) -> Decimal | None:
        """Where an error with today's U may be beyond what is permitted: MPEV − U."""
        last = self.rows[-1]
        room = last.permitted - last.u if last.permitted is not None and last.u is not None else None
        return room if room is not None and room > 0 else None

    @property
    def reached_on(self) -> date | None:
        """When the line comes to the warning, where it means anything."""
        if self.line is None or not self.line.significant or self.warning is None:
            return None
        return statistics.reached(self.line, self.warning, self.rows[-1].day)

    @property
    def per_year(self) -> str:
        return figure(_digits(self.line.slope), sign=True) if self.line else ""

    @property
    def places(self) -> int:
        """Decimals with which errors and U of the series are written."""
        return decimals_of([row.error for row in self.rows] + [row.u_given for row in self.rows])


def series_of(points: Iterable[TracePoint]) -> list[TracePoint]:
    """The newest point of each quantity, unit and nominal, in the order of these; points come newest first."""
    found: dict[tuple[str, str, Decimal], TracePoint] = {}
    for point in points:
        found.setdefault((point.quantity, point.unit, point.nominal), point)
    return [found[key] for key in sorted(found)]


def points_of(equipment: Equipment, rows: QuerySet[TracePoint]) -> list[TracePoint]:
    """The points of the equipment among these rows, newest first, without those of certificates recorded again since."""
    found = list(
        rows.filter(traceability__equipment=equipment)
        .select_related("traceability")
        .order_by("-traceability__calibrated_on", "-traceability_id", "-pk")
    )
    newest: dict[tuple[str, str], int] = {}
    for point in found:
        trace = point.traceability
        key = (trace.issuer, trace.certificate_number)
        newest[key] = max(newest.get(key, 0), trace.pk)
    kept = set(newest.values())
    return [point for point in found if point.traceability_id in kept and _error(point) is not None]


def drift_of(point: TracePoint, points: Iterable[TracePoint]) -> Drift:
    """The drift of the series that this point belongs to."""
    key = (point.quantity, point.unit, point.nominal)
    rows = [_calibration(one) for one in points if (one.quantity, one.unit, one.nominal) == key]
    rows.sort(key=lambda row: row.day)
    return Drift(point, rows, statistics.fitted([(row.day, row.error) for row in rows]))


def _error(point: TracePoint) -> Decimal | None:
    """The error as the certificate has it, else how far the value lies from the nominal."""
    if point.error is not None or point.value is None:
        return point.error
    return point.value - point.nominal


def _calibration(point: TracePoint) -> Calibration:
    k, u = point.coverage_factor, point.uncertainty
    doubled = 2 * u / k if u is not None and k else u
    permitted = abs(point.permitted) if point.permitted else None
    trace = point.traceability
    return Calibration(trace.calibrated_on, trace.certificate_number, _error(point), doubled, u, k, permitted)


def drift_plot(drift: Drift, key: str = "drift", *, hint: str = "") -> Plot:
    """Errors with bars of ±U (k = 2), ±MPE, the warning, the line through them and where it leads."""
    unit, last, places = drift.unit, drift.rows[-1], drift.places
    points = [
        Point(
            row.day, row.error, u=row.u,
            words=_("%(day)s　%(number)s　误差 %(error)s %(unit)s%(u)s") % {
                "day": row.day, "number": row.number, "error": figure(row.error, places, sign=True), "unit": unit,
                "u": f"　U = {figure(row.u)} {unit} (k = 2)" if row.u is not None else "",
            },
            tone="bad" if row.standing[0] == "bad" else "act", open=row is last,
            label=figure(row.error, places, sign=True) if row is last else "",
        )
        for row in drift.rows
    ]  # fmt: skip
    levels = []
    if drift.permitted is not None:
        levels = [Level(drift.permitted, "+MPE"), Level(-drift.permitted, "−MPE")]
    if drift.warning is not None and drift.line is not None:
        levels.append(Level(drift.warning if drift.line.slope >= 0 else -drift.warning, _("预警"), "due", dashed=True))
    trends = []
    if drift.line is not None:
        beyond = last.day.replace(year=last.day.year + AHEAD, day=min(last.day.day, 28))
        start = drift.rows[0].day
        trends.append(Trend((start, drift.line.at(start)), (last.day, drift.line.at(last.day))))
        if drift.line.significant:
            trends.append(Trend((last.day, drift.line.at(last.day)), (beyond, drift.line.at(beyond)), dashed=True))
    return Plot(
        key, _("误差 / %(unit)s") % {"unit": unit}, [Series("error", points, joined=False)],
        levels=levels, trends=trends, band=(-drift.permitted, drift.permitted) if drift.permitted else None,
        hint=hint or _("竖线是 ±U (k = 2)；指向一点看证书和数值，下表有同样的数字"),
    )  # fmt: skip


def tone_of(drift: Drift) -> str:
    if drift.rows[-1].standing[0] == "bad":
        return "bad"
    return "due" if drift.line is not None and drift.line.significant else "off"


def sentence_of(drift: Drift) -> str:
    """The drift in words: how much a year, whether it means anything, and when it comes to the warning."""
    line, unit = drift.line, drift.unit
    if line is None:
        return _("有三次以上带这个点的检定或校准，才能看出漂移。")
    known = {"rate": drift.per_year, "unit": unit, "count": line.count}
    if not line.significant:
        return _("%(count)d 次检定或校准，没有显著的漂移（%(rate)s %(unit)s/a，t 检验，95 %%）。") % known
    found = _("漂移 %(rate)s %(unit)s/a，%(count)d 次检定或校准直线拟合，显著（t 检验，95 %%）。") % known
    if (day := drift.reached_on) is not None:
        found += _("按此外推 %(year)d 年触及预警线 ±%(warn)s %(unit)s（MPEV − U）。外推是推断，不作为判定依据。") % {
            "year": day.year, "warn": figure(drift.warning), "unit": unit,
        }  # fmt: skip
    return found


def _digits(value: Decimal) -> Decimal:
    """The value with so many significant digits as a drift is worth."""
    return statistics.rounded(value, max(0, SIGNIFICANT - 1 - value.adjusted())) if value else Decimal(0)
