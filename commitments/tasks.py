"""Periodic work of this app; Celery beat names it in config/celery.py."""

from celery import shared_task
from django.utils import timezone

from portal.periodic import only_one

from . import night


@shared_task(name="commitments.reconsider_pledges", ignore_result=True, soft_time_limit=1500, time_limit=1600)
@only_one("reconsider_pledges")
def reconsider_pledges() -> str:
    """What the calendar has ended is written down, as of today, in Shanghai's calendar. Source: A-9.3-c, E6.36."""
    return night.run(timezone.now())
