"""ar: static libraries and Debian packages. Every member is judged.

Source: FreeBSD's ar(5), which tells the GNU and BSD ways to write long names; deb(5).
"""

import re
from collections.abc import Iterator
from typing import Final

from ringfence.artifacts.format import Format, Inside
from ringfence.artifacts.plain_archives import Entry, judge_members
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.core.limits import LIMITS

__all__ = ["FORMAT"]

_MAGIC: Final = b"!<arch>\n"
_HEADER_BYTES: Final = 60
_HEADER: Final = re.compile(
    rb"(?P<name>[ -~]{16})[ \d]{12}[ \d-]{6}[ \d-]{6}[ 0-7]{8}(?P<size>\d{1,10}) *`\n", re.ASCII
)
_LONG_NAME: Final = re.compile(rb"[ !-.0-~]{1,4096}", re.ASCII)
# Where which symbol is defined: numbers and names, which no program takes for a file.
_SYMBOLS: Final = ("/", "/SYM64/", "__.SYMDEF", "__.SYMDEF SORTED", "__.SYMDEF_64")


def _sniff(reader: Reader) -> bool:
    return reader.head.startswith(_MAGIC)


def _members(reader: Reader) -> Iterator[Entry | Problem | Inside]:
    at, long_names = len(_MAGIC), b""
    while at < reader.size_bytes:
        header = None
        if reader.size_bytes - at >= _HEADER_BYTES:
            header = _HEADER.fullmatch(reader.at(at, _HEADER_BYTES))
        if header is None:
            yield Problem(kind=ProblemKind.TRAILING_DATA, at=at, detail="what follows is no member")
            yield Inside(name="", reader=reader.part(at, reader.size_bytes - at), at=at)
            return
        name, size, data_at = header["name"].decode().rstrip(" "), int(header["size"]), at + _HEADER_BYTES
        if data_at + size > reader.size_bytes:
            raise Malformed.past_end(data_at + size, at=at, detail="a member ends past the file")
        next_at = data_at + size + size % 2
        if name == "//":
            long_names = reader.at(data_at, min(size, LIMITS.header_bytes))
            name = "names.txt"
        elif name.startswith("#1/") and name[3:].isdigit() and int(name[3:]) <= size:
            written = reader.at(data_at, min(int(name[3:]), LIMITS.path_chars)).rstrip(b"\0")
            if not _LONG_NAME.fullmatch(written):
                yield Problem(kind=ProblemKind.BAD_HEADER, at=data_at, detail="a name that is none")
                yield Inside(name="", reader=reader.part(data_at, size), at=data_at)
            data_at, size = data_at + int(name[3:]), size - int(name[3:])
            name = written.decode("latin-1")
        elif name[:1] == "/" and name[1:].isdigit():
            name = long_names[int(name[1:]) :].split(b"\n")[0].decode("utf-8", "replace")
        if name in _SYMBOLS:
            yield from _symbols(reader, data_at, size)
        else:
            yield Entry(at=at, name=name.removesuffix("/"), data_at=data_at, size_bytes=size)
        at = next_at


def _symbols(reader: Reader, at: int, size: int) -> Iterator[Problem | Inside]:
    """That a table of symbols begins as one does; else it is a file like others."""
    count = reader.at(at, min(4, size))
    if count and 0 not in (count[0], count[-1]):
        yield Inside(name="symbols", reader=reader.part(at, size), at=at)


def _judge(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    return judge_members(reader, _members(reader))


FORMAT = Format(
    name="ar",
    title="ar archive or Debian package",
    suffixes=(".ar", ".deb", ".udeb", ".a"),
    sniff=_sniff,
    starts=(_MAGIC,),
    read=lambda _reader: iter(()),
    judge=_judge,
    leaves_out=(),
)
