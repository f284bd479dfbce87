"""Give every waiting leaf its place in the ledger and sign its head now."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from portal.ledger import checkpoints, sequencer
from portal.models import LedgerCheckpoint


class Command(BaseCommand):
    """`manage.py checkpoint_ledger [--json]`: code 1 when the head is signed but CHECKPOINT_DIR takes no file."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object instead of the signed text")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            made = sequencer.checkpoint(timezone.now(), force=True)
            checkpoints.write_files()
        except OSError as error:
            raise CommandError(f"检查点已签名，但写不进 CHECKPOINT_DIR：{error}。排除后再运行一次即可补上。") from error
        newest = made or LedgerCheckpoint.objects.order_by("-size").first()
        if options["json"]:
            report = {
                "size": newest.size if newest else 0,
                "root": newest.root if newest else "",
                "new": made is not None,
                "text": newest.text if newest else "",
            }
            self.stdout.write(json.dumps(report, ensure_ascii=False))
        else:
            self.stdout.write(newest.text if newest else "账本还是空的，没有可签名的内容。")
