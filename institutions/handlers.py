"""What follows from an event, in the same transaction."""

from typing import Any

from django.db.models.signals import post_save
from django.utils import timezone

from portal.outbox import enqueue
from portal.permissions import Permission

from . import events, tasks
from .models import Credential, Experience, LegalStatus, Training, TrainingAttendance
from .people.reconsidering import reconsider


def mail_the_invitation(sender, *, row, actor, **kwargs) -> None:
    """Should the inviter lose the right before the mail goes out, it does not. Source: E3.17."""
    enqueue(
        tasks.send_invitation, row.pk, institution_id=row.institution_id,
        on_behalf_of=actor.user_id, needs_right=Permission.MEMBER_INVITE,
    )  # fmt: skip


def reconsider_the_person(sender: type, *, instance: Any, raw: bool = False, **kwargs: Any) -> None:
    """What somebody has shown to be able to do is different now: authorisations follow in the same transaction."""
    if not raw:
        people = [instance.employment.person_id]
        reconsider(instance.institution, timezone.localdate(), at=timezone.now(), person_ids=people)


def reconsider_whom_it_concerns(
    sender: type, *, instance: Any, created: bool, raw: bool = False, **kwargs: Any
) -> None:
    """A training, or what the institution is, was put right: whoever rests on it is looked at again."""
    if not raw and not created:
        reconsider(instance.institution, timezone.localdate(), at=timezone.now())


def connect() -> None:
    for evidence in (Credential, Experience, TrainingAttendance):
        post_save.connect(reconsider_the_person, sender=evidence, dispatch_uid=f"institutions.{evidence.__name__}")
    for ground in (Training, LegalStatus):
        post_save.connect(reconsider_whom_it_concerns, sender=ground, dispatch_uid=f"institutions.{ground.__name__}")
    events.member_invited.connect(mail_the_invitation, dispatch_uid="institutions.mail_the_invitation")
