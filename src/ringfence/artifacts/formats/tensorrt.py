"""TensorRT engines: code compiled for one kind of GPU. Identified only; what it does cannot be seen.

Source: the first bytes of engines of TensorRT 5 to 10.
"""

from collections.abc import Iterator

from ringfence.artifacts.format import Format
from ringfence.artifacts.reader import Reader
from ringfence.core.facts import Fact, FactName

__all__ = ["FORMAT"]

_MAGIC = (b"ptrt", b"ftrt")


def _sniff(reader: Reader) -> bool:
    return reader.head.startswith(_MAGIC)


def _read(_reader: Reader) -> Iterator[Fact]:
    yield Fact(name=FactName.RUNS_CODE, value=("compiled for a GPU",))


FORMAT = Format(
    name="tensorrt",
    title="TensorRT engine",
    suffixes=(".engine", ".plan", ".trt"),
    sniff=_sniff,
    starts=_MAGIC,
    read=_read,
)
