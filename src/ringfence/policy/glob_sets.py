"""What patterns have in common: texts that tell them apart, and whether one leaves nothing of another.

Patterns are followed side by side, character by character. Of all characters that none of them names, one
stands for all. Only texts that can occur are looked at: no part between separators is empty.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import chain

from ringfence.core.actions import FieldKind
from ringfence.core.limits import LIMITS
from ringfence.policy.globs import SEPARATORS, Automaton, Glob, folded, glob

__all__ = ["TooManySteps", "covers", "witnesses"]

_Live = tuple[tuple[int, int], ...]  # of each pattern that may still match: its number and its states


class TooManySteps(Exception):
    """The patterns can be told apart in more ways than are looked at. `found` are texts for some of them."""

    def __init__(self, found: tuple[str, ...]) -> None:
        super().__init__(f"more than {LIMITS.policy_pattern_steps} steps")
        self.found = found


def witnesses(patterns: Sequence[str], kind: FieldKind) -> tuple[str, ...]:
    """One text for every set of `patterns` that some text fits at once, the shortest.

    A text that fits none is among them where there is one; the empty text only where no other does.

    Raises:
        BadGlob: one of them is no pattern.
        TooManySteps: there are too many to look at.
    """
    globs = tuple(glob(each, kind) for each in dict.fromkeys(patterns))
    found: dict[tuple[int, ...], str] = {}
    empty: tuple[tuple[int, ...], str] | None = None
    try:
        for text, fitting in _texts(globs, kind):
            if text:
                found.setdefault(fitting, text)
            else:
                empty = fitting, text
    except _TooMany:
        raise TooManySteps(tuple(found.values())) from None
    if empty is not None:
        found.setdefault(*empty)
    return tuple(found.values())


def covers(wide: str, narrow: str, kind: FieldKind) -> bool:
    """Whether every text that fits `narrow` fits `wide`. False, too, when that takes too long to find out.

    Raises:
        BadGlob: one of them is no pattern.
    """
    globs = (glob(wide, kind), glob(narrow, kind))
    try:
        return all(fitting != (1,) for _, fitting in _texts(globs, kind))
    except _TooMany:
        return False


class _TooMany(Exception):
    """More than LIMITS.policy_pattern_steps."""


def _texts(globs: tuple[Glob, ...], kind: FieldKind) -> Iterator[tuple[str, tuple[int, ...]]]:
    """A text for each state that all patterns together can be in, and the numbers of those that it fits.

    The shortest come first.
    """
    separator = SEPARATORS.get(kind)
    automata = tuple(each.automaton() for each in globs)
    other = _other(automata, kind)
    start: _Live = tuple((number, each.start) for number, each in enumerate(automata))
    seen = {(start, False)}
    waiting: deque[tuple[str, _Live]] = deque([("", start)])
    steps = 0
    while waiting:
        text, live = waiting.popleft()
        if kind is not FieldKind.HOST or not text.endswith("."):
            yield text, tuple(number for number, states in live if states & automata[number].final)
        for char in _next_chars(automata, live, separator, other):
            if char == separator and (text.endswith(char) or (not text and kind is FieldKind.HOST)):
                continue
            steps += len(live) + 1
            if steps > LIMITS.policy_pattern_steps:
                raise _TooMany
            after = _after(automata, live, char, is_first=not text)
            key = after, char == separator
            if key not in seen:
                seen.add(key)
                waiting.append((text + char, after))


def _after(automata: tuple[Automaton, ...], live: _Live, char: str, *, is_first: bool) -> _Live:
    moved: list[tuple[int, int]] = []
    for number, states in live:
        automaton = automata[number]
        reached = automaton.opening(char) if is_first else automaton.step(states, char)
        if reached:
            moved.append((number, reached))
    return tuple(moved)


def _next_chars(automata: tuple[Automaton, ...], live: _Live, separator: str | None, other: str) -> list[str]:
    """Every character that leads elsewhere than others do, in a fixed order."""
    chars: set[str] = set() if separator is None else {separator}
    for number, states in live:
        literals = automata[number].literals
        rest = states
        while rest:
            lowest = rest & -rest
            char = literals[lowest.bit_length() - 1]
            if char is not None:
                chars.add(char)
            rest ^= lowest
    return [other, *sorted(chars)]


def _other(automata: tuple[Automaton, ...], kind: FieldKind) -> str:
    """A character that no pattern names."""
    named = {char for each in automata for char in each.literals}
    candidates = chain("xyzwvutsrqponmlkjihgfedcba0123456789-_", map(chr, range(0xA1, 0x10000)))
    return next(each for each in candidates if each not in named and folded(each, kind) == each)
