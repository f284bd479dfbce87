"""What keeps the portal from starting: unsafe settings, and a database role that walks through walls."""

import ipaddress
import sys
from collections.abc import Iterable
from urllib.parse import urlsplit

# gunicorn gives up, instead of starting its worker again and again, when a worker ends with this code.
REFUSED = 3


def refuse(reasons: Iterable[str]) -> None:
    """The process has ended, with one line for each reason, unless there is none."""
    lines = [f"Refusing to start: {reason}" for reason in reasons]
    if lines:
        print(*lines, sep="\n", file=sys.stderr, flush=True)
        raise SystemExit(REFUSED)


def unsafe_settings(settings: dict) -> list[str]:
    """The reasons for which these settings must not serve real users, each one sentence; empty when there is none."""
    key, hosts = settings["SECRET_KEY"], settings["ALLOWED_HOSTS"]
    database, broker = settings["DATABASES"]["default"], urlsplit(settings["REDIS_URL"])
    faults = {
        "SECRET_KEY_FILE is not set.": not key,
        "the key in SECRET_KEY_FILE is shorter than 50 characters.": 0 < len(key) < 50,
        "FIELD_KEY_FILE is not set.": not settings["FIELD_KEYS"],
        "a key in FIELD_KEY_FILE is shorter than 43 characters.": any(len(key) < 43 for key in settings["FIELD_KEYS"]),
        "LEDGER_KEY_FILE is not set.": not settings["LEDGER_KEY"],
        "LEDGER_KEY_FILE holds no Ed25519 key in PEM (openssl genpkey -algorithm ed25519).": (
            settings["LEDGER_KEY"] and not is_signing_key(settings["LEDGER_KEY"])
        ),
        "CHECKPOINT_DIR is not set.": not settings["CHECKPOINT_DIR"],
        "SITE_URL is not set.": not settings["SITE_URL"],
        "SITE_URL must begin with https://.": settings["SITE_URL"] and not settings["HTTPS"],
        "DEBUG is on.": settings["DEBUG"],
        "FAULTPOINTS is set; faults are for tests.": settings["FAULTPOINTS"],
        "ALLOWED_HOSTS is empty.": not hosts,
        "ALLOWED_HOSTS contains a wildcard.": any(host.startswith((".", "*")) for host in hosts),
        "DATABASE_URL is not set.": not settings["DATABASE_URL"],
        "the database is on another machine and its sslmode is not require, verify-ca or verify-full.": (
            leaves_this_machine(database["HOST"])
            and database["OPTIONS"].get("sslmode") not in {"require", "verify-ca", "verify-full"}
        ),
        "Redis is on another machine and REDIS_URL does not begin with rediss://.": (
            broker.scheme == "redis" and leaves_this_machine(broker.hostname or "")
        ),
    }
    return [reason for reason, present in faults.items() if present]


def is_signing_key(text: str) -> bool:
    """Whether the text is an Ed25519 private key in PEM, not encrypted."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        return isinstance(load_pem_private_key(text.encode(), password=None), Ed25519PrivateKey)
    except (ValueError, TypeError):
        return False


def leaves_this_machine(host: str) -> bool:
    """Whether talking to this host (a name, an address, or a socket's directory) uses a network."""
    if not host or host.startswith(("/", "@")) or host == "localhost":
        return False
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return True


def unsafe_role() -> list[str]:
    """The reasons for which this role must not work in this database, each one sentence; empty when there is none."""
    from django.db import connection

    from portal.backups import DRILL, UNFINISHED

    with connection.cursor() as cursor:
        cursor.execute("SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
        name, superuser, bypass = cursor.fetchone()
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = 'public' AND pg_has_role(c.relowner, 'MEMBER')) OR EXISTS"
            " (SELECT FROM pg_database WHERE datname = current_database() AND pg_has_role(datdba, 'MEMBER'))"
        )
        (owner,) = cursor.fetchone()
        cursor.execute(
            "SELECT shobj_description(oid, 'pg_database') IN (%s, %s) FROM pg_database WHERE datname = current_database()",
            [UNFINISHED, DRILL],
        )
        (unfit,) = cursor.fetchone()
    faults = {
        f"database role {name} of DATABASE_URL is a superuser.": superuser,
        f"database role {name} of DATABASE_URL may bypass row-level security.": bypass and not superuser,
        f"database role {name} of DATABASE_URL owns the database or its tables.": owner and not superuser,
        "the database is what a restore left that failed or was a drill; see docs/operations.md.": unfit,
    }
    return [reason for reason, present in faults.items() if present]


def unsafe_worker() -> list[str]:
    """The reasons for which this system must not run a worker, each one sentence; empty when there is none."""
    from portal import sandbox

    reason = (
        "this system filters no system calls (seccomp, Linux on x86_64 or aarch64), and a worker would render PDFs "
        "without its sandbox."
    )
    return [] if sandbox.is_complete() else [reason]


def refuse_unsafe_role() -> None:
    """The process has ended unless the runtime role is safe. Web, worker and relay call this when they start.

    Where the server cannot be reached the process starts all the same and answers what it can without it.
    """
    from django.db import OperationalError, connection

    try:
        refuse(unsafe_role())
    except OperationalError as error:
        print(f"The database cannot be reached yet: {error}".strip().replace("\n", " "), file=sys.stderr, flush=True)
    finally:
        connection.close()
