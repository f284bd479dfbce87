"""Threads that act at the same moment, each on a database connection of its own."""

import threading
from collections.abc import Callable, Sequence

from django.db import connection

# A waiting thread may wait for a busy machine; what is tested is who wins, not how fast.
PATIENCE_SECONDS = 30


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Every act has ended, all having begun together. Returns: what each returned, or the exception it raised."""
    barrier = threading.Barrier(len(acts))
    results: list[object] = [None] * len(acts)

    def run(place: int, act: Callable[[], object]) -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute(f"SET lock_timeout = '{PATIENCE_SECONDS}s'; SET statement_timeout = 0")
            barrier.wait(PATIENCE_SECONDS)
            results[place] = act()
        except Exception as error:
            results[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place, act), daemon=True) for place, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(2 * PATIENCE_SECONDS)
    assert not any(thread.is_alive() for thread in threads), "a thread hangs"
    return results


def kinds(results: Sequence[object]) -> list[str]:
    """The types of the results, sorted: how many acts succeeded and how the others failed."""
    return sorted(type(result).__name__ for result in results)
