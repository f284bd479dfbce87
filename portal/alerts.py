"""Due dates that come closer: lists that apps register, alerts made once, one digest a day to each recipient.

    @due_list("equipment.traceability", title=_("设备溯源"), thresholds=(60, 30, 7, 0), recipients=(Role.METROLOGY_MANAGER,))
    def traceabilities(institution, until):
        return [Due(equipment, equipment.due_on, subject, link) for equipment in ...]

A list answers with one query, whatever it finds. After its last threshold an overdue thing is told of again every week,
four times; then it only stays on the page.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from celery import shared_task
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.db.models import Model, QuerySet
from django.utils import timezone
from django.utils.functional import Promise

from . import audit, digest, outbox
from .actors import Actor
from .clock import StatementClock
from .models import Alert, Delivery
from .periodic import only_one
from .permissions import Permission, Role
from .tenancy import tenant

log = logging.getLogger("portal.alerts")

JOB = "scan_due"
WEEKS_OVERDUE = 4
# What was found while nobody could be told is told within this time; what is older is on the page only.
TOLD_WITHIN = timedelta(days=7)
SILENT_AFTER = timedelta(hours=26)


@dataclass(frozen=True)
class Due:
    """A thing whose time ends on a day: a sentence about it and the page on which something can be done."""

    target: Model
    due_on: date
    subject: str
    link: str


Find = Callable[[Any, date], Iterable[Due]]


@dataclass(frozen=True)
class DueList:
    """What a rule watches, how many days ahead it speaks, and in which roles people are told."""

    name: str
    title: str | Promise
    thresholds: tuple[int, ...]
    recipients: frozenset[Role]
    find: Find


RULES: dict[str, DueList] = {}


def due_list(
    name: str, *, title: str | Promise, thresholds: tuple[int, ...], recipients: tuple[Role, ...]
) -> Callable[[Find], Find]:
    """The decorated function is asked every night for what ends by a day. Raises: ValueError when the name is taken.

    `thresholds`: days ahead. The function takes (institution, last day) and works in the institution's scope.
    """

    def register(find: Find) -> Find:
        if name in RULES:
            raise ValueError(f"{name} is registered twice")
        RULES[name] = DueList(name, title, tuple(sorted(thresholds, reverse=True)), frozenset(recipients), find)
        return find

    return register


def passed(thresholds: tuple[int, ...], left: int) -> int | None:
    """The tightest threshold that something with so many days left has passed; None while it is further away.

    Overdue, the thresholds go on at -7, -14 … to the last of WEEKS_OVERDUE.
    """
    if left < 0 and (weeks := min(-left // 7, WEEKS_OVERDUE)):
        return -7 * weeks
    return min((days for days in thresholds if days >= left), default=None)


@dataclass(frozen=True)
class Scanned:
    """What a scan did: institutions looked at, alerts and digests made, and slugs of institutions it failed for."""

    on: date
    institutions: int
    alerts: int
    digests: int
    failed: tuple[str, ...] = ()


class ScanFailed(Exception):
    """The scan went through, but not for every institution."""


def run(on: date) -> Scanned | None:
    """The scan has run and the database knows when; None when another process is at it. Raises: ScanFailed. Source: E6.36."""
    outcome: list[Scanned] = []

    @only_one(JOB)
    def job() -> str:
        found = scan(on)
        outcome.append(found)
        if found.failed:
            raise ScanFailed(", ".join(found.failed))
        return f"{found.on}：机构 {found.institutions} 家，新提醒 {found.alerts} 条，邮件 {found.digests} 封"

    job()
    return outcome[0] if outcome else None


@shared_task(name="portal.scan_due", ignore_result=True, soft_time_limit=1500, time_limit=1600)
def scan_due() -> None:
    """The night's scan for today, in Shanghai's calendar."""
    run(timezone.localdate())


def scan(on: date) -> Scanned:
    """Every institution has its alerts as of that day and a digest on the way to each recipient; twice changes nothing.

    Each institution is one transaction: alerts, digests and the work that sends them stand or fall together. One that
    fails is logged and does not keep the others waiting. Source: E6.33, E6.36.
    """
    alerts = digests = 0
    failed = []
    institutions = list(Alert._meta.get_field("institution").related_model.objects.order_by("pk"))
    for institution in institutions:
        try:
            with tenant(institution.pk):
                made, told = _scan_one(institution, on)
        except Exception:
            log.exception("scan.failed", extra={"tenant_id": institution.pk})
            failed.append(institution.slug)
        else:
            alerts, digests = alerts + made, digests + told
    return Scanned(on, len(institutions), alerts, digests, tuple(failed))


def _scan_one(institution: Any, on: date) -> tuple[int, int]:
    """Returns: how many alerts and how many digests are new."""
    with connection.cursor() as cursor:  # two scans of one institution wait for each other
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('alerts'), %s::int)", [institution.pk])
    found = {}
    for rule in RULES.values():
        for due in rule.find(institution, on + timedelta(max(rule.thresholds))):
            threshold = passed(rule.thresholds, (due.due_on - on).days)
            if threshold is not None:
                found[rule.name, due.target.pk, due.due_on] = _alert(institution, rule, due, threshold)
    before = Alert.objects.filter(institution=institution).count()
    Alert.objects.bulk_create(found.values(), ignore_conflicts=True)
    made = Alert.objects.filter(institution=institution).count() - before
    return made, _tell(institution, on, set(found)) if found else 0


def _alert(institution: Any, rule: DueList, due: Due, threshold: int) -> Alert:
    return Alert(
        institution=institution, rule=rule.name, target=due.target._meta.label, target_id=due.target.pk,
        threshold=threshold, due_on=due.due_on, subject=due.subject[:200], link=due.link,
    )  # fmt: skip


def _tell(institution: Any, on: date, still_due: set[tuple[str, int, date]]) -> int:
    """Each recipient has one digest for the day about what nobody told it yet; returns how many are new."""
    recent = Alert.objects.filter(institution=institution, found_at__gt=StatementClock() - TOLD_WITHIN)
    # Of each thing that is still due, the latest reminder.
    latest = {(row.rule, row.target_id, row.due_on): row for row in recent.order_by("due_on", "pk")}
    recent = [row for key, row in latest.items() if key in still_due]
    told: dict[int, set[int]] = {}
    done = set()
    earliest = on - 2 * TOLD_WITHIN
    known = Delivery.objects.filter(institution=institution, day__gte=earliest)
    for user_id, day, alerts in known.values_list("user_id", "day", "alerts"):
        told.setdefault(user_id, set()).update(alerts)
        if day == on:
            done.add(user_id)
    blank = []
    for recipient in digest.recipients(institution.pk):
        mine = rules_of(recipient.roles)
        news = [row.pk for row in recent if row.rule in mine and row.pk not in told.get(recipient.user_id, ())]
        if news and recipient.user_id not in done:
            blank.append(Delivery(institution=institution, user_id=recipient.user_id, day=on, alerts=news))
    for delivery in Delivery.objects.bulk_create(blank):
        outbox.enqueue(digest.send_digest, delivery.pk, institution_id=institution.pk)
    return len(blank)


def rules_of(roles: Iterable[Role]) -> set[str]:
    """Names of the rules of which somebody in these roles is told; a regulator reads them all."""
    roles = set(roles)
    return {rule.name for rule in RULES.values() if rule.recipients & roles or Role.REGULATOR in roles}


def inbox(actor: Actor) -> QuerySet[Alert]:
    """The alerts this actor is told of."""
    return Alert.objects.visible_to(actor).filter(rule__in=rules_of(actor.roles))


def unread(actor: Actor) -> int:
    """How many things wait in the inbox that nobody has acknowledged; the thresholds of one thing count once. One query."""
    if not (mine := rules_of(actor.roles)):
        return 0
    waiting = Alert.objects.visible_to(actor).filter(rule__in=mine, seen_at=None)
    return waiting.values("rule", "target_id", "due_on").distinct().count()


@transaction.atomic
def acknowledge(alert: Alert, *, actor: Actor, at: datetime) -> int:
    """Somebody who is told of it has said 已知悉; so are the alerts of its other thresholds. Audited once.

    Returns: how many alerts were open; 0 when somebody else was quicker. Raises: PermissionDenied for a stranger to the rule.
    """
    if not actor.may(Permission.INSTITUTION_READ, alert.institution_id) or alert.rule not in rules_of(actor.roles):
        raise PermissionDenied(f"{actor.name} is not told of {alert.rule}")
    same = Alert.objects.visible_to(actor).filter(rule=alert.rule, target_id=alert.target_id, due_on=alert.due_on)
    open_ones = list(same.filter(seen_at=None).select_for_update().values_list("pk", flat=True))
    if open_ones:
        Alert.objects.filter(pk__in=open_ones).update(seen_by_id=actor.user_id, seen_at=at)
        audit.record(actor, "alert.acknowledge", alert)
    return len(open_ones)


@dataclass(frozen=True)
class Heartbeat:
    """When the scan last ran; whether that was too long ago, or it failed. `fresh`: it never ran, and need not have yet."""

    ran_at: datetime | None
    silent: bool
    failed: bool
    fresh: bool


def heartbeat() -> Heartbeat:
    """Whether the nightly scan is alive, by the database's clock. A database of the first day is given time."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ran_at, ok, coalesce(ran_at, (SELECT min(applied) FROM django_migrations)) "
            "< clock_timestamp() - %s FROM (SELECT 1) one LEFT JOIN portal_jobrun ON name = %s",
            [SILENT_AFTER, JOB],
        )
        ran_at, ok, silent = cursor.fetchone()
    return Heartbeat(ran_at, bool(silent), ok is False, ran_at is None and not silent)
