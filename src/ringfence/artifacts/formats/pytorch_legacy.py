"""PyTorch before 1.6: five pickles, one behind the other, and then the raw storages.

Source: `_legacy_save` in torch/serialization.py.
"""

from collections.abc import Iterator

from ringfence.artifacts import pickle_walk, torch_storages
from ringfence.artifacts.format import Format
from ringfence.artifacts.problems import Problem
from ringfence.artifacts.reader import Reader
from ringfence.core.facts import Fact, FactName

__all__ = ["FORMAT"]

# LONG1 of ten bytes, 0x1950a86a20f9469cfc6c.
_MAGIC = b"\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19"
_MAGIC_WITHIN = 32
_BEFORE_OBJECT = 3  # magic number, protocol version, system


def _sniff(reader: Reader) -> bool:
    return reader.head[:1] == b"\x80" and _MAGIC in reader.head[:_MAGIC_WITHIN]


def _read(reader: Reader) -> Iterator[Fact | Problem]:
    yield Fact(name=FactName.RUNS_CODE, value=("pickle",))
    for _ in range(_BEFORE_OBJECT):
        before = pickle_walk.Pickle()
        pickle_walk.walk(reader, before)
    yield Fact(name=FactName.VERSION, value=str(before.protocol))
    found = pickle_walk.Pickle()
    wrong = pickle_walk.walk_tolerantly(reader, found)
    yield from torch_storages.facts(found)
    if wrong:
        yield wrong


FORMAT = Format(
    name="pytorch-legacy",
    title="PyTorch (legacy)",
    suffixes=(".pt", ".pth", ".ckpt", ".bin"),
    sniff=_sniff,
    read=_read,
)
