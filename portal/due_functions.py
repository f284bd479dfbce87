"""The night's statements: what is new of a due list becomes alerts, and alerts of what is no longer due are settled.

The same text works in two places. In an institution's scope the portal runs it itself, for that institution. For all of
them at once it is the body of a function, `due."<rule>.find"(day)` or `due."<rule>.settle"(day)`, that works with the
rights of the owner role and answers with a count. The owner lays the functions down after every migration; the portal's
own role can call them, but cannot write or change them, and sees no row through them.

Why not a policy that opens all rows to the scan: PostgreSQL asks a policy for every row, about two microseconds each,
twenty times as long as reading the row's day from an index; and a request could set what the scan sets.
"""

import hashlib
import re
from datetime import date
from typing import Any

from django.conf import settings
from django.db import connection, connections, transaction
from django.db.backends.utils import CursorWrapper

from . import duelists
from .duelists import DueList, source

# Twelve letters and digits, as tenancy.new_ref makes them, from the 66 random bits before the fixed ones end.
NEW_REF = "lower(left(translate(encode(uuid_send(gen_random_uuid()), 'base64'), '+/', '7q'), 12))"
CARE = "snoozed_until, snoozed_by_id, snooze_reason, assigned_to_id, assigned_by_id, assigned_at"


def _threshold(rule: DueList, day: str) -> str:
    """SQL: the tightest threshold that the row's day has passed."""
    passed = "".join(f" WHEN d.due_on <= {day} + ({edge}) THEN {edge}" for edge in rule.edges)
    return f"(CASE{passed} END)"


def _in_sight(rule: DueList, day: str, owner: str) -> str:
    mine = f"d.institution_id = {owner} AND " if owner else ""
    return (
        f"{mine}d.due_on <= {day} + {max(rule.thresholds)} AND (d.forgotten IS NULL OR d.due_on >= {day} - d.forgotten)"
    )


def _new(rule: DueList, rows: str, day: str, owner: str, into: str = "") -> str:
    """SQL: things in sight that have no open alert for the threshold they have passed. Reads indexes only.

    The alerts are set apart first, to be hashed: both sides come in the order of the day, and PostgreSQL would compare
    everything of a day with everything of that day.
    """
    return (
        f"WITH told AS MATERIALIZED ({_open_alerts(rule, owner, 'institution_id, target_id, due_on, threshold')} "
        f"AND due_on <= {day} + {max(rule.thresholds)}) SELECT array_agg(DISTINCT d.target_id) {into} FROM {rows} AS d "
        f"WHERE {_in_sight(rule, day, owner)} AND NOT EXISTS (SELECT FROM told a WHERE "
        "a.institution_id = d.institution_id AND a.target_id = d.target_id AND a.due_on = d.due_on "
        f"AND a.threshold = {_threshold(rule, day)})"
    )


def _open_alerts(rule: DueList, owner: str, columns: str) -> str:
    mine = f" AND institution_id = {owner}" if owner else ""
    return f"SELECT {columns} FROM portal_alert WHERE rule = '{rule.name}' AND settled_at IS NULL{mine}"


def _keep(rule: DueList, rows: str, day: str, owner: str, new: str) -> str:
    """SQL: those things have their alerts, with what people had decided about them; settled ones are open again."""
    return (
        "INSERT INTO portal_alert (institution_id, ref, rule, target, target_id, threshold, due_on, subject, link, "
        f"found_at, {CARE}) SELECT DISTINCT ON (d.institution_id, d.target_id, d.due_on) d.institution_id, {NEW_REF}, "
        f"'{rule.name}', d.target, d.target_id, {_threshold(rule, day)}, d.due_on, left(d.subject, 200), "
        "left(d.link, 200), clock_timestamp(), e.snoozed_until, e.snoozed_by_id, coalesce(e.snooze_reason, ''), "
        "e.assigned_to_id, e.assigned_by_id, e.assigned_at "
        f"FROM {rows} AS d LEFT JOIN (SELECT DISTINCT ON (institution_id, target_id, due_on) institution_id, target_id, "
        f"due_on, {CARE} FROM portal_alert WHERE rule = '{rule.name}' "
        "AND (snoozed_until IS NOT NULL OR assigned_to_id IS NOT NULL) "
        "ORDER BY institution_id, target_id, due_on, id DESC) AS e "
        "ON e.institution_id = d.institution_id AND e.target_id = d.target_id AND e.due_on = d.due_on "
        f"WHERE d.target_id = ANY ({new}) AND {_in_sight(rule, day, owner)} AND NOT d.over "
        "ON CONFLICT (institution_id, rule, target_id, threshold, due_on) DO UPDATE SET settled_at = NULL, "
        "found_at = clock_timestamp(), seen_at = NULL, seen_by_id = NULL WHERE portal_alert.settled_at IS NOT NULL"
    )


def _settle(rule: DueList, rows: str, day: str, owner: str) -> str:
    """SQL: open alerts of what is no longer watched with that day are settled. Each thing is looked up by its key, once."""
    return (
        f"WITH things AS MATERIALIZED ({_open_alerts(rule, owner, 'DISTINCT institution_id, target_id, due_on')}), "
        f"gone AS MATERIALIZED (SELECT * FROM things t WHERE NOT EXISTS (SELECT FROM {rows} AS d "
        "WHERE d.institution_id = t.institution_id AND d.target_id = t.target_id AND d.due_on = t.due_on "
        f"AND d.due_on <= {day} + {max(rule.thresholds)} AND NOT d.over OFFSET 0)) "
        "UPDATE portal_alert a SET settled_at = clock_timestamp() FROM gone g "
        f"WHERE a.rule = '{rule.name}' AND a.settled_at IS NULL AND a.institution_id = g.institution_id "
        "AND a.target_id = g.target_id AND a.due_on = g.due_on"
    )


