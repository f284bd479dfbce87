"""Rows by the hundred thousand: one row stored again and again by one statement, each copy differing where it must."""

import contextlib
from collections.abc import Iterator

from django.db import connection, connections, models

NEW_REF = "lower(left(translate(encode(uuid_send(gen_random_uuid()), 'base64'), '+/', '7q'), 12))"


def copied(row: models.Model, count: int, **made: str) -> None:
    """So many copies of the row are stored. `made`: what a column is in the nth copy, as SQL of n. Needs its scope."""
    made = {"ref": NEW_REF, **made}
    stored = [field for field in row._meta.concrete_fields if not field.generated]
    columns = [field for field in stored if field.name not in ("id", "recorded_at")]
    shown = [made.get(field.name, "%s") for field in columns]
    values = [
        field.get_db_prep_save(getattr(row, field.attname), connection) for field in columns if field.name not in made
    ]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute(
            f"INSERT INTO {row._meta.db_table} ({', '.join(field.column for field in columns)}) "
            f"SELECT {', '.join(shown)} FROM generate_series(1, %s) AS n",
            [*values, count],
        )


@contextlib.contextmanager
def sorted_in_afterwards(*models: type[models.Model]) -> Iterator[None]:
    """Inside, `words` of these models has no index; behind, it has, and the tables are as autovacuum leaves them."""
    with connections["owner"].cursor() as cursor:
        tables = [model._meta.db_table for model in models]
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s) AND indexdef LIKE '%% gin %%'",
            [tables],
        )
        indexes = cursor.fetchall()
        for name, _definition in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
        yield
        for _name, definition in indexes:
            cursor.execute(definition)
        cursor.execute(f"VACUUM (ANALYZE) {', '.join(tables)}")
