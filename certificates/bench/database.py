"""A database, a media directory and a broker number of the bench's own, so that nothing else is touched."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import OperationalError, connections

BROKER_NUMBER = 9


@contextlib.contextmanager
def of_its_own() -> Iterator[dict[str, str]]:
    """Inside, this process works on an empty migrated database and stores files in a new directory.

    With BENCH_TEMPLATE it is a copy of that database, which has the migrations already; they take the better part of a minute.
    Yields: the environment for processes that shall work on the same. Raises: CommandError without the owner role.
    """
    if "owner" not in connections:
        raise CommandError("bench makes a database of its own and needs DATABASE_OWNER_URL; `make bench` sets it.")
    owner, runtime = connections["owner"], connections["default"]
    family = f"{owner.settings_dict['NAME']}_bench"
    name = f"{family}_{os.getpid()}"
    kept = {connection: connection.settings_dict["NAME"] for connection in (owner, runtime)}
    with owner._nodb_cursor() as cursor:
        _clear_away(cursor, family)
        template = owner.ops.quote_name(os.environ.get("BENCH_TEMPLATE") or "template1")
        cursor.execute(f"CREATE DATABASE {owner.ops.quote_name(name)} TEMPLATE {template}")
    try:
        for connection in kept:
            connection.close()
            connection.settings_dict["NAME"] = name
        call_command("migrate", database="owner", verbosity=0)
        with tempfile.TemporaryDirectory(prefix="bench-") as media, _media(media):
            yield {
                "DATABASE_URL": _url(runtime.settings_dict),
                "DATABASE_OWNER_URL": _url(owner.settings_dict),
                "REDIS_URL": broker(settings.REDIS_URL),
                "MEDIA_ROOT": media,
                "LOG_LEVEL": "WARNING",
            }
    finally:
        for connection, before in kept.items():
            connection.close()
            connection.settings_dict["NAME"] = before
        with owner._nodb_cursor() as cursor:
            _clear_away(cursor, name)


def broker(url: str) -> str:
    """The same broker under a number of the bench's own, where the portal's workers do not listen."""
    address, _, _ = url.partition("?")
    if "+socket:" in address:
        return f"{address}?virtual_host={BROKER_NUMBER}"
    return urlunsplit(urlsplit(url)._replace(path=f"/{BROKER_NUMBER}"))


def _clear_away(cursor, family: str) -> None:
    """Databases of this name or family that nobody uses are gone, those of an earlier bench that was killed too."""
    cursor.execute(
        "SELECT datname FROM pg_database WHERE starts_with(datname, %s) AND datname NOT IN "
        "(SELECT datname FROM pg_stat_activity WHERE datname IS NOT NULL)",
        [family],
    )
    for (database,) in cursor.fetchall():
        with contextlib.suppress(OperationalError):  # somebody came in the meantime
            cursor.execute(f'DROP DATABASE "{database}"')


@contextlib.contextmanager
def _media(directory: str) -> Iterator[None]:
    from django.test import override_settings

    with override_settings(MEDIA_ROOT=Path(directory)):
        yield


def _url(parameters: dict) -> str:
    """The address in the form that config/environment.py reads."""
    login = quote(parameters["USER"], safe="")
    if parameters["PASSWORD"]:
        login += f":{quote(parameters['PASSWORD'], safe='')}"
    port = f":{parameters['PORT']}" if parameters["PORT"] else ""
    return f"postgresql://{login}@{port}/{quote(parameters['NAME'], safe='')}?host={quote(parameters['HOST'])}"
