"""A small ledger: customers as objects that leaves bear witness to, and a way to alter any table as its owner would."""

import contextlib

import pytest

from portal.ledger import leaves
from portal.tenancy import tenant
from tests import make
from tests.conftest import as_owner


@pytest.fixture
def witness(db, monkeypatch):
    """witness(n): n customers of Alpha, each with its leaf. Returns their ids."""
    monkeypatch.setattr(leaves, "KINDS", dict(leaves.KINDS))

    @leaves.kind("test.customer", of="institutions.Customer", about=lambda row: f"T{row.pk}", title="登记客户")
    def customer(row):
        return {"name": row.name, "address": row.address}

    def write(count=1, slug="alpha"):
        lab, ids = make.institution(slug), []
        for number in range(count):
            row = make.customer(lab, f"客户 {slug} {number}")
            with tenant(lab.pk):
                leaves.append("test.customer", row)
            ids.append(row.pk)
        return ids

    return write


@pytest.fixture
def tamper(transactional_db):
    """tamper(table, sql, ...): the owner of the tables has changed something, past all triggers and policies."""

    def change(table, sql, *parameters):
        with contextlib.closing(as_owner()) as owner, owner, owner.cursor() as cursor, unguarded(cursor, table):
            cursor.execute(sql, parameters)
            assert cursor.rowcount > 0

    return change


@pytest.fixture
def tampered(transactional_db):
    """with tampered(table, sql, ...): the owner has changed something in there; afterwards it is as it was."""

    @contextlib.contextmanager
    def changed(table, sql, *parameters):
        with contextlib.closing(as_owner()) as owner, owner.cursor() as cursor:
            with owner, unguarded(cursor, table):
                cursor.execute(f"CREATE TEMP TABLE kept AS SELECT * FROM {table}")
                cursor.execute(sql, parameters)
                assert cursor.rowcount > 0
            yield
            with owner, unguarded(cursor, table):
                cursor.execute(f"DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept")

    return changed


@contextlib.contextmanager
def unguarded(cursor, table):
    """The table without its triggers and policies."""
    cursor.execute("SELECT relrowsecurity FROM pg_class WHERE relname = %s", [table])
    guarded = cursor.fetchone()[0]
    cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER, DISABLE ROW LEVEL SECURITY")
    yield
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a table with checks to come takes no ALTER
    cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    if guarded:
        cursor.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
