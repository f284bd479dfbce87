"""How often one address, one user and one institution may use a costly or guessable feature.

Counted in Redis, which all processes share, in windows that begin with the first use. While Redis is away each process
counts for itself: the limits are then looser by the number of processes, and never off. Sign-in is not counted here but
in PostgreSQL (institutions/limits.py), since there a second process would be a second chance to guess.

Why not the library `limits`: it asks the server once per figure, and counts the first figure although the second one
refuses; here one script looks at all figures of a use and counts all or none.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from ipaddress import ip_address, ip_network
from threading import Lock
from time import monotonic
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from . import errors
from .actors import actor_of
from .addresses import client_address

log = logging.getLogger("portal.limits")


@dataclass(frozen=True)
class Feature:
    """What may happen within a window of so many seconds; None: not counted by this. `by_user` also counts a subject.

    `counts`: which requests to the door are a use. "POST": those that send something, "any": every one,
    "query": those that ask for something behind the "?".
    """

    seconds: int
    by_address: int | None
    by_user: int | None
    by_tenant: int | None
    counts: str = "POST"


# Many people of one laboratory share one address, so an address may do more than a user. Source: E13.59.
FEATURES = {
    "reset": Feature(3600, 20, 5, None),
    "complaint": Feature(3600, 10, 10, 200),
    "search": Feature(60, 600, 120, 1200, "query"),
    "export": Feature(600, 100, 20, 100, "any"),
    "evaluate": Feature(600, 100, 20, 40, "any"),
    "pdf": Feature(60, 240, 60, 600, "any"),
    "upload": Feature(600, 400, 120, 1000),
    "verify_miss": Feature(600, 30, None, None, "any"),
    "code_miss": Feature(600, 60, None, None, "any"),
    "csp_report": Feature(60, 60, None, None),
    "step_up": Feature(600, 120, 30, None),
    "unmask": Feature(3600, 200, 60, 600),
    "api": Feature(60, 600, 120, 600, "any"),
    "api_import": Feature(600, 240, 60, 120, "any"),
    "api_miss": Feature(600, 30, None, None, "any"),
}
PROFILES = {"normal": 1, "relaxed": 100}
PREFIX = "limit"  # of the keys in Redis


def limit(feature: str, request: HttpRequest, *, subject: str = "") -> int:
    """One use of the feature is counted for the request's address, user and institution; or, when one is over, nothing.

    `subject`: what counts in place of the user where nobody is signed in, say the account whose password is asked for.
    Returns: 0, or the seconds to wait until the use is free again. Source: E13.59.
    """
    allowed = FEATURES[feature]
    shares = list(_shares(feature, request, subject))
    wait = _counted(shares, allowed.seconds) if shares else 0
    if wait:
        log.warning("limit.refused", extra={"feature": feature, "wait_seconds": wait})
    return wait


def is_use(feature: str, request: HttpRequest) -> bool:
    """Whether this request to a door with the limit is a use of the feature; opening an empty form is none."""
    counts = FEATURES[feature].counts
    if counts == "query":
        return bool(request.META.get("QUERY_STRING"))
    return counts == "any" or request.method not in ("GET", "HEAD")


def refused(request: HttpRequest, wait: int) -> HttpResponse:
    """429: what has happened, and when to try again. What was typed into a member's form can be sent again."""
    context = {"wait": waiting_time(wait), **errors.typed_again(request)}
    return errors.page(request, 429, context=context, **{"Retry-After": str(wait)})


