"""What lies where in a zip file: every member that any loader would find, and all the rest.

Some loaders go by the directory at the end, some by the header before each member, and they forgive different
lies. So members are taken from both places, wherever one points to them, and each contradiction is reported.
What belongs to no member, before, between and behind them, is handed on to be judged as a file of its own.

Source: PKWARE APPNOTE 6.3.10; CPython's Lib/zipfile; miniz as PyTorch uses it.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import replace

from ringfence.artifacts.format import Inside
from ringfence.artifacts.member_names import escapes, folded
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.artifacts.zip_directory import (
    DESCRIPTOR,
    ENCRYPTED,
    END,
    LOCAL,
    SIZES_FOLLOW,
    STORED,
    Directory,
    LocalHeader,
    Member,
    directory,
    local_header,
    read_listed,
)
from ringfence.core.dataclass import dataclass
from ringfence.core.findings import Confidence, Severity
from ringfence.core.limits import LIMITS

__all__ = ["Entry", "laid_out"]

_CENTRAL, _END64, _LOCATOR64 = b"PK\1\2", b"PK\6\6", b"PK\6\7"
_END_BYTES, _LOCATOR_BYTES, _COMMENT_BYTES = 22, 20, 0xFFFF
_METHODS = frozenset((*range(20), *range(92, 100)))  # that were ever given a number
_DESCRIPTORS = tuple(struct.Struct(form) for form in ("<4sLQQ", "<4sLLL", "<LQQ", "<LLL"))
_NO_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_DO_NOT_LOAD = "do not load it: loaders disagree on what is in it, as attackers want it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A member that some loader finds. All numbers are within the file but for `inflated_bytes`, a claim."""

    name: str
    at: int  # of its local header
    data_at: int
    size_bytes: int  # in the archive
    inflated_bytes: int | None  # None where nothing tells
    method: int
    encrypted: bool  # so it is said
    crc: int | None
    is_link: bool
    is_listed: bool  # in the directory


def laid_out(reader: Reader) -> Iterator[Entry | Spotted | Problem | Inside]:
    """Every member, whatever is wrong with how they lie, and what belongs to none of them."""
    taken: list[tuple[int, int]] = []
    members: list[Member] = []
    found = reader.once(directory)
    if found is None:
        detail = "no directory at the end of the archive"
        yield Problem(kind=ProblemKind.TRUNCATED, at=reader.size_bytes, detail=detail)
    else:
        yield from _listed(reader, found, members, taken)
        yield from _ends(reader, found, taken)
    yield from _names(members)
    yield from _claims(reader, members)
    yield from _entries(reader, members, taken)
    if len(members) <= LIMITS.zip_members:
        yield from _Rest(reader, is_secret=found is not None).searched(taken)


def _listed(
    reader: Reader, found: Directory, members: list[Member], taken: list[tuple[int, int]]
) -> Iterator[Spotted | Problem]:
    """Fills `members` from the directory, and from a second one where readers could see two."""
    try:
        yield from read_listed(reader, found, members)
    except Malformed as stop:
        yield stop.problem
    taken.append((found.at, found.at + found.size_bytes))
    said_at = found.at - found.moved_bytes
    if not found.moved_bytes or said_at + found.size_bytes > reader.size_bytes:
        return
    if said_at >= 0 and found.data and reader.at(said_at, len(_CENTRAL)) == _CENTRAL:
        yield _mismatch(
            said_at, "there are two directories: one where it should be, one where it is said to be"
        )
        known = {(each.at, each.name, each.size_bytes, each.method) for each in members}
        second = replace(
            found, at=said_at, data=reader.at(said_at, found.size_bytes), count=found.count, moved_bytes=0
        )
        others: list[Member] = []
        try:
            yield from read_listed(reader, second, others)
        except Malformed as stop:
            yield stop.problem
        taken.append((said_at, said_at + found.size_bytes))
        members += [e for e in others if (e.at, e.name, e.size_bytes, e.method) not in known]


