"""From where a request really comes."""

from ipaddress import ip_address, ip_network

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


def _is_trusted(address: str) -> bool:
    """A proxy of ours; a connection over a unix socket has no address and is one by its nature."""
    if not settings.TRUSTED_PROXIES:
        return False
    parsed = _parsed(address)
    if parsed is None:
        return address == ""
    return any(parsed in ip_network(network, strict=False) for network in settings.TRUSTED_PROXIES)


def _parsed(address: str):
    try:
        return ip_address(address)
    except ValueError:
        return None
