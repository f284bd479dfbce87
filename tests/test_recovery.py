"""What is left when processes die and the broker forgets: every certificate with one PDF, and nothing done twice.

Real relay, real worker, real broker, on the test database. They are started here and ended here.
"""

import contextlib
import hashlib
import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.storage import default_storage
from django.db.models import F
from django.urls import reverse

from certificates.models import Certificate
from institutions.models import Qualification, User
from portal import codes, mailbox
from portal.alerts import scan
from portal.models import AuditEntry, Delivery, OutboxEntry
from portal.permissions import Role
from portal.tenancy import tenant
from tests import make, processes
from tests.processes import running, wait_for

pytestmark = pytest.mark.django_db(transaction=True)

State = OutboxEntry.State


@pytest.fixture(scope="module")
def broker(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[processes.Broker]:
    broker = processes.Broker(tmp_path_factory.mktemp("broker"))
    broker.start()
    yield broker
    broker.close()


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("logs")


@pytest.fixture(scope="module")
def relay(broker: processes.Broker, logs: Path) -> Iterator[processes.Process]:
    with running(processes.relay(logs / "relay.log", broker.url)) as process:
        yield process


@pytest.fixture
def worker(broker: processes.Broker, logs: Path) -> Iterator[processes.Process]:
    with running(processes.worker(logs / "worker.log", broker.url)) as process:
        process.says("ready.")
        yield process


@pytest.fixture
def lab():
    return make.laboratory()


def issued(lab, count):
    return [make.certificate(lab, "issued") for _ in range(count)]


def waiting():
    return OutboxEntry.objects.exclude(state=State.DONE).count()


def files(lab):
    """Everything that lies where this institution's PDFs are stored."""
    folder = Path(settings.MEDIA_ROOT) / f"certificates/{lab.institution.pk}"
    return {f"certificates/{lab.institution.pk}/{path.name}" for path in folder.glob("*")}


def assert_each_has_one_pdf(lab, certificates):
    """Stored bytes, hash, public page and trail agree, for every certificate, once."""
    rows = [make.fresh(row) for row in certificates]
    assert len({row.pdf_stored_as for row in rows}) == len(rows)
    for row in rows:
        with default_storage.open(row.pdf_stored_as) as file:
            assert hashlib.sha256(file.read()).hexdigest() == row.pdf_sha256
        assert codes.find_by_file(row.pdf_sha256)["certificate"]["number"] == row.number
        with tenant(lab.institution.pk):
            assert AuditEntry.objects.filter(verb="certificate.attach_pdf", target_id=row.pk).count() == 1
    assert set(OutboxEntry.objects.values_list("state", flat=True)) == {State.DONE}
    assert OutboxEntry.objects.count() == len(rows)


def test_workers_killed_before_and_after_writing_lose_and_double_nothing(lab, broker, relay, logs):
    certificates, dying = issued(lab, 3), {}
    with contextlib.ExitStack() as workers:
        for point in ("pdf.before_write", "pdf.after_write"):
            process = processes.worker(logs / f"{point}.log", broker.url, FAULTPOINTS=f"{point}=sleep:100")
            dying[point] = workers.enter_context(running(process))
        for point, process in dying.items():
            process.says(f"fault at {point}")
    # Both are dead now, each in the middle of a certificate; one has written a file that no row names.
    assert waiting() == 3
    assert len(files(lab)) == 1
    with running(processes.worker(logs / "healthy.log", broker.url)) as healthy:
        wait_for(lambda: not waiting(), 60)
        assert "Traceback" not in healthy.output()
    assert_each_has_one_pdf(lab, certificates)
    orphans = files(lab) - {make.fresh(row).pdf_stored_as for row in certificates}
    assert len(orphans) == 1


def test_a_broker_that_forgets_everything_costs_time_only(lab, broker, relay, worker):
    worker.send(signal.SIGSTOP)
    certificates = issued(lab, 3)
    handed_over = OutboxEntry.objects.filter(due_at__gt=F("created_at") + timedelta(seconds=1))
    wait_for(lambda: handed_over.count() == 3)
    wait_for(lambda: broker.client().llen("pdf") >= 2)  # one may already be in the hands of the worker
    broker.client().flushall()
    worker.send(signal.SIGCONT)
    wait_for(lambda: not waiting(), 60)
    assert_each_has_one_pdf(lab, certificates)


def test_without_a_broker_certificates_are_issued_and_their_pdf_follows(lab, broker, relay, worker, client):
    broker.stop()
    certificate = make.certificate(lab, "approved")
    client.force_login(User.objects.get(pk=lab.signatory.user_id))
    address = reverse("certificates:issue", args=[lab.institution.slug, certificate.ref])
    typed = {"confirmed": "yes", "confirmed_sha256": certificate.body_sha256, "own_password": make.PASSWORD}
    assert client.post(address, typed).status_code == 302
    assert make.fresh(certificate).state == Certificate.State.ISSUED
    before = relay.output().count("broker.unreachable")
    wait_for(lambda: relay.output().count("broker.unreachable") > before)
    assert set(OutboxEntry.objects.values_list("state", "attempts")) == {(State.PENDING, 0)}
    broker.start()
    wait_for(lambda: not waiting(), 60)
    assert_each_has_one_pdf(lab, [certificate])


def test_a_worker_told_to_stop_finishes_what_it_does(lab, broker, relay, logs):
    certificates = issued(lab, 1)
    slow = processes.worker(logs / "slow.log", broker.url, FAULTPOINTS="pdf.before_write=sleep:2")
    with running(slow):
        slow.says("fault at pdf.before_write")
        slow.popen.send_signal(signal.SIGTERM)
        assert slow.popen.wait(30) == 0, slow.output()
    assert_each_has_one_pdf(lab, certificates)


def test_workers_killed_before_and_after_sending_a_digest_lose_no_mail_and_send_no_second_one(
    lab, broker, relay, logs, tmp_path
):
    """The mail that was out when its worker died goes out again under its own Message-ID: mail programs show it once."""
    with tenant(lab.institution.pk):
        Qualification.objects.filter(pk=lab.qualification.pk).update(valid_until=make.DAY)
    people = {f"qm{number}@example.com" for number in range(3)}
    for address in people:
        User.objects.filter(pk=make.user(lab.institution, Role.QUALITY_MANAGER).pk).update(email=address)
    assert scan(make.DAY).digests >= 3
    files = {"MAIL_FILES": str(tmp_path)}
    dying = {}
    with contextlib.ExitStack() as workers:
        for point in ("mail.before_send", "mail.after_send"):
            process = processes.worker(logs / f"{point}.log", broker.url, FAULTPOINTS=f"{point}=sleep:100", **files)
            dying[point] = workers.enter_context(running(process))
        for point, process in dying.items():
            process.says(f"fault at {point}")
    assert Delivery.objects.count() == 0  # without a scope nothing is seen
    with running(processes.worker(logs / "postman.log", broker.url, **files)):
        wait_for(lambda: not waiting(), 60)
    sent = [mail for mail in mailbox.in_directory(tmp_path, 100) if mail.to in people]
    assert {mail.to for mail in sent} == people
    assert len({mail.message_id for mail in sent}) == 3
    assert len(sent) <= 4
    with tenant(lab.institution.pk):
        tries = Delivery.objects.filter(user__email__in=people).values_list("state", "tries__outcome")
        assert sorted(tries) == [(Delivery.State.SENT, "sent")] * 3
