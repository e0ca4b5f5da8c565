"""The Merkle tree of a log: one hash for all entries, and short proofs of what is in it.

Source: RFC 9162, section 2.1, with SHA-256. Leaves and nodes are hashed apart, so that none can be taken for
the other:

    leaf(entry)       = SHA-256(0x00 ‖ entry)
    node(left, right) = SHA-256(0x01 ‖ left ‖ right)
    tree(n entries)   = node(tree(first k), tree(the rest)), k the largest power of two below n

Of a growing tree only the roots of its whole subtrees are kept, one for each bit of its size (`Growing`).
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence

__all__ = [
    "EMPTY",
    "Growing",
    "adds_only",
    "consistency_proof",
    "inclusion_proof",
    "is_included",
    "leaf_hash",
    "node_hash",
    "root_of",
]

EMPTY = hashlib.sha256(b"").digest()
"""The root of no entries."""

_LONGEST = 64  # hashes of an inclusion proof; a tree of more than 2^64 entries does not exist


def leaf_hash(entry: bytes) -> bytes:
    """What stands for an entry."""
    return hashlib.sha256(b"\0" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """What stands for two subtrees."""
    return hashlib.sha256(b"\1" + left + right).digest()


class Growing:
    """A tree that entries are added to; it remembers at most one hash for each bit of its size."""

    def __init__(self, size: int = 0, subtrees: Iterable[bytes] = ()) -> None:
        """The tree of `size` entries whose whole subtrees have these roots, the largest first.

        Raises:
            ValueError: there are not as many as a tree of this size has.
        """
        self.size = size
        self._subtrees = list(subtrees)
        if size < 0 or len(self._subtrees) != size.bit_count():
            raise ValueError("another tree has these subtrees")

    @property
    def subtrees(self) -> tuple[bytes, ...]:
        """The roots of its whole subtrees, the largest first."""
        return tuple(self._subtrees)

    @property
    def root(self) -> bytes:
        """One hash for all entries."""
        if not self._subtrees:
            return EMPTY
        *others, root = self._subtrees
        for left in reversed(others):
            root = node_hash(left, root)
        return root

    def add(self, entry: bytes) -> None:
        """Puts one entry at the end."""
        made, pairs = hashlib.sha256(b"\0" + entry).digest(), self.size
        while pairs & 1:
            made = hashlib.sha256(b"\1" + self._subtrees.pop() + made).digest()
            pairs >>= 1
        self._subtrees.append(made)
        self.size += 1


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over these leaf hashes."""
    return _levels(leaves)[-1][0] if leaves else EMPTY


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The hashes beside the way from leaf `index` (from 0) to the root, the lowest first.

    Raises:
        IndexError: there is no such leaf.
    """
    if not 0 <= index < len(leaves):
        raise IndexError(index)
    proof = []
    for level in _levels(leaves):
        if index ^ 1 < len(level):
            proof.append(level[index ^ 1])
        index >>= 1
    return proof


def is_included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the tree of `size` leaves with this root has this leaf at `index`.

    Source: RFC 9162, section 2.1.3.2.
    """
    if not 0 <= index < size or len(proof) > _LONGEST:
        return False
    last, made = size - 1, leaf
    for each in proof:
        if last == 0:
            return False
        if index & 1 or index == last:
            made = node_hash(each, made)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            made = node_hash(made, each)
        index, last = index >> 1, last >> 1
    return last == 0 and made == root


def consistency_proof(leaves: Sequence[bytes], old_size: int) -> list[bytes]:
    """What shows that the tree of the first `old_size` leaves is the beginning of the tree of all.

    Raises:
        IndexError: there are not that many.
    """
    if not 0 <= old_size <= len(leaves):
        raise IndexError(old_size)
    if old_size in (0, len(leaves)):
        return []
    return list(_subproof(leaves, old_size, whole=True))


def adds_only(old_size: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the larger tree begins with the smaller one.

    Source: RFC 9162, section 2.1.4.2.
    """
    if not 0 <= old_size <= size or len(proof) > _LONGEST + 1:
        return False
    if old_size in (0, size):
        return not proof and old_root == (EMPTY if old_size == 0 else root)
    hashes = [old_root, *proof] if old_size & (old_size - 1) == 0 else list(proof)
    if not hashes:
        return False
    index, last = old_size - 1, size - 1
    while index & 1:
        index, last = index >> 1, last >> 1
    old, new = hashes[0], hashes[0]
    for each in hashes[1:]:
        if last == 0:
            return False
        if index & 1 or index == last:
            old, new = node_hash(each, old), node_hash(each, new)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            new = node_hash(new, each)
        index, last = index >> 1, last >> 1
    return last == 0 and old == old_root and new == root


def _levels(leaves: Sequence[bytes]) -> list[Sequence[bytes]]:
    """From the leaves to the root. Who has nobody beside goes up as it is."""
    levels = [leaves]
    while len(level := levels[-1]) > 1:
        above = list(map(node_hash, level[::2], level[1::2]))
        if len(level) % 2:
            above.append(level[-1])
        levels.append(above)
    return levels


def _subproof(leaves: Sequence[bytes], old_size: int, *, whole: bool) -> Iterator[bytes]:
    """Source: RFC 9162, section 2.1.4.1. `whole`: the smaller tree's root is known to who checks."""
    if old_size == len(leaves):
        if not whole:
            yield root_of(leaves)
        return
    half = 1 << (len(leaves) - 1).bit_length() - 1
    if old_size <= half:
        yield from _subproof(leaves[:half], old_size, whole=whole)
        yield root_of(leaves[half:])
    else:
        yield from _subproof(leaves[half:], old_size - half, whole=False)
        yield root_of(leaves[:half])
