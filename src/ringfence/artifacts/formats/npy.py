"""NumPy arrays, one behind the other. Reads their headers; arrays of objects are pickles.

Source: NEP 1 and numpy.lib.format.
"""

from collections.abc import Iterator

from ringfence.artifacts import npy_header, pickle_walk
from ringfence.artifacts.format import Format, Inside
from ringfence.artifacts.npy_header import Array
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.core.facts import Fact, FactName

__all__ = ["FORMAT"]


def _sniff(reader: Reader) -> bool:
    return reader.head.startswith(npy_header.MAGIC)


def _read(reader: Reader) -> Iterator[Fact | Problem]:
    array = npy_header.read_array(reader)
    yield Fact(name=FactName.VERSION, value=array.version)
    yield Fact(name=FactName.DTYPES, value=(array.dtype,))
    yield Fact(name=FactName.SHAPE, value="x".join(map(str, array.shape)) or "scalar")
    yield Fact(name=FactName.PARAMETERS, value=array.elements)
    if array.dtype == "object":
        yield Fact(name=FactName.RUNS_CODE, value=("pickle",))
    yield from _length(reader, array, at=0)


def _judge(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    """Goes from array to array, as `numpy.save` writes several of them into one open file."""
    at = 0
    while at < reader.size_bytes:
        reader.budget.enter(at=at)
        part = reader.part(at, reader.size_bytes - at)
        try:
            array = npy_header.read_array(part)
        except Malformed as wrong:
            yield from _unreadable(part, at)
            raise Malformed(wrong.problem.kind, at=at, detail=wrong.problem.detail) from wrong
        if array.dtype == "object":
            data = part.part(array.data_at, part.size_bytes - array.data_at)
            yield Inside(name="", reader=data, at=at + array.data_at, judge=_pickle)
            return
        yield from _length(part, array, at=at)
        if array.size_bytes is None:
            return
        at += array.data_at + array.size_bytes
        if at < reader.size_bytes and reader.at(at, 1) != npy_header.MAGIC[:1]:
            rest = reader.part(at, reader.size_bytes - at)
            yield Inside(name="(behind the array)", reader=rest, at=at)
            return


FORMAT = Format(
    name="npy",
    title="NumPy array",
    suffixes=(".npy",),
    sniff=_sniff,
    starts=(npy_header.MAGIC,),
    read=_read,
    holds_anything=True,
    judge=_judge,
    judges_structure=True,
)


def _pickle(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    from ringfence.artifacts.pickles import judge as pickles

    yield from pickles.judge(reader)


def _unreadable(part: Reader, at: int) -> Iterator[Inside]:
    """The pickle behind a header that only NumPy understands, such as one with another name for objects."""
    start = npy_header.data_start(part)
    if start is not None and start < part.size_bytes:
        data = part.part(start, part.size_bytes - start)
        if pickle_walk.looks_like_pickle(data.head) or pickle_walk.is_text_pickle(data.head):
            yield Inside(name="", reader=data, at=at + start, judge=_pickle)


def _length(reader: Reader, array: Array, *, at: int) -> Iterator[Problem]:
    """Whether the array is all that is there; another array may follow."""
    if array.size_bytes is None:
        if array.dtype != "object":
            yield Problem(kind=ProblemKind.BAD_HEADER, at=at, detail="nobody knows how long the array is")
        return
    size, rest = array.size_bytes, reader.size_bytes - array.data_at
    if size > rest:
        detail = f"an array of {size} bytes ends past the file's {reader.size_bytes}"
        yield Problem(kind=ProblemKind.TRUNCATED, at=at + array.data_at, detail=detail)
    elif size < rest and reader.at(array.data_at + size, 1) != npy_header.MAGIC[:1]:
        detail = f"{rest - size} bytes behind the array"
        yield Problem(kind=ProblemKind.TRAILING_DATA, at=at + array.data_at + size, detail=detail)
