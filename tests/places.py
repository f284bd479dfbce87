"""Portals beside that of the test run, in databases of their own, and what tests of backups do with them."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2
from django.conf import settings
from django.db import connections

from portal.backups import making
from tests.processes import database_url

WORLD = """
import pickle, sys
import django; django.setup()
from portal.ledger import sequencer
from tests import make
lab = make.laboratory()
make.certificate(lab, "released")
assert sequencer.checkpoint(make.NOON, force=True)
make.certificate(lab, "released")
waiting = make.certificate(lab, "approved")
with open(sys.argv[1], "wb") as file:
    pickle.dump((lab.institution.pk, lab.signatory, waiting.pk), file)
"""
CAUGHT_UP = """
import django; django.setup()
from portal.ledger import sequencer
while sequencer.sequence():
    continue
"""
ONE_MORE = """
import pickle, sys
from datetime import timedelta
import django; django.setup()
from certificates import workflow
from certificates.models import Certificate
from portal.tenancy import tenant
from tests import make
with open(sys.argv[1], "rb") as file:
    institution, signatory, waiting = pickle.load(file)
with tenant(institution):
    certificate = make.fresh(Certificate.objects.get(pk=waiting))
    make.prove(signatory, "certificate.issue", certificate, certificate.body_sha256)
    workflow.issue(certificate, actor=signatory, at=make.NOON + timedelta(minutes=30))
"""


class Place:
    """A database beside that of the test run, with the variables that lead there, and a directory for files."""

    def __init__(self, name: str, media: Path, key_file: Path) -> None:
        self.name, self.media = name, media
        variables = {"BACKUP_KEY_FILE": str(key_file), "CHECKPOINT_DIR": str(key_file.with_name("checkpoints"))}
        aliases = {"DATABASE_URL": "default", "DATABASE_OWNER_URL": "owner", "DATABASE_BACKUP_URL": "backup"}
        self.variables = {
            **os.environ, "APP_ENV": "test", "DJANGO_SETTINGS_MODULE": "config.settings_test", "MEDIA_ROOT": str(media),
            **{variable: database_url(alias, name) for variable, alias in aliases.items()}, **variables,
        }  # fmt: skip

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess:
        """A Python program has run there."""
        return subprocess.run(
            [sys.executable, *arguments], cwd=settings.BASE_DIR, env={**self.variables, **variables},
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    def manage(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess:
        return self.run("manage.py", *arguments, **variables)

    def rows(self, query: str, alias: str = "backup") -> list[tuple]:
        with contextlib.closing(psycopg2.connect(database_url(alias, self.name))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(query)
                return cursor.fetchall() if cursor.description else []


@contextlib.contextmanager
def made(name: str, template: str = "template0") -> Iterator[None]:
    """The owner's database exists while the block runs."""
    with connections["owner"]._nodb_cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield
    finally:
        with connections["owner"]._nodb_cursor() as cursor:
            cursor.execute(f"DROP DATABASE {name}")  # waits some seconds for connections of processes that have ended


@contextlib.contextmanager
def directed_to(name: str) -> Iterator[None]:
    """Connections that are opened in the block lead to that database; those of the test's transaction stay aside."""
    aliases = list(settings.DATABASES)
    aside = {alias: connections[alias] for alias in aliases}
    for alias in aliases:
        connections[alias] = aside[alias].copy()
        connections[alias].settings_dict = {**aside[alias].settings_dict, "NAME": name}
    try:
        yield
    finally:
        for alias in aliases:
            connections[alias].close()
            connections[alias] = aside[alias]


def signed_anew(directory: Path, change: Callable[[dict], None]) -> None:
    """The manifest is changed and signed as if it had been made so."""
    manifest = json.loads((directory / "manifest.json").read_bytes())
    change(manifest)
    text = json.dumps(manifest).encode()
    (directory / "manifest.json").write_bytes(text)
    (directory / "manifest.sig").write_text(json.dumps(making.signature(text)))
