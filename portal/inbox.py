"""The inbox: what somebody is told of, and what people do about it: 已知悉, 推迟, 指派."""

from datetime import date, datetime, timedelta

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from . import audit, entitlement
from .actors import Actor
from .models import Alert
from .permissions import Permission
from .recipients import duties, recipients
from .transitions import Refusal, Refused

# Something overdue may wait this long before it speaks again.
LONGEST_WHEN_OVERDUE = timedelta(days=7)


def inbox(actor: Actor, day: date) -> QuerySet[Alert]:
    """The alerts this actor is told of: those of the actor's rules that day, and those that are the actor's to deal with."""
    mine = Q(rule__in=duties(actor, day))
    if actor.user_id is not None:
        mine |= Q(assigned_to_id=actor.user_id)
    return Alert.objects.visible_to(actor).filter(mine)


def waiting(rows: QuerySet[Alert], day: date) -> QuerySet[Alert]:
    """Those of the rows that somebody has to do something about: due, not acknowledged, not put off."""
    return rows.filter(seen_at=None, settled_at=None).filter(Q(snoozed_until=None) | Q(snoozed_until__lte=day))


def latest(rows: QuerySet[Alert]) -> QuerySet[Alert]:
    """Of each thing the last alert that was made."""
    later = Alert.objects.filter(
        institution=OuterRef("institution"), rule=OuterRef("rule"), target_id=OuterRef("target_id"),
        due_on=OuterRef("due_on"), pk__gt=OuterRef("pk"),
    )  # fmt: skip
    return rows.filter(~Exists(later))


def unread(actor: Actor, day: date) -> int:
    """How many things wait in the inbox; the thresholds of one thing count once. Two queries, three for an administrator."""
    rows = waiting(inbox(actor, day), day)
    return rows.values("rule", "target_id", "due_on").distinct().count()


def is_told(actor: Actor, alert: Alert, day: date) -> bool:
    """Whether the alert is this member's business: by role, as a substitute, or because it was assigned."""
    here = actor.may(Permission.INSTITUTION_READ, alert.institution_id)
    return here and (alert.rule in duties(actor, day) or alert.assigned_to_id == actor.user_id is not None)


def latest_day_to_wait(alert: Alert, today: date) -> date:
    """Until when the alert can be put off: its own day, and one week when that has passed or is too near."""
    return max(alert.due_on, today + LONGEST_WHEN_OVERDUE)


@transaction.atomic
def acknowledge(alert: Alert, *, actor: Actor, at: datetime) -> int:
    """Somebody who is told of it has said 已知悉; so are the alerts of its other thresholds. Audited once.

    Returns: how many alerts were open; 0 when somebody else was quicker. Raises: PermissionDenied for a stranger to the rule.
    """
    _require_told(actor, alert, at)
    open_ones = [row.pk for row in _of_the_same_thing(alert) if row.seen_at is None]
    if open_ones:
        Alert.objects.filter(pk__in=open_ones).update(seen_by_id=actor.user_id, seen_at=at)
        audit.record(actor, "alert.acknowledge", alert)
    return len(open_ones)


@transaction.atomic
def snooze(alert: Alert, until: date, *, reason: str, actor: Actor, at: datetime) -> None:
    """Nobody is told of the thing before that day; on it everybody is told again, also who had acknowledged it.

    Raises: Refused for a day that is too early or too late, or without a reason; PermissionDenied for a stranger to the rule.
    """
    _require_told(actor, alert, at)
    today, last = timezone.localdate(at), latest_day_to_wait(alert, timezone.localdate(at))
    if not today < until <= last:
        text = _("请选 %(first)s 至 %(last)s 之间的日期：推迟不能越过到期日，已过期或一周内到期的最多推迟 7 天。")
        days = {"first": (today + timedelta(1)).isoformat(), "last": last.isoformat()}
        raise Refused(Refusal("snooze", text % days))
    if not reason.strip():
        raise Refused(Refusal("snooze", _("请写明为什么推迟，同事和检查人员会看到。")))
    rows = _of_the_same_thing(alert)
    was = rows[-1].snoozed_until
    values = {"snoozed_until": until, "snoozed_by_id": actor.user_id, "snooze_reason": reason, "seen_at": None}
    Alert.objects.filter(pk__in=[row.pk for row in rows]).update(**values, seen_by=None)
    changes = {"snoozed_until": [was.isoformat() if was else "", until.isoformat()]}
    audit.record(actor, "alert.snooze", alert, changes=changes, reason=reason)


@transaction.atomic
def assign(alert: Alert, user_id: int | None, *, actor: Actor, at: datetime) -> None:
    """The thing is this member's to deal with and is in the member's next digest; None takes it back from everybody.

    Raises: PermissionDenied without `alert:assign`; Refused for somebody who is not an active member.
    """
    actor.require(Permission.ALERT_ASSIGN, alert.institution_id)
    entitlement.confirm(actor, Permission.ALERT_ASSIGN, alert.institution_id)
    people = {person.user_id: person.name for person in recipients(alert.institution_id)}
    if user_id is not None and user_id not in people:
        raise Refused(Refusal("assign", _("此人已不是有效成员，不能指派。请另选一位。")))
    rows = _of_the_same_thing(alert)
    was = rows[-1].assigned_to_id
    Alert.objects.filter(pk__in=[row.pk for row in rows]).update(
        assigned_to_id=user_id, assigned_by_id=actor.user_id, assigned_at=at
    )
    changes = {"assigned_to": [people.get(was, ""), people.get(user_id, "")]}
    audit.record(actor, "alert.assign", alert, changes=changes, reason=people.get(user_id, "") or _("不指派"))


def _require_told(actor: Actor, alert: Alert, at: datetime) -> None:
    entitlement.confirm(actor, Permission.INSTITUTION_READ, alert.institution_id)
    if not is_told(actor, alert, timezone.localdate(at)):
        raise PermissionDenied(f"{actor.name} is not told of {alert.rule}")


def _of_the_same_thing(alert: Alert) -> list[Alert]:
    """The alerts of all thresholds of the thing and its day, locked, the oldest first."""
    rows = Alert.objects.filter(
        institution_id=alert.institution_id, rule=alert.rule, target_id=alert.target_id, due_on=alert.due_on
    )
    return list(rows.select_for_update().order_by("pk"))
