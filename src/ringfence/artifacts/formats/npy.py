"""A single NumPy array. Reads the header; never touches the data. Arrays of objects are pickles.

Source: NEP 1 and numpy.lib.format.
"""

from collections.abc import Iterator

from ringfence.artifacts import npy_header
from ringfence.artifacts.format import Format
from ringfence.artifacts.problems import Problem, ProblemKind
from ringfence.artifacts.reader import Reader
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
    if array.item_bytes is None:
        return
    size, rest = array.elements * array.item_bytes, reader.size_bytes - array.data_at
    if size > rest:
        detail = f"an array of {size} bytes ends past the file's {reader.size_bytes}"
        yield Problem(kind=ProblemKind.OUT_OF_RANGE, at=array.data_at, detail=detail)
    elif size < rest:
        detail = f"{rest - size} bytes behind the array"
        yield Problem(kind=ProblemKind.TRAILING_DATA, at=array.data_at + size, detail=detail)


FORMAT = Format(
    name="npy", title="NumPy array", suffixes=(".npy",), sniff=_sniff, read=_read, holds_anything=True
)
