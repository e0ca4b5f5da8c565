"""Patterns that are only searched for where the words that they need stand in the text: most have none."""

import re
from collections.abc import Iterator
from dataclasses import field

from ringfence.core.dataclass import dataclass

__all__ = ["Sought", "first_found"]


@dataclass(frozen=True, slots=True)
class Sought:
    """`needs` says which words the pattern needs, in small letters: all of them, of each `a|b` one.

    The pattern begins with one of those that are marked by `^`, so that it is tried at no other place.
    """

    needs: str
    pattern: re.Pattern[str]
    _words: tuple[tuple[str, ...], ...] = field(init=False)

    def __post_init__(self) -> None:
        groups = (each.removeprefix("^").split("|") for each in self.needs.split())
        object.__setattr__(self, "_words", tuple(map(tuple, groups)))

    def search(self, text: str, lowered: str) -> re.Match[str] | None:
        """A place in `text`, of which `lowered` is the same in small letters."""
        if not all(any(word in lowered for word in words) for words in self._words):
            return None
        if not self.needs.startswith("^") or len(lowered) != len(text):
            return self.pattern.search(text)
        tried = (self.pattern.match(text, at) for word in self._words[0] for at in _places(lowered, word))
        return next((found for found in tried if found is not None), None)


def first_found(sought: tuple[Sought, ...], text: str) -> re.Match[str] | None:
    """The first of them that is in the text."""
    lowered = text.lower()
    return next((found for each in sought if (found := each.search(text, lowered)) is not None), None)


def _places(text: str, word: str) -> Iterator[int]:
    at = text.find(word)
    while at >= 0:
        yield at
        at = text.find(word, at + 1)
