"""重复性试验, 稳定性考核 and 检定或校准结果的验证 of a measurement standard: their readings, and what follows from them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from .. import statistics
from ..checking.readings import Readings, figure
from ..models import MeasurementStandard, StandardTest

Kind, Verdict, Limit = StandardTest.Kind, StandardTest.Verdict, StandardTest.Limit

# What each kind of test may be held against. Source: JJF 1033-2023.
LIMITS = {
    Kind.REPEATABILITY: (Limit.REPORT,),
    Kind.STABILITY: (Limit.MPE, Limit.UNCERTAINTY),
    Kind.VERIFICATION: (Limit.TRANSFER, Limit.COMPARISON),
}


@dataclass(frozen=True)
class Group:
    """Readings of one day; of a verification results with their U (k = 2) as text, and who gave them."""

    on: date
    readings: Readings
    u: str = ""
    by: str = ""

    @property
    def figures(self) -> statistics.Figures:
        return statistics.figures_of(self.readings.values)

    @property
    def mean_text(self) -> str:
        """The mean as it is read: one decimal more than the readings were written with."""
        places = statistics.places(self.readings.texts) + 1
        return figure(statistics.rounded(self.figures.mean, places), places)

    @property
    def stored(self) -> dict[str, Any]:
        """The group as StandardTest.groups keeps it."""
        more = {name: text for name, text in (("u", self.u), ("by", self.by)) if text}
        return {"on": self.on.isoformat(), "readings": list(self.readings.texts), **more}


def groups_of(test: StandardTest) -> list[Group]:
    """The groups of a test on record, in the order of time."""
    return [
        Group(date.fromisoformat(one["on"]), Readings(tuple(one["readings"])), one.get("u", ""), one.get("by", ""))
        for one in test.groups
    ]


def figure_of(kind: str, groups: Sequence[Group]) -> Decimal:
    """s of the single group of a repeatability, 0 while it has one reading; the greatest difference of means of a
    stability. Unrounded."""
    if kind == Kind.REPEATABILITY:
        return groups[-1].figures.s or Decimal(0)
    return statistics.spread([group.figures.mean for group in groups])


def verdict_of(kind: str, figure: Decimal, limit: Decimal) -> str:
    """A greater s than reported asks for a new uncertainty budget; a standard that is not stable has failed."""
    if kind == Kind.REPEATABILITY:
        return Verdict.PASSED if statistics.repeatable(figure, limit) else Verdict.REVIEW
    return Verdict.PASSED if statistics.stable(figure, limit) else Verdict.FAILED


@dataclass(frozen=True)
class Compared:
    """A result against a reference: the signed difference, how far it may lie off, and whether it is confirmed."""

    difference: Decimal
    allowed: Decimal
    confirmed: bool


def compared(limit_kind: str, own: Group, other: Group) -> Compared:
    """Our result with our U against that of a higher standard with its own, or against the mean with other laboratories.

    Unrounded; a U that is missing counts as 0. Source: JJF 1033-2023.
    """
    value, u = own.readings.values[0], Decimal(own.u or 0)
    if limit_kind == Limit.TRANSFER:
        reference, u_reference = other.readings.values[0], Decimal(other.u or 0)
        confirmed = statistics.confirmed_by_transfer(value, u, reference, u_reference)
        return Compared(value - reference, statistics.allowed_by_transfer(u, u_reference), confirmed)
    values = (value, *other.readings.values)
    confirmed = statistics.confirmed_by_comparison(value, u, values)
    allowed = statistics.allowed_by_comparison(u, len(values))
    return Compared(value - statistics.mean(values), allowed, confirmed)


def before(
    standard: MeasurementStandard, kind: str, quantity: str, unit: str, nominal: Decimal, day: date
) -> StandardTest | None:
    """The latest test of the same kind at the same point, done before that day."""
    rows = standard.tests.filter(kind=kind, quantity=quantity, unit=unit, nominal=nominal, performed_on__lt=day)
    return rows.order_by("performed_on", "pk").last()


def latest(standard: MeasurementStandard, kind: str, day: date) -> StandardTest | None:
    """The newest test of a kind done by that day. Source: C-7.1.2-s2."""
    return standard.tests.filter(kind=kind, performed_on__lte=day).order_by("performed_on", "pk").last()
