"""Takes secrets out of what comes back, while it flows: each spelling of one becomes its placeholder's.

Looking for a hundred spellings one after the other is slow. So only every nth word of four bytes is looked
at, all at once as numbers: `n` is such that no spelling fits between two of them. A word that stands in a
spelling leads to that spelling alone, which is then searched for; nearly always there is none.

What may be the beginning of a spelling is kept back until more comes, and nothing else is.
"""

import sys
from bisect import bisect_left
from collections.abc import Mapping
from heapq import heapify, heappop, heappush

from ringfence.protocols.spellings import spellings

__all__ = ["Scrubber", "Secrets"]

_WORD = 4  # bytes
_STRIDE = 64  # words; more gains nothing
_FEW_BYTES = 4096  # of data, in which all spellings are searched for one after the other
_SHORT_BYTES = 24  # spellings that would have the stride small
_SHORT_COUNT = 8  # so many of them are searched for one after the other


class Secrets:
    """What is looked for. Made once, it serves many scrubbers; it is never shown."""

    __slots__ = ("_apart", "_begins", "_by_word", "_first_words", "_places", "_stride", "_words", "longest")

    def __init__(self, secrets: Mapping[bytes, bytes]) -> None:
        """`secrets` with their placeholders; none of them empty."""
        self._places: dict[bytes, bytes] = {}
        for secret, stand_in in secrets.items():
            for spelt, instead in spellings(secret, stand_in).items():
                self._places.setdefault(spelt, instead)
        self._places |= secrets  # what is a secret itself is no spelling of another one
        self.longest = max(map(len, self._places), default=0)
        self._begins: dict[bytes, list[bytes]] = {}
        for spelt in self._places:
            for length in range(1, min(_WORD, len(spelt)) + 1):
                self._begins.setdefault(spelt[:length], []).append(spelt)
        self._first_words = frozenset(_number(each) for each in self._begins if len(each) == _WORD)
        self._by_word: dict[int, list[bytes]] | None = None

    def replaced(self, data: bytes, *, is_all: bool) -> tuple[bytes, bytes]:
        """The data without secrets, and what may be the beginning of one, unless that `is_all` there is."""
        matches = self._matches(data)
        end = len(data) if is_all else self._beginning(data, matches)
        made: list[bytes] = []
        at = 0
        for start, spelt in matches:
            if start >= end:
                break
            made += data[at:start], self._places[spelt]
            at = start + len(spelt)
        return b"".join((*made, data[at:end])) if made else data[:end], data[end:]

    def _matches(self, data: bytes) -> list[tuple[int, bytes]]:
        """Where which spellings stand, in their order: the first ones, of those the longest."""
        waiting = [(data.find(spelt), -len(spelt), spelt) for spelt in self._there(data)]
        heapify(waiting)
        found: list[tuple[int, bytes]] = []
        end = 0
        while waiting:
            start, length, spelt = heappop(waiting)
            if start >= end:
                found.append((start, spelt))
                end = start - length
            if (again := data.find(spelt, end)) >= 0:
                heappush(waiting, (again, length, spelt))
        return found

    def _there(self, data: bytes) -> list[bytes]:
        if len(data) < _FEW_BYTES:
            return [spelt for spelt in self._places if spelt in data]
        by_word = self._prepared()
        words = memoryview(data)[: len(data) // _WORD * _WORD].cast("I")[:: self._stride]
        candidates = {spelt for hit in self._words.intersection(words) for spelt in by_word[hit]}
        return [spelt for spelt in (*self._apart, *candidates) if spelt in data]

    def _prepared(self) -> dict[int, list[bytes]]:
        if self._by_word is not None:
            return self._by_word
        short = [each for each in self._places if len(each) < _SHORT_BYTES]
        apart = short if len(short) <= _SHORT_COUNT else [each for each in short if len(each) < 2 * _WORD - 1]
        sampled = self._places.keys() - set(apart)
        shortest = min(map(len, sampled), default=_SHORT_BYTES)
        self._apart = tuple(apart)
        self._stride = min((shortest - _WORD + 1) // _WORD, _STRIDE)
        self._by_word = {}
        for spelt in sampled:
            for at in range(_WORD * self._stride):
                self._by_word.setdefault(_number(spelt[at : at + _WORD]), []).append(spelt)
        self._words = frozenset(self._by_word)
        return self._by_word

    def _beginning(self, data: bytes, matches: list[tuple[int, bytes]]) -> int:
        """From where on the data may be the beginning of a spelling; its length where it is not."""
        first = max(0, len(data) - self.longest + 1)
        if not self._begins_in(memoryview(data)[first:]):
            first = max(0, len(data) - _WORD + 1)
        for at in range(first, len(data)):
            begun = self._begins.get(data[at : at + _WORD])
            if begun and not _is_within(at, matches):
                rest = data[at:]
                if any(len(each) > len(rest) and each.startswith(rest) for each in begun):
                    return at
        return len(data)

    def _begins_in(self, end: memoryview) -> bool:
        """Whether the first word of a spelling stands anywhere in it."""
        for at in range(_WORD):
            words = end[at : at + (len(end) - at) // _WORD * _WORD]
            if len(words) >= _WORD and not self._first_words.isdisjoint(words.cast("I")):
                return True
        return False


def _is_within(at: int, matches: list[tuple[int, bytes]]) -> bool:
    before = bisect_left(matches, (at, b"")) - 1
    return before >= 0 and at < matches[before][0] + len(matches[before][1])


def _number(word: bytes) -> int:
    return int.from_bytes(word, sys.byteorder)


class Scrubber:
    """One stream, without secrets. `feed` what comes and pass on what it returns; `finish` at the end."""

    __slots__ = ("_held", "_secrets")

    def __init__(self, secrets: Secrets | Mapping[bytes, bytes]) -> None:
        self._secrets = secrets if isinstance(secrets, Secrets) else Secrets(secrets)
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """What may be passed on of it."""
        return self._fed(data, is_all=False)

    def finish(self) -> bytes:
        """What was kept back."""
        return self._fed(b"", is_all=True)

    def _fed(self, data: bytes, *, is_all: bool) -> bytes:
        if not self._secrets.longest:
            return data
        made, self._held = self._secrets.replaced(self._held + data, is_all=is_all)
        return made
