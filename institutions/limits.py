"""Slowing down password guessing, counted in PostgreSQL so that it holds when Redis is away.

An attempt is counted before the password is looked at, and forgotten when it was right: a burst of parallel requests
cannot all be "the first". Three brakes: the pair of name and address, the address over all names, and all failures
together. The last one never holds up a browser in which this name signed in during the last thirty days; a signed
cookie tells. Source: E3.16.

The step after the password has brakes of its own: there the guesser knows the password or holds the session, so the
wrong codes of one account count together, from wherever they come. Under a password nobody can reach that count.
"""

import hashlib
from datetime import datetime, timedelta

from django.core import signing
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from portal.limits import network_of

from .models import LoginFailure, User

WINDOW = timedelta(minutes=15)
FREE_FAILURES = 5
FAILURES_PER_ADDRESS = 50
FAILURES_IN_ALL = 600
FAILURES_PER_ACCOUNT = 10  # at the step after the password
LONGEST_WAIT = timedelta(minutes=15)
LONGEST_WAIT_FOR_ALL = timedelta(seconds=30)

FAMILIAR_DAYS = 30
FAMILIAR_COOKIE = "familiar"
FAMILIAR = "institutions.familiar"
MOST_NAMES = 8


@transaction.atomic
def begin_attempt(username: str, address: str, *, familiar: bool = False, step: str = "") -> int:
    """One attempt of the pair is counted as failed until `forget_failures` says otherwise; a refused one is not counted.

    `step`: what is tried after the password, say "code"; counted apart from the password. Returns: 0, or the whole
    seconds to wait before the next attempt. Attempts from one address, and those at a step of one account, take turns.
    """
    network, name = network_of(address), _counted(username, step)
    with connection.cursor() as cursor:
        for turn in (network, name) if step else (network,):
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('sign in'), hashtext(%s))", [turn])
    wait = _wait(name, network, familiar, after_password=bool(step))
    if wait > timedelta(0):
        return int(wait.total_seconds()) + 1
    _clear_away()
    LoginFailure.objects.create(username=name, address=network)
    return 0


def _clear_away() -> None:
    """What no longer counts is gone, but for rows that somebody else clears away just now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM institutions_loginfailure WHERE id IN (SELECT id FROM institutions_loginfailure "
            "WHERE at < clock_timestamp() - %s FOR UPDATE SKIP LOCKED)",
            [WINDOW],
        )


def forget_failures(username: str, address: str, *, step: str = "") -> None:
    """A successful sign-in, or this step of it, clears the pair."""
    LoginFailure.objects.filter(username=_counted(username, step), address=network_of(address)).delete()


def _wait(name: str, network: str, familiar: bool, *, after_password: bool) -> timedelta:
    """The longest of the waits that the failures of the last fifteen minutes ask for.

    The wait of a pair doubles with every failure beyond the free ones. Nobody can lock somebody else out: the pair
    includes the address, and the wait for all is short.
    """
    now = timezone.now()
    recent = LoginFailure.objects.filter(at__gt=now - WINDOW)
    here = recent.filter(address=network)
    pair = list(here.filter(username=name).order_by("-at").values_list("at", flat=True)[:20])
    waits = [timedelta(0)]
    if len(pair) >= FREE_FAILURES:
        pause = min(timedelta(seconds=5 * 2 ** (len(pair) - FREE_FAILURES)), LONGEST_WAIT)
        waits.append(pair[0] + pause - now)
    if here.count() >= FAILURES_PER_ADDRESS:
        waits.append(_newest(here) + timedelta(minutes=1) - now)
    if after_password:
        of_account = recent.filter(username=name)
        if not familiar and of_account.count() >= FAILURES_PER_ACCOUNT:
            waits.append(_newest(of_account) + timedelta(minutes=1) - now)
    elif not familiar and (count := recent.count()) >= FAILURES_IN_ALL:
        pause = min(timedelta(seconds=2 ** (count // FAILURES_IN_ALL)), LONGEST_WAIT_FOR_ALL)
        waits.append(_newest(recent) + pause - now)
    return max(waits)


def _newest(failures) -> datetime:
    return failures.latest("at").at


def _counted(username: str, step: str) -> str:
    """Under what an attempt is counted. Capitals, which no spelled name has, keep a step apart from every typed name."""
    name = _name(username)
    return f"{step.upper()} {hashlib.sha256(name.encode()).hexdigest()[:40]}" if step else name


def _name(username: str) -> str:
    """The name as it is counted: in the one spelling by which its account is found."""
    return User.objects.spelling(username)[:60]


def is_familiar(request: HttpRequest, username: str) -> bool:
    """Whether this name signed in with this browser during the last thirty days."""
    return _mark(username) in _marks(request)


def make_familiar(request: HttpRequest, response: HttpResponse, username: str) -> None:
    """The browser carries a signed mark of this name beside those of others who share the machine."""
    marks = [_mark(username), *(mark for mark in _marks(request) if mark != _mark(username))][:MOST_NAMES]
    response.set_signed_cookie(
        FAMILIAR_COOKIE, ".".join(marks), salt=FAMILIAR, max_age=FAMILIAR_DAYS * 86400, path="/login/",
        secure=request.is_secure(), httponly=True, samesite="Lax",
    )  # fmt: skip


def _marks(request: HttpRequest) -> list[str]:
    stated = request.get_signed_cookie(FAMILIAR_COOKIE, "", salt=FAMILIAR, max_age=FAMILIAR_DAYS * 86400)
    return stated.split(".")


def _mark(username: str) -> str:
    """A digest: the cookie names nobody."""
    return signing.Signer(salt=FAMILIAR).signature(_name(username))[:16]
