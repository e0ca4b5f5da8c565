"""What a rule asks of one fact: a value, a list of values, or a test in its long form."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import cast

from ringfence.core.actions import FieldKind
from ringfence.core.bounded_json import Json
from ringfence.core.labels import Integrity, Sensitivity
from ringfence.policy.nodes import Mapping, Node
from ringfence.policy.problems import Problems, quoted
from ringfence.policy.rule import AtLeast, AtMost, Before, Condition, From, Is, Like, Test, Unlike
from ringfence.policy.shapes.amounts import Number
from ringfence.policy.shapes.fields import Field, fields_of
from ringfence.policy.shapes.shape import Definitions, Schema, Shape, scalar, wrong
from ringfence.policy.shapes.tables import Entry, Key, Table
from ringfence.policy.shapes.texts import VERSION, YES_NO, Patterns, Worded, nearest, one_of
from ringfence.policy.words import words_of

__all__ = ["conditions_of", "like", "match_keys", "match_table"]

_Conditions = tuple[Condition, ...] | None


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
class _FieldTest:
    """The tests of one field. `short` is what may stand there by itself."""

    field: str
    says: str
    short: Shape
    short_test: Callable[..., tuple[Test, ...]]
    long: Table

    def read(self, node: Node, problems: Problems) -> _Conditions:
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


def _globs(field: str, kinds: tuple[FieldKind, ...]) -> _FieldTest:
    patterns = Patterns(kinds)
    table = _globs_table(kinds)
    return _FieldTest(field, patterns.says, patterns, lambda value: (Like(_texts(value)),), table)


@cache
def _globs_table(kinds: tuple[FieldKind, ...]) -> Table:
    patterns = Patterns(kinds)
    keys = (Key("like", patterns, "fits one of these"), Key("not", patterns, "fits none of these"))
    name = "-or-".join(kinds)
    return Table(f"test-of-{name}", f"A test of a {name.replace('-or-', ' or ')}.", (*keys, _IGNORE))


def _version(field: str) -> _FieldTest:
    table = _version_table()
    patterns = cast("Patterns", table.by_name["like"].shape)
    return _FieldTest(field, patterns.says, patterns, lambda value: (Like(_texts(value)),), table)


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


def _number(field: str, number: Number) -> _FieldTest:
    keys = (Key("at_least", number, "this or more"), Key("at_most", number, "this or less"), _IGNORE)
    table = Table(f"test-of-{number.unit.name.lower()}", f"A test of {number.says}.", keys)
    return _FieldTest(field, number.says, number, lambda value: (AtLeast(value), AtMost(value)), table)


def _words(field: str, words: tuple[str, ...], name: str, *, is_rank: bool) -> _FieldTest:
    choice = Patterns((), words)
    ranks = (Key("at_least", _Rank(words), "this or above"), Key("at_most", _Rank(words), "this or below"))
    keys = (
        *(ranks if is_rank else ()),
        Key("like", choice, "one of these"),
        Key("not", choice, "none of these"),
        _IGNORE,
    )
    table = Table(f"test-of-{name}", f"A test of {', '.join(words)}.", keys)
    return _FieldTest(field, choice.says, choice, lambda value: (Like(_texts(value)),), table)


def _yes_no(field: str) -> _FieldTest:
    keys = (Key("is", YES_NO, "true or false", needed=True), _IGNORE)
    table = Table("test-of-truth", "A test of a yes or no.", keys)
    return _FieldTest(field, YES_NO.says, YES_NO, lambda value: (Is(value),), table)


@dataclass(frozen=True, slots=True, eq=False)
class _Arguments:
    """A tool's arguments by name; or the arguments of a command, each of which is tried."""

    of_command: _FieldTest | None

    @property
    def says(self) -> str:
        command = f"; or, of a command, {self.of_command.says}" if self.of_command else ""
        return f"a mapping from a tool's arguments to patterns{command}"

    def read(self, node: Node, problems: Problems) -> _Conditions:
        if not isinstance(node, Mapping):
            if self.of_command:
                return self.of_command.read(node, problems)
            wrong(node, problems, self.says)
            return None
        found: list[Condition] = []
        for key, value in node.entries.values():
            read = _globs(f"arguments.{key.text}", (FieldKind.TEXT,)).read(value, problems)
            if not key.text:
                problems.add(key, "an argument without a name", hint="name it as the tool does")
            found.extend(read or ())
        return tuple(found)

    def schema(self, definitions: Definitions, /) -> Schema:
        named = _globs("", (FieldKind.TEXT,)).schema(definitions)
        by_name: Schema = {"type": "object", "additionalProperties": named}
        if self.of_command is None:
            return by_name
        return {"anyOf": [self.of_command.short.schema(definitions), by_name]}


