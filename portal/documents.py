"""Uploads: taken by content and name together, kept apart until a worker has looked inside, given back as attachments.

The request judges what is cheap: the name's suffix, the first bytes, sizes and quota. The bytes lie in quarantine under
a random name outside the web root. A worker judges what is inside, in a process of its own, and either keeps the file
or refuses it with a sentence; refused bytes are not kept. Only what was kept is ever given back. Source: E8.42, E8.44.
"""

import contextlib
import hashlib
import io
import logging
import os
import secrets
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import PurePath
from typing import BinaryIO

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import models, transaction
from django.db.models import Count, Q, Sum
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from . import audit, inspection, outbox, sandbox
from .actors import Actor
from .ledger.leaves import Facts, kind
from .models import Document
from .permissions import Permission
from .transitions import Refusal, Refused, Transition

log = logging.getLogger("portal.documents")

LARGEST = 20 * 1024 * 1024
LONGEST_NAME = 150
SECONDS = 40  # for looking into one file; the largest of each kind took eleven on a busy machine

# Suffix -> content type and how such a file begins; text begins anyhow.
KINDS = {
    ".pdf": (inspection.PDF, b"%PDF-"),
    ".jpg": (inspection.JPEG, b"\xff\xd8\xff"),
    ".jpeg": (inspection.JPEG, b"\xff\xd8\xff"),
    ".png": (inspection.PNG, b"\x89PNG\r\n\x1a\n"),
    ".xlsx": (inspection.XLSX, b"PK\x03\x04"),
    ".csv": (inspection.CSV, b""),
    ".xml": (inspection.XML, b""),
}
TEXTS = (".csv", ".xml")


@dataclass(frozen=True)
class Feature:
    """What a place of the portal takes: suffixes, bytes of one file, and how many of an institution's may wait at once."""

    suffixes: tuple[str, ...]
    largest: int
    most_waiting: int

    @property
    def titles(self) -> str:
        return "、".join(dict.fromkeys(suffix[1:].upper() for suffix in self.suffixes if suffix != ".jpg"))


# What is a photo to look at, as `photos_in` was told: (model, field) -> longest side in pixels, and of which rows.
PHOTOS: dict[tuple[type[models.Model], str], tuple[int, dict[str, str]]] = {}

EVIDENCE = Feature((".pdf", ".jpg", ".jpeg", ".png"), LARGEST, 100)
TABLE = Feature((".xlsx", ".csv"), 10 * 1024 * 1024, 20)

S = Document.State
UPLOAD = Transition("upload", frozenset({""}), S.QUARANTINED, Permission.DOCUMENT_UPLOAD)
ACCEPT = Transition(
    "accept", frozenset({S.QUARANTINED}), S.ACCEPTED, Permission.DOCUMENT_CHECK, leaf="document.accepted"
)
KEEP = Transition("keep", frozenset({""}), S.ACCEPTED, Permission.DOCUMENT_CHECK, leaf="document.accepted")
REFUSE = Transition("refuse", frozenset({S.QUARANTINED}), S.REFUSED, Permission.DOCUMENT_CHECK)
CHECKER = Actor.system("documents", Permission.DOCUMENT_CHECK)


@kind("document.accepted", of="portal.Document", title=gettext_lazy("接收文件"))
def accepted(document: Document) -> Facts:
    """The bytes that are kept and those that came; not the name, which may be a person's. Source: E8.44."""
    return {
        "sha256": document.sha256,
        "received_sha256": document.received_sha256,
        "size": str(document.size),
    }


# --- in the request


def upload(
    file: UploadedFile, *, actor: Actor, at: datetime, feature: Feature = EVIDENCE,
    right: Permission = Permission.DOCUMENT_UPLOAD,
) -> Document:  # fmt: skip
    """The file waits in quarantine under a random name, and its inspection is on the way.

    `right`: of the act to which the file belongs, for who may do that act and leave no other files.
    Raises: Refused with what to do, when that can be told without looking inside. Source: E8.42.
    """
    name = clean_name(file.name or "")
    suffix = PurePath(name).suffix.lower()
    content = file.read(feature.largest + 1)
    refusals = [Refusal("upload", sentence) for sentence in problems(suffix, content, feature)]
    refusals = refusals or [Refusal("upload", sentence) for sentence in _no_room(actor, len(content), feature)]
    if refusals:
        raise Refused(*refusals)
    digest = hashlib.sha256(content).hexdigest()
    blank = Document(
        institution_id=actor.institution_id, name=name, content_type=KINDS[suffix][0], size=len(content), sha256=digest,
        received_sha256=digest, uploaded_by=actor.user_id, state="",
    )  # fmt: skip
    actor.require(right, actor.institution_id)  # before anything lies on the disk
    blank.stored_as = store(f"quarantine/{actor.institution_id}", ".bin", content)
    with replace(UPLOAD, permission=right).applied_to(blank, actor=actor, at=at) as document:
        pass
    outbox.enqueue(check_document, document.pk, institution_id=document.institution_id)
    return document


