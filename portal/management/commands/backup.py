"""Save the database and the files it names."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from portal.backups import BackupError, making
from portal.models import JobRun


class Command(BaseCommand):
    """`manage.py backup DIR [--json]`: 0 saved; 1 not saved, or saved with something wrong in what was saved."""

    help = "Save one snapshot of the database and all files into a new directory, signed and encrypted."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The directory, and whether to print JSON."""
        parser.add_argument("directory", type=Path)
        parser.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, *args: Any, directory: Path, as_json: bool, **options: Any) -> None:
        """Make the backup, say what there is, note the run, and leave with its code."""
        try:
            report = making.make(directory)
        except BackupError as error:
            report, lines = {"ok": False, "error": str(error)}, [str(error)]
        else:
            report = {"ok": not report["problems"], **report}
            lines = [
                _("备份在 %(path)s：%(files)d 个文件，共 %(bytes)d 字节。") % report,
                *([] if report["encryption"] else [_("没有加密：未设置 BACKUP_KEY_FILE。")]),
                *(_("已备份，但数据本身有问题：%(problem)s") % {"problem": problem} for problem in report["problems"]),
            ]
        self.stdout.write(json.dumps(report, ensure_ascii=False, indent=1) if as_json else "\n".join(lines))
        JobRun.note_run("backup", ok=report["ok"], note="\n".join(lines))
        raise SystemExit(0 if report["ok"] else 1)
