"""Give the audit trail out, line by line."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db import connections, transaction

from portal.models import AuditEntry
from portal.tenancy import tenant

COLUMNS = [field.attname for field in AuditEntry._meta.concrete_fields]


class Command(BaseCommand):
    """`manage.py audit_export [--institution SLUG] [--after ID] [--output FILE] --json`: one JSON object per entry."""

    help = (
        "Write the audit trail as JSON lines, oldest first: one institution's, or everything with the platform's own."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose entries, from where on, and where to."""
        parser.add_argument("--institution", help="slug; without it every entry, read with the owner's login")
        parser.add_argument("--after", type=int, default=0, help="only entries with a larger number")
        parser.add_argument("--output", help="a new file; without it standard output")
        parser.add_argument("--json", action="store_true", dest="as_json", help="the format, and the only one")

    def handle(
        self, *args: Any, institution: str | None, after: int, output: str | None, as_json: bool, **options: Any
    ) -> None:
        """Write. Raises: CommandError when there is no such institution, no login to read all, or the file exists."""
        entries = self._of(institution, after) if institution else self._all(after)
        try:
            target = open(output, "x", encoding="utf-8") if output else sys.stdout  # noqa: SIM115  closed below
        except FileExistsError as error:
            raise CommandError(f"{output} exists already; name a new file.") from error
        count = 0
        try:
            for entry in entries:
                target.write(json.dumps(entry, ensure_ascii=False, default=str, sort_keys=True) + "\n")
                count += 1
        finally:
            if output:
                target.close()
        self.stderr.write(f"{count} entries")

    def _of(self, slug: str, after: int) -> Iterator[dict[str, Any]]:
        found = apps.get_model("institutions.Institution").objects.filter(slug=slug).first()
        if found is None:
            raise CommandError(f"there is no institution {slug}.")
        with tenant(found.pk):
            rows = AuditEntry.objects.filter(institution_id=found.pk, pk__gt=after).order_by("pk")
            yield from rows.values(*COLUMNS).iterator(chunk_size=1000)

    def _all(self, after: int) -> Iterator[dict[str, Any]]:
        if "owner" not in connections.databases:
            raise CommandError("set DATABASE_OWNER_URL to read all institutions, or name one with --institution.")
        with transaction.atomic(using="owner"):
            rows = AuditEntry.objects.using("owner").filter(pk__gt=after).order_by("pk")
            yield from rows.values(*COLUMNS).iterator(chunk_size=1000)
