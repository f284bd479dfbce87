"""How long a sign-in lasts: thirty minutes without a request, twelve hours in all. Source: E3.17."""

from collections.abc import Callable
from datetime import timedelta
from time import time

from django.contrib import auth
from django.http import HttpRequest, HttpResponse

from portal.routes import Audience

from .models import User

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
# The session row is written at most once a minute, not with every request.
WRITE_EVERY = timedelta(minutes=1)
WITHOUT_SESSION = (Audience.PUBLIC, Audience.OPERATIONS)


def start_session(request: HttpRequest, user: User) -> None:
    """The user is signed in under a new session key, and the clocks of the session run."""
    auth.login(request, user)
    request.session["started_at"] = request.session["seen_at"] = int(time())
    request.session.set_expiry(int(IDLE.total_seconds()))


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
