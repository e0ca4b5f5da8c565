"""XML from strangers, element by element, without a document type: nothing is fetched, nothing expands.

A document type declares entities, which read files, open connections or grow without end; no model needs one.

Source: Python's xml.parsers.expat; the entity attacks in the defusedxml documentation.
"""

from collections.abc import Iterator
from xml.parsers import expat

from ringfence.artifacts.problems import Malformed, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS

__all__ = ["Doctype", "Element", "elements", "root_name"]

_CHUNK_BYTES = 64 * 1024
_START_CHARACTERS = b"<"


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """The start of one element. Names are without their namespace."""

    name: str
    attributes: dict[str, str]
    path: tuple[str, ...]  # names of the elements around it, from the root
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Doctype:
    """A document type declaration. What follows it is not walked."""

    name: str
    at: int


class _Stop(Exception):
    """Raised in a handler, through the parser."""


def elements(reader: Reader) -> Iterator[Element | Doctype]:
    """All elements from the reader's offset on, in the file's order, up to a document type.

    Raises:
        Malformed: it is not well-formed, or over a limit.
    """
    if reader.remaining_bytes > LIMITS.xml_bytes:
        raise Malformed(ProblemKind.OVER_LIMIT, at=0, detail=f"{reader.remaining_bytes} bytes of XML")
    walk = _Walk()
    while reader.remaining_bytes:
        data = reader.take(min(_CHUNK_BYTES, reader.remaining_bytes))
        found = walk.feed(data, last=not reader.remaining_bytes)
        yield from found
        if walk.stopped:
            return
    if not walk.count:
        raise Malformed(ProblemKind.TRUNCATED, at=0, detail="no element")


def root_name(head: bytes) -> str:
    """The root element's name in the first bytes of a document, without its namespace; "" when none is there.

    A document type's name counts, because it is the root's.
    """
    walk = _Walk()
    try:
        found = walk.feed(head, last=False)
    except Malformed:
        found = walk.found
    return found[0].name if found else ""


class _Walk:
    """One run of the parser, and what came of the last bytes."""

    def __init__(self) -> None:
        self.found: list[Element | Doctype] = []
        self.stopped = False
        self.count = 0
        self._path: list[str] = []
        self._parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.StartDoctypeDeclHandler = self._doctype

    def feed(self, data: bytes, *, last: bool) -> list[Element | Doctype]:
        """What begins in these bytes."""
        self.found = []
        try:
            self._parser.Parse(data, last)
        except _Stop:
            self.stopped = True
        except (expat.ExpatError, ValueError, LookupError) as error:
            cut = isinstance(error, expat.ExpatError) and last and error.code in _CUT_SHORT
            kind = ProblemKind.TRUNCATED if cut else ProblemKind.BAD_HEADER
            at = max(0, self._parser.CurrentByteIndex)
            raise Malformed(kind, at=at, detail="XML that is not well-formed") from error
        return self.found

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.count += 1
        at = self._parser.CurrentByteIndex
        if self.count > LIMITS.xml_elements or len(self._path) >= LIMITS.xml_depth:
            raise Malformed(ProblemKind.OVER_LIMIT, at=at, detail="more or deeper elements than are read")
        if len(attributes) > LIMITS.xml_attributes:
            raise Malformed(ProblemKind.OVER_LIMIT, at=at, detail=f"{len(attributes)} attributes")
        local = name.rpartition(":")[2]
        self.found.append(Element(name=local, attributes=attributes, path=tuple(self._path), at=at))
        self._path.append(local)

    def _end(self, _name: str) -> None:
        self._path.pop()

    def _doctype(self, name: str, _system: str | None, _public: str | None, _internal: int) -> None:
        self.found.append(Doctype(name=name.rpartition(":")[2], at=max(0, self._parser.CurrentByteIndex)))
        raise _Stop


_CUT_SHORT = frozenset(
    expat.errors.codes[each]
    for each in (expat.errors.XML_ERROR_NO_ELEMENTS, expat.errors.XML_ERROR_UNCLOSED_TOKEN)
)
