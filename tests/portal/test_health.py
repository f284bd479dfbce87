"""What /readyz asks, and that each answer can be red."""

from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.utils import timezone

from portal import health
from portal.models import OutboxEntry

pytestmark = pytest.mark.django_db


def test_all_dependencies_are_green(client, monkeypatch):
    monkeypatch.setitem(health.CHECKS, "broker", lambda: True)
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert set(answer.json()["dependencies"].values()) == {"green"}


@pytest.mark.parametrize("name", health.CHECKS)
def test_one_red_dependency_makes_the_portal_not_ready(client, monkeypatch, name):
    for known in health.CHECKS:
        monkeypatch.setitem(health.CHECKS, known, lambda: True)
    monkeypatch.setitem(health.CHECKS, name, lambda: False)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["dependencies"][name] == "red"


def test_a_database_that_refuses_writes_is_red(monkeypatch):
    def refused(self, **kwargs):
        raise DatabaseError("cannot execute INSERT in a read-only transaction")

    monkeypatch.setattr(OutboxEntry, "save", refused)
    assert health.dependencies()["database"] == "red"


def test_the_write_check_leaves_nothing_behind():
    assert health.database_takes_writes()
    assert not OutboxEntry.objects.exists()


def test_migrations_that_were_not_run_are_seen(monkeypatch):
    monkeypatch.setattr(health.MigrationExecutor, "migration_plan", lambda self, targets: ["one"])
    assert not health.migrations_are_current()


def test_a_broker_that_is_away_is_red(monkeypatch):
    monkeypatch.setattr(health.current_app, "connection_for_write", unreachable_broker())
    assert not health.broker_answers()


def unreachable_broker():
    from kombu import Connection

    return lambda: Connection("redis://127.0.0.1:1/0", transport_options={"socket_connect_timeout": 0.2})


def test_work_that_waits_too_long_is_red():
    late = timezone.now() - timedelta(minutes=6)
    OutboxEntry.objects.create(task="x", queue="celery", target_id=1, created_at=late, due_at=late)
    assert not health.outbox_moves()
