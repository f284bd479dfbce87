"""How long a sign-in lasts: thirty minutes without a request, twelve hours in all. Source: E3.17."""

from collections.abc import Callable
from datetime import timedelta
from time import time

from django.contrib import auth
from django.http import HttpRequest, HttpResponse

from portal.addresses import client_address
from portal.routes import Audience

from .models import User, UserSession

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
# The session row is written at most once a minute, not with every request.
WRITE_EVERY = timedelta(minutes=1)
WITHOUT_SESSION = (Audience.PUBLIC, Audience.OPERATIONS)
PROVEN = "second_factor_at"  # in a session: when the second factor was proven; absent where only the password was


def start_session(request: HttpRequest, user: User, *, second_factor: bool) -> None:
    """The user is signed in under a new session key, and the clocks of the session run."""
    request.session.pop(PROVEN, None)
    auth.login(request, user)
    now = int(time())
    agent = "".join(filter(str.isprintable, request.headers.get("User-Agent", "")))[:200]
    request.session.update({"started_at": now, "seen_at": now, "address": client_address(request), "agent": agent})
    if second_factor:
        request.session[PROVEN] = now
    request.session.set_expiry(int(IDLE.total_seconds()))


def raise_session(request: HttpRequest) -> None:
    """The session goes on under a new key, now with a second factor; every other session of the user is over."""
    request.session.cycle_key()
    request.session[PROVEN] = int(time())
    end_sessions(request.user.pk, but=request.session.session_key)


def end_sessions(user_id: int, *, but: str | None = None) -> int:
    """All sessions of the user are over with the next request, except the one with this key. Returns: how many ended."""
    ended, _by_model = UserSession.objects.filter(user_id=user_id).exclude(session_key=but or "").delete()
    return ended


class SessionClockMiddleware:
    """Stands behind AuthenticationMiddleware. The database ends an idle session by its expiry date; this moves it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., HttpResponse], args: tuple, kwargs: dict) -> None:
        door = getattr(view, "door", None)
        if door and door.audience in WITHOUT_SESSION or auth.SESSION_KEY not in request.session:
            return
        now = int(time())
        if now - request.session.setdefault("started_at", now) > LONGEST.total_seconds():
            auth.logout(request)
        elif now - request.session.get("seen_at", 0) >= WRITE_EVERY.total_seconds():
            request.session["seen_at"] = now
