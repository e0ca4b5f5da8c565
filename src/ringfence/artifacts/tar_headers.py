"""Tar's headers, member by member: ustar, pax, GNU's long names, and what they leave to interpretation.

Nothing is allocated because of a number in a header. Where two readers of tar files would disagree, `odd`
says so: such a file can show one content to a scanner and another to a loader.

Source: POSIX.1-2017 pax; GNU tar's manual, "Tar Internals"; CPython's Lib/tarfile.py for what loaders do.
"""

import re
from collections.abc import Iterator

from ringfence.artifacts.problems import Malformed, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS

__all__ = [
    "BLOCK_BYTES",
    "DEVICES",
    "FOLDER",
    "HARD_LINK",
    "SPARSE",
    "SYMBOLIC_LINK",
    "Header",
    "TarMember",
    "header_at",
    "members_from",
    "next_header",
    "octal",
    "starts_tar",
]

BLOCK_BYTES = 512
HARD_LINK, SYMBOLIC_LINK, DEVICES, FOLDER, SPARSE = b"1", b"2", b"346", b"5", b"S"
_PAX, _PAX_GLOBAL, _LONG_NAME, _LONG_LINK = b"xX", b"g", b"LN", b"K"
_WITHOUT_DATA = HARD_LINK + SYMBOLIC_LINK + DEVICES + FOLDER
_OCTAL = re.compile(rb" *([0-7]*)[ \0]*")
_RECORD = re.compile(rb"(\d{1,20}) ([^=]+)=")
_LARGEST_OCTAL = 8**11 - 1  # what the size field can say without an extension


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """One block of 512 bytes, as it says it."""

    name: bytes
    other_name: bytes  # as readers have it that do not look at the magic
    link: bytes
    kind: bytes  # one byte
    size_bytes: int | None  # None for garbage, which readers take for different numbers
    block: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class TarMember:
    """One member with all that its headers say together. `names` has every name that a reader may take."""

    names: tuple[str, ...]
    link: str
    kind: bytes
    at: int  # of its first header
    header_at: int  # of its last, which is its own
    data_at: int
    size_bytes: int  # in the archive; what fits into it where the archive is cut short
    is_cut: bool
    attributes: dict[str, bytes]  # of pax headers
    block: bytes
    odd: tuple[str, ...]  # what readers disagree about
    next_at: int

    @property
    def name(self) -> str:
        """As most readers have it."""
        return self.names[0]


def starts_tar(reader: Reader) -> bool:
    """Whether the file begins with a tar header. Old ones have no magic, all have a checksum."""
    return reader.once(_starts_tar)


def _starts_tar(reader: Reader) -> bool:
    return header_at(reader.head) is not None


def header_at(block: bytes) -> Header | None:
    """The header that the block is, None if its checksum is wrong."""
    block = block[:BLOCK_BYTES]
    stated = _OCTAL.fullmatch(block[148:156])
    if len(block) < BLOCK_BYTES or stated is None or not stated[1]:
        return None
    summed = block[:148] + b" " * 8 + block[156:]
    # Some old writers took bytes for signed numbers.
    if int(stated[1], 8) != sum(summed) and int(stated[1], 8) != sum(memoryview(summed).cast("b")):
        return None
    name = other_name = _until_nul(block[:100])
    if prefix := _until_nul(block[345:500]):
        other_name = prefix + b"/" + name
    if block[257:263] == b"ustar\0":
        name = other_name
    return Header(
        name=name,
        other_name=other_name,
        link=_until_nul(block[157:257]),
        kind=block[156:157],
        size_bytes=octal(block[124:136]),
        block=block,
    )


def members_from(reader: Reader, at: int) -> Iterator[TarMember]:
    """The members from `at` on, up to a block that is no header, or to the end of the file.

    Raises:
        Malformed: a header is cut short, larger than the limit, or no header at all.
    """
    common: dict[str, bytes] = {}
    while at + BLOCK_BYTES <= reader.size_bytes:
        block = reader.at(at, BLOCK_BYTES)
        if not any(block):
            return
        member = _Gathered(reader, common, at).member(block)
        if member is None:
            return
        yield member
        at = member.next_at


def next_header(reader: Reader, at: int) -> int:
    """Where the first block from `at` on lies that could be a header; the file's end where none does."""
    while at + BLOCK_BYTES <= reader.size_bytes:
        if header_at(reader.at(at, BLOCK_BYTES)) is not None:
            return at
        at += BLOCK_BYTES
    return reader.size_bytes


def octal(field: bytes) -> int | None:
    """The number in a field of digits or, if it is a large one, in base 256; None for anything else."""
    if field[:1] in (b"\x80", b"\xff"):
        number = int.from_bytes(field[1:])
        return number if field[0] == 0x80 and number < 1 << 63 else None
    found = _OCTAL.fullmatch(field)
    return int(found[1] or b"0", 8) if found else None


