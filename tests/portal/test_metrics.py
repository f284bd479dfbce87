"""What /metrics answers, to whom, and that each figure follows what happens."""

import os
import subprocess
import sys
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from portal import denials, metrics, outbox, vitals
from portal.models import LedgerPending, OutboxEntry
from portal.permissions import Role
from tests import make
from tests.portal.test_health import OUTSIDE, entered, ran, witnessed

pytestmark = pytest.mark.django_db

TOKEN = "ABCDEFGHJKLMNPQRSTUVWXYZ23"


@pytest.fixture(autouse=True)
def denied(monkeypatch):
    """The kinds and tenants that were counted as denied; nothing goes to Redis."""
    found = []

    def count(kind, tenant):
        found.append((kind, tenant))

    monkeypatch.setattr(denials, "count", count)
    monkeypatch.setattr(denials, "lately", lambda: None)
    return found


def scraped(client=None, **headers):
    """(name, labels...) -> value of everything /metrics tells."""
    text = (client or Client()).get("/metrics", **headers).content.decode()
    return {
        (sample.name, *(f"{key}={value}" for key, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def grown(before, after, *key):
    return after.get(key, 0) - before.get(key, 0)


@pytest.mark.parametrize("address", ["/metrics", "/ops/"])
def test_outside_the_administration_network_there_is_nothing(client, address):
    assert client.get(address, **OUTSIDE).status_code == 404
    assert client.get(address, REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_FOR="203.0.113.9").status_code == 404
    assert client.get(address).status_code == 200


def test_a_request_is_counted_under_the_name_of_its_route_and_its_status_class():
    before = scraped()
    Client().get(f"/q/{TOKEN}")
    after = scraped()
    assert grown(before, after, "chengliang_request_seconds_count", "route=portal:code", "status=4xx") == 1
    assert not any(TOKEN in "".join(key) for key in after)


def test_no_figure_of_requests_carries_an_institution():
    lab = make.institution("alpha")
    client = Client()
    client.force_login(make.user(lab, Role.ADMINISTRATOR))
    client.get("/i/alpha/")
    found = scraped()
    assert ("chengliang_request_seconds_count", "route=institutions:today", "status=2xx") in found
    assert not any("alpha" in "".join(key) for key in found)


def test_an_answer_of_500_is_counted(monkeypatch):
    monkeypatch.setattr("portal.health.dependencies", lambda: 1 / 0)
    before = scraped()
    assert Client(raise_request_exception=False).get("/readyz").status_code == 500
    assert grown(before, scraped(), "chengliang_server_errors_total", "status=500") == 1


def test_work_is_timed_by_name_and_outcome(monkeypatch):
    monkeypatch.setattr(outbox, "KINDS", dict(outbox.KINDS))

    @outbox.work()
    def well(target_id: int) -> None: ...

    @outbox.work()
    def badly(target_id: int) -> None:
        raise OSError

    before = scraped()
    for function in (well, badly):
        outbox.enqueue(function, 1, institution_id=None)
    outbox.drain()
    OutboxEntry.objects.filter(state="pending").update(attempts=outbox.MOST_ATTEMPTS - 1, due_at=timezone.now())
    outbox.drain()
    after = scraped()
    for labels in (("done", "well"), ("failed", "badly"), ("dead", "badly")):
        key = ("chengliang_task_seconds_count", f"outcome={labels[0]}", f"work=tests.{labels[1]}")
        assert grown(before, after, *key) == 1, key


def test_the_outbox_is_told_by_queue_and_by_institution():
    lab = make.institution()
    old = timezone.now() - timedelta(seconds=90)
    for queue in ("pdf", "pdf", "mail"):
        OutboxEntry.objects.create(task="x", queue=queue, target_id=1, institution_id=lab.pk, created_at=old)
    OutboxEntry.objects.create(task="x", queue="pdf", target_id=1, state="dead")
    found = scraped()
    depth = {queue: found["chengliang_outbox_pending", f"queue={queue}"] for queue in vitals.QUEUES}
    assert depth == {"celery": 0, "pdf": 2, "mail": 1, "import": 0}
    assert 90 <= found["chengliang_outbox_oldest_seconds", "queue=pdf"] < 120
    assert found["chengliang_outbox_pending_by_institution", f"institution_id={lab.pk}"] == 3
    assert found["chengliang_dead_letters",] == 1


def test_ledger_backup_and_drill_are_told_with_their_ages():
    entered(0, ago=timedelta(hours=2))
    entered(1, ago=timedelta(hours=2))
    witnessed(2, ago=timedelta(hours=1))
    LedgerPending.objects.create(leaf_id=9, data="{}")
    ran(vitals.VERIFY, ago=timedelta(hours=3), ok=False)
    ran(vitals.BACKUP, ago=timedelta(hours=4))
    ran(vitals.DRILL, ago=timedelta(hours=5))
    found = scraped()
    assert (found["chengliang_ledger_size",], found["chengliang_ledger_pending",]) == (2, 1)
    assert found["chengliang_verify_ok",] == 0
    ages = {"checkpoint": 1, "verify": 3, "backup": 4, "restore_drill": 5}
    for name, hours in ages.items():
        assert 0 <= found[f"chengliang_{name}_age_seconds",] - hours * 3600 < 60
    assert found["chengliang_job_ok", f"job={vitals.BACKUP}"] == 1


def test_an_alarm_is_a_figure():
    assert scraped()["chengliang_alarm", "name=dead_letter"] == 0
    OutboxEntry.objects.create(task="x", queue="pdf", target_id=1, state="dead")
    assert scraped()["chengliang_alarm", "name=dead_letter"] == 1


def test_without_the_database_the_counters_are_still_told(monkeypatch):
    def silent():
        raise DatabaseError("timeout")

    monkeypatch.setattr(vitals, "read", silent)
    found = scraped()
    assert found["chengliang_database_up",] == 0
    assert found["chengliang_alarm", "name=database"] == 1
    assert any(key[0] == "chengliang_request_seconds_count" for key in found)


def test_the_database_is_asked_once_for_a_scrape(django_assert_max_num_queries):
    with django_assert_max_num_queries(4):  # the limit of time, the question, and the savepoint around them
        metrics.exposition()


COUNT = """
import os
from portal import metrics
metrics.observe_request("portal:home", 200, 0.1)
if os.fork():
    os.wait()
else:
    metrics.observe_request("portal:home", 200, 0.1)
    os._exit(0)
"""
TELL = "import sys; from portal import metrics; sys.stdout.buffer.write(metrics.shared(sys.argv[1]))"


def test_several_processes_that_share_a_directory_are_told_together_after_they_ended(tmp_path):
    environ = {
        **os.environ,
        "PROMETHEUS_MULTIPROC_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "config.settings_test",
    }
    run = {"cwd": django_settings.BASE_DIR, "env": environ, "check": True}
    subprocess.run([sys.executable, "-c", COUNT], **run)
    told = subprocess.run([sys.executable, "-c", TELL, str(tmp_path)], capture_output=True, **run).stdout.decode()
    assert 'chengliang_request_seconds_count{route="portal:home",status="2xx"} 2.0' in told


# --- denials


def test_a_stranger_at_the_door_of_an_institution_is_a_denial_with_its_name(denied):
    make.institution("beta")
    client = Client()
    client.force_login(make.user(make.institution("alpha"), Role.ADMINISTRATOR))
    assert client.get("/i/beta/").status_code == 404
    assert denied == [("access", "beta")]


def test_a_page_that_is_not_there_is_no_denial(denied):
    client = Client()
    client.force_login(make.user(make.institution("alpha"), Role.ADMINISTRATOR))
    client.get("/i/alpha/nothing/")
    client.get("/nothing")
    Client().get("/i/alpha/")
    assert denied == []


def test_a_member_without_the_right_is_denied_access_once(denied):
    client = Client()
    client.force_login(make.user(make.institution("alpha"), Role.SUPERVISOR))
    assert client.get("/i/alpha/settings/members/invite/").status_code == 403
    assert denied == [("access", "alpha")]


def test_a_refused_sign_in_is_a_denial(denied):
    Client().post("/login/", {"username": "nobody", "password": "wrong password here"})
    assert denied == [("login", "")]


def test_a_form_without_its_token_is_a_denial(denied):
    assert Client(enforce_csrf_checks=True).post("/login/", {}).status_code == 403
    assert denied == [("csrf", "")]
