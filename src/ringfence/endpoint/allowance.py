"""How much of a processor's time one kind of looking may take in all.

Limits of size do not bound a scan: a few bytes can unpack to much work, a hole of a file costs its author
nothing, and a thousand links lead to the same large file.
"""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

__all__ = ["Allowance"]


class Allowance:
    """Spent by what runs within it, in one thread. `clock` gives seconds that the thread has worked."""

    def __init__(self, seconds: float, *, clock: Callable[[], float] = time.thread_time) -> None:
        self._left_s = seconds
        self._clock = clock
        self._began_s = 0.0

    @property
    def is_spent(self) -> bool:
        """Whether nothing is left, so that what is not necessary should be left out, and that be said."""
        return self._left_s <= 0

    def __enter__(self) -> Self:
        self._began_s = self._clock()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._left_s -= self._clock() - self._began_s
