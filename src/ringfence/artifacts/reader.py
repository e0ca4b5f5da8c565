"""A bounded little-endian reader: no parser can ask for more than the file holds or a limit allows.

The file is read with `pread`, never mapped: a file that shrinks while it is read is `Malformed`, no SIGBUS.
"""

import os
import struct
from collections.abc import Callable
from functools import cached_property
from itertools import repeat
from operator import length_hint
from typing import Self, TypeVar, cast

from ringfence.artifacts.budget import Budget
from ringfence.artifacts.problems import Malformed, ProblemKind
from ringfence.core.limits import LIMITS

__all__ = ["Reader"]

_T = TypeVar("_T")

# A window of the first size after a jump, then growing while the reading goes straight on.
_JUMP_BYTES, _START_BYTES, _WINDOW_BYTES = 1024, 16 * 1024, 64 * 1024
_U32 = struct.Struct("<I")
_U64 = struct.Struct("<Q")


class Reader:
    """Reads one file forwards, by numbers and strings, or anywhere by `at`.

    `read_at(size_bytes, offset)` returns at most that many bytes from there, like `os.pread`.
    """

    def __init__(
        self, read_at: Callable[[int, int], bytes], size_bytes: int, *, budget: Budget | None = None
    ) -> None:
        self.budget = budget or Budget(read_bytes=LIMITS.read_bytes)  # shared with the parts of this file
        self._read_at = read_at
        self.size_bytes = size_bytes
        self.offset = 0
        self._window = b""
        self._window_at = 0
        self._window_end = 0
        self._next_window_bytes = _START_BYTES
        self._known: dict[object, object] = {}

    @classmethod
    def of_bytes(cls, data: bytes, *, budget: Budget | None = None) -> Self:
        """A reader over bytes in memory, at the expense of the file they come from where `budget` is its."""
        return cls(lambda size, offset: data[offset : offset + size], len(data), budget=budget)

    @classmethod
    def of_fd(cls, fd: int, *, budget: Budget | None = None) -> Self:
        """A reader over a regular file that is open for reading; its size is taken now."""
        return cls(lambda size, offset: os.pread(fd, size, offset), os.fstat(fd).st_size, budget=budget)

    @property
    def remaining_bytes(self) -> int:
        """Bytes between the offset and the end."""
        return self.size_bytes - self.offset

    @cached_property
    def head(self) -> bytes:
        """The first bytes of the file, at most `limits.sniff_bytes`."""
        return self._read_at(min(LIMITS.sniff_bytes, self.size_bytes), 0)

    def part(self, offset: int, size_bytes: int) -> "Reader":
        """A reader over a range of this file, which counts from 0 and reads at this file's expense.

        Raises:
            Malformed: the range does not lie within the file.
        """
        if offset < 0 or size_bytes < 0 or offset + size_bytes > self.size_bytes:
            detail = f"{size_bytes} bytes end past the file"
            raise Malformed.past_end(offset + size_bytes, at=max(0, offset), detail=detail)
        read_at = self._read_at
        return Reader(
            lambda size, at: read_at(max(0, min(size, size_bytes - at)), offset + at),
            size_bytes,
            budget=self.budget,
        )

    def once(self, work: Callable[["Reader"], _T]) -> _T:
        """What `work` says about this file, worked out when it is first asked for."""
        if work not in self._known:
            self._known[work] = work(self)
        return cast("_T", self._known[work])

    def at(self, offset: int, size_bytes: int) -> bytes:
        """Exactly `size_bytes` bytes from `offset`; the reader's own offset stays.

        Raises:
            Malformed: they do not fit into the file, are more than one header or all of one file's reading
                may take, or went away.
        """
        if offset < 0 or size_bytes < 0 or offset + size_bytes > self.size_bytes:
            raise Malformed(ProblemKind.TRUNCATED, at=offset, detail=f"{size_bytes} bytes end past the file")
        if size_bytes > LIMITS.header_bytes:
            raise Malformed(ProblemKind.OVER_LIMIT, at=offset, detail=f"{size_bytes} bytes of header")
        self.budget.read(size_bytes, at=offset)
        parts: list[bytes] = []
        while size_bytes:
            part = self._read_at(size_bytes, offset)
            if not part:
                raise Malformed(ProblemKind.TRUNCATED, at=offset, detail="the file shrank while it was read")
            parts.append(part)
            offset += len(part)
            size_bytes -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def take(self, size_bytes: int) -> bytes:
        """The next `size_bytes` bytes.

        Raises:
            Malformed: as `at` does.
        """
        offset = self.offset
        end = offset + size_bytes
        if end > self._window_end or offset < self._window_at:
            if size_bytes > _WINDOW_BYTES:
                data = self.at(offset, size_bytes)
                self.offset = end
                return data
            self._fill(size_bytes)
        self.offset = end
        return self._window[offset - self._window_at : end - self._window_at]

    def skip(self, size_bytes: int) -> None:
        """Moves on without reading.

        Raises:
            Malformed: that would be past the end.
        """
        if size_bytes < 0 or size_bytes > self.remaining_bytes:
            detail = f"{size_bytes} bytes do not fit into the file"
            raise Malformed.past_end(size_bytes, at=self.offset, detail=detail)
        self.offset += size_bytes

    def u32(self) -> int:
        """The next unsigned 32-bit number."""
        offset = self.offset
        if offset + 4 > self._window_end or offset < self._window_at:
            self._fill(4)
        self.offset = offset + 4
        number: int = _U32.unpack_from(self._window, offset - self._window_at)[0]
        return number

    def u64(self) -> int:
        """The next unsigned 64-bit number."""
        offset = self.offset
        if offset + 8 > self._window_end or offset < self._window_at:
            self._fill(8)
        self.offset = offset + 8
        number: int = _U64.unpack_from(self._window, offset - self._window_at)[0]
        return number

    def count(self, *, each_at_least_bytes: int) -> int:
        """A u64 count of items that are each at least that long.

        Raises:
            Malformed: the items could not fit into the rest of the file, or are more than a header may list.
        """
        n = self.u64()
        if n * each_at_least_bytes > self.size_bytes - self.offset:
            raise Malformed.past_end(
                n * each_at_least_bytes, at=self.offset - 8, detail=f"{n} items do not fit into the file"
            )
        return n

    def string(self, *, max_bytes: int = LIMITS.header_string_bytes) -> bytes:
        """A string behind its u64 length.

        Raises:
            Malformed: it does not fit into the file, or is longer than `max_bytes`.
        """
        size = self.count(each_at_least_bytes=1)
        if size > max_bytes:
            raise Malformed(ProblemKind.OVER_LIMIT, at=self.offset - 8, detail=f"a string of {size} bytes")
        return self.take(size)

    def skip_strings(self, count: int) -> None:
        """Moves over `count` strings, each behind its u64 length. Tight, because token lists are long.

        Raises:
            Malformed: one of them does not fit into the file.
        """
        unpack = _U64.unpack_from
        while count:
            if self.offset + 8 > self._window_end or self.offset < self._window_at:
                self._fill(8)
            window, start = self._window, self.offset - self._window_at
            at = start
            left = repeat(None, count)
            try:
                for _ in left:
                    at += 8 + unpack(window, at)[0]
                count = 0
            except (struct.error, OverflowError):  # behind the window
                count = length_hint(left) + 1
            self.offset = self._window_at + at
            if self.offset > self.size_bytes:
                while start + 8 + (size := unpack(window, start)[0]) < at:
                    start += 8 + size
                raise Malformed.past_end(
                    size, at=self._window_at + start, detail="a string does not fit into the file"
                )

    def _fill(self, at_least_bytes: int) -> None:
        """Loads a window that starts at the offset: small after a jump, then larger and larger."""
        if not self._window_at <= self.offset <= self._window_end + _JUMP_BYTES:
            self._next_window_bytes = _JUMP_BYTES
        size = max(at_least_bytes, min(self._next_window_bytes, self.remaining_bytes))
        self._next_window_bytes = min(4 * self._next_window_bytes, _WINDOW_BYTES)
        self._window = self.at(self.offset, size)
        self._window_at = self.offset
        self._window_end = self.offset + size
