"""A plain pickle. Names what it refers to; never loads it.

Protocols 2 and later begin with a mark; 0 and 1 do not, and are believed only under a pickle's suffix.

Source: CPython's Lib/pickletools.py.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from ringfence.artifacts import pickle_walk
from ringfence.artifacts.format import Format, Inside
from ringfence.artifacts.problems import Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.core.facts import Fact, FactName
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip

if TYPE_CHECKING:
    from ringfence.artifacts.pickles.seen import Seen

__all__ = ["FORMAT"]

_RUNS_CODE: Final = Fact(name=FactName.RUNS_CODE, value=("pickle",))


def _sniff(reader: Reader) -> bool:
    return pickle_walk.looks_like_pickle(reader.head)


def _sniff_named(reader: Reader) -> bool:
    from ringfence.artifacts.pickles.walk import begins_as_pickle

    return pickle_walk.is_text_pickle(reader.head) or begins_as_pickle(reader.head)


def _read(reader: Reader) -> Iterator[Fact | Problem]:
    yield _RUNS_CODE
    found = pickle_walk.Pickle()
    wrong = pickle_walk.walk_tolerantly(reader, found)
    # Several pickles in one file are read one by one by whoever wrote them.
    while found.complete and reader.remaining_bytes and not wrong and found.ops < LIMITS.pickle_ops:
        if reader.at(reader.offset, 1) != b"\x80":
            detail = f"{reader.remaining_bytes} bytes behind the pickle"
            wrong = Problem(kind=ProblemKind.TRAILING_DATA, at=reader.offset, detail=detail)
        else:
            found.complete = False
            wrong = pickle_walk.walk_tolerantly(reader, found)
    yield from _facts(found.protocol, found.imports)
    if wrong:
        yield wrong


def _judge(reader: Reader) -> Iterator[Spotted | Problem | Inside | Fact]:
    from ringfence.artifacts.pickles.judge import judge

    yield from _told(reader, (yield from judge(reader)))


def _told(reader: Reader, seen: "Seen") -> Iterator[Fact]:
    """What `_read` would say of a pickle in which it would find the same imports."""
    if seen.is_one_flawless and seen.written_out and reader.size_bytes <= LIMITS.pickle_ops:
        names = dict.fromkeys(
            clip(f"{module}.{name}", chars=LIMITS.name_chars) for module, name in seen.imports
        )
        yield _RUNS_CODE
        yield from _facts(reader.head[1] if reader.head[:1] == b"\x80" else 0, names)


def _facts(protocol: int, imports: Iterable[str]) -> Iterator[Fact]:
    yield Fact(name=FactName.VERSION, value=str(protocol) if protocol else "0 or 1")
    if names := tuple(imports)[: LIMITS.fact_items]:
        yield Fact(name=FactName.IMPORTS, value=names)


FORMAT = Format(
    name="pickle",
    title="pickle",
    suffixes=(".pkl", ".pickle", ".pt", ".pth", ".bin", ".ckpt", ".joblib", ".dill"),
    sniff=_sniff,
    starts=(b"\x80",),
    sniff_named=_sniff_named,
    read=_read,
    holds_anything=True,
    judge=_judge,
    judges_structure=True,
    leaves_out=(),
)
