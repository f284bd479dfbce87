"""Whether the portal can do its work right now."""

import shutil
from collections.abc import Callable
from datetime import timedelta

from celery import current_app
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from kombu.exceptions import OperationalError

from .models import OutboxEntry

OLDEST_WORK = timedelta(minutes=5)
FREE_DISK_SHARE = 10  # percent


def dependencies() -> dict[str, str]:
    """Each dependency's name -> "green" or "red". Source: E13.60."""
    return {name: "green" if _holds(check) else "red" for name, check in CHECKS.items()}


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
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


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


def outbox_moves() -> bool:
    """No piece of work has been waiting longer than it may."""
    late = OutboxEntry.objects.filter(state=OutboxEntry.State.PENDING, created_at__lt=timezone.now() - OLDEST_WORK)
    return not late.exists()


CHECKS: dict[str, Callable[[], bool]] = {
    "database": database_takes_writes,
    "migrations": migrations_are_current,
    "broker": broker_answers,
    "disk": disk_has_room,
    "outbox": outbox_moves,
}
