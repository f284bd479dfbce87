"""The test database, made as the owner and used as the runtime role, and the browser."""

import contextlib
import functools
import gc
import hashlib
import os
import shutil
from collections.abc import Iterator
from copy import deepcopy
from itertools import count
from pathlib import Path
from time import time
from types import SimpleNamespace
from uuid import uuid4

import psycopg2
import pytest
from django.conf import settings
from django.contrib.auth import user_logged_in
from django.db import OperationalError, connections, transaction
from django.db.backends.postgresql.operations import DatabaseOperations
from django.http import HttpRequest
from django.test import override_settings

from institutions.sessions import PROVEN
from portal import limits
from tests import make

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WORDINGS = "commitments_commitmenttemplate"
NO_BROWSER = "The browser test was not run: no Chromium here (Debian: apt-get install chromium; else set CHROMIUM)."


# Files that take long for few tests. Begun last, one of them would keep a single core busy while the others are done.
LONG = (
    "tests/certificates/test_bench.py", "tests/test_siege.py", "tests/certificates/test_demo.py", "tests/test_recovery.py",
    "tests/test_fuzz.py", "tests/test_routes.py", "tests/test_backup.py", "tests/certificates/test_acceptance.py",
    "tests/test_story.py", "tests/test_devstack.py", "tests/portal/test_headers.py", "tests/portal/test_relay.py",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long files come first."""
    place = {name: number for number, name in enumerate(LONG)}
    items.sort(key=lambda item: place.get(item.nodeid.partition("::")[0], len(LONG)))


def pytest_collection_finish() -> None:
    """What has been made by now stays to the end: the collector need not look through it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@functools.cache
def schema_fingerprint() -> str:
    """A short text that changes with everything that shapes an empty migrated database."""
    base, digest = settings.BASE_DIR, hashlib.sha256()
    apps = [base / app for app in settings.INSTALLED_APPS if (base / app).is_dir()]
    shaping = {
        "models.py",
        "apps.py",
        "grants.py",
        "tenancy.py",
        "audit.py",
        "alerts.py",
        "duelists.py",
        "due_functions.py",
        "searching.py",
        "guard.py",
    }
    files = [file for app in apps for file in app.rglob("*.py") if {"migrations", "models", "alerts"} & {*file.parts}]
    files += [file for app in apps for file in app.rglob("*.py") if file.name in shaping]
    digest.update(" ".join(sorted(settings.DATABASES)).encode())  # each role there is given its rights
    for file in sorted({*files, base / "requirements.lock"}):
        digest.update(f"{file.relative_to(base)}\n".encode() + file.read_bytes())
    return digest.hexdigest()[:12]


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_blocker: object, django_db_createdb: bool
) -> Iterator[None]:
    """A fresh test database with every migration, in which `default` works as the runtime role.

    The owner migrates a template once for each state of the migrations; each run copies it, which takes a moment only.
    `--create-db` makes the template anew.
    """
    owner, runtime = connections["owner"], connections["default"]
    quote = owner.ops.quote_name
    family = f"test_{owner.settings_dict['NAME']}"
    name, template = f"{family}_{os.getpid()}", f"{family}_{schema_fingerprint()}"
    with django_db_blocker.unblock():
        with owner._nodb_cursor() as cursor:
            # Runs beside this one wait here for their turn, and of theirs only what nobody uses is cleared away.
            cursor.execute("SET lock_timeout = 0")
            cursor.execute("SELECT pg_advisory_lock(hashtext(%s))", [family])
            cursor.execute(
                "SELECT datname FROM pg_database WHERE datname LIKE %s AND datname <> ALL "
                "(SELECT DISTINCT datname FROM pg_stat_activity WHERE datname IS NOT NULL)",
                [f"{family}%"],
            )
            found = {database for (database,) in cursor.fetchall()}
            keep = set() if django_db_createdb else {template}
            for database in found - keep:
                with contextlib.suppress(OperationalError):  # somebody came in the meantime
                    cursor.execute(f"DROP DATABASE IF EXISTS {quote(database)}")
            if template not in found & keep:
                draft = f"{template}_new"
                owner.settings_dict["TEST"]["NAME"] = draft
                owner.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
                owner.close()
                runtime.close()
                cursor.execute(f"ALTER DATABASE {quote(draft)} RENAME TO {quote(template)}")
            cursor.execute(f"CREATE DATABASE {quote(name)} TEMPLATE {quote(template)}")
            for connection in map(connections.__getitem__, settings.DATABASES):
                connection.close()
                connection.settings_dict["NAME"] = settings.DATABASES[connection.alias]["NAME"] = name
            holder = as_owner()  # shows the others that this database is in use
        flush_as_owner()
    yield
    holder.close()
    with django_db_blocker.unblock():
        drop(name)


