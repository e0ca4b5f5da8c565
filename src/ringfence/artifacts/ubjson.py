"""Universal Binary JSON, walked without keeping more than short texts and numbers by their path.

Source: ubjson.org, draft 12, with typed and counted containers.
"""

from collections.abc import Iterator

from ringfence.artifacts.problems import Malformed, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS

__all__ = ["Text", "texts"]

_BYTES = {b"i": 1, b"U": 1, b"I": 2, b"l": 4, b"L": 8, b"d": 4, b"D": 8, b"C": 1, b"Z": 0, b"T": 0, b"F": 0}
_INTEGERS = (b"i", b"U", b"I", b"l", b"L")
_TEXTS = (b"S", b"H")
_NOTHING = b"N"
_KEY_BYTES = 1024


@dataclass(slots=True)
class _Container:
    """One that is open: `left` is None where an end mark ends it, `kind` set where all values are alike."""

    is_object: bool
    left: int | None
    kind: bytes
    key: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """A text, and the keys that lead to it."""

    path: tuple[str, ...]
    value: str


def texts(reader: Reader) -> Iterator[Text]:
    """All texts of the one value at the reader's offset, clipped; moves behind its end.

    Raises:
        Malformed: it is none, ends early, or goes over a limit.
    """
    open_: list[_Container] = []
    items = 0
    while True:
        items += 1
        if items > LIMITS.serialized_items or len(open_) > LIMITS.serialized_depth:
            raise Malformed(ProblemKind.OVER_LIMIT, at=reader.offset, detail="more values than are read")
        kind = _next_kind(reader, open_)
        if kind:
            value = _value(reader, kind, open_)
            if value is not None:
                yield Text(tuple(each.key for each in open_ if each.is_object), value)
        while open_ and open_[-1].left == 0:
            open_.pop()
        if not open_:
            return


def _next_kind(reader: Reader, open_: list[_Container]) -> bytes:
    """The type of the next value, its key kept; b"" when a container ended instead."""
    around = open_[-1] if open_ else None
    mark = b""
    if around is not None and around.left is None:
        mark = _mark(reader)
        if mark == (b"}" if around.is_object else b"]"):
            open_.pop()
            return b""
    elif around is not None and around.left is not None:
        around.left -= 1
    if around is not None and around.is_object:
        around.key = _text(reader, mark or _mark(reader), max_bytes=_KEY_BYTES)
        mark = b""
    return (around.kind if around else b"") or mark or _mark(reader)


def _value(reader: Reader, kind: bytes, open_: list[_Container]) -> str | None:
    """Steps over one value, or into it; the text that it is."""
    if kind in _TEXTS:
        at = reader.offset
        size = _integer(reader, _mark(reader), at)
        text = reader.take(min(size, LIMITS.metadata_value_chars))
        reader.skip(size - len(text))
        return text.decode("utf-8", "replace")
    if kind in (b"{", b"["):
        open_.append(_container(reader, kind))
    elif kind in _BYTES:
        reader.skip(_BYTES[kind])
    elif kind != _NOTHING:
        raise Malformed(ProblemKind.BAD_HEADER, at=reader.offset, detail="a value of no type that exists")
    return None


def _container(reader: Reader, opening: bytes) -> _Container:
    at, kind, left = reader.offset, b"", None
    if _peek(reader) == b"$":
        reader.skip(1)
        kind = _mark(reader)
    if _peek(reader) == b"#":
        reader.skip(1)
        left = _integer(reader, _mark(reader), at)
    elif kind:
        raise Malformed(ProblemKind.BAD_HEADER, at=at, detail="values of one type without their count")
    if left is not None:
        width = _BYTES.get(kind, 1)
        if opening == b"[" and kind in _BYTES:
            if left * width > reader.remaining_bytes:
                raise Malformed.past_end(left * width, at=at, detail=f"{left} values do not fit")
            reader.skip(left * width)
            left = 0
        elif left > reader.remaining_bytes:
            raise Malformed.past_end(left, at=at, detail=f"{left} values do not fit")
    return _Container(opening == b"{", left, kind)


def _text(reader: Reader, size_kind: bytes, *, max_bytes: int) -> str:
    at = reader.offset
    size = _integer(reader, size_kind, at)
    if size > max_bytes:
        raise Malformed(ProblemKind.OVER_LIMIT, at=at, detail=f"a key of {size} bytes")
    return reader.take(size).decode("utf-8", "replace")


def _integer(reader: Reader, kind: bytes, at: int) -> int:
    """A length or count: big-endian, and never negative."""
    if kind not in _INTEGERS:
        raise Malformed(ProblemKind.BAD_HEADER, at=at, detail="a length that is no number")
    size = int.from_bytes(reader.take(_BYTES[kind]), "big", signed=kind != b"U")
    if size < 0:
        raise Malformed(ProblemKind.DOES_NOT_FIT, at=at, detail=f"a length of {size} bytes")
    if size > reader.size_bytes:
        raise Malformed.past_end(size, at=at, detail=f"{size} bytes do not fit into the file")
    return size


def _mark(reader: Reader) -> bytes:
    mark = reader.take(1)
    while mark == _NOTHING:  # no operation, allowed anywhere
        mark = reader.take(1)
    return mark


def _peek(reader: Reader) -> bytes:
    mark = reader.take(1)
    reader.offset -= 1
    return mark
