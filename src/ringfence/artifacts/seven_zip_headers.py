"""7z's header: which files there are, and which bytes they are packed into. Inflates nothing.

Every count is held against the bytes that are left. Coders with more than one stream in or out (BCJ2) are
named, not followed.

Source: 7-Zip's DOC/7zFormat.txt and DOC/Methods.txt.
"""

import stat
from dataclasses import field

from ringfence.artifacts.problems import Malformed, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS

__all__ = ["Coder", "File", "Folder", "Header", "read_header", "read_streams"]

_END, _HEADER, _PROPERTIES, _ADDITIONAL, _STREAMS, _FILES = 0, 1, 2, 3, 4, 5
_PACK, _UNPACK, _SUBSTREAMS, _SIZE, _CRC, _FOLDER, _UNPACK_SIZE, _COUNT = 6, 7, 8, 9, 10, 11, 12, 13
_EMPTY_STREAM, _NAMES, _ATTRIBUTES = 14, 17, 21
_UNIX_MODE = 0x8000  # an attribute that says that the upper half is one
_CODERS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Coder:
    """One step between packed bytes and files."""

    method: bytes
    properties: bytes
    is_simple: bool  # one stream in, one out


@dataclass(slots=True, kw_only=True)
class Folder:
    """Packed bytes that become one run of bytes: one file after the other."""

    coders: list[Coder]  # as a packer applies them; where they are no chain, some that are not simple
    packed_at: int = 0  # within the archive's packed bytes
    packed_bytes: int = 0
    sizes: list[int] = field(default_factory=list)  # of the files
    size_bytes: int = 0
    has_crc: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file or folder in the archive."""

    name: str
    has_data: bool
    is_link: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What is in the archive: the files with data are those of the folders, in order."""

    folders: list[Folder]
    files: list[File]


def read_header(reader: Reader) -> Header:
    """The header behind its type byte.

    Raises:
        Malformed: it is none, or lists more than the limit.
    """
    folders: list[Folder] = []
    files: list[File] = []
    kind = _byte(reader)
    if kind == _PROPERTIES:
        while _byte(reader) != _END:
            reader.skip(_number(reader))
        kind = _byte(reader)
    if kind == _ADDITIONAL:
        read_streams(reader)
        kind = _byte(reader)
    if kind == _STREAMS:
        folders = read_streams(reader)
        kind = _byte(reader)
    if kind == _FILES:
        files = _files(reader)
        kind = _byte(reader)
    if kind != _END:
        raise _bad(reader)
    return Header(folders=folders, files=files)


def read_streams(reader: Reader) -> list[Folder]:
    """The folders, with their files' sizes.

    Raises:
        Malformed: as `read_header` does.
    """
    packed: list[tuple[int, int]] = []
    folders: list[Folder] = []
    kind = _byte(reader)
    if kind == _PACK:
        packed = _packed(reader)
        kind = _byte(reader)
    if kind == _UNPACK:
        folders = _folders(reader, packed)
        kind = _byte(reader)
    if kind == _SUBSTREAMS:
        _substreams(reader, folders)
        kind = _byte(reader)
    else:
        for folder in folders:
            folder.sizes = [folder.size_bytes]
    if kind != _END:
        raise _bad(reader)
    return folders


def _packed(reader: Reader) -> list[tuple[int, int]]:
    at, count = _number(reader), _count(reader)
    found = []
    kind = _byte(reader)
    if kind == _SIZE:
        for _ in range(count):
            size = _number(reader)
            found.append((at, size))
            at += size
        kind = _byte(reader)
    if kind == _CRC:
        _skip_digests(reader, count)
        kind = _byte(reader)
    if kind != _END or len(found) != count:
        raise _bad(reader)
    return found


def _folders(reader: Reader, packed: list[tuple[int, int]]) -> list[Folder]:
    _expect(reader, _FOLDER)
    count = _count(reader)
    _expect(reader, 0)  # not elsewhere
    found, outs, first = [], [], 0
    for _ in range(count):
        folder, streams, steps = _folder(reader)
        if first + streams > len(packed):
            raise _bad(reader)
        if streams:
            folder.packed_at = packed[first][0]
            folder.packed_bytes = packed[first][1]
        first += streams
        found.append(folder)
        outs.append(steps)
    _expect(reader, _UNPACK_SIZE)
    for folder, (all_outs, last) in zip(found, outs, strict=True):
        sizes = [_number(reader) for _ in range(all_outs)]
        folder.size_bytes = sizes[last]
    kind = _byte(reader)
    if kind == _CRC:
        for folder, defined in zip(found, _skip_digests(reader, count), strict=True):
            folder.has_crc = defined
        kind = _byte(reader)
    if kind != _END:
        raise _bad(reader)
    return found


