"""Numbers without gaps: a counter row per institution, series and year, locked in the transaction that uses it."""

from django.db import connection

from .tenancy import new_ref


def next_number(institution_id: int, series: str, year: int) -> int:
    """The next number of the series; taken only if the surrounding transaction commits, so none is ever missing.

    Source: E5.28.
    """
    return next_numbers(institution_id, series, year, 1)[0]


def next_numbers(institution_id: int, series: str, year: int, count: int) -> range:
    """As `next_number`, for as many as are needed at once: they follow each other."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO portal_counter (institution_id, ref, series, year, last) VALUES (%s, %s, %s, %s, %s) "
            "ON CONFLICT ON CONSTRAINT counter_once_per_year DO UPDATE SET last = portal_counter.last + excluded.last "
            "RETURNING last",
            [institution_id, new_ref(), series, year, count],
        )
        last = cursor.fetchone()[0]
    return range(last - count + 1, last + 1)
