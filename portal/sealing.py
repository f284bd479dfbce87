"""Text that is stored so that the database alone tells nothing: sealed to be read again, or digested to be matched.

The key file holds one secret a line. The first line seals. Every line opens, so that a new first line rotates the key and
old rows stay readable. The last line digests: a digest must stay the same for as long as rows are matched by it.
"""

import hmac
from base64 import urlsafe_b64encode
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

SHORTEST_KEY = 43  # characters of a 256-bit secret in base64


class Unreadable(Exception):
    """A sealed text was altered, or the key that sealed it is not in FIELD_KEY_FILE any more."""


def seal(text: str) -> str:
    """The text can only be read with the key; the same text looks different every time. Source: E12.56."""
    return _fernets(settings.FIELD_KEYS).encrypt(text.encode()).decode()


def unseal(text: str) -> str:
    """The text as it was sealed. Raises: Unreadable when no key of the file opens it."""
    try:
        return _fernets(settings.FIELD_KEYS).decrypt(text.encode()).decode()
    except InvalidToken as error:
        raise Unreadable(
            "No key in FIELD_KEY_FILE opens this text. Put the key that sealed it back as a further line of the file."
        ) from error


def keyed_digest(text: str, purpose: str) -> str:
    """64 hexadecimal digits, equal for equal text and purpose, useless without the key (HMAC-SHA256)."""
    return hmac.digest(_derived(settings.FIELD_KEYS[-1], f"digest {purpose}"), text.encode(), "sha256").hex()


@lru_cache(maxsize=8)
def _fernets(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(urlsafe_b64encode(_derived(key, "seal"))) for key in keys])


@lru_cache(maxsize=64)
def _derived(key: str, purpose: str) -> bytes:
    """32 bytes for one purpose: who learns one of them learns nothing about the others. Source: RFC 5869."""
    return HKDF(SHA256(), 32, salt=None, info=f"chengliang {purpose}".encode()).derive(key.encode())
