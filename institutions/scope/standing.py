"""What becomes of a qualification: confirmed, suspended, taken up again, revoked. Its lines of scope follow at once.

Lines are not written to: whether a line counts is read from its qualification every time (ScopeItem.objects.valid_on,
judging.py). Source: B-4.3-s1, B-4.3-s2.
"""

from datetime import date, datetime

from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone
from django.utils.translation import gettext as _

from institutions.models import Qualification, ScopeItem
from portal.actors import Actor
from portal.permissions import Permission
from portal.transitions import Refusal, Refused, Transition

from . import gates

State = Qualification.State
CONFIRM = Transition(
    "confirm", frozenset({State.PENDING}), State.VALID, Permission.SCOPE_KEEP, gates=(gates.papers_are_there,)
)
SUSPEND = Transition("suspend", frozenset({State.VALID}), State.SUSPENDED, Permission.SCOPE_KEEP)
RESUME = Transition("resume", frozenset({State.SUSPENDED}), State.VALID, Permission.SCOPE_KEEP)
REVOKE = Transition("revoke", frozenset({State.VALID, State.SUSPENDED}), State.REVOKED, Permission.SCOPE_KEEP)
SUSPEND_LINE = Transition(
    "suspend", frozenset({ScopeItem.State.ACTIVE}), ScopeItem.State.SUSPENDED, Permission.SCOPE_KEEP
)
RESUME_LINE = Transition(
    "resume", frozenset({ScopeItem.State.SUSPENDED}), ScopeItem.State.ACTIVE, Permission.SCOPE_KEEP,
    gates=(gates.stands_on_its_papers, gates.has_two_people),
)  # fmt: skip


def confirm(row: Qualification, *, actor: Actor, at: datetime) -> Qualification:
    """The qualification counts from its first day. Raises: Refused without certificate and annex."""
    with CONFIRM.applied_to(row, actor=actor, at=at) as row:
        pass
    return row


def suspend(row: Qualification, on: date, reason: str, *, actor: Actor, at: datetime) -> Qualification:
    """Nothing rests on the qualification from that day on, until it is taken up again. Raises: Refused."""
    with SUSPEND.applied_to(row, actor=actor, at=at, reason=reason) as row:
        _stop(row, on, reason, at)
    return row


def resume(row: Qualification, on: date, reason: str, *, actor: Actor, at: datetime) -> Qualification:
    """The qualification counts again from that day on; the days between stay without it. Raises: Refused."""
    with RESUME.applied_to(row, actor=actor, at=at, reason=reason) as row:
        _said(reason)
        _has_come(on, at)
        last = row.stops[-1]
        if on <= last.lower:
            raise Refused(Refusal("data", _("恢复日期要晚于暂停日期 %(day)s。请核对通知。") % {"day": last.lower}))
        row.stops = [*row.stops[:-1], DateRange(last.lower, on)]
    return row


def revoke(row: Qualification, on: date, reason: str, *, actor: Actor, at: datetime) -> Qualification:
    """The issuer has ended it: nothing rests on it from that day on. What was done before stays. Raises: Refused."""
    with REVOKE.applied_to(row, actor=actor, at=at, reason=reason) as row:
        if row.state == State.VALID:
            _stop(row, on, reason, at)
        else:
            _said(reason)
    return row


def suspend_line(line: ScopeItem, on: date, reason: str, *, actor: Actor, at: datetime) -> ScopeItem:
    """Nothing is certified by the line from that day on, until it is lifted. Raises: Refused."""
    with SUSPEND_LINE.applied_to(line, actor=actor, at=at, reason=reason) as line:
        _said(reason)
        _has_come(on, at)
        line.suspended_on, line.suspended_because, line.suspended_clause = on, reason.strip()[:300], ""
    return line


def resume_line(line: ScopeItem, reason: str, *, actor: Actor, at: datetime) -> ScopeItem:
    """The line counts again from today on. One that the portal suspended is lifted by the portal, once its cause is gone.

    Raises: Refused.
    """
    with RESUME_LINE.applied_to(line, actor=actor, at=at, reason=reason) as line:
        _said(reason)
        if line.suspended_clause:
            raise Refused(
                Refusal(line.suspended_clause, _("这一条由系统暂停：%(because)s。原因消除后自动恢复。")
                        % {"because": line.suspended_because})
            )  # fmt: skip
        line.end_suspension(timezone.localtime(at).date())
    return line


def _stop(row: Qualification, on: date, reason: str, at: datetime) -> None:
    _said(reason)
    _has_come(on, at)
    if row.stops and row.stops[-1].upper and on < row.stops[-1].upper:
        raise Refused(Refusal("data", _("这一天在上一次停用期间之内。请核对日期。")))
    row.stops = [*row.stops, DateRange(on, None)]


def _said(reason: str) -> None:
    if not reason.strip():
        raise Refused(Refusal("reason", _("请写明原因和依据的文件，例如认可机构的通知编号。")))


def _has_come(on: date, at: datetime) -> None:
    if not gates.not_in_the_future(on, at):
        raise Refused(Refusal("data", _("日期在将来。请在那一天或之后登记。")))
