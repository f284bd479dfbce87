"""Parts of a backup on disk: written once with their hashes, encrypted when there is a key, read back in pieces.

An encrypted part is `CLBK1`, three zero bytes, a salt of 32 bytes, then pieces of one MiB, each followed by its tag of
16 bytes. The part's own key is HKDF-SHA256(key, salt, its path); a piece's nonce is its number (11 bytes) and whether
it is the last (1 byte), so that no piece can be changed, moved, dropped or taken from another part.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.utils.translation import gettext as _

from . import BackupError

PIECE = 1024 * 1024
TAG = 16
MAGIC = b"CLBK1\0\0\0"
SALT = 32


@dataclass(frozen=True)
class Part:
    """A part of a backup: its path there, size and SHA-256 of what it holds, SHA-256 of the bytes on disk."""

    path: str
    size: int
    sha256: str
    stored_sha256: str


def key_in(file: str) -> bytes | None:
    """The 32 bytes that the key file holds as 64 hexadecimal digits; None without a file. Raises: BackupError."""
    if not file:
        return None
    try:
        key = bytes.fromhex(Path(file).read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise BackupError(
            _("BACKUP_KEY_FILE 指向的 %(file)s 读不出密钥：%(why)s。") % {"file": file, "why": error}
        ) from error
    if len(key) != 32:
        raise BackupError(_("%(file)s 里应是 64 个十六进制数字。用 openssl rand -hex 32 生成。") % {"file": file})
    return key


def write(directory: Path, path: str, source: Iterable[bytes], key: bytes | None) -> Part:
    """What the source gives, in pieces of one MiB with a shorter last one, lies at `path` below the directory for good.

    Raises: FileExistsError, OSError. Source: E13.63.
    """
    target = directory / path
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    size, plain, stored = 0, hashlib.sha256(), hashlib.sha256()
    with open(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:

        def put(data: bytes) -> None:
            stored.update(data)
            file.write(data)

        cipher = None
        if key:
            salt = os.urandom(SALT)
            cipher = _cipher(key, salt, path)
            put(MAGIC + salt)
        for number, (piece, last) in enumerate(_with_end(source)):
            size += len(piece)
            plain.update(piece)
            put(cipher.encrypt(_nonce(number, last), piece, None) if cipher else piece)
        file.flush()
        os.fsync(file.fileno())
    return Part(path, size, plain.hexdigest(), stored.hexdigest())


def _with_end(source: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each piece with whether it is the last; one empty piece when there is none."""
    rest = iter(source)
    piece = next(rest, b"")
    for following in rest:
        yield piece, False
        piece = following
    yield piece, True


def in_pieces(file: BinaryIO, size: int = PIECE) -> Iterator[bytes]:
    """The rest of the file in pieces of this size, the last one shorter."""
    return iter(partial(file.read, size), b"")


def pieces(directory: Path, path: str, key: bytes | None) -> Iterator[bytes]:
    """What the part holds. Raises: BackupError, naming it, when it is cut, altered or of another key."""
    with (directory / path).open("rb") as file:
        if not key:
            yield from in_pieces(file)
            return
        head = file.read(len(MAGIC) + SALT)
        cipher = _cipher(key, head[len(MAGIC) :], path)
        for number, (piece, last) in enumerate(_with_end(in_pieces(file, PIECE + TAG))):
            try:
                yield cipher.decrypt(_nonce(number, last), piece, None)
            except InvalidTag as error:
                raise BackupError(_("%(path)s 解不开：密钥不对，或文件被改动、截短。") % {"path": path}) from error


def stored_sha256(directory: Path, path: str) -> str:
    """The SHA-256 of the part's bytes on disk, whatever they are. Raises: OSError."""
    with (directory / path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _cipher(key: bytes, salt: bytes, path: str) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt, b"chengliang backup\0" + path.encode()).derive(key))


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
