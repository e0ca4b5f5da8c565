"""Counts the programs that start in a box, so that a build of ten thousand is told in a few words.

Starts of one program by another count together. The first is told soon, with its arguments; after that a pair
is told again when it has started as often as was told before, and at the end. So what is told of a pair grows
with the logarithm of its starts. Past a limit of pairs the rest count together.

One thread counts, another takes what is to be told.
"""

import threading
from collections.abc import Iterable

from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.sandbox.linux.starting import Start

__all__ = ["Started", "Starts"]

_Pair = tuple[str, str]
_REST: _Pair = ("", "")  # nobody knows which, or there are too many


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """How often a program was started since that was told last."""

    program: str  # empty: nobody knows which, or of more than are told apart
    by: str
    times: int
    first: Start | None  # of all, where it was not told before


@dataclass(slots=True)
class _Count:
    first: Start | None
    told: int = 0
    untold: int = 0


class Starts:
    """All of one box."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._counts: dict[_Pair, _Count] = {}
        self._due: dict[_Pair, None] = {}  # in the order in which they came

    def is_new(self, program: str, by: str) -> bool:
        """Whether its arguments are still to be asked for."""
        return (program, by) not in self._counts and len(self._counts) < LIMITS.started_pairs

    def count(self, start: Start) -> None:
        """Takes in one start."""
        pair = (start.program, start.by) if start.program else _REST
        with self._mutex:
            count = self._counts.get(pair)
            if count is None and len(self._counts) >= LIMITS.started_pairs:
                pair = _REST
                count = self._counts.get(pair)
            if count is None:
                count = self._counts[pair] = _Count(first=None if pair == _REST else start)
            count.untold += 1
            if count.untold >= count.told:
                self._due[pair] = None

    def take(self, *, all_: bool = False) -> tuple[Started, ...]:
        """What is to be told now; with `all_` everything that was not told yet."""
        with self._mutex:
            pairs = [pair for pair, each in self._counts.items() if each.untold] if all_ else list(self._due)
            self._due.clear()
            return tuple(self._told(pair, self._counts[pair]) for pair in pairs)

    def take_back(self, told: Iterable[Started]) -> None:
        """What could not be told; it is told again."""
        with self._mutex:
            for each in told:
                count = self._counts[each.program, each.by]
                count.first = count.first or each.first
                count.told -= each.times
                count.untold += each.times
                self._due[each.program, each.by] = None

    def _told(self, pair: _Pair, count: _Count) -> Started:
        first, times = count.first, count.untold
        count.first, count.untold = None, 0
        count.told += times
        return Started(program=pair[0], by=pair[1], times=times, first=first)