def drop(database: str) -> None:
    """The database is gone, also when connections of threads and event loops were left open."""
    for alias in settings.DATABASES:
        connections[alias].close()
    for alias in settings.DATABASES:
        with connections[
            alias
        ]._nodb_cursor() as cursor:  # each role may end its own connections only, and waits for it
            cursor.execute(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s AND usename = current_user",
                [database],
            )
    owner = connections["owner"]
    with owner._nodb_cursor() as cursor:
        cursor.execute(f"DROP DATABASE {owner.ops.quote_name(database)} WITH (FORCE)")


def as_owner() -> "psycopg2.extensions.connection":
    """A connection of the owner role to the test database; not Django's, whose test cases would close it off."""
    return psycopg2.connect(**connections["owner"].get_connection_params())


def flush_as_owner() -> None:
    """The tables that a transactional test leaves behind are emptied by the owner: the runtime role may not.

    The portal's own wording of the pledge, which a migration brings, is there again.

    Set on the class, since code beside a running event loop (a browser test) is given a connection object of its own.
    """

    def execute(operations: DatabaseOperations, statements: list[str]) -> None:
        with contextlib.closing(as_owner()) as connection, connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE TEMP TABLE kept ON COMMIT DROP AS SELECT * FROM {WORDINGS} WHERE region_code = ''")
            for statement in statements:
                cursor.execute(statement)
            cursor.execute(f"INSERT INTO {WORDINGS} SELECT * FROM kept")

    DatabaseOperations.execute_sql_flush = execute


@pytest.fixture(scope="module")
def rows_of_module(
    django_db_setup: None, django_db_blocker: object, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """What fixtures of a module write lies under all its tests; each takes back only what it did itself.

    For modules without transactional tests. A fixture hands out copies of the Python objects it has made once.
    """
    own = override_settings(CHECKPOINT_DIR=str(tmp_path_factory.mktemp("checkpoints")))
    with own, django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def laboratory_made(rows_of_module: None) -> SimpleNamespace:
    """What `make.laboratory` makes, once for a module."""
    return make.laboratory()


@pytest.fixture
def laboratory(db: None, laboratory_made: SimpleNamespace) -> SimpleNamespace:
    """The module's laboratory as it was made, whatever other tests have done to it."""
    return deepcopy(laboratory_made)


@pytest.fixture
def owner_connection(db: None) -> Iterator["psycopg2.extensions.connection"]:
    """A connection of the owner role, beside the test's transaction; what it changes is rolled back."""
    with contextlib.closing(as_owner()) as connection:
        yield connection
        connection.rollback()


@pytest.fixture(scope="session", autouse=True)
def media_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Files that tests store lie in a directory of this run."""
    settings.MEDIA_ROOT = tmp_path_factory.mktemp("media")


@pytest.fixture(scope="session")
def checkpoint_directories(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Ever new directories; `mktemp` would look through all that there are to find a new name."""
    base = tmp_path_factory.mktemp("checkpoints")
    return (str(base / str(number)) for number in count())


@pytest.fixture(autouse=True)
def checkpoints_of_its_own(settings: object, checkpoint_directories: Iterator[str]) -> None:
    """No test finds the checkpoints of another one's ledger."""
    settings.CHECKPOINT_DIR = next(checkpoint_directories)
    os.mkdir(settings.CHECKPOINT_DIR)


@pytest.fixture(autouse=True)
def limits_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test uses up what another one may do: all of them come from one address."""
    monkeypatch.setattr(limits, "PREFIX", f"limit:{uuid4()}")
    monkeypatch.setattr(limits, "_local", limits.LocalCounts())


@pytest.fixture(autouse=True)
def second_factor_of_forced_sign_ins() -> Iterator[None]:
    """Whom a test signs in past the sign-in pages (`force_login`) has proven everything those pages ask for."""

    def prove(sender: object, request: HttpRequest, **kwargs: object) -> None:
        if not request.path:  # the request that the test client makes up
            request.session[PROVEN] = int(time())

    user_logged_in.connect(prove)
    yield
    user_logged_in.disconnect(prove)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium. Without one the test is skipped with a reason; where CI is set it fails."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if found and Path(found).exists():
        return found
    if os.environ.get("CI", "").lower() in {"1", "true"}:
        pytest.fail(NO_BROWSER)
    pytest.skip(NO_BROWSER)


@pytest.fixture
def browser_page(chromium: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """A page of a fresh Chromium in Chinese, without access to anything but this machine."""
    from playwright.sync_api import sync_playwright

    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # Playwright's loop lives in the test's own thread
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        page = browser.new_context(locale="zh-CN", timezone_id="Asia/Shanghai").new_page()
        yield page
        browser.close()
