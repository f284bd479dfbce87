"""The PDF of many labels, which takes longer than a page may: ordered in the request, drawn by a worker, kept as a document.

Until it is drawn the document holds what is to be drawn, as JSON. The same sheet asked for again is the same document.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import documents, outbox, sandbox
from portal.actors import Actor
from portal.inspection import PDF
from portal.models import Document, OutboxEntry
from portal.permissions import Permission

from .formats import FORMATS

AT_ONCE = 72  # labels that are drawn while somebody waits: about a second
SECONDS = 45  # for the most that one printing holds; sixteen on a quiet machine
State = Document.State


def order(
    faces: Sequence[dict[str, Any]], paper: str, start: int, name: str, *, actor: Actor, at: datetime
) -> Document:
    """The sheet is there, or its drawing is on the way. `faces` as sheets.pdf takes them; `paper`: a name of FORMATS.

    Raises: MissingGlyph when a text cannot be drawn.
    """
    from portal.paper import refuse_missing_glyphs

    refuse_missing_glyphs(list(faces))
    wanted = json.dumps({"faces": list(faces), "paper": paper, "start": start}, ensure_ascii=False, sort_keys=True)
    content = wanted.encode()
    digest = hashlib.sha256(content).hexdigest()
    same = Document.objects.visible_to(actor).filter(received_sha256=digest).exclude(state=State.REFUSED)
    if (known := same.order_by("-pk").first()) is not None:
        return known
    blank = Document(
        institution_id=actor.institution_id, name=documents.clean_name(name), content_type=PDF, size=len(content),
        sha256=digest, received_sha256=digest, uploaded_by=actor.user_id, state="",
    )  # fmt: skip
    actor.require(Permission.DOCUMENT_UPLOAD, actor.institution_id)  # before anything lies on the disk
    blank.stored_as = documents.store(f"quarantine/{actor.institution_id}", ".bin", content)
    with documents.UPLOAD.applied_to(blank, actor=actor, at=at) as document:
        pass
    outbox.enqueue(draw_sheet, document.pk, institution_id=document.institution_id)
    return document


@outbox.work(queue="pdf")
def draw_sheet(document_id: int) -> None:
    """The ordered sheet is drawn and kept. Twice is harmless; what does not succeed is tried again."""
    from . import sheets

    document = Document.objects.get(pk=document_id)
    if document.state != State.QUARANTINED:
        return
    ordered = documents.whole(document.stored_as, document.received_sha256)
    sheets.warm_up()
    pdf = sandbox.run(drawn, ordered, seconds=SECONDS)
    stored_as = documents.store(f"documents/{document.institution_id}", ".pdf", pdf)
    with documents.ACCEPT.applied_to(document, actor=documents.CHECKER, at=timezone.now()) as document:
        transaction.on_commit(partial(default_storage.delete, document.stored_as))
        document.stored_as, document.size = stored_as, len(pdf)
        document.sha256, document.checked_at = hashlib.sha256(pdf).hexdigest(), timezone.now()


def drawn(ordered: bytes) -> bytes:
    """The sheet that `order` has written down, as a PDF."""
    from . import sheets

    wanted = json.loads(ordered)
    return sheets.pdf(wanted["faces"], FORMATS[wanted["paper"]], start=wanted["start"])


def progress_of(document: Document, url: str) -> dict[str, Any]:
    """How far the sheet is, as the component `progress` takes it. `url`: where the finished PDF is opened."""
    if document.state == State.ACCEPTED:
        return {"state": "done", "done": 1, "total": 1, "text": _("已生成。"), "result_url": url,
                "result_label": _("打开 PDF")}  # fmt: skip
    work = OutboxEntry.objects.filter(
        institution_id=document.institution_id, task=draw_sheet.work.name, target_id=document.pk
    )
    entry = work.order_by("-pk").first()
    if entry is not None and entry.state == OutboxEntry.State.DEAD:
        text = _("没有生成成功，系统管理员已收到通知。请改为分几批打印，每批不超过 %(most)d 枚。") % {"most": AT_ONCE}
        return {"state": "failed", "done": 1, "total": 1, "text": text}
    return {
        "state": "running",
        "done": 0,
        "total": 1,
        "text": _("正在生成，一千枚大约半分钟。可以离开本页，稍后再来。"),
    }
