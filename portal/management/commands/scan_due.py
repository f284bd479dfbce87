"""manage.py scan_due: the nightly scan of due dates, at once or for another day."""

import json
from argparse import ArgumentTypeError
from dataclasses import asdict
from datetime import date

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from portal import alerts


def a_day(text: str) -> date:
    """The day written as YYYY-MM-DD. Raises: ArgumentTypeError with what to write instead."""
    try:
        return date.fromisoformat(text)
    except ValueError as wrong:
        raise ArgumentTypeError(f"{text} is no day; write it like 2026-03-09") from wrong


class Command(BaseCommand):
    help = "Make alerts and digests for what is due. Safe to run twice."

    def add_arguments(self, parser):
        parser.add_argument("--on", type=a_day, help="the day to look from, YYYY-MM-DD (today)")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args, **options):
        on = options["on"] or timezone.localdate()
        if settings.PRODUCTION and on > timezone.localdate():
            raise CommandError(f"{on} has not come yet: people would be told of it now, and not again on the day.")
        try:
            found = alerts.run(on)
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
