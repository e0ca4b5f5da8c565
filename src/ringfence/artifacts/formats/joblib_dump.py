"""joblib's dumps: a pickle with arrays' bytes between its opcodes, often compressed as a whole.

A compressed pickle of anybody else reads the same way, and is named the same.

Source: joblib/numpy_pickle.py and joblib/compressor.py, version 1.x.
"""

from collections.abc import Iterator

from ringfence.artifacts import pickle_walk
from ringfence.artifacts.format import Format
from ringfence.artifacts.inflating import Compression, compression_of, inflated
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.core.facts import Fact, FactName
from ringfence.core.limits import LIMITS

__all__ = ["FORMAT"]

_MARK = b"joblib.numpy_pickle"
_SNIFFED_BYTES = 256


def _sniff(reader: Reader) -> bool:
    head = reader.head
    if _MARK in head:
        return pickle_walk.looks_like_pickle(head)
    kind = compression_of(head)
    if kind is None:
        return False
    return pickle_walk.looks_like_pickle(inflated(head, kind, max_bytes=_SNIFFED_BYTES))


def _sniff_named(reader: Reader) -> bool:
    """bzip2 yields nothing before its first block is there, which is too dear to try on every file."""
    head = reader.head
    if compression_of(head) is not Compression.BZIP2:
        return False
    return pickle_walk.looks_like_pickle(_inflated(reader, Compression.BZIP2))


def _read(reader: Reader) -> Iterator[Fact | Problem]:
    yield Fact(name=FactName.RUNS_CODE, value=("pickle",))
    kind = compression_of(reader.head)
    inside = reader if kind is None else Reader.of_bytes(_inflated(reader, kind))
    found = pickle_walk.Pickle()
    wrong = pickle_walk.walk_tolerantly(inside, found)
    yield Fact(name=FactName.VERSION, value=str(found.protocol))
    if found.imports:
        yield Fact(name=FactName.IMPORTS, value=tuple(found.imports))
    if wrong and kind and max(reader.size_bytes, inside.size_bytes + 1) > LIMITS.inflated_bytes:
        detail = f"the pickle goes on after the first {LIMITS.inflated_bytes} bytes"
        wrong = Problem(kind=ProblemKind.OVER_LIMIT, at=None, detail=detail)
    if wrong:
        yield wrong


FORMAT = Format(
    name="joblib",
    title="joblib",
    suffixes=(".joblib", ".pkl", ".pickle", ".dill"),
    sniff=_sniff,
    sniff_named=_sniff_named,
    read=_read,
    holds_anything=True,
)


def _inflated(reader: Reader, kind: Compression) -> bytes:
    data = reader.at(0, min(reader.size_bytes, LIMITS.inflated_bytes))
    whole = inflated(data, kind, max_bytes=LIMITS.inflated_bytes)
    if not whole:
        raise Malformed(ProblemKind.TRUNCATED, at=0, detail=f"the {kind.value} data ends before it begins")
    return whole
