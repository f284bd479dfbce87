"""Work that must not be lost: a row written in the transaction of its cause, done once, in one transaction.

`enqueue` writes the row and wakes the relay when the transaction commits. The relay hands due ids to Celery and
hands them out again when they are not done in time, so the broker may lose everything. `perform` locks the row,
does the work and marks it done in one transaction: a worker killed half-way leaves no trace and the row due.
"""

import logging
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import QuerySet

from . import entitlement, faults, heartbeat, metrics, observe
from .clock import DatabaseClock, StatementClock
from .models import OutboxEntry
from .permissions import Permission
from .tenancy import scope

log = logging.getLogger("portal.outbox")

MOST_ATTEMPTS = 8
CHANNEL = "outbox"


@dataclass(frozen=True)
class Work:
    """A kind of work: its name in the outbox, its Celery queue, what it does with a row's id."""

    name: str
    queue: str
    run: Callable[[int], None]


KINDS: dict[str, Work] = {}


def work(*, queue: str = "celery"):
    """Register a function of one id as work. It may run twice at any point and acts as a system actor."""

    def register(function):
        name = f"{function.__module__.split('.')[0]}.{function.__name__}"
        if name in KINDS:
            raise ValueError(f"{name} is registered twice")
        KINDS[name] = Work(name, queue, function)
        function.work = KINDS[name]
        return function

    return register


