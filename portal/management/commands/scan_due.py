"""manage.py scan_due: the nightly scan of due dates, at once or for another day."""

import json
from dataclasses import asdict
from datetime import date

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from portal import alerts


def day(text: str) -> date:
    """The day written as YYYY-MM-DD. Raises: ValueError, which argparse turns into a sentence."""
    return date.fromisoformat(text)


class Command(BaseCommand):
    help = "Make alerts and digests for what is due. Safe to run twice."

    def add_arguments(self, parser):
        parser.add_argument("--on", type=day, help="the day to look from, YYYY-MM-DD (today)")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args, **options):
        try:
            found = alerts.run(options["on"] or timezone.localdate())
        except alerts.ScanFailed as failed:
            raise CommandError(f"The scan failed for {failed}; the log says why.") from failed
        if found is None:
            raise CommandError("Another process is scanning right now; nothing was done.")
        if options["json"]:
            self.stdout.write(json.dumps(asdict(found), default=str))
        else:
            self.stdout.write(
                f"{found.on}: {found.institutions} institutions, {found.alerts} new alerts, {found.digests} new digests"
            )
