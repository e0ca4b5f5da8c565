"""The names in marshalled Python code, found without unmarshalling it.

Every place that could begin a string of the format is tried, whatever stands before it: there is no structure
to be misled by, and the cost is one short look at each byte. What is no string may come out as well.

Source: CPython's Python/marshal.c, versions 0 to 5.
"""

import re
import struct
from collections.abc import Iterator

__all__ = ["marshal_strings"]

_LONGEST_BYTES = 64  # names; code that hides a command in a longer constant still has to name what runs it
_SHORT, _LONG = (
    b"zZ",
    b"aAust",
)  # behind a length of one byte, or of four; both with a flag in the highest bit
_START = re.compile(
    b"[%s]" % re.escape(_SHORT + _LONG + bytes(each | 0x80 for each in _SHORT + _LONG)),
)
_WORD = re.compile(rb"[A-Za-z_][A-Za-z0-9_.]*")


def marshal_strings(code: bytes) -> Iterator[str]:
    """Each identifier, dotted ones too, that could stand as a string in `code`, with repetitions."""
    for found in _START.finditer(code):
        at = found.end()
        if code[found.start()] & 0x7F in _SHORT:
            size, at = (code[at], at + 1) if at < len(code) else (0, at)
        else:
            size = struct.unpack_from("<I", code, at)[0] if at + 4 <= len(code) else 0
            at += 4
        if 0 < size <= _LONGEST_BYTES and _WORD.fullmatch(code, at, at + size) and at + size <= len(code):
            yield code[at : at + size].decode()
