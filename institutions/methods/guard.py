"""Whose a method is: the database shows an own one to its institution only, and lets nobody point at a stranger's.

A foreign key does not ask row-level security, and its parent may belong to nobody. So every table that points at the
methods has a trigger, put there after each migration: an app to the right cannot forget it.
"""

from typing import Any

from django.db import connections

TRIGGER = "method_is_ours"

# The owner of a row, once written, never changes: both policies ask the same of the old row and of the new one.
SECURITY = f"""
ALTER TABLE institutions_method ENABLE ROW LEVEL SECURITY;
ALTER TABLE institutions_method FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON institutions_method
    USING (owner_id IS NOT DISTINCT FROM app_tenant()) WITH CHECK (owner_id IS NOT DISTINCT FROM app_tenant());
CREATE POLICY also_readable ON institutions_method FOR SELECT USING (owner_id IS NULL);
CREATE POLICY regulator_reading ON institutions_method FOR SELECT USING (app_in_region(owner_id));
CREATE FUNCTION app_{TRIGGER}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.method_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM institutions_method m
        WHERE m.id = NEW.method_id AND (m.owner_id IS NULL OR m.owner_id = NEW.institution_id)
    ) THEN
        RAISE EXCEPTION 'method % is not of institution %', NEW.method_id, NEW.institution_id
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = '{TRIGGER}';
    END IF;
    RETURN NEW;
END $$;
"""
REVERSE_SECURITY = f"""
DROP FUNCTION app_{TRIGGER}() CASCADE;
DROP POLICY tenant_isolation ON institutions_method; DROP POLICY also_readable ON institutions_method;
DROP POLICY regulator_reading ON institutions_method;
ALTER TABLE institutions_method NO FORCE ROW LEVEL SECURITY; ALTER TABLE institutions_method DISABLE ROW LEVEL SECURITY;
"""

POINTING = """
SELECT c.conrelid::regclass::text FROM pg_constraint c
JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1] AND a.attname = 'method_id'
WHERE c.contype = 'f' AND c.confrelid = 'institutions_method'::regclass
"""
GUARDED = f"SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = '{TRIGGER}'"


def pointing(cursor: Any) -> set[str]:
    """The tables with a foreign key `method_id` to the methods."""
    cursor.execute(POINTING)
    return {table for (table,) in cursor.fetchall()}


def guarded(cursor: Any) -> set[str]:
    """The tables that refuse a stranger's method."""
    cursor.execute(GUARDED)
    return {table for (table,) in cursor.fetchall()}


def guard_references(sender: Any, *, using: str, **kwargs: Any) -> None:
    """After every migration each table that points at the methods refuses a stranger's. Twice is harmless."""
    with connections[using].cursor() as cursor:
        cursor.execute(f"SELECT to_regproc('app_{TRIGGER}') IS NOT NULL")
        if not cursor.fetchone()[0]:
            return  # the migrations were taken back to before there were own methods
        for table in sorted(pointing(cursor) - guarded(cursor)):
            cursor.execute(
                f"CREATE TRIGGER {TRIGGER} BEFORE INSERT OR UPDATE OF method_id, institution_id ON {table} "
                f"FOR EACH ROW EXECUTE FUNCTION app_{TRIGGER}()"
            )
