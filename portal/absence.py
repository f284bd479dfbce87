"""代理: a member who is away names a substitute, who is told of the same things in that time."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from . import history
from .actors import Actor
from .models import Absence
from .permissions import Permission
from .recipients import recipients
from .transitions import Refusal, Transition

State = Absence.State
LONGEST = timedelta(days=366)


def of_two_members(row: Absence, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """Both are members who can be written to, and two people."""
    people = {person.user_id: person for person in recipients(row.institution_id)}
    if row.absent_id == row.substitute_id:
        yield Refusal("absence", _("离岗人和代理人是同一个人。请选择另一位代理人。"))
    elif row.substitute_id not in people:
        yield Refusal("absence", _("代理人已不是有效成员。请另选一位。"))
    elif not people[row.substitute_id].email:
        yield Refusal("absence", _("代理人的账户没有电子邮箱，收不到提醒。请另选一位，或先让代理人填写邮箱。"))
    if row.absent_id not in people:
        yield Refusal("absence", _("离岗人已不是有效成员，不用登记代理。"))


def for_oneself(row: Absence, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """Everybody for oneself; who may hand out alerts also for others."""
    if row.absent_id != actor.user_id and not actor.may(Permission.ALERT_ASSIGN, row.institution_id):
        yield Refusal(
            "absence", _("您只能登记和撤销自己的代理。他人的代理请由本人，或机构管理员、质量负责人、技术负责人办理。")
        )


def in_time(row: Absence, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """The days are in order, not over, not longer than a year, and not promised otherwise."""
    today = timezone.localdate(at)
    if row.last_day < row.first_day:
        yield Refusal("absence", _("结束日期早于开始日期。请改正日期。"))
        return
    if row.last_day < today:
        yield Refusal("absence", _("结束日期已经过去。请填今天或以后的日期。"))
    if row.last_day - row.first_day > LONGEST:
        yield Refusal("absence", _("一次代理最长一年。长期离岗请由机构管理员更改成员的角色。"))
    for other in _overlapping(row):
        days = {
            "first": other.first_day,
            "last": other.last_day,
            "name": other.absent.name,
            "by": other.substitute.name,
        }
        if other.absent_id == row.absent_id:
            yield Refusal("absence", _("%(first)s 至 %(last)s 已登记由%(by)s代理。请先撤销那一条，或改日期。") % days)
        elif other.absent_id == row.substitute_id:
            yield Refusal(
                "absence", _("代理人%(name)s在 %(first)s 至 %(last)s 也离岗。请另选一位代理人，或改日期。") % days
            )
        else:
            yield Refusal(
                "absence", _("离岗人在 %(first)s 至 %(last)s 代理%(name)s。请先给%(name)s另选代理人，或改日期。") % days
            )


def _overlapping(row: Absence) -> list[Absence]:
    """Absences in the same days of the same member, of the substitute, and those that the absent member stands in for."""
    rows = Absence.objects.filter(institution_id=row.institution_id, state=State.ANNOUNCED)
    rows = rows.filter(first_day__lte=row.last_day, last_day__gte=row.first_day)
    rows = rows.filter(Q(absent_id__in=[row.absent_id, row.substitute_id]) | Q(substitute_id=row.absent_id))
    return list(rows.select_related("absent", "substitute").order_by("first_day"))


ANNOUNCE = Transition(
    "announce",
    frozenset({""}),
    State.ANNOUNCED,
    Permission.INSTITUTION_READ,
    gates=(for_oneself, of_two_members, in_time),
)
WITHDRAW = Transition(
    "withdraw", frozenset({State.ANNOUNCED}), State.WITHDRAWN, Permission.INSTITUTION_READ, gates=(for_oneself,)
)


def announce(
    absent_id: int, substitute_id: int, first_day: date, last_day: date, *, actor: Actor, at: datetime
) -> Absence:
    """From the first to the last day the substitute is told of everything the absent member is told of.

    Raises: Refused with every reason at once.
    """
    row = Absence(
        institution_id=actor.institution_id, absent_id=absent_id, substitute_id=substitute_id,
        first_day=first_day, last_day=last_day,
    )  # fmt: skip
    with ANNOUNCE.applied_to(row, actor=actor, at=at):
        return row


def withdraw(row: Absence, *, actor: Actor, at: datetime) -> None:
    """The substitution counts no longer. Raises: Refused when somebody was quicker or the row is somebody else's."""
    with WITHDRAW.applied_to(row, actor=actor, at=at):
        pass


def coming(actor: Actor, today: date) -> list[Absence]:
    """The substitutions of the actor's institution that are not over, the first to begin first."""
    rows = Absence.objects.visible_to(actor).filter(state=State.ANNOUNCED, last_day__gte=today)
    return list(rows.select_related("absent", "substitute").order_by("first_day", "pk"))


history.register({"absence.announce": gettext_lazy("登记代理"), "absence.withdraw": gettext_lazy("撤销代理")})
