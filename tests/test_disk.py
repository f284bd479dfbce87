"""A disk that is full or lies: nothing acknowledged is missing, nothing cut is served."""

import contextlib
import errno
import os
import resource
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from certificates import rendering
from certificates.models import Certificate
from portal import codes, documents, outbox
from portal.models import AuditEntry, Document, OutboxEntry
from portal.permissions import Role
from portal.tenancy import tenant
from tests import make


@contextlib.contextmanager
def disk_for(size: int) -> Iterator[None]:
    """No file grows beyond so many bytes: the write that would is cut off by the kernel, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def lying(folder: str) -> list[str]:
    return sorted(path.name for path in (Path(settings.MEDIA_ROOT) / folder).glob("*"))


def test_what_does_not_fit_leaves_nothing_behind():
    with pytest.raises(OSError) as full, disk_for(1000):
        documents.store("full", ".pdf", os.urandom(5000))
    assert full.value.errno in (errno.ENOSPC, errno.EFBIG)
    assert lying("full") == []


@pytest.mark.django_db
def test_a_certificate_waits_for_room_and_then_has_its_whole_pdf(monkeypatch):
    world = make.laboratory()
    certificate = make.certificate(world, "issued")
    monkeypatch.setattr(rendering, "pdf", lambda content: b"%PDF-1.7 " + b"x" * 5000)
    entry = OutboxEntry.objects.get(task="certificates.render_pdf")
    with disk_for(1000):
        outbox.perform(entry.pk)
    entry.refresh_from_db()
    assert entry.state == OutboxEntry.State.PENDING
    assert "Error" in entry.last_error
    assert make.fresh(certificate).pdf_sha256 == ""
    assert codes.find(make.fresh(certificate).token) is None
    assert lying(f"certificates/{world.institution.pk}") == []
    OutboxEntry.objects.update(due_at=timezone.now())
    outbox.perform(entry.pk)
    row = make.fresh(certificate)
    assert (Path(settings.MEDIA_ROOT) / row.pdf_stored_as).stat().st_size == 5009
    assert row.state == Certificate.State.ISSUED


@pytest.mark.django_db
def test_an_upload_without_room_is_answered_in_words_and_not_recorded(client, monkeypatch):
    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    world = make.laboratory()
    client.force_login(make.user(world.institution, Role.METROLOGY_MANAGER, employment=world.operator_employment))
    monkeypatch.setattr(documents, "store", full)
    client.raise_request_exception = False
    values = {
        "kind": "calibration", "certificate_number": "SL-1", "issuer": "省院（示）", "issuer_qualification": "CNAS L00000",
        "calibrated_on": "2026-01-05", "valid_until": "2027-01-04",
        "confirmed_by": world.operator_employment.ref, "confirmed_on": "2026-01-08", "confirmed": "yes",
        "expanded_uncertainty": "0.0015", "coverage_factor": "2", "uncertainty_unit": "MPa",
        "file": SimpleUploadedFile("a.pdf", b"%PDF-1.7 text"),
    }  # fmt: skip
    address = reverse("equipment:trace", args=[world.institution.slug, world.equipment.ref])
    response = client.post(address, values)
    assert response.status_code == 503
    assert "存储空间已满" in response.text
    with tenant(world.institution.pk):
        assert not Document.objects.filter(name="a.pdf").exists()


@pytest.mark.django_db
def test_altered_bytes_are_handed_to_nobody(client):
    world = make.laboratory()
    certificate = make.certificate(world, "released")
    path = Path(settings.MEDIA_ROOT) / certificate.pdf_stored_as
    path.write_bytes(path.read_bytes()[:-1])
    public = client.post(
        reverse("portal:certificate_file"),
        {"number": certificate.number, "code": certificate.verification_code},
    )
    client.force_login(make.user(world.institution, Role.CHECKER))
    member = client.get(reverse("certificates:pdf", args=[world.institution.slug, certificate.ref]))
    assert [answer.status_code for answer in (public, member)] == [409, 409]
    assert "核验异常" in public.text
    with tenant(world.institution.pk):
        assert AuditEntry.objects.filter(verb="certificate.download", succeeded=False).count() == 1
