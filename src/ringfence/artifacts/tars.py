"""Judges tar files: every member as a file of its own, and what unpacking them would do besides.

Source: GNU tar's manual; CPython's Lib/tarfile.py, whose `extractall` follows names and links.
"""

from collections.abc import Iterator
from dataclasses import replace

from ringfence.artifacts.archive_paths import escapes, leads_out, outside, parts_of, twice
from ringfence.artifacts.format import Inside
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.artifacts.streams import first_not_zero
from ringfence.artifacts.tar_headers import (
    BLOCK_BYTES,
    DEVICES,
    FOLDER,
    HARD_LINK,
    SYMBOLIC_LINK,
    TarMember,
    members_from,
    next_header,
)
from ringfence.artifacts.tar_holes import is_sparse, with_holes
from ringfence.core.dataclass import dataclass
from ringfence.core.findings import Confidence, Severity
from ringfence.core.limits import LIMITS

__all__ = ["judge"]

_END_BLOCKS = 2
_COMPARED_BYTES = 1024 * 1024


def judge(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    """What unpacking the tar file would do, and each file in it."""
    unpacked = _Unpacked(reader)
    at = 0
    while True:
        try:
            for member in members_from(reader, at):
                yield from unpacked.member(member)
                at = member.next_at
        except Malformed as wrong:
            yield wrong.problem
        at = min(at, reader.size_bytes)
        junk_at = first_not_zero(reader, at)
        if junk_at == reader.size_bytes:
            break
        # Some readers stop here, others go on with the next header; so does this one.
        block_at = junk_at - (junk_at - at) % BLOCK_BYTES
        detail = f"{reader.size_bytes - junk_at} bytes behind the archive's end"
        yield Problem(kind=ProblemKind.TRAILING_DATA, at=junk_at, detail=detail)
        next_at = next_header(reader, block_at if block_at > at else at + BLOCK_BYTES)
        if next_at > junk_at:
            yield Inside(name="", reader=reader.part(junk_at, next_at - junk_at), at=junk_at)
        at = next_at
        if at == reader.size_bytes:
            break
    if reader.size_bytes - at < _END_BLOCKS * BLOCK_BYTES:
        yield Problem(kind=ProblemKind.TRUNCATED, at=at, detail="the archive has no end")
    yield from unpacked.links()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """What is kept of a member until all of them are known."""

    at: int
    kind: bytes
    name: str
    link: str
    data_at: int
    size_bytes: int


class _Unpacked:
    """The folder that unpacking would make."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._paths: dict[str, _Kept] = {}
        self._links: dict[str, _Kept] = {}
        self._count = 0

    def member(self, member: TarMember) -> Iterator[Spotted | Problem | Inside]:
        """What is to be said of one member; its content, if it has any."""
        self._count += 1
        if self._count > LIMITS.header_items:
            raise Malformed(
                ProblemKind.OVER_LIMIT, at=member.at, detail=f"more than {self._count - 1} members"
            )
        if len(member.name) > LIMITS.path_chars or len(member.link) > LIMITS.path_chars:
            yield Problem(kind=ProblemKind.OVER_LIMIT, at=member.at, detail="a name longer than paths can be")
        else:
            yield from self._place(member)
        yield from (_ambiguous(member.at, detail) for detail in member.odd)
        if member.is_cut:
            yield Problem(kind=ProblemKind.TRUNCATED, at=member.at, detail="a member ends past the file")
        if member.kind not in DEVICES + FOLDER + HARD_LINK + SYMBOLIC_LINK:
            yield from self._content(member)

    def _place(self, member: TarMember) -> Iterator[Spotted]:
        """Notes where it goes, and says if that is outside or taken."""
        bad = next((name for name in member.names if escapes(name)), None)
        if bad is not None:
            yield outside(bad, at=member.at)
        if member.kind in DEVICES:
            yield outside(f"{member.name} is a device or a pipe", at=member.at)
        if member.kind == HARD_LINK and escapes(member.link):
            yield outside(f"{member.name} → {member.link}", at=member.at)
        path = "/".join(parts_of(member.name))
        kept = _Kept(
            at=member.at,
            kind=member.kind,
            name=member.name,
            link=member.link,
            data_at=member.data_at,
            size_bytes=member.size_bytes,
        )
        if member.kind == HARD_LINK and (target := self._paths.get("/".join(parts_of(member.link)))):
            kept = replace(target, at=member.at, name=member.name)
        before = self._paths.get(path)
        if before and not (member.kind == before.kind == FOLDER) and not self._is_same(kept, before):
            yield twice(member.name, f"also at byte {before.at}", at=member.at)
        self._paths[path] = kept
        if member.kind == SYMBOLIC_LINK:
            self._links[path] = kept

    def _is_same(self, one: _Kept, other: _Kept) -> bool:
        if (one.kind, one.size_bytes, one.link) != (other.kind, other.size_bytes, other.link):
            return False
        for done in range(0, one.size_bytes, _COMPARED_BYTES):
            size = min(_COMPARED_BYTES, one.size_bytes - done)
            if self._reader.at(one.data_at + done, size) != self._reader.at(other.data_at + done, size):
                return False
        return True

    def _content(self, member: TarMember) -> Iterator[Problem | Inside]:
        part = self._reader.part(min(member.data_at, self._reader.size_bytes), member.size_bytes)
        if is_sparse(member):
            try:
                yield Inside(name=member.name, reader=with_holes(self._reader, member), at=None)
            except Malformed as wrong:
                yield wrong.problem
                yield Inside(name=member.name, reader=part, at=member.data_at)
        elif member.size_bytes:  # an empty file does nothing
            yield Inside(name=member.name, reader=part, at=member.data_at)
        if member.odd:
            end = min(member.next_at, self._reader.size_bytes)
            hidden = next_header(self._reader.part(0, end), member.data_at)
            if hidden < end:
                yield Inside(name="", reader=self._reader.part(hidden, end - hidden), at=hidden)

    def links(self) -> Iterator[Spotted]:
        """Links that lead outside, and members that would be written through a link."""
        for path, link in self._links.items():
            self._reader.budget.check_time(at=link.at)
            if leads_out(path, link.link, self._links.keys()):
                yield outside(f"{link.name} → {link.link}", at=link.at)
        if not self._links:
            return
        for path, kept in self._paths.items():
            self._reader.budget.check_time(at=kept.at)
            parts = path.split("/")
            through = next((i for i in range(1, len(parts)) if "/".join(parts[:i]) in self._links), None)
            if through is not None:
                yield outside(f"{kept.name} is written through a link", at=kept.at)


def _ambiguous(at: int, detail: str) -> Spotted:
    return Spotted(
        check="archive-ambiguous",
        severity=Severity.HIGH,
        confidence=Confidence.LIKELY,
        at=at,
        evidence=(detail,),
        advice="do not unpack it: programs disagree on what is in it",
    )
