"""Whether the portal can do its work right now. Every age is counted by the database's clock."""

import shutil
from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache

from celery import current_app
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from kombu.exceptions import OperationalError

from . import alarms, vitals
from .models import OutboxEntry

FREE_DISK_SHARE = 10  # percent
HEARTBEAT_LATE = timedelta(seconds=60)


def dependencies() -> dict[str, bool]:
    """Each dependency's name -> whether it is green. Never raises. Source: E13.60, E6.37."""
    found = {name: _holds(check) for name, check in CHECKS.items()}
    try:
        known = vitals.read()
    except DatabaseError:
        return found | dict.fromkeys(JUDGEMENTS, False)
    return found | {name: judge(known) for name, judge in JUDGEMENTS.items()}


def _holds(check: Callable[[], bool]) -> bool:
    try:
        return check()
    except (DatabaseError, OSError):
        return False


def database_takes_writes() -> bool:
    """A row can be written; it is rolled back at once."""
    with transaction.atomic():
        OutboxEntry(task="portal.readyz", queue="celery", target_id=0).save(force_insert=True)
        transaction.set_rollback(True)
    return True


def migrations_are_current() -> bool:
    """The last migration of every app has run."""
    return last_migrations() <= set(MigrationRecorder(connection).applied_migrations())


@lru_cache(maxsize=1)
def last_migrations() -> frozenset[tuple[str, str]]:
    """App and name of the last migration of each app, as the code of this process has them."""
    return frozenset(MigrationLoader(None).graph.leaf_nodes())


def broker_answers() -> bool:
    with current_app.connection_for_write() as broker:
        try:
            broker.ensure_connection(max_retries=1, interval_start=0, interval_step=0, timeout=2)
        except OperationalError:
            return False
    return True


def disk_has_room() -> bool:
    place = settings.MEDIA_ROOT
    while not place.exists():
        place = place.parent
    usage = shutil.disk_usage(place)
    return usage.free * 100 > usage.total * FREE_DISK_SHARE


def clock_agrees(found: vitals.Vitals) -> bool:
    """This process and the database count the same time."""
    return abs(found.skew) <= alarms.MOST_SKEW


def outbox_moves(found: vitals.Vitals) -> bool:
    """No piece of work has been waiting longer than it may."""
    return found.waiting_since is None or found.at - found.waiting_since <= alarms.OUTBOX_LATE


def acts_are_witnessed(found: vitals.Vitals) -> bool:
    """No leaf waits longer than it may for a checkpoint that covers it."""
    since = found.unwitnessed_since
    return since is None or found.at - since <= alarms.CHECKPOINT_LATE


def ledger_is_verified(found: vitals.Vitals) -> bool:
    """The last verification found the ledger whole, and is not old. An empty ledger needs none."""
    late = found.at - found.missing_since(vitals.VERIFY) > alarms.VERIFY_LATE
    return not found.failed(vitals.VERIFY) and not (found.tree_size and late)


def worker_works(found: vitals.Vitals) -> bool:
    """From every queue something was taken within the last minute."""
    return all(found.at - heard <= HEARTBEAT_LATE for heard in found.silent_queues.values())


CHECKS: dict[str, Callable[[], bool]] = {
    "database": database_takes_writes,
    "migrations": migrations_are_current,
    "broker": broker_answers,
    "disk": disk_has_room,
}
JUDGEMENTS: dict[str, Callable[[vitals.Vitals], bool]] = {
    "clock": clock_agrees,
    "outbox": outbox_moves,
    "checkpoint": acts_are_witnessed,
    "ledger": ledger_is_verified,
    "worker": worker_works,
}
