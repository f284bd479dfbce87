"""The pages of the ledger, and the proof file behind a code: what they answer, and what they refuse in a sentence."""

import hashlib
import json
import subprocess
import sys
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from portal import codes
from portal.ledger import keys, leaves, merkle, notes, proofs, sequencer, tree
from portal.models import LedgerCheckpoint, LedgerEntry
from portal.tenancy import tenant
from tests import make

BROWSER = {"HTTP_ACCEPT": "text/html,application/xhtml+xml"}


@pytest.fixture
def log(witness):
    """Eleven entries; a signed head covers the first nine."""
    witness(9)
    sequencer.checkpoint(timezone.now())
    witness(2)
    sequencer.sequence()
    return LedgerCheckpoint.objects.get()


def test_the_home_page_shows_size_head_and_the_newest_entries(client, log):
    page = client.get("/ledger/").content.decode()
    assert "11 条" in page and "第 9 条" in page and "登记客户" in page
    assert LedgerEntry.objects.get(index=10).leaf_hash in page


def test_the_home_page_of_an_empty_ledger_says_so(client, db):
    page = client.get("/ledger/").content.decode()
    assert "还没有记录" in page and "尚未运行" in page


def test_the_home_page_is_the_same_for_everybody_for_a_minute_and_sets_no_cookie(client, log):
    answer = client.get("/ledger/")
    assert answer["Cache-Control"] == "public, max-age=60"
    assert not answer.cookies and "Cookie" not in answer.get("Vary", "")


def test_entries_are_paged_by_number(client, log):
    page = client.get("/ledger/?before=3").content.decode()
    assert "/ledger/entry/2" in page and "/ledger/entry/3" not in page and "?before=11" in page


def test_the_checkpoint_is_the_signed_text(client, log):
    answer = client.get("/ledger/checkpoint")
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    head = notes.parse(answer.content.decode())
    assert (head.size, head.root) == (9, tree.root(9))
    assert client.get("/ledger/checkpoint/9").content == answer.content


def test_a_proof_by_number_leads_to_the_newest_head(client, log):
    answer = client.get("/ledger/proof/4").json()
    assert answer["size"] == 9
    steps = [bytes.fromhex(step) for step in answer["proof"]]
    leaf = merkle.leaf_hash(client.get("/ledger/entry/4.json").json()["data"].encode())
    assert merkle.includes(leaf, 4, 9, steps, notes.parse(log.text).root)


@pytest.mark.parametrize("size", [5, 8, 11])
def test_a_proof_is_given_for_any_size_there_is(client, log, size):
    answer = client.get(f"/ledger/proof/4?size={size}").json()
    steps = [bytes.fromhex(step) for step in answer["proof"]]
    assert merkle.includes(bytes.fromhex(answer["leaf_hash"]), 4, size, steps, tree.root(size))


def test_the_proof_explains_itself_to_a_browser(client, log):
    for index in range(9):
        page = client.get(f"/ledger/proof/{index}", **BROWSER).content.decode()
        assert page.count(log.root) >= 2  # as the end of the path, and in the data


def test_an_entry_that_no_head_covers_says_when_one_will(client, log):
    assert "等待下一个检查点" in client.get("/ledger/entry/10").content.decode()
    assert client.get("/ledger/proof/10").json()["size"] == 11


def test_growth_is_proven_between_any_two_sizes(client, log):
    answer = client.get("/ledger/consistency?from=6&to=11").json()
    steps = [bytes.fromhex(step) for step in answer["proof"]]
    assert merkle.extends(6, 11, tree.root(6), tree.root(11), steps)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/ledger/?before=x", 400), ("/ledger/?before=-1", 400), (f"/ledger/?before={'9' * 30}", 400),
        ("/ledger/checkpoint/8", 404), (f"/ledger/checkpoint/{'9' * 40}", 404), ("/ledger/entry/11", 404),
        (f"/ledger/entry/{'9' * 40}", 404), ("/ledger/entry/x", 404), ("/ledger/proof/11", 404),
        ("/ledger/proof/4?size=4", 400), ("/ledger/proof/4?size=12", 400), ("/ledger/proof/4?size=½", 400),
        ("/ledger/consistency", 400), ("/ledger/consistency?from=0&to=4", 400), ("/ledger/consistency?from=5&to=4", 400),
        ("/ledger/consistency?from=1&to=99", 400), ("/ledger/consistency?from=a&to=b", 400), ("/q/UNKNOWN/proof.json", 404),
    ],
)  # fmt: skip
def test_wrong_numbers_are_refused_in_a_sentence(client, log, path, status):
    assert client.get(path).status_code == status
    answer = client.get(path, **BROWSER)
    assert answer.status_code == status and "text/html" in answer["Content-Type"]


