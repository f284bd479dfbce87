"""Try a backup: restore it beside the portal, and remember how that went."""

import json
import os
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand

from portal.models import JobRun

ADDRESSES = ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_BACKUP_URL")


class Command(BaseCommand):
    """`manage.py drill DIR --database NAME --media DIRECTORY [--json]`: codes and output are those of `restore`."""

    help = "Restore a backup into another, empty database of the same server, and note in this one how it went."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The backup, where to, and whether to print JSON."""
        parser.add_argument("directory", type=Path)
        parser.add_argument("--database", required=True, help="the name of an empty database of the owner role")
        parser.add_argument("--media", required=True, type=Path, help="an empty directory for the files")
        parser.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, *args: Any, directory: Path, database: str, media: Path, as_json: bool, **options: Any) -> None:
        """Run `restore --drill` on the other database, note the run, and leave with its code. Source: E13.63."""
        addresses = {
            name: urlsplit(getattr(settings, name))._replace(path=f"/{quote(database, safe='')}").geturl()
            for name in ADDRESSES
            if getattr(settings, name)
        }
        done = subprocess.run(
            [sys.executable, sys.argv[0], "restore", str(directory.absolute()), "--drill", "--json"],
            env={**os.environ, **addresses, "MEDIA_ROOT": str(media.absolute())},
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        ok = done.returncode == 0
        report = json.loads(done.stdout) if done.stdout else {"ok": False, "error": f"restore: {done.returncode}"}
        self.stdout.write(
            done.stdout if as_json else report.get("error") or "\n".join(f"{k}: {v}" for k, v in report.items())
        )
        JobRun.note_run("drill", ok=ok, note=report.get("error") or f"{report['made_at']} {directory}")
        raise SystemExit(done.returncode)
