"""The sheet of codes a user keeps for the day the phone is lost. Shown once; only keyed digests are stored."""

import secrets
import unicodedata

from django.db import transaction

from portal.clock import DatabaseClock
from portal.sealing import keyed_digest

from .models import RecoveryCode, User

COUNT, GROUPS, GROUP = 10, 3, 4
# 32 letters and digits that nobody takes for one another: a code is 60 bits.
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


@transaction.atomic
def renew(user: User) -> list[str]:
    """The user has ten new codes, and the old ones open nothing. Returns: the codes, which nobody can read again."""
    RecoveryCode.objects.filter(user=user).delete()
    codes = ["-".join("".join(map(secrets.choice, [ALPHABET] * GROUP)) for _ in range(GROUPS)) for _ in range(COUNT)]
    RecoveryCode.objects.bulk_create(RecoveryCode(user=user, digest=_digest(user.pk, code)) for code in codes)
    return codes


def use(user_id: int, typed: str) -> bool:
    """Whether this was one of the user's codes; it is used up now, also when two requests bring it at once.

    Found by a keyed digest, which tells whoever measures the time nothing about the code. Source: E3.15.
    """
    codes = RecoveryCode.objects.filter(user_id=user_id, digest=_digest(user_id, typed), used_at=None)
    return codes.update(used_at=DatabaseClock()) == 1


def left(user_id: int) -> int:
    """How many codes are unused."""
    return RecoveryCode.objects.filter(user_id=user_id, used_at=None).count()


def _digest(user_id: int, typed: str) -> str:
    """Capitals, blanks and hyphens do not matter; the same code of two users has two digests."""
    plain = "".join(filter(str.isalnum, unicodedata.normalize("NFKC", typed[:100]).upper()))
    return keyed_digest(f"{user_id} {plain}", "recovery code")
