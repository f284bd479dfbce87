"""The private servers and the supervisor: closed to others, as the right roles, and gone when they should be."""

import contextlib
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
from django.conf import settings

from config import machine, postgres, servers, supervisor

SERVERS = ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_BACKUP_URL", "REDIS_URL")


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A state directory of its own, in an environment that names no servers; its sockets are removed afterwards."""
    for name in SERVERS:
        monkeypatch.delenv(name, raising=False)
    path = machine.private_directory(tmp_path / "state with a space")
    yield path
    stack = servers.Stack(path)
    stack.stop(everything=True)
    shutil.rmtree(stack.postgres.home, ignore_errors=True)


@pytest.fixture
def stack(state: Path) -> Iterator[servers.Stack]:
    running = servers.Stack(state, fast=True)
    running.start()
    yield running
    running.stop()


def rows(url: str, query: str) -> list[tuple]:
    with contextlib.closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def python(script: str, state: Path, **variables: str) -> subprocess.Popen:
    """A process that runs this Python program; what it prints can be read from it."""
    environ = {key: value for key, value in os.environ.items() if key not in SERVERS}
    return subprocess.Popen(
        [sys.executable, "-u", "-c", script, str(state)],
        cwd=settings.BASE_DIR,
        env={**environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_the_runtime_role_bypasses_nothing_and_owns_nothing(stack):
    query = "SELECT rolsuper, rolbypassrls, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = current_user"
    assert rows(stack.postgres.url(postgres.RUNTIME), query) == [(False, False, False, False)]
    owned = "SELECT count(*) FROM pg_shdepend WHERE refobjid = 'portal_app'::regrole AND deptype = 'o'"
    assert rows(stack.postgres.url(postgres.OWNER), owned) == [(0,)]


def test_the_owner_role_owns_the_database_and_is_no_superuser(stack):
    query = (
        "SELECT pg_get_userbyid(datdba), rolsuper, rolbypassrls FROM pg_database, pg_roles"
        " WHERE datname = current_database() AND rolname = current_user"
    )
    assert rows(stack.postgres.url(postgres.OWNER), query) == [(postgres.OWNER, False, False)]


def test_the_backup_role_reads_past_row_security_and_is_read_only(stack):
    query = "SELECT rolsuper, rolbypassrls, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = current_user"
    assert rows(stack.postgres.url(postgres.BACKUP), query) == [(False, True, False, False)]
    assert rows(stack.postgres.url(postgres.BACKUP), "SHOW default_transaction_read_only") == [("on",)]


def test_a_cluster_made_before_the_backup_role_is_given_it(stack):
    with contextlib.closing(stack.postgres.connect(postgres.BOOTSTRAP, postgres.DATABASE)) as connection:
        connection.cursor().execute(f"DROP OWNED BY {postgres.BACKUP}; DROP ROLE {postgres.BACKUP}")
    stack.postgres.bootstrap()
    assert rows(stack.postgres.url(postgres.BACKUP), "SELECT current_user") == [(postgres.BACKUP,)]


def test_chinese_text_has_trigrams(stack):
    assert rows(stack.postgres.url(postgres.RUNTIME), "SELECT cardinality(show_trgm('计量院')) > 0") == [(True,)]


def test_the_servers_listen_on_no_port_and_their_sockets_are_closed_to_others(stack):
    assert rows(stack.postgres.url(postgres.OWNER), "SHOW listen_addresses") == [("",)]
    assert stat.S_IMODE(stack.postgres.directory.stat().st_mode) == 0o700
    assert stat.S_IMODE(stack.valkey.socket.stat().st_mode) == 0o700


def test_a_second_start_keeps_the_data(stack):
    rows(stack.postgres.url(postgres.OWNER), "CREATE TABLE kept AS SELECT 7 AS value; SELECT 1")
    stack.stop()
    again = servers.Stack(stack.state, fast=True)
    again.start()
    kept = rows(again.postgres.url(postgres.OWNER), "SELECT value FROM kept")
    again.stop()
    assert kept == [(7,)]


def test_servers_that_run_already_are_used_and_left_alone(stack):
    guest = servers.Stack(stack.state)
    guest.start()
    guest.stop()
    assert stack.postgres.answers()
    assert stack.valkey.answers()


def test_stopping_leaves_no_server_and_no_socket(state):
    stack = servers.Stack(state, fast=True)
    stack.start()
    stack.stop()
    assert stack.postgres.process.returncode == 0
    assert stack.valkey.process.returncode == 0
    assert not stack.postgres.sockets.exists()
    assert not (state / "addresses.json").exists()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells a child that its parent is gone")
def test_the_servers_end_even_when_their_starter_is_killed(state):
    script = (
        "import sys, time, pathlib; from config import servers\n"
        "stack = servers.Stack(pathlib.Path(sys.argv[1]), fast=True); stack.start()\n"
        "print(stack.postgres.pid(), stack.valkey.pid()); time.sleep(60)"
    )
    process = python(script, state)
    pids = [int(pid) for pid in process.stdout.readline().split()]
    assert all(map(machine.alive, pids))
    process.kill()
    process.wait()
    assert machine.wait_until(lambda: not any(map(machine.alive, pids)), 20)


def test_a_socket_directory_is_remembered(state):
    assert machine.socket_directory(state) == machine.socket_directory(state)


@pytest.mark.parametrize("mode", [0o755, 0o777, 0o770])
def test_a_socket_directory_that_others_may_enter_is_not_used_again(state, mode):
    first = machine.socket_directory(state)
    first.chmod(mode)
    second = machine.socket_directory(state)
    first.rmdir()
    assert second != first


def test_a_socket_directory_that_became_a_link_is_not_used_again(state, tmp_path):
    first = machine.socket_directory(state)
    first.rmdir()
    first.symlink_to(tmp_path)
    second = machine.socket_directory(state)
    first.unlink()
    assert second != first


def test_a_socket_name_fits_the_limit_however_long_the_runtime_directory_is(state, tmp_path, monkeypatch):
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(deep))
    assert len(str(machine.socket_directory(state) / "pg/.s.PGSQL.5432.lock")) < 100


@pytest.mark.parametrize("given", ["DATABASE_URL", "DATABASE_OWNER_URL"])
def test_one_role_without_the_other_is_refused_with_the_missing_name(state, monkeypatch, given):
    monkeypatch.setenv(given, "postgresql://role@/portal")
    (missing,) = {"DATABASE_URL", "DATABASE_OWNER_URL"} - {given}
    with pytest.raises(machine.Unavailable, match=f"{given} is set but {missing} is not"):
        servers.Stack(state)
    monkeypatch.delenv(given)


def test_nothing_is_started_for_servers_that_the_environment_names(state, monkeypatch):
    for name in SERVERS:
        monkeypatch.setenv(name, "given")
    stack = servers.Stack(state)
    assert stack.start() == {}
    assert (stack.postgres, stack.valkey) == (None, None)
    for name in SERVERS:
        monkeypatch.delenv(name)


def test_pauses_between_starts_double_up_to_half_a_minute():
    service = supervisor.Service("web", [sys.executable, "-c", ""], dict(os.environ))
    pauses = []
    for _ in range(7):
        service.start()
        pauses.append(service.ended())
    assert pauses == [1, 2, 4, 8, 16, 30, 30]


SUPERVISED = """
import os, sys, pathlib
from config.servers import Stack
from config.supervisor import Service, Supervisor
supervisor = Supervisor(Stack(pathlib.Path(sys.argv[1])), "127.0.0.1", 1)
supervisor.manage = lambda *arguments: ""
child = "import subprocess, sys, time; subprocess.Popen(['sleep', '60']); print('steady', flush=True); time.sleep(60)"
supervisor.services = [
    Service("steady", [sys.executable, "-c", child], dict(os.environ)),
    Service("broken", [sys.executable, "-c", "print('hello'); raise SystemExit(7)"], dict(os.environ)),
]
supervisor.run()
print("pids", *[service.process.pid for service in supervisor.services if service.process])
"""


@pytest.fixture
def supervised(state: Path) -> Iterator[subprocess.Popen]:
    process = python(SUPERVISED, state, **dict.fromkeys(SERVERS, "given"))
    yield process
    process.kill()
    process.wait()


def read_until(process: subprocess.Popen, end: str) -> list[str]:
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip())
        if lines[-1].startswith(end):
            return lines
    raise AssertionError(f"{end!r} was never printed: {lines}")


def group_exists(pid: int) -> bool:
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_output_is_marked_with_its_service_and_a_dead_one_starts_again(supervised):
    lines = read_until(supervised, "broken | ended with code 7; starts again in 2 s")
    assert "steady | steady" in lines
    assert lines.count("broken | hello") == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_every_process_of_every_service(supervised, number):
    read_until(supervised, "steady | steady")
    supervised.send_signal(number)
    (pid, *_) = (int(word) for word in read_until(supervised, "pids")[-1].split()[1:])
    assert supervised.wait(30) == 0
    assert machine.wait_until(lambda: not group_exists(pid), 10)


def test_a_port_in_use_is_said_in_one_line(state):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        script = "import sys; from config.devstack import main; sys.exit(main(['run']))"
        process = python(script, state, CHENGLIANG_STATE=str(state), PORT=port)
        output, _ = process.communicate(timeout=60)
    assert (process.returncode, output) == (1, f"127.0.0.1:{port} cannot be used (Address already in use): set PORT.\n")
