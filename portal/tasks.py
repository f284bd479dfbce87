"""Periodic work of the ground floor; Celery beat names it in config/celery.py."""

from celery import shared_task
from django.core.management import call_command

from . import outbox

perform = outbox.perform


@shared_task(name="portal.sweep", ignore_result=True)
def sweep() -> None:
    """Due outbox work is in the broker, also when no relay runs."""
    outbox.publish_due()


@shared_task(name="portal.clear_sessions", ignore_result=True)
def clear_sessions() -> None:
    """Expired sessions are gone."""
    call_command("clearsessions")
