"""Runs of short texts, numbers and flat lists for a list or a dictionary, passed over in one go.

The memo is told how many items of a run it holds, and where they stand. They are looked for when somebody
asks for one of them, which hardly any pickle does: all it needs is to number what follows.
"""

import re
from functools import cache
from typing import Final

from ringfence.artifacts.pickles.items import LIST
from ringfence.artifacts.pickles.kinds import LENGTHS
from ringfence.artifacts.reader import Reader

__all__ = ["Run", "passed"]

_LONGEST: Final = 31  # bytes of a text
_KNOWN: Final = 32  # the first entries of the memo, which a run may refer to when all of them are there
_MEMOIZE: Final = b"\x94"


class Run:
    """Stands in the memo for items of a run that nobody has asked for."""

    __slots__ = ("at", "first", "reader", "size_bytes")

    def __init__(self, reader: Reader, at: int, size_bytes: int, first: int) -> None:
        self.reader = reader
        self.at = at  # where the run begins
        self.size_bytes = size_bytes
        self.first = first  # the memo's number of its first item

    def spell_out(self, memo: list[object]) -> None:
        """Puts the items in its place, as far as it still stands there.

        Raises:
            Malformed: more than may be read.
        """
        run = self.reader.at(self.at, self.size_bytes)
        key, i = self.first, 0
        while i < len(run):
            item: object = None
            match run[i]:
                case 0x8C:
                    item, size = self.at + i, 3 + run[i + 1]
                case 0x5D:  # ]
                    item, size = LIST, 2
                case 0x68:  # h
                    size = 2
                case code:
                    size = LENGTHS[code]
            if item is not None:
                if memo[key] is self:
                    memo[key] = item
                key += 1
            i += size


def passed(window: bytes, i: int, limit: int, known: int, *, is_list: bool) -> tuple[int, int] | None:
    """Where the run that begins at `i` is put into its list or dictionary, and how many items the memo gets.

    None where it is no such run up to its end. `known` entries are in the memo.
    """
    end_code, count = ord("e") if is_list else ord("u"), 0
    items, odd = _patterns(is_list, known >= _KNOWN)
    while True:
        plain = items.match(window, i, limit)
        end = plain.end() if plain else i
        count += window.count(_MEMOIZE, i, end)
        if end < limit and window[end] == end_code:
            return end + 1, count
        found = odd.match(window, end, limit)
        if found is None:
            return None
        count += window.count(_MEMOIZE, *found.span("key"))
        i = found.end()


@cache
def _patterns(is_list: bool, with_gets: bool) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    """Items, or keys with values; and one of those with a number in it that has the byte of MEMOIZE, which
    must not be counted. Nothing can be matched in two ways, so that it takes linear time.
    """
    sizes = (b"%b[\\x00-\\x7f]{%d}" % (re.escape(bytes([size])), size) for size in range(1, _LONGEST + 1))
    texts = b"\x8c(?:\\x00|%b)\x94" % b"|".join(sizes)
    gets = b"|h[\\x00-\\x%02x]" % (_KNOWN - 1) if with_gets else b""
    key = b"%b|K[^\x94]|M[^\x94]{2}|J[^\x94]{4}%b" % (texts, gets)
    number = b"K[^\x94]|M[^\x94]{2}|J[^\x94]{4}|G[^\x94]{8}"
    value = b"%b|%b|[N\x88\x89)]" % (texts, number)
    odd = b"K.|M..|J.{4}|G.{8}"
    if is_list:
        return _compiled(b"(?:%b%b)*+" % (value, gets)), _compiled(b"(?P<key>)(?:%b)" % odd)
    values = b"%b|]\x94(?:\\((?:%b%b)*+e)?+" % (value, value, gets)
    pairs = _compiled(b"(?:(?:%b)(?:%b))*+" % (key, values))
    return pairs, _compiled(b"(?P<key>%b)(?:%b)" % (key, odd))


def _compiled(pattern: bytes) -> re.Pattern[bytes]:
    return re.compile(b"(?s:%b)" % pattern)
