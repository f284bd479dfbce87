import logging
import select
import signal
import time

from django.core.management.base import BaseCommand
from django.db import OperationalError, connection
from django.utils import timezone

from portal import heartbeat, outbox
from portal.ledger.rounds import Rounds
from portal.vitals import BEAT_SECONDS

log = logging.getLogger("portal.outbox")


class Command(BaseCommand):
    help = (
        "Hand due outbox work to Celery, give waiting leaves their place in the ledger and sign its heads:"
        " at once when woken by the database, and every second. Stops on SIGTERM."
    )

    beat_at = 0.0

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.ledger = Rounds()

    def handle(self, **options):
        self.running = True
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.stop)
        while self.running:
            try:
                self.listen()
            except OperationalError as error:
                log.warning("database.unreachable", extra={"error": type(error).__name__})
                connection.close()
                select.select([], [], [], 1)

    def stop(self, *args):
        self.running = False

    def listen(self):
        connection.ensure_connection()
        with connection.cursor() as cursor:
            cursor.execute(f"LISTEN {outbox.CHANNEL}")
        while self.running:
            while outbox.publish_due() and self.running:
                pass
            self.send_heartbeat()
            self.ledger.turn(timezone.now())
            raw = connection.connection
            if not raw.notifies:  # the queries above may have brought some along
                select.select([raw], [], [], 1)
                raw.poll()
            raw.notifies.clear()

    def send_heartbeat(self):
        """A beat is in every queue, when the last one is long enough ago."""
        if time.monotonic() >= self.beat_at:
            self.beat_at = time.monotonic() + BEAT_SECONDS
            heartbeat.send()