def enqueue(
    function,
    target_id: int,
    *,
    institution_id: int | None,
    on_behalf_of: int | None = None,
    needs_right: Permission | None = None,
) -> OutboxEntry:
    """The work will be done after this transaction commits, however often anything crashes. Source: E6.33.

    Work done `on_behalf_of` a user is left undone when the user no longer holds `needs_right` in the institution by then.
    """
    kind = function.work
    entry = OutboxEntry(institution_id=institution_id, task=kind.name, queue=kind.queue, target_id=target_id)
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH entry AS (INSERT INTO portal_outboxentry (institution_id, task, queue, target_id, state, attempts, "
            "last_error, request_id, on_behalf_of, needs_right) VALUES (%s, %s, %s, %s, %s, 0, '', %s, %s, %s) "
            "RETURNING id) SELECT id, pg_notify(%s, '') FROM entry",
            [
                institution_id, entry.task, entry.queue, target_id, entry.state, observe.request_id.get(),
                on_behalf_of, needs_right or "", CHANNEL,
            ],
        )  # fmt: skip
        entry.pk = cursor.fetchone()[0]
    return entry


def publish_due(most: int = 200) -> int:
    """Due work is in the broker; each piece falls due again unless it is done in time.

    Returns: how many were handed over. With the broker down they stay due and the next round tries again.
    """
    resend = timedelta(seconds=settings.OUTBOX_RESEND_SECONDS)
    with transaction.atomic():
        due = list(_due().order_by("id").select_for_update(skip_locked=True)[:most])
        OutboxEntry.objects.filter(pk__in=[entry.pk for entry in due]).update(due_at=DatabaseClock() + resend)
    for count, entry in enumerate(due):
        try:
            perform.apply_async((entry.pk, entry.attempts), queue=entry.queue)
            faults.reach("outbox.after_publish")
        except perform.OperationalError as error:
            log.warning("broker.unreachable", extra={"waiting": len(due) - count, "error": str(error)})
            waiting = [left.pk for left in due[count:]]
            OutboxEntry.objects.filter(pk__in=waiting).update(due_at=DatabaseClock() + timedelta(seconds=2))
            return count
    return len(due)


@shared_task(name="portal.perform", ignore_result=True)
def perform(entry_id: int, attempts_before: int | None = None) -> None:
    """One outbox row is done, or due again later, or dead with its last error. Running it twice changes nothing.

    A row that waits for its next attempt is left alone, however often it lies in the broker: only the hand-over that saw
    as many attempts as there are now (`attempts_before`), or the row's being due, begins one.
    """
    taken = _count_attempt(entry_id, attempts_before)
    if taken is None:
        return
    with observe.doing(of=taken.request_id, work=taken.task, work_id=entry_id, tenant_id=taken.institution_id):
        begun = time.perf_counter()
        outcome = _attempt(taken)
        metrics.TASKS.labels(taken.task, outcome).observe(time.perf_counter() - begun)
        log.info("work", extra={"outcome": outcome, "attempt": taken.attempts})
    if not perform.request.called_directly:
        heartbeat.note(taken.queue)


def drain() -> int:
    """All due work is done in this process; for commands and tests. Returns: how many pieces."""
    done = 0
    while ids := list(_due().order_by("id").values_list("pk", flat=True)[:100]):
        for entry_id in ids:
            perform(entry_id)
        done += len(ids)
    return done


def _due() -> QuerySet[OutboxEntry]:
    return OutboxEntry.objects.filter(state=OutboxEntry.State.PENDING, due_at__lte=StatementClock())


@dataclass(frozen=True)
class Taken:
    """A row whose next attempt has just been counted."""

    id: int
    attempts: int
    state: str
    task: str
    queue: str
    institution_id: int | None
    request_id: str


def _count_attempt(entry_id: int, attempts_before: int | None) -> Taken | None:
    """Counted before the work, in its own transaction: work that kills its worker still reaches the dead letters."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE portal_outboxentry SET attempts = least(attempts + 1, %(most)s), "
            "state = CASE WHEN attempts >= %(most)s THEN 'dead' ELSE state END, "
            "last_error = CASE WHEN attempts >= %(most)s THEN %(cut_short)s ELSE last_error END "
            "WHERE id = (SELECT id FROM portal_outboxentry WHERE id = %(id)s AND state = 'pending' "
            "AND (due_at <= clock_timestamp() OR attempts = %(before)s) FOR UPDATE SKIP LOCKED) "
            "RETURNING id, attempts, state, task, queue, institution_id, request_id",
            {
                "id": entry_id,
                "before": attempts_before,
                "most": MOST_ATTEMPTS,
                "cut_short": f"The worker ended in the middle of attempt {MOST_ATTEMPTS}.",
            },
        )
        row = cursor.fetchone()
    if row is None:
        return None
    taken = Taken(*row)
    if taken.state == OutboxEntry.State.DEAD:
        with observe.doing(of=taken.request_id, work=taken.task, work_id=entry_id, tenant_id=taken.institution_id):
            log.error("work.dead", extra={"attempt": taken.attempts})
        return None
    return taken


def _attempt(taken: Taken) -> str:
    """The work is done or put back. Returns: "done", "failed" or "dead"."""
    try:
        _do(taken.id)
    except Exception as error:
        log.exception("work.failed", extra={"attempt": taken.attempts})
        return _put_back(taken, error)
    return "done"


def _do(entry_id: int) -> None:
    with transaction.atomic():
        locked = OutboxEntry.objects.select_for_update(skip_locked=True)
        entry = locked.filter(pk=entry_id, state=OutboxEntry.State.PENDING).first()
        if entry is None:
            return
        with scope(institution_id=entry.institution_id, user_id=entry.on_behalf_of):
            if _is_still_wanted(entry):
                KINDS[entry.task].run(entry.target_id)
        OutboxEntry.objects.filter(pk=entry_id).update(
            state=OutboxEntry.State.DONE, done_at=DatabaseClock(), last_error=""
        )


def _is_still_wanted(entry: OutboxEntry) -> bool:
    """Whether the person for whom the work is done still may. Source: E2.10, E3.17."""
    if entry.on_behalf_of is None:
        return True
    right = Permission(entry.needs_right)
    if entitlement.holds(entry.on_behalf_of, entry.institution_id, right):
        return True
    log.warning("work.unwanted", extra={"on_behalf_of": entry.on_behalf_of, "right": str(right)})
    return False


def _put_back(taken: Taken, error: Exception) -> str:
    """Due again after a growing, jittered delay; dead when it has failed too often. Returns: "failed" or "dead"."""
    dead = taken.attempts >= MOST_ATTEMPTS
    delay = timedelta(seconds=min(2**taken.attempts, 600) * random.uniform(0.5, 1.5))
    OutboxEntry.objects.filter(pk=taken.id, state=OutboxEntry.State.PENDING).update(
        state=OutboxEntry.State.DEAD if dead else OutboxEntry.State.PENDING,
        due_at=DatabaseClock() + delay,
        last_error=_told(error),
    )
    return "dead" if dead else "failed"


def _told(error: Exception) -> str:
    """The error in one line, without the row that PostgreSQL quotes when one breaks a rule: everybody may read this."""
    text = str(error)
    if isinstance(error, DatabaseError):
        text = text.partition("\n")[0]
    return re.sub(r"\s+", " ", f"{type(error).__name__}: {text}")[:500]
