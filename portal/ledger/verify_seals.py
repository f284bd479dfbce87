"""Verifying the audit trail: every sealed row is there, unchanged and of its time, and no old row is without a seal."""

from bisect import bisect_right
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils.translation import gettext as _

from portal.tenancy import tenant

from .notes import Head, newest_before
from .seals import NOTHING
from .verify import Problem, institutions, unhurried

LATEST = timedelta(minutes=30)  # between an act and its seal, also where the act's transaction was long
MOST_AGE = "30 minutes"
SHOWN = 80  # characters of a long list of ranges

Spans = list[tuple[int, int, datetime]]  # first row, row after the last, the instant before which there was no seal


def problems(heads: list[Head]) -> Iterator[Problem]:
    """What is wrong with the trail, named by the seal or by the numbers of its rows.

    `heads`: the signed heads of the log; they say when a seal was not there yet. Source: E4.23.
    """
    yield from _sealed()
    yield from _unwitnessed()
    spans = _spans(heads)
    for institution_id in institutions():
        yield from _backdated(institution_id, spans)
    with transaction.atomic(), connection.cursor() as cursor:
        unhurried()
        cursor.execute("SELECT audit_unsealed(0)")
        unsealed = cursor.fetchone()[0]
        if unsealed == NOTHING:
            return
        # A row that came before others that were sealed long ago is older than they are.
        cursor.execute(
            "SELECT (%s::int8multirange * int8multirange(int8range(0, coalesce(max(upper(range_merge(ids::int8multirange))), 0))))::text "
            f"FROM portal_auditseal WHERE at < clock_timestamp() - interval '{MOST_AGE}'",
            [unsealed],
        )
        slipped = cursor.fetchone()[0] or NOTHING
    if slipped != NOTHING:
        yield _unsealed(slipped)
    for institution_id in institutions():
        yield from _late(institution_id, unsealed, slipped)


def _sealed() -> Iterator[Problem]:
    with transaction.atomic(), connection.cursor() as cursor:
        unhurried()
        cursor.execute(
            "SELECT s.id, s.ids, s.rows, s.digest, d.rows, d.digest FROM portal_auditseal AS s, "
            "LATERAL audit_digest(s.ids) AS d WHERE (s.rows, s.digest) <> (d.rows, d.digest) ORDER BY s.id"
        )
        broken = cursor.fetchall()
    for seal_id, ids, rows, _digest, found, _found_digest in broken:
        name = _("审计封存 %(id)d（记录 %(ids)s）") % {"id": seal_id, "ids": _short(ids)}
        if rows != found:
            yield Problem(
                name, _("封存时 %(rows)d 条，现在 %(found)d 条：有记录被删除或添加。") % {"rows": rows, "found": found}
            )
        else:
            yield Problem(name, _("内容与封存时不符：有记录被改动过。"))


def _unwitnessed() -> Iterator[Problem]:
    """Seals that no leaf speaks of: whoever slips rows in could seal them himself."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.id, s.ids FROM portal_auditseal AS s WHERE NOT EXISTS (SELECT FROM portal_ledgerleaf AS l "
            "WHERE l.institution_id IS NULL AND l.target = 'portal.AuditSeal' AND l.target_id = s.id "
            "AND l.kind = 'audit.sealed') ORDER BY s.id"
        )
        found = cursor.fetchall()
    for seal_id, ids in found:
        name = _("审计封存 %(id)d（记录 %(ids)s）") % {"id": seal_id, "ids": _short(ids)}
        yield Problem(name, _("它的叶不在账本里：封存是添进来的。"))


def _spans(heads: list[Head]) -> Spans:
    """The sealed ranges of rows in order, each with the instant of the newest signed head that does not cover its seal."""
    before = newest_before(heads)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT lower(r), upper(r), e.index FROM portal_auditseal AS s JOIN portal_ledgerleaf AS l "
            "ON l.institution_id IS NULL AND l.target = 'portal.AuditSeal' AND l.target_id = s.id "
            "JOIN portal_ledgerentry AS e ON e.leaf_id = l.id, unnest(s.ids::int8multirange) AS r"
        )
        found = [(first, after, before(index)) for first, after, index in cursor.fetchall()]
    return sorted(span for span in found if span[2])


def _backdated(institution_id: int, spans: Spans) -> Iterator[Problem]:
    """Rows older than their seal can be: they were not there when heads were signed long after their own time."""
    begins, slipped = [span[0] for span in spans], []
    with tenant(institution_id), connection.chunked_cursor() as cursor:
        unhurried()
        cursor.execute("SELECT id, at FROM portal_auditentry WHERE institution_id = %s ORDER BY id", [institution_id])
        for number, at in cursor:
            place = bisect_right(begins, number) - 1
            if place >= 0 and number < spans[place][1] and at < spans[place][2] - LATEST:
                slipped.append(number)
    if slipped:
        name = _("审计记录 %(ids)s") % {"ids": _short("、".join(map(str, slipped)))}
        yield Problem(name, _("时间早于封存前已签名的检查点 30 分钟以上：是后来添进来的，或时间是假的。"))


def _late(institution_id: int, unsealed: str, named: str) -> Iterator[Problem]:
    with tenant(institution_id), connection.cursor() as cursor:
        unhurried()
        cursor.execute(
            "SELECT range_agg(int8range(id, id + 1))::text FROM portal_auditentry WHERE institution_id = %s AND "
            f"at < clock_timestamp() - interval '{MOST_AGE}' AND (%s::int8multirange - %s::int8multirange) @> id",
            [institution_id, unsealed, named],
        )
        old = cursor.fetchone()[0]
    if old:
        yield _unsealed(old)


def _unsealed(ids: str) -> Problem:
    return Problem(
        _("审计记录 %(ids)s") % {"ids": _short(ids)},
        _("超过 30 分钟没有封存。请检查 relay；若 relay 正常，是后来添进来的。"),
    )


def _short(ids: str) -> str:
    return ids if len(ids) <= SHOWN else f"{ids[:SHOWN]}…"
