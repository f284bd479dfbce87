"""What follows when somebody leaves, a credential ends, or a birthday passes: authorisations and lines of scope.

`reconsider` reads everything of an institution with a fixed number of queries, compares it with what is stored, and
writes where the two differ; asked again on the same day it writes nothing. It runs after every act that may change the
answer, and every night for everybody. What was issued before stays as it is. Source: C-5.1.1-s2, C-5.1.2, C-7.1.3.
"""

import logging
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from portal.actors import Actor
from portal.permissions import Permission
from portal.tenancy import tenant
from portal.transitions import Transition

from ..models import Authorisation, FieldStaffing, Institution, ScopeItem
from .authorising import end, ends_with, lift, suspend
from .cases import Case, House, cases_of, house_of, in_turn
from .rules import why_suspended

log = logging.getLogger("institutions.people")

FEWEST_PEOPLE = 2
TWO_PEOPLE = "C-5.1.1-s2"
Line = ScopeItem.State
SHORT_OF_PEOPLE = Transition("suspend", frozenset({Line.ACTIVE}), Line.SUSPENDED, Permission.SCOPE_KEEP)
SHORTER_STILL = Transition("recount", frozenset({Line.SUSPENDED}), Line.SUSPENDED, Permission.SCOPE_KEEP)
STAFFED_AGAIN = Transition("resume", frozenset({Line.SUSPENDED}), Line.ACTIVE, Permission.SCOPE_KEEP)
KEEPER = Actor.system("people", Permission.SCOPE_KEEP)


@dataclass(frozen=True)
class Reconsidered:
    """What changed: authorisations suspended, lifted and ended, lines of scope suspended and lifted."""

    suspended: tuple[Authorisation, ...] = ()
    lifted: tuple[Authorisation, ...] = ()
    ended: tuple[Authorisation, ...] = ()
    lines_suspended: tuple[ScopeItem, ...] = ()
    lines_lifted: tuple[ScopeItem, ...] = ()

    @property
    def count(self) -> int:
        return sum(map(len, (self.suspended, self.lifted, self.ended, self.lines_suspended, self.lines_lifted)))


def reconsider(
    institution: Institution, day: date, *, at: datetime, person_ids: Collection[int] | None = None
) -> Reconsidered:
    """Authorisations and lines of scope stand as the conditions ask for on the day. Needs the institution's scope.

    `person_ids`: whose authorisations to look at, None for everybody's; lines are looked at in any case.
    """
    in_turn(institution.pk)
    cases = cases_of(institution, person_ids)
    suspended, lifted, ended = [], [], []
    if any(case.authorisations for case in cases.values()):
        house = house_of(institution, day)
        for case in cases.values():
            for row in case.authorisations:
                last = ends_with(row)
                if last is not None and last <= day:
                    ended.append(end(row, last, at=at))
                elif _is_judged(row, day):
                    _judge(house, case, row, day, at, suspended, lifted)
    short, staffed = reconsider_lines(institution, day, at=at)
    return Reconsidered(tuple(suspended), tuple(lifted), tuple(ended), short, staffed)


def _is_judged(row: Authorisation, day: date) -> bool:
    if row.state not in Authorisation.STANDING or row.revoked_on is not None:
        return False
    return row.valid_until is None or row.valid_until >= day


def _judge(
    house: House, case: Case, row: Authorisation, day: date, at: datetime,
    suspended: list[Authorisation], lifted: list[Authorisation],
) -> None:  # fmt: skip
    on = max(day, row.valid_from)
    reasons = why_suspended(house, case, row, on)
    if reasons:
        # What the day changes in a sentence is no news.
        because = " ".join(f"{one.text}（{one.clause}）" for one in reasons)[:500]
        known = {one.clause for one in reasons}
        if row.state != Authorisation.State.SUSPENDED or known != _clauses_in(row.suspended_because):
            suspended.append(suspend(row, _fallen_on(house, case, row, on), because, at=at))
        return
    if row.state == Authorisation.State.SUSPENDED:
        row = lift(row, day, at=at)
        lifted.append(row)
    holds_until = _holds_until(house, case, row, on)
    if row.holds_until != holds_until:
        Authorisation.objects.filter(pk=row.pk, institution_id=row.institution_id).update(holds_until=holds_until)


def _clauses_in(because: str) -> set[str]:
    """The clauses that a stored reason names."""
    return {part.partition("）")[0] for part in because.split("（")[1:] if part[:1] in "ABCDE" and part[1:2] == "-"}


def _fallen_on(house: House, case: Case, row: Authorisation, day: date) -> date:
    """The day on which a date made the conditions fall, or the given one when it was an act."""
    earliest = max([row.valid_from, row.granted_on or date.min, *(past.upper for past in row.past_suspensions)])
    turning = [turn for turn in case.turning_days() if earliest < turn <= day]
    fallen = day
    for turn in reversed(turning):
        if not why_suspended(house, case, row, turn - timedelta(1)):
            return turn
    return fallen


def _holds_until(house: House, case: Case, row: Authorisation, day: date) -> date | None:
    """The last day on which the conditions hold by what is known now; None when nothing known ends them."""
    for turn in case.turning_days():
        if turn > day and why_suspended(house, case, row, turn):
            return turn - timedelta(1)
    return None


