"""The sequencer: every leaf gets one place, no place stays empty, and heads are signed in time."""

import json
import signal
import sys
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from portal import audit, faults, outbox, tasks
from portal.actors import Actor
from portal.ledger import checkpoints, merkle, rounds, sequencer, tree
from portal.models import (
    AuditSeal,
    JobRun,
    LedgerCheckpoint,
    LedgerEntry,
    LedgerNode,
    LedgerPending,
    OutboxEntry,
)
from portal.tenancy import tenant
from tests import make
from tests.concurrency import at_once
from tests.processes import Process, relay, running, wait_for

BIG = 100


def indexes():
    return list(LedgerEntry.objects.order_by("index").values_list("index", flat=True))


def acted(lab, verb="test.act"):
    with tenant(lab.pk):
        return audit.record(Actor.system("test"), verb, institution_id=lab.pk)


def test_leaves_get_their_places_in_the_order_of_their_ids(witness):
    witness(7)
    assert sequencer.sequence() == 7
    assert indexes() == list(range(7))
    ids = list(LedgerEntry.objects.order_by("index").values_list("leaf_id", flat=True))
    assert ids == sorted(ids)
    assert not LedgerPending.objects.exists()


def test_the_tree_is_the_same_whether_it_grew_at_once_or_in_pieces(witness):
    witness(13)
    sequencer.sequence(5)
    sequencer.sequence(1)
    sequencer.sequence()
    entries = LedgerEntry.objects.order_by("index").values_list("data", flat=True)
    hashes = [merkle.leaf_hash(data.encode()) for data in entries]
    assert [tree.root(size) for size in range(14)] == [merkle.root(hashes[:size]) for size in range(14)]
    assert LedgerNode.objects.count() == 6 + 3 + 1
    assert merkle.includes(hashes[3], 3, 13, tree.inclusion(3, 13), tree.root(13))
    assert merkle.extends(6, 13, tree.root(6), tree.root(13), tree.consistency(6, 13))


@pytest.mark.django_db(transaction=True)
def test_two_at_once_leave_no_gap_and_no_double(witness):
    witness(40)
    results = at_once(lambda: sequencer.sequence(30), lambda: sequencer.sequence(30))
    assert sorted(results) == [10, 30]
    assert indexes() == list(range(40))


def test_a_fault_after_the_index_leaves_everything_waiting(witness, settings):
    witness(3)
    settings.FAULTPOINTS = "ledger.after_index=raise"
    with pytest.raises(faults.Fault):
        sequencer.sequence()
    assert (LedgerPending.objects.count(), LedgerEntry.objects.count(), LedgerNode.objects.count()) == (3, 0, 0)


@pytest.mark.django_db(transaction=True)
def test_a_relay_killed_after_the_index_leaves_everything_waiting(witness, tmp_path):
    witness(3)
    command = [sys.executable, "manage.py", "checkpoint_ledger"]
    with running(Process(command, tmp_path / "log", FAULTPOINTS="ledger.after_index=kill")) as process:
        assert process.popen.wait(60) == -signal.SIGKILL, process.output()
    assert (LedgerPending.objects.count(), LedgerEntry.objects.count()) == (3, 0)
    assert sequencer.sequence() == 3


def test_the_first_leaf_is_signed_at_once(witness):
    witness()
    assert sequencer.checkpoint(timezone.now()).size >= 1


def test_a_head_is_signed_ten_minutes_after_the_last_when_the_log_grew(witness):
    witness()
    first = sequencer.checkpoint(timezone.now())
    witness()
    assert sequencer.checkpoint(first.at + timedelta(minutes=9, seconds=59)) is None
    second = sequencer.checkpoint(first.at + timedelta(minutes=10))
    assert second.size > first.size


def test_a_head_is_signed_at_once_after_a_hundred_leaves(witness):
    witness()
    at = sequencer.checkpoint(timezone.now()).at
    witness(BIG - 1)
    assert sequencer.checkpoint(at) is None
    witness()
    assert sequencer.checkpoint(at) is not None


def test_nothing_is_signed_when_nothing_happened(witness):
    witness()
    first = sequencer.checkpoint(timezone.now())
    assert sequencer.checkpoint(first.at + timedelta(hours=1)) is None
    assert sequencer.checkpoint(first.at, force=True) is None


def test_the_audit_trail_is_sealed_before_a_head_is_signed(witness):
    entry = acted(make.institution())
    made = sequencer.checkpoint(timezone.now(), force=True)
    seal = AuditSeal.objects.get()
    assert f"[{entry.pk},{entry.pk + 1})" in seal.ids and seal.rows == 1
    assert made.size == 1
    assert '"kind":"audit.sealed"' in LedgerEntry.objects.get().data


