"""Uploads: taken by content and name together, kept whole under random names, given back as attachments."""

import hashlib
import os
import stat
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile

from portal import documents
from portal.models import AuditEntry, Document
from portal.outbox import drain
from portal.permissions import Role
from portal.tenancy import tenant
from portal.transitions import Refused
from tests import make
from tests.make import NOON

PDF = make.pdf()


@pytest.fixture
def lab(db):
    with tenant(make.institution().pk):
        yield make.institution()


@pytest.fixture
def manager(lab):
    return make.actor(lab, Role.QUALITY_MANAGER)


def upload(actor, name="证书.pdf", content=PDF):
    return documents.upload(SimpleUploadedFile(name, content), actor=actor, at=NOON)


def stored():
    return {path for path in Path(default_storage.location).rglob("*") if path.is_file()}


def test_an_upload_keeps_bytes_name_and_hash(manager):
    document = upload(manager)
    assert (document.state, document.name, document.size) == (Document.State.QUARANTINED, "证书.pdf", len(PDF))
    with default_storage.open(document.stored_as) as file:
        assert hashlib.sha256(file.read()).hexdigest() == document.sha256


def test_the_name_on_disk_says_nothing_about_the_file(lab, manager):
    first, second = upload(manager), upload(manager)
    assert first.stored_as != second.stored_as
    assert first.stored_as.startswith(f"quarantine/{lab.pk}/") and "证书" not in first.stored_as


@pytest.mark.parametrize("name", ["../../etc/证书.pdf", "a/证书.pdf", "证书.PDF"])
def test_a_name_is_never_a_path(manager, name):
    assert upload(manager, name).name.lower() == "证书.pdf"


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.exe", b"MZ", "不接受“.exe”文件"),
        ("a.svg", b"<svg/>", "不接受“.svg”文件"),
        ("a.html", b"<html>", "不接受“.html”文件"),
        ("a", PDF, "不接受“无后缀”文件"),
        ("a.pdf", b"", "空"),
        ("a.pdf", b"<html><script>", "不符"),
        ("a.png", PDF, "不符"),
        ("a.jpg", b"\x89PNG\r\n\x1a\n", "不符"),
        ("a.pdf.exe", PDF, "不接受"),
    ],
)
def test_a_file_that_cannot_be_taken_is_refused_with_what_to_do(manager, name, content, sentence):
    before = stored()
    with pytest.raises(Refused, match=sentence):
        upload(manager, name, content)
    assert stored() == before and not Document.objects.exists()


def test_a_file_over_the_limit_is_refused(manager):
    small = documents.Feature((".pdf",), 10, 10)
    with pytest.raises(Refused, match="超过"):
        documents.upload(SimpleUploadedFile("证书.pdf", PDF), actor=manager, at=NOON, feature=small)


@pytest.mark.parametrize(("name", "head"), [("a.jpg", b"\xff\xd8\xff"), ("a.jpeg", b"\xff\xd8\xff")])
def test_a_picture_is_taken(manager, name, head):
    assert upload(manager, name, head + b"x").content_type == "image/jpeg"


def test_uploading_is_a_right_without_which_nothing_reaches_the_disk(lab):
    before = stored()
    with pytest.raises(PermissionDenied):
        upload(make.actor(lab, Role.CHECKER))
    assert stored() == before


def test_a_file_appears_whole_or_not_at_all(lab, monkeypatch):
    before = stored()

    def no_space(descriptor):
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(OSError, match="no space"):
        documents.store("documents/1", ".pdf", PDF)
    assert {path.suffix for path in stored() - before} <= {".part"}


def test_bytes_and_name_are_on_disk_before_the_row_is(lab, monkeypatch):
    synced, fsync = [], os.fsync

    def watched(descriptor):
        synced.append(stat.S_ISDIR(os.fstat(descriptor).st_mode))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    documents.store("documents/1", ".pdf", PDF)
    assert synced == [False, True]  # the file, then the directory that names it


def accepted(actor):
    document = upload(actor)
    drain()
    return Document.objects.get(pk=document.pk)


def given(rf, document, actor):
    return documents.download(rf.get("/"), document, actor=actor)


def test_a_download_is_an_attachment_that_runs_nowhere_and_is_in_the_trail(rf, manager):
    document = accepted(manager)
    answer = given(rf, document, manager)
    assert b"".join(answer.streaming_content) == PDF
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert (answer["X-Content-Type-Options"], answer["Cache-Control"]) == ("nosniff", "private, no-store")
    assert AuditEntry.objects.filter(verb="document.download", target_id=document.pk).count() == 1


@pytest.mark.parametrize("harm", [lambda path: path.write_bytes(PDF + b" "), Path.unlink], ids=["changed", "missing"])
def test_bytes_that_are_no_longer_those_are_given_to_nobody_and_told(rf, manager, caplog, harm):
    document = accepted(manager)
    harm(Path(default_storage.path(document.stored_as)))
    answer = given(rf, document, manager)
    assert answer.status_code == 409 and "核验异常" in answer.content.decode()
    assert "document.tampered" in caplog.messages
    assert AuditEntry.objects.filter(verb="document.download", succeeded=False).count() == 1


def test_the_name_of_a_download_is_encoded(rf, manager):
    assert "filename*=utf-8''%E8%AF%81" in given(rf, accepted(manager), manager)["Content-Disposition"]
