"""Finds the few rules that can match a value, however many there are.

A rule is filed under one of its conditions: the texts that its patterns stand for, or what they begin or end
with. Texts are sorted. Of two that begin the same value the shorter begins the longer, so that the rules for
a value are those of the last text that is not behind it, and of what begins that one.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from ringfence.core.actions import FieldKind
from ringfence.policy.conditions import Fact
from ringfence.policy.globs import folded, glob
from ringfence.policy.rule import Condition, Like
from ringfence.policy.words import member_of

__all__ = ["Key", "Lookup", "Way", "keys"]

RuleT = TypeVar("RuleT")

_GLOBS = frozenset({FieldKind.TEXT, FieldKind.NAME, FieldKind.PATH, FieldKind.HOST, FieldKind.ARGUMENTS})
_FOLDED = frozenset({FieldKind.TEXT, FieldKind.HOST})


class Way(StrEnum):
    """How a value leads to a rule."""

    SAME = "same"
    BEGINS = "begins"
    ENDS = "ends"


@dataclass(frozen=True, slots=True)
class Key:
    """What a rule is filed under."""

    way: Way
    value: object


def keys(condition: Condition, about: Fact) -> tuple[Key, ...]:
    """What values lead to this condition; nothing when it can be met by others, too.

    Raises:
        BadGlob: a pattern is none.
    """
    test = condition.test
    if not isinstance(test, Like) or about.name == "license":
        return ()
    if about.words is not None:
        words = about.words
        return tuple(Key(Way.SAME, member_of(words, each)) for each in test.patterns)
    if about.kind is FieldKind.NUMBER:
        return tuple(Key(Way.SAME, int(each)) for each in test.patterns)
    if about.kind not in _GLOBS:
        return ()
    found = tuple(_key(each, about.kind) for each in test.patterns)
    return found if all(each.value for each in found) else ()


def _key(pattern: str, kind: FieldKind) -> Key:
    compiled = glob(pattern, kind)
    if compiled.exact is not None:
        return Key(Way.SAME, compiled.exact)
    if compiled.prefix and (kind is not FieldKind.HOST or not compiled.suffix):
        return Key(Way.BEGINS, compiled.prefix)
    return Key(Way.ENDS, compiled.suffix)


class _Beginnings(Generic[RuleT]):
    """Rules by what a text begins with."""

    def __init__(self, rules: dict[str, list[RuleT]]) -> None:
        self._texts = sorted(rules)
        self._rules = [tuple(rules[each]) for each in self._texts]
        self._shorter: list[int] = []  # of each, the longest that begins it; -1 for none
        for text in self._texts:
            at = len(self._shorter) - 1
            while at >= 0 and not text.startswith(self._texts[at]):
                at = self._shorter[at]
            self._shorter.append(at)

    def find(self, value: str) -> tuple[RuleT, ...]:
        """The rules of every text that `value` begins with."""
        texts = self._texts
        found: tuple[RuleT, ...] = ()
        at = bisect_right(texts, value) - 1
        while at >= 0:
            if value.startswith(texts[at]):
                found += self._rules[at]
            at = self._shorter[at]
        return found


class Lookup(Generic[RuleT]):
    """The rules that are filed under one fact."""

    def __init__(self, about: Fact, filed: Iterable[tuple[RuleT, Sequence[Key], bool]]) -> None:
        """`filed`: rules with their keys, and whether an unknown fact leads to them as well."""
        same: dict[object, list[RuleT]] = {}
        begins: dict[str, list[RuleT]] = {}
        ends: dict[str, list[RuleT]] = {}
        unknown: list[RuleT] = []
        for rule, its_keys, unknown_matches in filed:
            for key in dict.fromkeys(its_keys):
                if key.way is Way.SAME:
                    same.setdefault(key.value, []).append(rule)
                else:
                    text = str(key.value)
                    is_end = key.way is Way.ENDS
                    (ends if is_end else begins).setdefault(text[::-1] if is_end else text, []).append(rule)
            if unknown_matches:
                unknown.append(rule)
        self._same = {value: tuple(rules) for value, rules in same.items()}
        self._begins = _Beginnings(begins) if begins else None
        self._ends = _Beginnings(ends) if ends else None
        self._unknown = tuple(unknown)
        self._kind = about.kind if about.kind in _FOLDED and about.words is None else None
        self.find = self._find_several if about.has_several else self._find

    find: Callable[[object], tuple[RuleT, ...]]
    """The rules that this value of the fact may lead to; one may be there twice."""

    def _find(self, value: object) -> tuple[RuleT, ...]:
        if value is None:
            return self._unknown
        if self._kind is not None:
            value = folded(str(value), self._kind)
        found = self._same.get(value, ())
        if self._begins is not None:
            found += self._begins.find(str(value))
        if self._ends is not None:
            found += self._ends.find(str(value)[::-1])
        return found

    def _find_several(self, values: object) -> tuple[RuleT, ...]:
        if values is None:
            return self._unknown
        found: tuple[RuleT, ...] = ()
        for each in values if isinstance(values, tuple) else ():
            found += self._find(each)
        return found
