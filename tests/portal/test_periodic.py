"""Periodic jobs: one at a time, with a trace of the last run, safe when beat runs twice; and the worker's heartbeat."""

from datetime import timedelta

import pytest
from django.db import connection

from config import watchdog
from config.celery import app
from portal import heartbeat, outbox, tasks
from portal.models import JobRun
from portal.periodic import only_one
from portal.vitals import HEARTBEAT, QUEUES
from tests import processes
from tests.concurrency import at_once
from tests.portal.test_health import ran


@pytest.mark.django_db
def test_a_run_leaves_its_time_and_what_it_said():
    only_one("count")(lambda: "3 counted")()
    run = JobRun.objects.get(name="count")
    assert (run.ok, run.note) == (True, "3 counted")


@pytest.mark.django_db
def test_a_run_that_failed_is_noted_and_its_error_is_raised_again():
    with pytest.raises(ZeroDivisionError):
        only_one("count")(lambda: 1 / 0)()
    run = JobRun.objects.get(name="count")
    assert (run.ok, run.note) == (False, "ZeroDivisionError")


@pytest.mark.django_db(transaction=True)
def test_two_beats_at_once_run_the_job_once():
    runs = []

    def slow():
        runs.append(1)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.3)")  # the others come meanwhile

    job = only_one("count")(slow)
    at_once(job, job, job)
    assert runs == [1]


@pytest.mark.django_db(transaction=True)
def test_the_lock_is_free_after_a_run_that_failed():
    def fail():
        raise OSError

    at_once(only_one("count")(fail))
    assert at_once(only_one("count")(lambda: "ran")) == ["ran"]


@pytest.mark.django_db
def test_a_job_that_just_ran_well_is_left_alone_until_its_time_is_over():
    job = only_one("count", at_most_every=timedelta(hours=12))(lambda: "ran")
    assert (job(), job()) == ("ran", None)
    ran("count", ago=timedelta(hours=13))
    assert job() == "ran"


@pytest.mark.django_db
def test_a_job_that_just_failed_may_run_again_at_once():
    ran("count", ok=False)
    assert only_one("count", at_most_every=timedelta(hours=12))(lambda: "ran")() == "ran"


@pytest.mark.django_db
def test_the_jobs_of_the_ground_floor_leave_their_trace(monkeypatch):
    monkeypatch.setattr(outbox, "publish_due", lambda: 0)
    for job in (tasks.sweep, tasks.clear_sessions, tasks.sweep_orphans):
        job()
    assert set(JobRun.objects.values_list("name", flat=True)) == {"sweep", "clear_sessions", "sweep_orphans"}


def test_every_task_of_the_schedule_exists():
    app.loader.import_default_modules()
    assert {entry["task"] for entry in app.conf.beat_schedule.values()} <= set(app.tasks)


def test_beat_and_relay_send_a_beat_to_every_queue(monkeypatch):
    sent = []
    monkeypatch.setattr(
        heartbeat.beat, "apply_async", lambda args, queue, expires: sent.append((*args, queue, expires))
    )
    heartbeat.send()
    scheduled = [entry for entry in app.conf.beat_schedule.values() if entry["task"] == "portal.heartbeat"]
    planned = [(*entry["args"], entry["options"]["queue"], entry["options"]["expires"]) for entry in scheduled]
    assert sent == planned == [(queue, queue, 40) for queue in QUEUES]
    assert {entry["schedule"] for entry in scheduled} == {20.0}


@pytest.fixture
def nothing_noted(monkeypatch):
    monkeypatch.setattr(heartbeat, "_noted", {})


@pytest.mark.django_db
def test_a_beat_that_was_taken_is_known_to_the_database(nothing_noted):
    heartbeat.beat("pdf")
    assert JobRun.objects.get().name == f"{HEARTBEAT}pdf"


@pytest.mark.django_db
def test_work_that_was_taken_counts_as_a_beat_at_most_every_ten_seconds(nothing_noted, monkeypatch):
    now = iter([100.0, 105.0, 111.0])
    monkeypatch.setattr(heartbeat.time, "monotonic", lambda: next(now))
    noted = []
    monkeypatch.setattr(JobRun, "note_run", noted.append)
    for _ in range(3):
        heartbeat.note("pdf")
    assert noted == [f"{HEARTBEAT}pdf"] * 2


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_takes_nothing_from_one_queue_is_silent():
    url = processes.database_url()
    assert watchdog.is_silent(url, QUEUES)
    for queue in QUEUES:
        ran(HEARTBEAT + queue)
    assert not watchdog.is_silent(url, QUEUES)
    ran(f"{HEARTBEAT}pdf", ago=timedelta(seconds=121))
    assert watchdog.is_silent(url, QUEUES)


def test_a_database_that_is_away_accuses_no_worker():
    assert not watchdog.is_silent("postgresql://nobody@127.0.0.1:1/none", QUEUES)
