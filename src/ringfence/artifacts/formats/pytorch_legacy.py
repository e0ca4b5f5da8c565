"""PyTorch before 1.6: five pickles, one behind the other, and then the raw storages.

The pickles are judged; of the storages only the lengths are checked, so that nothing hides behind them.

Source: `_legacy_save` in torch/serialization.py.
"""

from collections.abc import Iterator

from ringfence.artifacts import pickle_walk, torch_storages
from ringfence.artifacts.format import Format, Inside
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.core.facts import Fact, FactName
from ringfence.core.limits import LIMITS

__all__ = ["FORMAT"]

# LONG1 of ten bytes, 0x1950a86a20f9469cfc6c.
_MAGIC = b"\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19"
_MAGIC_WITHIN = 32
_BEFORE_OBJECT = 3  # magic number, protocol version, system
_PICKLES = 5
_COUNT_BYTES = 8  # before each storage
# A class beside its source, which is only compared: what is called is the class, which is judged by its name.
_MODULE_ID, _OF_MODULE = "persistent id 'module'", "calls something that is no import"


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


def _judge(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    from ringfence.artifacts.pickles import judge as pickles

    spotted = list(pickles.judge(reader, pickles=_PICKLES, with_storages=True))
    told = {each.evidence[0] for each in spotted if isinstance(each, Spotted)}
    usual = (_MODULE_ID, _OF_MODULE) if _MODULE_ID in told else ()
    yield from (each for each in spotted if not (isinstance(each, Spotted) and each.evidence[0] in usual))
    reader.offset = 0
    for number in range(_PICKLES):
        each = pickle_walk.Pickle()
        pickle_walk.walk(reader, each, max_ops=LIMITS.storage_ops)
        if number == _BEFORE_OBJECT:
            storages = each.storages
    yield from _storages(reader, storages)


FORMAT = Format(
    name="pytorch-legacy",
    title="PyTorch (legacy)",
    suffixes=(".pt", ".pth", ".ckpt", ".bin"),
    sniff=_sniff,
    starts=(b"\x80",),
    read=_read,
    judge=_judge,
    judges_structure=True,
)


def _storages(reader: Reader, storages: dict[str, tuple[str, int]]) -> Iterator[Problem | Inside]:
    """Whether the storages, in the order of their keys, are all that follows the pickles."""
    for key in sorted(storages):
        kind, elements = storages[key]
        width = torch_storages.item_bytes(kind)
        if width is None:
            raise Malformed(
                ProblemKind.BAD_HEADER, at=reader.offset, detail=f"nobody knows how long a {kind} is"
            )
        at = reader.offset
        if reader.remaining_bytes < _COUNT_BYTES + max(0, elements) * width:
            raise Malformed(ProblemKind.TRUNCATED, at=at, detail="the file ends within the storages")
        if reader.u64() != elements:
            raise Malformed(
                ProblemKind.BAD_HEADER, at=at, detail="a storage is not as long as the pickle says"
            )
        reader.skip(elements * width)
    if rest := reader.remaining_bytes:
        yield Problem(
            kind=ProblemKind.TRAILING_DATA, at=reader.offset, detail=f"{rest} bytes behind the storages"
        )
        part = reader.part(reader.offset, rest)
        yield Inside(name="(behind the storages)", reader=part, at=reader.offset)
