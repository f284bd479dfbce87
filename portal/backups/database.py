"""The database's side of a backup: programs of PostgreSQL, one snapshot, and a digest of every table."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import psycopg2
from django.apps import apps
from django.conf import settings
from django.db import connections
from django.utils.translation import gettext as _
from psycopg2.extensions import make_dsn

from portal.models import LedgerCheckpoint

from . import BackupError

Cursor = "psycopg2.extensions.cursor"

# Relations and functions that somebody made here; what an extension brought does not count.
THINGS = (
    "SELECT count(*) FROM (SELECT oid, relnamespace AS place, 'pg_class'::regclass AS class FROM pg_class UNION ALL "
    "SELECT oid, pronamespace, 'pg_proc'::regclass FROM pg_proc) AS things WHERE place = 'public'::regnamespace "
    "AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = class AND objid = oid AND deptype = 'e')"
)
# A row's text depends on these; with the same ones the same row has the same text on every machine.
ONE_WAY_TO_WRITE = (
    "SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL intervalstyle = 'postgres'; "
    "SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 1; SET LOCAL row_security = off"
)
# The sum over the rows' hashes does not depend on their order, and no row can be missing, doubled or different.
TABLE_DIGEST = (
    "SELECT count(*), coalesce(sum(('x' || substr(hash, 1, 15))::bit(60)::bigint), 0), "
    "coalesce(sum(('x' || substr(hash, 16, 15))::bit(60)::bigint), 0) FROM "
    "(SELECT encode(sha256(convert_to(t::text, 'UTF8')), 'hex') AS hash FROM public.{table} AS t) AS hashes"
)


def login(alias: str) -> tuple[str, dict[str, str]]:
    """How a program of PostgreSQL reaches that database: connection text, and the environment with the password."""
    entry = connections[alias].settings_dict
    parts = {"dbname": entry["NAME"], "user": entry["USER"], "host": entry["HOST"], "port": entry["PORT"]}
    text = make_dsn(**{name: value for name, value in {**parts, **entry["OPTIONS"]}.items() if value})
    return text, {**os.environ, "PGPASSWORD": entry["PASSWORD"]} if entry["PASSWORD"] else {**os.environ}


def program(name: str) -> str:
    """The path of pg_dump or pg_restore: in PG_BIN, else on the path. Raises: BackupError."""
    found = shutil.which(name, path=os.pathsep.join(filter(None, (settings.PG_BIN, os.environ.get("PATH")))))
    if not found:
        raise BackupError(
            _("找不到 %(name)s。请安装 PostgreSQL 客户端，或用 PG_BIN 指出它所在的目录。") % {"name": name}
        )
    return found


@contextlib.contextmanager
def connected(alias: str) -> Iterator["psycopg2.extensions.connection"]:
    """A connection beside Django's, closed afterwards. Raises: BackupError where there is no such database."""
    if alias not in settings.DATABASES:
        name = {"backup": "DATABASE_BACKUP_URL", "owner": "DATABASE_OWNER_URL"}[alias]
        raise BackupError(_("没有设置 %(name)s。备份与恢复需要它，见 docs/operations.md。") % {"name": name})
    text, environ = login(alias)
    try:
        connection = psycopg2.connect(text, password=environ.get("PGPASSWORD"))
    except psycopg2.OperationalError as error:
        raise BackupError(_("连不上数据库：%(why)s") % {"why": str(error).strip()}) from error
    with contextlib.closing(connection):
        yield connection


@contextlib.contextmanager
def snapshot() -> Iterator["psycopg2.extensions.cursor"]:
    """A cursor of the backup role that sees one state of all rows. Raises: BackupError for a role that may not."""
    with connected("backup") as connection:
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        with connection.cursor() as cursor:
            cursor.execute("SELECT rolname, rolbypassrls AND NOT rolsuper FROM pg_roles WHERE rolname = current_user")
            role, fit = cursor.fetchone()
            if not fit:
                raise BackupError(
                    _("DATABASE_BACKUP_URL 的角色 %(role)s 不能用来备份：它须有 BYPASSRLS，且不是超级用户。")
                    % {"role": role}
                )
            cursor.execute(ONE_WAY_TO_WRITE)
            yield cursor


