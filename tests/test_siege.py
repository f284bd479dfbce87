"""Certificates are issued in numbers while workers, broker and database server are killed again and again.

The journal holds what was acknowledged: every number in it is a certificate with one PDF and all its leaves, and none is
missing, doubled or half there. `make soak` does the same for a long time.
"""

import contextlib
import json
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from certificates.bench import laboratory
from certificates.models import Certificate
from config.machine import Unavailable
from config.postgres import Postgres
from institutions.models import Institution
from portal import invariants
from portal.models import OutboxEntry
from portal.tenancy import tenant
from tests import processes
from tests.processes import Process, running, wait_for
from tests.siege import SIEGE, some, until

SLUG = laboratory.SLUG


def batch(log: Path, journal: Path, count: int, **variables: str) -> Process:
    """The command that issues, on its way."""
    command = [sys.executable, "manage.py", "issue_batch", "--institution", SLUG, "--count", str(count)]
    return Process([*command, "--concurrency", "3", "--journal", str(journal), "--json"], log, **variables)


def report(process: Process) -> dict:
    """What the command said at its end; the lines before are about what it had to do again."""
    text = process.output()
    return json.loads(text[text.index("\n{") + 1 :] if not text.startswith("{") else text)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[processes.Broker]:
    broker = processes.Broker(tmp_path)
    broker.start()
    yield broker
    broker.close()


@pytest.mark.django_db(transaction=True)
def test_no_certificate_is_lost_or_doubled_while_workers_die_and_the_broker_forgets(broker, tmp_path):
    laboratory.built({}, 0)
    journal = tmp_path / "journal"
    kinds = ({}, {"FAULTPOINTS": "pdf.before_write=sleep:0.3"}, {"FAULTPOINTS": "pdf.after_write=sleep:0.3"})
    flush_after = {round(SIEGE.worker_kills * (n + 1) / (SIEGE.flushes + 1)) for n in range(SIEGE.flushes)}

    def waiting() -> int:
        return OutboxEntry.objects.filter(task="certificates.render_pdf").exclude(state=OutboxEntry.State.DONE).count()

    with contextlib.ExitStack() as stack:
        stack.enter_context(running(processes.relay(tmp_path / "relay.log", broker.url)))
        issuing = stack.enter_context(running(batch(tmp_path / "batch.log", journal, SIEGE.certificates)))
        for kill in range(SIEGE.worker_kills):
            with running(processes.worker(tmp_path / f"{kill}.log", broker.url, **random.choice(kinds))) as worker:
                worker.says("ready.")
                time.sleep(some(0.2, 1.5))
                worker.send(signal.SIGKILL)
            if kill in flush_after:
                broker.client().flushall()
        until(lambda: issuing.popen.poll() is not None, 60 + SIEGE.certificates)
        assert issuing.popen.returncode == 0, issuing.output()
        with running(processes.worker(tmp_path / "last.log", broker.url)):
            wait_for(lambda: not waiting(), 120 + SIEGE.certificates)
    numbers = journal.read_text().split()
    assert sorted(numbers) == report(issuing)["numbers"]
    assert len(set(numbers)) == SIEGE.certificates
    with tenant(Institution.objects.get(slug=SLUG).pk):
        stored = Certificate.objects.filter(number__in=numbers).exclude(pdf_sha256="")
        assert stored.values("pdf_stored_as").distinct().count() == SIEGE.certificates
    assert list(invariants.breaches()) == []


class Server:
    """A PostgreSQL of this test alone, as safe as the real one, which is killed and started again."""

    def __init__(self, place: Path) -> None:
        self.place, self.log = place, place / "logs"
        self.sockets = Path(tempfile.mkdtemp(prefix="cl-", dir="/tmp"))  # a socket's name must be short
        self.postgres = Postgres(place / "server", self.sockets)
        self.log.mkdir()

    def start(self) -> None:
        """It answers. What a killed one leaves in memory takes a moment to go, so it may need more than one try."""

        def started() -> bool:
            try:
                self.postgres.start()
            except Unavailable:
                self.postgres.process = None
                return False
            return True

        until(started, 60)

    def kill(self) -> None:
        """It is gone in the middle of whatever it did."""
        self.postgres.process.kill()
        self.postgres.process.wait()
        self.postgres.process = None

    def close(self) -> None:
        """Nothing is left of it."""
        self.kill()
        until(lambda: not self.postgres.answers(), 20)
        shutil.rmtree(self.postgres.home, ignore_errors=True)
        shutil.rmtree(self.sockets, ignore_errors=True)

    @property
    def variables(self) -> dict[str, str]:
        """What leads a process to it."""
        return {
            "DATABASE_URL": self.postgres.url("portal_app"), "DATABASE_OWNER_URL": self.postgres.url("portal_owner"),
            "MEDIA_ROOT": str(self.place / "media"),
        }  # fmt: skip

    def manage(self, *arguments: str) -> str:
        """A command of manage.py has ended well on it. Returns: its output."""
        command = [sys.executable, "manage.py", *arguments]
        with running(Process(command, self.log / f"{arguments[0]}.log", **self.variables)) as process:
            assert process.popen.wait(180) == 0, process.output()
            return process.output()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path)
    server.start()
    server.postgres.bootstrap()
    server.manage("migrate", "--database", "owner", "--verbosity", "0")
    server.manage("shell", "-c", "from certificates.bench.laboratory import built; built({}, 0)")
    yield server
    server.close()


def test_what_was_acknowledged_is_there_after_the_database_server_was_killed(server):
    journal = server.log / "journal"
    with running(batch(server.log / "batch.log", journal, SIEGE.certificates, **server.variables)) as issuing:
        for _kill in range(SIEGE.server_kills):
            acknowledged = journal.stat().st_size if journal.exists() else 0
            until(lambda known=acknowledged: journal.exists() and journal.stat().st_size > known
                  or issuing.popen.poll() is not None, 90)  # fmt: skip
            time.sleep(some(0, 0.4))
            server.kill()
            time.sleep(some(0, 0.5))
            server.start()
        until(lambda: issuing.popen.poll() is not None, 120 + SIEGE.certificates)
        assert issuing.popen.returncode == 0, issuing.output()
    numbers = journal.read_text().split()
    assert sorted(numbers) == report(issuing)["numbers"]
    assert len(set(numbers)) == len(numbers) == SIEGE.certificates
    assert report(issuing)["retried"] > 0, "the server was never missed"
    found = json.loads(server.manage("check_invariants", "--json"))
    assert found["ok"] and len(found["rules"]) > 9
    with contextlib.closing(psycopg2.connect(server.variables["DATABASE_URL"])) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT set_config('app.tenant', id::text, false) FROM institutions_institution")
        cursor.execute(
            "SELECT count(*), count(DISTINCT number) FROM certificates_certificate WHERE number = ANY(%s)", [numbers]
        )
        assert cursor.fetchone() == (SIEGE.certificates, SIEGE.certificates)
