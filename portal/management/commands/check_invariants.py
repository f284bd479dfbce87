"""Ask every rule that must hold, of every institution."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from portal import invariants


class Command(BaseCommand):
    """`manage.py check_invariants [--json]`: names every object that breaks a rule; exit 1 when there is one."""

    help = "Check what must hold for the rows of every institution. Exit 1 when something does not."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whether to print JSON."""
        parser.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, *args: Any, as_json: bool, **options: Any) -> None:
        """Ask and report."""
        found = list(invariants.breaches())
        if as_json:
            report = {
                "ok": not found,
                "rules": list(invariants.CHECKS),
                "breaches": [asdict(breach) for breach in found],
            }
            self.stdout.write(json.dumps(report, ensure_ascii=False, indent=1))
        else:
            for breach in found:
                self.stdout.write(f"{breach.institution}: {breach.sentence} ({breach.rule})")
            self.stdout.write(f"{len(invariants.CHECKS)} rules, {len(found)} breaches")
        if found:
            raise SystemExit(1)
