"""What was scanned or typed: the token in it, and whose code that is."""

from collections.abc import Iterable

from institutions.models import Institution
from portal.tenancy import scope

from ..models import DeviceCode

LENGTH = 26


def read_token(text: str) -> str:
    """The token in what was scanned or typed: alone, in groups, or at the end of its address."""
    last = text.strip().partition("?")[0].rstrip("/").rpartition("/")[2]
    return "".join(letter for letter in last.upper() if letter.isascii() and letter.isalnum())[:LENGTH]


def owner_of(token: str, institutions: Iterable[Institution], user_id: int) -> Institution | None:
    """Which of the user's institutions has printed the code."""
    for institution in institutions:
        with scope(institution_id=institution.pk, user_id=user_id):
            if DeviceCode.objects.filter(institution_id=institution.pk, token=token).exists():
                return institution
    return None
