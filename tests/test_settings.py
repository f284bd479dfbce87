"""What production refuses, and as whom the tests work."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import ProgrammingError, connection, connections, transaction

from config import checks, environment, logs

SAFE = {
    "APP_ENV": "production",
    "SITE_URL": "https://portal.example.org",
    "DATABASE_URL": "postgresql://portal_app@/portal?host=/nowhere",
    "REDIS_URL": "redis+socket:///nowhere/valkey.sock",
    "CHECKPOINT_DIR": "/nowhere/checkpoints",
}


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    path.write_text("k" * 50)
    return path


def keys(file: Path) -> dict[str, str]:
    """The variables that name a key which production needs."""
    signing = file.with_name("signing_key")
    signing.write_text(environment.new_signing_key())
    return dict.fromkeys(("SECRET_KEY_FILE", "FIELD_KEY_FILE"), str(file)) | {"LEDGER_KEY_FILE": str(signing)}


def start(**variables: str) -> subprocess.CompletedProcess:
    """A process that loads the settings with these variables and no others."""
    return subprocess.run(
        [sys.executable, "-c", "from django.conf import settings; print('started', settings.APP_ENV)"],
        cwd=settings.BASE_DIR,
        env={"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "config.settings", **variables},
        capture_output=True,
        text=True,
    )


def test_production_starts_with_everything_it_needs(key_file):
    assert start(**SAFE, **keys(key_file)).stdout == "started production\n"


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({"SECRET_KEY_FILE": ""}, "SECRET_KEY_FILE is not set."),
        ({"FIELD_KEY_FILE": ""}, "FIELD_KEY_FILE is not set."),
        ({"LEDGER_KEY_FILE": ""}, "LEDGER_KEY_FILE is not set."),
        (
            {"LEDGER_KEY_FILE": __file__},
            "LEDGER_KEY_FILE holds no Ed25519 key in PEM (openssl genpkey -algorithm ed25519).",
        ),
        ({"CHECKPOINT_DIR": ""}, "CHECKPOINT_DIR is not set."),
        ({"SITE_URL": "", "ALLOWED_HOSTS": "portal.example.org"}, "SITE_URL is not set."),
        ({"SITE_URL": "http://portal.example.org"}, "SITE_URL must begin with https://."),
        ({"DEBUG": "true"}, "DEBUG is on."),
        ({"FAULTPOINTS": "issue.after_lock=kill"}, "FAULTPOINTS is set; faults are for tests."),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS contains a wildcard."),
        ({"ALLOWED_HOSTS": ".example.org"}, "ALLOWED_HOSTS contains a wildcard."),
        ({"SITE_URL": "https:///portal"}, "ALLOWED_HOSTS is empty."),
        ({"DATABASE_URL": ""}, "DATABASE_URL is not set."),
        (
            {"DATABASE_URL": "postgresql://portal_app@db.example.org/portal"},
            "the database is on another machine and its sslmode is not require, verify-ca or verify-full.",
        ),
        (
            {"REDIS_URL": "redis://redis.example.org/0"},
            "Redis is on another machine and REDIS_URL does not begin with rediss://.",
        ),
    ],
)
def test_production_refuses_and_says_why_in_one_line(key_file, variables, reason):
    process = start(**{**SAFE, **keys(key_file), **variables})
    assert (process.returncode, process.stderr) == (checks.REFUSED, f"Refusing to start: {reason}\n")


def test_production_refuses_a_key_shorter_than_50_characters(key_file):
    key_file.write_text("k" * 49)
    process = start(**SAFE, **keys(key_file))
    assert process.stderr == "Refusing to start: the key in SECRET_KEY_FILE is shorter than 50 characters.\n"


def test_production_names_every_reason_at_once(key_file):
    process = start(**SAFE, **keys(key_file), DEBUG="1", FAULTPOINTS="x=kill")
    assert len(process.stderr.splitlines()) == 2


def test_a_machine_of_a_developer_starts_without_any_variable(tmp_path):
    assert start(CHENGLIANG_STATE=str(tmp_path)).stdout == "started dev\n"


def test_a_generated_key_is_kept_and_closed_to_others(tmp_path):
    first = environment.secret("NO_SUCH_VARIABLE", tmp_path / "key")
    assert environment.secret("NO_SUCH_VARIABLE", tmp_path / "key") == first
    assert len(first) == 64
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600


def test_a_socket_and_options_of_a_database_url_are_understood():
    entry = environment.database("postgresql://app:p%40ss@/portal?host=/run/sockets&sslmode=require", options="-c a=b")
    assert (entry["USER"], entry["PASSWORD"], entry["HOST"], entry["NAME"]) == ("app", "p@ss", "/run/sockets", "portal")
    assert entry["OPTIONS"] == {"sslmode": "require", "options": "-c a=b"}


@pytest.mark.parametrize("host", ["", "/run/postgresql", "localhost", "127.0.0.1", "::1"])
def test_a_server_on_this_machine_needs_no_encryption(host):
    assert not checks.leaves_this_machine(host)


@pytest.mark.parametrize(("length", "accepted"), [(11, False), (12, True), (128, True), (129, False)])
def test_a_password_has_12_to_128_characters(length, accepted):
    password = ("Zq7-" * 33)[:length]
    if accepted:
        validate_password(password)
    else:
        with pytest.raises(ValidationError):
            validate_password(password)


def test_an_event_is_logged_as_one_line_of_json_even_with_a_traceback():
    record = logging.makeLogRecord({"msg": "certificate %s issued", "args": ("7",), "institution": "alpha"})
    try:
        raise ValueError("first\nsecond")
    except ValueError:
        record.exc_info = sys.exc_info()
    line = logs.LineFormatter().format(record)
    assert len(line.splitlines()) == 1
    assert json.loads(line).items() >= {"event": "certificate 7 issued", "institution": "alpha"}.items()


def test_tests_work_as_the_runtime_role_without_any_bypass(db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == (connections["default"].settings_dict["USER"], False, False)
    assert connections["owner"].settings_dict["USER"] != connections["default"].settings_dict["USER"]


def test_the_runtime_role_is_found_safe(db):
    assert checks.unsafe_role() == []


def test_the_owner_role_is_found_unsafe(owner_connection, monkeypatch):
    monkeypatch.setattr("django.db.connection", owner_connection)
    name = connections["owner"].settings_dict["USER"]
    assert checks.unsafe_role() == [f"database role {name} of DATABASE_URL owns the database or its tables."]


def test_the_runtime_role_cannot_make_tables(db):
    with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE TABLE intruder (id int)")


def test_a_slow_statement_is_ended_by_the_database(db):
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("5s",)
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("2s",)


@pytest.mark.django_db(transaction=True)
def test_a_transactional_test_may_leave_rows():
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO django_session VALUES ('left-behind', '', now())")


@pytest.mark.django_db(transaction=True)
def test_rows_of_a_transactional_test_are_gone_in_the_next():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM django_session")
        assert cursor.fetchone() == (0,)


def test_migrations_and_models_agree(db):
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
