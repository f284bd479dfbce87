"""Verifying the log itself: its entries, the tree above them, and every head that was ever signed of it."""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from . import checkpoints, merkle, notes
from .verify import Problem, unhurried

LEVEL = 12  # entries are read in batches of 2**LEVEL, each of them one subtree
BATCH = 1 << LEVEL

Heads = list[tuple[notes.Head, str]]


def read_checkpoints(further: Iterable[Path]) -> tuple[Heads, list[Problem]]:
    """(head, where) of every known checkpoint that is well signed, and a problem for each that is not."""
    heads, bad = [], []
    for where, text in [*checkpoints.texts(), *_given(further)]:
        try:
            heads.append((notes.parse(text), where))
        except notes.Malformed as error:
            bad.append(Problem(where, _("检查点读不出：%(why)s。") % {"why": error}))
    with connection.cursor() as cursor:
        cursor.execute("SELECT size, root, text FROM portal_ledgercheckpoint ORDER BY size")
        for size, root, text in cursor.fetchall():
            if text.split("\n")[1:2] != [str(size)] or notes.root_named(text) != root:
                bad.append(Problem(_("检查点表 %(size)d") % {"size": size}, _("行里的条数或根与它的签名文本不符。")))
    return heads, bad


def _given(paths: Iterable[Path]) -> Iterator[tuple[str, str]]:
    for path in paths:
        yield str(path), path.read_text(encoding="utf-8", errors="replace")