def _ends(reader: Reader, found: Directory, taken: list[tuple[int, int]]) -> Iterator[Spotted | Inside]:
    """What is odd about the end records and the archive's comment."""
    end = reader.at(found.end_at, _END_BYTES)
    behind = found.end_at + _END_BYTES
    comment_bytes = min(int.from_bytes(end[20:22], "little"), reader.size_bytes - behind)
    taken.append((found.end_at, behind + comment_bytes))
    comment = reader.at(behind, comment_bytes)
    if _NO_TEXT.search(comment):
        yield from _unlisted(reader, behind, behind + comment_bytes, "(comment)")
    records_at = found.at + found.size_bytes
    locator_at = found.end_at - _LOCATOR_BYTES
    if locator_at >= records_at and reader.at(locator_at, _LOCATOR_BYTES).startswith(_LOCATOR64):
        taken.append((locator_at, found.end_at))
        wide = reader.at(records_at, min(56, found.end_at - records_at))
        if wide.startswith(_END64):
            size = int.from_bytes(wide[4:12], "little")
            taken.append((records_at, min(records_at + 12 + size, locator_at)))
            yield from _wide_mismatch(found, end, wide)
    tail_at = max(0, found.end_at - _END_BYTES - _COMMENT_BYTES)
    tail = reader.at(tail_at, found.end_at - tail_at)
    at = tail.find(END)
    while at >= 0:
        comment_ends = tail_at + at + _END_BYTES + int.from_bytes(tail[at + 20 : at + 22], "little")
        if len(tail) >= at + _END_BYTES and comment_ends == reader.size_bytes:
            yield _mismatch(tail_at + at, "there are two end records: one in the other's comment")
        at = tail.find(END, at + 1)


def _wide_mismatch(found: Directory, end: bytes, wide: bytes) -> Iterator[Spotted]:
    """Whether the 64-bit end record says something else than the short one."""
    short = struct.unpack_from("<HLL", end, 10)
    long = struct.unpack_from("<QQQ", wide, 32)
    for narrow, number, full in zip(short, long, (0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF), strict=True):
        if narrow not in (full, number):
            yield _mismatch(found.end_at, "the two end records, of 32 and of 64 bits, contradict each other")
            return


def _names(members: list[Member]) -> Iterator[Spotted | Problem]:
    """Names that lead elsewhere, and different names for one file. The same name twice is told already."""
    names: dict[str, str] = {}
    for member in members:
        yield from escapes(member.name, at=member.at)
        first = names.setdefault(folded(member.name), member.name)
        if first != member.name and not member.name.endswith("/"):
            detail = f"members {first} and {member.name} are the same file once they are unpacked"
            yield Problem(kind=ProblemKind.DUPLICATE_KEY, at=member.at, detail=detail)


def _claims(reader: Reader, members: list[Member]) -> Iterator[Problem]:
    total = sum(member.inflated_bytes for member in members)
    if total > LIMITS.inflated_ratio * reader.size_bytes:
        yield Problem(kind=ProblemKind.OVER_LIMIT, at=None, detail=f"said to inflate to {total} bytes")


def _entries(
    reader: Reader, members: list[Member], taken: list[tuple[int, int]]
) -> Iterator[Entry | Spotted | Problem]:
    """The listed members in file order. Of those that share bytes only a few: such archives are bombs."""
    most = len(members)
    if most > LIMITS.zip_members:
        most = LIMITS.zip_members_of_too_many
        detail = f"of more than {LIMITS.zip_members} members {most} were looked at"
        yield Problem(kind=ProblemKind.OVER_LIMIT, at=None, detail=detail)
    end, shared = 0, 0
    for member in sorted(members, key=lambda each: each.at)[:most]:
        header = local_header(reader, member.at)
        if header is None:
            kind = ProblemKind.BAD_HEADER if member.at < reader.size_bytes else ProblemKind.OUT_OF_RANGE
            yield Problem(kind=kind, at=member.at, detail="no member where the directory has one")
            if member.at + 2 <= reader.size_bytes and reader.at(member.at, 2) == b"PK":
                yield _mismatch(member.at, "a member's mark was changed, which not every loader looks at")
            continue
        yield from _differences(member, header)
        stops = header.data_at + _stored_bytes(member)
        if stops > reader.size_bytes:
            detail = f"a member of {member.size_bytes} bytes ends past the file's {reader.size_bytes}"
            yield Problem(kind=ProblemKind.OUT_OF_RANGE, at=header.data_at, detail=detail)
            stops = reader.size_bytes
        if member.at < end:
            yield Problem(kind=ProblemKind.OVERLAP, at=member.at, detail="two members share bytes")
            shared += 1
        taken.append((member.at, stops + _descriptor_bytes(reader, stops, member, header)))
        end = max(end, stops)
        if shared <= LIMITS.zip_overlapping:
            yield _entry(member, header, stops)


