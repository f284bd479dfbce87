"""Searching a list of any length: rows whose columns hold what was typed.

    class Equipment(TenantModel):
        words = searching.words_of("asset_number", "name")
        class Meta:
            indexes = [searching.words_index("equipment_words")]

    rows.filter(searching.holding(Equipment, ["压力"], ("asset_number", "name", "site__name")))

Row-level security looks at a row before a LIKE does, so no index of trigrams can answer the portal's own role: it would
read every row of the institution. A function of the owner role, `find."<table>"`, looks only among the rows of the
institution whose scope is open, and answers with their numbers. Rows are then read by these numbers as any others.
A text found too often for that is looked for along the list: then it does not take long to fill a page.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import connection, connections, models, transaction
from django.db.models.functions import Lower, StrIndex
from django.db.models.lookups import GreaterThan

WORDS = "words"
MOST = 1500  # rows named by their numbers; about as dear as finding one page among rows of which one in seventy fits


def words_of(*names: str) -> models.GeneratedField:
    """The column `words`: what stands in these text columns as it is searched, small letters of usual width."""
    together = models.Func(*names, template="NORMALIZE(%(expressions)s, NFKC)", arg_joiner=" || E'\\n' || ")
    return models.GeneratedField(
        expression=Lower(together, output_field=models.TextField()), output_field=models.TextField(), db_persist=True
    )


def words_index(name: str) -> GinIndex:
    """The index behind `words`. What is new is sorted into it soon: until then every search reads it from end to end."""
    return GinIndex(
        fields=["institution", WORDS], opclasses=["int8_ops", "gin_trgm_ops"], name=name, gin_pending_list_limit=256
    )


def is_for(model: type[models.Model]) -> bool:
    """Whether the model has `words`."""
    return _words(model) is not None


def plain(text: str) -> str:
    """The text as `words` would hold it."""
    return unicodedata.normalize("NFKC", text).lower()


def holding(model: type[models.Model], texts: Sequence[str], names: Iterable[str]) -> models.Q:
    """Each of the texts stands in one of the columns; those of related rows are named as "site__name".

    Columns that `words` holds are searched by it, wherever the model has one. At most two queries for each text.
    """
    column = _words(model)
    texts = [text for text in texts if text]
    if column is None:
        return _all(_in_one(names, text) for text in texts)
    own = {part.name for part in column.expression.flatten() if isinstance(part, models.F)}
    elsewhere = [name for name in names if name not in own]
    if elsewhere:
        return _all(_numbered(model, [text]) | _related(model, elsewhere, text) for text in texts)
    return _numbered(model, texts)


def _all(conditions: Iterable[models.Q]) -> models.Q:
    found = models.Q()
    for condition in conditions:
        found &= condition
    return found


def _in_one(names: Iterable[str], text: str) -> models.Q:
    found = models.Q()
    for name in names:
        found |= models.Q(**{f"{name}__icontains": text})
    return found


def _words(model: type[models.Model]) -> models.GeneratedField | None:
    return next((column for column in model._meta.concrete_fields if column.name == WORDS and column.generated), None)


class OneOf(models.Lookup):
    """The column is one of many numbers, handed over as one array."""

    lookup_name, prepare_rhs, array = "one_of", False, "bigint[]"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        column, parameters = self.process_lhs(compiler, connection)
        return f"{column} = ANY(%s::{self.array})", [*parameters, self.rhs]


class OneOfTexts(OneOf):
    """The same of texts."""

    array = "text[]"


def _numbered(model: type[models.Model], texts: Sequence[str]) -> models.Q:
    """Rows that hold all of the texts in `words`: by their numbers, or by looking while they are read."""
    wanted = [plain(text) for text in texts]
    if not wanted:
        return models.Q()
    with connection.cursor() as cursor:
        patterns = [f"%{connection.ops.prep_for_like_query(text)}%" for text in wanted]
        cursor.execute(f'SELECT find."{model._meta.db_table}"(%s, %s)', [patterns, MOST])
        numbers = cursor.fetchone()[0]
    if numbers is None:
        # Of a LIKE that it may not look up PostgreSQL expects next to nothing, and sorts all rows instead of going along.
        return _all(models.Q(GreaterThan(StrIndex(WORDS, models.Value(text)), 0)) for text in wanted)
    return models.Q(OneOf(models.F("pk"), numbers))


def _related(model: type[models.Model], names: Iterable[str], text: str) -> models.Q:
    """Rows in whose column the text stands, or that point at a row in whose column it does."""
    found = models.Q()
    for name in names:
        way, gap, column = name.partition("__")
        if not gap:
            found |= models.Q(**{f"{name}__icontains": text})
            continue
        others = model._meta.get_field(way).remote_field.model._default_manager
        numbers = others.filter(**{f"{column}__icontains": text}).order_by().values_list("pk", flat=True)
        found |= models.Q(OneOf(models.F(f"{way}_id"), list(numbers)))
    return found


def different(model: type[models.Model], name: str, most: int) -> list[str] | None:
    """The different texts of the column in the open institution, sorted: from each the index leads to the next one.

    None when there are none: in the scope of a region for one.
    """
    quote, column = connection.ops.quote_name, model._meta.get_field(name).column
    rows = f"SELECT {quote(column)} FROM {quote(model._meta.db_table)} WHERE institution_id = app_tenant()"
    first = f"ORDER BY {quote(column)} LIMIT 1"
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH RECURSIVE known (text) AS (({rows} {first}) UNION ALL SELECT "
            f"({rows} AND {quote(column)} > known.text {first}) FROM known WHERE known.text IS NOT NULL) "
            "SELECT text FROM known WHERE text IS NOT NULL LIMIT %s",
            [most],
        )
        return [text for (text,) in cursor.fetchall()] or None


# --- the owner's functions

# Of short texts PostgreSQL expects many, and would go through the institution's rows in the hope of meeting them soon.
PLAN = "SET enable_seqscan = off SET enable_indexscan = off"
BODY = """
DECLARE
    owner bigint := app_tenant();
    conditions text := (SELECT string_agg(format('words LIKE %L', pattern), ' AND ') FROM unnest(patterns) AS pattern);
    numbers bigint[];
