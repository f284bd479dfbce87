import logging
import select
import signal

from django.core.management.base import BaseCommand
from django.db import OperationalError, connection

from portal import outbox

log = logging.getLogger("portal.outbox")


class Command(BaseCommand):
    help = "Hand due outbox work to Celery: at once when woken by the database, and every second. Stops on SIGTERM."

    def handle(self, **options):
        self.running = True
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.stop)
        while self.running:
            try:
                self.listen()
            except OperationalError as error:
                log.warning("database unreachable, trying again: %s", error)
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
            raw = connection.connection
            select.select([raw], [], [], 1)
            raw.poll()
            raw.notifies.clear()
