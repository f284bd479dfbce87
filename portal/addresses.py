"""From where a request really comes."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

UNKNOWN = "0.0.0.0"


def client_address(request: HttpRequest) -> str:
    """The address of the client; forwarded addresses are believed only as far as TRUSTED_PROXIES reach.

    Read from the right: each trusted proxy vouches for the one before it. Returns: UNKNOWN when nothing is legible.
    Source: E13.59.
    """
    hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    address = request.META.get("REMOTE_ADDR", "")
    while hops and _is_trusted(address):
        address = hops.pop()
    return address if _parsed(address) else UNKNOWN


def is_forwarded_by_us(request: HttpRequest) -> bool:
    """Whether the connection comes from one of TRUSTED_PROXIES, whose headers are believed."""
    return _is_trusted(request.META.get("REMOTE_ADDR", ""))


def _is_trusted(address: str) -> bool:
    """A proxy of ours; a connection over a unix socket has no address and is one by its nature."""
    if not settings.TRUSTED_PROXIES:
        return False
    parsed = _parsed(address)
    if parsed is None:
        return address == ""
    return any(parsed in network for network in _networks(tuple(settings.TRUSTED_PROXIES)))


@lru_cache(maxsize=4)
def _networks(written: tuple[str, ...]) -> list[IPv4Network | IPv6Network]:
    return [ip_network(network, strict=False) for network in written]


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(address)
    except ValueError:
        return None
