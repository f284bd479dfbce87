"""Write the whole public ledger to a file: all a stranger needs to verify it without asking us again."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction

from portal.ledger import keys, notes
from portal.ledger.verify import unhurried
from portal.models import LedgerCheckpoint

FORMAT = "chengliang-ledger-1"
NAME = "ledger.jsonl"


class Command(BaseCommand):
    """`manage.py export_ledger FILE|DIR [--json]`: JSON lines as docs/ledger.md describes them; contains no secret."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("target", type=Path, metavar="FILE|DIR")
        parser.add_argument("--json", action="store_true", help="one JSON object instead of a line")

    def handle(self, *args: Any, target: Path, **options: Any) -> None:
        path = target / NAME if target.is_dir() else target
        draft = path.with_name(f"{path.name}.part")
        counts = {"entry": 0, "checkpoint": 0}
        try:
            with draft.open("w", encoding="utf-8") as file:
                for line in lines():
                    file.write(json.dumps(line, ensure_ascii=False) + "\n")
                    if line["type"] in counts:
                        counts[line["type"]] += 1
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except OSError as error:
            raise CommandError(f"{path} 写不了：{error.strerror}。请换一个可写的位置。") from error
        report = {"path": str(path), "entries": counts["entry"], "checkpoints": counts["checkpoint"]}
        if options["json"]:
            self.stdout.write(json.dumps(report, ensure_ascii=False))
        else:
            self.stdout.write(f"{path}：{counts['entry']} 条，{counts['checkpoint']} 个检查点。")


def lines() -> Iterator[dict[str, Any]]:
    """The ledger as it stands at this moment: a head, all checkpoints, all entries in order."""
    yield {
        "type": "log",
        "format": FORMAT,
        "origin": notes.origin(),
        "public_keys": [{"algorithm": key.algorithm.name, "key": key.raw.hex()} for key in keys.known()],
    }
    with transaction.atomic():
        unhurried()
        for size, text in LedgerCheckpoint.objects.order_by("size").values_list("size", "text").iterator():
            yield {"type": "checkpoint", "size": size, "text": text}
        with connection.chunked_cursor() as cursor:
            cursor.execute("SELECT index, data, leaf_hash FROM portal_ledgerentry ORDER BY index")
            while rows := cursor.fetchmany(5000):
                yield from (
                    {"type": "entry", "index": index, "data": data, "leaf_hash": leaf} for index, data, leaf in rows
                )
