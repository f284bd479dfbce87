"""What /readyz asks, and that each answer can be red."""

import time
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from portal import health, vitals
from portal.models import JobRun, LedgerCheckpoint, LedgerEntry, LedgerPending, OutboxEntry
from portal.vitals import BACKUP, HEARTBEAT, QUEUES, SEQUENCE, VERIFY

pytestmark = pytest.mark.django_db

OUTSIDE = {"REMOTE_ADDR": "203.0.113.9"}


def ran(name, *, ago=timedelta(), ok=True):
    """The job ran that long ago by the database's clock."""
    JobRun.note_run(name, ok=ok)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE portal_jobrun SET ran_at = clock_timestamp() - %s WHERE name = %s", [ago, name])


def entered(index, *, ago=timedelta()):
    """A leaf was put into the ledger that long ago."""
    at = timezone.now() - ago
    LedgerEntry.objects.create(index=index, leaf_id=index + 1, data="{}", leaf_hash="0" * 64, sequenced_at=at)


def witnessed(size, *, ago=timedelta()):
    """A checkpoint over so many leaves was signed that long ago."""
    LedgerCheckpoint.objects.create(size=size, root="0" * 64, text="", at=timezone.now() - ago)


@pytest.fixture
def everything_works(monkeypatch):
    monkeypatch.setitem(health.CHECKS, "broker", lambda: True)
    for queue in QUEUES:
        ran(HEARTBEAT + queue)


def test_all_dependencies_are_green(client, everything_works):
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert set(answer.json()["dependencies"].values()) == {"green"}


NAMES = [*health.CHECKS, *health.JUDGEMENTS]


@pytest.mark.parametrize("name", NAMES)
def test_one_red_dependency_makes_the_portal_not_ready(client, monkeypatch, name):
    for table in (health.CHECKS, health.JUDGEMENTS):
        for known in table:
            monkeypatch.setitem(table, known, lambda *found, holds=known != name: holds)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert {key for key, word in answer.json()["dependencies"].items() if word == "red"} == {name}


def test_outside_the_administration_network_the_answer_tells_only_whether(client, everything_works):
    assert client.get("/readyz", **OUTSIDE).json() == {"ready": True}
    OutboxEntry.objects.create(task="x", queue="celery", target_id=1, created_at=timezone.now() - timedelta(hours=1))
    answer = client.get("/readyz", **OUTSIDE)
    assert (answer.status_code, answer.json()) == (503, {"ready": False})


def test_the_administration_network_is_what_the_setting_names(client, everything_works, settings):
    settings.ADMIN_NETWORKS = ["203.0.113.0/24"]
    assert "dependencies" in client.get("/readyz", **OUTSIDE).json()
    assert "dependencies" not in client.get("/readyz").json()


def test_whoever_an_unknown_proxy_beside_us_forwards_is_outside(client, everything_works):
    answer = client.get("/readyz", REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_FOR="203.0.113.9")
    assert "dependencies" not in answer.json()


def test_an_address_of_the_network_written_as_ipv6_is_inside(client, everything_works):
    assert "dependencies" in client.get("/readyz", REMOTE_ADDR="::ffff:127.0.0.1").json()


def test_healthz_asks_nothing(client, monkeypatch):
    monkeypatch.setattr(health, "dependencies", lambda: 1 / 0)
    monkeypatch.setattr(vitals, "read", lambda: 1 / 0)
    assert client.get("/healthz").content == b"ok\n"


def test_a_database_that_refuses_writes_is_red(monkeypatch):
    def refused(self, **kwargs):
        raise DatabaseError("cannot execute INSERT in a read-only transaction")

    monkeypatch.setattr(OutboxEntry, "save", refused)
    assert not health.dependencies()["database"]


def test_what_the_database_knows_is_red_when_it_does_not_answer(monkeypatch):
    def silent():
        raise DatabaseError("canceling statement due to statement timeout")

    monkeypatch.setattr(vitals, "read", silent)
    found = health.dependencies()
    assert not any(found[name] for name in health.JUDGEMENTS)


def test_the_write_check_leaves_nothing_behind():
    assert health.database_takes_writes()
    assert not OutboxEntry.objects.exists()


def test_migrations_that_were_not_run_are_seen(monkeypatch):
    assert health.migrations_are_current()
    with_one_more = health.last_migrations() | {("portal", "9999_new")}
    monkeypatch.setattr(health, "last_migrations", lambda: with_one_more)
    assert not health.migrations_are_current()