def waiting_time(seconds: int) -> str:
    """The wait in words, rounded up."""
    if seconds < 60:
        return _("%(n)d 秒") % {"n": seconds}
    return _("%(n)d 分钟") % {"n": -(-seconds // 60)}


def network_of(address: str) -> str:
    """The address under which a client counts: of IPv6 the /64 network, all of which one line has at its disposal."""
    parsed = ip_address(address)
    if parsed.version == 4:
        return address
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ip_network((int(parsed) >> 64 << 64, 64)).network_address)


def _shares(feature: str, request: HttpRequest, subject: str) -> Iterator[tuple[str, int]]:
    """Key and figure of everything this use counts for."""
    allowed, actor, times = FEATURES[feature], actor_of(request), PROFILES[settings.RATE_PROFILE]
    known = {
        "address": (network_of(client_address(request)), allowed.by_address),
        "user": (actor.user_id or (f"token {actor.token_id}" if actor.token_id else subject), allowed.by_user),
        "tenant": (actor.institution_id, allowed.by_tenant),
    }
    for kind, (who, most) in known.items():
        if who and most:
            yield _key(feature, kind, str(who)), most * times


def _key(feature: str, kind: str, who: str) -> str:
    """Where the count stands. Addresses and names are not legible in it, and each database counts for itself."""
    secret = settings.SECRET_KEY.encode()[:64]
    database = settings.DATABASES["default"]["NAME"]
    digest = blake2b(f"{database}\n{kind}\n{who}".encode("utf-8", "replace"), key=secret, digest_size=15).hexdigest()
    return f"{PREFIX}:{feature}:{digest}"


# --- counting in Redis

# Looks at every count first, so that a refused use is no use. Returns milliseconds to wait.
SCRIPT = """
local wait = 0
for i, key in ipairs(KEYS) do
  if tonumber(redis.call('GET', key) or '0') >= tonumber(ARGV[i]) then
    wait = math.max(wait, redis.call('PTTL', key))
  end
end
if wait > 0 then return wait end
for i, key in ipairs(KEYS) do
  if redis.call('INCR', key) == 1 then redis.call('PEXPIRE', key, ARGV[#ARGV]) end
end
return 0
"""
PATIENCE_SECONDS = 0.25
AWAY_SECONDS = 5


@lru_cache(maxsize=4)
def server(url: str) -> Redis:
    """A client that gives up at once. `url` as Celery takes it: `redis+socket:///path?virtual_host=0` is a socket."""
    parts = urlsplit(url)
    if parts.scheme == "redis+socket":
        url = f"unix://{parts.path}?db={parse_qs(parts.query).get('virtual_host', ['0'])[0]}"
    patience = {"socket_timeout": PATIENCE_SECONDS, "socket_connect_timeout": PATIENCE_SECONDS}
    return Redis.from_url(url, retry=Retry(NoBackoff(), 0), **patience)


def _counted(shares: list[tuple[str, int]], seconds: int) -> int:
    """The use is counted in Redis, or here while that is away. Returns: seconds to wait, 0 when it was counted."""
    if not _local.stands_in():
        keys, figures = zip(*shares, strict=True)
        try:
            milliseconds = server(settings.REDIS_URL).eval(SCRIPT, len(keys), *keys, *figures, seconds * 1000)
            return -(-milliseconds // 1000)
        except RedisError as error:
            log.warning("limit.local", extra={"error": type(error).__name__, "seconds": AWAY_SECONDS})
            _local.stand_in(AWAY_SECONDS)
    return _local.counted(shares, seconds)


# --- counting in this process


class LocalCounts:
    """The counts of this process, for the time that Redis is away. Holds at most `LARGEST` of them."""

    LARGEST = 20_000

    def __init__(self) -> None:
        self.lock = Lock()
        self.until = 0.0
        self.counts: dict[str, tuple[int, float]] = {}

    def stands_in(self) -> bool:
        """Whether Redis was found away a moment ago; asking it again with every use would make each of them slow."""
        return monotonic() < self.until

    def stand_in(self, seconds: float) -> None:
        self.until = monotonic() + seconds

    def counted(self, shares: Iterable[tuple[str, int]], seconds: int) -> int:
        """All shares are one higher, or none. Returns: seconds to wait, 0 when it was counted."""
        now = monotonic()
        with self.lock:
            found = {key: self._at(key, now) for key, _most in shares}
            ends = [found[key][1] for key, most in shares if found[key][0] >= most]
            if ends:
                return max(1, -int(-(max(ends) - now) // 1))
            self._make_room(now)
            for key, (count, end) in found.items():
                self.counts[key] = (count + 1, end or now + seconds)
        return 0

    def _at(self, key: str, now: float) -> tuple[int, float]:
        count, end = self.counts.get(key, (0, 0.0))
        return (count, end) if end > now else (0, 0.0)

    def _make_room(self, now: float) -> None:
        if len(self.counts) < self.LARGEST:
            return
        self.counts = {key: held for key, held in self.counts.items() if held[1] > now}
        # Whoever floods this with ever new addresses pushes out single uses first, not the counts that refuse.
        for key in sorted(self.counts, key=lambda key: self.counts[key][0])[: len(self.counts) - self.LARGEST // 2]:
            del self.counts[key]


_local = LocalCounts()
