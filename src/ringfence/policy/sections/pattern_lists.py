"""Lists of patterns, each of which stands for a rule with one effect: a rule for each line."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from ringfence.core.actions import FieldKind
from ringfence.core.decisions import Effect
from ringfence.policy.rule import Condition, Rule
from ringfence.policy.sections.making import Maker
from ringfence.policy.shapes.conditions import like
from ringfence.policy.shapes.tables import Entry, Key
from ringfence.policy.shapes.texts import Patterns, Worded

__all__ = ["pattern_keys", "pattern_rules"]


def pattern_keys(kind: FieldKind, says: Mapping[str, str]) -> tuple[Key, ...]:
    """A key for each list, with what it is for."""
    return tuple(Key(name, Patterns((kind,), may_be_none=True), text) for name, text in says.items())


def pattern_rules(
    entry: Entry,
    maker: Maker,
    *,
    effects: Mapping[str, Effect],
    types: Sequence[str],
    field: str,
    also: tuple[Condition, ...] = (),
) -> Iterator[Rule]:
    """The rules of all lists that stand in the entry."""
    for key, effect in effects.items():
        patterns: tuple[Worded, ...] = entry.get(key) or ()
        for _, group in groupby(patterns, lambda each: each.line):
            of_line = tuple(group)
            condition = like(field, *(each.text for each in of_line))
            yield maker.rule(of_line[0], types=types, conditions=(*also, condition), effect=effect)