def _stored_bytes(member: Member) -> int:
    """Of a stored member some loaders read as many bytes as it is said to inflate to."""
    return max(member.size_bytes, member.inflated_bytes) if member.method == STORED else member.size_bytes


def _entry(member: Member, header: LocalHeader, stops: int) -> Entry:
    return Entry(
        name=member.name.partition("\0")[0],
        at=member.at,
        data_at=header.data_at,
        size_bytes=stops - header.data_at,
        inflated_bytes=member.inflated_bytes,
        method=member.method,
        encrypted=bool(member.flags & ENCRYPTED),
        crc=member.crc,
        is_link=member.is_link,
        is_listed=True,
    )


def _differences(member: Member, header: LocalHeader) -> Iterator[Spotted]:
    """Each thing that the directory and the header before the member say differently."""
    if header.name != member.name:
        yield _mismatch(member.at, f"{member.name} in the directory, {header.name} before the member")
    if header.method != member.method:
        yield _mismatch(
            member.at, f"{member.name}: compressed by method {member.method} or by method {header.method}"
        )
    if (header.flags ^ member.flags) & ENCRYPTED:
        yield _mismatch(member.at, f"{member.name}: encrypted or not")
    said = (header.size_bytes, header.inflated_bytes, header.crc)
    listed = (member.size_bytes, member.inflated_bytes, member.crc)
    for here, there, what in zip(said, listed, ("size", "inflated size", "checksum"), strict=True):
        if here != there and not (header.flags & SIZES_FOLLOW and here in (0, 0xFFFFFFFF)):
            yield _mismatch(member.at, f"{member.name}: its {what} is {there} or {here}")
    odd = member.size_bytes != member.inflated_bytes and not member.flags & ENCRYPTED
    if member.method == STORED and odd:
        sizes = f"stored in {member.size_bytes} bytes, said to be {member.inflated_bytes}"
        yield _mismatch(member.at, f"{member.name}: {sizes}")


def _descriptor_bytes(reader: Reader, at: int, member: Member, header: LocalHeader) -> int:
    """How long the record is that says a member's sizes once more, behind it; 0 where there is none."""
    if not (header.flags | member.flags) & SIZES_FOLLOW:
        return 0
    behind = reader.at(at, min(24, reader.size_bytes - at))
    sizes = (member.size_bytes, member.inflated_bytes)
    for form in _DESCRIPTORS:
        if len(behind) < form.size:
            continue
        *marks, _crc, size, inflated_size = form.unpack_from(behind)
        if (size, inflated_size) == sizes and all(mark == DESCRIPTOR for mark in marks):
            return form.size
    return 0


