"""The portal on its servers: migrations, demonstration data, then web, worker, beat and relay until a signal comes."""

import contextlib
import os
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass

from portal.vitals import QUEUES

from . import watchdog
from .machine import BASE_DIR, Unavailable, dies_with_parent, locked, private_directory, state_directory
from .servers import Stack


@dataclass
class Service:
    """One process of the portal that is started again when it ends."""

    name: str
    command: list[str]
    environ: dict[str, str]
    process: subprocess.Popen | None = None
    failures: int = 0
    started_at: float = 0
    due_at: float = 0

    STEADY_SECONDS = 60

    def start(self) -> None:
        """The process runs in a group of its own, so that Ctrl-C reaches the supervisor only."""
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(
            self.command,
            cwd=BASE_DIR,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=dies_with_parent(signal.SIGTERM),
        )

    def ended(self) -> float:
        """Seconds to wait before the next start of a process that has ended: 1, 2, 4 ... 30. Its children are gone."""
        self.kill()
        steady = time.monotonic() - self.started_at > self.STEADY_SECONDS
        self.failures = 1 if steady else self.failures + 1
        pause = min(2 ** (self.failures - 1), 30)
        self.process, self.due_at = None, time.monotonic() + pause
        return pause

    def kill(self) -> None:
        """Nothing is left of the process and its group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Supervisor:
    """Runs the portal on a stack until SIGINT or SIGTERM."""

    GRACE_SECONDS = 20
    WATCH_EVERY_SECONDS = 15

    def __init__(self, stack: Stack, host: str, port: int) -> None:
        self.stack, state = stack, stack.state
        self.bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        reachable = {"0.0.0.0": "127.0.0.1", "::": "127.0.0.1"}.get(host, self.bind.rpartition(":")[0])
        self.here = f"http://{reachable}:{port}"
        self.environ = {"SITE_URL": self.here, **os.environ, **stack.start()}
        self.environ |= {"CHENGLIANG_STATE": str(state), "PYTHONUNBUFFERED": "1"}
        self.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
        shutil.rmtree(state / "metrics", ignore_errors=True)  # counts of processes that are gone
        counting = {**self.environ, "PROMETHEUS_MULTIPROC_DIR": str(private_directory(state / "metrics"))}
        patient = {**counting, "STATEMENT_TIMEOUT_SECONDS": "60"}
        quietly = ["-W", "ignore:You're running the worker with superuser privileges"]
        python, celery = [sys.executable, "-m"], [sys.executable, *quietly, "-m", "celery", "-A", "config", "--quiet"]
        web = ["gunicorn", "config.wsgi", "--bind", self.bind, "--workers", "2", "--threads", "4", "--preload"]
        web += ["--no-control-socket"]
        web += ["--graceful-timeout", "10", "--log-level", "warning"]
        web += ["--logger-class", "config.gunicorn_log.LineLogger"]
        worker = ["worker", "--concurrency", "2", "--queues", ",".join(QUEUES), "--without-gossip", "--without-mingle"]
        beat = ["beat", "--schedule", str(state / "beat-schedule"), "--pidfile", ""]
        self.services = [
            Service("web", [*python, *web], counting),
            Service("worker", [*celery, *worker, "--loglevel", "INFO"], patient),
            Service("beat", [*celery, *beat, "--loglevel", "WARNING"], patient),
            Service("relay", [sys.executable, "manage.py", "relay"], patient),
        ]
        self.selector = selectors.DefaultSelector()
        self.stopping, self.watch_at = False, 0.0
        self.task: subprocess.Popen | None = None
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.stop_soon)

    def stop_soon(self, *_: object) -> None:
        """The main loop ends at its next turn; a command that runs now is ended."""
        self.stopping = True
        if self.task:
            self.task.terminate()

    def manage(self, *arguments: str) -> str:
        """The management command has run. Returns: what it printed. Raises: Unavailable when it failed."""
        if self.stopping:
            return ""
        self.task = subprocess.Popen(
            [sys.executable, "manage.py", *arguments],
            cwd=BASE_DIR,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=dies_with_parent(signal.SIGTERM),
        )
        output, errors = self.task.communicate()
        if self.task.returncode and not self.stopping:
            raise Unavailable(f"{errors}manage.py {' '.join(arguments)} failed.")
        self.task = None
        return output

    def say(self, name: str, line: str) -> None:
        """One line of output, marked with who says it."""
        print(f"{name:<6} | {line}", flush=True)

    def answers(self) -> bool:
        """Whether the web process answers."""
        try:
            with urllib.request.urlopen(f"{self.here}/healthz", timeout=1) as response:
                return response.status == 200
        except (OSError, urllib.error.URLError):
            return False

    def run(self) -> None:
        """Everything ran until a signal came, and has ended."""
        print("Migrating the database ...", flush=True)
        self.manage("migrate", "--database", "owner", "--verbosity", "0")
        print("Preparing the demonstration data ...", flush=True)
        welcome = self.manage("demo")
        announced = False
        try:
            while not self.stopping:
                self.keep_running()
                self.watch_the_worker()
                self.pass_on_output(0.2)
                if not announced and self.answers():
                    announced = True
                    print(f"\n{welcome}\n{self.environ['SITE_URL']}/ is ready; Ctrl-C stops it.\n", flush=True)
        finally:
            self.end()

    def keep_running(self) -> None:
        """Each service runs, or waits for its next start; a server that ended is started again first."""
        for server in filter(None, (self.stack.postgres, self.stack.valkey)):
            if server.process and server.process.poll() is not None:
                self.say("stack", f"{type(server).__name__} ended with code {server.process.returncode}; starts again")
                time.sleep(1)
                server.process = None
                server.start()
        for service in self.services:
            if service.process and service.process.poll() is not None:
                code = service.process.returncode
                self.pass_on_output(0)
                self.say(service.name, f"ended with code {code}; starts again in {service.ended()} s")
            if not service.process and time.monotonic() >= service.due_at:
                service.start()
                self.selector.register(service.process.stdout, selectors.EVENT_READ, service.name)

    def watch_the_worker(self) -> None:
        """A worker that has taken nothing from one of its queues for two minutes is ended; it starts again by itself."""
        now = time.monotonic()
        if now < self.watch_at:
            return
        self.watch_at = now + self.WATCH_EVERY_SECONDS
        for worker in (service for service in self.services if service.name == "worker" and service.process):
            had_time = now - worker.started_at >= watchdog.SILENT_SECONDS
            if had_time and watchdog.is_silent(self.environ["DATABASE_URL"], QUEUES):
                self.say("worker", "has taken nothing for two minutes and is ended")
                worker.kill()

    def pass_on_output(self, seconds: float) -> None:
        """What the services printed within that time stands on the screen, each line with its name."""
        for key, _ in self.selector.select(seconds):
            data = os.read(key.fd, 65536)
            for line in data.decode("utf-8", "replace").splitlines():
                self.say(key.data, line)
            if not data:
                self.selector.unregister(key.fileobj)
                key.fileobj.close()

    def end(self) -> None:
        """No service and no child of one is left; those that work have had time to finish."""
        running = [service for service in self.services if service.process]
        for service in running:
            service.process.terminate()
        end = time.monotonic() + self.GRACE_SECONDS
        while time.monotonic() < end and any(service.process.poll() is None for service in running):
            with contextlib.suppress(OSError):
                self.pass_on_output(0.1)
        for service in running:
            service.kill()


def run() -> int:
    """The portal ran until a signal came."""
    state = state_directory()
    host, port = os.environ.get("HOST") or "127.0.0.1", int(os.environ.get("PORT") or 8000)
    with locked(state / "lock") as free:
        if not free:
            raise Unavailable(f"The portal is already running from {state}.")
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                raise Unavailable(f"{host}:{port} cannot be used ({error.strerror}): set PORT.") from error
        stack = Stack(state)
        try:
            Supervisor(stack, host, port).run()
        finally:
            stack.stop()
    return 0
