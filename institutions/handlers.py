"""What follows from an event, in the same transaction."""

from portal.outbox import enqueue

from . import events, tasks


def mail_the_invitation(sender, *, row, **kwargs) -> None:
    enqueue(tasks.send_invitation, row.pk, institution_id=row.institution_id)


def connect() -> None:
    events.member_invited.connect(mail_the_invitation, dispatch_uid="institutions.mail_the_invitation")
