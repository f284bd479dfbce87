"""Whether the worker takes work from its queues, asked from outside of it.

A worker that lost its broker for a moment may be connected again and take nothing (Celery issue 10205); it does not end by
itself. What it last took stands in the database (portal/heartbeat.py). Source: E6.37.
"""

import contextlib
from collections.abc import Sequence

import psycopg2

SILENT_SECONDS = 120
TAKEN = """
SELECT count(*) FROM portal_jobrun
WHERE name = ANY(%s) AND ran_at > clock_timestamp() - make_interval(secs => %s)
"""


def is_silent(database_url: str, queues: Sequence[str], seconds: int = SILENT_SECONDS) -> bool:
    """Whether nothing was taken from one of the queues for so long. A database that is away accuses nobody."""
    try:
        with (
            contextlib.closing(psycopg2.connect(database_url, connect_timeout=2)) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(TAKEN, [[f"heartbeat:{queue}" for queue in queues], seconds])
            return cursor.fetchone()[0] < len(queues)
    except psycopg2.Error:
        return False