def dump(cursor: Cursor) -> subprocess.Popen:
    """pg_dump at work on the cursor's snapshot; its stdout is the dump."""
    cursor.execute("SELECT pg_export_snapshot()")
    text, environ = login("backup")
    command = [program("pg_dump"), "--format=custom", "--no-owner", "--no-privileges", "--no-comments", "--no-password"]
    return subprocess.Popen(
        [*command, f"--snapshot={cursor.fetchone()[0]}", f"--dbname={text}"],
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def finish(process: subprocess.Popen) -> None:
    """The program has ended well. Raises: BackupError with what it said."""
    said = process.stderr.read().decode("utf-8", "replace").strip()
    if process.wait():
        name = Path(process.args[0]).name
        raise BackupError(_("%(name)s 失败：%(why)s") % {"name": name, "why": said or process.returncode})


def load(pieces: Iterable[bytes]) -> None:
    """The dump is in the owner's database, all of it or nothing. Raises: BackupError."""
    text, environ = login("owner")
    command = [program("pg_restore"), "--no-owner", "--no-privileges", "--no-password", "--single-transaction"]
    process = subprocess.Popen(
        [*command, "--exit-on-error", f"--dbname={text}"], env=environ, stdin=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        _feed(process.stdin, pieces)
    except BaseException:
        process.kill()  # it commits after the last piece only
        process.wait()
        raise
    finally:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
    finish(process)


def _feed(stdin: BinaryIO, pieces: Iterable[bytes]) -> None:
    for piece in pieces:
        try:
            stdin.write(piece)
        except BrokenPipeError:
            return  # it has ended; what it said is read by `finish`


def inventory(cursor: Cursor) -> dict[str, dict[str, Any]]:
    """ "tables": name -> rows and digest; "sequences": name -> last value given, 0 for none."""
    cursor.execute(
        "SELECT relname, quote_ident(relname) FROM pg_class "
        "WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname"
    )
    tables = {}
    for name, quoted in cursor.fetchall():
        cursor.execute(TABLE_DIGEST.format(table=quoted))
        rows, first, second = cursor.fetchone()
        tables[name] = {"rows": rows, "digest": f"{int(first):x}.{int(second):x}"}
    cursor.execute(
        "SELECT sequencename, coalesce(last_value, 0) FROM pg_sequences WHERE schemaname = 'public' ORDER BY 1"
    )
    return {"tables": tables, "sequences": dict(cursor.fetchall())}


def head(cursor: Cursor) -> dict[str, Any] | None:
    """The newest signed head of the ledger: size, root, text; None when nothing was signed yet."""
    cursor.execute(f"SELECT size, root, text FROM {LedgerCheckpoint._meta.db_table} ORDER BY size DESC LIMIT 1")
    row = cursor.fetchone()
    return row and dict(zip(("size", "root", "text"), row, strict=True))


def surroundings(cursor: Cursor) -> dict[str, Any]:
    """What the place of a restore must have in common with this one: owner, encoding, locale; and when this is."""
    cursor.execute(
        "SELECT now(), current_setting('server_version'), pg_encoding_to_char(encoding), datcollate, datctype, "
        "pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
    )
    names = ("made_at", "postgresql", "encoding", "collate", "ctype", "owner")
    values = dict(zip(names, cursor.fetchone(), strict=True))
    return {**values, "made_at": values["made_at"].isoformat()}


def migrations(cursor: Cursor) -> list[str]:
    """Every migration that has run, as "app.name"."""
    cursor.execute("SELECT app || '.' || name FROM django_migrations ORDER BY 1")
    return [name for (name,) in cursor.fetchall()]


def roles(cursor: Cursor) -> list[dict[str, Any]]:
    """Names and attributes of all roles that are not PostgreSQL's own; no passwords."""
    cursor.execute(
        "SELECT to_jsonb(r) - 'rolpassword' - 'oid' FROM pg_roles AS r WHERE rolname NOT LIKE 'pg\\_%' ORDER BY rolname"
    )
    return [role for (role,) in cursor.fetchall()]


def named_files(cursor: Cursor) -> dict[str, str]:
    """The path of each file that a row names -> its SHA-256 according to the row.

    A model names a file in a field ending in `stored_as` and its hash in the field beside it with the same beginning
    and `sha256`; a published card calls it `file_digest`.
    """
    found = {}
    for model in apps.get_models():
        columns = {field.name: field.column for field in model._meta.concrete_fields}
        for name in filter(lambda name: name.endswith("stored_as"), columns):
            hashed = columns.get(f"{name.removesuffix('stored_as')}sha256") or columns["file_digest"]
            cursor.execute(f"SELECT {columns[name]}, {hashed} FROM {model._meta.db_table} WHERE {columns[name]} <> ''")
            found |= dict(cursor.fetchall())
    return found