def test_before_the_first_head_the_checkpoint_says_so(client, db):
    answer = client.get("/ledger/checkpoint")
    assert answer.status_code == 404 and "还没有签名检查点" in answer.json()["message"]


def test_the_keys_are_public(client, db):
    assert client.get("/ledger/key").content.decode() == f"{keys.public_key()}\n"


def test_the_verifier_knows_the_keys_it_was_downloaded_with(client, db):
    answer = client.get("/ledger/verifier.html")
    assert answer["Content-Disposition"] == 'attachment; filename="ledger-verifier.html"'
    assert proofs.public_keys()[0]["key"] in answer.content.decode()
    assert b">null</script>" not in answer.content


def test_a_damaged_tree_is_said_in_a_sentence(client, log, monkeypatch):
    def missing(places):
        raise tree.Damaged("1/0")

    monkeypatch.setattr(tree, "hashes", missing)
    for path in ("/ledger/proof/4", "/ledger/entry/4", "/ledger/consistency?from=3&to=5"):
        assert client.get(path).status_code == 503


@pytest.fixture
def code(witness, db):
    """The smart code of a customer with its leaf, as an app publishes it. Returns: the token."""
    (pk,) = witness()
    lab = make.institution()
    card = {"kind": "device", "state": "issued", "device": {}, "certificate": {}, "institution": {}}
    with tenant(lab.pk):
        evidence = leaves.evidence(make.Customer.objects.get(pk=pk))
        codes.publish(
            institution_id=lab.pk, kind="device", token=f"T{pk}", card=card, at=timezone.now(), evidence=evidence
        )
    return f"T{pk}"


def test_a_leaf_without_a_head_is_called_pending(client, code):
    bundle = client.get(f"/q/{code}/proof.json").json()
    assert [(leaf["state"], leaf["state_word"]) for leaf in bundle["leaves"]] == [("pending", "待入账")]
    sequencer.sequence()
    assert client.get(f"/q/{code}/proof.json").json()["leaves"][0]["state"] == "pending"


def test_the_proof_file_holds_everything_a_stranger_needs(client, code, witness):
    sequencer.checkpoint(timezone.now(), force=True)
    witness(3)
    sequencer.checkpoint(timezone.now() + timedelta(minutes=11), force=True)
    bundle = client.get(f"/Q/{code.lower()}/PROOF.JSON").json()
    (leaf,), head = bundle["leaves"], notes.parse(bundle["checkpoint"])
    said = json.loads(leaf["data"])
    assert said["digest"] == hashlib.sha256(bytes.fromhex(leaf["salt"]) + leaves.canonical(leaf["facts"])).hexdigest()
    assert said["about"] == hashlib.sha256(bundle["code"].encode()).hexdigest()
    steps = [bytes.fromhex(step) for step in leaf["proof"]]
    assert merkle.includes(merkle.leaf_hash(leaf["data"].encode()), leaf["index"], head.size, steps, head.root)
    assert head.size == tree.size() and bundle["format"] == "chengliang-proof-1"


def test_the_page_of_a_code_leads_to_its_proof_file(client, code):
    assert 'href="?proof"' in client.get(f"/q/{code}").content.decode()
    answer = client.get(f"/q/{code}?proof")
    assert (answer.status_code, answer["Location"]) == (302, f"/q/{code}/proof.json")


def test_an_unknown_code_has_no_proof_file(client, db):
    assert client.get("/q/UNKNOWN?proof").status_code == 404


def test_the_export_holds_the_whole_log(log, tmp_path, capsys):
    call_command("export_ledger", str(tmp_path), "--json")
    said = json.loads(capsys.readouterr().out)
    assert (said["entries"], said["checkpoints"]) == (11, 1)
    head, checkpoint, *entries = map(json.loads, (tmp_path / "ledger.jsonl").read_text().splitlines())
    assert head["public_keys"][0]["key"] == keys.public_key().raw.hex()
    hashes = [merkle.leaf_hash(entry["data"].encode()) for entry in entries]
    assert merkle.root(hashes[:9]) == notes.parse(checkpoint["text"]).root
    assert not (tmp_path / "ledger.jsonl.part").exists()


def test_every_kind_of_entry_has_a_chinese_name():
    assert not [name for name, known in leaves.KINDS.items() if str(known.title) == name]


def test_a_web_process_knows_every_kind_without_having_sealed_anything():
    """In a process of its own: here other tests have imported what seals."""
    asked = "import django; django.setup(); from portal.ledger.leaves import KINDS; print(*KINDS)"
    known = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout.split()
    assert {"audit.sealed", "document.accepted", "certificate.issued"} <= set(known)
