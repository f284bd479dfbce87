"""The kinds of lines in the directory: each instrument, measurand, field and unit once, however many lines have them.

A word of two characters is looked for among some thousand names instead of a million lines, since no index of three
neighbouring letters can look it up. The names are read by skipping along the index, kept in the process for a minute, and
read anew once this process has written to the directory. A line under a name that nobody had so far is therefore found a
minute later than others, at most; what is said of it is always read from the line.
"""

from dataclasses import dataclass
from time import monotonic

from django.db import connection

from portal import searching

FRESH = 60  # seconds
KINDS = """
WITH RECURSIVE known (instrument, measurand, field, si_unit) AS (
    (SELECT instrument, measurand, field, si_unit FROM commitments_directoryline ORDER BY 1, 2, 3, 4 LIMIT 1)
    UNION ALL
    SELECT following.* FROM known, LATERAL (
        SELECT line.instrument, line.measurand, line.field, line.si_unit FROM commitments_directoryline AS line
        WHERE (line.instrument, line.measurand, line.field, line.si_unit)
            > (known.instrument, known.measurand, known.field, known.si_unit)
        ORDER BY 1, 2, 3, 4 LIMIT 1) AS following)
SELECT * FROM known
"""
FIELDS = "SELECT DISTINCT unnest(fields) FROM commitments_directoryentry ORDER BY 1"


@dataclass(frozen=True)
class Kind:
    """Lines that agree in these; `text`: the names as they are searched."""

    instrument: str
    measurand: str
    field: str
    si_unit: str
    text: str


@dataclass(frozen=True)
class Terms:
    """The kinds of lines, and the fields of institutions, as they stood at a moment of the process's clock."""

    kinds: tuple[Kind, ...]
    fields: tuple[str, ...]
    read_at: float


_kept: Terms | None = None


def known() -> Terms:
    """The names as they are now or were less than a minute ago. No query, or two."""
    global _kept
    kept = _kept
    if kept is None or monotonic() - kept.read_at >= FRESH:
        kept = _kept = _read()
    return kept


def forget() -> None:
    """Whoever asks next in this process reads the names anew."""
    global _kept
    _kept = None


def kinds(what: str = "", field: str = "", si_unit: str = "") -> list[Kind]:
    """The kinds in whose names every word of the text stands, of the field and the unit where these are given."""
    words = searching.plain(what).split()
    return [
        kind
        for kind in known().kinds
        if (not field or kind.field == field)
        and (not si_unit or kind.si_unit == si_unit)
        and all(word in kind.text for word in words)
    ]


def _read() -> Terms:
    at = monotonic()
    with connection.cursor() as cursor:
        cursor.execute(KINDS)
        kinds = tuple(Kind(*row, searching.plain(f"{row[0]}\n{row[1]}")) for row in cursor.fetchall())
        cursor.execute(FIELDS)
        fields = tuple(field for (field,) in cursor.fetchall())
    return Terms(kinds, fields, at)