def reconsider_lines(
    institution: Institution, day: date, *, at: datetime
) -> tuple[tuple[ScopeItem, ...], tuple[ScopeItem, ...]]:
    """Every line of scope has two people who may operate in its field, or is suspended and says why. Source: C-5.1.1-s2.

    Returns: the lines suspended now, and those that count again. Lifts only what was suspended for this. How many people
    each field has, and since when they are too few or just enough, is on record for the reminders.
    """
    short, staffed, fields = [], [], {}
    for line, count in _staffing(institution, day):
        fields[line.field] = count
        if line.state == Line.ACTIVE and count < FEWEST_PEOPLE:
            short.append(_suspend_line(line, count, day, at))
        elif line.state == Line.SUSPENDED and line.suspended_clause == TWO_PEOPLE:
            if count >= FEWEST_PEOPLE:
                with STAFFED_AGAIN.applied_to(line, actor=KEEPER, at=at, reason=_("人员重新满足两人，恢复")) as line:
                    line.end_suspension(day)
                staffed.append(line)
            elif line.suspended_because != (because := _short_of(line, count)):
                with SHORTER_STILL.applied_to(line, actor=KEEPER, at=at, reason=because) as line:
                    line.suspended_because = because
    _note_staffing(institution, fields, day)
    return tuple(short), tuple(staffed)


def _note_staffing(institution: Institution, fields: dict[str, int], day: date) -> None:
    """How many people each field in use has. One query, and one for each field in which it has changed."""
    known = {row.field: row for row in FieldStaffing.objects.filter(institution=institution)}
    for name in sorted(fields.keys() | known.keys()):
        row = known.get(name) or FieldStaffing(institution=institution, field=name)
        people = fields.get(name, row.people)
        fell_on = _fell_on(row, people, day) if name in fields else None
        if (people, fell_on) != (row.people, row.fell_on):
            row.people, row.fell_on = people, fell_on
            row.save()


def _fell_on(row: FieldStaffing, people: int, day: date) -> date | None:
    """Since when so many people are too few, or just enough where there were more; what has risen to enough has not fallen.

    `row`: what was counted before; a field that is counted for the first time has fallen only when there are too few.
    """
    if people > FEWEST_PEOPLE:
        return None
    if row.people is None:
        return day if people < FEWEST_PEOPLE else None
    if people < row.people:
        return day
    return None if people > row.people and people == FEWEST_PEOPLE else row.fell_on


def lines_short_on(institution: Institution, day: date) -> tuple[ScopeItem, ...]:
    """The lines that will lack a second person on the day, by what is known now. Two queries."""
    return tuple(line for line, count in _staffing(institution, day) if count < FEWEST_PEOPLE)


def _staffing(institution: Institution, day: date) -> Iterator[tuple[ScopeItem, int]]:
    """The lines of that day, each with how many people may operate in its field."""
    people = operators_by_field(institution, day)
    lines = ScopeItem.objects.filter(institution=institution, state__in=(Line.ACTIVE, Line.SUSPENDED))
    for line in lines.exclude(valid_until__lt=day).order_by("pk"):
        yield line, len(people.get(line.field, ()))


def _short_of(line: ScopeItem, count: int) -> str:
    return _(
        "“%(field)s”专业在职、有授权的检定或校准员只有 %(count)d 人，少于 2 人。请补充授权，系统随后自动恢复。"
    ) % {"field": line.field, "count": count}


def _suspend_line(line: ScopeItem, count: int, day: date, at: datetime) -> ScopeItem:
    because = _short_of(line, count)
    with SHORT_OF_PEOPLE.applied_to(line, actor=KEEPER, at=at, reason=because) as line:
        line.suspended_on, line.suspended_because, line.suspended_clause = day, because, TWO_PEOPLE
    return line


def operators_by_field(institution: Institution, day: date) -> dict[str, set[int]]:
    """Who, at work that day, may verify or calibrate in each field: persons, so that nobody counts twice. One query."""
    rows = Authorisation.objects.filter(institution=institution, role__in=Authorisation.OPERATORS).in_force_on(day)
    found: dict[str, set[int]] = defaultdict(set)
    for row in rows.select_related("employment"):
        if row.employment.active_on(day):
            found[row.field].add(row.employment.person_id)
    return found


def run(day: date) -> str:
    """Every institution is reconsidered as of the day, each in a transaction of its own. Returns: what changed, in words.

    One that fails is logged and does not keep the others waiting. Raises: ReconsideringFailed, once all are through.
    """
    changes, failed = 0, []
    institutions = list(Institution.objects.order_by("pk"))
    for institution in institutions:
        try:
            with tenant(institution.pk):
                changes += reconsider(institution, day, at=timezone.now()).count
        except Exception:
            log.exception("people.reconsider_failed", extra={"tenant_id": institution.pk})
            failed.append(institution.slug)
    if failed:
        raise ReconsideringFailed(", ".join(failed))
    return _("%(day)s：机构 %(count)d 家，变动 %(changes)d 项") % {
        "day": day, "count": len(institutions), "changes": changes,
    }  # fmt: skip


class ReconsideringFailed(Exception):
    """The night's re-evaluation went through, but not for every institution."""
