"""The three verbs of every register: record a row, amend it, withdraw it. Nothing is ever deleted."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from .. import audit, documents
from ..actors import Actor
from ..history import actor_of
from ..models import AuditEntry, Document, RegisterRow
from ..transitions import Refusal, Refused
from . import Register, Written, bulk
from .judged import Plan


def record(register: Register, values: Mapping[str, Any], *, actor: Actor, at: datetime) -> RegisterRow:
    """The row is on record, its uploaded files in quarantine until they are inspected. Raises: Refused.

    `values` by field of the model; of a document a file that came with the request, a Document, or None.
    """
    return record_all(register, [values], actor=actor, at=at)[0]


def record_all(
    register: Register, lines: Iterable[Mapping[str, Any]], *, actor: Actor, at: datetime
) -> list[RegisterRow]:
    """All the rows are on record, each as by `record`, and what rests on them has followed once.

    Raises: Refused with the first that cannot be; the caller's transaction takes back those before it.
    """
    in_turn(register, actor.institution_id)
    rows = []
    for values in lines:
        blank = register.model(institution_id=actor.institution_id, state="", **_facts(values), **_expected(values))
        with register.recording.applied_to(blank, actor=actor, at=at) as row:
            row.state = register.born  # the rules ask for it
            _refuse_if_any(_taken(register, row, actor))
            _attach(row, values, actor=actor, at=at)
        rows.append(row)
    register.follow([Written(row, {}) for row in rows], actor, at)
    return rows


def amend(
    register: Register, row: RegisterRow, values: Mapping[str, Any], revision: int, *, actor: Actor, at: datetime
) -> RegisterRow:
    """The row says what `values` say, and is one revision further; what it said before is in the audit trail.

    Raises: Refused, also when the row is not at `revision` any more: somebody else was quicker, and is named.
    """
    in_turn(register, row.institution_id)
    before = audit.snapshot(row)
    with register.amending(row.state).applied_to(row, actor=actor, at=at) as row:
        if row.revision != revision:
            raise Refused(Refusal("revision", _changed_meanwhile(row)))
        for name, value in {**_facts(values), **_expected(values)}.items():
            if not (isinstance(value, Decimal) and value == getattr(row, name)):  # 2 is no change of 2.0
                setattr(row, name, value)
        gates = [refusal for gate in register.judges for refusal in gate(row, actor, at)]
        _refuse_if_any([*gates, *_taken(register, row, actor)])
        _attach(row, values, actor=actor, at=at)
        row.revision += 1
    register.follow([Written(row, before)], actor, at)
    return row


def withdraw(register: Register, row: RegisterRow, reason: str, *, actor: Actor, at: datetime) -> RegisterRow:
    """The row counts for nothing any more and stays readable, with the reason. Raises: Refused."""
    before = audit.snapshot(row)
    with register.withdrawing.applied_to(row, actor=actor, at=at, reason=reason) as row:
        if not reason.strip():
            raise Refused(Refusal("reason", _("请写明作废的原因，例如登记错了或已被代替。")))
        row.revision += 1
    register.follow([Written(row, before)], actor, at)
    return row


def in_turn(register: Register, institution_id: int | None) -> None:
    """Whoever else writes into the institution's register has finished, and waits until this transaction ends.

    Gates look at other rows, and two rows written at the same moment would not see each other. Source: E2.10.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtext('register'), hashtext(%s))", [f"{institution_id} {register.name}"]
        )


def _taken(register: Register, row: RegisterRow, actor: Actor) -> list[Refusal]:
    """Why the row cannot stand beside the others, in the words that an import has for it."""
    plan = Plan(0, row, {}, ())
    against = [found for rule in bulk.unique_rules(register.model) for found in rule.taken([plan], actor)]
    return [Refusal("data", f"{label}：{sentence}") for _plan, label, sentence in against]


def _refuse_if_any(refusals: list[Refusal]) -> None:
    if refusals:
        raise Refused(*refusals)


def _facts(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if not isinstance(value, UploadedFile)}


def _expected(values: Mapping[str, Any]) -> dict[str, Document]:
    """What stands for the files that came with the request until they are taken in: the gates see that they are there."""
    return {name: Document(name=value.name) for name, value in values.items() if isinstance(value, UploadedFile)}


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
