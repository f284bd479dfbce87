"""Whether a measurement lies inside the scope, and what the CMC is there: the one place that answers.

Orders, records, certificates and checks ask the same question, so that none can be looser than another. A `Book` holds
the lines of an institution, read once; every question after that costs no query. Source: A-6.1.3, B-5.8-e, B-4.3-s2.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property

from django.utils.translation import gettext as _

from institutions import units
from institutions.models import ScopeChoice, ScopeItem
from portal.transitions import Refusal

OUTSIDE = "A-6.1.3"
QUALIFICATION = "B-4.3-s2"
AUTHORISATION = "C-4.1.2-c-s1"
MORE_THAN_ONE = "scope"


@dataclass(frozen=True)
class Subject:
    """What is measured, by which method and where; `unit` is that of the points asked about and of the CMC answered.

    `verification`: the line must rest on an authorisation for verification. Source: C-4.1.2-c-s1.
    """

    instrument: str
    measurand: str
    method_id: int
    site_id: int
    unit: str
    verification: bool = False


@dataclass(frozen=True)
class Judgement:
    """The line that covers a point and its CMC in the unit of the subject; or the reasons why there is none.

    `candidates`: every line that covers the point. Of several with different CMC none is taken unless one was chosen.
    """

    line: ScopeItem | None = None
    cmc: Decimal | None = None
    reasons: tuple[Refusal, ...] = ()
    candidates: tuple[ScopeItem, ...] = ()


class Book:
    """The lines of scope of one institution and what was chosen where two of them cover a point."""

    def __init__(self, lines: Iterable[ScopeItem], institution_id: int | None = None) -> None:
        self.institution_id = institution_id
        self.lines: dict[tuple[str, str], list[ScopeItem]] = defaultdict(list)
        for line in lines:
            self.lines[line.instrument, line.measurand].append(line)

    @classmethod
    def of(cls, institution_id: int, instrument: str = "") -> "Book":
        """The book of an institution, or only what it says of one instrument. One query."""
        rows = ScopeItem.objects.filter(institution_id=institution_id).exclude(state=ScopeItem.State.WITHDRAWN)
        if instrument:
            rows = rows.filter(instrument=instrument)
        return cls(rows.select_related("qualification", "site", "method").order_by("pk"), institution_id)

    @cached_property
    def preferred(self) -> set[tuple[int, int]]:
        """What was chosen where lines overlap: (line that counts, line that does not). Read when it is first needed."""
        rows = ScopeChoice.objects.filter(institution_id=self.institution_id, state=ScopeChoice.State.CURRENT)
        return set(rows.values_list("line_id", "instead_of_id"))

    def in_force(self, subject: Subject, day: date) -> tuple[list[ScopeItem], list[Refusal]]:
        """The lines for the subject that count on the day, whatever their range; and, without any, the reasons."""
        lines = self.lines.get((subject.instrument, subject.measurand), [])
        what = {"instrument": subject.instrument, "measurand": subject.measurand}
        if not lines:
            return [], [Refusal(OUTSIDE, _("能力范围里没有“%(instrument)s”的“%(measurand)s”。不能出具证书。") % what)]
        by_method = [line for line in lines if line.method_id == subject.method_id]
        if not by_method:
            what["listed"] = "、".join(sorted({line.method.code for line in lines})[:5])
            sentence = _("能力范围里“%(instrument)s”没有列入这个方法，列入的是 %(listed)s。请改用列入的方法。")
            return [], [Refusal(OUTSIDE, sentence % what)]
        here = [line for line in by_method if line.site_id == subject.site_id]
        if not here:
            what["sites"] = "、".join(sorted({line.site.name for line in by_method})[:5])
            sentence = _("“%(instrument)s”的能力在%(sites)s，不在这个场所。请到有能力的场所检校。")
            return [], [Refusal(OUTSIDE, sentence % what)]
        why = {line.pk: _why_not(line, day, subject.verification) for line in here}
        counting = [line for line in here if why[line.pk] is None]
        reasons = dict.fromkeys(reason for reason in why.values() if reason)
        return counting, [] if counting else list(reasons)

    def judge(self, subject: Subject, day: date, point: Decimal, parameter: Decimal | None = None) -> Judgement:
        """Whether the point lies inside the scope that day, and the CMC there.

        `point` in the unit of the subject, `parameter` in that of the line. The CMC comes in the unit of the subject.
        """
        lines, reasons = self.in_force(subject, day)
        if not lines:
            return Judgement(reasons=tuple(reasons))
        covering, stated, places = [], {}, {}
        for line in lines:
            there = converted(point, subject.unit, line.unit)
            if there is None or not line.covers(there):
                continue
            cmc = line.cmc_at(there, parameter)
            if cmc is None:
                return Judgement(reasons=(_without_cmc(line),), candidates=(line,))
            covering.append(line)
            places[line.pk], stated[line.pk] = there, _in_unit(cmc, line.unit, subject.unit)
        if not covering:
            return Judgement(reasons=(_out_of_range(lines, subject),))
        line = self._preferred_of(covering, stated) or _ending_there(covering, places)
        if line is None:
            return Judgement(reasons=(_ambiguous(covering),), candidates=tuple(covering))
        return Judgement(line, stated[line.pk], (), tuple(covering))

    def _preferred_of(self, covering: list[ScopeItem], stated: dict[int, Decimal]) -> ScopeItem | None:
        """The only line, the first of several with the same CMC, or the one that was chosen before all others.

        Where each of two was chosen before the other, in the same moment, neither was.
        """
        for line in covering:
            rivals = [other for other in covering if stated[other.pk] != stated[line.pk]]
            if all(self._is_preferred(line, other) for other in rivals):
                return line
        return None

    def _is_preferred(self, line: ScopeItem, other: ScopeItem) -> bool:
        return (line.pk, other.pk) in self.preferred and (other.pk, line.pk) not in self.preferred


def converted(value: Decimal, source: str, target: str) -> Decimal | None:
    """A value in another unit; None when that is a unit of another quantity, or none at all."""
    if source == target:
        return value
    try:
        return units.convert(value, source, target)
    except ValueError:
        return None


def _in_unit(U: Decimal, source: str, target: str) -> Decimal:
    return U if source == target else units.convert(U, source, target, difference=True)


def _why_not(line: ScopeItem, day: date, verification: bool) -> Refusal | None:
    """The reason why a line does not count on the day; None when it does."""
    shown = {"line": line, "day": day, "because": line.suspended_because or _("原因见能力范围页")}
    if day < line.valid_from:
        return Refusal(
            OUTSIDE, _("%(line)s 从 %(since)s 起才有效，检校日是 %(day)s。") % {**shown, "since": line.valid_from}
        )
    if line.valid_until and line.valid_until < day:
        return Refusal(
            OUTSIDE, _("%(line)s 到 %(until)s 为止，检校日是 %(day)s。") % {**shown, "until": line.valid_until}
        )
    if line.suspended_for(day):
        return Refusal(line.suspended_clause or OUTSIDE, _("%(line)s 已暂停：%(because)s。请先解除暂停。") % shown)
    if past := line.past_suspension_on(day):
        return Refusal(
            OUTSIDE,
            _("%(line)s 从 %(first)s 起暂停，%(last)s 恢复，检校日 %(day)s 在暂停期间。这一天不能按它检校。")
            % {**shown, "first": past.lower, "last": past.upper},
        )
    if not line.site.open_on(day):
        return Refusal(OUTSIDE, _("场所“%(site)s”在 %(day)s 没有启用。请核对场所的启用和停用日期。")
                       % {**shown, "site": line.site.name})  # fmt: skip
    if why := line.qualification.why_not_valid_on(day):
        return Refusal(
            QUALIFICATION,
            _("%(name)s 在检校日 %(day)s 无效（%(why)s）。请换用有效的资质，或先完成续期。")
            % {**shown, "name": line.qualification, "why": why},
        )
    if verification and not line.qualification.permits_verification:
        return Refusal(AUTHORISATION, _("检定须以计量授权或法定计量检定机构授权为依据，本项目的能力范围没有这类依据。"))
    return None


def _ranges(lines: Iterable[ScopeItem]) -> str:
    return "、".join(line.range_text for line in list(lines)[:5])


def _out_of_range(lines: list[ScopeItem], subject: Subject) -> Refusal:
    return Refusal(
        OUTSIDE,
        _("超出能力范围：“%(instrument)s”能做的是 %(ranges)s。请改选检校点，不能出具证书。")
        % {"instrument": subject.instrument, "ranges": _ranges(lines)},
    )


def _without_cmc(line: ScopeItem) -> Refusal:
    if line.cmc_form == ScopeItem.Form.MATRIX:
        return Refusal(OUTSIDE, _("%(line)s 的 CMC 还随%(parameter)s变化，这里没有对应的一格。请补全能力范围的 CMC。")
                       % {"line": line, "parameter": line.parameter})  # fmt: skip
    return Refusal(OUTSIDE, _("%(line)s 的 CMC 表没有盖住这一点。请补全能力范围的 CMC。") % {"line": line})


def _ambiguous(covering: list[ScopeItem]) -> Refusal:
    return Refusal(
        MORE_THAN_ONE,
        _("有 %(count)d 条能力范围都盖住这一点，CMC 不同：%(ranges)s。请技术负责人选定一次采用哪一条。")
        % {"count": len(covering), "ranges": _ranges(covering)},
    )


def _ending_there(covering: list[ScopeItem], places: dict[int, Decimal]) -> ScopeItem | None:
    """Where one line ends and the next begins, the one that ends: a range is stated up to its limit."""
    if len(covering) != 2:
        return None
    for line, other in (covering, covering[::-1]):
        meet = places[line.pk] == line.range_high and places[other.pk] == other.range_low
        if meet and line.range_low < line.range_high and other.range_low < other.range_high:
            return line
    return None
