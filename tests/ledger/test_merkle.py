"""The tree against the definition of RFC 9162, spelled out as it stands there."""

import hashlib
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.ledger.merkle import (
    EMPTY,
    Growing,
    adds_only,
    consistency_proof,
    inclusion_proof,
    is_included,
    leaf_hash,
    node_hash,
    root_of,
)

_SIZES = st.integers(0, 70)


def _entries(count: int) -> list[bytes]:
    return [b"entry %d" % number for number in range(count)]


def _naive_root(entries: list[bytes]) -> bytes:
    """MTH of section 2.1.1."""
    if not entries:
        return hashlib.sha256(b"").digest()
    if len(entries) == 1:
        return hashlib.sha256(b"\0" + entries[0]).digest()
    half = _half(len(entries))
    return hashlib.sha256(b"\1" + _naive_root(entries[:half]) + _naive_root(entries[half:])).digest()


def _naive_path(index: int, entries: list[bytes]) -> list[bytes]:
    """PATH of section 2.1.3.1."""
    if len(entries) == 1:
        return []
    half = _half(len(entries))
    if index < half:
        return [*_naive_path(index, entries[:half]), _naive_root(entries[half:])]
    return [*_naive_path(index - half, entries[half:]), _naive_root(entries[:half])]


def _naive_proof(old: int, entries: list[bytes], whole: bool = True) -> list[bytes]:
    """SUBPROOF of section 2.1.4.1."""
    if old == len(entries):
        return [] if whole else [_naive_root(entries)]
    half = _half(len(entries))
    if old <= half:
        return [*_naive_proof(old, entries[:half], whole), _naive_root(entries[half:])]
    return [*_naive_proof(old - half, entries[half:], False), _naive_root(entries[:half])]


def _half(count: int) -> int:
    half = 1
    while half * 2 < count:
        half *= 2
    return half


def _grown(entries: list[bytes]) -> Growing:
    tree = Growing()
    for each in entries:
        tree.add(each)
    return tree


@settings(deadline=None)
@given(_SIZES)
def test_roots_are_those_of_the_definition(size: int) -> None:
    entries = _entries(size)
    assert _grown(entries).root == root_of(list(map(leaf_hash, entries))) == _naive_root(entries)


def test_a_known_tree_of_the_field_has_its_known_roots() -> None:
    """The test vectors that implementations of certificate transparency share."""
    entries = list(map(bytes.fromhex, ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")))
    entries.append(bytes.fromhex("606162636465666768696a6b6c6d6e6f"))
    assert EMPTY.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert (
        _grown(entries[:1]).root.hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    )
    assert _grown(entries).root.hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


@settings(deadline=None)
@given(st.integers(1, 70).flatmap(lambda size: st.tuples(st.integers(0, size - 1), st.just(size))))
def test_an_inclusion_proof_is_that_of_the_definition_and_holds_for_nothing_else(
    place: tuple[int, int],
) -> None:
    index, size = place
    entries = _entries(size)
    leaves = list(map(leaf_hash, entries))
    proof, root = inclusion_proof(leaves, index), root_of(leaves)
    assert proof == _naive_path(index, entries)
    assert is_included(leaves[index], index, size, proof, root)
    for other in range(-1, size + 2):
        assert is_included(leaves[index], other, size, proof, root) == (other == index)
    assert not is_included(leaves[index], index, size, [*proof, root], root)
    assert not is_included(leaves[index], index, size, proof[:-1], root) or not proof
    assert not is_included(leaf_hash(b"another"), index, size, proof, root)


@settings(deadline=None)
@given(_SIZES.flatmap(lambda size: st.tuples(st.integers(0, size), st.just(size))))
def test_a_consistency_proof_is_that_of_the_definition_and_holds_for_nothing_else(
    place: tuple[int, int],
) -> None:
    old, size = place
    entries = _entries(size)
    leaves = list(map(leaf_hash, entries))
    proof, old_root, root = consistency_proof(leaves, old), root_of(leaves[:old]), root_of(leaves)
    assert proof == (_naive_proof(old, entries) if old else [])
    assert adds_only(old, old_root, size, root, proof)
    forked = root_of([*leaves[: old - 1], leaf_hash(b"another")]) if old else leaf_hash(b"another")
    assert not adds_only(old, forked, size, root, proof)
    assert not adds_only(old, old_root, size, leaf_hash(b"another"), proof) or old == 0
    assert not adds_only(old, old_root, size, root, [*proof, root])
    for number in range(len(proof)):
        touched = [*proof[:number], leaf_hash(b"another"), *proof[number + 1 :]]
        assert not adds_only(old, old_root, size, root, touched)


def test_a_tree_goes_on_from_its_subtrees_over_a_hundred_thousand_entries() -> None:
    entries = _entries(100_000)
    leaves, tree = list(map(leaf_hash, entries)), Growing()
    stops = {1, 2, 3, 4_095, 4_096, 99_999, 100_000, *random.Random(4).sample(range(100_000), 5)}
    for number, each in enumerate(entries, 1):
        tree.add(each)
        if number in stops:
            tree = Growing(tree.size, tree.subtrees)
            assert tree.root == root_of(leaves[:number])
            assert len(tree.subtrees) <= 17
    proof = inclusion_proof(leaves, 77_777)
    assert len(proof) == 17
    assert is_included(leaves[77_777], 77_777, 100_000, proof, tree.root)


def test_a_node_is_never_taken_for_a_leaf() -> None:
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert leaf_hash(left + right) != node_hash(left, right)
    assert not is_included(node_hash(left, right), 0, 1, [], leaf_hash(left + right))


@pytest.mark.parametrize(("size", "subtrees"), [(-1, []), (1, []), (3, [EMPTY]), (0, [EMPTY])])
def test_subtrees_of_another_size_are_refused(size: int, subtrees: list[bytes]) -> None:
    with pytest.raises(ValueError, match="another tree"):
        Growing(size, subtrees)


@pytest.mark.parametrize("index", [-1, 3])
def test_what_is_not_in_the_tree_has_no_proof(index: int) -> None:
    leaves = list(map(leaf_hash, _entries(3)))
    with pytest.raises(IndexError):
        inclusion_proof(leaves, index)
    with pytest.raises(IndexError):
        consistency_proof(leaves, 4 if index > 0 else index)
