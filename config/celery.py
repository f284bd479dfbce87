"""The Celery application and the beat schedule; its options are the CELERY_ names in the settings."""

import logging.config
import os

from celery import Celery
from celery.schedules import crontab
from celery.signals import setup_logging, worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("chengliang")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule = {
    "send waiting work again": {"task": "portal.sweep", "schedule": 30.0},
    "clear expired sessions": {"task": "portal.clear_sessions", "schedule": crontab(hour=3, minute=10)},
}


@setup_logging.connect
def log_as_the_portal_does(**kwargs: object) -> None:
    """Worker and beat log the way the web process does."""
    from django.conf import settings

    logging.config.dictConfig(settings.LOGGING)


@worker_init.connect
def refuse_an_unsafe_role(**kwargs: object) -> None:
    """A production worker has ended unless its database role is safe."""
    from django.conf import settings

    from config.checks import refuse_unsafe_role

    if settings.PRODUCTION:
        refuse_unsafe_role()
