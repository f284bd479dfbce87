"""Issue certificates in numbers."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from certificates.acceptance import batch


class Command(BaseCommand):
    """`manage.py issue_batch --count N --concurrency M [--institution SLUG] [--journal FILE] [--json]`."""

    help = "Receive, measure, check, approve and issue certificates in numbers, several at once. Not in production."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How many, how many at once, where, and where to keep the acknowledged numbers."""
        parser.add_argument("--count", type=int, required=True)
        parser.add_argument("--concurrency", type=int, default=1)
        parser.add_argument("--institution", default="yunting", help="slug of an institution that has issued before")
        parser.add_argument("--journal", type=Path, help="file to which every acknowledged number is added")
        parser.add_argument("--json", action="store_true", dest="as_json")

    def handle(
        self, *args: Any, count: int, concurrency: int, institution: str, journal: Path | None, as_json: bool,
        **options: Any,
    ) -> None:  # fmt: skip
        """Issue and report. Raises: CommandError in production, for bad figures, and when some were not issued."""
        if settings.PRODUCTION:
            raise CommandError("issue_batch signs in other people's names and does not run where APP_ENV=production.")
        if not 1 <= count <= 100_000 or not 1 <= concurrency <= 64:
            raise CommandError("--count is 1 to 100000, --concurrency 1 to 64.")
        try:
            report = batch.run(institution, count, concurrency, batch.Journal(journal), self.stderr.write)
        except ValueError as error:
            raise CommandError(f"{error}.") from error
        if as_json:
            self.stdout.write(json.dumps(report, ensure_ascii=False, indent=1))
        else:
            self.stdout.write(f"{report['issued']} of {count} issued in {report['seconds']} s")
        if report["failed"]:
            raise CommandError(f"not issued: {', '.join(report['failed'])}.")
