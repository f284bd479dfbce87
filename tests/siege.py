"""How hard the siege tests hit: a little in the suite, long under `make soak` (SOAK=1)."""

import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

LONG = os.environ.get("SOAK") == "1"


@dataclass(frozen=True)
class Siege:
    """How many certificates are issued while how much is killed."""

    certificates: int
    worker_kills: int
    flushes: int
    server_kills: int


SIEGE = Siege(600, 200, 20, 30) if LONG else Siege(12, 3, 1, 2)


def until(done: Callable[[], bool], seconds: float, doing: Callable[[], object] = lambda: time.sleep(0.1)) -> None:
    """It has become true; meanwhile the other thing was done again and again. Raises: AssertionError in time."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, f"waited {seconds} s in vain"
        doing()


def some(least: float, most: float) -> float:
    """Some time between the two, in seconds."""
    return random.uniform(least, most)
