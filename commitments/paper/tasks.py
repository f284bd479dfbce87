"""Work of papers that happens in a worker: the pledge when it is public, the poster with it and when somebody asks again."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import documents, sandbox
from portal.actors import Actor
from portal.inspection import PDF
from portal.models import Document
from portal.outbox import enqueue, work
from portal.permissions import Permission
from portal.transitions import Transition

from .. import publishing
from ..models import Commitment
from ..turns import in_turn
from . import contents

S = Commitment.State
DRAWER = Actor.system("pledge_paper", Permission.PLEDGE_KEEP)
ATTACH = {
    state: Transition("attach_pdf", frozenset({state}), state, Permission.PLEDGE_KEEP)
    for state in (S.PUBLIC, S.WITHDRAWN)
}


@work(queue="pdf")
def draw_pledge(commitment_id: int) -> None:
    """A pledge that is or was public has its paper. Running it twice changes nothing. Source: A-3.4-s1, E7.38."""
    from . import drawing  # WeasyPrint is heavy, and only workers need it

    row = _row(commitment_id)
    if row.pdf_id is None:
        drawing.warm_up()
        pdf = sandbox.run(drawing.pledge, contents.pledge(row), seconds=drawing.SECONDS)
        _attach(row, pdf, at=timezone.now())


@transaction.atomic
def _attach(row: Commitment, pdf: bytes, *, at: datetime) -> None:
    """The pledge has its paper, once, and whoever has the file finds the page by it: a second call changes nothing."""
    institution = in_turn(row.institution_id)
    row = Commitment.objects.get(pk=row.pk)
    if row.pdf_id is None:
        with ATTACH[row.state].applied_to(row, actor=DRAWER, at=at) as row:
            row.pdf = documents.keep(
                pdf, _("自我承诺书 %(number)s.pdf") % {"number": row.number}, content_type=PDF,
                institution_id=row.institution_id, at=at,
            )  # fmt: skip
        publishing.refresh(institution, at=at, announced=row)


@work(queue="pdf")
def draw_poster(commitment_id: int) -> None:
    """The poster that says what it would say today is there. Running it twice changes nothing."""
    from . import drawing

    row = _row(commitment_id)
    if row.state == S.PUBLIC and poster_of(row) is None:
        drawing.warm_up()
        pdf = sandbox.run(drawing.poster, contents.poster(row), seconds=drawing.SECONDS)
        documents.keep(pdf, poster_name(row), content_type=PDF, institution_id=row.institution_id, at=timezone.now())


def poster_of(row: Commitment) -> Document | None:
    """The poster of the pledge as it would be drawn today, if it has been drawn. `row` has its template at hand."""
    ours = Document.objects.filter(institution_id=row.institution_id, uploaded_by=None, state=Document.State.ACCEPTED)
    return ours.filter(name=poster_name(row)).order_by("-pk").first()


def poster_name(row: Commitment) -> str:
    """It tells the pledge, and what the poster says: another telephone number makes another poster."""
    return _("承诺海报 %(number)s %(digest)s.pdf") % {
        "number": row.number, "digest": contents.digest(contents.poster(row))[:8],
    }  # fmt: skip


def order_poster(row: Commitment) -> None:
    """A worker will draw the poster."""
    enqueue(draw_poster, row.pk, institution_id=row.institution_id)


def draw_when_published(sender: type, *, row: Commitment, **kwargs: object) -> None:
    """Both papers are on their way from the moment the pledge is public."""
    enqueue(draw_pledge, row.pk, institution_id=row.institution_id)
    order_poster(row)


def _row(commitment_id: int) -> Commitment:
    return Commitment.objects.select_related("institution", "template", "signed_by").get(pk=commitment_id)
