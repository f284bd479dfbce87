"""The role that reads everything: what it may, what it may not, and that no other role can do its work."""

import subprocess
from pathlib import Path

import psycopg2
import pytest
from django.conf import settings
from django.db import connections

from config import checks
from portal.backups import BackupError, database, making
from tests.places import Place, directed_to
from tests.processes import database_url

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif("backup" not in settings.DATABASES, reason="DATABASE_BACKUP_URL names no backup role"),
]


@pytest.fixture
def here(tmp_path: Path) -> Place:
    """The database of the test run, past the test's own transaction."""
    return Place(settings.DATABASES["default"]["NAME"], tmp_path, tmp_path / "no key")


def test_the_backup_role_writes_nothing_even_when_it_asks_to(here):
    with pytest.raises(psycopg2.errors.ReadOnlySqlTransaction):
        here.rows("DELETE FROM portal_outboxentry")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        here.rows("BEGIN READ WRITE; DELETE FROM portal_outboxentry")


def test_the_backup_role_reads_tables_that_are_made_later(here):
    here.rows("CREATE TABLE later AS SELECT 7 AS value", "owner")
    try:
        assert here.rows("SELECT value FROM later") == [(7,)]
    finally:
        here.rows("DROP TABLE later", "owner")


def test_the_digest_of_a_table_knows_every_value_and_no_order(here):
    def digest() -> dict:
        with database.snapshot() as cursor:
            return database.inventory(cursor)["tables"]["digested"]

    here.rows("CREATE TABLE digested AS VALUES (1, '甲'), (2, '乙'), (3, '丙')", "owner")
    try:
        first = digest()
        here.rows("TRUNCATE digested; INSERT INTO digested VALUES (3, '丙'), (1, '甲'), (2, '乙')", "owner")
        assert digest() == first
        here.rows("UPDATE digested SET column2 = '丁' WHERE column1 = 2", "owner")
        assert digest() != first
    finally:
        here.rows("DROP TABLE digested", "owner")


def test_the_runtime_role_can_make_no_backup(here, tmp_path):
    with directed_to(here.name):
        runtime = settings.DATABASES["default"]["USER"]
        connections["backup"].settings_dict["USER"] = runtime
        with pytest.raises(BackupError, match=f"{runtime}.*BYPASSRLS"):
            making.make(tmp_path / "mine")


def test_pg_dump_stops_for_the_runtime_role(here):
    command = [database.program("pg_dump"), database_url("default", here.name)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "permission denied" in done.stderr or "row-level security" in done.stderr


def test_web_and_worker_refuse_to_run_as_the_backup_role(here):
    with directed_to(here.name):
        connections["default"].settings_dict["USER"] = settings.DATABASES["backup"]["USER"]
        assert any("bypass row-level security" in reason for reason in checks.unsafe_role())