BEGIN
    IF owner IS NULL OR conditions IS NULL THEN
        RETURN NULL;
    END IF;
    EXECUTE 'SELECT coalesce(array_agg(id), ''{}'') FROM (SELECT id FROM TABLE_NAME WHERE institution_id = $1 AND '
        || conditions || ' LIMIT $2 + 1) AS found' INTO numbers USING owner, most;
    RETURN CASE WHEN cardinality(numbers) <= most THEN numbers END;
END
"""


def lay_down(sender: Any, *, using: str, **kwargs: Any) -> None:
    """For each model with `words` there is a function that finds rows of the institution whose scope is open.

    Where one role is owner and portal at once, it works with the rights of whoever asks.
    """
    owner = connections[using]
    runtime = settings.DATABASES["default"]["USER"]
    apart = runtime != owner.settings_dict["USER"]
    if not apart and "owner" in settings.DATABASES:
        return  # the tables were emptied by the portal's own role, as tests do
    quote = owner.ops.quote_name
    with transaction.atomic(using=using), owner.cursor() as cursor:
        cursor.execute("DROP SCHEMA IF EXISTS find CASCADE")
        cursor.execute("CREATE SCHEMA find")
        cursor.execute(f"GRANT USAGE ON SCHEMA find TO {quote(runtime)}")
        there = set(owner.introspection.table_names(cursor))
        for model in apps.get_models():
            table = model._meta.db_table
            if _words(model) is None or table not in there:
                continue
            function = f'find."{table}"(patterns text[], most int)'
            cursor.execute(f"DROP POLICY IF EXISTS find_reading ON {table}")
            if apart:
                cursor.execute(f"CREATE POLICY find_reading ON {table} FOR SELECT TO CURRENT_USER USING (true)")
            cursor.execute(
                f"CREATE FUNCTION {function} RETURNS bigint[] LANGUAGE plpgsql STABLE "
                f"SECURITY {'DEFINER' if apart else 'INVOKER'} SET search_path = pg_catalog, public, pg_temp {PLAN} AS %s",
                [BODY.replace("TABLE_NAME", quote(table))],
            )
            cursor.execute(f'REVOKE ALL ON FUNCTION find."{table}"(text[], int) FROM PUBLIC')
            cursor.execute(f'GRANT EXECUTE ON FUNCTION find."{table}"(text[], int) TO {quote(runtime)}')
