"""Uploads: taken by content and name together, kept under random names outside the web root, given back as attachments."""

import hashlib
import os
import secrets
from datetime import datetime
from pathlib import PurePath

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.http import FileResponse
from django.utils.translation import gettext as _

from . import audit
from .actors import Actor
from .models import Document
from .permissions import Permission
from .transitions import Refusal, Refused, Transition

LARGEST = 20 * 1024 * 1024

# Suffix -> content type and how such a file begins.
KINDS = {
    ".pdf": ("application/pdf", (b"%PDF-",)),
    ".jpg": ("image/jpeg", (b"\xff\xd8\xff",)),
    ".jpeg": ("image/jpeg", (b"\xff\xd8\xff",)),
    ".png": ("image/png", (b"\x89PNG\r\n\x1a\n",)),
}

UPLOAD = Transition("upload", frozenset({""}), Document.State.ACCEPTED, Permission.DOCUMENT_UPLOAD)


def upload(file, *, actor: Actor, at: datetime) -> Document:
    """The file is stored under a random name with its SHA-256. Raises: Refused with what to do. Source: E8.42."""
    suffix = PurePath(file.name).suffix.lower()
    content = file.read(LARGEST + 1)
    refusals = [Refusal("upload", sentence) for sentence in problems(suffix, content)]
    if refusals:
        raise Refused(*refusals)
    document = Document(
        institution_id=actor.institution_id,
        name=PurePath(file.name).name[-150:],
        content_type=KINDS[suffix][0],
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        stored_as=store(f"documents/{actor.institution_id}", suffix, content),
    )
    with UPLOAD.applied_to(document, actor=actor, at=at) as document:
        pass
    return document


def problems(suffix: str, content: bytes):
    """Sentences saying why a file with this suffix and content cannot be taken; none when it can."""
    if suffix not in KINDS:
        yield _("不接受“%(suffix)s”文件。请上传 PDF、JPEG 或 PNG。") % {"suffix": suffix or _("无后缀")}
        return
    if not content:
        yield _("文件是空的。请重新选择文件。")
    elif len(content) > LARGEST:
        yield _("文件超过 %(limit)d MB。请压缩或拆分后再上传。") % {"limit": LARGEST // 1024 // 1024}
    elif not content.startswith(KINDS[suffix][1]):
        yield _("文件内容与后缀“%(suffix)s”不符。请上传原始文件，不要改后缀。") % {"suffix": suffix}


def store(folder: str, suffix: str, content: bytes) -> str:
    """The bytes are on disk, whole or not at all, under a random name. Returns: the storage name. Source: E6.35."""
    name = f"{folder}/{secrets.token_hex(16)}{suffix}"
    if not hasattr(default_storage, "base_location"):
        return default_storage.save(name, ContentFile(content))
    path = default_storage.path(name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    partial = f"{path}.part"
    with open(partial, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)
    directory = os.open(os.path.dirname(path), os.O_RDONLY)
    try:
        os.fsync(directory)  # the name, too, survives a power cut that comes right after the commit
    finally:
        os.close(directory)
    return name


def attachment(stored_as: str, *, name: str, content_type: str, inline: bool = False) -> FileResponse:
    """The stored bytes as a download that no browser runs as a page of ours. Source: E8.42."""
    response = FileResponse(
        default_storage.open(stored_as), as_attachment=not inline, filename=name, content_type=content_type
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cache-Control"] = "private, no-store"
    return response


def download(document: Document, *, actor: Actor) -> FileResponse:
    """The document as an attachment; the look is in the audit trail."""
    audit.record(actor, "document.download", document)
    return attachment(document.stored_as, name=document.name, content_type=document.content_type)
