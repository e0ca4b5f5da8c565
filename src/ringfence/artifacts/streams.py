"""Whole compressed files: every stream in them, piece by piece, and what stands behind the last one.

What came out before a limit, a wrong checksum or the end of a file that is cut short is judged all the same:
loaders would have acted on it by then.

Source: RFC 1950 (zlib), RFC 1952 (gzip), RFC 8878 (zstd), the xz, bzip2 and lz4 frame formats.
"""

import zlib
from collections.abc import Callable, Iterator

from ringfence.artifacts.decoders import DECODER_ERRORS, Decoder, MissingLibrary, decoder
from ringfence.artifacts.format import Inside, Judge
from ringfence.artifacts.inflating import Compression, compression_of
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spool import spooled
from ringfence.artifacts.spotted import Spotted
from ringfence.core.findings import Confidence, Severity
from ringfence.core.limits import LIMITS

__all__ = [
    "Streams",
    "first_not_zero",
    "inflate_one",
    "judge",
    "judge_streams",
    "needs_extra",
    "starts_stream",
]

_MAGIC = {
    Compression.GZIP: b"\x1f\x8b",
    Compression.BZIP2: b"BZh",
    Compression.XZ: b"\xfd7zXZ\x00",
    Compression.ZSTD: b"\x28\xb5\x2f\xfd",
    Compression.LZ4: b"\x04\x22\x4d\x18",
}
_WITH_SKIPPED_FRAMES = (Compression.ZSTD, Compression.LZ4)
_LZMAS = (Compression.XZ, Compression.LZMA)
_ZEROS_MAY_FOLLOW = (Compression.GZIP, Compression.XZ)
_IN_BYTES, _OUT_BYTES, _ZEROS_BYTES = 16 * 1024, 8 * 1024, 1024 * 1024
# An error costs all that was asked for in that call: loaders, which ask for 8 KiB or more, see no more.
_FIRST_OUT_BYTES, _FIRST_BYTES = 512, 64 * 1024
_GZIP_HEAD_BYTES = 1024
_DEFLATE_METHOD = 8
_CHECKSUM, _EXTRA, _NAME, _COMMENT = 2, 4, 8, 16  # gzip's flags


class Streams:
    """All streams of one kind in a file. After `chunks` has ended, `end` is where the last one does."""

    def __init__(self, reader: Reader, kind: Compression, *, at: int = 0) -> None:
        self.end = at
        self._reader = reader
        self._kind = kind

    def chunks(self) -> Iterator[bytes]:
        """What they inflate to.

        Raises:
            Malformed: one of them is broken or cut short. What came before stands.
            MissingLibrary: nothing here can inflate it.
        """
        while True:
            self._reader.budget.check_time(at=self.end)
            if _is_skipped(self._kind, self._magic()):
                self._skip_frame()
            elif self._kind is Compression.GZIP:
                yield from self._gzip_member()
            elif self._kind is Compression.ZLIB:
                yield from self._zlib_stream()
            else:
                yield from self._stream(decoder(self._kind), None)
            self._skip_zeros()
            if not self._goes_on():
                return

    def _magic(self) -> bytes:
        return self._reader.at(self.end, min(14, self._reader.size_bytes - self.end))

    def _goes_on(self) -> bool:
        """Whether another stream begins here. Loaders take .lzma behind .xz for one file, and the reverse."""
        head = self._magic()
        if self._kind in _LZMAS:
            found = compression_of(head)
            self._kind = found if found in _LZMAS else self._kind
            return found in _LZMAS
        magic = _MAGIC.get(self._kind)
        return bool(magic and head.startswith(magic)) or _is_skipped(self._kind, head)

    def _stream(self, decode: Decoder, checksum: Callable[[bytes, int], int] | None) -> Iterator[bytes]:
        for chunk in inflate_one(self._reader, decode, at=self.end, what=self._kind.value):
            if checksum:
                self._sum = checksum(chunk, self._sum)
            yield chunk
            self._size += len(chunk)
        self.end = self._reader.offset

    _sum = _size = 0

    def _gzip_member(self) -> Iterator[bytes]:
        self._sum = self._size = 0
        self.end = _gzip_header(self._reader, self.end)
        yield from self._stream(decoder(self._kind), zlib.crc32)
        trailer = self._trailer(8)
        if trailer != self._sum.to_bytes(4, "little") + (self._size & 0xFFFFFFFF).to_bytes(4, "little"):
            raise Malformed(ProblemKind.BAD_HEADER, at=self.end, detail="gzip data with a wrong checksum")
        self.end += 8

    def _zlib_stream(self) -> Iterator[bytes]:
        self._sum, self._size = 1, 0
        head = self._trailer(2)
        if head[1] & 0x20 or head[0] & 15 != _DEFLATE_METHOD or int.from_bytes(head) % 31:
            raise Malformed(ProblemKind.BAD_HEADER, at=self.end, detail="not valid zlib data")
        self.end += 2
        yield from self._stream(decoder(self._kind), zlib.adler32)
        if self._trailer(4) != self._sum.to_bytes(4):
            raise Malformed(ProblemKind.BAD_HEADER, at=self.end, detail="zlib data with a wrong checksum")
        self.end += 4

    def _trailer(self, size_bytes: int) -> bytes:
        return self._reader.at(self.end, size_bytes)

    def _skip_frame(self) -> None:
        size = int.from_bytes(self._reader.at(self.end + 4, 4), "little")
        if self.end + 8 + size > self._reader.size_bytes:
            raise Malformed(ProblemKind.TRUNCATED, at=self.end, detail="a frame ends past the file")
        self.end += 8 + size

    def _skip_zeros(self) -> None:
        if self._kind in _ZEROS_MAY_FOLLOW:
            self.end = first_not_zero(self._reader, self.end)


