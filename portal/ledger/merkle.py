"""The Merkle tree of RFC 6962 on plain bytes: roots, proofs, and how a stranger checks them.

A node is addressed by (level, index): the root over the complete 2**level leaves from leaf `index * 2**level` on. Proofs
are made from a reader of such nodes, so that they cost a few reads however large the tree is.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256

Node = Callable[[int, int], bytes]

EMPTY = sha256().digest()


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf; its prefix keeps it apart from every node. Source: RFC 6962, 2.1."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash over two neighbours. Source: RFC 6962, 2.1."""
    return sha256(b"\x01" + left + right).digest()


def level_above(hashes: Sequence[bytes]) -> list[bytes]:
    """The nodes over each pair; an odd last one has none yet."""
    return [sha256(b"\x01" + left + right).digest() for left, right in zip(hashes[::2], hashes[1::2], strict=False)]


def root(hashes: Sequence[bytes]) -> bytes:
    """The root over these leaf hashes. Source: RFC 6962, 2.1."""
    frontier = Frontier()
    for leaf in hashes:
        frontier.add(leaf)
    return frontier.root()


def peaks(size: int) -> list[tuple[int, int]]:
    """The complete subtrees a tree of this size consists of, from left to right, the largest first."""
    found, begin = [], 0
    while begin < size:
        level = (size - begin).bit_length() - 1
        found.append((level, begin >> level))
        begin += 1 << level
    return found


def root_over(hashes: Sequence[bytes]) -> bytes:
    """The root of the tree whose peaks have these hashes."""
    if not hashes:
        return EMPTY
    joined = hashes[-1]
    for left in reversed(hashes[:-1]):
        joined = node_hash(left, joined)
    return joined


class Frontier:
    """The right edge of a growing tree: all that is needed of it to add leaves.

    `size` leaves are in it already, under peaks with these hashes.
    """

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        self.size, self.hashes = size, list(hashes)

    def add(self, leaf: bytes) -> list[tuple[int, int, bytes]]:
        """The leaf is the last of the tree. Returns: (level, index, hash) of every node it has completed."""
        completed, at = [], self.size
        self.hashes.append(leaf)
        level = 0
        while at >> level & 1:
            level += 1
            right = self.hashes.pop()
            self.hashes.append(node_hash(self.hashes.pop(), right))
            completed.append((level, at >> level, self.hashes[-1]))
        self.size += 1
        return completed

    def root(self) -> bytes:
        return root_over(self.hashes)


def inclusion(index: int, size: int, node: Node) -> list[bytes]:
    """The proof that leaf `index` is in the tree of that size, from the leaf upward. Source: RFC 6962, 2.1.1."""
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    return list(_path(index, 0, size, node))


def _path(index: int, begin: int, end: int, node: Node) -> Iterator[bytes]:
    if end - begin == 1:
        return
    middle = begin + _split(end - begin)
    if index < middle:
        yield from _path(index, begin, middle, node)
        yield _range(middle, end, node)
    else:
        yield from _path(index, middle, end, node)
        yield _range(begin, middle, node)


def consistency(first: int, second: int, node: Node) -> list[bytes]:
    """The proof that the tree of the first size is the beginning of the second. Source: RFC 6962, 2.1.2."""
    if not 0 < first <= second:
        raise ValueError(f"no proof from {first} to {second}")
    return list(_grown(first, 0, second, node, whole=True))


def _grown(first: int, begin: int, end: int, node: Node, whole: bool) -> Iterator[bytes]:
    if first == end:
        if not whole:
            yield _range(begin, end, node)
        return
    middle = begin + _split(end - begin)
    if first <= middle:
        yield from _grown(first, begin, middle, node, whole)
        yield _range(middle, end, node)
    else:
        yield from _grown(first, middle, end, node, whole=False)
        yield _range(begin, middle, node)


def _split(size: int) -> int:
    """The largest power of two below the size."""
    return 1 << (size - 1).bit_length() - 1


def _range(begin: int, end: int, node: Node) -> bytes:
    """The hash over the leaves from `begin` to `end`, which lie under one node of the tree of some size."""
    size = end - begin
    if size & size - 1 == 0:
        level = size.bit_length() - 1
        return node(level, begin >> level)
    middle = begin + _split(size)
    return node_hash(_range(begin, middle, node), _range(middle, end, node))


def includes(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the proof shows the leaf hash at its place under the root. Source: RFC 9162, 2.1.3.2."""
    if not 0 <= index < size:
        return False
    place, last, joined = index, size - 1, leaf
    for step in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            joined = node_hash(step, joined)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            joined = node_hash(joined, step)
        place, last = place >> 1, last >> 1
    return last == 0 and joined == root


def extends(first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the proof shows the first tree to be the beginning of the second. Source: RFC 9162, 2.1.4.2."""
    if not 0 < first <= second:
        return False
    if first == second:
        return not proof and first_root == second_root
    steps = [first_root, *proof] if first & first - 1 == 0 else list(proof)
    if not proof or not steps:
        return False
    place, last = first - 1, second - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old, new = node_hash(step, old), node_hash(step, new)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            new = node_hash(new, step)
        place, last = place >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root
