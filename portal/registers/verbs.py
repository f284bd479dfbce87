"""The three verbs of every register: record a row, amend it, withdraw it. Nothing is ever deleted."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.translation import gettext as _

from .. import documents
from ..actors import Actor
from ..history import actor_of
from ..models import AuditEntry, Document, RegisterRow
from ..transitions import Refusal, Refused
from . import Register


def record(register: Register, values: Mapping[str, Any], *, actor: Actor, at: datetime) -> RegisterRow:
    """The row is on record, its uploaded files in quarantine until they are inspected. Raises: Refused.

    `values` by field of the model; of a document a file that came with the request, a Document, or None.
    """
    blank = register.model(institution_id=actor.institution_id, state="", **_facts(values))
    with register.recording.applied_to(blank, actor=actor, at=at) as row:
        _attach(row, values, actor=actor, at=at)
    return row


def amend(
    register: Register, row: RegisterRow, values: Mapping[str, Any], revision: int, *, actor: Actor, at: datetime
) -> RegisterRow:
    """The row says what `values` say, and is one revision further; what it said before is in the audit trail.

    Raises: Refused, also when the row is not at `revision` any more: somebody else was quicker, and is named.
    """
    with register.amending(row.state).applied_to(row, actor=actor, at=at) as row:
        if row.revision != revision:
            raise Refused(Refusal("revision", _changed_meanwhile(row)))
        for name, value in _facts(values).items():
            setattr(row, name, value)
        if refusals := [refusal for gate in register.gates for refusal in gate(row, actor, at)]:
            raise Refused(*refusals)
        _attach(row, values, actor=actor, at=at)
        row.revision += 1
    return row


def withdraw(register: Register, row: RegisterRow, reason: str, *, actor: Actor, at: datetime) -> RegisterRow:
    """The row counts for nothing any more and stays readable, with the reason. Raises: Refused."""
    with register.withdrawing.applied_to(row, actor=actor, at=at, reason=reason) as row:
        if not reason.strip():
            raise Refused(Refusal("reason", _("请写明作废的原因，例如登记错了或已被代替。")))
        row.revision += 1
    return row


def _facts(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if not isinstance(value, UploadedFile)}


def _attach(row: RegisterRow, values: Mapping[str, Any], *, actor: Actor, at: datetime) -> None:
    for name, value in values.items():
        if isinstance(value, UploadedFile):
            setattr(row, name, documents.upload(value, actor=actor, at=at))


def _changed_meanwhile(row: RegisterRow) -> str:
    """Who changed the row since the page was opened, and when."""
    entries = AuditEntry.objects.filter(target=row._meta.label, target_id=row.pk, institution_id=row.institution_id)
    last = entries.filter(succeeded=True).order_by("-pk").first()
    who = {
        "who": actor_of(last) if last else _("别人"),
        "at": f"{timezone.localtime(last.at):%Y-%m-%d %H:%M}" if last else "",
    }
    return (
        _(
            "您打开之后，%(who)s 在 %(at)s 改过这一行，所以没有保存。请看下面列出的差别；仍要按您的填写保存，再提交一次。"
        )
        % who
    )


def accepted(document: Document | None) -> bool:
    """Whether there is a file, and its inspection kept it."""
    return document is not None and document.state == Document.State.ACCEPTED
