"""FlatBuffers' tables, vectors and texts, each checked to lie within the file, without a schema.

Source: FlatBuffers' internals page.
"""

from collections.abc import Iterator

from ringfence.artifacts.problems import Malformed, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.core.limits import LIMITS

__all__ = ["Table", "root"]


class Table:
    """One table. A field that it leaves out, or that is younger than its writer, is 0, empty or None."""

    def __init__(self, reader: Reader, at: int) -> None:
        self._reader = reader
        self.at = at
        vtable = at - int.from_bytes(_at(reader, at, 4), "little", signed=True)
        size = _number(reader, vtable, 2)
        if size < 4 or size % 2:
            raise Malformed(ProblemKind.BAD_HEADER, at=vtable, detail="a table of fields makes no sense")
        self._fields = _at(reader, vtable, size)[4:]

    def number(self, index: int, size_bytes: int, *, signed: bool = False) -> int:
        """The number in that field."""
        at = self._place(index)
        return 0 if at is None else int.from_bytes(_at(self._reader, at, size_bytes), "little", signed=signed)

    def text(self, index: int) -> str:
        """The text in that field, its first `limits.metadata_value_chars` bytes."""
        start, count = self.vector(index, item_bytes=1)
        shown = self._reader.at(start, min(count, LIMITS.metadata_value_chars))
        return shown.decode("utf-8", "replace")

    def vector(self, index: int, *, item_bytes: int) -> tuple[int, int]:
        """Where the items of that field begin, and how many there are.

        Raises:
            Malformed: they do not lie within the file.
        """
        at = self._place(index)
        if at is None:
            return 0, 0
        at += _number(self._reader, at, 4)
        count = _number(self._reader, at, 4)
        if count * item_bytes > self._reader.size_bytes - at - 4:
            detail = f"{count} items of {item_bytes} bytes end past the file"
            raise Malformed.past_end(count * item_bytes, at=at, detail=detail)
        return at + 4, count

    def numbers(self, index: int) -> list[int]:
        """The 32-bit numbers in that field; at most `limits.header_items`."""
        start, count = self.vector(index, item_bytes=4)
        data = self._reader.at(start, 4 * _few(count, start))
        return [int.from_bytes(data[i : i + 4], "little", signed=True) for i in range(0, len(data), 4)]

    def tables(self, index: int) -> Iterator["Table"]:
        """The tables in that field; at most `limits.header_items`."""
        start, count = self.vector(index, item_bytes=4)
        for i in range(_few(count, start)):
            at = start + 4 * i
            yield Table(self._reader, at + _number(self._reader, at, 4))

    def _place(self, index: int) -> int | None:
        offset = int.from_bytes(self._fields[2 * index : 2 * index + 2], "little")
        return self.at + offset if offset else None


def root(reader: Reader) -> Table:
    """The table that the file is."""
    return Table(reader, _number(reader, 0, 4))


def _few(count: int, at: int) -> int:
    if count > LIMITS.header_items:
        raise Malformed(ProblemKind.OVER_LIMIT, at=at, detail=f"{count} items in one list")
    return count


def _number(reader: Reader, at: int, size_bytes: int) -> int:
    return int.from_bytes(_at(reader, at, size_bytes), "little")


def _at(reader: Reader, at: int, size_bytes: int) -> bytes:
    if not 0 <= at <= reader.size_bytes - size_bytes:
        detail = "a table or its field lies outside the file"
        raise Malformed.past_end(at, at=max(0, at), detail=detail)
    # Through the window: tables lie close together, and one system call for each number is dear.
    reader.offset = at
    return reader.take(size_bytes)
