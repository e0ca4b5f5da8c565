"""RKNN: models compiled for Rockchip's accelerators. Identified only.

Source: the first bytes of what rknn-toolkit2 writes; some are wrapped once more and begin with CYPTRKNN.
"""

from collections.abc import Iterator

from ringfence.artifacts.format import Format
from ringfence.artifacts.reader import Reader
from ringfence.core.facts import Fact, FactName

__all__ = ["FORMAT"]

_MAGIC = (b"RKNN", b"CYPTRKNN")


def _sniff(reader: Reader) -> bool:
    return reader.head.startswith(_MAGIC)


def _read(_reader: Reader) -> Iterator[Fact]:
    yield Fact(name=FactName.RUNS_CODE, value=("compiled for an accelerator",))


FORMAT = Format(
    name="rknn", title="RKNN (Rockchip)", suffixes=(".rknn",), sniff=_sniff, starts=_MAGIC, read=_read
)
