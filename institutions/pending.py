"""A sign-in between its steps: the password was right, something is still missing. Nobody is signed in yet.

The steps are "code" (the second factor), "mail" (the factor was removed: the link in the mail) and "frozen" (all was proven,
but the account is frozen). Each has five minutes and its own session key. Source: E3.15, E3.17.
"""

from datetime import timedelta
from time import time

from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from .models import User

PATIENCE = timedelta(minutes=5)
STEPS = ("code", "mail", "frozen")


def hold(request: HttpRequest, user: User, step: str) -> None:
    """This browser has come so far; whoever was signed in here before is signed out."""
    request.session.flush()
    request.session["pending"] = {
        "user": user.pk, "step": step, "at": int(time()), "password": user.get_session_auth_hash(),
    }  # fmt: skip
    request.session.set_expiry(int(PATIENCE.total_seconds()))


def held(request: HttpRequest, step: str) -> User | None:
    """The user whose sign-in waits at this step in this browser, or None: too late, another step, disabled or with another password since."""
    pending = request.session.get("pending")
    if not pending or pending["step"] != step or int(time()) - pending["at"] > PATIENCE.total_seconds():
        return None
    user = User.objects.filter(pk=pending["user"], is_active=True).first()
    return user if user and constant_time_compare(pending["password"], user.get_session_auth_hash()) else None


def drop(request: HttpRequest) -> None:
    """Nothing waits here any more."""
    request.session.pop("pending", None)
