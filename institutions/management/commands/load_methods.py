"""Bring the platform's catalogue of methods up to date with institutions/methods.csv."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from institutions import catalogue


class Command(BaseCommand):
    """`manage.py load_methods [--json]`; may run at any time and any number of times."""

    help = "Bring the catalogue of JJG and JJF up to date with the file the portal ships."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whether to print JSON."""
        parser.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, *args: Any, as_json: bool, **options: Any) -> None:
        """Load the file and say what is new."""
        loaded = catalogue.load()
        if as_json:
            self.stdout.write(json.dumps(asdict(loaded), ensure_ascii=False))
        else:
            self.stdout.write(f"{len(loaded.added)} added, {len(loaded.changed)} changed, {loaded.same} as they were")
