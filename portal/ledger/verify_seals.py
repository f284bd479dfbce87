"""Verifying the audit trail: every sealed row is there and unchanged, and no old row is without a seal."""

from collections.abc import Iterator

from django.db import connection, transaction
from django.utils.translation import gettext as _

from portal.tenancy import tenant

from .seals import NOTHING
from .verify import Problem, institutions, unhurried

MOST_AGE = "30 minutes"
SHOWN = 80  # characters of a long list of ranges


def problems() -> Iterator[Problem]:
    """What is wrong with the trail, named by the seal or by the numbers of its rows. Source: E4.23."""
    yield from _sealed()
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