class _Gathered:
    """The headers of one member: any number that extend it, and its own."""

    def __init__(self, reader: Reader, common: dict[str, bytes], at: int) -> None:
        self._reader = reader
        self._common = common  # what global headers say of all that follow
        self._first = self._at = at
        self._own: dict[str, bytes] = {}
        self._long: dict[bytes, bytes] = {}
        self._odd: list[str] = []

    def member(self, block: bytes) -> TarMember | None:
        """The member whose first header is `block`; None where only global headers are left.

        Raises:
            Malformed: there is no header where one has to be.
        """
        extended = False
        while True:
            header = header_at(block)
            if header is None:
                kind = ProblemKind.BAD_HEADER if any(block) else ProblemKind.TRUNCATED
                raise Malformed(kind, at=self._at, detail="no header of a tar member")
            if header.kind not in _PAX + _PAX_GLOBAL + _LONG_NAME + _LONG_LINK:
                return self._whole(header)
            self._extend(header)
            extended = extended or header.kind not in _PAX_GLOBAL
            if self._at + BLOCK_BYTES > self._reader.size_bytes:
                raise Malformed(ProblemKind.TRUNCATED, at=self._at, detail="a header without its member")
            block = self._reader.at(self._at, BLOCK_BYTES)
            if not extended and not any(block):
                return None

    def _extend(self, header: Header) -> None:
        """Takes in a header that is about the next one, and moves behind it."""
        size = header.size_bytes
        if size is None or size > LIMITS.tar_header_bytes:
            kind = ProblemKind.BAD_HEADER if size is None else ProblemKind.OVER_LIMIT
            raise Malformed(kind, at=self._at, detail=f"a header of {size} bytes")
        data = self._reader.at(self._at + BLOCK_BYTES, size)
        if header.kind in _PAX_GLOBAL:
            said = dict(self._records(data))
            if said.keys() & {"path", "linkpath", "size"}:
                self._odd.append("one header gives all members that follow a name or a size")
            self._common.update(said)
        elif header.kind in _PAX:
            if self._own:
                self._odd.append("two headers extend one member")
            self._own.update(self._records(data))
        else:
            what = b"K" if header.kind in _LONG_LINK else b"L"
            if what in self._long:
                self._odd.append("two headers name one member")
            self._long[what] = _until_nul(data)
        self._at += BLOCK_BYTES + _whole_blocks(size)

    def _records(self, data: bytes) -> Iterator[tuple[str, bytes]]:
        at = 0
        while at < len(data) and data[at]:
            found = _RECORD.match(data, at)
            end = at + int(found[1]) if found else 0
            if not found or end <= found.end() or data[end - 1 : end] != b"\n":
                self._odd.append("attributes that are not well-formed")
                return
            key = found[2].decode("utf-8", "replace")
            yield key, data[found.end() : end - 1]
            at = end

    def _whole(self, header: Header) -> TarMember:
        said = self._common | self._own
        names = [
            said.get("GNU.sparse.name"),
            said.get("path"),
            self._long.get(b"L"),
            header.name,
            header.other_name,
        ]
        link = said.get("linkpath") or self._long.get(b"K") or header.link
        size = self._size(header, said)
        kind = header.kind
        if kind == b"\0" and header.name.endswith(b"/"):
            kind = FOLDER
        if kind in _WITHOUT_DATA:
            if size:
                self._odd.append("a member that holds nothing has a size")
            size = 0
        data_at = self._at + BLOCK_BYTES + _sparse_blocks(self._reader, header, self._at)
        fits = min(size, max(0, self._reader.size_bytes - data_at))
        return TarMember(
            names=tuple(dict.fromkeys(_text(each) for each in names if each)) or ("",),
            link=_text(link),
            kind=kind,
            at=self._first,
            header_at=self._at,
            data_at=data_at,
            size_bytes=fits,
            is_cut=data_at + _whole_blocks(size) > self._reader.size_bytes,
            attributes=said,
            block=header.block,
            odd=tuple(self._odd),
            next_at=data_at + _whole_blocks(size),
        )

    def _size(self, header: Header, said: dict[str, bytes]) -> int:
        """How many bytes follow, with a remark where readers see different numbers."""
        stated = said.get("size")
        if stated is None:
            if header.size_bytes is None:
                self._odd.append("a size that readers understand differently")
                data_at = self._at + BLOCK_BYTES
                return next_header(self._reader, data_at) - data_at
            return header.size_bytes
        if not stated.isdigit() or len(stated) > 20:
            self._odd.append("a size that readers understand differently")
            return header.size_bytes or 0
        size = int(stated)
        if size != header.size_bytes and size <= _LARGEST_OCTAL:
            self._odd.append(f"a size of {header.size_bytes} in one header and {size} in another")
        return size


def _sparse_blocks(reader: Reader, header: Header, at: int) -> int:
    """Bytes that go on about the holes of an old GNU sparse file, behind its header."""
    size, more = 0, header.kind == SPARSE and header.block[482] != 0
    while more and size <= LIMITS.tar_header_bytes:
        size += BLOCK_BYTES
        more = reader.at(at + size, BLOCK_BYTES)[504] != 0
    return size


def _whole_blocks(size_bytes: int) -> int:
    return -(-size_bytes // BLOCK_BYTES) * BLOCK_BYTES


def _until_nul(field: bytes) -> bytes:
    return field.partition(b"\0")[0]


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")
