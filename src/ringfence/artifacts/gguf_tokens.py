"""The vocabulary of a GGUF file: hidden and overlong texts, special tokens that are not what their names say.

The list has hundreds of thousands of texts and is read within milliseconds: one loop finds where each ends,
and only special tokens and what is longer than words are become texts of their own.

Source: ggml docs/gguf.md; llama.cpp's llama_token_type, and its refusal of two tokens with one text.
"""

import re
import struct
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from functools import partial
from itertools import repeat
from typing import Final

from ringfence.artifacts.problems import Malformed
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.core.dataclass import dataclass
from ringfence.core.findings import Confidence, Severity

__all__ = ["BY_LETTERS", "TOKENS", "TYPES", "Listed", "Strings", "judge_lists", "read_strings"]

TOKENS: Final = "tokenizer.ggml.tokens"
TYPES: Final = "tokenizer.ggml.token_type"
BY_LETTERS: Final = ("tokenizer.ggml.model", b"gpt2")  # each letter of a token stands for a byte
_NO_TOKEN: Final = 0xFFFF_FFFF  # written where there is none
_INT32: Final = (4, 5)
_CONTROL, _USER_DEFINED = 3, 4
_FIRST_BYTES: Final = 4 << 20
_GROWTH: Final = 4
_LONG: Final = 56  # bytes; the longest words of vocabularies have half of that, runs of signs aside
_SHORT_LIST: Final = 1_000  # of tags, languages, data sets, which are judged as other metadata is
# What eight invisible characters take at least: three bytes each, or as many letters of two.
_RUN: Final = (b"x" * 24, b"x" * 48)
_ANY_BUT_NUL: Final = b"\0" + b"x" * 255
_WORD: Final = re.compile(rb"[A-Za-z]{4}")
_ROLES: Final = {
    f"tokenizer.ggml.{role}_token_id": role for role in ("bos", "eos", "eot", "eom")
}  # those that decide where a text begins and ends
_U64: Final = struct.Struct("<Q")


@dataclass(slots=True, kw_only=True)
class Strings:
    """Texts one behind the other, each behind its u64 length, and where each ends."""

    at: int
    data: bytes
    ends: list[int]

    def item(self, number: int) -> bytes:
        """One text."""
        start = (self.ends[number - 1] if number else 0) + _U64.size
        return self.data[start : self.ends[number]]

    def times(self, text: bytes) -> int:
        """How often the text is in the list: 0, 1 or 2, which stands for more."""
        record = _U64.pack(len(text)) + text
        found, at = 0, self.data.find(record)
        while at >= 0 and found < 2:
            place = bisect_left(self.ends, at + len(record))
            start = self.ends[place - 1] if place else 0
            found += place < len(self.ends) and (start, self.ends[place]) == (at, at + len(record))
            at = self.data.find(record, at + 1)
        return found


@dataclass(slots=True, kw_only=True)
class Listed:
    """What a header's lists hold and where, as far as it is to be judged."""

    others: list[tuple[str, int, int, int]] = field(default_factory=list)  # key, offset, bytes, how many
    tokens: Strings | None = None
    types: tuple[int, int, int] | None = None  # offset, how many, type of the items
    by_letters: bool = False

    def read(self, reader: Reader, key: str, count: int) -> None:
        """Moves the reader behind the strings at its offset, and notes them."""
        if key == TOKENS and self.tokens is None:
            self.tokens = read_strings(reader, count)
            return
        at = reader.offset
        reader.skip_strings(count)
        self.others.append((key, at, reader.offset - at, count))


def read_strings(reader: Reader, count: int) -> Strings:
    """The list at the reader's offset, which moves behind it.

    Raises:
        Malformed: one of them does not fit into the file, or all are more than one header may have.
    """
    start, size = reader.offset, _FIRST_BYTES
    ends: list[int] = []
    at = 0
    unpack = _U64.unpack_from
    while True:
        data = reader.at(start, min(size, reader.size_bytes - start))
        put = ends.append
        try:
            for _ in repeat(None, count - len(ends)):
                at += 8 + unpack(data, at)[0]
                put(at)
        except (struct.error, OverflowError):  # behind what was read
            pass
        if len(ends) == count and at <= len(data):
            reader.skip(at)
            return Strings(at=start, data=data, ends=ends)
        if at > reader.size_bytes - start or len(data) == reader.size_bytes - start:
            last = start + (ends[-2] if len(ends) > 1 else 0)
            raise Malformed.past_end(at, at=last, detail="a string does not fit into the file")
        size *= _GROWTH


