"""Compute the ledger again from rows and files, compare it with every known checkpoint, and name what does not agree."""

import json
import sys
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from portal.ledger import checkpoints, verify


def readable(text: str) -> Path:
    """The path of a file that can be read."""
    try:
        with open(text, "rb"):
            return Path(text)
    except OSError as error:
        raise ArgumentTypeError(f"{text}: {error.strerror}") from error


class Command(BaseCommand):
    """`manage.py verify_ledger [--json] [--checkpoint FILE ...]`: code 0 when all agrees, 1 when something does not."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
        parser.add_argument(
            "--checkpoint",
            type=readable,
            nargs="+",
            default=[],
            metavar="FILE",
            help="checkpoints that somebody has kept",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        found = verify.run(timezone.now(), checkpoints=options["checkpoint"])
        status = checkpoints.status()
        if options["json"]:
            report = {
                "ok": not found,
                "size": status["size"],
                "checkpoints": len(checkpoints.known()) + len(options["checkpoint"]),
                "problems": [{"subject": problem.subject, "sentence": problem.sentence} for problem in found],
            }
            self.stdout.write(json.dumps(report, ensure_ascii=False))
        else:
            for problem in found:
                self.stdout.write(str(problem))
            self.stdout.write(
                f"账本 {status['size']} 条，" + (f"发现 {len(found)} 处问题。" if found else "全部一致。")
            )
        if found:
            sys.exit(1)
