"""The two walls between institutions: `visible_to(actor)` in code and row-level security in PostgreSQL.

Every tenant-owned table inherits `TenantModel` and is protected by `TenantTable` in the migration that makes it.
The database shows its rows only inside `tenant(...)`, which sets transaction-local settings: nothing can leak
over a pooled connection, and code that forgets the scope reads nothing. Source: E1 of docs/architecture.md.
"""

import secrets
from contextlib import contextmanager

from django.db import connection, models, transaction
from django.db.migrations.operations.base import Operation

LETTERS = "abcdefghijklmnopqrstuvwxyz234567"  # of base32: no digit that looks like a letter
PAIRS = [first + second for first in LETTERS for second in LETTERS]


def new_ref() -> str:
    """A random name for a row in an address: 12 characters, 60 bits, no sequence to guess."""
    number = int.from_bytes(secrets.token_bytes(8))
    return "".join([PAIRS[number >> place & 1023] for place in range(0, 60, 10)])


def _set(values) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('app.tenant', %s, true), set_config('app.user', %s, true), "
            "set_config('app.region', %s, true), set_config('app.appoints', %s, true)",
            values,
        )


def _exchange(values) -> tuple[str, str, str, str]:
    """As `_set`. Returns: the settings until now, which PostgreSQL works out before the new ones: it keeps them apart."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH outside AS MATERIALIZED (SELECT coalesce(current_setting('app.tenant', true), '') AS tenant, "
            "coalesce(current_setting('app.user', true), '') AS member, "
            "coalesce(current_setting('app.region', true), '') AS region, "
            "coalesce(current_setting('app.appoints', true), '') AS appoints) "
            "SELECT outside.*, set_config('app.tenant', %s, true), set_config('app.user', %s, true), "
            "set_config('app.region', %s, true), set_config('app.appoints', %s, true) FROM outside",
            values,
        )
        return cursor.fetchone()[:4]


@contextmanager
def scope(*, institution_id: int | None = None, user_id: int | None = None, region: str = "", appoints: bool = False):
    """Inside, the database shows this institution's rows, this user's own memberships, this region's institutions.

    `appoints`: a regulator's membership, which belongs to no institution, may be written inside; nowhere else.
    One transaction; nested scopes put the outer one back. A failure rolls everything back, the scope included.
    """
    nested = connection.in_atomic_block
    with transaction.atomic():
        inner = [str(institution_id or ""), str(user_id or ""), region, "yes" if appoints else ""]
        if nested:
            outer = _exchange(inner)
        else:
            outer = None
            _set(inner)
        yield
        if outer:  # else the settings end with the transaction
            _set(outer)


def tenant(institution_id: int):
    """The scope of one institution, for tasks, commands and tests."""
    return scope(institution_id=institution_id)


class TenantQuerySet(models.QuerySet):
    def visible_to(self, actor):
        """Rows this actor may read: its own institution's; none without an institution."""
        return self if actor.sees_all else self.filter(institution_id=actor.institution_id)


class TenantModel(models.Model):
    """A row owned by one institution, addressed by its own short random `ref`."""

    institution = models.ForeignKey("institutions.Institution", on_delete=models.PROTECT, related_name="+")
    ref = models.CharField(max_length=12, default=new_ref, editable=False)

    objects = TenantQuerySet.as_manager()

    # What the runtime role may never do to the table: "no_delete" or "append_only" (see grants.py).
    protection = "no_delete"

    class Meta:
        abstract = True


def is_tenant_owned(model) -> bool:
    """Whether rows of this model belong to an institution (works on historical models too)."""
    names = {f.name for f in model._meta.local_fields}
    return {"institution", "ref"} <= names


class TenantTable(Operation):
    """Puts a table behind row-level security, with composite keys that make a foreign tenant's parent impossible.

    `also_readable` is an SQL condition that opens rows for reading beyond the tenant (a user's own memberships).
    `append_only` adds a trigger that refuses UPDATE and DELETE from everybody.
    `optional` is for tables whose institution may be empty. Which rows may have none is for a later policy to say.
    """

    reduces_to_sql = True
    reversible = True

    def __init__(self, model: str, *, also_readable: str = "", append_only: bool = False, optional: bool = False):
        self.model, self.also_readable = model, also_readable
        self.append_only, self.optional = append_only, optional

    def deconstruct(self):
        options = {"also_readable": self.also_readable, "append_only": self.append_only, "optional": self.optional}
        return (self.__class__.__name__, [self.model], {k: v for k, v in options.items() if v})

    def describe(self):
        return f"Protect {self.model} by row-level security"

    def state_forwards(self, app_label, state):
        pass

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        model = to_state.apps.get_model(app_label, self.model)
        table = model._meta.db_table
        mine = "institution_id = app_tenant()"
        if self.optional:
            mine = f"({mine} OR institution_id IS NULL)"
        run = schema_editor.execute
        run(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        run(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        run(f"CREATE POLICY tenant_isolation ON {table} USING (institution_id = app_tenant()) WITH CHECK ({mine})")
        run(f"CREATE POLICY regulator_reading ON {table} FOR SELECT USING (app_in_region(institution_id))")
        if self.also_readable:
            run(f"CREATE POLICY also_readable ON {table} FOR SELECT USING ({self.also_readable})")
        run(f"ALTER TABLE {table} ADD CONSTRAINT {table}_tenant_key UNIQUE (institution_id, id)")
        run(f"ALTER TABLE {table} ADD CONSTRAINT {table}_ref_once UNIQUE (institution_id, ref)")
        for field in model._meta.local_fields:
            parent = field.remote_field.model if field.remote_field else None
            if parent is not None and field.name != "institution" and is_tenant_owned(parent):
                run(composite_key(table, field.column, parent._meta.db_table))
        if self.append_only:
            run(
                f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION app_refuse_change()"
            )

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        table = from_state.apps.get_model(app_label, self.model)._meta.db_table
        for policy in ("tenant_isolation", "regulator_reading", "also_readable"):
            schema_editor.execute(f"DROP POLICY IF EXISTS {policy} ON {table}")
        schema_editor.execute(f"DROP TRIGGER IF EXISTS append_only ON {table}")
        schema_editor.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
        for constraint in ("tenant_key", "ref_once"):
            schema_editor.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {table}_{constraint} CASCADE")


def composite_key(table: str, column: str, parent: str) -> str:
    """SQL for the key (institution, parent): a row can only point at a parent of its own institution."""
    return (
        f"ALTER TABLE {table} ADD CONSTRAINT {table}_{column}_same_tenant FOREIGN KEY (institution_id, {column}) "
        f"REFERENCES {parent} (institution_id, id) DEFERRABLE INITIALLY DEFERRED"
    )


FUNCTIONS = """
CREATE FUNCTION app_tenant() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT NULLIF(current_setting('app.tenant', true), '')::bigint $$;
CREATE FUNCTION app_user() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT NULLIF(current_setting('app.user', true), '')::bigint $$;
CREATE FUNCTION app_in_region(institution bigint) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT coalesce(current_setting('app.region', true), '') <> '' AND EXISTS (
        SELECT FROM institutions_institution i WHERE i.id = institution
        AND starts_with(i.region_code, current_setting('app.region', true))) $$;
CREATE FUNCTION app_refuse_change() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'rows of % are never changed or removed', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation'; END $$;
"""
REVERSE_FUNCTIONS = """
DROP FUNCTION app_refuse_change(); DROP FUNCTION app_in_region(bigint);
DROP FUNCTION app_user(); DROP FUNCTION app_tenant();
"""