class _Rest:
    """Looks through what belongs to no listed member. In a file without any directory that is all of it."""

    def __init__(self, reader: Reader, *, is_secret: bool) -> None:
        self._reader = reader
        self._is_secret = is_secret
        self._left = LIMITS.carved_bytes
        self._members_left = LIMITS.zip_members

    def searched(self, taken: list[tuple[int, int]]) -> Iterator[Entry | Spotted | Problem | Inside]:
        """Members that the directory does not list, and bytes that are no members at all."""
        at = 0
        for start, end in sorted(taken):
            if start > at:
                yield from self._gap(at, start)
            at = max(at, end)
        if at < self._reader.size_bytes:
            yield from self._gap(at, self._reader.size_bytes)

    def _gap(self, start: int, end: int) -> Iterator[Entry | Spotted | Problem | Inside]:
        name = "(between members)"
        if self._is_secret and (start == 0 or end == self._reader.size_bytes):
            name = "(before the archive)" if start == 0 else "(behind the archive)"
        size = min(end - start, self._left)
        self._left -= size
        if size < end - start:
            detail = f"{end - start - size} bytes that belong to no member"
            yield Problem(kind=ProblemKind.OVER_LIMIT, at=start + size, detail=detail)
        data = self._reader.at(start, size)
        if not data.strip(b"\0"):
            return
        rest, at = 0, data.find(LOCAL)
        while at >= 0 and self._members_left:
            found = self._member(data, start, at)
            if found is None:
                at = data.find(LOCAL, at + 1)
                continue
            entry, behind = found
            self._members_left -= 1
            yield from self._unlisted(data, start, rest, at, name)
            if self._is_secret:
                yield _hidden(entry)
            yield from escapes(entry.name, at=entry.at)
            yield entry
            rest = behind
            at = data.find(LOCAL, rest)
        yield from self._unlisted(data, start, rest, len(data), name)

    def _unlisted(self, data: bytes, start: int, at: int, end: int, name: str) -> Iterator[Spotted | Inside]:
        """The part that is no member, unless it is padding or what is left of a lost directory."""
        broken = data.startswith(LOCAL, at)
        left_over = not self._is_secret and (broken or data.startswith(_CENTRAL, at))
        if not left_over and data[at:end].strip(b"\0"):
            # Without its mark, because what is broken here would be broken as an archive of its own as well.
            at += len(LOCAL) if broken else 0
            yield from _unlisted(self._reader, start + at, start + end, name)

    def _member(self, data: bytes, start: int, at: int) -> tuple[Entry, int] | None:
        """The member whose local header stands there and where it ends in `data`, None if it is none."""
        header = local_header(self._reader, start + at)
        if header is None or header.method not in _METHODS or header.data_at > start + len(data):
            return None
        begins = header.data_at - start
        size_is_known = not header.flags & SIZES_FOLLOW or header.size_bytes > 0
        if size_is_known:
            stops = behind = min(begins + header.size_bytes, len(data))
        else:
            following = data.find(LOCAL, begins)
            stops, behind = _before_descriptor(data, begins, len(data) if following < 0 else following)
        entry = Entry(
            name=header.name.partition("\0")[0],
            at=start + at,
            data_at=header.data_at,
            size_bytes=stops - begins,
            inflated_bytes=header.inflated_bytes if size_is_known else None,
            method=header.method,
            encrypted=bool(header.flags & ENCRYPTED),
            crc=header.crc if size_is_known else None,
            is_link=False,
            is_listed=False,
        )
        return entry, behind


def _before_descriptor(data: bytes, begins: int, stops: int) -> tuple[int, int]:
    """Where a member ends that stops at `stops` at the latest, and where the record of its sizes does."""
    at = data.find(DESCRIPTOR, begins, stops)
    while at >= 0:
        for form in _DESCRIPTORS[:2]:
            if at + form.size <= stops and form.unpack_from(data, at)[-2] == at - begins:
                return at, at + form.size
        at = data.find(DESCRIPTOR, at + 1, stops)
    return stops, stops


def _unlisted(reader: Reader, start: int, end: int, name: str) -> Iterator[Spotted | Inside]:
    yield Spotted(
        check="zip-unlisted-data",
        severity=Severity.MEDIUM,
        confidence=Confidence.CERTAIN,
        at=start,
        evidence=(f"{end - start} bytes {name.strip('()')} belong to no member",),
        advice="find out what the extra bytes are before you load it",
    )
    part = reader.part(start, end - start)
    if _is_script(part.head):
        yield Spotted(
            check="payload-in-model",
            severity=Severity.HIGH,
            confidence=Confidence.LIKELY,
            at=start,
            evidence=(name, "is a script, so that the file is a program as well"),
            advice="do not run or load it before you know what the script does",
        )
    yield Inside(name=name, reader=part, at=start)


def _is_script(head: bytes) -> bool:
    """Whether there is more to it than the line that names Python, with which packed applications begin."""
    first, _, rest = head.partition(b"\n")
    return first.startswith(b"#!") and (bool(rest.strip()) or b"python" not in first)


def _hidden(entry: Entry) -> Spotted:
    return Spotted(
        check="zip-hidden-member",
        severity=Severity.HIGH,
        confidence=Confidence.CERTAIN,
        at=entry.at,
        evidence=(entry.name, "is in the archive, and its directory does not list it"),
        advice=_DO_NOT_LOAD,
    )


def _mismatch(at: int, what: str) -> Spotted:
    return Spotted(
        check="archive-ambiguous",
        severity=Severity.HIGH,
        confidence=Confidence.CERTAIN,
        at=at,
        evidence=(what,),
        advice=_DO_NOT_LOAD,
    )
