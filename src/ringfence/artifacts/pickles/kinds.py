"""What the machine's loop does by itself: frequent opcodes, and whole runs of plain items for a container.

All other opcodes go through the table in `opcodes`. Source: CPython's Lib/pickletools.py.
"""

import re
from typing import Final

from ringfence.artifacts.pickles.items import DICT, LIST, SET
from ringfence.core.patterns import pattern

__all__ = [
    "APPEND", "BUILD", "CALL", "CONSTANT", "CONSTANTS", "CONTAINER", "FILL", "GET", "KINDS",
    "LENGTHS", "MARKED", "MEMOIZE", "NUMBER", "NUMBERS_KEPT", "PUT", "RUNS", "SET_ITEM", "SHORT",
    "SHORT_BYTES", "SKIPPED", "STATES_KEPT", "STOP", "TEXT", "TUPLE",
]  # fmt: skip

# The most frequent first.
CONSTANT: Final = 0
SHORT: Final = 1
MEMOIZE: Final = 2
GET: Final = 3
CONTAINER: Final = 4
TUPLE: Final = 5
MARKED: Final = 6
FILL: Final = 7
APPEND: Final = 8
SET_ITEM: Final = 9
PUT: Final = 10
TEXT: Final = 11
NUMBER: Final = 12
STOP: Final = 13
SKIPPED: Final = 14
CALL: Final = 15
BUILD: Final = 16
SHORT_BYTES: Final = 17
_RARE: Final = 18

_CODES: Final = (
    (b"KMJGN\x88\x89", CONSTANT),
    (b"\x8c", SHORT),
    (b"\x94", MEMOIZE),
    (b"h", GET),
    (b"]})\x8f", CONTAINER),
    (b"\x85\x86\x87", TUPLE),
    (b"(", MARKED),
    (b"eu", FILL),
    (b"a", APPEND),
    (b"s", SET_ITEM),
    (b"qr", PUT),
    (b"X", TEXT),
    (b"U\x8a", SKIPPED),
    (b"R\x81", CALL),
    (b"b", BUILD),
    (b"C", SHORT_BYTES),
    (b".", STOP),
)
_LENGTH: Final = {ord("K"): 2, ord("M"): 3, ord("J"): 5, ord("G"): 9}
_CONTAINER: Final[dict[int, object]] = {ord("]"): LIST, ord("}"): DICT, ord(")"): (), 0x8F: SET}


def _kinds() -> bytes:
    kinds = bytearray([_RARE]) * 256
    for codes, kind in _CODES:
        for code in codes:
            kinds[code] = kind
    return bytes(kinds)


def _but(kinds: bytes, codes: bytes, kind: int) -> bytes:
    return bytes(kind if code in codes else kinds[code] for code in range(256))


KINDS: Final = _kinds()
# Once something is imported whose arguments matter, numbers are kept as well.
NUMBERS_KEPT: Final = _but(KINDS, b"KMJ", NUMBER)
# Once something is imported whose state matters, so are dictionaries.
STATES_KEPT: Final = _but(NUMBERS_KEPT, b"}us", _RARE)

LENGTHS: Final = bytes(_LENGTH.get(code, 1) for code in range(256))
CONSTANTS: Final = tuple(_CONTAINER.get(code) for code in range(256))


def _runs(item: bytes) -> tuple[re.Pattern[bytes], ...]:
    """Plain items up to the opcode that puts them into a list, a dictionary, or one whose values may matter.

    Nothing can be matched in two ways, so that it takes linear time.
    """
    return (
        pattern(rb"(?s:(?:%b)*+e)" % item),
        pattern(rb"(?s:(?:(?:%b){2})*+u)" % item),
        pattern(rb"(?s:(?:(?:%b)(?:%b))*+u)" % (item, _PLAIN % b"")),
    )


_PLAIN: Final = rb"[K%b].|G.{8}|M..|J.{4}|[N\x88\x89)]"
# By the bits of the memo's length, which say what is surely in it: what comes from there is plain as well,
# but where an import may be put under a name that is called.
RUNS: Final = (
    _runs(_PLAIN % b""),
    *(_runs((_PLAIN % b"") + rb"|h[\x00-\x%02x]" % ((1 << bits) - 1)) for bits in range(8)),
    _runs(_PLAIN % b"h"),
)
