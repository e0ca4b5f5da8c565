"""Which licenses' texts stand in a text: whole, or changed, and what stands there beside them.

First texts that stand there word by word; then, in what is left, the one of which most words are there, as
long as these are `ALIKE` of its words at least. What no text explains was added by somebody. The bound was
measured: docs/licenses.md.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import accumulate
from types import MappingProxyType

from ringfence.artifacts.licenses.catalogue import catalogue, name_key
from ringfence.artifacts.licenses.fingerprints import (
    Fingerprint,
    all_fingerprints,
    digest_of,
    known_digests,
    parts_of,
)
from ringfence.artifacts.licenses.plain_words import PlainWords, plain_words
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS

__all__ = ["ALIKE", "Added", "Found", "Resemblance", "resemblance", "words_in_common"]

ALIKE = 0.35
"""The part of a license's words that has to stand in a text for it to be that license, changed."""
_FEWEST_WORDS = 50  # in common: short licenses share a sentence with many others


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One license in a text."""

    expression: str
    alike: float  # 0..1: how many of the license's words stand there
    whole: bool  # every word stands there, in order


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """Words that stand in no text of the licenses that were found, nor are a name of one."""

    line: int
    words: str  # normalised, with some of those around them


@dataclass(frozen=True, slots=True, kw_only=True)
class Resemblance:
    """What a text was found to hold."""

    found: tuple[Found, ...]
    added: tuple[Added, ...]


def resemblance(text: str) -> Resemblance:
    """The licenses whose texts a text holds. Linear in its length, which the caller bounds."""
    plain = plain_words(text)
    whole = known_digests().get(digest_of(plain.words))
    if whole:
        return Resemblance(found=(Found(expression=whole, alike=1.0, whole=True),), added=())
    reading = _Reading(plain)
    found = (*reading.whole_texts(), *reading.changed_texts())
    return Resemblance(found=found, added=tuple(reading.added(found)) if found else ())


class _Reading:
    """One text while it is compared; `left` holds which words are not explained yet."""

    def __init__(self, plain: PlainWords) -> None:
        self.plain = plain
        self.left = bytearray(b"\1") * len(plain.words)
        parts = parts_of(plain.words)
        self.hashes = tuple(digest for digest, _ in parts)
        self.starts = (0, *accumulate(words for _, words in parts))

    def whole_texts(self) -> Iterator[Found]:
        """Every license that stands there word by word, the longest first, each place for one only."""
        places = sorted(self._places(), key=lambda place: (place[0] - place[1], place[0]))
        seen: set[str] = set()
        for start, end, expression in places:
            if all(self.left[start:end]):
                self.left[start:end] = bytes(end - start)
                if expression not in seen:
                    seen.add(expression)
                    yield Found(expression=expression, alike=1.0, whole=True)

    def _places(self) -> Iterator[tuple[int, int, str]]:
        looked = 0
        for number, digest in enumerate(self.hashes):
            for anchor in _anchors().get(digest, ()):
                start = self.starts[number] - anchor.words_before
                end = start + anchor.text.words
                if start < 0 or end > len(self.left):
                    continue
                looked += 1
                if looked > LIMITS.license_text_places:
                    return
                first = number - anchor.parts_before + 1  # the outermost parts may be cut elsewhere
                inner = anchor.inner
                if (
                    self.hashes[first : first + len(inner)] == inner
                    and digest_of(self.plain.words[start:end]) == anchor.text.digest
                ):
                    yield start, end, anchor.text.expression

    def changed_texts(self) -> Iterator[Found]:
        """The licenses of which enough is left, the one with the most first."""
        for _ in range(LIMITS.license_texts_in_one):
            left = Counter(digest for digest, _, _ in self._parts_left())
            matched = [(words_in_common(text, left), text) for text in all_fingerprints()]
            enough = [each for each in matched if each[0] >= max(_FEWEST_WORDS, ALIKE * each[1].words)]
            if not enough:
                return
            words, best = max(enough, key=lambda each: (each[0], -each[1].words, each[1].digest))
            self._explain(Counter(digest for digest, _ in best.parts))
            yield Found(expression=best.expression, alike=words / best.words, whole=False)

    def added(self, found: Iterable[Found]) -> Iterator[Added]:
        """What is left when names of the licenses and other readings of their texts are taken away."""
        expressions = frozenset(each.expression for each in found)
        texts = (each for each in all_fingerprints() if each.expression in expressions)
        theirs = frozenset(digest for text in texts for digest, _ in text.parts)
        for number, digest in enumerate(self.hashes):
            if digest in theirs:
                start, end = self.starts[number], self.starts[number + 1]
                self.left[start:end] = bytes(end - start)
        start = 0
        for end in range(1, len(self.left) + 1):
            if end == len(self.left) or self.left[end] != self.left[start]:
                words = " ".join(self.plain.words[start:end])
                if self.left[start] and not _is_name(words, expressions):
                    yield Added(line=self.plain.lines[start], words=words)
                start = end

    def _explain(self, parts: Counter[bytes]) -> None:
        for digest, start, end in self._parts_left():
            if parts[digest] > 0:
                parts[digest] -= 1
                self.left[start:end] = bytes(end - start)

    def _parts_left(self) -> Iterator[tuple[bytes, int, int]]:
        for number, digest in enumerate(self.hashes):
            start, end = self.starts[number], self.starts[number + 1]
            if all(self.left[start:end]):
                yield digest, start, end


@dataclass(frozen=True, slots=True, kw_only=True)
class _Anchor:
    """The longest part of a text that is neither its first nor its last, by which its place is found."""

    text: Fingerprint
    words_before: int
    parts_before: int
    inner: tuple[bytes, ...]  # digests of all parts but the outermost


@cache
def _anchors() -> Mapping[bytes, tuple[_Anchor, ...]]:
    found: defaultdict[bytes, list[_Anchor]] = defaultdict(list)
    for text in all_fingerprints():
        inner = range(1, len(text.parts) - 1)
        at = max(inner, key=lambda number: text.parts[number][1])
        anchor = _Anchor(
            text=text,
            words_before=sum(words for _, words in text.parts[:at]),
            parts_before=at,
            inner=tuple(digest for digest, _ in text.parts[1:-1]),
        )
        found[text.parts[at][0]].append(anchor)
    return MappingProxyType({digest: tuple(anchors) for digest, anchors in found.items()})


def words_in_common(text: Fingerprint, left: Mapping[bytes, int]) -> int:
    """How many words of a license's text stand in a text with so many of each part."""
    used: Counter[bytes] = Counter()
    words = 0
    for digest, size in text.parts:
        if used[digest] < left.get(digest, 0):
            used[digest] += 1
            words += size
    return words


def _is_name(words: str, expressions: frozenset[str]) -> bool:
    key = name_key(words)
    named = catalogue().by_name.get(key)
    return not key or (named is not None and named.expression in expressions)
