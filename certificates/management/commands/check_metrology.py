"""Work out a file of published examples with the portal's own arithmetic and say which ones agree."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from certificates import cases


class Command(BaseCommand):
    """`manage.py check_metrology FILE [--json]`; needs no database. Exit code 1 when a case does not agree."""

    help = "Work out the published examples in FILE and compare them with what their sources print."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file of cases, and whether to print JSON."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print every case with what came out; leave with 1 when one failed."""
        try:
            given = cases.load(options["file"].read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise CommandError(f"{options['file']}: {error}", returncode=2) from error
        outcomes, unknown = cases.run(given)
        if options["as_json"]:
            listed = [
                {"id": each.id, "got": each.got, "expected": each.expected, "passed": each.passed} for each in outcomes
            ]
            self.stdout.write(json.dumps({"cases": listed, "unknown": unknown}, ensure_ascii=False, indent=1))
        else:
            for each in outcomes:
                self.stdout.write(
                    f"{'ok  ' if each.passed else 'FAIL'} {each.id}: {each.got} (published {each.expected})"
                )
            for identity in unknown:
                self.stdout.write(f"?    {identity}: not understood")
            failed = sum(not each.passed for each in outcomes)
            self.stdout.write(f"{len(outcomes) - failed} agree, {failed} do not, {len(unknown)} not understood")
        if not all(each.passed for each in outcomes):
            sys.exit(1)
