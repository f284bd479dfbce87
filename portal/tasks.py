"""Periodic work of the ground floor; Celery beat names it in config/celery.py."""

from datetime import timedelta

from celery import shared_task
from django.core.management import call_command
from django.utils import timezone

from . import evaluations, heartbeat, orphans, outbox
from .ledger import checkpoints, rounds, verify
from .periodic import only_one
from .registers import imports

perform = outbox.perform
beat = heartbeat.beat
mail_checkpoint = checkpoints.mail_checkpoint
evaluate_clauses = evaluations.evaluate_clauses


@shared_task(name="portal.sweep", ignore_result=True)
@only_one("sweep")
def sweep() -> None:
    """Due outbox work is in the broker, also when no relay runs."""
    outbox.publish_due()


@shared_task(name="portal.clear_sessions", ignore_result=True)
@only_one("clear_sessions", at_most_every=timedelta(hours=12))
def clear_sessions() -> None:
    """Expired sessions are gone."""
    call_command("clearsessions")


@shared_task(name="portal.sweep_orphans", ignore_result=True)
@only_one("sweep_orphans", at_most_every=timedelta(hours=12))
def sweep_orphans() -> str:
    """Files that no row names are set aside, and those set aside long enough are gone."""
    return str(orphans.sweep(at=timezone.now()))


@shared_task(name="portal.expire_imports", ignore_result=True)
@only_one("expire_imports", at_most_every=timedelta(hours=12))
def expire_imports() -> str:
    """Imports left alone for a week are closed, and what was read for them is gone."""
    return str(imports.expire_all(at=timezone.now()))


@shared_task(name="portal.sequence_ledger", ignore_result=True)
def sequence_ledger() -> None:
    """Leaves have their place in the ledger and a due head is signed, also when no relay runs."""
    rounds.Rounds().turn(timezone.now())


@shared_task(name="portal.verify_ledger", ignore_result=True, soft_time_limit=4 * 3600, time_limit=4 * 3600 + 60)
@only_one("verify_nightly", at_most_every=timedelta(hours=12))
def verify_ledger() -> str:
    """The whole ledger is verified; what does not agree is in JobRun "verify_ledger" and on the pages of its codes."""
    return str(len(verify.run(timezone.now())))
