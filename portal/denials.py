"""How much was denied lately, and to how many institutions: the sign that somebody is trying doors.

Counted in Redis in windows of ten minutes, since all processes on all machines share it and the count need not outlive
a day. While Redis is away only the processes' own counters (metrics) go on.
"""

import logging
import time
from dataclasses import dataclass
from zlib import crc32

from django.conf import settings
from redis import RedisError

from . import limits, metrics

log = logging.getLogger("portal.denials")

WINDOW_SECONDS = 600
# Institutions are told apart by so many marks; whoever makes names up cannot fill the memory with them.
MARKS = 512
BURST = 50
BURST_INSTITUTIONS = 3
# What a stranger can provoke; an illegal act by a member in his own institution is none of these.
PROBING = ("access", "login", "csrf", "rate", "step_up")
# Until when Redis, just found away, is not asked: asking it with every denial would make each of them slow.
_away_until = 0.0


@dataclass(frozen=True)
class Lately:
    """Denials of this and the last window, by kind; to how many institutions' pages; None: nobody could say."""

    by_kind: dict[str, int]
    institutions: int

    @property
    def is_burst(self) -> bool:
        """Many denials at the doors of several institutions. Source: E13.62."""
        probes = sum(self.by_kind.get(kind, 0) for kind in PROBING)
        return probes >= BURST and self.institutions >= BURST_INSTITUTIONS


def count(kind: str, tenant: str) -> None:
    """One denial more. `tenant`: the institution's name in the address, or "" where there was none."""
    global _away_until
    metrics.DENIALS.labels(kind).inc()
    if time.monotonic() < _away_until:
        return
    key = _key(_window())
    try:
        with limits.server(settings.REDIS_URL).pipeline(transaction=False) as pipe:
            pipe.hincrby(key, f"{kind}:{crc32(tenant.encode()) % MARKS if tenant else ''}", 1)
            pipe.expire(key, 3 * WINDOW_SECONDS)
            pipe.execute()
    except RedisError as error:
        _away_until = time.monotonic() + limits.AWAY_SECONDS
        log.warning("denial.uncounted", extra={"kind": kind, "error": type(error).__name__})


def lately() -> Lately | None:
    """The denials of this window and the one before; None while Redis is away."""
    found: dict[str, int] = {}
    try:
        for window in (_window() - 1, _window()):
            for field, times in limits.server(settings.REDIS_URL).hgetall(_key(window)).items():
                found[field.decode()] = found.get(field.decode(), 0) + int(times)
    except RedisError:
        return None
    by_kind: dict[str, int] = {}
    for field, times in found.items():
        kind = field.partition(":")[0]
        by_kind[kind] = by_kind.get(kind, 0) + times
    marks = {field.partition(":")[2] for field in found if field.partition(":")[0] in PROBING}
    return Lately(by_kind, len(marks - {""}))


def _window() -> int:
    return int(time.time()) // WINDOW_SECONDS


def _key(window: int) -> str:
    return f"denials:{settings.DATABASES['default']['NAME']}:{window}"
