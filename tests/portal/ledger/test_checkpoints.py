"""Signed heads: the text that outsiders keep, the keys that sign it, and where it goes."""

import base64
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from config import checks, environment
from portal.ledger import checkpoints, keys, notes, sequencer
from portal.models import LedgerCheckpoint

ROOT = bytes(range(32))
AT = datetime(2026, 3, 10, 4, 0, 1, tzinfo=UTC)


def new_key():
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def test_a_head_is_written_as_a_signed_note(settings):
    settings.SITE_HOST = "portal.example.org"
    lines = notes.written(42, ROOT, AT).split("\n")
    assert lines[:5] == [
        "portal.example.org/ledger", "42", base64.b64encode(ROOT).decode(), "2026-03-10T04:00:01Z Ed25519 SHA-256", "",
    ]  # fmt: skip
    assert lines[5].startswith("\u2014 portal.example.org/ledger ") and lines[6:] == [""]


def test_the_signature_is_over_the_text_with_its_last_newline():
    text = notes.written(42, ROOT, AT)
    body, _blank, signatures = text.partition("\n\n")
    raw = base64.b64decode(signatures.split()[-1])
    Ed25519PublicKey.from_public_bytes(keys.public_key().raw).verify(raw[4:], f"{body}\n".encode())
    assert raw[:4] == keys.public_key().note_id(notes.origin())


def test_what_was_written_is_read_again():
    head = notes.parse(notes.written(42, ROOT, AT))
    assert (head.size, head.root, head.at, head.algorithm) == (42, ROOT, AT, "Ed25519")


def test_every_changed_character_of_the_text_is_refused():
    text = notes.written(42, ROOT, AT)
    end = text.index("\n\n") + 1
    for place in range(end):
        changed = text[:place] + chr(ord(text[place]) ^ 1) + text[place + 1 :]
        with pytest.raises(notes.Malformed):
            notes.parse(changed)


@pytest.mark.parametrize(
    "text",
    ["", "\n\n", "x", "a/ledger\n1\n\n", "a/ledger\n01\n" + "A" * 43 + "=\n2026-03-10T04:00:01Z Ed25519 SHA-256\n\n— a b\n",
     "a/ledger\n1\n" + "A" * 43 + "=\n2026-03-10T04:00:01Z SM2 SM3\n\n", "\x00" * 20_000],
)  # fmt: skip
def test_a_text_that_is_no_checkpoint_is_refused(text):
    with pytest.raises(notes.Malformed):
        notes.parse(text)


def test_a_further_signature_of_somebody_else_does_no_harm():
    text = notes.written(42, ROOT, AT) + f"\u2014 witness.example.org {base64.b64encode(bytes(68)).decode()}\n"
    assert notes.parse(text).size == 42


def test_a_head_of_another_key_is_refused(settings):
    text = notes.written(42, ROOT, AT)
    settings.LEDGER_KEY = new_key()
    with pytest.raises(notes.Malformed, match="没有本账本密钥的签名"):
        notes.parse(text)


def test_a_head_of_a_retired_key_stays_good(settings):
    text, old = notes.written(42, ROOT, AT), str(keys.public_key())
    settings.LEDGER_KEY, settings.LEDGER_RETIRED_KEYS = new_key(), [old]
    assert notes.parse(text).size == 42
    assert [str(key) for key in keys.known()][1] == old


@pytest.mark.parametrize("text", ["", "Ed25519", "Ed25519:AAAA", "SM2:" + "A" * 43 + "=", "Ed25519:!"])
def test_a_retired_key_that_is_none_stops_the_process(settings, text):
    settings.LEDGER_RETIRED_KEYS = [text]
    with pytest.raises(ImproperlyConfigured):
        keys.known()


def test_a_signature_is_good_for_its_own_bytes_and_key_only(settings):
    signature, key = keys.sign(b"said"), keys.public_key()
    assert keys.verify(b"said", signature) and keys.verify(b"said", signature, key)
    assert not keys.verify(b"unsaid", signature) and not keys.verify(b"said", signature[:-1])
    settings.LEDGER_KEY = new_key()
    assert not keys.verify(b"said", signature) and not keys.verify(b"said", signature, keys.public_key())


def test_a_new_key_is_private_and_of_use(tmp_path, monkeypatch):
    monkeypatch.delenv("LEDGER_KEY_FILE", raising=False)
    path = tmp_path / "ledger_key"
    text = environment.secret("LEDGER_KEY_FILE", path, environment.new_signing_key)
    assert path.stat().st_mode & 0o777 == 0o600 and checks.is_signing_key(text)
    assert environment.secret("LEDGER_KEY_FILE", path, environment.new_signing_key) == text


def test_a_key_of_another_kind_is_refused(settings):
    settings.LEDGER_KEY = "junk"
    with pytest.raises(ImproperlyConfigured, match="PEM"):
        keys.sign(b"")


@pytest.fixture
def directory(settings):
    return Path(settings.CHECKPOINT_DIR)


def test_every_head_of_the_table_gets_its_file(witness, directory):
    for _round in range(2):
        witness()
        sequencer.checkpoint(timezone.now(), force=True)
    rows = {f"{row.size}.txt": row.text for row in LedgerCheckpoint.objects.all()}
    assert {path.name: path.read_text() for path in directory.iterdir()} == rows
    (directory / "1.txt").unlink()
    assert checkpoints.write_files() == 1
    assert {path.name for path in directory.iterdir()} == set(rows)


def test_a_file_that_is_there_is_never_overwritten(witness, directory):
    witness()
    sequencer.checkpoint(timezone.now(), force=True)
    (directory / "1.txt").write_text("older than the database")
    assert checkpoints.write_files() == 0
    assert (directory / "1.txt").read_text() == "older than the database"


def test_a_file_that_could_not_be_written_leaves_nothing(witness, directory, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device")

    witness()
    monkeypatch.setattr(checkpoints.os, "fsync", full)
    with pytest.raises(OSError):
        sequencer.checkpoint(timezone.now(), force=True)
    assert list(directory.iterdir()) == []


def test_known_heads_are_those_of_table_and_directory_that_are_signed(witness, directory):
    witness()
    made = sequencer.checkpoint(timezone.now(), force=True)
    (directory / "2.txt").write_text("junk")
    elsewhere = notes.written(77, ROOT, AT)
    (directory / "77.txt").write_text(elsewhere)
    assert [(size, root) for size, root, _where in checkpoints.known()] == [
        (1, made.root), (1, made.root), (77, ROOT.hex()),
    ]  # fmt: skip
    assert [size for size, _root, _where in checkpoints.in_directory()] == [1, 77]
    assert checkpoints.latest() == made.text


def test_without_a_directory_nothing_is_written(witness, settings):
    settings.CHECKPOINT_DIR = ""
    witness()
    assert sequencer.checkpoint(timezone.now(), force=True)
    assert checkpoints.in_directory() == []
