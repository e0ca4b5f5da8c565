"""What rules ask of facts: a key for each fact of the actions that they are for."""

from collections.abc import Iterator, Sequence
from functools import cache

from ringfence.core.actions import FieldKind
from ringfence.core.dataclass import dataclass
from ringfence.core.labels import Integrity, Sensitivity
from ringfence.policy.nodes import Mapping, Node
from ringfence.policy.problems import Problems
from ringfence.policy.rule import Condition, Like
from ringfence.policy.shapes.amounts import Number
from ringfence.policy.shapes.field_tests import (
    Conditions,
    FieldTest,
    globs_test,
    number_test,
    version_test,
    words_test,
    yes_no_test,
)
from ringfence.policy.shapes.field_words import FIELD_WORDS
from ringfence.policy.shapes.fields import Field, fields_of
from ringfence.policy.shapes.shape import Definitions, Schema, Shape, wrong
from ringfence.policy.shapes.tables import Entry, Key, Table
from ringfence.policy.words import words_of

__all__ = ["conditions_of", "like", "match_keys", "match_table"]


@dataclass(frozen=True, slots=True, eq=False)
class _Arguments:
    """A tool's arguments by name; or the arguments of a command, each of which is tried."""

    of_command: FieldTest | None

    @property
    def says(self) -> str:
        command = f"; or, of a command, {self.of_command.says}" if self.of_command else ""
        return f"a mapping from a tool's arguments to patterns{command}"

    def read(self, node: Node, problems: Problems) -> Conditions:
        if not isinstance(node, Mapping):
            if self.of_command:
                return self.of_command.read(node, problems)
            wrong(node, problems, self.says)
            return None
        found: list[Condition] = []
        for key, value in node.entries.values():
            read = globs_test(f"arguments.{key.text}", (FieldKind.TEXT,)).read(value, problems)
            if not key.text:
                problems.add(key, "an argument without a name", hint="name it as the tool does")
            found.extend(read or ())
        return tuple(found)

    def schema(self, definitions: Definitions, /) -> Schema:
        named = globs_test("", (FieldKind.TEXT,)).schema(definitions)
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

    def read(self, node: Node, problems: Problems) -> Conditions:
        entry = self.table.read(node, problems)
        return None if entry is None else conditions_of(entry)

    def schema(self, definitions: Definitions, /) -> Schema:
        return self.table.schema(definitions)


def _label(field: str) -> _Label:
    integrity = words_test(f"{field}.integrity", words_of(Integrity), "integrity", is_rank=True)
    sensitivity = words_test(f"{field}.sensitivity", words_of(Sensitivity), "sensitivity", is_rank=True)
    keys = (
        Key("integrity", integrity, "how far what was read may be trusted"),
        Key("sensitivity", sensitivity, "whom a leak of what was read would hurt"),
    )
    return _Label(Table("label", "What all that a session has read carries.", keys))


def _shape_of(field: Field) -> Shape:
    kinds = {kind for _, kind in field.kinds}
    if FieldKind.ARGUMENTS in kinds:
        return _Arguments(globs_test(field.name, (FieldKind.TEXT,)) if FieldKind.TEXT in kinds else None)
    if field.glob_kinds:
        return globs_test(field.name, field.glob_kinds)
    match field.kind:
        case FieldKind.VERSION:
            return version_test(field.name)
        case FieldKind.NUMBER:
            return number_test(field.name, Number(field.unit))
        case FieldKind.YES_NO:
            return yes_no_test(field.name)
        case FieldKind.LABEL:
            return _label(field.name)
        case _:
            assert field.words
            is_rank = field.kind is FieldKind.RANK
            return words_test(field.name, field.words, field.name, is_rank=is_rank)


@cache
def match_keys(types: tuple[str, ...]) -> tuple[Key, ...]:
    """A key for each field of actions of these types, and for each other way to spell it."""
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