def test_a_row_that_came_late_is_in_the_next_seal(witness):
    lab = make.institution()
    early, late = acted(lab), acted(lab)
    sequencer.checkpoint(timezone.now(), force=True)
    ids = AuditSeal.objects.get().ids
    assert ids == f"{{[{early.pk},{late.pk + 1})}}"
    third = acted(lab)
    sequencer.checkpoint(timezone.now(), force=True)
    assert AuditSeal.objects.order_by("-pk")[0].ids == f"{{[{third.pk},{third.pk + 1})}}"


def test_a_round_goes_on_after_an_error_and_says_so(witness, monkeypatch):
    witness()
    turning = rounds.Rounds()
    with monkeypatch.context() as broken:
        broken.setattr(checkpoints, "_write", lambda *args: (_ for _ in ()).throw(OSError(28, "No space left")))
        turning.turn(timezone.now())
    noted = JobRun.objects.get(name="checkpoint")
    assert not noted.ok and "No space left" in noted.note
    assert LedgerCheckpoint.objects.count() == 1 and checkpoints.in_directory() == []
    turning.due = 0
    turning.turn(timezone.now())
    assert JobRun.objects.get(name="checkpoint").ok
    assert [known[0] for known in checkpoints.in_directory()] == [LedgerCheckpoint.objects.get().size]


def test_a_directory_that_takes_no_files_does_not_stop_the_outbox(witness, tmp_path, settings):
    (tmp_path / "file").write_text("")
    settings.CHECKPOINT_DIR = str(tmp_path / "file" / "below")
    witness()
    rounds.Rounds().turn(timezone.now())
    assert not JobRun.objects.get(name="checkpoint").ok
    assert LedgerCheckpoint.objects.count() == 1


def test_a_round_without_work_notes_that_it_lives(db):
    rounds.Rounds().turn(timezone.now())
    assert JobRun.objects.get(name="sequence_ledger").ok


def test_a_checkpoint_is_mailed_at_most_once_an_hour(witness, settings, mailoutbox):
    settings.CHECKPOINT_MAIL_TO = ["regulator@example.org"]
    for _round in range(3):
        witness()
        sequencer.checkpoint(timezone.now(), force=True)
    assert OutboxEntry.objects.filter(task="portal.mail_checkpoint").count() == 1
    JobRun.objects.filter(name="checkpoint_mail").update(ran_at=timezone.now() - timedelta(hours=1, seconds=1))
    witness()
    newest = sequencer.checkpoint(timezone.now(), force=True)
    outbox.drain()
    assert len(mailoutbox) == 2
    assert newest.text in mailoutbox[-1].body and mailoutbox[-1].to == ["regulator@example.org"]


def test_nothing_is_mailed_where_nobody_is_named(witness):
    witness()
    sequencer.checkpoint(timezone.now(), force=True)
    assert not OutboxEntry.objects.filter(task="portal.mail_checkpoint").exists()


@pytest.mark.django_db(transaction=True)
def test_the_relay_places_leaves_and_signs_without_a_broker(witness, tmp_path, settings):
    witness(2)
    with running(relay(tmp_path / "relay.log", f"redis+socket://{tmp_path}/nobody.sock?virtual_host=0")):
        wait_for(LedgerCheckpoint.objects.exists)
        wait_for(checkpoints.in_directory)
    assert indexes() == [0, 1] and not LedgerPending.objects.exists()


def test_beat_does_what_the_relay_does(witness):
    witness(3)
    tasks.sequence_ledger()
    assert indexes() == [0, 1, 2] and LedgerCheckpoint.objects.get().size == 3


def test_the_ledger_is_verified_once_a_night(witness):
    witness()
    sequencer.sequence()
    assert tasks.verify_ledger() == "0"
    assert JobRun.objects.get(name="verify_ledger").ok
    assert tasks.verify_ledger() is None


def test_the_command_signs_now_and_says_what(witness, capsys):
    witness(2)
    call_command("checkpoint_ledger", "--json")
    said = json.loads(capsys.readouterr().out)
    assert said["size"] == 2 and said["new"] is True
    assert said["root"] == tree.root(2).hex()


def test_the_status_counts_what_waits(witness):
    witness(3)
    sequencer.sequence(2)
    found = checkpoints.status()
    assert (found["size"], found["pending"], found["checkpoint_size"], found["checkpoint_at"]) == (2, 1, 0, None)
    assert found["oldest_pending_seconds"] >= 0