def test_a_broker_that_is_away_is_red(monkeypatch):
    monkeypatch.setattr(health.current_app, "connection_for_write", unreachable_broker())
    assert not health.broker_answers()


def unreachable_broker():
    from kombu import Connection

    return lambda: Connection("redis://127.0.0.1:1/0", transport_options={"socket_connect_timeout": 0.2})


def test_a_disk_that_is_nine_tenths_full_is_red(monkeypatch):
    monkeypatch.setattr(health.shutil, "disk_usage", lambda place: type("", (), {"total": 100, "free": 10}))
    assert not health.disk_has_room()


def test_a_process_whose_clock_is_three_days_off_is_not_ready(client, everything_works, monkeypatch):
    truth = time.time
    monkeypatch.setattr(time, "time", lambda: truth() + 3 * 24 * 3600)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["dependencies"] == dict.fromkeys(NAMES, "green") | {"clock": "red"}


@pytest.mark.parametrize("seconds", [-6, 6])
def test_a_clock_six_seconds_off_is_red_either_way(monkeypatch, seconds):
    truth = time.time
    monkeypatch.setattr(time, "time", lambda: truth() + seconds)
    skew = vitals.read().skew
    assert not health.clock_agrees(vitals.read())
    assert timedelta(seconds=5) < abs(skew) < timedelta(seconds=7)
    assert (skew > timedelta()) == (seconds > 0)


def test_work_that_waits_too_long_is_red():
    assert health.outbox_moves(vitals.read())
    late = timezone.now() - timedelta(minutes=6)
    OutboxEntry.objects.create(task="x", queue="celery", target_id=1, created_at=late, due_at=late)
    assert not health.outbox_moves(vitals.read())


def test_work_that_is_done_or_dead_does_not_wait():
    late = timezone.now() - timedelta(minutes=6)
    for state in ("done", "dead"):
        OutboxEntry.objects.create(task="x", queue="celery", target_id=1, created_at=late, state=state)
    assert health.outbox_moves(vitals.read())


def test_a_leaf_without_a_checkpoint_for_more_than_twenty_minutes_is_red():
    entered(0, ago=timedelta(hours=3))
    witnessed(1, ago=timedelta(hours=2))
    assert health.acts_are_witnessed(vitals.read())
    entered(1, ago=timedelta(minutes=21))
    assert not health.acts_are_witnessed(vitals.read())


def test_a_leaf_just_entered_after_a_quiet_night_is_green():
    entered(0, ago=timedelta(hours=12))
    witnessed(1, ago=timedelta(hours=12))
    entered(1, ago=timedelta(minutes=1))
    assert health.acts_are_witnessed(vitals.read())


def test_leaves_that_wait_for_a_sequencer_silent_for_too_long_are_red():
    LedgerPending.objects.create(leaf_id=7, data="{}")
    assert not health.acts_are_witnessed(vitals.read())
    ran(SEQUENCE, ago=timedelta(minutes=1))
    assert health.acts_are_witnessed(vitals.read())
    ran(SEQUENCE, ago=timedelta(minutes=21))
    assert not health.acts_are_witnessed(vitals.read())


def test_a_ledger_found_altered_is_red_however_new_the_finding():
    ran(VERIFY, ok=False)
    assert not health.ledger_is_verified(vitals.read())


def test_a_ledger_with_leaves_verified_too_long_ago_is_red():
    ran(VERIFY, ago=timedelta(hours=27))
    assert health.ledger_is_verified(vitals.read())  # nothing to verify
    entered(0)
    assert not health.ledger_is_verified(vitals.read())
    ran(VERIFY, ago=timedelta(hours=25))
    assert health.ledger_is_verified(vitals.read())


def test_one_silent_queue_makes_the_worker_red(everything_works):
    assert health.worker_works(vitals.read())
    ran(f"{HEARTBEAT}pdf", ago=timedelta(seconds=61))
    assert not health.worker_works(vitals.read())


def test_a_portal_just_installed_has_time_for_its_first_verification_and_backup():
    found = vitals.read()
    fresh = vitals.Vitals(at=found.installed_at, installed_at=found.installed_at, tree_size=1)
    assert health.ledger_is_verified(fresh)
    assert fresh.missing_since(BACKUP) == found.installed_at
