"""cpio in its four spellings: every member is judged, and where it would be unpacked to.

Source: FreeBSD's cpio(5).
"""

import re
import struct
from collections.abc import Iterator
from typing import Final

from ringfence.artifacts.format import Format, Inside
from ringfence.artifacts.plain_archives import Entry, MemberKind, judge_members
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.artifacts.streams import first_not_zero
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS

__all__ = ["FORMAT"]

_NEW: Final = re.compile(rb"07070[12].{8}(?P<mode>.{8}).{32}(?P<size>.{8}).{32}(?P<name>.{8}).{8}", re.DOTALL)
_NEW_BYTES: Final = 110
_OLD: Final = re.compile(rb"070707.{12}(?P<mode>.{6}).{24}.{11}(?P<name>.{6})(?P<size>.{11})", re.DOTALL)
_OLD_BYTES: Final = 76
_BINARY_BYTES: Final = 26
_BINARY: Final = {b"\xc7\x71": "<", b"\x71\xc7": ">"}
_STARTS: Final = (b"070701", b"070702", b"070707", *_BINARY)
_HEXADECIMAL, _OCTAL = re.compile(rb"[0-9A-Fa-f]+"), re.compile(rb"[0-7]+")
_END: Final = b"TRAILER!!!"
_TYPE_BITS: Final = 0o170000
_KINDS: Final = {
    0o040000: MemberKind.FOLDER,
    0o120000: MemberKind.LINK,
    0o100000: MemberKind.FILE,
    0: MemberKind.FILE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    mode: int
    name_bytes: int
    size_bytes: int
    header_bytes: int
    aligned_to: int


def _header(reader: Reader, at: int) -> _Header | None:
    """What a header at that place says; None if there is none."""
    start = reader.at(at, min(6, reader.size_bytes - at))
    if start[:2] in _BINARY and reader.size_bytes - at >= _BINARY_BYTES:
        numbers = struct.unpack(_BINARY[start[:2]] + "13H", reader.at(at, _BINARY_BYTES))
        size = numbers[11] << 16 | numbers[12]
        return _Header(
            mode=numbers[3], name_bytes=numbers[10], size_bytes=size, header_bytes=_BINARY_BYTES, aligned_to=2
        )
    is_old = start == b"070707"
    pattern, length, digits, base, aligned_to = (
        (_OLD, _OLD_BYTES, _OCTAL, 8, 1) if is_old else (_NEW, _NEW_BYTES, _HEXADECIMAL, 16, 4)
    )
    found = pattern.fullmatch(reader.at(at, length)) if reader.size_bytes - at >= length else None
    if found is None or not all(map(digits.fullmatch, found.groups())):
        return None
    mode, size, name = (int(found[each], base) for each in ("mode", "size", "name"))
    return _Header(mode=mode, name_bytes=name, size_bytes=size, header_bytes=length, aligned_to=aligned_to)


def _sniff(reader: Reader) -> bool:
    if not reader.head.startswith(_STARTS):
        return False
    header = _header(reader, 0)
    if header is None or not 0 < header.name_bytes <= reader.size_bytes - header.header_bytes:
        return False
    return reader.at(header.header_bytes + header.name_bytes - 1, 1) == b"\0"


def _members(reader: Reader) -> Iterator[Entry | Problem | Inside]:
    at = 0
    while (header := _header(reader, at)) is not None:
        if not 0 < header.name_bytes <= LIMITS.path_chars:
            raise Malformed(ProblemKind.BAD_HEADER, at=at, detail=f"a name of {header.name_bytes} bytes")
        name = reader.at(at + header.header_bytes, header.name_bytes).rstrip(b"\0")
        data_at = _aligned(at, header.header_bytes + header.name_bytes, header.aligned_to)
        if data_at > reader.size_bytes:
            raise Malformed.past_end(data_at, at=at, detail="a member ends past the file")
        if name == _END:
            end = first_not_zero(reader, min(data_at + header.size_bytes, reader.size_bytes))
            if end < reader.size_bytes:
                yield Problem(kind=ProblemKind.TRAILING_DATA, at=end, detail="bytes behind the archive's end")
                yield Inside(name="", reader=reader.part(end, reader.size_bytes - end), at=end)
            return
        if data_at + header.size_bytes > reader.size_bytes:
            raise Malformed.past_end(data_at + header.size_bytes, at=at, detail="a member ends past the file")
        yield Entry(
            at=at,
            name=name.decode("utf-8", "replace"),
            data_at=data_at,
            size_bytes=header.size_bytes,
            kind=_KINDS.get(header.mode & _TYPE_BITS, MemberKind.DEVICE),
        )
        at = min(_aligned(data_at, header.size_bytes, header.aligned_to), reader.size_bytes)
    yield Problem(kind=ProblemKind.TRUNCATED, at=at, detail="the archive has no end")
    if at < reader.size_bytes:
        yield Inside(name="", reader=reader.part(at, reader.size_bytes - at), at=at)


def _aligned(at: int, size_bytes: int, to: int) -> int:
    return at + size_bytes + -(at + size_bytes) % to


def _judge(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    return judge_members(reader, _members(reader))


FORMAT = Format(
    name="cpio",
    title="cpio archive",
    suffixes=(".cpio",),
    sniff=_sniff,
    starts=_STARTS,
    read=lambda _reader: iter(()),
    judge=_judge,
    leaves_out=(),
)
