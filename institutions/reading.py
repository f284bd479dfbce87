"""阅读确认: who has read a version of a document."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from portal import audit
from portal.actors import Actor
from portal.models import Document, RegisterRow
from portal.transitions import Refusal, Refused

from .models import DocumentRead, Employment, ManagementDocument
from .system_documents import EVERYBODY, KINDS


@dataclass(frozen=True)
class ReadingStatus:
    """Of the people at work on the day: who has read the version, with the confirmations, and who has not."""

    read: list[DocumentRead]
    waiting: list[Employment]

    @property
    def total(self) -> int:
        return len(self.read) + len(self.waiting)


def status(document: ManagementDocument, day: date) -> ReadingStatus:
    """How far the reading of a version has come among those at work that day. Two queries."""
    people = list(
        Employment.objects.filter(institution_id=document.institution_id).active_on(day).order_by("staff_number", "pk")
    )
    confirmed = {row.employment_id: row for row in document.readings.select_related("employment")}
    return ReadingStatus(
        [confirmed[person.pk] for person in people if person.pk in confirmed],
        [person for person in people if person.pk not in confirmed],
    )


def waiting_for(actor: Actor, day: date) -> QuerySet[ManagementDocument]:
    """The documents in force that everybody must have read and that this colleague has not."""
    for_all = [name for name, kind in KINDS.items() if kind.readers == EVERYBODY]
    rows = ManagementDocument.objects.visible_to(actor).in_force_on(day).filter(kind__in=for_all)
    return rows.exclude(readings__employment_id=actor.employment_id).order_by("valid_from", "pk")


def confirm(document: ManagementDocument, *, actor: Actor, at: datetime) -> DocumentRead:
    """The actor has read this version; twice changes nothing. Raises: Refused for who does not work here."""
    if actor.employment_id is None:
        raise Refused(Refusal("employment", _("您的账户没有对应的从业人员，不能确认。请机构管理员在成员页关联。")))
    if document.state != RegisterRow.State.CURRENT:
        raise Refused(Refusal("state", _("这一版已作废，不用再确认。请看现行的版本。")))
    if document.file is None or document.file.state != Document.State.ACCEPTED:
        raise Refused(Refusal("file", _("文件全文还不能打开，没有确认。请等检查通过，或请登记的人重新上传。")))
    known = DocumentRead.objects.filter(document=document, employment_id=actor.employment_id)
    try:
        with transaction.atomic():
            if found := known.first():
                return found
            read = DocumentRead.objects.create(
                institution_id=document.institution_id, document=document, employment_id=actor.employment_id
            )
            audit.record(actor, "managementdocument.read", document)
            return read
    except IntegrityError:  # the same person, at the same moment, in another window
        return known.get()
