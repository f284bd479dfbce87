"""Numbers without gaps: a counter row per institution, series and year, locked in the transaction that uses it."""

from django.db import connection

from .tenancy import new_ref


def next_number(institution_id: int, series: str, year: int) -> int:
    """The next number of the series; taken only if the surrounding transaction commits, so none is ever missing.

    Source: E5.28.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO portal_counter (institution_id, ref, series, year, last) VALUES (%s, %s, %s, %s, 1) "
            "ON CONFLICT ON CONSTRAINT counter_once_per_year DO UPDATE SET last = portal_counter.last + 1 "
            "RETURNING last",
            [institution_id, new_ref(), series, year],
        )
        return cursor.fetchone()[0]
