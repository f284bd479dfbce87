"""What follows from an event, in the same transaction."""

from portal.outbox import enqueue
from portal.permissions import Permission

from . import events, tasks


def mail_the_invitation(sender, *, row, actor, **kwargs) -> None:
    """Should the inviter lose the right before the mail goes out, it does not. Source: E3.17."""
    enqueue(
        tasks.send_invitation, row.pk, institution_id=row.institution_id,
        on_behalf_of=actor.user_id, needs_right=Permission.MEMBER_INVITE,
    )  # fmt: skip


def connect() -> None:
    events.member_invited.connect(mail_the_invitation, dispatch_uid="institutions.mail_the_invitation")
