"""joblib's dumps: a pickle with arrays' bytes between its opcodes, often compressed as a whole.

A compressed pickle of anybody else reads the same way, and is named the same. What is compressed with lz4 is
named lz4 instead, because its library is an extra.

Source: joblib/numpy_pickle.py, numpy_pickle_compat.py and compressor.py, version 1.x.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from ringfence.artifacts import pickle_walk, streams
from ringfence.artifacts.format import Format, Inside
from ringfence.artifacts.inflating import Compression, compression_of, inflated
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.core.facts import Fact, FactName
from ringfence.core.limits import LIMITS

__all__ = ["FORMAT"]

_MARK = b"joblib.numpy_pickle"
_SNIFFED_BYTES = 256
# Until version 0.9: the inflated length in hexadecimal, in 19 or 20 characters, and zlib data.
_OLD = re.compile(rb"ZF(0x[0-9a-fA-F]{1,16}[lL]?) *")


def _sniff(reader: Reader) -> bool:
    head = reader.head
    if _MARK in head:
        return pickle_walk.looks_like_pickle(head)
    kind, at = _compression(head)
    if kind is None:
        return False
    return pickle_walk.looks_like_pickle(inflated(head[at:], kind, max_bytes=_SNIFFED_BYTES))


def _sniff_named(reader: Reader) -> bool:
    """Pickles of protocols 0 and 1 have no mark, and bzip2 yields nothing before its first block is there."""
    kind, _ = _compression(reader.head)
    if kind is None:
        return False
    begin = _inflated(reader)
    return pickle_walk.looks_like_pickle(begin) or pickle_walk.is_text_pickle(begin)


def _read(reader: Reader) -> Iterator[Fact | Problem]:
    yield Fact(name=FactName.RUNS_CODE, value=("pickle",))
    kind, _ = _compression(reader.head)
    inside = reader if kind is None else Reader.of_bytes(_inflated(reader))
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


def _judge(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    from ringfence.artifacts.pickles import judge as pickles

    kind, at = _compression(reader.head)
    if kind is None:
        yield from pickles.judge(reader)
        return
    for item in streams.judge_streams(reader, kind, at=at):
        if (
            isinstance(item, Inside)
            and item.at is None
            and not pickle_walk.looks_like_pickle(item.reader.head)
        ):
            yield replace(item, judge=pickles.judge)  # without its mark nobody else would know it
        else:
            yield item  # which may be a PyTorch file as well


FORMAT = Format(
    name="joblib",
    title="joblib",
    suffixes=(".joblib", ".pkl", ".pickle", ".dill"),
    sniff=_sniff,
    starts=(b"\x80", b"ZF", b"\x1f\x8b\x08", b"BZh", b"\xfd7zXZ", b"]\0", b"\x78"),
    sniff_named=_sniff_named,
    read=_read,
    holds_anything=True,
    judge=_judge,
    judges_structure=True,
    leaves_out=(),
)


def _compression(head: bytes) -> tuple[Compression | None, int]:
    """How the file is compressed, and where that begins."""
    old = _OLD.match(head)
    return (Compression.ZLIB, max(21, old.end())) if old else (compression_of(head), 0)


def _inflated(reader: Reader) -> bytes:
    """The beginning of what is compressed.

    Raises:
        Malformed: nothing comes out.
    """
    kind, at = _compression(reader.head)
    data = reader.at(at, min(reader.size_bytes - at, LIMITS.inflated_bytes))
    whole = inflated(data, kind, max_bytes=LIMITS.inflated_bytes) if kind else b""
    if not whole:
        raise Malformed(ProblemKind.TRUNCATED, at=0, detail="the compressed data ends before it begins")
    return whole