class LogPass:
    """One pass over all entries: each is hashed again, and the tree is built again beside the stored one.

    Afterwards `size` is the length of the log and `roots` has the root at each of the wanted sizes it reaches.
    """

    def __init__(self, sizes: Iterable[int]) -> None:
        self.wanted = sorted(sizes)
        self.roots: dict[int, bytes] = {0: merkle.EMPTY}
        self.size = 0
        self.tops = merkle.Frontier()  # of the batches
        self.above: dict[tuple[int, int], str] = {}  # nodes above the batches

    def problems(self) -> Iterator[Problem]:
        with transaction.atomic():
            unhurried()
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT coalesce(max(index) + 1, 0), (SELECT count(*) FROM portal_ledgernode WHERE (index + 1) << level > "
                    "(SELECT coalesce(max(index) + 1, 0) FROM portal_ledgerentry)) FROM portal_ledgerentry"
                )
                self.size, beyond = cursor.fetchone()
            if beyond:
                yield Problem(_("账本"), _("树里有 %(n)d 个节点在最后一条之后：末尾的条目被删除了。") % {"n": beyond})
            with connection.chunked_cursor() as cursor:
                cursor.execute(
                    "SELECT index, leaf_hash, data FROM portal_ledgerentry WHERE index < %s ORDER BY index", [self.size]
                )
                begin = 0
                while rows := cursor.fetchmany(BATCH):
                    expected = list(range(begin, begin + len(rows)))
                    if [row[0] for row in rows] != expected:
                        missing = next(at for at, row in zip(expected, rows, strict=True) if row[0] != at)
                        yield Problem(
                            _("条目 %(n)d") % {"n": missing}, _("不在账本里，其后的树无法复算。请从备份找回它。")
                        )
                        return
                    yield from self._batch(begin, rows)
                    begin += len(rows)
            yield from self._upper_levels()

    def _batch(self, begin: int, rows: list[tuple[int, str, str]]) -> Iterator[Problem]:
        stored = [row[1] for row in rows]
        leaves = [sha256(b"\x00" + row[2].encode()).digest() for row in rows]
        computed = [leaf.hex() for leaf in leaves]
        if stored != computed:
            for place, (kept, real) in enumerate(zip(stored, computed, strict=True)):
                if kept != real:
                    yield Problem(_("条目 %(n)d") % {"n": begin + place}, _("内容与它的散列不符，其中一个被改动过。"))
                    leaves[place] = _bytes(kept) or leaves[place]  # so that the nodes above are not blamed as well
        levels = [leaves]
        while len(levels[-1]) > 1:
            levels.append(merkle.level_above(levels[-1]))
        yield from self._nodes(begin, levels)
        self._roots(begin, levels)
        if len(rows) == BATCH:
            batch = begin >> LEVEL
            for level, index, node in [(0, batch, levels[LEVEL][0]), *self.tops.add(levels[LEVEL][0])]:
                if level:
                    self.above[level + LEVEL, index] = node.hex()

    def _nodes(self, begin: int, levels: list[list[bytes]]) -> Iterator[Problem]:
        """The nodes over this batch, compared with the stored ones."""
        spans = [(level, begin >> level, (begin >> level) + len(nodes)) for level, nodes in enumerate(levels) if level]
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT n.level, n.index, n.hash FROM unnest(%s::smallint[], %s::bigint[], %s::bigint[]) AS "
                "w(level, first, after) JOIN portal_ledgernode AS n ON n.level = w.level AND n.index >= w.first "
                "AND n.index < w.after ORDER BY n.level, n.index",
                [list(column) for column in zip(*spans, strict=True)] if spans else [[], [], []],
            )
            found = cursor.fetchall()
        expected = [
            (level, first + place, node.hex())
            for level, first, _after in spans
            for place, node in enumerate(levels[level])
        ]
        if found != expected:
            yield from _differences({(level, index): text for level, index, text in found}, expected)

    def _roots(self, begin: int, levels: list[list[bytes]]) -> None:
        """The roots at the wanted sizes that lie in this batch, from what is there already."""
        while self.wanted and self.wanted[0] <= begin + len(levels[0]):
            size = self.wanted.pop(0)
            inner = [levels[level][index] for level, index in merkle.peaks(size - begin)] if size > begin else []
            self.roots[size] = merkle.root_over([*self.tops.hashes, *inner])

    def _upper_levels(self) -> Iterator[Problem]:
        """The nodes above the batches, and that there are no more nodes than there must be."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT level, index, hash FROM portal_ledgernode WHERE level > %s AND (index + 1) << level <= %s",
                [LEVEL, self.size],
            )
            found = {(level, index): text for level, index, text in cursor.fetchall()}
            cursor.execute("SELECT count(*) FROM portal_ledgernode WHERE (index + 1) << level <= %s", [self.size])
            count = cursor.fetchone()[0]
        yield from _differences(found, [(*place, node) for place, node in self.above.items()])
        expected = sum(self.size >> level for level in range(1, self.size.bit_length() + 1))
        if count > expected:
            yield Problem(_("账本"), _("树里多出 %(n)d 个不该有的节点。") % {"n": count - expected})


def _differences(found: dict[tuple[int, int], str], expected: Iterable[tuple[int, int, str]]) -> Iterator[Problem]:
    for level, index, node in expected:
        kept = found.get((level, index))
        if kept != node:
            name = _("节点 %(level)d/%(index)d") % {"level": level, "index": index}
            yield Problem(name, _("缺失。") if kept is None else _("与下面的条目不符，节点或条目被改动过。"))


def _bytes(text: str) -> bytes | None:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return None


def against(heads: Heads, log: LogPass) -> Iterator[Problem]:
    """What the signed heads say that the log does not: it was cut off, or written anew. Source: E4.25."""
    told: set[Any] = set()
    for head, where in heads:
        if head.size > log.size:
            sentence = _("检查点到第 %(signed)d 条，账本只有 %(size)d 条：账本被截断，或被旧的备份代替。")
            yield Problem(where, sentence % {"signed": head.size, "size": log.size})
        elif head.size in log.roots and log.roots[head.size] != head.root:
            yield Problem(where, _("前 %(size)d 条的根与签名的不同：账本在签名之后被改写过。") % {"size": head.size})
        elif head.size not in log.roots and head.size not in told:
            told.add(head.size)
            yield Problem(where, _("条目不全，前 %(size)d 条的根算不出，无法核对。") % {"size": head.size})
