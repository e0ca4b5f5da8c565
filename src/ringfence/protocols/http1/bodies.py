"""Bodies, read as they come and written in chunks.

Chunked (RFC 9112, 7.1), one line after the other:

| where | then | is |
|-|-|-|
| size | `hex[;extension]` | data, or trailers where it is 0 |
| data | that many bytes | after |
| after | an empty line | size |
| trailers | a field | trailers |
| trailers | an empty line | done |
"""

import re
from enum import Enum, auto

from ringfence.core.limits import LIMITS
from ringfence.protocols.http import BadHttp, BodyKind, Headers
from ringfence.protocols.http1.heads import check_names, check_text

__all__ = ["LAST_CHUNK", "BodyReader", "chunk", "last_chunk"]

LAST_CHUNK = b"0\r\n\r\n"

_LINE_BYTES = LIMITS.http_chunk_line_bytes
_TEXT = rb"[\t\x20-\x7e\x80-\xff]"
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})(?:;" + _TEXT + rb"*)?")
_TRAILER = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+:" + _TEXT + rb"*")


class _Where(Enum):
    SIZE = auto()
    DATA = auto()
    AFTER = auto()
    TRAILERS = auto()
    DONE = auto()


def chunk(data: bytes) -> bytes:
    """One chunk; nothing for no data, because an empty chunk would be the last one."""
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


def last_chunk(trailers: Headers) -> bytes:
    """The end of a chunked body, with what comes behind it.

    Raises:
        BadHttp: something in it would be read as more than what it is.
    """
    check_names(trailers)
    fields = []
    for name, value in trailers:
        try:
            field = f"{name}: {value}".encode("latin-1")
        except UnicodeEncodeError:
            raise BadHttp("a trailer has characters that no header can have") from None
        check_text(field)
        fields.append(field + b"\r\n")
    return b"0\r\n%b\r\n" % b"".join(fields)


class BodyReader:
    """Takes bytes behind a head, gives those of the body; what comes behind its end is `rest`."""

    __slots__ = ("_fields", "_held", "_is_chunked", "_left", "_trailers", "_where", "rest")

    def __init__(self, kind: BodyKind, length: int | None = None) -> None:
        self.rest = b""
        self._held = b""  # the beginning of a line
        self._trailers = 0  # bytes
        self._fields: list[tuple[str, str]] = []
        self._is_chunked = kind is BodyKind.CHUNKED
        self._left: int | None = length if kind is BodyKind.LENGTH else 0
        if kind is BodyKind.UNTIL_CLOSE:
            self._left = None
        self._where = _Where.SIZE if self._is_chunked else _Where.DATA
        if self._left == 0 and not self._is_chunked:
            self._where = _Where.DONE

    @property
    def is_done(self) -> bool:
        """Whether the body is whole."""
        return self._where is _Where.DONE

    @property
    def trailers(self) -> Headers:
        """What came behind a chunked body that is whole."""
        return Headers(tuple(self._fields))

    def feed(self, data: bytes) -> bytes:
        """The body's bytes in these: `data` itself where it is nothing else.

        Raises:
            BadHttp: this is no body of that kind.
        """
        if self._where is _Where.DONE:
            self.rest += data
            return b""
        if self._left is None:
            return data
        if self._where is _Where.DATA and len(data) < self._left:
            self._left -= len(data)
            return data
        return self._chunked(data) if self._is_chunked else self._last(data)

    def finish(self) -> None:
        """Says that nothing comes any more.

        Raises:
            BadHttp: the body is cut short.
        """
        if self._left is not None and self._where is not _Where.DONE:
            raise BadHttp("a body is cut short")
        self._where = _Where.DONE

    def _last(self, data: bytes) -> bytes:
        left, self._left = self._left, 0
        self._where = _Where.DONE
        if len(data) == left:
            return data
        self.rest = data[left:]
        return data[:left]

    def _chunked(self, data: bytes) -> bytes:
        view, pieces, at = memoryview(data), [], 0
        while at < len(data) and self._where is not _Where.DONE:
            if self._where is _Where.DATA:
                piece = view[at : at + (self._left or 0)]
                pieces.append(piece)
                at += len(piece)
                self._left = (self._left or 0) - len(piece)
                if not self._left:
                    self._where = _Where.AFTER
            else:
                at = self._line(data, at)
        if self._where is _Where.DONE:
            self.rest = data[at:]
        return b"".join(pieces)

    def _line(self, data: bytes, at: int) -> int:
        """Takes one line, or keeps its beginning; says how far that led."""
        line = self._held + data[at : at + _LINE_BYTES + 2]
        end = line.find(b"\r\n")
        if end > _LINE_BYTES or (end < 0 and len(line) > _LINE_BYTES + 1):
            raise BadHttp(f"a line of a chunked body is longer than {_LINE_BYTES} bytes")
        if end < 0:
            if b"\n" in line or (self._where is _Where.AFTER and line != b"\r"):
                raise BadHttp("a line of a chunked body ends otherwise")
            self._held = line
            return len(data)
        at += end + 2 - len(self._held)
        self._held = b""
        self._take(line[:end])
        return at

    def _take(self, line: bytes) -> None:
        if self._where is _Where.SIZE:
            size = _SIZE.fullmatch(line)
            if size is None:
                raise BadHttp("a chunk's size is no number")
            self._left = int(size[1], 16)
            self._where = _Where.DATA if self._left else _Where.TRAILERS
        elif self._where is _Where.AFTER:
            if line:
                raise BadHttp("a chunk is longer than it says")
            self._where = _Where.SIZE
        elif line:
            self._trailers += len(line)
            if self._trailers > LIMITS.http_trailer_bytes or not _TRAILER.fullmatch(line):
                raise BadHttp("trailers that are too long, or none")
            name, _, value = line.decode("latin-1").partition(":")
            self._fields.append((name, value.strip(" \t")))
        else:
            self._where = _Where.DONE
