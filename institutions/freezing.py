"""Freezing an account at once, by its owner, and opening it again."""

from django.core.signing import BadSignature, TimestampSigner
from django.db import transaction

from portal import audit
from portal.actors import Actor
from portal.clock import DatabaseClock

from . import recovery_codes
from .models import User
from .sessions import end_sessions

LINKS = TimestampSigner(salt="institutions.freezing")
LINK_SECONDS = 7 * 24 * 60 * 60


def link_token(user: User) -> str:
    """What the link in a notice carries: whoever holds it may freeze the account, and nothing else. Good for a week."""
    return LINKS.sign(str(user.pk))


def linked_user(token: str) -> User | None:
    """The account a link names, or None for a token that is not ours or has run out."""
    try:
        return User.objects.filter(pk=int(LINKS.unsign(token, max_age=LINK_SECONDS))).first()
    except BadSignature:
        return None


@transaction.atomic
def freeze(user: User) -> None:
    """Nobody is signed in under the account any more and nobody can be. Twice is harmless. Source: E3.18."""
    if User.objects.filter(pk=user.pk, frozen_at=None).update(frozen_at=DatabaseClock()):
        audit.record(Actor(name=user.name, user_id=user.pk), "user.freeze")
    end_sessions(user.pk)


@transaction.atomic
def unfreeze_by_code(user: User, typed: str) -> bool:
    """Whether the recovery code was one of the user's; then the account can be used again."""
    if not recovery_codes.use(user.pk, typed):
        return False
    User.objects.filter(pk=user.pk).update(frozen_at=None)
    audit.record(Actor(name=user.name, user_id=user.pk), "user.unfreeze")
    return True
