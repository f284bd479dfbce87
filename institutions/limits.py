"""Slowing down password guessing, counted in PostgreSQL so that it holds when Redis is away."""

from datetime import timedelta
from ipaddress import ip_address, ip_network

from django.utils import timezone

from .models import LoginFailure, User

WINDOW = timedelta(minutes=15)
FREE_FAILURES = 5
FAILURES_PER_ADDRESS = 50
LONGEST_WAIT = timedelta(minutes=15)


def wait_before_login(username: str, address: str) -> timedelta:
    """How long this name from this address must still wait; zero when it may try now.

    The wait doubles with every failure of the pair beyond the free ones, and any one address has a ceiling over
    all names. Nobody can lock somebody else out: the pair includes the address. Source: E3.16.
    """
    now = timezone.now()
    recent = LoginFailure.objects.filter(at__gt=now - WINDOW, address=_counted(address))
    pair = list(recent.filter(username=_name(username)).order_by("-at").values_list("at", flat=True)[:20])
    wait = timedelta(0)
    if len(pair) >= FREE_FAILURES:
        pause = min(timedelta(seconds=5 * 2 ** (len(pair) - FREE_FAILURES)), LONGEST_WAIT)
        wait = max(wait, pair[0] + pause - now)
    if recent.count() >= FAILURES_PER_ADDRESS:
        wait = max(wait, recent.latest("at").at + timedelta(minutes=1) - now)
    return wait


def record_failure(username: str, address: str) -> None:
    """The failure counts for the next fifteen minutes; older ones are gone."""
    LoginFailure.objects.filter(at__lt=timezone.now() - WINDOW).delete()
    LoginFailure.objects.create(username=_name(username), address=_counted(address))


def forget_failures(username: str, address: str) -> None:
    """A successful sign-in clears the pair."""
    LoginFailure.objects.filter(username=_name(username), address=_counted(address)).delete()


def _name(username: str) -> str:
    """The name as it is counted: in the one spelling by which its account is found."""
    return User.objects.spelling(username)[:60]


def _counted(address: str) -> str:
    """The address under which a client counts: of IPv6 the /64 network, all of which one line has at its disposal."""
    parsed = ip_address(address)
    return str(ip_network(f"{parsed}/64", strict=False).network_address) if parsed.version == 6 else address
