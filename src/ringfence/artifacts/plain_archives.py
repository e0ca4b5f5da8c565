"""Judges archives that are one member behind another: each file, and what unpacking would do besides.

Whoever reads a format's headers hands its members over; links and names are weighed here by their text alone.
"""

from collections.abc import Iterable, Iterator
from enum import Enum

from ringfence.artifacts.archive_paths import escapes, leads_out, outside, parts_of, twice
from ringfence.artifacts.format import Inside
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS

__all__ = ["Entry", "MemberKind", "judge_members"]


class MemberKind(Enum):
    """What unpacking makes of a member."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"  # its content is where it leads
    DEVICE = "device or pipe"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One member, as its header says."""

    at: int  # where the header begins
    name: str  # foreign text
    data_at: int
    size_bytes: int
    kind: MemberKind = MemberKind.FILE


def judge_members(
    reader: Reader, members: Iterable[Entry | Problem | Inside]
) -> Iterator[Spotted | Problem | Inside]:
    """What unpacking `members` would do, and each file among them; what is no member is passed on.

    Raises:
        Malformed: too many of them, or what reading them raises.
    """
    seen: dict[str, Entry] = {}
    links: dict[str, Entry] = {}
    for count, member in enumerate(members):
        if not isinstance(member, Entry):
            yield member
            continue
        if count >= LIMITS.header_items:
            raise Malformed(ProblemKind.OVER_LIMIT, at=member.at, detail=f"more than {count} members")
        path = "/".join(parts_of(member.name))
        if escapes(member.name):
            yield outside(member.name, at=member.at)
        if member.kind is MemberKind.DEVICE:
            yield outside(f"{member.name} is a device or a pipe", at=member.at)
        if path in seen and not member.kind is seen[path].kind is MemberKind.FOLDER:
            yield twice(member.name, f"also at byte {seen[path].at}", at=member.at)
        seen[path] = member
        if member.kind is MemberKind.LINK:
            links[path] = member
        elif member.size_bytes:
            yield Inside(
                name=member.name, reader=reader.part(member.data_at, member.size_bytes), at=member.data_at
            )
    yield from _through_links(reader, seen, links)


def _through_links(reader: Reader, seen: dict[str, Entry], links: dict[str, Entry]) -> Iterator[Spotted]:
    for path, link in links.items():
        size = min(link.size_bytes, LIMITS.path_chars)
        target = reader.at(link.data_at, size).rstrip(b"\0").decode("utf-8", "replace")
        if leads_out(path, target, links.keys()):
            yield outside(f"{link.name} → {target}", at=link.at)
    for path, member in seen.items() if links else ():
        reader.budget.check_time(at=member.at)
        parts = path.split("/")
        if any("/".join(parts[:count]) in links for count in range(1, len(parts))):
            yield outside(f"{member.name} is written through a link", at=member.at)
