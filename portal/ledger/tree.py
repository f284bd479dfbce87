"""The tree as it is stored: leaf hashes in LedgerEntry, everything above them in LedgerNode."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from django.db import connection

from . import merkle

Proof = TypeVar("Proof")


class Damaged(Exception):
    """A node that must be there is not. Verification names it."""


def size() -> int:
    """How many entries the log has."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(index) + 1, 0) FROM portal_ledgerentry")
        return cursor.fetchone()[0]


def hashes(places: Iterable[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
    """(level, index) -> hash of each of these complete subtrees, in one read. Raises: Damaged when one is missing."""
    wanted = set(places)
    leaves = [index for level, index in wanted if level == 0]
    nodes = [place for place in wanted if place[0]]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 0, index, leaf_hash FROM portal_ledgerentry WHERE index = ANY(%s::bigint[]) UNION ALL "
            "SELECT n.level, n.index, n.hash FROM unnest(%s::smallint[], %s::bigint[]) AS w(level, index) "
            "JOIN portal_ledgernode AS n ON n.level = w.level AND n.index = w.index",
            [leaves, [level for level, _index in nodes], [index for _level, index in nodes]],
        )
        found = {(level, index): bytes.fromhex(text) for level, index, text in cursor.fetchall()}
    if missing := wanted - found.keys():
        raise Damaged(f"missing nodes (level, index): {sorted(missing)}")
    return found


def frontier() -> merkle.Frontier:
    """The right edge of the stored tree, ready to grow."""
    length = size()
    places = merkle.peaks(length)
    known = hashes(places)
    return merkle.Frontier(length, [known[place] for place in places])


def root(at_size: int) -> bytes:
    """The root of the first `at_size` entries."""
    places = merkle.peaks(at_size)
    known = hashes(places)
    return merkle.root_over([known[place] for place in places])


def inclusion(index: int, at_size: int) -> list[bytes]:
    """The proof that the entry is among the first `at_size`. Raises: ValueError when it is not."""
    return _read(lambda node: merkle.inclusion(index, at_size, node))


def consistency(first: int, second: int) -> list[bytes]:
    """The proof that the log only grew between the two sizes. Raises: ValueError for sizes without one."""
    return _read(lambda node: merkle.consistency(first, second, node))


def inclusions(indexes: Sequence[int], at_size: int) -> list[list[bytes]]:
    """The proofs of several entries, in one read."""
    return _read(lambda node: [merkle.inclusion(index, at_size, node) for index in indexes])


def _read(make: Callable[[merkle.Node], Proof]) -> Proof:
    """The proof, made once to learn which nodes it takes and once more from them."""
    wanted: list[tuple[int, int]] = []

    def note(level: int, index: int) -> bytes:
        wanted.append((level, index))
        return b""

    make(note)
    known = hashes(wanted)
    return make(lambda level, index: known[level, index])
