"""7z: every file is judged that LZMA, LZMA2, deflate, bzip2 or nothing was done to; the rest is inconclusive.

Source: 7-Zip's DOC/7zFormat.txt and DOC/Methods.txt.
"""

import lzma
import zlib
from collections.abc import Iterator

from ringfence.artifacts.archive_paths import escapes, leads_out, outside, twice
from ringfence.artifacts.decoders import DECODER_ERRORS, Decoder, decoder
from ringfence.artifacts.format import Format, Inside
from ringfence.artifacts.inflating import Compression
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.seven_zip_headers import Coder, File, Folder, Header, read_header, read_streams
from ringfence.artifacts.spool import Spooled, spooled
from ringfence.artifacts.spotted import Spotted
from ringfence.core.limits import LIMITS

__all__ = ["FORMAT"]

_MAGIC = b"7z\xbc\xaf\x27\x1c"
_START_BYTES = 32
_HEADER, _ENCODED = 1, 23
_IN_BYTES, _OUT_BYTES = 64 * 1024, 64 * 1024
_COPY, _LZMA2, _LZMA, _DELTA = b"\0", b"\x21", b"\3\1\1", b"\3"
_DEFLATE, _BZIP2, _AES = b"\4\1\x08", b"\4\2\2", b"\6\xf1\7\1"
_BRANCHES = {
    b"\4": lzma.FILTER_X86,
    b"\3\3\1\3": lzma.FILTER_X86,
    b"\3\3\2\5": lzma.FILTER_POWERPC,
    b"\3\3\4\1": lzma.FILTER_IA64,
    b"\3\3\5\1": lzma.FILTER_ARM,
    b"\3\3\7\1": lzma.FILTER_ARMTHUMB,
    b"\3\3\x08\5": lzma.FILTER_SPARC,
}
_LINK_BYTES = 4096