def judge_lists(reader: Reader, listed: Listed, numbers: Mapping[str, object]) -> Iterator[Spotted]:
    """What the lists hide, and what special tokens are.

    Raises:
        Malformed: it takes longer than the budget allows.
    """
    from ringfence.artifacts.texts import token_lists
    from ringfence.artifacts.texts.suspicious_text import judge_value, programs_in

    budget, by_letters = reader.budget, listed.by_letters
    for key, at, size, count in listed.others:
        budget.check_time(at=at)
        long = _runs(reader.at(at, size), by_letters)
        yield from token_lists.judge_runs(b"\0".join(long), by_letters=by_letters, budget=budget)
        if count <= _SHORT_LIST:
            found = read_strings(reader.part(at, size), count)
            joined = b"\n".join(map(found.item, range(count)))
            yield from judge_value(key, joined.decode("utf-8", "replace"), budget=budget)
        else:
            yield from programs_in(key, _worded(long, by_letters), budget=budget)
    if (tokens := listed.tokens) is not None:
        long = _runs(tokens.data, by_letters)
        yield from token_lists.judge_runs(b"\0".join(long), by_letters=by_letters, budget=budget)
        yield from programs_in(TOKENS, _worded(long, by_letters), budget=budget)
        shown = partial(token_lists.plain_text, by_letters=by_letters)
        yield from _special(reader, listed, tokens, numbers, shown)
        yield from _beyond(numbers, len(tokens.ends))


def _runs(data: bytes, by_letters: bool) -> list[bytes]:
    """What of a list is longer than words are, found without going through it text by text."""
    wanted = _RUN[by_letters]
    marked = data.translate(_ANY_BUT_NUL)
    found = []
    at = marked.find(wanted)
    while at >= 0:
        end = marked.find(b"\0", at)
        end = len(data) if end < 0 else end
        found.append(data[at:end])
        at = marked.find(wanted, end)
    return found


def _worded(texts: list[bytes], by_letters: bool) -> str:
    """The longest, as far as they have words of the alphabet that commands are written in, one to a line."""
    from ringfence.artifacts.texts.token_lists import plain_text

    longest = (each for each in texts if len(each) >= _LONG)
    return plain_text(b"\n".join(filter(_WORD.search, longest)), by_letters=by_letters)


def _special(
    reader: Reader,
    listed: Listed,
    tokens: Strings,
    numbers: Mapping[str, object],
    shown: Callable[[bytes], str],
) -> Iterator[Spotted]:
    """Tokens that steer the model: those of a type of their own, and those that keys name."""
    from ringfence.artifacts.texts.special_tokens import judge_marks, judge_roles, twice

    control, others = _of_types(reader, listed.types, len(tokens.ends))
    yield from judge_marks(
        [shown(tokens.item(number)) for number in control],
        [shown(tokens.item(number)) for number in others],
        budget=reader.budget,
    )
    texts: dict[str, str] = {}
    for key, role in _ROLES.items():
        number = numbers.get(key)
        if isinstance(number, int) and 0 <= number < len(tokens.ends):
            item = tokens.item(number)
            texts[role] = shown(item)
            if item and tokens.times(item) > 1:
                yield twice(texts[role])
    yield from judge_roles(texts)


def _of_types(reader: Reader, types: tuple[int, int, int] | None, count: int) -> tuple[list[int], list[int]]:
    """The numbers of control tokens, and of those that somebody added."""
    if types is None or types[1] != count or types[2] not in _INT32:
        return [], []
    low = reader.at(types[0], 4 * count)[::4]  # types are below 256, whatever other bytes say
    return _places(low, _CONTROL), _places(low, _USER_DEFINED)


def _places(data: bytes, byte: int) -> list[int]:
    found, at = [], data.find(byte)
    while at >= 0:
        found.append(at)
        at = data.find(byte, at + 1)
    return found


def _beyond(numbers: Mapping[str, object], count: int) -> Iterator[Spotted]:
    """Special tokens that the vocabulary does not have; programs look them up unchecked."""
    for key, value in numbers.items():
        if not (key.startswith("tokenizer.ggml.") and key.endswith("_token_id")):
            continue
        if isinstance(value, int) and count <= value < _NO_TOKEN:
            yield Spotted(
                check="token-out-of-range",
                severity=Severity.LOW,
                confidence=Confidence.CERTAIN,
                at=None,
                evidence=(f"{key} is {value}, and there are {count} tokens",),
                advice="take the file of the model's publisher, or leave it out",
            )
