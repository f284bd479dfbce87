"""Restore a backup into an empty place."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from portal.backups import BackupError, restoring
from portal.models import JobRun


class Command(BaseCommand):
    """`manage.py restore DIR [--json]`: 0 restored and proven equal, 1 not."""

    help = "Restore a backup into an empty database and an empty MEDIA_ROOT, and prove that both equal the backup."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The backup, whether to print JSON, and what may make it good enough although it is old."""
        parser.add_argument("directory", type=Path)
        parser.add_argument("--json", action="store_true", dest="as_json")
        meant = parser.add_mutually_exclusive_group()
        meant.add_argument("--force-older", default="", metavar="REASON", help="accept an older ledger; is audited")
        meant.add_argument("--drill", action="store_true", help="only to try it: the portal will not start on it")

    def handle(self, *args: Any, directory: Path, as_json: bool, **options: Any) -> None:
        """Restore, say what is there, and leave with the code."""
        drill, reason = options["drill"], options["force_older"]
        try:
            found = restoring.restore(directory, drill=drill, force_older=reason)
        except BackupError as error:
            report, lines = {"ok": False, "error": str(error)}, [str(error)]
        else:
            report = {"ok": True, **found}
            lines = [
                _(
                    "已恢复到数据库 %(database)s 与 %(media)s：%(tables)d 张表 %(rows)d 行，%(files)d 个文件，与备份一致。"
                )
                % report,
                *(_("备份时就有的问题：%(problem)s") % {"problem": problem} for problem in report["problems"]),
            ]
            if report["older_than"]:
                size, _root, source = report["older_than"][0]
                lines.append(
                    _("比已公布的检查点旧：%(source)s 已到第 %(size)d 条。") % {"source": source, "size": size}
                )
            JobRun.note_run("restore", note="\n".join(lines))
        self.stdout.write(json.dumps(report, ensure_ascii=False, indent=1) if as_json else "\n".join(lines))
        raise SystemExit(0 if report["ok"] else 1)