def judge(kind: Compression) -> Judge:
    """The judge of files that are compressed as a whole."""
    return lambda reader: judge_streams(reader, kind)


def judge_streams(reader: Reader, kind: Compression, *, at: int = 0) -> Iterator[Spotted | Problem | Inside]:
    """The file that the streams from `at` on inflate to, as a file within; and what is wrong with them."""
    streams = Streams(reader, kind, at=at)
    try:
        # Weights hardly shrink: a large archive of them is no bomb.
        most = max(LIMITS.judged_inflated_bytes, LIMITS.inflated_growth * reader.size_bytes)
        spool = spooled(streams.chunks(), budget=reader.budget, at=at, max_bytes=most)
    except MissingLibrary as missing:
        yield needs_extra(missing.extra)
        return
    if spool.reader.size_bytes:
        yield Inside(name="", reader=spool.reader, at=None)
    if spool.problem:
        yield spool.problem
    elif streams.end < reader.size_bytes:
        left = reader.size_bytes - streams.end
        detail = f"{left} bytes behind the {kind.value} data"
        yield Problem(kind=ProblemKind.TRAILING_DATA, at=streams.end, detail=detail)
        yield Inside(name="", reader=reader.part(streams.end, left), at=streams.end)


def starts_stream(head: bytes, kind: Compression) -> bool:
    """Whether the first bytes are those of such a stream, frames that readers skip included."""
    for _ in range(8):
        if not _is_skipped(kind, head):
            break
        size = int.from_bytes(head[4:8], "little")
        if 8 + size >= len(head):
            return False
        head = head[8 + size :]
    return head.startswith(_MAGIC[kind])


def inflate_one(reader: Reader, decode: Decoder, *, at: int, what: str) -> Iterator[bytes]:
    """What one stream from `at` on inflates to. The reader's offset is behind its end after that.

    Raises:
        Malformed: it is broken or cut short.
    """
    put = 0
    while not decode.eof:
        data = b""
        if decode.needs_input:
            data = reader.at(at, min(reader.size_bytes - at, _IN_BYTES))
            at += len(data)
            if not data:
                raise Malformed(ProblemKind.TRUNCATED, at=at, detail=f"the {what} data ends too early")
        try:
            chunk = decode.decompress(data, _FIRST_OUT_BYTES if put < _FIRST_BYTES else _OUT_BYTES)
        except DECODER_ERRORS as error:
            raise Malformed(ProblemKind.BAD_HEADER, at=at, detail=f"not valid {what} data") from error
        put += len(chunk)
        if chunk:
            yield chunk
        elif not (data or decode.eof or decode.needs_input):
            raise Malformed(ProblemKind.BAD_HEADER, at=at, detail=f"{what} data that leads nowhere")
    reader.offset = at - len(decode.unused_data)


def first_not_zero(reader: Reader, at: int) -> int:
    """Where the first byte from `at` on stands that is not zero; the file's end where there is none."""
    size = 1  # mostly there is no zero at all
    while at < reader.size_bytes:
        data = reader.at(at, min(reader.size_bytes - at, size))
        rest = data.lstrip(b"\0")
        at += len(data) - len(rest)
        size = _ZEROS_BYTES
        if rest:
            break
    return at


def needs_extra(extra: str) -> Spotted:
    """That a library of ringfence's `extra` is missing."""
    return Spotted(
        check="needs-extra",
        severity=Severity.MEDIUM,
        confidence=Confidence.CERTAIN,
        at=None,
        evidence=(f"install ringfence[{extra}]",),
        advice=f"install ringfence[{extra}] and look again: without it nobody has looked inside",
    )


def _is_skipped(kind: Compression, head: bytes) -> bool:
    """Whether a frame begins here that readers of zstd and lz4 step over."""
    return kind in _WITH_SKIPPED_FRAMES and head[1:4] == b"\x2a\x4d\x18" and head[0] >> 4 == 5


def _gzip_header(reader: Reader, start: int) -> int:
    """Where the data of the member at `start` begins. Checks no more than Python's loader does.

    The name that stands there counts for nothing: loaders go by the file's own.
    """
    left = reader.size_bytes - start
    for most in (_GZIP_HEAD_BYTES, LIMITS.header_string_bytes):
        head = reader.at(start, min(left, most))
        if (size := _gzip_header_bytes(head)) is not None:
            return start + size
    kind = ProblemKind.TRUNCATED if left <= LIMITS.header_string_bytes else ProblemKind.OVER_LIMIT
    raise Malformed(kind, at=start, detail="a gzip header without an end")


def _gzip_header_bytes(head: bytes) -> int | None:
    """How long the header is; None if that is more than there is of it."""
    if len(head) < 10 or head[2] != _DEFLATE_METHOD:
        return None
    flags, at = head[3], 10
    if flags & _EXTRA:
        at += 2 + int.from_bytes(head[at : at + 2], "little")
    for flag in (_NAME, _COMMENT):
        if flags & flag:
            end = head.find(b"\0", at)
            if end < 0:
                return None
            at = end + 1
    at += 2 if flags & _CHECKSUM else 0
    return at if at <= len(head) else None
