"""Zip files as loaders of weights read them: the central directory, checked against each local header.

Reads names, sizes and places; inflates a bounded beginning of single members. Sizes in the directory are
claims: nothing is allocated because of them.

Source: PKWARE APPNOTE 6.3.10, sections 4.3 and 4.5.3.
"""

import struct
from collections.abc import Iterator

from ringfence.artifacts.inflating import Compression, inflated
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip

__all__ = [
    "DESCRIPTOR",
    "ENCRYPTED",
    "END",
    "LOCAL",
    "SIZES_FOLLOW",
    "STORED",
    "Directory",
    "LocalHeader",
    "Member",
    "check_members",
    "content",
    "data_start",
    "directory",
    "first_name",
    "local_header",
    "names",
    "opened",
    "read_listed",
    "read_members",
]

LOCAL, DESCRIPTOR, END = b"PK\3\4", b"PK\7\x08", b"PK\5\6"
_CENTRAL, _END64, _LOCATOR64 = b"PK\1\2", b"PK\6\6", b"PK\6\7"
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL_HEADER = struct.Struct("<4s5H3L2H")
STORED, _DEFLATED = 0, 8
ENCRYPTED, SIZES_FOLLOW = 1 << 0, 1 << 3
_U16_FULL, _U32_FULL = 0xFFFF, 0xFFFFFFFF
_UNIX, _LINK = 3, 0o120000


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """The central directory as it lies there. `moved_bytes` is what stands before the zip file proper."""

    at: int
    data: bytes
    count: int  # members, as the end record says
    moved_bytes: int
    size_bytes: int
    end_at: int  # of the end record; between the directory and it stands at most the 64-bit one


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One file in the archive, as the directory has it."""

    name: str
    at: int  # of the local header
    size_bytes: int  # in the archive
    inflated_bytes: int  # a claim
    method: int
    flags: int
    crc: int = 0
    is_link: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalHeader:
    """What stands before a member's bytes. Sizes of 64 bits are taken from its extra field."""

    name: str
    data_at: int
    size_bytes: int
    inflated_bytes: int
    method: int
    flags: int
    crc: int


def first_name(reader: Reader) -> bytes:
    """The first member's name, empty when the file does not start like a zip file."""
    head = reader.head
    if head[:4] != LOCAL or len(head) < 30:
        return b""
    return head[30 : 30 + int.from_bytes(head[26:28], "little")]


def directory(reader: Reader) -> Directory | None:
    """The central directory, None when there is none; without data when it is larger than the limit."""
    try:
        end, at = _end_record(reader)
        if at < 0:
            return None
        end_at = at
        count, size, offset = struct.unpack_from("<HLL", end, 10)
        if at >= 20 and (wide := _end_record_64(reader, at)):
            at, count, size, offset = wide
        if size > at:
            return None
        if at - size - offset > 0 and _is_in_a_member(reader, end_at):
            return None
        data = reader.at(at - size, size) if size <= LIMITS.zip_directory_bytes else b""
    except Malformed:
        return None
    return Directory(
        at=at - size,
        data=data,
        count=count,
        moved_bytes=at - size - offset,
        size_bytes=size,
        end_at=end_at,
    )


def _is_in_a_member(reader: Reader, at: int) -> bool:
    """Whether a stored member has that place, going by the headers from the start of the file on.

    An end record there is that of an archive in an archive, which itself is cut short.
    """
    begins = 0
    for _ in range(LIMITS.zip_members):
        header = local_header(reader, begins)
        if header is None or header.flags & SIZES_FOLLOW or begins > at:
            return False
        begins = header.data_at + header.size_bytes
        if begins > at:
            return header.method == STORED and header.data_at <= at
    return False


def names(reader: Reader) -> frozenset[str]:
    """The names in the directory, as far as it can be read; for `Reader.once`."""
    members: list[Member] = []
    try:
        for _problem in read_members(reader, members):
            pass
    except Malformed:
        pass
    return frozenset(member.name for member in members)


def read_members(reader: Reader, members: list[Member]) -> Iterator[Problem]:
    """Fills `members` from the central directory.

    Raises:
        Malformed: there is none, or an entry in it is not one.
    """
    found = reader.once(directory)
    if found is None:
        raise Malformed(
            ProblemKind.TRUNCATED, at=reader.size_bytes, detail="no directory at the end of the archive"
        )
    yield from read_listed(reader, found, members)


