"""The words of a license's text, so that two spellings of one text are the same words.

Left out are case, white space, quotes, punctuation, list marks (and so a small number before a full stop),
comment marks, lines that only say whose copyright it is, and the names in BSD licenses of those who are not
liable. Letters of every script stay: what a person can read is a word. After the matching guidelines of SPDX
(specification 2.3, annex B), without their lists of words that mean the same.
"""

import re
from functools import cache
from unicodedata import normalize

from ringfence.artifacts.licenses.catalogue import catalogue
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS

__all__ = ["PlainWords", "plain_words"]

_PIECE = re.compile(rf"\s+|\S{{1,{LIMITS.license_word_chars}}}")
_WORD = re.compile(r"[^\W_]+(?:\.[^\W_]+)*")
_MARK = r"(?<![^\W_])(?<!\.)(?:[0-9]{1,2}(?:\.[0-9]{1,2})*|[a-z]|[ivx]{1,5})(?:\)|\\?\.)(?![^\W_])"
_WORD_OR_MARK = re.compile(rf"{_MARK}|({_WORD.pattern})")
_DECORATION = re.compile(r"[\s>*#/;|=%•·-]*")
_COPYRIGHT = re.compile(
    r"(?:copyright|copr\.)[\s:]*(?:©|\(c\)|[0-9]{4}|[\[<{(]\s*(?:yyyy|year))"
    r"|(?:©|\(c\))\s*(?:copyright|[0-9]{4})"
)
_RESERVED = re.compile(r"all rights? reserved")
_IN_NAMES = frozenset(
    ("academic", "educational", "limited", "no", "non", "nonprofit", "private", "research", "will")
)
_SENTENCES = frozenset(
    (
        *("use", "used", "uses", "using", "install", "installed", "installing", "run", "running"),
        *("copies", "copying", "agree", "agrees", "day", "days", "month", "monthly", "outside"),
        *("anybody", "everybody", "everyone", "whoever", "you", "our", "if", "until", "before", "after"),
    )
)  # and no name of who made something
_NAMES = tuple(
    (tuple(before.split()), tuple(behind.split()))
    for before, behind in (
        ("neither the name of", "may be used"),
        ("neither the names of", "may be used"),
        ("is provided by", "as is"),
        ("in no event shall", "be liable"),
    )
)  # between these, texts of one license name whoever wrote what it is for
_NAME_STARTS = frozenset(before[0] for before, _ in _NAMES)
_MARKS = str.maketrans("", "", "™®℠")
_SAME = {"https": "http"}  # the GNU licenses were printed with both


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainWords:
    """Words, and beside each the line that it stands in, from 1."""

    words: tuple[str, ...]
    lines: tuple[int, ...]


def plain_words(text: str) -> PlainWords:
    """The words of a text that is bounded by the caller. Linear in its length."""
    words: list[str] = []
    lines: list[int] = []
    normal = "".join(normalize("NFKC", each) for each in _PIECE.findall(text.translate(_MARKS)))
    for number, line in enumerate(normal.lower().splitlines(), start=1):
        bare = line[_DECORATION.match(line).end() :]  # type: ignore[union-attr]  # matches nothing at least
        if _only_says_whose(bare):
            continue
        found = tuple(filter(None, _WORD_OR_MARK.findall(bare)))
        words += [_SAME.get(word, word) for word in found]
        lines += [number] * len(found)
    kept = _without_names(words)
    return PlainWords(words=tuple(words[at] for at in kept), lines=tuple(lines[at] for at in kept))


def _without_names(words: list[str]) -> list[int]:
    """The positions of all words but those names."""
    kept: list[int] = []
    at = 0
    while at < len(words):
        start, end = _name_at(words, at) if words[at] in _NAME_STARTS else (at + 1, at + 1)
        kept += range(at, start)
        at = end
    return kept


def _name_at(words: list[str], at: int) -> tuple[int, int]:
    """Where the name behind the words there starts and ends; where none is, both just behind the first."""
    for before, behind in _NAMES:
        start = at + len(before)
        if tuple(words[at:start]) == before:
            for end in range(start, start + LIMITS.copyright_words + 1):
                if tuple(words[end : end + len(behind)]) == behind:
                    return start, end
                if end == len(words) or words[end] in _terms():
                    break
    return at + 1, at + 1


def _only_says_whose(line: str) -> bool:
    if not _COPYRIGHT.match(line):
        return _RESERVED.fullmatch(line.strip(" .")) is not None
    said = _WORD.findall(_RESERVED.sub("", line, count=1))
    return len(said) <= LIMITS.copyright_words and _terms().isdisjoint(said)


@cache
def _terms() -> frozenset[str]:
    """Words that say more than who somebody is."""
    return (catalogue().conditions | _SENTENCES) - _IN_NAMES
