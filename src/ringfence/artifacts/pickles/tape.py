"""The bytes of a stream of pickles as the machine sees them: one window after the other, cut at frames.

Source: the framing of protocol 4, PEP 3154.
"""

from typing import Final

from ringfence.artifacts.pickles.seen import Seen
from ringfence.artifacts.reader import Reader

__all__ = ["Broken", "Tape"]

_WINDOW_BYTES: Final = 64 * 1024
_ARGUMENT_BYTES: Final = 16  # no fixed argument is longer, so none is cut by a window's end


class Broken(Exception):
    """The pickle cannot be read on from here."""


class Tape:
    """Windows over a reader. Positions within a window are `i`, those in the stream `at`."""

    __slots__ = ("_reader", "_seen", "_whole", "base", "frame_end", "limit", "size", "window")

    def __init__(self, reader: Reader, seen: Seen) -> None:
        self._reader = reader
        self._seen = seen
        self.size = reader.size_bytes
        self.rewind()

    def rewind(self) -> None:
        """A new pickle begins, in no frame yet."""
        self.window = b""
        self.base = 0  # where the window begins
        self.limit = 0  # in the window: an opcode that begins before this lies wholly in window and frame
        self._whole = 0  # the same without the frame
        self.frame_end: int | None = None

    def refill(self, at: int) -> None:
        """Moves the window to `at`.

        Raises:
            Broken: the stream ends there.
            Malformed: over a limit.
        """
        if self.frame_end is not None and at >= self.frame_end:
            if at > self.frame_end:
                self._seen.odd(self.frame_end, "an opcode crosses the end of its frame", serious=True)
            self.frame_end = None
        if at >= self.size:
            raise Broken("the file ends within a pickle")
        size = min(_WINDOW_BYTES, self.size - at)
        if self.frame_end is not None:  # small frames must not cost a large window each
            size = min(size, self.frame_end - at + _ARGUMENT_BYTES)
        data = self._reader.at(at, size)
        last = at + size == self.size
        self.window = data + bytes(_ARGUMENT_BYTES) if last else data
        self._whole = size if last else size - _ARGUMENT_BYTES
        self.base = at
        self._cut_at_frame()
        self._seen.walked_bytes += self.limit

    def begin_frame(self, at: int, size_bytes: int) -> None:
        """The frame of that length begins at `at`."""
        if self.frame_end is not None and at < self.frame_end:
            self._seen.odd(at, "a frame begins within a frame", serious=True)
        self.frame_end = at + size_bytes
        if self.frame_end > self.size:
            self._seen.odd(at, "a frame ends past the file")
            self.frame_end = None
        self._cut_at_frame()

    def _cut_at_frame(self) -> None:
        within = self._whole if self.frame_end is None else self.frame_end - self.base
        self.limit = min(self._whole, within)

    def number(self, i: int, width: int) -> int:
        """The unsigned argument of so many bytes behind the opcode at `i`."""
        return int.from_bytes(self.window[i + 1 : i + 1 + width], "little")

    def line_end(self, i: int) -> int | None:
        """Where in the window the line that begins at `i` ends; None when it ends behind it."""
        found = self.window.find(b"\n", i, self.limit)
        return None if found < 0 else found
