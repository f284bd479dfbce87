"""Verifying every leaf against the row it is about, inside the scope of the institution that owns both."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import nullcontext

from django.apps import apps
from django.db import connection, models, transaction
from django.utils.translation import gettext as _

from portal.tenancy import tenant

from . import leaves as known
from . import seals  # noqa: F401  its leaves register themselves
from .verify import Problem, unhurried

BATCH = 500
LATE_SECONDS = 60

LEAVES = f"""
SELECT l.id, l.kind, l.target, l.target_id, l.data, s.salt, e.index, e.data, p.data,
    l.at < clock_timestamp() - interval '{LATE_SECONDS} seconds'
FROM portal_ledgerleaf AS l
LEFT JOIN portal_ledgersalt AS s ON s.leaf_id = l.id
LEFT JOIN portal_ledgerentry AS e ON e.leaf_id = l.id
LEFT JOIN portal_ledgerpending AS p ON p.leaf_id = l.id
WHERE l.id > %s AND l.institution_id IS NOT DISTINCT FROM %s ORDER BY l.id LIMIT {BATCH}
"""


def leaves(institution_id: int | None, size: int, seen: bytearray) -> Iterator[Problem]:
    """What is wrong with the leaves of one institution, or with those of the platform.

    Sets the bit of each entry in `seen` that has its leaf; entries from `size` on came during verification.
    """
    last = 0
    while True:
        with tenant(institution_id) if institution_id else nullcontext(), transaction.atomic():
            unhurried()
            with connection.cursor() as cursor:
                cursor.execute(LEAVES, [last, institution_id])
                batch = cursor.fetchall()
            found = list(_batch(batch))
        yield from found
        for row in batch:
            if row[6] is not None and 0 <= row[6] < size:
                seen[row[6] >> 3] |= 1 << (row[6] & 7)
        if len(batch) < BATCH:
            return
        last = batch[-1][0]


def _batch(batch: list[tuple]) -> Iterator[Problem]:
    wanted = defaultdict(set)
    for _id, _kind, target, target_id, *_rest in batch:
        wanted[target].add(target_id)
    rows = {target: _rows(target, ids) for target, ids in wanted.items()}
    for leaf_id, kind, target, target_id, data, salt, index, entry, pending, late in batch:
        name = _("叶 %(leaf)d（%(kind)s，%(target)s %(id)d）") % {
            "leaf": leaf_id, "kind": kind, "target": target, "id": target_id,
        }  # fmt: skip
        row = rows[target].get(target_id)
        code = _code(kind, row)
        for sentence in (
            *_placed(data, index, entry, pending, late),
            *_stated(kind, target, row, salt, data),
        ):
            yield Problem(name, sentence, anomaly_token=code)


def _rows(target: str, ids: set[int]) -> dict[int, models.Model]:
    try:
        return apps.get_model(target)._base_manager.in_bulk(list(ids))
    except (LookupError, ValueError):  # no such model; every leaf about it is then without a row
        return {}


def _code(kind: str, row: models.Model | None) -> str:
    """The token of the smart code the leaf is about, read off the row; empty for none."""
    found = known.KINDS.get(kind)
    return found.about(row) if found and row is not None and row._meta.label == found.model else ""


def _placed(data: str, index: int | None, entry: str | None, pending: str | None, late: bool) -> Iterator[str]:
    """The leaf has its place in the log, or waits for it no longer than it may."""
    if index is None and pending is None:
        yield _("既不在账本里，也不在等待：条目被删除了。")
    elif index is None:
        if pending != data:
            yield _("等待入账的内容与它不符，其中一个被改动过。")
        if late:
            yield _("等待入账超过 %(n)d 秒。请检查 relay。") % {"n": LATE_SECONDS}
    elif entry != data:
        yield _("与账本第 %(n)d 条的内容不符，其中一个被改动过。") % {"n": index}


def _stated(kind: str, target: str, row: models.Model | None, salt: str | None, data: str) -> Iterator[str]:
    """The row still says what the leaf has stated."""
    if kind not in known.KINDS or known.KINDS[kind].model != target:
        yield _("这种叶不存在，种类或对象被改动过。")
    elif row is None:
        yield _("它所说的对象不在了，被删除了。")
    elif salt is None:
        yield _("盐值不在了，无法与对象核对。")
    else:
        try:
            said = known.data_of(known.KINDS[kind], row, salt)
        except (AttributeError, TypeError, ValueError, models.ObjectDoesNotExist):
            said = ""  # an altered row may not even have what the leaf is about
        if said != data:
            yield _("对象与入账时不符，对象、盐值或叶被改动过。")


def strays(size: int, seen: bytearray) -> Iterator[Problem]:
    """The entries of which no leaf was found."""
    for place, byte in enumerate(seen):
        if byte == 0xFF:
            continue
        for index in range(place * 8, min(place * 8 + 8, size)):
            if not byte >> (index & 7) & 1:
                yield Problem(_("条目 %(n)d") % {"n": index}, _("它的叶不在了：叶被删除了，或条目是添进来的。"))
