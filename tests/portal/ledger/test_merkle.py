"""The tree of RFC 6962: known vectors, brute force over small trees, and proofs that were tampered with."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.ledger import merkle

# The reference tree of Certificate Transparency: eight leaves and the root after each.
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
INCLUSIONS = {
    (0, 8): (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ),
    (5, 8): (
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
    (2, 3): ("fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",),
}
CONSISTENCIES = {
    (1, 8): (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ),
    (6, 8): (
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
}


def tree(leaves):
    """Leaf hashes and a reader of the nodes above them."""
    hashes = [merkle.leaf_hash(leaf) for leaf in leaves]
    levels = [hashes]
    while len(levels[-1]) > 1:
        levels.append(merkle.level_above(levels[-1]))
    return hashes, lambda level, index: levels[level][index]


def rfc_root(hashes):
    """The definition of RFC 6962, word for word."""
    if not hashes:
        return merkle.EMPTY
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return merkle.node_hash(rfc_root(hashes[:k]), rfc_root(hashes[k:]))


def numbered(count):
    return [str(number).encode() for number in range(count)]


@pytest.mark.parametrize("size", range(1, 9))
def test_the_reference_tree_has_its_known_roots(size):
    hashes, _node = tree(LEAVES[:size])
    assert merkle.root(hashes).hex() == ROOTS[size - 1]


def test_an_empty_tree_has_the_hash_of_nothing():
    assert merkle.root([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize(("place", "proof"), INCLUSIONS.items())
def test_the_reference_tree_has_its_known_inclusion_proofs(place, proof):
    _hashes, node = tree(LEAVES[: place[1]])
    assert [step.hex() for step in merkle.inclusion(*place, node)] == list(proof)


@pytest.mark.parametrize(("sizes", "proof"), CONSISTENCIES.items())
def test_the_reference_tree_has_its_known_consistency_proofs(sizes, proof):
    _hashes, node = tree(LEAVES)
    assert [step.hex() for step in merkle.consistency(*sizes, node)] == list(proof)


def test_every_root_up_to_forty_leaves_is_that_of_the_definition():
    hashes, _node = tree(numbered(40))
    assert all(merkle.root(hashes[:size]) == rfc_root(hashes[:size]) for size in range(41))


def test_every_leaf_of_every_tree_up_to_forty_is_proven():
    for size in range(1, 41):
        hashes, node = tree(numbered(size))
        root = merkle.root(hashes)
        for index in range(size):
            assert merkle.includes(hashes[index], index, size, merkle.inclusion(index, size, node), root), (index, size)


def test_every_growth_up_to_forty_leaves_is_proven():
    hashes, node = tree(numbered(40))
    roots = [merkle.root(hashes[:size]) for size in range(41)]
    for second in range(1, 41):
        for first in range(1, second + 1):
            proof = merkle.consistency(first, second, node)
            assert merkle.extends(first, second, roots[first], roots[second], proof), (first, second)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=4), min_size=1, max_size=60), st.data())
def test_proofs_of_any_leaves_verify(leaves, data):
    hashes, node = tree(leaves)
    size = data.draw(st.integers(1, len(leaves)))
    index = data.draw(st.integers(0, size - 1))
    root, whole = merkle.root(hashes[:size]), merkle.root(hashes)
    assert merkle.includes(hashes[index], index, size, merkle.inclusion(index, size, node), root)
    assert merkle.extends(size, len(leaves), root, whole, merkle.consistency(size, len(leaves), node))


def mutated(pick, proof):
    """The proof with one flipped bit, one step less, more, twice, or two exchanged; never the proof itself."""
    steps = list(proof)
    kind = pick.randrange(5)
    if kind == 0 and steps:
        at, bit = pick.randrange(len(steps)), pick.randrange(256)
        flipped = int.from_bytes(steps[at]) ^ 1 << bit
        steps[at] = flipped.to_bytes(32)
    elif kind == 1 and steps:
        del steps[pick.randrange(len(steps))]
    elif kind == 2 and len(steps) > 1:
        at = pick.randrange(len(steps) - 1)
        steps[at], steps[at + 1] = steps[at + 1], steps[at]
    elif kind == 3 and steps:
        steps.insert(pick.randrange(len(steps)), steps[pick.randrange(len(steps))])
    else:
        steps.append(pick.randbytes(32))
    return steps


def test_ten_thousand_mutated_inclusion_proofs_are_refused():
    pick = random.Random(6962)
    hashes, node = tree(numbered(40))
    roots = [merkle.root(hashes[:size]) for size in range(41)]
    for _round in range(10_000):
        size = pick.randint(1, 40)
        index = pick.randrange(size)
        proof = merkle.inclusion(index, size, node)
        bad = mutated(pick, proof)
        assert bad != proof and not merkle.includes(hashes[index], index, size, bad, roots[size])


def test_ten_thousand_mutated_consistency_proofs_are_refused():
    pick = random.Random(9162)
    hashes, node = tree(numbered(40))
    roots = [merkle.root(hashes[:size]) for size in range(41)]
    for _round in range(10_000):
        second = pick.randint(1, 40)
        first = pick.randint(1, second)
        proof = merkle.consistency(first, second, node)
        bad = mutated(pick, proof)
        assert bad != proof and not merkle.extends(first, second, roots[first], roots[second], bad)


def test_a_proof_is_good_for_its_own_leaf_place_size_and_root_only():
    hashes, node = tree(numbered(21))
    root, proof = merkle.root(hashes), merkle.inclusion(9, 21, node)
    good = [
        (leaf, index, size)
        for leaf in range(21)
        for index in range(-1, 23)
        for size in range(0, 23)
        if merkle.includes(hashes[leaf], index, size, proof, root)
    ]
    assert (9, 9, 21) in good
    # The shape of the path does not tell sizes apart that put leaf 9 below the same turns.
    assert {(leaf, index) for leaf, index, _size in good} == {(9, 9)}


def test_an_empty_proof_shows_no_growth():
    hashes, _node = tree(numbered(8))
    assert not merkle.extends(4, 8, merkle.root(hashes[:4]), merkle.root(hashes), [])
    assert not merkle.extends(0, 8, merkle.EMPTY, merkle.root(hashes), [])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 3)])
def test_there_is_no_proof_for_what_is_not_there(index, size):
    with pytest.raises(ValueError):
        merkle.inclusion(index, size, tree(numbered(8))[1])


@pytest.mark.parametrize("sizes", [(0, 4), (5, 4), (-1, 2)])
def test_there_is_no_proof_backwards(sizes):
    with pytest.raises(ValueError):
        merkle.consistency(*sizes, tree(numbered(8))[1])