def read_listed(reader: Reader, found: Directory, members: list[Member]) -> Iterator[Problem]:
    """Fills `members` from that directory.

    Raises:
        Malformed: an entry in it is none.
    """
    if found.count and not found.data:
        detail = f"a directory of {reader.size_bytes - found.at} bytes"
        raise Malformed(ProblemKind.OVER_LIMIT, at=found.at, detail=detail)
    if found.moved_bytes < 0:
        raise Malformed(
            ProblemKind.DOES_NOT_FIT, at=found.at, detail="the archive's directory lies outside the file"
        )
    seen: set[str] = set()
    at = 0
    while at < len(found.data):
        member, at = _entry(found, at)
        if member.name in seen:
            yield Problem(
                kind=ProblemKind.DUPLICATE_KEY,
                at=member.at,
                detail=f"member {clip(member.name, chars=80)} stands twice",
            )
        seen.add(member.name)
        members.append(member)
        if len(members) >= LIMITS.header_items:
            raise Malformed(ProblemKind.OVER_LIMIT, at=found.at, detail=f"{found.count} members")
    if len(members) != found.count:
        detail = f"the archive says it has {found.count} members, and lists {len(members)}"
        yield Problem(kind=ProblemKind.BAD_HEADER, at=found.at, detail=detail)


def check_members(reader: Reader, members: list[Member]) -> Iterator[Problem]:
    """Whether members share bytes, lie outside, inflate beyond reason or contradict their local header."""
    total = sum(member.inflated_bytes for member in members)
    if total > LIMITS.inflated_ratio * reader.size_bytes:
        detail = f"said to inflate to {total} bytes"
        yield Problem(kind=ProblemKind.OVER_LIMIT, at=None, detail=detail)
    if len(members) > LIMITS.zip_members:
        detail = f"of {len(members)} members {LIMITS.zip_members} were compared with their headers"
        yield Problem(kind=ProblemKind.OVER_LIMIT, at=None, detail=detail)
    end = 0
    for member in sorted(members, key=lambda each: each.at)[: LIMITS.zip_members]:
        try:
            start = data_start(reader, member)
        except Malformed as wrong:
            yield wrong.problem
            continue
        if member.at < end:
            yield Problem(kind=ProblemKind.OVERLAP, at=member.at, detail="two members share bytes")
        end = max(end, start + member.size_bytes)
        if end > reader.size_bytes:
            yield Problem(
                kind=ProblemKind.OUT_OF_RANGE,
                at=start,
                detail=f"a member of {member.size_bytes} bytes ends past the file's {reader.size_bytes}",
            )
            return


def opened(reader: Reader, member: Member) -> Reader:
    """A reader over what the member holds; of a compressed one over its first `limits.inflated_bytes`.

    Raises:
        Malformed: it lies outside the file, is encrypted, or is compressed in a way that loaders do not know.
    """
    if member.method == STORED and not member.flags & ENCRYPTED:
        return reader.part(data_start(reader, member), member.size_bytes)
    return Reader.of_bytes(content(reader, member, max_bytes=LIMITS.inflated_bytes))


def content(reader: Reader, member: Member, *, max_bytes: int) -> bytes:
    """The first `max_bytes` of what the member holds.

    Raises:
        Malformed: as `opened` does.
    """
    start = data_start(reader, member)
    if member.flags & ENCRYPTED or member.method not in (STORED, _DEFLATED):
        how = "encrypted" if member.flags & ENCRYPTED else f"compressed by method {member.method}"
        raise Malformed(ProblemKind.OVER_LIMIT, at=member.at, detail=f"a member is {how}")
    data = reader.at(start, min(member.size_bytes, max_bytes))
    if member.method == STORED:
        return data
    try:
        return inflated(data, Compression.DEFLATE, max_bytes=max_bytes)
    except Malformed as wrong:
        raise Malformed(wrong.problem.kind, at=start, detail=wrong.problem.detail) from wrong


def _end_record(reader: Reader) -> tuple[bytes, int]:
    """The end record and where it lies; -1 for nowhere. Most archives have no comment behind it."""
    size = reader.size_bytes
    end = reader.at(max(0, size - 22), min(22, size))
    if len(end) == 22 and end.startswith(END) and end.endswith(b"\0\0"):
        return end, size - len(end)
    tail_at = max(0, size - 22 - _U16_FULL)
    tail = reader.at(tail_at, size - tail_at)
    found = tail.rfind(END, 0, max(0, len(tail) - 18))
    return tail[found : found + 22], -1 if found < 0 else tail_at + found


