"""The Celery application and the beat schedule; its options are the CELERY_ names in the settings."""

import logging.config
import os

from celery import Celery
from celery.schedules import crontab
from celery.signals import setup_logging, worker_init

from portal.vitals import BEAT_GOOD_FOR_SECONDS, BEAT_SECONDS, QUEUES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("chengliang")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule = {
    **{
        f"beat of {queue}": {
            "task": "portal.heartbeat",
            "schedule": float(BEAT_SECONDS),
            "args": (queue,),
            "options": {"queue": queue, "expires": BEAT_GOOD_FOR_SECONDS},
        }
        for queue in QUEUES
    },
    "place leaves and sign heads": {"task": "portal.sequence_ledger", "schedule": 30.0},
    "verify the ledger": {"task": "portal.verify_ledger", "schedule": crontab(hour=1, minute=30)},
    "send waiting work again": {"task": "portal.sweep", "schedule": 30.0},
    "reconsider pledges": {"task": "commitments.reconsider_pledges", "schedule": crontab(hour=0, minute=1)},
    "reconsider people": {"task": "institutions.reconsider_people", "schedule": crontab(hour=0, minute=5)},
    "evaluate the clauses": {"task": "portal.evaluate_clauses", "schedule": crontab(hour=4, minute=10)},
    "tell what is due": {"task": "portal.scan_due", "schedule": crontab(hour=6, minute=30)},
    "clear expired sessions": {"task": "portal.clear_sessions", "schedule": crontab(hour=3, minute=10)},
    "close imports left alone": {"task": "portal.expire_imports", "schedule": crontab(hour=3, minute=55)},
    "set aside files without a row": {"task": "portal.sweep_orphans", "schedule": crontab(hour=3, minute=40)},
}


@setup_logging.connect
def log_as_the_portal_does(**kwargs: object) -> None:
    """Worker and beat log the way the web process does."""
    from django.conf import settings

    logging.config.dictConfig(settings.LOGGING)


@worker_init.connect
def refuse_what_is_unsafe(**kwargs: object) -> None:
    """A production worker has ended unless its system has the whole sandbox and its database role is safe."""
    from django.conf import settings

    from config.checks import refuse, refuse_unsafe_role, unsafe_worker

    if settings.PRODUCTION:
        refuse(unsafe_worker())
        refuse_unsafe_role()
