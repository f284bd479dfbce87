"""Whether somebody takes work from the queues.

Beat and relay send each queue a beat every 20 seconds; whoever takes it, or any other work, from the queue notes so in
the database. A worker that is connected and takes nothing (Celery issue 10205) is thereby seen. Beats are lost with the
broker's content, and the next one is 20 seconds away. Source: E6.37.
"""

import logging
import time

from celery import shared_task

from .models import JobRun
from .vitals import BEAT_GOOD_FOR_SECONDS, HEARTBEAT, QUEUES

log = logging.getLogger("portal.heartbeat")

NOTE_EVERY_SECONDS = 10

_noted: dict[str, float] = {}


@shared_task(name="portal.heartbeat", ignore_result=True)
def beat(queue: str) -> None:
    """A worker has taken this from the queue, and the database knows."""
    _noted.pop(queue, None)
    note(queue)


def note(queue: str) -> None:
    """The database knows that something was taken from the queue; told at most every ten seconds by one process."""
    now = time.monotonic()
    if now - _noted.get(queue, -NOTE_EVERY_SECONDS) < NOTE_EVERY_SECONDS:
        return
    JobRun.note_run(HEARTBEAT + queue)
    _noted[queue] = now


def send() -> None:
    """A beat is in every queue, if the broker takes them."""
    for queue in QUEUES:
        try:
            beat.apply_async((queue,), queue=queue, expires=BEAT_GOOD_FOR_SECONDS)
        except beat.OperationalError as error:
            log.warning("broker.unreachable", extra={"error": str(error)})
            return