def clean_name(name: str) -> str:
    """The name as it will be shown and given back: no path, nothing invisible or reversing, the suffix kept."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    shown = "".join(letter for letter in last if letter.isprintable()).strip(" .")
    suffix = PurePath(shown).suffix[-10:]
    return shown if len(shown) <= LONGEST_NAME else shown[: LONGEST_NAME - len(suffix)] + suffix


def problems(suffix: str, content: bytes, feature: Feature = EVIDENCE) -> Iterator[str]:
    """Sentences saying why a file with this suffix and content cannot be taken; none when it may be looked into."""
    if suffix not in feature.suffixes:
        yield _("不接受“%(suffix)s”文件。请上传 %(titles)s。") % {
            "suffix": suffix[:20] or _("无后缀"),
            "titles": feature.titles,
        }
    elif not content:
        yield _("文件是空的。请重新选择文件。")
    elif len(content) > feature.largest:
        yield _("文件超过 %(limit)d MB。请压缩或拆分后再上传。") % {"limit": feature.largest // 1024 // 1024}
    elif not content.startswith(KINDS[suffix][1]) or (suffix in TEXTS and b"\x00" in content):
        yield _("文件内容与后缀“%(suffix)s”不符。请上传原始文件，不要改后缀。") % {"suffix": suffix}


def against(file: UploadedFile, feature: Feature = EVIDENCE) -> list[str]:
    """The same sentences about a file that came with a request; it can be read from its beginning again."""
    content = file.read(feature.largest + 1)
    file.seek(0)
    return list(problems(PurePath(clean_name(file.name or "")).suffix.lower(), content, feature))


def _no_room(actor: Actor, size: int, feature: Feature) -> Iterator[str]:
    """Sentences saying why the institution can leave no further file now."""
    found = Document.objects.visible_to(actor).aggregate(
        kept=Sum("size", filter=~Q(state=S.REFUSED), default=0),
        waiting=Count("pk", filter=Q(state=S.QUARANTINED)),
    )
    if found["waiting"] >= feature.most_waiting:
        yield _("已有 %(count)d 个文件在等待检查。请等检查完再上传。") % {"count": found["waiting"]}
    if found["kept"] + size > settings.UPLOAD_QUOTA_MB * 1024 * 1024:
        yield _("本机构的文件已用满 %(quota)d MB，没有收下。请机构管理员联系平台扩容。") % {
            "quota": settings.UPLOAD_QUOTA_MB
        }


# --- in a worker


@outbox.work(queue="import")
def check_document(document_id: int) -> None:
    """The file is kept, its bytes cleaned where its kind has that, or refused with a sentence. Twice is harmless.

    A scanner that fails leaves the file in quarantine and is asked again. Source: E8.43, E8.44.
    """
    document = Document.objects.get(pk=document_id)
    if document.state != S.QUARANTINED:
        return
    content, at = _bytes_of(document), timezone.now()
    finding = _found(document, content)
    if finding.problem:
        _refuse(document, finding.problem, at=at)
    else:
        _accept(document, content if finding.cleaned is None else finding.cleaned, at=at)


def photos_in(model: type[models.Model], field: str, *, side: int, **those: str) -> None:
    """Pictures named in this field of such rows are photos to look at: kept with no side longer than `side` pixels."""
    PHOTOS[model, field] = (side, those)


def _longest_side(document: Document) -> int:
    """Of the photo that the document is, in pixels; 0 for everything else, which is kept as large as it is."""
    rows = (
        (model._default_manager.filter(**{field: document}, **those), side)
        for (model, field), (side, those) in PHOTOS.items()
    )
    return next((side for found, side in rows if found.exists()), 0)


def untaken(row: models.Model, content: bytes, sha256: str) -> str:
    """Why what waited in quarantine is not even opened: altered since, or known to the scanner; "" when it may be."""
    if hashlib.sha256(content).hexdigest() != sha256:
        log.error("document.tampered", extra={"document": row.pk})
        return _("文件在等待检查时被改动过，没有收下。请重新上传。")
    if settings.DOCUMENT_SCANNER and (name := import_string(settings.DOCUMENT_SCANNER)(content)):
        log.warning("document.infected", extra={"document": row.pk, "finding": str(name)[:100]})
        return _("查毒软件报告：%(name)s。请先在自己的电脑上查杀，再上传干净的文件。") % {"name": str(name)[:100]}
    return ""


def _found(document: Document, content: bytes) -> inspection.Finding:
    if problem := untaken(document, content, document.received_sha256):
        return inspection.Finding(problem)
    try:
        side = _longest_side(document)
        return inspection.understood(
            sandbox.run(inspection.inspected, document.content_type, content, side, seconds=SECONDS)
        )
    except sandbox.SandboxError as error:
        # A file on which the parser crashes or never ends is no file to keep; what comes again fails again.
        log.warning("document.unreadable", extra={"document": document.pk, "error": str(error)[:200]})
        return inspection.Finding(_("文件过于复杂或已损坏，没有在限定的时间内检查完。请用原软件重新导出后再上传。"))


def _accept(document: Document, content: bytes, *, at: datetime) -> None:
    suffix = next(suffix for suffix, (content_type, _head) in KINDS.items() if content_type == document.content_type)
    stored_as = store(f"documents/{document.institution_id}", suffix, content)
    with ACCEPT.applied_to(document, actor=CHECKER, at=at) as document:
        _empty_quarantine(document)
        document.stored_as, document.size = stored_as, len(content)
        document.sha256 = hashlib.sha256(content).hexdigest()
        document.checked_at = at


def _refuse(document: Document, problem: str, *, at: datetime) -> None:
    with REFUSE.applied_to(document, actor=CHECKER, at=at, reason=problem) as document:
        _empty_quarantine(document)
        document.stored_as, document.refused_because, document.checked_at = "", problem[:300], at


def _empty_quarantine(document: Document) -> None:
    """The bytes that came are gone once what was decided about them is certain."""
    transaction.on_commit(partial(default_storage.delete, document.stored_as))


def keep(content: bytes, name: str, *, content_type: str, institution_id: int, at: datetime) -> Document:
    """A file that the portal itself has made is kept as it is: there is no stranger's content to look into."""
    suffix = next(suffix for suffix, (known, _head) in KINDS.items() if known == content_type)
    digest = hashlib.sha256(content).hexdigest()
    blank = Document(
        institution_id=institution_id, name=clean_name(name), content_type=content_type, size=len(content),
        sha256=digest, received_sha256=digest, checked_at=at, state="",
    )  # fmt: skip
    blank.stored_as = store(f"documents/{institution_id}", suffix, content)
    with KEEP.applied_to(blank, actor=CHECKER, at=at) as document:
        pass
    return document


