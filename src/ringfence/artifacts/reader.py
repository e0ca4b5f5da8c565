"""A bounded little-endian reader: no parser can ask for more than the file holds or a limit allows.

The file is read with `pread`, never mapped: a file that shrinks while it is read is `Malformed`, no SIGBUS.
"""

import os
import struct
from collections.abc import Callable
from functools import cached_property
from typing import Self

from ringfence.artifacts.problems import Malformed, ProblemKind
from ringfence.core.limits import LIMITS

__all__ = ["Reader"]

_WINDOW_BYTES = 64 * 1024
_U32 = struct.Struct("<I")
_U64 = struct.Struct("<Q")


class Reader:
    """Reads one file forwards, by numbers and strings, or anywhere by `at`.

    `read_at(size_bytes, offset)` returns at most that many bytes from there, like `os.pread`.
    """

    def __init__(self, read_at: Callable[[int, int], bytes], size_bytes: int) -> None:
        self._read_at = read_at
        self.size_bytes = size_bytes
        self.offset = 0
        self._window = b""
        self._window_at = 0

    @classmethod
    def of_bytes(cls, data: bytes) -> Self:
        """A reader over bytes in memory."""
        return cls(lambda size, offset: data[offset : offset + size], len(data))

    @classmethod
    def of_fd(cls, fd: int) -> Self:
        """A reader over a regular file that is open for reading; its size is taken now."""
        return cls(lambda size, offset: os.pread(fd, size, offset), os.fstat(fd).st_size)

    @property
    def remaining_bytes(self) -> int:
        """Bytes between the offset and the end."""
        return self.size_bytes - self.offset

    @cached_property
    def head(self) -> bytes:
        """The first bytes of the file, at most `limits.sniff_bytes`."""
        return self._read_at(min(LIMITS.sniff_bytes, self.size_bytes), 0)

    def at(self, offset: int, size_bytes: int) -> bytes:
        """Exactly `size_bytes` bytes from `offset`; the reader's own offset stays.

        Raises:
            Malformed: they do not fit into the file, are more than one header may have, or went away.
        """
        if offset < 0 or size_bytes < 0 or offset + size_bytes > self.size_bytes:
            raise Malformed(ProblemKind.TRUNCATED, at=offset, detail=f"{size_bytes} bytes end past the file")
        if size_bytes > LIMITS.header_bytes:
            raise Malformed(ProblemKind.OVER_LIMIT, at=offset, detail=f"{size_bytes} bytes of header")
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
        start = self.offset - self._window_at
        if start >= 0 and start + size_bytes <= len(self._window):
            data = self._window[start : start + size_bytes]
        elif size_bytes <= _WINDOW_BYTES:
            self._fill(size_bytes)
            data = self._window[:size_bytes]
        else:
            data = self.at(self.offset, size_bytes)
        self.offset += size_bytes
        return data

    def skip(self, size_bytes: int) -> None:
        """Moves on without reading.

        Raises:
            Malformed: that would be past the end.
        """
        if size_bytes < 0 or size_bytes > self.remaining_bytes:
            raise Malformed(
                ProblemKind.DOES_NOT_FIT,
                at=self.offset,
                detail=f"{size_bytes} bytes do not fit into the file",
            )
        self.offset += size_bytes

    def u32(self) -> int:
        """The next unsigned 32-bit number."""
        return int(_U32.unpack(self.take(4))[0])

    def u64(self) -> int:
        """The next unsigned 64-bit number."""
        return int(_U64.unpack(self.take(8))[0])

    def count(self, *, each_at_least_bytes: int) -> int:
        """A u64 count of items that are each at least that long.

        Raises:
            Malformed: the items could not fit into the rest of the file, or are more than a header may list.
        """
        n = self.u64()
        if n * each_at_least_bytes > self.remaining_bytes:
            raise Malformed(
                ProblemKind.DOES_NOT_FIT, at=self.offset - 8, detail=f"{n} items do not fit into the file"
            )
        return n

    def string(self) -> bytes:
        """A string behind its u64 length.

        Raises:
            Malformed: it does not fit into the file, or is longer than `limits.header_string_bytes`.
        """
        size = self.count(each_at_least_bytes=1)
        if size > LIMITS.header_string_bytes:
            raise Malformed(ProblemKind.OVER_LIMIT, at=self.offset - 8, detail=f"a string of {size} bytes")
        return self.take(size)

    def skip_strings(self, count: int) -> None:
        """Moves over `count` strings, each behind its u64 length. Tight, because token lists are long.

        Raises:
            Malformed: one of them does not fit into the file.
        """
        unpack = _U64.unpack_from
        while count:
            if self.offset - self._window_at + 8 > len(self._window) or self.offset < self._window_at:
                self._fill(8)
            window, at = self._window, self.offset - self._window_at
            last = len(window) - 8
            while count and at <= last:
                at += 8 + unpack(window, at)[0]
                count -= 1
            self.offset = self._window_at + at
            if self.offset > self.size_bytes:
                raise Malformed(
                    ProblemKind.DOES_NOT_FIT, at=self._window_at, detail="a string does not fit into the file"
                )

    def _fill(self, at_least_bytes: int) -> None:
        """Loads a window that starts at the offset."""
        size = max(at_least_bytes, min(_WINDOW_BYTES, self.remaining_bytes))
        self._window = self.at(self.offset, size)
        self._window_at = self.offset
