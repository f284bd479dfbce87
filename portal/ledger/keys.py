"""The key that signs heads of the ledger. It lies in a file outside the database and its backups. Source: E4.25.

Every signature names its algorithm; a further one, say SM2 with SM3, is one more entry in ALGORITHMS.
"""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


@dataclass(frozen=True)
class Algorithm:
    """A way to sign. `note_type`: its byte in the identifier of a key in a signed note (C2SP signed-note)."""

    name: str
    note_type: bytes
    hash_name: str
    private: type
    public_bytes: Callable[[object], bytes]
    verify: Callable[[bytes, bytes, bytes], bool]


@dataclass(frozen=True)
class PublicKey:
    """A key that everybody may know."""

    algorithm: Algorithm
    raw: bytes

    def __str__(self) -> str:
        return f"{self.algorithm.name}:{base64.b64encode(self.raw).decode()}"

    def note_id(self, name: str) -> bytes:
        """The four bytes by which a signed note points to this key under that name. Source: C2SP signed-note."""
        return sha256(name.encode() + b"\n" + self.algorithm.note_type + self.raw).digest()[:4]

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the raw key, for people to compare."""
        return sha256(self.raw).hexdigest()


def _ed25519_verifies(raw: bytes, data: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(raw).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


ED25519 = Algorithm(
    "Ed25519", b"\x01", "SHA-256", Ed25519PrivateKey, lambda key: key.public_key().public_bytes_raw(), _ed25519_verifies
)
ALGORITHMS = {algorithm.name: algorithm for algorithm in (ED25519,)}


@lru_cache(maxsize=4)
def _loaded(pem: str) -> tuple[Algorithm, Ed25519PrivateKey]:
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError) as error:
        raise ImproperlyConfigured("LEDGER_KEY_FILE must hold a private key in PEM (PKCS 8), not encrypted.") from error
    for algorithm in ALGORITHMS.values():
        if isinstance(key, algorithm.private):
            return algorithm, key
    raise ImproperlyConfigured(f"LEDGER_KEY_FILE: keys of type {type(key).__name__} are not known here.")


def sign(data: bytes) -> bytes:
    """The signature of the ledger's key over these bytes."""
    return _loaded(settings.LEDGER_KEY)[1].sign(data)


def public_key() -> PublicKey:
    """The public half of the key that signs now."""
    algorithm, key = _loaded(settings.LEDGER_KEY)
    return PublicKey(algorithm, algorithm.public_bytes(key))


def known() -> list[PublicKey]:
    """The key that signs now, and those that signed before. Raises: ImproperlyConfigured."""
    return [public_key(), *map(parse, settings.LEDGER_RETIRED_KEYS)]


def parse(text: str) -> PublicKey:
    """The key written as "Ed25519:<base64>". Raises: ImproperlyConfigured."""
    name, _colon, encoded = text.partition(":")
    try:
        raw = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        raw = b""
    if name not in ALGORITHMS or len(raw) != 32:
        raise ImproperlyConfigured(f"LEDGER_RETIRED_KEYS: {text!r} is not a key like Ed25519:<base64 of 32 bytes>.")
    return PublicKey(ALGORITHMS[name], raw)


def verify(data: bytes, signature: bytes, public_key: PublicKey | None = None) -> bool:
    """Whether this key, or else one of the ledger's own, has signed the bytes."""
    keys = [public_key] if public_key else known()
    return any(key.algorithm.verify(key.raw, data, signature) for key in keys)
