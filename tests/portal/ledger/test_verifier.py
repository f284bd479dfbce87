"""The offline verifier in a browser, opened from a file: a good pair agrees, anything altered does not."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.conf import settings as project
from django.utils import timezone

from portal.ledger import notes, sequencer, tree
from tests import make

# What needs the database is made before the browser starts: beside its event loop Django would take another connection.


def taken(client, tmp_path, state):
    """A certificate in this state: its PDF, its proof file, and the verifier as they were downloaded."""
    certificate = make.certificate(make.laboratory(), state)
    sequencer.checkpoint(timezone.now(), force=True)
    verifier = tmp_path / "verifier.html"
    verifier.write_bytes(client.get("/ledger/verifier.html").content)
    pdf = f"%PDF-1.7 {certificate.number}".encode()  # what make gave it
    return certificate, pdf, client.get(f"/q/{certificate.token}/proof.json").json(), verifier


@pytest.fixture
def genuine(client, witness, tmp_path):
    witness(5)
    return taken(client, tmp_path, "released")


@pytest.fixture
def voided(client, db, tmp_path):
    return taken(client, tmp_path, "void")


@pytest.fixture
def forged(genuine, settings):
    """A head of the same tree, signed with another key."""
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    settings.LEDGER_KEY = pem.decode()
    return notes.written(tree.size(), tree.root(tree.size()), timezone.now())


@pytest.fixture
def judge(browser_page, tmp_path):
    """judge(verifier, pdf, proof): the big word, the sentence and the steps that the page shows; nothing was fetched."""

    def look(verifier, pdf, proof):
        (tmp_path / "certificate.pdf").write_bytes(pdf)
        (tmp_path / "proof.json").write_text(proof if isinstance(proof, str) else json.dumps(proof, ensure_ascii=False))
        fetched, errors = [], []
        browser_page.on("request", lambda request: fetched.append(request.url))
        browser_page.on("pageerror", lambda error: errors.append(str(error)))
        browser_page.goto(verifier.as_uri())
        browser_page.set_input_files("#pdf", tmp_path / "certificate.pdf")
        browser_page.set_input_files("#proof", tmp_path / "proof.json")
        browser_page.wait_for_selector("#result:not([hidden])")
        assert errors == [] and {url.partition(":")[0] for url in fetched} == {"file"}
        return [browser_page.inner_text(f"#{name}") for name in ("word", "sentence", "steps")]

    return look


def altered(bundle, **changes):
    """A copy in which the leaf of the PDF is changed."""
    copy = json.loads(json.dumps(bundle))
    next(leaf for leaf in copy["leaves"] if leaf["kind"] == "certificate.pdf").update(changes)
    return copy


def test_the_verifier_says_what_agrees_and_what_does_not(genuine, forged, judge):
    certificate, pdf, bundle, verifier = genuine
    leaf = next(leaf for leaf in bundle["leaves"] if leaf["kind"] == "certificate.pdf")

    word, sentence, steps = judge(verifier, pdf, bundle)
    assert word == "一致" and certificate.number in sentence and "不一致" not in steps
    assert "公钥与本工具内置的相同" in steps

    word, sentence, _steps = judge(verifier, pdf + b" ", bundle)
    assert word == "不一致" and "PDF 与签发时的不同" in sentence

    other = {**leaf["facts"], "number": "ALPHA-C-2026-999999"}
    word, sentence, _steps = judge(verifier, pdf, altered(bundle, facts=other))
    assert word == "不一致" and "内容与账本记录不符" in sentence

    word, sentence, _steps = judge(verifier, pdf, altered(bundle, proof=leaf["proof"][:-1]))
    assert word == "不一致" and "证明的长度不对" in sentence

    flipped = ["0" * 64, *leaf["proof"][1:]]
    word, sentence, _steps = judge(verifier, pdf, altered(bundle, proof=flipped))
    assert word == "不一致" and "不在检查点签的账本里" in sentence

    word, sentence, _steps = judge(verifier, pdf, {**bundle, "checkpoint": bundle["checkpoint"].replace(" Ed", "  Ed")})
    assert word == "不一致" and "签名不符" in sentence

    word, sentence, _steps = judge(verifier, pdf, {**bundle, "code": "A" * 26})
    assert word == "不一致" and "不是这个二维码的证书" in sentence

    word, _sentence, _steps = judge(verifier, pdf, "{")
    assert word == "不一致"

    word, sentence, _steps = judge(verifier, pdf, altered(bundle, state="pending"))
    assert word == "无法判断" and "还没有签名检查点" in sentence

    word, sentence, _steps = judge(verifier, pdf, {**bundle, "checkpoint": forged})
    assert word == "不一致" and "不是本工具认识的密钥签的" in sentence

    bare = project.BASE_DIR / "portal/static/portal/ledger-verifier.html"
    word, _sentence, steps = judge(bare, pdf, bundle)
    assert word == "一致" and "与网站 /ledger/key 公布的公钥对照" in steps


def test_the_verifier_says_that_a_genuine_certificate_is_void(voided, judge):
    _certificate, pdf, bundle, verifier = voided
    word, sentence, _steps = judge(verifier, pdf, bundle)
    assert word == "一致，但已作废" and "不能再作为依据" in sentence
