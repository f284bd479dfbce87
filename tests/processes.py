"""The portal's background processes and a broker of their own, on the database of this test run."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

from django.conf import settings

from config import machine, servers
from portal.vitals import QUEUES


def database_url(alias: str = "default", name: str = "") -> str:
    """The address of the test database, or of another one on its server, for the role of that alias."""
    entry = settings.DATABASES[alias]
    login = quote(entry["USER"]) + (f":{quote(entry['PASSWORD'])}" if entry["PASSWORD"] else "")
    port = f":{entry['PORT']}" if entry["PORT"] else ""
    if entry["HOST"].startswith("/"):
        return f"postgresql://{login}@{port}/{name or entry['NAME']}?host={entry['HOST']}"
    return f"postgresql://{login}@{entry['HOST']}{port}/{name or entry['NAME']}"


def wait_for(ready: Callable[[], object], seconds: float = 30) -> None:
    """It has become true. Raises: AssertionError when it has not within that time."""
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end, f"waited {seconds} s in vain"
        time.sleep(0.05)


class Broker:
    """A Valkey of this test alone, so that emptying or stopping it harms nobody."""

    def __init__(self, place: Path) -> None:
        self.sockets = Path(tempfile.mkdtemp(prefix="cl-", dir="/tmp"))  # a socket's name must be short
        self.server = servers.Valkey(place, self.sockets)
        self.url = self.server.url()

    def start(self) -> None:
        self.server.start()

    def stop(self) -> None:
        if self.server.process:
            self.server.process.kill()
            self.server.process.wait()
            self.server.process = None

    def close(self) -> None:
        """Nothing is left of it."""
        self.stop()
        shutil.rmtree(self.sockets, ignore_errors=True)

    def client(self):
        """A client for looking into the queues."""
        import redis

        return redis.Redis(unix_socket_path=str(self.server.socket))


class Process:
    """One background process with its children, whose output is kept for a failing test to show."""

    def __init__(self, command: list[str], log: Path, **variables: str) -> None:
        self.log = log
        environ = {
            **os.environ, "DJANGO_SETTINGS_MODULE": "config.settings_test", "APP_ENV": "test",
            "DATABASE_URL": database_url(), "MEDIA_ROOT": str(settings.MEDIA_ROOT), "OUTBOX_RESEND_SECONDS": "2",
            "STATEMENT_TIMEOUT_SECONDS": "60", "PYTHONUNBUFFERED": "1",
            "CHECKPOINT_DIR": str(settings.CHECKPOINT_DIR), **variables,
        }  # fmt: skip
        with log.open("ab") as output:
            self.popen = subprocess.Popen(
                command, cwd=settings.BASE_DIR, env=environ, stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, start_new_session=True,
                preexec_fn=machine.dies_with_parent(signal.SIGKILL),
            )  # fmt: skip

    def output(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def says(self, text: str, seconds: float = 40) -> None:
        """It has printed this text. Raises: AssertionError with its output when it ended or took longer."""
        end = time.monotonic() + seconds
        while text not in self.output():
            assert self.popen.poll() is None and time.monotonic() < end, f"never said {text!r}:\n{self.output()}"
            time.sleep(0.05)

    def send(self, number: int) -> None:
        """The process and its children have the signal."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.popen.pid, number)

    def kill(self) -> None:
        """Nothing is left of the process and its children."""
        self.send(signal.SIGKILL)
        self.popen.wait(10)


@contextlib.contextmanager
def running(process: Process) -> Iterator[Process]:
    """The process while the block runs; afterwards it is gone."""
    try:
        yield process
    finally:
        process.kill()


def relay(log: Path, broker_url: str, **variables: str) -> Process:
    """The relay, on its way up."""
    return Process([sys.executable, "manage.py", "relay"], log, REDIS_URL=broker_url, **variables)


def worker(log: Path, broker_url: str, **variables: str) -> Process:
    """A worker with one child process, on its way up; it says "ready." when it takes work."""
    quietly = ["-W", "ignore:You're running the worker with superuser privileges"]
    celery = [sys.executable, *quietly, "-m", "celery", "-A", "config", "--quiet", "worker", "--concurrency", "1"]
    options = ["--queues", ",".join(QUEUES), "--without-gossip", "--without-mingle", "--loglevel", "INFO"]
    return Process([*celery, *options], log, REDIS_URL=broker_url, **variables)
