"""Literals of a pickle, decoded from where they stand and only when somebody asks."""

import math
import re
from typing import Final

from ringfence.artifacts.pickles.contents import Content
from ringfence.artifacts.pickles.items import DICT, LIST, Global, Made
from ringfence.artifacts.problems import Malformed, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.core.limits import LIMITS
from ringfence.core.patterns import pattern
from ringfence.core.text import clip

__all__ = ["Literals", "is_value"]

_COUNT_WIDTHS: Final = {
    **dict.fromkeys(b"U\x8cC\x8a", 1), **dict.fromkeys(b"TXB\x8b", 4), **dict.fromkeys(b"\x8d\x8e\x96", 8),
}  # fmt: skip
_TEXTS, _BYTES = b"U\x8cTX\x8d", b"CB\x8e\x96"
_UNICODE, _PYTHON2_BYTES = b"\x8cX\x8d", b"UT"
_LINE_WINDOW_BYTES: Final = 4096
_SHOWN_DEPTH: Final = 3


class Literals:
    """Reads what stands at an opcode's offset. Items that are no offsets have no text and no number."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def line_end(self, at: int) -> int:
        """Where the line that begins at `at` ends: its line feed.

        Raises:
            Malformed: it has none.
        """
        size = 64
        while at < self._reader.size_bytes:
            size = min(size, self._reader.size_bytes - at)
            found = self._reader.at(at, size).find(b"\n")
            if found >= 0:
                return at + found
            at, size = at + size, _LINE_WINDOW_BYTES
        raise Malformed(ProblemKind.TRUNCATED, at=at, detail="the file ends within a line of a pickle")

    def line(self, at: int, end: int) -> str | None:
        """The line as a name; None when it is too long for one, or not UTF-8."""
        if end - at > LIMITS.pickle_name_bytes:
            return None
        try:
            return self._reader.at(at, end - at).decode()
        except UnicodeDecodeError:
            return None

    def text(self, item: object, *, max_bytes: int = LIMITS.pickle_name_bytes) -> str | None:
        """The string literal that `item` is; None when it is none, or longer than `max_bytes`."""
        if type(item) is not int:
            return None
        code, raw = self._raw(item, max_bytes)
        if raw is None:
            return None
        try:
            if code in b"SV":
                return _unescaped(code, raw)
            return raw.decode("utf-8", "surrogatepass") if code in _TEXTS else None
        except ValueError:  # no UTF-8, or an escape that does not exist
            return None

    def content(self, item: object) -> Content | None:
        """The bytes that `item` is: a literal, or a text to be encoded in Latin 1."""
        is_text = isinstance(item, Made) and item.of is not None and item.of.name == "encode"
        if isinstance(item, Made) and is_text and isinstance(item.arguments, tuple) and item.arguments:
            item = item.arguments[0]
        if type(item) is not int:
            return None
        code = self._reader.at(item, 1)[0]
        if code not in (_UNICODE if is_text else _BYTES + _PYTHON2_BYTES):
            return None
        width = _COUNT_WIDTHS[code]
        size = int.from_bytes(self._reader.at(item + 1, width), "little")
        return Content(source=self._reader, start=item + 1 + width, size_bytes=size, is_text=is_text, at=item)

    def number(self, item: object) -> int | None:
        """The integer literal that `item` is."""
        if type(item) is not int:
            return None
        code = self._reader.at(item, 1)[0]
        width = {ord("K"): 1, ord("M"): 2, ord("J"): 4}.get(code)
        if width is not None:
            return int.from_bytes(self._reader.at(item + 1, width), "little", signed=code == ord("J"))
        if code == 0x8A:
            return int.from_bytes(self._raw(item, 16)[1] or b"", "little", signed=True)
        if code in b"IL":
            raw = self._raw(item, 20)[1] or b""
            return int(raw.rstrip(b"L")) if raw.rstrip(b"L").isdigit() else None
        return None

    def is_number(self, item: object) -> bool:
        """Whether it can be no text: a number, or what the machine keeps nothing of."""
        return item is None or (type(item) is int and self._reader.at(item, 1)[0] not in _TEXTS + b"SV")

    def byte(self, at: int) -> int | None:
        """The byte there; None behind the end."""
        return self._reader.at(at, 1)[0] if at < self._reader.size_bytes else None

    def shown(self, item: object) -> tuple[str, tuple[str, ...]]:
        """An item as evidence, and the strings in it."""
        texts: list[str] = []
        return clip(self._show(item, texts, 0), chars=LIMITS.evidence_chars), tuple(texts)

    def texts(self, item: object) -> tuple[str, ...]:
        """Every string in a tuple and the tuples in it; those that are too long for a name are left out."""
        each = [inner for one in (item if isinstance(item, tuple) else ()) for inner in _flat(one)]
        return tuple(text for one in each if (text := self.text(one)) is not None)

    def _show(self, item: object, texts: list[str], depth: int) -> str:
        if isinstance(item, tuple):
            few = item[:8] if depth < _SHOWN_DEPTH else ()
            inside = ", ".join(self._show(each, texts, depth + 1) for each in few)
            return f"({inside}{', …' if len(few) < len(item) else ''})"
        if isinstance(item, Global):
            return f"{item.module}.{item.name}"
        if isinstance(item, Made):
            return f"{item.of.module}.{item.of.name}(…)" if item.of else "…"
        if item is LIST or item is DICT:
            return "[…]" if item is LIST else "{…}"
        text = self._start_of_text(item)
        if text is not None:
            texts.append(text)
            return repr(text)
        number = self.number(item)
        return "…" if number is None else str(number)

    def _start_of_text(self, item: object) -> str | None:
        if type(item) is not int:
            return None
        code, raw = self._raw(item, LIMITS.evidence_chars, cut=True)
        if raw is None or code not in _TEXTS + _BYTES + b"SV":
            return None
        return (
            raw.decode("utf-8", "replace")
            if code not in b"S"
            else raw.strip(b"'\"").decode("utf-8", "replace")
        )

    def _raw(self, at: int, max_bytes: int, *, cut: bool = False) -> tuple[int, bytes | None]:
        """The opcode there and its argument; no argument when it is too long, unless it may be `cut`."""
        code = self._reader.at(at, 1)[0]
        width = _COUNT_WIDTHS.get(code)
        if width is None:
            if code not in b"SVIL":
                return code, None
            start, size = at + 1, self.line_end(at + 1) - at - 1
        else:
            start, size = at + 1 + width, int.from_bytes(self._reader.at(at + 1, width), "little")
        if size > max_bytes and not cut:
            return code, None
        return code, self._reader.at(start, max(0, min(size, max_bytes, self._reader.size_bytes - start)))


def _flat(item: object) -> tuple[object, ...]:
    return item if isinstance(item, tuple) else (item,)


def _unescaped(code: int, raw: bytes) -> str:
    if code == ord("V"):
        return raw.decode("raw-unicode-escape")
    return _without_escapes(raw[1:-1] if raw[:1] in (b"'", b'"') else raw).decode()


_ESCAPE = pattern(rb"""\\(?:([0-7]{1,3})|x([0-9a-fA-F]{2})|([abfnrtv])|(['"\\])|(\n)|(x|\Z))?""")
_CONTROLS = dict(zip(b"abfnrtv", b"\a\b\f\n\r\t\v", strict=True))


def _without_escapes(raw: bytes) -> bytes:
    """What a Python literal of bytes says, as unpicklers read it: unknown escapes stay as they are.

    Raises:
        ValueError: the last backslash escapes nothing, or hexadecimal digits are missing.
    """
    return _ESCAPE.sub(_meant, raw)


def _meant(found: re.Match[bytes]) -> bytes:
    octal, digits, control, itself, line_end, broken = found.groups()
    if octal:
        return bytes([int(octal, 8) & 0xFF])
    if digits:
        return bytes([int(digits, 16)])
    if control:
        return bytes([_CONTROLS[control[0]]])
    if broken is not None:
        raise ValueError("an escape without what it escapes")
    return itself or (b"" if line_end else found[0])


_NOT_IN_FLOATS = frozenset(b" \t\n\r\v\f_")


def is_value(code: int, line: bytes) -> bool:
    """Whether loaders can read the line behind the opcode as the number or text that it should be."""
    try:
        match chr(code):
            case "F":
                if _NOT_IN_FLOATS.intersection(line):  # which Python's own unpickler would read
                    return False
                return not math.isinf(float(line)) or b"inf" in line.lower()  # as the C unpickler has it
            case "I":
                return line in (b"00", b"01") or int(line.decode("ascii"), 0) is not None
            case "L":
                int(line.removesuffix(b"L").decode("ascii"), 0)
            case "S":
                quoted = len(line) > 1 and line[:1] == line[-1:] and line[:1] in (b"'", b'"')
                return quoted and _without_escapes(line[1:-1]) is not None
            case "V":
                line.decode("raw-unicode-escape")
    except ValueError:
        return False
    return True
