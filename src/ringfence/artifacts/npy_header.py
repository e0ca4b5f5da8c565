"""The header of a NumPy array: a Python literal, read by a parser that knows only literals.

Source: NEP 1 and numpy.lib.format, versions 1.0 to 3.0.
"""

import math
import re

from ringfence.artifacts.problems import Malformed, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS

__all__ = ["MAGIC", "Array", "data_start", "read_array"]

MAGIC = b"\x93NUMPY"

_Literal = str | int | bool | None | list["_Literal"] | tuple["_Literal", ...] | dict[str, "_Literal"]

_TOKEN = re.compile(
    r"""\s*(?: (?P<string>'[^'\\\n]*'|"[^"\\\n]*") | (?P<number>-?\d{1,20}(?!\d)L?)
    | (?P<word>True|False|None) | (?P<mark>[\[\](){},:]) )""",
    re.VERBOSE,
)
_WORDS: dict[str, _Literal] = {"True": True, "False": False, "None": None}
_CLOSING = {"[": "]", "(": ")", "{": "}"}
_DTYPE = re.compile(r"[<>|=]?([?abBcdDefFgGhHiIlLmMOqQSuUV])(\d{0,9})(?:\[[^\]]{1,20}\])?")
_NAMES = {"f": "F", "i": "I", "u": "U", "c": "C", "b": "BOOL", "O": "object", "U": "text", "S": "bytes"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Array:
    """What an array's header says."""

    version: str
    dtype: str  # F32, I64, BOOL, object, text …
    shape: tuple[int, ...]
    item_bytes: int | None  # None where the header does not tell
    data_at: int

    @property
    def elements(self) -> int:
        """Items in the array."""
        return math.prod(self.shape)

    @property
    def size_bytes(self) -> int | None:
        """What the data take; None where the header does not tell, as for objects."""
        return None if self.item_bytes is None else self.elements * self.item_bytes


def data_start(reader: Reader) -> int | None:
    """Where the data of the array at the reader's beginning start; its header is not read. None: nowhere."""
    start = reader.at(0, min(12, reader.size_bytes))
    if not start.startswith(MAGIC) or len(start) < 12:
        return None
    width = 2 if start[6] == 1 else 4
    return 8 + width + int.from_bytes(start[8 : 8 + width], "little")


def read_array(reader: Reader) -> Array:
    """The array that starts at the reader's beginning.

    Raises:
        Malformed: no such header, or one that is longer than `limits.literal_bytes`.
    """
    start = reader.at(0, min(12, reader.size_bytes))
    if not start.startswith(MAGIC) or len(start) < 12:
        raise Malformed(ProblemKind.BAD_HEADER, at=0, detail="no NumPy array starts here")
    major, minor = start[6], start[7]
    if major not in (1, 2, 3):
        raise Malformed(ProblemKind.BAD_HEADER, at=6, detail=f"version {major}.{minor} does not exist")
    width = 2 if major == 1 else 4
    size = int.from_bytes(start[8 : 8 + width], "little")
    if size > LIMITS.literal_bytes:
        raise Malformed(ProblemKind.OVER_LIMIT, at=8, detail=f"{size} bytes of header")
    data_at = 8 + width + size
    text = reader.at(8 + width, size).decode("utf-8" if major == 3 else "latin-1", "replace")
    header = _parse(text)
    if not isinstance(header, dict) or header.keys() != {"descr", "fortran_order", "shape"}:
        raise _bad("the header is not the three entries of an array")
    dtype, item_bytes = _dtype(header["descr"], depth=0)
    return Array(
        version=f"{major}.{minor}",
        dtype=dtype,
        shape=_shape(header["shape"]),
        item_bytes=item_bytes,
        data_at=data_at,
    )


def _shape(stated: _Literal) -> tuple[int, ...]:
    sizes = stated if isinstance(stated, tuple) else (None,)
    known = tuple(n for n in sizes if isinstance(n, int) and not isinstance(n, bool) and 0 <= n < 1 << 63)
    if len(known) != len(sizes) or len(known) > 64 or math.prod(known) >= 1 << 63:
        raise _bad("the header has no possible shape")
    return known


def _dtype(stated: _Literal, *, depth: int) -> tuple[str, int | None]:
    """The data type's name, and the bytes of one item."""
    if isinstance(stated, str):
        found = _DTYPE.fullmatch(stated)
        if not found:
            raise _bad("the data type does not exist")
        kind, width = found[1], int(found[2] or 0)
        if kind == "O":
            return "object", None
        name = _NAMES.get(kind, kind)
        bits = f"{width * 8}" if kind in "fiuc" else ""
        return name + bits, width * (4 if kind == "U" else 1)
    if isinstance(stated, list) and depth < LIMITS.header_depth:
        fields = [_field_dtype(field, depth) for field in stated]
        if any(name == "object" for name, _ in fields):
            return "object", None
        sizes = [size for _, size in fields if size is not None]
        return "structured", sum(sizes) if len(sizes) == len(fields) else None
    raise _bad("the data type does not exist")


def _field_dtype(field: _Literal, depth: int) -> tuple[str, int | None]:
    """The same of one field, which may be an array itself."""
    if not isinstance(field, tuple) or len(field) not in (2, 3):
        raise _bad("a field of the data type has no type")
    name, size = _dtype(field[1], depth=depth + 1)
    if len(field) == 2 or size is None:
        return name, size
    shape = field[2] if isinstance(field[2], tuple) else (field[2],)
    return name, size * math.prod(_shape(shape))


def _bad(detail: str) -> Malformed:
    return Malformed(ProblemKind.BAD_HEADER, at=8, detail=detail)


def _parse(text: str) -> _Literal:
    """The literal that `text` is.

    Raises:
        Malformed: it is none, or nested deeper than `limits.header_depth`.
    """
    literal = _Literals(text)
    value = literal.value(depth=0)
    if text[literal.at :].strip(" \n\0"):
        raise _bad("something stands behind the header's entries")
    return value


class _Literals:
    """Reads strings, integers, True, False, None, and lists, tuples and dictionaries of them."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.at = 0

    def value(self, *, depth: int) -> _Literal:
        kind, text = self._next()
        if kind == "string":
            return text[1:-1]
        if kind == "number":
            return int(text.rstrip("L"))
        if kind == "word":
            return _WORDS[text]
        if text not in _CLOSING:
            raise _bad("the header is no Python literal")
        if depth >= LIMITS.header_depth:
            raise Malformed(ProblemKind.OVER_LIMIT, at=8, detail=f"a header nested deeper than {depth}")
        return self._mapping(depth) if text == "{" else self._sequence(text, depth)

    def _sequence(self, opening: str, depth: int) -> _Literal:
        items: list[_Literal] = []
        commas = 0
        while not self._closes(_CLOSING[opening]):
            if len(items) > commas:
                raise _bad("the header is no Python literal")
            items.append(self.value(depth=depth + 1))
            commas += self._closes(",")
        if opening == "(":
            return tuple(items) if commas or not items else items[0]
        return items

    def _mapping(self, depth: int) -> dict[str, _Literal]:
        entries: dict[str, _Literal] = {}
        comma = True
        while not self._closes("}"):
            key = self.value(depth=depth + 1)
            if not comma or not isinstance(key, str) or not self._closes(":"):
                raise _bad("the header is no Python literal")
            if key in entries:
                raise Malformed(ProblemKind.DUPLICATE_KEY, at=8, detail="an entry stands twice in the header")
            entries[key] = self.value(depth=depth + 1)
            comma = self._closes(",")
        return entries

    def _next(self) -> tuple[str, str]:
        found = _TOKEN.match(self._text, self.at)
        if not found or not found.lastgroup:
            raise _bad("the header is no Python literal")
        self.at = found.end()
        return found.lastgroup, found[found.lastgroup]

    def _closes(self, mark: str) -> bool:
        """Whether `mark` comes next; moves over it when it does."""
        found = _TOKEN.match(self._text, self.at)
        if not found or found["mark"] != mark:
            return False
        self.at = found.end()
        return True
