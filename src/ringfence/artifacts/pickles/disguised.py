"""Files that are something else by their looks, and a program to a loader of pickles, which goes by no looks.

Nearly all bytes are no pickle after an opcode or two. Of those that are, only what is surely dangerous
counts, and all that is severe when they are a pickle to their last byte.
"""

from collections.abc import Iterator
from typing import Final

from ringfence.artifacts.pickles.judge import judged_by_lists, severe
from ringfence.artifacts.pickles.machine import Machine
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted

__all__ = ["disguised"]

# The opcodes that need nothing on the stack, but for a persistent id: most loaders refuse it.
_BEGINS: Final = frozenset(
    b"\x80\x82\x83\x84\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x95\x96\x97(]})cIFLSVNKMJGXTUBC"
)
_PICKLES: Final = 8  # behind each other: PyTorch's older files begin with five


def disguised(reader: Reader) -> Iterator[Spotted]:
    """What a loader of pickles would do with the file, where that is severe."""
    if not reader.head or reader.head[0] not in _BEGINS:
        return
    seen = judged_by_lists()
    end, complete = 0, True
    for _ in range(_PICKLES):
        if not complete or end >= reader.size_bytes:
            break
        end, complete = Machine(reader, seen).pickle(end)
    is_whole = complete and end == reader.size_bytes and not seen.anomalies
    yield from severe(seen, is_sure=is_whole)
