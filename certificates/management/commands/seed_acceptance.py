"""Make laboratories for whoever tries the portal from outside."""

import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from certificates.acceptance.seed import seed


class Command(BaseCommand):
    """`manage.py seed_acceptance --prefix TEXT [--json]`; the shape of its answer is in docs/operations.md."""

    help = "Make three laboratories with every role and objects in every state, marked by a prefix. Not in production."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The prefix, and whether to print JSON."""
        parser.add_argument("--prefix", required=True, help="2 to 8 letters and digits in front of every text")
        parser.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, *args: Any, prefix: str, as_json: bool, **options: Any) -> None:
        """Seed and report. Raises: CommandError in production and for a prefix that cannot be taken."""
        if settings.PRODUCTION:
            raise CommandError("seed_acceptance makes accounts and does not run where APP_ENV=production.")
        try:
            report = seed(prefix, timezone.now())
        except ValueError as error:
            raise CommandError(f"{error}.") from error
        if as_json:
            self.stdout.write(json.dumps(report, ensure_ascii=False, indent=1))
            return
        for sign in report["sign_ins"]:
            secret = sign["totp_secret"] or "-"
            self.stdout.write(f"{sign['institution']:12} {sign['username']:24} {sign['password']:44} {secret}")