def _judge(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    start = reader.at(0, _START_BYTES)
    offset, size = int.from_bytes(start[12:20], "little"), int.from_bytes(start[20:28], "little")
    if zlib.crc32(start[12:]) != int.from_bytes(start[8:12], "little"):
        yield Problem(kind=ProblemKind.BAD_HEADER, at=8, detail="a wrong checksum of the first header")
    end = _START_BYTES + offset + size
    if end < reader.size_bytes:
        detail = f"{reader.size_bytes - end} bytes behind the archive's end"
        yield Problem(kind=ProblemKind.TRAILING_DATA, at=end, detail=detail)
        yield Inside(name="", reader=reader.part(end, reader.size_bytes - end), at=end)
    if not size:
        return  # an archive of nothing
    data = reader.at(_START_BYTES + offset, size)
    if zlib.crc32(data) != int.from_bytes(start[28:], "little"):
        yield Problem(kind=ProblemKind.BAD_HEADER, at=28, detail="a wrong checksum of the last header")
    header = _header(reader, data)
    yield from _names(header.files)
    yield from _contents(reader, header)


FORMAT = Format(
    name="7z",
    title="7z",
    suffixes=(".7z",),
    sniff=lambda reader: reader.head.startswith(_MAGIC) and reader.size_bytes >= _START_BYTES,
    starts=(_MAGIC,),
    read=lambda _reader: iter(()),
    judge=_judge,
    leaves_out=(),
)


def _header(reader: Reader, data: bytes) -> Header:
    """The header, inflated as often as it is packed."""
    for _ in range(LIMITS.judged_depth):
        part = Reader.of_bytes(data, budget=reader.budget)
        kind = part.take(1)[0]
        if kind == _HEADER:
            return read_header(part)
        if kind != _ENCODED:
            raise Malformed(ProblemKind.BAD_HEADER, at=None, detail="no 7z header")
        folders = read_streams(part)
        if len(folders) != 1 or folders[0].size_bytes > LIMITS.seven_zip_header_bytes:
            raise Malformed(ProblemKind.OVER_LIMIT, at=None, detail="a header that is too large")
        unpacked = _unpacked(reader, folders[0])
        if unpacked.problem:
            raise Malformed(unpacked.problem.kind, at=None, detail=unpacked.problem.detail)
        data = unpacked.reader.at(0, unpacked.reader.size_bytes)
    raise Malformed(ProblemKind.OVER_LIMIT, at=None, detail="a header packed too often")


def _names(files: list[File]) -> Iterator[Spotted]:
    seen: set[str] = set()
    for file in files:
        if escapes(file.name):
            yield outside(file.name, at=None)
        if file.name in seen:
            yield twice(file.name, at=None)
        seen.add(file.name)


def _contents(reader: Reader, header: Header) -> Iterator[Spotted | Problem | Inside]:
    files = [file for file in header.files if file.has_data]
    if sum(len(folder.sizes) for folder in header.folders) != len(files):
        raise Malformed(ProblemKind.BAD_HEADER, at=None, detail="not as many files as contents")
    links = {file.name for file in files if file.is_link}
    first = 0
    for folder in header.folders:
        here = files[first : first + len(folder.sizes)]
        first += len(folder.sizes)
        try:
            unpacked = _unpacked(reader, folder)
        except Malformed as wrong:
            yield wrong.problem
            continue
        at = 0
        for file, size in zip(here, folder.sizes, strict=True):
            part = unpacked.reader.part(
                min(at, unpacked.reader.size_bytes), max(0, min(size, unpacked.reader.size_bytes - at))
            )
            at += size
            if file.is_link:
                target = part.at(0, min(part.size_bytes, _LINK_BYTES)).decode("utf-8", "replace")
                if leads_out(file.name, target, links):
                    yield outside(f"{file.name} → {target}", at=None)
            elif part.size_bytes:
                yield Inside(name=file.name, reader=part, at=None)
        if unpacked.problem:
            yield unpacked.problem


def _unpacked(reader: Reader, folder: Folder) -> Spooled:
    """What the folder's files are, one behind the other.

    Raises:
        Malformed: it is packed in a way that nobody here unpacks.
    """
    at = _START_BYTES + folder.packed_at
    if at + folder.packed_bytes > reader.size_bytes:
        raise Malformed(ProblemKind.OUT_OF_RANGE, at=at, detail="packed bytes lie outside the file")
    packed = reader.part(at, folder.packed_bytes)
    return spooled(_chunks(packed, folder, at), budget=reader.budget, at=at)


def _chunks(packed: Reader, folder: Folder, at: int) -> Iterator[bytes]:
    left = folder.size_bytes
    decode = None if [each.method for each in folder.coders] == [_COPY] else _decoder(folder, at)
    offset = 0
    while left:
        data = b""
        if decode is None or decode.needs_input:
            data = packed.at(offset, min(packed.size_bytes - offset, _IN_BYTES))
            offset += len(data)
        try:
            chunk = decode.decompress(data, min(left, _OUT_BYTES)) if decode else data[:left]
        except DECODER_ERRORS as error:
            raise Malformed(ProblemKind.BAD_HEADER, at=at, detail="not validly packed") from error
        if not chunk and (not data or (decode and decode.eof)):
            raise Malformed(ProblemKind.TRUNCATED, at=at, detail="the packed bytes end too early")
        left -= len(chunk)
        yield chunk


def _decoder(folder: Folder, at: int) -> Decoder:
    methods = [coder.method for coder in folder.coders]
    if all(coder.is_simple for coder in folder.coders):
        if methods == [_DEFLATE]:
            return decoder(Compression.DEFLATE)
        if methods == [_BZIP2]:
            return decoder(Compression.BZIP2)
        filters = [_filter(coder, folder.size_bytes) for coder in folder.coders]
        if methods[-1] in (_LZMA, _LZMA2) and all(filters):
            try:
                return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[each for each in filters if each])
            except (lzma.LZMAError, ValueError, MemoryError, OverflowError) as error:
                raise Malformed(ProblemKind.BAD_HEADER, at=at, detail="nonsense about LZMA") from error
    how = "encrypted" if _AES in methods else f"packed by method {', '.join(each.hex() for each in methods)}"
    raise Malformed(ProblemKind.OVER_LIMIT, at=at, detail=f"files are {how}")


def _filter(coder: Coder, size_bytes: int) -> dict[str, int] | None:
    """The step as liblzma has it; its memory is never more than what comes out of it."""
    said, most = coder.properties, max(4096, min(size_bytes, LIMITS.judged_inflated_bytes))
    if coder.method in _BRANCHES and not said:
        return {"id": _BRANCHES[coder.method]}
    if coder.method == _DELTA and len(said) == 1:
        return {"id": lzma.FILTER_DELTA, "dist": said[0] + 1}
    if coder.method == _LZMA2 and len(said) == 1 and said[0] <= 40:
        return {"id": lzma.FILTER_LZMA2, "dict_size": min(most, (2 | said[0] & 1) << said[0] // 2 + 11)}
    if coder.method == _LZMA and len(said) == 5:
        rest, lc = divmod(said[0], 9)
        pb, lp = divmod(rest, 5)
        size = min(most, max(4096, int.from_bytes(said[1:], "little")))
        return {"id": lzma.FILTER_LZMA1, "dict_size": size, "lc": lc, "lp": lp, "pb": pb}
    return None
