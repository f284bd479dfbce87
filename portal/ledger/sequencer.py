"""The sequencer: gives waiting leaves their place in the log, and signs heads of it.

One at a time, behind an advisory lock that no act ever takes: acts of many institutions write their leaves side by side,
and nobody waits for the tree. docs/ledger.md has the order of locks.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction

from portal import faults
from portal.models import JobRun, LedgerCheckpoint
from portal.outbox import enqueue

from . import checkpoints, merkle, notes, seals, tree

AT_ONCE = 1000
EVERY = timedelta(minutes=10)
MOST_UNSIGNED = 100
MAILED = "checkpoint_mail"


def sequence(most: int = AT_ONCE) -> int:
    """Up to `most` waiting leaves have their place, in the order of their ids, and the nodes above them are complete.

    Returns: how many. A crash at any point leaves them waiting. Source: E4.24.
    """
    with transaction.atomic():
        _lock()
        return _take(most)


def checkpoint(at: datetime, *, force: bool = False) -> LedgerCheckpoint | None:
    """All that has happened is in the log and under a signed head, if it is time for one.

    That is ten minutes after the last, with a hundred new entries, or with `force`. The audit trail is sealed first.
    Returns: the new checkpoint; None when it was not time or nothing was new. Raises: OSError when CHECKPOINT_DIR takes
    no file; the checkpoint stands all the same, and checkpoints.write_files() makes up for it. Source: E4.25.
    """
    with transaction.atomic():
        _lock()
        last = LedgerCheckpoint.objects.order_by("-size").first()
        late = last is None or at - last.at >= EVERY
        if force or late:
            seals.seal()
        while _take(AT_ONCE) == AT_ONCE:
            pass
        made = _signed(at, last.size if last else 0, 1 if force or late else MOST_UNSIGNED)
    if made:
        checkpoints.write_files()
    return made


def _lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('ledger'), hashtext('sequence'))")


def _take(most: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT leaf_id, data FROM portal_ledgerpending ORDER BY leaf_id LIMIT %s", [most])
        waiting = cursor.fetchall()
        if not waiting:
            return 0
        frontier = tree.frontier()
        begin, leaf_hashes, nodes = frontier.size, [], []
        for _leaf_id, data in waiting:
            leaf_hashes.append(merkle.leaf_hash(data.encode()))
            nodes += frontier.add(leaf_hashes[-1])
        ids, texts = (list(column) for column in zip(*waiting, strict=True))
        cursor.execute(
            "INSERT INTO portal_ledgerentry (index, leaf_id, data, leaf_hash) "
            "SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[])",
            [list(range(begin, frontier.size)), ids, texts, [leaf.hex() for leaf in leaf_hashes]],
        )
        if nodes:
            levels, indexes, hashes = zip(*nodes, strict=True)
            cursor.execute(
                "INSERT INTO portal_ledgernode (level, index, hash) "
                "SELECT * FROM unnest(%s::smallint[], %s::bigint[], %s::text[])",
                [list(levels), list(indexes), [node.hex() for node in hashes]],
            )
        faults.reach("ledger.after_index")
        cursor.execute("DELETE FROM portal_ledgerpending WHERE leaf_id = ANY(%s)", [ids])
    return len(waiting)


def _signed(at: datetime, covered: int, needed: int) -> LedgerCheckpoint | None:
    size = tree.size()
    if size - covered < needed:
        return None
    root = tree.root(size)
    made = LedgerCheckpoint.objects.create(size=size, root=root.hex(), text=notes.written(size, root, at))
    if settings.CHECKPOINT_MAIL_TO and _mail_is_due():
        enqueue(checkpoints.mail_checkpoint, made.pk, institution_id=None)
    return made


def _mail_is_due() -> bool:
    """Whether no checkpoint has been mailed within the hour; if so, this one now counts as mailed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT NOT EXISTS (SELECT FROM portal_jobrun WHERE name = %s AND ran_at > clock_timestamp() - interval '1 hour')",
            [MAILED],
        )
        due = cursor.fetchone()[0]
    if due:
        JobRun.note_run(MAILED)
    return due