def _folder(reader: Reader) -> tuple[Folder, int, tuple[int, int]]:
    """A folder, how many packed streams it takes, how many streams come out, and which is the last."""
    coders, ins, outs = [], 0, 0
    count = _number(reader)
    if not 1 <= count <= _CODERS:
        raise _bad(reader)
    for _ in range(count):
        coder, taken, given = _coder(reader)
        coders.append(coder)
        ins, outs = ins + taken, outs + given
    if outs > ins or ins > 4 * _CODERS:
        raise _bad(reader)
    bound = {(_number(reader)): _number(reader) for _ in range(outs - 1)}
    streams = ins - (outs - 1)
    if streams > 1:
        for _ in range(streams):
            _number(reader)
    ends = [out for out in range(outs) if out not in bound.values()]
    if len(ends) != 1:
        raise _bad(reader)
    chain: list[Coder] = []
    if streams == 1 and all(coder.is_simple for coder in coders):
        step: int | None = ends[0]
        while step is not None and len(chain) < len(coders):
            chain.append(coders[step])
            step = bound.get(step)
            if step is not None and step >= len(coders):
                raise _bad(reader)
        if step is not None or len(chain) != len(coders):
            raise _bad(reader)
    else:
        chain = [coder for coder in coders if not coder.is_simple] or coders
    return Folder(coders=chain), streams, (outs, ends[0])


def _coder(reader: Reader) -> tuple[Coder, int, int]:
    flags = _byte(reader)
    if flags & 0xC0:
        raise _bad(reader)
    method = reader.take(flags & 15)
    taken, given = (_number(reader), _number(reader)) if flags & 0x10 else (1, 1)
    if not (1 <= taken <= _CODERS and 1 <= given <= _CODERS):
        raise _bad(reader)
    properties = reader.take(_at_most(_number(reader), LIMITS.literal_bytes)) if flags & 0x20 else b""
    return Coder(method=method, properties=properties, is_simple=taken == given == 1), taken, given


def _substreams(reader: Reader, folders: list[Folder]) -> None:
    counts = [1] * len(folders)
    kind = _byte(reader)
    if kind == _COUNT:
        counts = [_at_most(_number(reader), LIMITS.header_items) for _ in folders]
        _at_most(sum(counts), LIMITS.header_items)
        kind = _byte(reader)
    for folder, count in zip(folders, counts, strict=True):
        left = folder.size_bytes
        folder.sizes = []
        for i in range(count):
            size = _number(reader) if kind == _SIZE and i < count - 1 else left
            left -= size
            folder.sizes.append(size)
        if left < 0 or (count > 1 and kind != _SIZE):
            raise _bad(reader)
    if kind == _SIZE:
        kind = _byte(reader)
    if kind == _CRC:
        known = sum(1 for folder, n in zip(folders, counts, strict=True) if n == 1 and folder.has_crc)
        _skip_digests(reader, sum(counts) - known)
        kind = _byte(reader)
    if kind != _END:
        raise _bad(reader)


def _files(reader: Reader) -> list[File]:
    count = _count(reader)
    names, empty, attributes = [""] * count, [False] * count, [0] * count
    while (kind := _number(reader)) != _END:
        size = _number(reader)
        part = Reader.of_bytes(reader.take(_at_most(size, reader.remaining_bytes)), budget=reader.budget)
        if kind == _EMPTY_STREAM:
            empty = _bits(part, count)
        elif kind == _NAMES:
            _expect(part, 0)
            names = part.take(part.remaining_bytes).decode("utf-16-le", "replace").split("\0")
            if len(names) != count + 1:
                raise _bad(reader)
        elif kind == _ATTRIBUTES:
            defined = _defined(part, count)
            _expect(part, 0)
            attributes = [part.u32() if each else 0 for each in defined]
    return [
        File(
            name=names[i],
            has_data=not empty[i],
            is_link=bool(attributes[i] & _UNIX_MODE) and stat.S_ISLNK(attributes[i] >> 16),
        )
        for i in range(count)
    ]


def _skip_digests(reader: Reader, count: int) -> list[bool]:
    defined = _defined(reader, count)
    reader.skip(4 * sum(defined))
    return defined


def _defined(reader: Reader, count: int) -> list[bool]:
    return [True] * count if _byte(reader) else _bits(reader, count)


def _bits(reader: Reader, count: int) -> list[bool]:
    data = reader.take(-(-count // 8))
    return [bool(data[i // 8] & 0x80 >> i % 8) for i in range(count)]


def _byte(reader: Reader) -> int:
    return reader.take(1)[0]


def _expect(reader: Reader, byte: int) -> None:
    if _byte(reader) != byte:
        raise _bad(reader)


def _number(reader: Reader) -> int:
    """A number whose first byte says by its leading ones how many more bytes follow."""
    first = _byte(reader)
    more = 8 - (first ^ 0xFF).bit_length()
    high = first & (0x7F >> more) if more < 7 else 0
    return int.from_bytes(reader.take(more), "little") + (high << 8 * more)


def _count(reader: Reader) -> int:
    return _at_most(_number(reader), LIMITS.header_items)


def _at_most(count: int, most: int) -> int:
    if count > most:
        raise Malformed(ProblemKind.OVER_LIMIT, at=None, detail=f"{count} items in one list")
    return count


def _bad(reader: Reader) -> Malformed:
    return Malformed(ProblemKind.BAD_HEADER, at=None, detail=f"no 7z header, at its byte {reader.offset}")
