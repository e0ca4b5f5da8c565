"""Kinds of values that conditions tell apart: for each part of an action, one value of every kind.

Two values are of one kind when every condition says the same of both. Of texts, `glob_sets` finds one for
every set of patterns that some text fits; numbers change at their thresholds; words are all tried. Lists and
license expressions are put together from simpler ones until nothing new comes of it, which reaches every
kind, as what a condition says of a whole follows from what it says of the parts.

A part is a field, all of `context`, or what a tool's arguments of one name are (`arguments.to`).
"""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import product

from ringfence.core.action_types import ActionType
from ringfence.core.actions import Action, Argument, FieldKind
from ringfence.core.dataclass import dataclass
from ringfence.core.labels import Integrity, Label, Sensitivity
from ringfence.core.limits import LIMITS
from ringfence.policy.conditions import Check, Fact, check, reader
from ringfence.policy.glob_sets import TooManySteps, witnesses
from ringfence.policy.globs import folded, glob
from ringfence.policy.rule import AtLeast, AtMost, Before, Condition, From, Like, Unlike

__all__ = ["Kinds", "Said", "action_with", "kinds", "part_of", "said"]

Said = tuple[bool | None, ...]
"""What each of several conditions says of a value; None: it is unknown to it."""

_LARGEST = 2**53 - 1
_GLOBS = frozenset({FieldKind.TEXT, FieldKind.NAME, FieldKind.PATH, FieldKind.HOST})
_UNREADABLE_LICENSE = "("
_LABEL = Label(integrity=Integrity.USER)
_PLAIN = {FieldKind.NUMBER: 0, FieldKind.HOST: "host.invalid", FieldKind.PATH: "/any"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kinds:
    """The values, and whether there is one of every kind."""

    values: tuple[object, ...]
    complete: bool


def part_of(field: str) -> str:
    """The part of an action that a condition's field belongs to."""
    outer, _, inner = field.partition(".")
    return f"arguments.{inner.partition('.')[0]}" if outer == "arguments" and inner else outer


def action_with(parts: Mapping[str, object], of: ActionType) -> Action:
    """An action with these parts; what else such an action always has is something, and the rest unknown."""
    found: dict[str, object] = {}
    arguments: list[object] = []
    for each in dataclasses.fields(of.made):
        if each.default is dataclasses.MISSING:
            several = "tuple[" in str(each.type)
            found[each.name] = () if several else _PLAIN.get(each.metadata["kind"], "any")
    for name, value in parts.items():
        if name.startswith("arguments."):
            assert isinstance(value, tuple)
            arguments += value
        else:
            found[name] = value
    if any(name.startswith("arguments.") for name in parts):
        found["arguments"] = tuple(arguments)
    made: Action = of.made(**found)
    return made


@lru_cache(maxsize=20_000)
def _check(condition: Condition, type_name: str, allows: bool) -> Check:
    return check(condition, _types()[type_name], allows=allows)


@lru_cache(maxsize=1)
def _types() -> dict[str, ActionType]:
    from ringfence.core.action_types import ACTION_TYPES

    return {each.name: each for each in ACTION_TYPES}


@lru_cache(maxsize=4096)
def _reader(about: Fact) -> Callable[[Action], Sequence[object]]:
    return reader((about,))


def said(conditions: Iterable[tuple[Condition, bool]], action: Action, of: ActionType) -> Said:
    """What the conditions say of the action; with each goes whether it stands where something is allowed."""
    found: list[bool | None] = []
    for condition, allows in conditions:
        made = _check(condition, of.name, allows)
        value = _reader(made.fact)(action)[0]
        found.append(None if value is None else made.judge(value))
    return tuple(found)


def kinds(part: str, conditions: Iterable[tuple[Condition, bool]], of: ActionType) -> Kinds:
    """A value for each kind that conditions on one part of such actions tell apart."""
    asked = tuple(dict.fromkeys(conditions))
    found: dict[tuple[Said, bool], object] = {}

    def add(value: object) -> None:
        is_nothing = value == ()  # of which all is said, and which joined to others adds nothing
        found.setdefault((said(asked, action_with({part: value}, of), of), is_nothing), value)

    complete = True
    candidates = _Candidates(part, [each for each, _ in asked], of)
    for value in candidates:
        add(value)
    complete &= candidates.complete
    join = _joins(part, candidates)
    if join:
        complete &= _closed(found, add, join)
    return Kinds(values=tuple(found.values()), complete=complete)


def _closed(
    found: Mapping[tuple[Said, bool], object],
    add: Callable[[object], None],
    join: Callable[[object, object], list[object]],
) -> bool:
    """Adds what comes of joining values; whether all of it was added."""
    done = 0
    while done < len(found):
        if len(found) > LIMITS.policy_kinds:
            return False
        values = list(found.values())
        newest = values[done]
        done += 1
        for other in values:
            if newest is not None and other is not None:
                for joined in join(newest, other):
                    add(joined)
    return True


def _joins(part: str, candidates: "_Candidates") -> Callable[[object, object], list[object]] | None:
    if part == "license":
        return lambda one, other: [f"{_within(one)} {word} {_within(other)}" for word in ("AND", "OR")]
    if candidates.several:
        return lambda one, other: [one + other] if isinstance(one, tuple) and isinstance(other, tuple) else []
    return None


def _within(expression: object) -> str:
    return f"({expression})" if " " in str(expression) else str(expression)


class _Candidates:
    """Simple values of a part, among which is one of every kind, but for what joining makes of them."""

    def __init__(self, part: str, conditions: Sequence[Condition], of: ActionType) -> None:
        self._part, self._conditions, self._of = part, conditions, of
        self.complete = True
        name = part.partition(".")[0]
        field = next(each for each in dataclasses.fields(of.made) if each.name == name)
        self._kind: FieldKind = field.metadata["kind"]
        self._words = field.metadata["words"]
        self.several = "tuple[" in str(field.type)
        self._may_be_unknown = field.default is None

    def __iter__(self) -> Iterator[object]:
        if self._kind is FieldKind.LABEL:
            yield None
            for integrity, sensitivity in product(Integrity, Sensitivity):
                yield Label(integrity=integrity, sensitivity=sensitivity)
            return
        if self._kind is FieldKind.ARGUMENTS:
            yield from self._arguments()
            return
        if self.several:
            yield ()
            yield from ((text,) for text in self._texts(self._conditions))
        else:
            yield from self._ones()
        if self._may_be_unknown:
            yield None

    def _ones(self) -> Iterator[object]:
        match self._kind:
            case FieldKind.YES_NO:
                yield from (True, False)
            case FieldKind.RANK | FieldKind.WORD:
                yield from self._words
            case FieldKind.NUMBER:
                yield from self._numbers()
            case FieldKind.VERSION:
                yield from self._versions()
            case _:
                yield from self._texts(self._conditions)
                if self._part == "license":
                    yield _UNREADABLE_LICENSE
                if self._part == "path" or self._kind is FieldKind.PATH:
                    yield "../unclear"

    def _numbers(self) -> Iterator[int]:
        named: set[int] = set()
        for each in self._conditions:
            if isinstance(each.test, AtLeast | AtMost):
                named.add(each.test.value)
            elif isinstance(each.test, Like | Unlike):
                named |= set(map(int, each.test.patterns))
        around = {number + step for number in named for step in (-1, 0, 1)} or {0}
        yield from sorted(each for each in around if 0 <= each <= _LARGEST)

    def _versions(self) -> Iterator[str]:
        """Around each version that is named; texts that patterns name are versions only by chance."""
        named = [each.test.version for each in self._conditions if isinstance(each.test, Before | From)]
        for each in named:
            yield from (each, f"{each}.dev0", f"{each}.post0", f"{each}.post0.dev0", f"{each}.0.0.1")
        yield from ("0", "999999999", "none")
        yield from self._texts(self._conditions)
        if named and any(
            glob(pattern, FieldKind.TEXT).exact is None
            for each in self._conditions
            if isinstance(each.test, Like | Unlike)
            for pattern in each.test.patterns
        ):
            self.complete = False

    def _arguments(self) -> Iterator[tuple[Argument, ...]]:
        yield ()
        names = dict.fromkeys(each.field.removeprefix("arguments.") for each in self._conditions)
        for name in names:
            for text in self._texts(self._conditions):
                yield (Argument(name=name, text=text, label=_LABEL),)

    def _texts(self, conditions: Iterable[Condition]) -> Iterator[str]:
        kind = self._kind if self._kind in _GLOBS else FieldKind.TEXT
        patterns = [
            pattern
            for each in conditions
            if isinstance(each.test, Like | Unlike)
            for pattern in each.test.patterns
        ]
        if self._part in {"agent", "session"}:
            yield ""
        for each in dict.fromkeys(patterns):
            exact = glob(each, kind).exact
            if exact is not None:
                yield each if folded(each, kind) == exact else exact
        try:
            yield from witnesses(patterns, kind)
        except TooManySteps as error:
            self.complete = False
            yield from error.found
            for each in dict.fromkeys(patterns):
                try:
                    yield from witnesses([each], kind)
                except TooManySteps as one:
                    yield from one.found
