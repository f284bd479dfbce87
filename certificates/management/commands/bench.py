"""Measure the portal beside the least it could cost, and say where a goal is missed."""

import json
import sys
from argparse import ArgumentParser
from functools import partial
from importlib import import_module
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from certificates.bench import database, laboratory, measure

PARTS = (
    "code_page",
    "directory",
    "due",
    "importing",
    "issuing",
    "labels",
    "ledger",
    "lists",
    "paper",
    "pledges",
    "throughput",
)
ROW = "{:<28} {:>9} {:>9} {:>6} {:>7} {:<5} {:>9} {:>9} {:>6}"
HEADS = ("name", "limit_ms", "ours_ms", "ratio", "goal", "", "cpu limit", "cpu ours", "ratio")


class Command(BaseCommand):
    """`manage.py bench [--part NAME] [--rounds N] [--once] [--json]`; `make bench` runs it on servers of its own."""

    help = "Compare the portal with its limits, in a database of its own. Exit code 1 when a goal is missed twice."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which parts, how often, and whether to print JSON."""
        parser.add_argument("--part", action="append", choices=PARTS, dest="parts", help="only this one; may repeat")
        parser.add_argument("--rounds", type=int, default=15, help="how often each is measured (15)")
        parser.add_argument("--documents", type=int, default=24, help="certificates in a round of throughput (24)")
        parser.add_argument("--scale", type=float, default=1, help="share of the full amounts of rows, 0.01 to 1 (1)")
        parser.add_argument("--once", action="store_true", help="do not measure again what misses its goal")
        parser.add_argument("--json", action="store_true", dest="as_json")

    def handle(
        self,
        *args: Any,
        parts: list[str] | None,
        rounds: int,
        documents: int,
        scale: float,
        once: bool,
        as_json: bool,
        **options: Any,
    ) -> None:
        """Measure and print. Raises: CommandError in production."""
        if settings.PRODUCTION:
            raise CommandError("bench makes databases and does not run where APP_ENV=production.")
        if min(rounds, documents) < 1 or not 0.01 <= scale <= 1:
            raise CommandError("--rounds and --documents must be 1 or more, --scale from 0.01 to 1.")
        found: list[tuple[measure.Line, bool]] = []
        if not as_json:
            self.stdout.write(ROW.format(*HEADS).rstrip())
        with database.of_its_own() as environ:
            bench = laboratory.built(environ, documents, scale)
            for name in parts or PARTS:
                part = partial(import_module(f"certificates.bench.{name}").lines, bench, rounds)
                for line, good in measure.judged(part, again=not once):
                    found.append((line, good))
                    if not as_json:
                        self.stdout.write(row(line, good))
                        self.stdout.flush()
        if as_json:
            self.stdout.write(json.dumps({"rounds": rounds, "lines": [as_data(*pair) for pair in found]}, indent=1))
        if not all(good for _, good in found):
            sys.exit(1)


def row(line: measure.Line, good: bool) -> str:
    """The line for a terminal, processor time at its end."""
    cpu = (f"{line.limit.cpu:.2f}", f"{line.ours.cpu:.2f}", f"{line.cpu_ratio:.2f}") if line.cpu_ratio else ("",) * 3
    verdict = ("PASS" if good else "FAIL") if line.goal else "-"
    cells = (line.name, f"{line.limit.wall:.2f}", f"{line.ours.wall:.2f}", f"{line.ratio:.2f}", line.goal or "-")
    return ROW.format(*cells, verdict, *cpu).rstrip()


def as_data(line: measure.Line, good: bool) -> dict[str, Any]:
    """The line for a program; what is not known of processor time is null."""
    known = line.cpu_ratio is not None
    return {
        "name": line.name,
        "limit_ms": round(line.limit.wall, 3),
        "ours_ms": round(line.ours.wall, 3),
        "ratio": round(line.ratio, 3),
        "goal": line.goal,
        "passed": good,
        "limit_cpu_ms": round(line.limit.cpu, 3) if known else None,
        "ours_cpu_ms": round(line.ours.cpu, 3) if known else None,
        "cpu_ratio": round(line.cpu_ratio, 3) if known else None,
    }