def in_one(rule: DueList, institution_id: int, day: date) -> tuple[int, int]:
    """The rule's alerts of this institution are as of the day. Needs its scope. Returns: how many are new, and settled."""
    query, parameters = source(rule)
    rows, owner, on = f"({query})", str(int(institution_id)), f"DATE '{day.isoformat()}'"
    with connection.cursor() as cursor:
        cursor.execute(_new(rule, rows, on, owner), parameters)
        new = cursor.fetchone()[0]
        kept = 0
        if new:
            cursor.execute(_keep(rule, rows, on, owner, "%s::bigint[]"), [*parameters, new])
            kept = cursor.rowcount
        cursor.execute(_settle(rule, rows, on, owner), parameters)
        return kept, cursor.rowcount


def in_all(rule: DueList, day: date) -> tuple[int, int] | None:
    """The rule's alerts of every institution are as of the day, by two calls. Returns: how many are new, and settled.

    None when the database has no functions for the rule as it is declared now: the owner has not migrated since.
    """
    found = call(rule, "find", day)
    settled = None if found is None else call(rule, "settle", day)
    return None if found is None or settled is None else (found, settled)


def call(rule: DueList, act: str, day: date) -> int | None:
    """What the owner's function for this act ("find", "settle") answers; None when there is none for the rule as it is."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT obj_description(p.oid, 'pg_proc') FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace "
            "WHERE n.nspname = 'due' AND p.proname = %s",
            [f"{rule.name}.{act}"],
        )
        known = cursor.fetchone()
        if known is None or known[0] != _digest(bodies(cursor, rule)[act]):
            return None
        cursor.execute(f'SELECT due."{rule.name}.{act}"(%s)', [day])
        return cursor.fetchone()[0]


def bodies(cursor: CursorWrapper, rule: DueList) -> dict[str, str]:
    """The rule's functions: what each does, in PL/pgSQL."""
    query, parameters = source(rule)
    rows = f"({cursor.mogrify(query, parameters).decode()})"
    count = "GET DIAGNOSTICS due_count = ROW_COUNT;\nRETURN due_count;\nEND"
    find = f"{_new(rule, rows, 'due_day', '', 'INTO due_new')};\n{_keep(rule, rows, 'due_day', '', 'due_new')};"
    return {
        "find": f"DECLARE due_new bigint[]; due_count bigint;\nBEGIN\n{find}\n{count}",
        "settle": f"DECLARE due_count bigint;\nBEGIN\n{_settle(rule, rows, 'due_day', '')};\n{count}",
    }


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()


def lay_down(sender: Any, *, using: str, **kwargs: Any) -> None:
    """The owner's functions say what the due lists say, and the owner may read what they read; others are gone.

    Does nothing where one role is owner and portal at once: then every scan goes institution by institution.
    """
    owner = connections[using]
    runtime = settings.DATABASES["default"]["USER"]
    if runtime == owner.settings_dict["USER"]:
        return
    quote = owner.ops.quote_name
    with transaction.atomic(using=using), owner.cursor() as cursor:
        _open_to_owner(cursor)
        cursor.execute("DROP SCHEMA IF EXISTS due CASCADE")
        cursor.execute("CREATE SCHEMA due")
        cursor.execute(f"GRANT USAGE ON SCHEMA due TO {quote(runtime)}")
        for rule in duelists.RULES.values():
            for act, body in bodies(cursor, rule).items():
                function = f'due."{rule.name}.{act}"'
                cursor.execute(
                    f"CREATE FUNCTION {function}(due_day date) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER "
                    "SET search_path = pg_catalog, public, pg_temp AS %s",
                    [body],
                )
                cursor.execute(f"COMMENT ON FUNCTION {function}(date) IS %s", [_digest(body)])
                cursor.execute(f"REVOKE ALL ON FUNCTION {function}(date) FROM PUBLIC")
                cursor.execute(f"GRANT EXECUTE ON FUNCTION {function}(date) TO {quote(runtime)}")


def _open_to_owner(cursor: CursorWrapper) -> None:
    """The owner role reads the tables that the due lists read, and writes the one table of alerts; no others."""
    cursor.execute("SELECT relname FROM pg_class WHERE relrowsecurity AND relnamespace = 'public'::regnamespace")
    walled = {table for (table,) in cursor.fetchall()}
    wanted = {(table, "due_reading", "FOR SELECT", "USING (true)") for table in tables_read() & walled}
    wanted |= {
        (table, "due_writing", "FOR ALL", "USING (true) WITH CHECK (true)") for table in {"portal_alert"} & walled
    }
    cursor.execute("SELECT tablename, policyname FROM pg_policies WHERE policyname IN ('due_reading', 'due_writing')")
    there = set(cursor.fetchall())
    for table, policy in there - {(table, policy) for table, policy, _, _ in wanted}:
        cursor.execute(f"DROP POLICY {policy} ON {table}")
    for table, policy, command, condition in sorted(wanted):
        if (table, policy) not in there:
            cursor.execute(f"CREATE POLICY {policy} ON {table} {command} TO CURRENT_USER {condition}")


def tables_read() -> set[str]:
    """Every table that a due list names, and other quoted names that are no tables."""
    return {name for rule in duelists.RULES.values() for name in re.findall(r'"(\w+)"', source(rule)[0])}
