import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from portal import orphans


class Command(BaseCommand):
    help = "Set aside files that no row names, and remove those set aside a week ago; --dry-run only lists them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true")
        parser.add_argument("--dry-run", action="store_true", help="change nothing, list what would be set aside")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["dry_run"]:
            names = orphans.found(at=timezone.now())
            self.stdout.write(json.dumps({"orphans": names}) if options["json"] else "\n".join(names))
            return
        swept = orphans.sweep(at=timezone.now())
        self.stdout.write(json.dumps(asdict(swept)) if options["json"] else str(swept))