def _end_record_64(reader: Reader, end_at: int) -> tuple[int, int, int, int] | None:
    """Where the 64-bit end record lies, the members it counts, the directory's size and offset."""
    locator = reader.at(end_at - 20, 20)
    if not locator.startswith(_LOCATOR64):
        return None
    said = int.from_bytes(locator[8:16], "little")
    for at in (said, end_at - 76):
        if 0 <= at <= end_at - 76 and (record := reader.at(at, 56)).startswith(_END64):
            count, size, offset = struct.unpack_from("<QQQ", record, 32)
            return at, count, size, offset
    return None


def _entry(found: Directory, at: int) -> tuple[Member, int]:
    """The directory's entry there, and where the next one starts."""
    data = found.data
    if data[at : at + 4] != _CENTRAL or at + _ENTRY.size > len(data):
        raise Malformed(ProblemKind.BAD_HEADER, at=found.at + at, detail="no entry of an archive's directory")
    entry = _ENTRY.unpack_from(data, at)
    flags, method, crc, size, inflated_size = entry[3], entry[4], entry[7], entry[8], entry[9]
    name_size, extra_size, comment_size, offset = entry[10], entry[11], entry[12], entry[16]
    name_at = at + _ENTRY.size
    extra_at = name_at + name_size
    if _U32_FULL in (size, inflated_size, offset):
        extra = data[extra_at : extra_at + extra_size]
        inflated_size, size, offset = _wide(extra, (inflated_size, size, offset))
    member = Member(
        name=_text(data[name_at:extra_at]),
        at=found.moved_bytes + offset,
        size_bytes=size,
        inflated_bytes=inflated_size,
        method=method,
        flags=flags,
        crc=crc,
        is_link=entry[1] >> 8 == _UNIX and entry[15] >> 16 & 0o170000 == _LINK,
    )
    return member, extra_at + extra_size + comment_size


def _text(name: bytes) -> str:
    """The name in UTF-8, or else in the code page that archives had before."""
    try:
        return name.decode("utf-8")
    except UnicodeDecodeError:
        return name.decode("cp437")


def _wide(extra: bytes, narrow: tuple[int, int, int]) -> Iterator[int]:
    """Each number, taken from the 64-bit extra field where it does not fit into 32 bits."""
    at, end = 0, 0
    while at + 4 <= len(extra):
        tag, size = struct.unpack_from("<HH", extra, at)
        at, end = at + 4, at + 4 + size
        if tag == 1:
            break
        at = end
    for number in narrow:
        if number == _U32_FULL and at + 8 <= min(end, len(extra)):
            yield int(struct.unpack_from("<Q", extra, at)[0])
            at += 8
        else:
            yield number


def local_header(reader: Reader, at: int) -> LocalHeader | None:
    """The local header there; None when there is none."""
    if at < 0 or at + _LOCAL_HEADER.size > reader.size_bytes:
        return None
    header = _LOCAL_HEADER.unpack(reader.at(at, _LOCAL_HEADER.size))
    flags, method, crc, size, inflated_size, name_size, extra_size = (*header[2:4], *header[6:11])
    name_at = at + _LOCAL_HEADER.size
    extra_at = name_at + name_size
    if header[0] != LOCAL or extra_at + extra_size > reader.size_bytes:
        return None
    rest = reader.at(name_at, name_size + extra_size)
    if _U32_FULL in (size, inflated_size):
        inflated_size, size, _ = _wide(rest[name_size:], (inflated_size, size, 0))
    return LocalHeader(
        name=_text(rest[:name_size]),
        data_at=extra_at + extra_size,
        size_bytes=size,
        inflated_bytes=inflated_size,
        method=method,
        flags=flags,
        crc=crc,
    )


def data_start(reader: Reader, member: Member) -> int:
    """Where the member's bytes start, by its local header.

    Raises:
        Malformed: there is no such header, or it says something else than the directory.
    """
    if member.at + _LOCAL_HEADER.size > reader.size_bytes:
        raise Malformed(ProblemKind.OUT_OF_RANGE, at=member.at, detail="a member lies outside the file")
    found = local_header(reader, member.at)
    if found is None:
        raise Malformed(ProblemKind.BAD_HEADER, at=member.at, detail="no member where the directory has one")
    if found.method != member.method or found.name != member.name:
        raise Malformed(
            ProblemKind.BAD_HEADER,
            at=member.at,
            detail="a member is called another name than in the directory",
        )
    said = (found.size_bytes, found.inflated_bytes)
    same_size = said == (member.size_bytes, member.inflated_bytes)
    if not (same_size or found.flags & SIZES_FOLLOW or _U32_FULL in said):
        raise Malformed(
            ProblemKind.BAD_HEADER, at=member.at, detail="a member has another size than in the directory"
        )
    return found.data_at
