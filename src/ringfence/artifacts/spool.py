"""Keeps what comes out of a decompressor where any part of it can be read: in memory, much of it on disk.

The file on disk has no name and is gone with its last reader. Everything is at the expense of the budget of
the file that is judged, and one stream never becomes more than `limits.judged_inflated_bytes`.
"""

import io
import os
from collections.abc import Iterable

from ringfence.artifacts.budget import Budget
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS

__all__ = ["Spooled", "spooled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spooled:
    """What came out, and why there is no more of it; `problem` is None where that is all."""

    reader: Reader
    problem: Problem | None


def spooled(
    chunks: Iterable[bytes], *, budget: Budget, at: int | None, max_bytes: int | None = None
) -> Spooled:
    """What `chunks` bring, up to their end, to a limit, or to the `Malformed` that they raise.

    The limit is `max_bytes`, or else `limits.judged_inflated_bytes`. `at` is where the compressed bytes begin
    in the file, for the problem. What came before a problem is kept, because loaders would have acted on it.
    """
    file: io.BytesIO | io.FileIO = io.BytesIO()
    most = LIMITS.judged_inflated_bytes if max_bytes is None else max_bytes
    size, problem = 0, None
    try:
        for chunk in chunks:
            budget.inflate(len(chunk), at=at)
            if size + len(chunk) > most:
                detail = f"inflates to more than {most} bytes"
                raise Malformed(ProblemKind.OVER_LIMIT, at=at, detail=detail)
            if isinstance(file, io.BytesIO) and size + len(chunk) > LIMITS.spool_memory_bytes:
                file = _on_disk(file)
            left = memoryview(chunk)
            while left:
                written = file.write(left)
                left = left[written:]
                size += written
    except Malformed as stop:
        problem = stop.problem
    except OSError:
        problem = Problem(kind=ProblemKind.OVER_LIMIT, at=at, detail="no room to inflate it")
    return Spooled(reader=_reader(file, size, budget), problem=problem)


def _on_disk(file: io.BytesIO) -> io.FileIO:
    """The same, where it takes no memory."""
    import tempfile  # which nothing else needs, and most files need not

    found = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 (its readers hold it open)
    left = file.getbuffer()
    while left:
        left = left[found.write(left) :]
    return found


def _reader(file: io.BytesIO | io.FileIO, size_bytes: int, budget: Budget) -> Reader:
    if isinstance(file, io.BytesIO):
        return Reader.of_bytes(file.getvalue(), budget=budget)
    return Reader(lambda size, offset: os.pread(file.fileno(), size, offset), size_bytes, budget=budget)
