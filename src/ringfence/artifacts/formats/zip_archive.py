"""Any other zip file: nothing but files within a file.

Source: PKWARE APPNOTE 6.3.10.
"""

from collections.abc import Iterator

from ringfence.artifacts import zip_directory, zip_layout, zip_members
from ringfence.artifacts.format import Format, Inside
from ringfence.artifacts.problems import Problem
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.artifacts.zip_directory import Member
from ringfence.artifacts.zip_layout import Entry
from ringfence.core.facts import Fact, FactName

__all__ = ["FORMAT"]


def _sniff(reader: Reader) -> bool:
    """Whether it begins like one, or ends like one: programs and pictures may stand before it."""
    if reader.head.startswith((zip_directory.LOCAL, zip_directory.END)):
        return True
    found = reader.once(zip_directory.directory)
    return found is not None and found.moved_bytes >= 0 and found.data.startswith(b"PK\1\2")


def _read(reader: Reader) -> Iterator[Fact | Problem]:
    members: list[Member] = []
    yield from zip_directory.read_members(reader, members)
    yield Fact(name=FactName.MEMBERS, value=len(members))


def _judge(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    for found in zip_layout.laid_out(reader):
        if isinstance(found, Entry):
            yield from zip_members.inside(reader, found)
        else:
            yield found


FORMAT = Format(
    name="zip",
    title="zip archive",
    suffixes=(".zip",),
    sniff=_sniff,
    read=_read,
    holds_anything=True,
    judge=_judge,
    judges_structure=True,
    leaves_out=(),
)
