"""Periodic jobs that are safe when beat runs twice, or has not run for a day. Source: E6.36.

@shared_task(name="portal.clear_sessions")
@only_one("clear_sessions")
def clear_sessions() -> str: ...
"""

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import wraps

from django.db import DatabaseError, connection

from . import observe
from .models import JobRun

log = logging.getLogger("portal.periodic")

Job = Callable[..., str | None]


def only_one(name: str, *, at_most_every: timedelta | None = None) -> Callable[[Job], Job]:
    """The job runs in one process at a time, and the database knows when it last ran, how it went and what it said.

    Whoever comes while it runs, or sooner than `at_most_every` after it last went well, leaves without doing anything. What
    the job returns is its note; an error is noted and raised again. The lock belongs to the connection: it ends with it.
    """

    def declare(job: Job) -> Job:
        @wraps(job)
        def guarded(*args: object, **kwargs: object) -> str | None:
            if not _taken(name):
                return None
            try:
                if at_most_every is not None and _is_fresh(name, at_most_every):
                    return None
                return _run(name, job, *args, **kwargs)
            finally:
                _give_back(name)

        return guarded

    return declare


def _run(name: str, job: Job, *args: object, **kwargs: object) -> str | None:
    with observe.doing(of="", job=name):
        try:
            said = job(*args, **kwargs)
        except Exception as error:
            log.exception("job.failed")
            JobRun.note_run(name, ok=False, note=type(error).__name__)
            raise
        JobRun.note_run(name, note=said or "")
        return said


def _taken(name: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtext('periodic'), hashtext(%s))", [name])
        return cursor.fetchone()[0]


def _give_back(name: str) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(hashtext('periodic'), hashtext(%s))", [name])
    except DatabaseError as error:  # the connection is gone, and the lock with it
        log.warning("job.lock_lost", extra={"job": name, "error": type(error).__name__})


def _is_fresh(name: str, most: timedelta) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM portal_jobrun WHERE name = %s AND ok AND ran_at > clock_timestamp() - %s)",
            [name, most],
        )
        return cursor.fetchone()[0]
