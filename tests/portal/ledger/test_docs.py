"""docs/ledger.md has a worked example; the code computes the same bytes."""

import base64
import json
import re
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.conf import settings as project

from portal.ledger import keys, leaves, merkle, notes

DOCUMENT = (Path(project.BASE_DIR) / "docs/ledger.md").read_text(encoding="utf-8")


@pytest.fixture
def example(settings):
    settings.SITE_HOST = "portal.example.org"
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    settings.LEDGER_KEY = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    section = DOCUMENT[DOCUMENT.index("## Worked example") :]
    (shown,) = re.findall(r"```json\n(.*?)```", section, re.DOTALL)
    checkpoint = re.search(r"```text\n(.*?)```", section, re.DOTALL)[1]
    return {**json.loads(shown), "checkpoint": checkpoint}


def test_the_worked_example_is_what_the_code_computes(example):
    assert example["salt"] == sha256(b"salt").hexdigest()
    assert leaves.canonical(example["facts"]).decode() == example["canonical_facts"]
    assert leaves.digest_of(example["salt"], example["facts"]) == example["digest"]
    said = {"about": leaves.subject(example["token"]), "digest": example["digest"], "kind": "certificate.pdf", "v": 1}
    assert leaves.canonical(said).decode() == example["data"]
    hashes = [merkle.leaf_hash(data) for data in (b"first", example["data"].encode(), b"third")]
    assert hashes[1].hex() == example["leaf_hash"] and merkle.root(hashes).hex() == example["root"]
    proof = [bytes.fromhex(step) for step in example["proof"]]
    assert merkle.includes(hashes[1], example["index"], example["size"], proof, bytes.fromhex(example["root"]))
    assert keys.public_key().raw.hex() == example["public_key"]
    assert keys.public_key().note_id(notes.origin()).hex() == example["key_id"]
    head = notes.parse(example["checkpoint"])
    assert (head.size, head.root.hex()) == (3, example["root"])
    assert notes.written(head.size, head.root, head.at) == example["checkpoint"]


def test_a_stranger_needs_nothing_but_hashlib_and_the_text(example):
    """The steps of the page, written without a line of the portal's code."""
    facts = json.dumps(example["facts"], ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    assert sha256(bytes.fromhex(example["salt"]) + facts).hexdigest() == json.loads(example["data"])["digest"]
    left, right = (bytes.fromhex(step) for step in example["proof"])
    leaf = sha256(b"\x00" + example["data"].encode()).digest()
    root = sha256(b"\x01" + sha256(b"\x01" + left + leaf).digest() + right).digest()
    lines = example["checkpoint"].split("\n")
    assert base64.b64decode(lines[2]) == root
    raw, signed = base64.b64decode(lines[5].split(" ")[2]), "".join(f"{line}\n" for line in lines[:4])
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32))).public_key()
    key.verify(raw[4:], signed.encode())
    assert raw[:4] == sha256(f"{lines[0]}\n\x01".encode() + key.public_bytes_raw()).digest()[:4]


def test_the_beginning_of_the_page_shows_the_same_checkpoint(example):
    for line in example["checkpoint"].split("\n")[:4]:
        assert line in DOCUMENT[: DOCUMENT.index("## Proofs")]
