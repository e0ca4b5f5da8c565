"""Finds runs of invisible characters in a list of texts, such as a vocabulary, as bytes.

A vocabulary of an honest model has single invisible characters, so that only what spells something counts.
Every search begins with fixed bytes, because lists have millions of bytes.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from ringfence.artifacts.budget import Budget
from ringfence.artifacts.spotted import Spotted
from ringfence.artifacts.texts.hidden_characters import judge_text

__all__ = ["judge_runs", "plain_text"]

_RUN: Final = 8  # invisible characters; a flag has six
_RUNS: Final = 100  # of one list that are looked at
_TAGS: Final = (b"\xf3\xa0", (range(0x80, 0x88), range(0x80, 0xC0)))  # tags, and selectors beyond them
_SELECTORS: Final = (b"\xef\xb8", (range(0x80, 0x90),))
_NOTHING: Final = (b"\xe2\x80", ((*range(0x8B, 0x90), *range(0xAA, 0xAF)),))
_OPERATORS: Final = (b"\xe2\x81", (range(0xA0, 0xB0),))
# Vocabularies have flags in pieces: those of England, Scotland, Wales and states of America.
_FLAGS: Final = re.compile(r"(?:(?:gb(?:eng|sct|wls)|us[a-z]{2})\x7f)+")
_TAGS_AS_LETTERS: Final = {0xE0000 + code: code for code in range(0x80)}
_KINDS: Final = (_TAGS, _SELECTORS, _NOTHING, _OPERATORS)


def _alphabet() -> list[str]:
    """The letter that stands for each byte in GPT-2's vocabulary and its descendants'."""
    others = iter(range(256, 512))
    shown = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    return [chr(byte if byte in shown else next(others)) for byte in range(256)]


_ALPHABET: Final = _alphabet()
_BYTES: Final = {ord(letter): byte for byte, letter in enumerate(_ALPHABET)}
_AS_IT_IS: Final = [bytes((byte,)) for byte in range(256)]
_AS_LETTERS: Final = [letter.encode() for letter in _ALPHABET]


def _patterns(spelled: list[bytes]) -> dict[bytes, re.Pattern[bytes]]:
    """How each kind of invisible characters begins → a run of them, in bytes that are spelled like that."""
    found = {}
    for start, rest in _KINDS:
        begin = b"".join(spelled[byte] for byte in start)
        one = re.escape(begin)
        one += b"".join(b"(?:%s)" % b"|".join(re.escape(spelled[n]) for n in part) for part in rest)
        found[begin] = re.compile(b"%s(?:%s){%d,}" % (one, one, _RUN - 1))
    return found


_PLAIN_RUNS: Final = _patterns(_AS_IT_IS)
_LETTER_RUNS: Final = _patterns(_AS_LETTERS)


def judge_runs(data: bytes, *, by_letters: bool, budget: Budget) -> Iterator[Spotted]:
    """Invisible characters that say something, in a list's bytes; `by_letters` where each stands for a byte.

    Raises:
        Malformed: it takes longer than the budget allows.
    """
    for begin, pattern in (_LETTER_RUNS if by_letters else _PLAIN_RUNS).items():
        budget.check_time(at=None)
        for run in islice(pattern.finditer(data), _RUNS) if begin in data else ():
            shown = plain_text(run[0], by_letters=by_letters)
            said = next(judge_text(shown), None)
            if said is not None and not _FLAGS.fullmatch(shown.translate(_TAGS_AS_LETTERS)):
                yield said
                break


def plain_text(data: bytes, *, by_letters: bool) -> str:
    """What people would see of it; a line that is not spelled by letters is what it is."""
    text = data.decode("utf-8", "replace")
    if not by_letters:
        return text
    try:
        return _spelled(text)
    except UnicodeEncodeError:
        return "\n".join(map(_spelled_or_not, text.split("\n")))  # no letter is a line's end


def _spelled_or_not(line: str) -> str:
    try:
        return _spelled(line)
    except UnicodeEncodeError:  # an added token
        return line


def _spelled(text: str) -> str:
    return text.translate(_BYTES).encode("latin-1").decode("utf-8", "replace")
