"""The words of an enumeration, as policies and facts write them."""

from enum import Enum, IntEnum
from functools import cache

__all__ = ["member_of", "word_of", "words_of"]


@cache
def words_of(enumeration: type[Enum]) -> tuple[str, ...]:
    """All words; where the enumeration is a rank, the lowest first, and a word's rank is its position."""
    return tuple(word_of(each) for each in enumeration)


def word_of(member: Enum) -> str:
    """A member's word: its value, or its name in lower case where values are numbers."""
    return member.name.lower() if isinstance(member, IntEnum) else str(member.value)


def member_of(enumeration: type[Enum], word: str) -> Enum:
    """The member with this word.

    Raises:
        ValueError: there is none.
    """
    return tuple(enumeration)[words_of(enumeration).index(word)]