@dataclass(frozen=True, slots=True, eq=False)
class _Label:
    """Parts of a label."""

    table: Table

    @property
    def says(self) -> str:
        return "a mapping with integrity, sensitivity, or both"

    def read(self, node: Node, problems: Problems) -> _Conditions:
        entry = self.table.read(node, problems)
        return None if entry is None else conditions_of(entry)

    def schema(self, definitions: Definitions, /) -> Schema:
        return self.table.schema(definitions)


def _label(field: str) -> _Label:
    integrity = _words(f"{field}.integrity", words_of(Integrity), "integrity", is_rank=True)
    sensitivity = _words(f"{field}.sensitivity", words_of(Sensitivity), "sensitivity", is_rank=True)
    keys = (
        Key("integrity", integrity, "how far what was read may be trusted"),
        Key("sensitivity", sensitivity, "whom a leak of what was read would hurt"),
    )
    return _Label(Table("label", "What all that a session has read carries.", keys))


def _shape_of(field: Field) -> Shape:
    kinds = {kind for _, kind in field.kinds}
    if FieldKind.ARGUMENTS in kinds:
        return _Arguments(_globs(field.name, (FieldKind.TEXT,)) if FieldKind.TEXT in kinds else None)
    if field.glob_kinds:
        return _globs(field.name, field.glob_kinds)
    match field.kind:
        case FieldKind.VERSION:
            return _version(field.name)
        case FieldKind.NUMBER:
            return _number(field.name, Number(field.unit))
        case FieldKind.YES_NO:
            return _yes_no(field.name)
        case FieldKind.LABEL:
            return _label(field.name)
        case _:
            assert field.words is not None
            is_rank = field.kind is FieldKind.RANK
            return _words(field.name, words_of(field.words), field.name, is_rank=is_rank)


@cache
def match_keys(types: tuple[str, ...]) -> tuple[Key, ...]:
    """A key for each field of actions of these types, and for each other way to spell it."""
    from ringfence.policy.shapes.field_words import FIELD_WORDS

    keys = []
    for each in fields_of(types):
        shape, preferred = _shape_of(each), each.spellings[0]
        keys.append(Key(preferred, shape, FIELD_WORDS[each.name]))
        for other in each.spellings[1:]:
            of_command = shape.of_command if isinstance(shape, _Arguments) else None
            says = f"the same as `{preferred}`" if of_command is None else "a command's arguments"
            keys.append(Key(other, of_command or shape, says, alias_of=preferred))
    return tuple(keys)


@cache
def match_table(name: str, types: tuple[str, ...]) -> Table:
    """What a rule on actions of these types may ask for."""
    return Table(name, "Facts, all of which must fit.", match_keys(types))


def conditions_of(entry: Entry, keys: Sequence[str] | None = None) -> tuple[Condition, ...]:
    """All conditions in an entry whose keys are fields, or in these of its keys."""
    return tuple(_flat(entry, keys))


def _flat(entry: Entry, keys: Sequence[str] | None) -> Iterator[Condition]:
    for key, value in entry.values.items():
        if value is not None and (keys is None or key in keys):
            yield from value


def like(field: str, *patterns: str) -> Condition:
    """That a field fits one of these."""
    return Condition(field=field, test=Like(patterns))
