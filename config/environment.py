"""A typed reader for environment variables: what the settings are made from."""

import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str = "") -> str:
    """The variable without surrounding blanks, or the default when it is unset or empty."""
    return os.environ.get(name, "").strip() or default


def whole_number(name: str, default: int) -> int:
    """The variable as a whole number. Raises: ImproperlyConfigured when it is something else."""
    value = text(name)
    if not value:
        return default
    if not value.isdecimal():
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.")
    return int(value)


def flag(name: str, default: bool = False) -> bool:
    """The variable as yes or no. Raises: ImproperlyConfigured when it is neither."""
    value = text(name).lower()
    if not value:
        return default
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name} must be true or false, not {value!r}.")


def names(name: str, default: list[str]) -> list[str]:
    """The variable split at commas, without empty parts, or the default when it is unset."""
    parts = [part.strip() for part in text(name).split(",")]
    return [part for part in parts if part] or default


def choice(name: str, allowed: tuple[str, ...], default: str) -> str:
    """The variable when it is one of the allowed words. Raises: ImproperlyConfigured otherwise."""
    value = text(name, default)
    if value not in allowed:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(allowed)}, not {value!r}.")
    return value


def new_secret() -> str:
    """64 random characters."""
    return secrets.token_urlsafe(48)


def new_signing_key() -> str:
    """A new Ed25519 key, in PEM."""
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def secret(name: str, generate_at: Path | None, new: Callable[[], str] = new_secret) -> str:
    """The content of the file that the variable names.

    Without the variable: the content of `generate_at`, which is written with a `new` secret (readable by its owner
    only) when it does not exist; or "" when `generate_at` is None.
    Raises: ImproperlyConfigured when the named file cannot be read.
    """
    named = text(name)
    if named:
        try:
            return Path(named).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}={named} cannot be read: {error.strerror}.") from error
    if generate_at is None:
        return ""
    generate_at.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with open(os.open(generate_at, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
            file.write(new())
    except FileExistsError:
        pass
    return generate_at.read_text(encoding="utf-8").strip()


def addresses(state: Path) -> dict[str, str]:
    """The variables that lead to the private servers now running there, or nothing.

    `state`: the directory of config/servers.py, which writes the file when its servers are up.
    """
    try:
        return json.loads((state / "addresses.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}


def database(url: str, **options: str) -> dict:
    """A Django DATABASES entry for a PostgreSQL URL; the parts of its query become connection options.

    A server behind a socket is written `postgresql://user@/name?host=/directory`.
    Raises: ImproperlyConfigured when the URL is not one of PostgreSQL or names no database.
    """
    parts = urlsplit(url)
    name = unquote(parts.path.lstrip("/"))
    if parts.scheme not in {"postgresql", "postgres"} or not name:
        raise ImproperlyConfigured("A database URL looks like postgresql://user:password@host:5432/name.")
    query = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "OPTIONS": {**query, **options},
    }


def mail(url: str, files: Path | None = None) -> dict:
    """Django's EMAIL_ settings for `smtp://user:password@host:port` (STARTTLS), `smtps://`, `console:` or `memory:`.

    `file:/directory` keeps each mail as a file there; `file:` alone in `files`.
    Raises: ImproperlyConfigured for any other scheme.
    """
    parts = urlsplit(url)
    if parts.scheme in {"console", "memory"}:
        backend = {"console": "console", "memory": "locmem"}[parts.scheme]
        return {"EMAIL_BACKEND": f"django.core.mail.backends.{backend}.EmailBackend"}
    if parts.scheme == "file" and (parts.path or files):
        return {
            "EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend",
            "EMAIL_FILE_PATH": parts.path or str(files),
        }
    if parts.scheme not in {"smtp", "smtps"}:
        raise ImproperlyConfigured("EMAIL_URL looks like smtps://user:password@host:465.")
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname or "localhost",
        "EMAIL_PORT": parts.port or (465 if parts.scheme == "smtps" else 587),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_USE_TLS": parts.scheme == "smtp",
        "EMAIL_TIMEOUT": 10,
    }
