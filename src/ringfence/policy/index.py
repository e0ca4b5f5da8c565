"""Finds the few rules that can match a value, however many there are.

A rule is filed under one of its conditions: the texts that its patterns stand for, or what they begin or end
with. Texts are sorted. Of two that begin the same value the shorter begins the longer, so that the rules for
a value are those of the last text that is not behind it, and of what begins that one.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

from ringfence.core.actions import FieldKind
from ringfence.policy.conditions import Fact
from ringfence.policy.globs import glob
from ringfence.policy.rule import Condition, Like
from ringfence.policy.words import member_of

__all__ = ["Key", "Lookup", "keys"]

RuleT = TypeVar("RuleT")

_GLOBS = frozenset({FieldKind.TEXT, FieldKind.NAME, FieldKind.PATH, FieldKind.HOST, FieldKind.ARGUMENTS})


Key = tuple[str, object]
"""What a rule is filed under: that a value is the same, begins or ends so; and what it is compared with."""

_SAME, _BEGINS, _ENDS = "same", "begins", "ends"


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
        return tuple((_SAME, member_of(words, each)) for each in test.patterns)
    if about.kind is FieldKind.NUMBER:
        return tuple((_SAME, int(each)) for each in test.patterns)
    if about.kind not in _GLOBS:
        return ()
    found = [_key(each, about.kind) for each in test.patterns]
    return tuple(found) if all(value for _, value in found) else ()


def _key(pattern: str, kind: FieldKind) -> Key:
    compiled = glob(pattern, kind)
    if compiled.exact is not None:
        return _SAME, compiled.exact
    if compiled.prefix and (kind is not FieldKind.HOST or not compiled.suffix):
        return _BEGINS, compiled.prefix
    return _ENDS, compiled.suffix


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
            for way, value in dict.fromkeys(its_keys):
                if way == _SAME:
                    same.setdefault(value, []).append(rule)
                elif way == _BEGINS:
                    begins.setdefault(str(value), []).append(rule)
                else:
                    ends.setdefault(str(value)[::-1], []).append(rule)
            if unknown_matches:
                unknown.append(rule)
        self._same = {value: tuple(rules) for value, rules in same.items()}
        self._begins = _Beginnings(begins) if begins else None
        self._ends = _Beginnings(ends) if ends else None
        self._unknown = tuple(unknown)
        self._is_text = about.kind is FieldKind.TEXT and about.words is None
        self.find = self._find_several if about.has_several else self._find

    find: Callable[[object], tuple[RuleT, ...]]
    """The rules that this value of the fact, as it was read, may lead to; one may be there twice."""

    def _find(self, value: object) -> tuple[RuleT, ...]:
        if value is None:
            return self._unknown
        if self._is_text:
            value = str(value).casefold()
        found = self._same.get(value, ())
        if self._begins is not None:
            found += self._begins.find(str(value))
        if self._ends is not None:
            found += self._ends.find(str(value)[::-1])
        return found

    def _find_several(self, values: object) -> tuple[RuleT, ...]:
        if values is None:
            return self._unknown
        several = values if isinstance(values, tuple) else ()
        return tuple(dict.fromkeys(rule for each in dict.fromkeys(several) for rule in self._find(each)))
