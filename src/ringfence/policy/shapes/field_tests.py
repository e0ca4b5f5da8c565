"""A test of one fact: a value, a list of values, or the long form with its keys."""

from collections.abc import Callable
from functools import cache
from typing import cast

from ringfence.core.actions import FieldKind
from ringfence.core.bounded_json import Json
from ringfence.core.dataclass import dataclass
from ringfence.policy.nodes import Mapping, Node
from ringfence.policy.problems import Problems, quoted
from ringfence.policy.rule import AtLeast, AtMost, Before, Condition, From, Is, Like, Test, Unlike
from ringfence.policy.shapes.amounts import Number
from ringfence.policy.shapes.shape import Definitions, Schema, Shape, scalar, wrong
from ringfence.policy.shapes.tables import Key, Table
from ringfence.policy.shapes.texts import VERSION, YES_NO, Patterns, Worded, nearest, one_of

__all__ = [
    "Conditions",
    "FieldTest",
    "globs_test",
    "number_test",
    "version_test",
    "words_test",
    "yes_no_test",
]

Conditions = tuple[Condition, ...] | None


@dataclass(frozen=True, slots=True)
class _Ignore:
    """The word `ignore`."""

    says: str = "ignore"

    def read(self, node: Node, problems: Problems) -> bool | None:
        text = scalar(node, problems, self.says)
        if text not in (None, "ignore"):
            wrong(node, problems, self.says)
        return text == "ignore" or None

    def schema(self, _definitions: Definitions, /) -> Schema:
        return {"const": "ignore"}


@dataclass(frozen=True, slots=True)
class _Rank:
    """A word, as its place among all."""

    words: tuple[str, ...]

    @property
    def says(self) -> str:
        return one_of(self.words)

    def read(self, node: Node, problems: Problems) -> int | None:
        text = scalar(node, problems, self.says)
        if text is None:
            return None
        if text not in self.words:
            problems.add(node, f"{quoted(text)} is none of the words here", hint=nearest(text, self.words))
            return None
        return self.words.index(text)

    def schema(self, _definitions: Definitions, /) -> Schema:
        return {"enum": list(self.words)}


_IGNORE = Key("unknown", _Ignore(), "`ignore`: the rule does not match where nobody knows the fact")


def _texts(value: tuple[Worded, ...]) -> tuple[str, ...]:
    return tuple(each.text for each in value)


# How each key of a long form becomes a test.
_TESTS: dict[str, Callable[..., Test]] = {
    "like": lambda value: Like(_texts(value)),
    "not": lambda value: Unlike(_texts(value)),
    "at_least": AtLeast,
    "at_most": AtMost,
    "before": Before,
    "from": From,
    "is": Is,
}


@dataclass(frozen=True, slots=True, eq=False)
class FieldTest:
    """The tests of one field. `short` is what may stand there by itself."""

    field: str
    says: str
    short: Shape
    short_test: Callable[..., tuple[Test, ...]]
    long: Table

    def read(self, node: Node, problems: Problems) -> Conditions:
        if type(node) is not Mapping:
            value = self.short.read(node, problems)
            if value is None:
                return None
            return tuple(Condition(field=self.field, test=test) for test in self.short_test(value))
        entry = self.long.read(node, problems)
        if entry is None or None in entry.values.values():
            return None
        ignores = "unknown" in entry.values
        if node.entries.keys() <= {"unknown"}:
            problems.add(node, "a test without a condition", hint=f"add {self.short.says}")
            return None
        return tuple(
            Condition(field=self.field, test=_TESTS[name](value), ignores_unknown=ignores)
            for name, value in entry.values.items()
            if name != "unknown"
        )

    def schema(self, definitions: Definitions, /) -> Schema:
        name = f"{self.long.name}-or-value"
        if name not in definitions:
            long: Json = self.long.schema(definitions)
            definitions[name] = {"anyOf": [self.short.schema(definitions), long]}
        return {"$ref": f"#/$defs/{name}"}


def globs_test(field: str, kinds: tuple[FieldKind, ...]) -> FieldTest:
    """A text, a name, a path or a host, against patterns."""
    patterns = Patterns(kinds)
    table = _globs_table(kinds)
    return FieldTest(field, patterns.says, patterns, lambda value: (Like(_texts(value)),), table)


@cache
def _globs_table(kinds: tuple[FieldKind, ...]) -> Table:
    patterns = Patterns(kinds)
    keys = (Key("like", patterns, "fits one of these"), Key("not", patterns, "fits none of these"))
    name = "-or-".join(kinds)
    return Table(f"test-of-{name}", f"A test of a {name.replace('-or-', ' or ')}.", (*keys, _IGNORE))


def version_test(field: str) -> FieldTest:
    """A version."""
    table = _version_table()
    patterns = cast("Patterns", table.by_name["like"].shape)
    return FieldTest(field, patterns.says, patterns, lambda value: (Like(_texts(value)),), table)


@cache
def _version_table() -> Table:
    patterns = Patterns((FieldKind.VERSION,))
    keys = (
        Key("before", VERSION, "older than this"),
        Key("from", VERSION, "this or newer"),
        Key("like", patterns, "fits one of these"),
        Key("not", patterns, "fits none of these"),
    )
    return Table("test-of-version", "A test of a version.", (*keys, _IGNORE))


def number_test(field: str, number: Number) -> FieldTest:
    """A number."""
    keys = (Key("at_least", number, "this or more"), Key("at_most", number, "this or less"), _IGNORE)
    table = Table(f"test-of-{number.unit.name.lower()}", f"A test of {number.says}.", keys)
    return FieldTest(field, number.says, number, lambda value: (AtLeast(value), AtMost(value)), table)


def words_test(field: str, words: tuple[str, ...], name: str, *, is_rank: bool) -> FieldTest:
    """A word; a rank where `is_rank` says so. `name` tells its table from others."""
    choice = Patterns((), words)
    ranks = (Key("at_least", _Rank(words), "this or above"), Key("at_most", _Rank(words), "this or below"))
    keys = (
        *(ranks if is_rank else ()),
        Key("like", choice, "one of these"),
        Key("not", choice, "none of these"),
        _IGNORE,
    )
    table = Table(f"test-of-{name}", f"A test of {', '.join(words)}.", keys)
    return FieldTest(field, choice.says, choice, lambda value: (Like(_texts(value)),), table)


def yes_no_test(field: str) -> FieldTest:
    """A yes or no."""
    keys = (Key("is", YES_NO, "true or false", needed=True), _IGNORE)
    table = Table("test-of-truth", "A test of a yes or no.", keys)
    return FieldTest(field, YES_NO.says, YES_NO, lambda value: (Is(value),), table)