# --- on the disk, and back


def store(folder: str, suffix: str, content: bytes) -> str:
    """The bytes are on disk, whole or not at all, under a random name. Returns: the storage name. Source: E6.35."""
    name = f"{folder}/{secrets.token_hex(16)}{suffix}"
    if not hasattr(default_storage, "base_location"):
        return default_storage.save(name, ContentFile(content))
    path = default_storage.path(name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    unfinished = f"{path}.part"
    try:
        with open(unfinished, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:  # the disk is full: what was begun goes, so that there is room for what is whole
        with contextlib.suppress(OSError):
            os.remove(unfinished)
        raise
    os.replace(unfinished, path)
    directory = os.open(os.path.dirname(path), os.O_RDONLY)
    try:
        os.fsync(directory)  # the name, too, survives a power cut that comes right after the commit
    finally:
        os.close(directory)
    return name


def _bytes_of(document: Document) -> bytes:
    with default_storage.open(document.stored_as) as file:
        return file.read()


class Altered(Exception):
    """What lies on the disk is not what was stored: given to nobody."""


def whole(stored_as: str, sha256: str) -> bytes:
    """The stored bytes, which are those with this hash. Raises: Altered, and somebody is told. Source: E4.26."""
    try:
        with default_storage.open(stored_as) as file:
            content = file.read()
    except FileNotFoundError:
        content = b""
    if hashlib.sha256(content).hexdigest() != sha256:
        log.error("document.tampered", extra={"stored_as": stored_as})
        raise Altered(stored_as)
    return content


def attachment(stored_as: str, *, sha256: str, name: str, content_type: str, inline: bool = False) -> FileResponse:
    """The stored bytes as a download that no browser runs as a page of ours. Raises: Altered. Source: E8.42."""
    return _attached(io.BytesIO(whole(stored_as, sha256)), name=name, content_type=content_type, inline=inline)


def _attached(file: BinaryIO, *, name: str, content_type: str, inline: bool = False) -> FileResponse:
    response = FileResponse(file, as_attachment=not inline, filename=name, content_type=content_type)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cache-Control"] = "private, no-store"
    return response


def download(request: HttpRequest, document: Document, *, actor: Actor) -> HttpResponse:
    """The document as an attachment; or a page that says why not: 409 while it waits, 410 when it was refused.

    The bytes are compared with their hash first: what has changed on the disk is given to nobody, and somebody is told.
    Every look is in the audit trail. Source: E8.44.
    """
    if document.state != S.ACCEPTED:
        status = 409 if document.state == S.QUARANTINED else 410
        return render(request, "portal/document.html", {"document": document}, status=status)
    try:
        content = whole(document.stored_as, document.sha256)
    except Altered:
        sentence = _("存储的文件与收下时的 SHA-256 不一致。")
        audit.record(actor, "document.download", document, succeeded=False, changes={"refused": [["state", sentence]]})
        return render(request, "portal/document.html", {"document": document, "anomaly": True}, status=409)
    audit.record(actor, "document.download", document)
    return _attached(io.BytesIO(content), name=document.name, content_type=document.content_type)
