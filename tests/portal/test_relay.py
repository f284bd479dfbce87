"""The relay: woken by the database, patient with a missing broker, gone when told to."""

import signal
import threading

import pytest
from django.db import connection

from portal import outbox
from portal.management.commands import relay
from portal.models import JobRun, OutboxEntry
from portal.vitals import QUEUES
from tests import processes
from tests.processes import running, wait_for

State = OutboxEntry.State


@pytest.fixture
def note(monkeypatch):
    monkeypatch.setattr(outbox, "KINDS", dict(outbox.KINDS))

    @outbox.work()
    def note(target_id: int) -> None: ...

    return note


@pytest.fixture
def broker(tmp_path):
    broker = processes.Broker(tmp_path)
    broker.start()
    yield broker
    broker.close()


def handed_over(entry) -> bool:
    entry.refresh_from_db()
    return entry.due_at > entry.created_at


@pytest.mark.django_db(transaction=True)
def test_the_relay_hands_work_over_and_stops_when_told(note, broker, tmp_path):
    entry = outbox.enqueue(note, 7, institution_id=None)
    with running(processes.relay(tmp_path / "relay.log", broker.url)) as process:
        wait_for(lambda: broker.client().llen("celery"))
        assert handed_over(entry)
        process.popen.send_signal(signal.SIGTERM)
        assert process.popen.wait(15) == 0, process.output()


@pytest.mark.django_db(transaction=True)
def test_the_relay_outlives_a_missing_broker_and_hands_over_when_it_is_there(note, broker, tmp_path):
    broker.stop()
    entry = outbox.enqueue(note, 7, institution_id=None)
    with running(processes.relay(tmp_path / "relay.log", broker.url)) as process:
        process.says("broker.unreachable")
        broker.start()
        wait_for(lambda: broker.client().llen("celery"))
    entry.refresh_from_db()
    assert (entry.state, entry.attempts) == (State.PENDING, 0)


@pytest.mark.django_db(transaction=True)
def test_the_relay_wakes_when_a_transaction_with_work_commits(note, monkeypatch):
    rounds, waits = threading.Semaphore(0), relay.select.select

    def publish_due():
        rounds.release()
        return 0

    def sleep_long(reading, writing, failing, seconds):
        return waits(reading, writing, failing, 60)  # so that nothing but the database ends it

    monkeypatch.setattr(outbox, "publish_due", publish_due)
    monkeypatch.setattr(relay, "select", type("select", (), {"select": staticmethod(sleep_long)}))
    command = relay.Command()
    command.running = True

    def listen():
        command.listen()
        connection.close()

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    assert rounds.acquire(timeout=20)  # it listens, and sleeps
    outbox.enqueue(note, 7, institution_id=None)
    assert rounds.acquire(timeout=20)
    command.stop()
    outbox.enqueue(note, 8, institution_id=None)
    thread.join(20)
    assert not thread.is_alive()


@pytest.mark.django_db(transaction=True)
def test_a_missing_broker_leaves_work_due_and_attempts_untouched(note, tmp_path, monkeypatch):
    entry = outbox.enqueue(note, 7, institution_id=None)
    app = outbox.perform.app
    with app.connection_for_write(f"redis+socket://{tmp_path}/nobody.sock?virtual_host=0") as nowhere:
        send = outbox.perform.apply_async
        monkeypatch.setattr(
            outbox.perform, "apply_async", lambda *args, **options: send(*args, connection=nowhere, **options)
        )
        assert outbox.publish_due() == 0
    entry.refresh_from_db()
    assert (entry.state, entry.attempts) == (State.PENDING, 0)
    assert handed_over(entry)  # due again in two seconds, not at once


@pytest.mark.django_db(transaction=True)
def test_the_beats_of_the_relay_are_taken_by_the_worker_from_every_queue_and_again_after_redis_was_emptied(
    broker, tmp_path
):
    def heard():
        return set(JobRun.objects.values_list("name", flat=True)) >= {f"heartbeat:{queue}" for queue in QUEUES}

    with running(processes.worker(tmp_path / "worker.log", broker.url)) as worker:
        worker.says("ready.")
        for round_ in range(2):
            with running(processes.relay(tmp_path / f"relay{round_}.log", broker.url)):
                wait_for(heard)
            broker.client().flushall()
            with connection.cursor() as cursor:
                cursor.execute("UPDATE portal_jobrun SET name = %s || name", [f"before {round_} "])
