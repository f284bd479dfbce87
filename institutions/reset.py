"""A forgotten password: the wish is noted in the request, answered by the worker, and the answer is a link by mail."""

from datetime import timedelta

from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.utils import timezone

from portal.outbox import enqueue

from . import second_factor
from .models import PasswordReset, User

MOST_AN_HOUR = 3


@transaction.atomic
def ask(username: str, address: str) -> None:
    """The worker will look the name up. Nothing here depends on whether it exists, so neither does the time it takes."""
    from . import tasks  # which mails links of this module

    wish = PasswordReset.objects.create(username=User.objects.spelling(username)[:60], address=address)
    enqueue(tasks.answer_reset, wish.pk, institution_id=None)


def asked_by(wish: PasswordReset) -> User | None:
    """The account that gets a link: known, enabled, with an address, and not written to too often already.

    Nor while its second factor is taken away: then mail opens the way to a new one, and must not be all it takes.
    """
    user = User.objects.filter(username=wish.username, is_active=True).exclude(email="").first()
    lately = PasswordReset.objects.filter(username=wish.username, answered_at__gt=timezone.now() - timedelta(hours=1))
    if user is None or lately.count() >= MOST_AN_HOUR or second_factor.was_removed(user.pk):
        return None
    return user


def link_token(user: User) -> str:
    """What the mailed link carries: good for half an hour, once, and only until the next sign-in."""
    return f"{user.pk}-{default_token_generator.make_token(user)}"


def linked_user(token: str) -> User | None:
    """The user who may set a new password with this link, or None."""
    number, _dash, proof = token.partition("-")
    if not number.isascii() or not number.isdecimal() or len(number) > 18:
        return None
    user = User.objects.filter(pk=int(number), is_active=True).first()
    return user if user and default_token_generator.check_token(user, proof) else None
