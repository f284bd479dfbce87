"""The one byte form of a certificate's content, and its hash."""

import hashlib
import json
from typing import Any


def encoded(document: dict[str, Any]) -> bytes:
    """Sorted keys, no spaces, UTF-8: the same document always gives the same bytes."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8")


def sha256(document: dict[str, Any]) -> str:
    """The SHA-256 of the canonical bytes, in hexadecimal."""
    return hashlib.sha256(encoded(document)).hexdigest()
