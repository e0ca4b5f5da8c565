"""Mappings with keys that are known, lists, and mappings with keys of their author's."""

from collections.abc import Iterable
from dataclasses import field
from typing import Any

from ringfence.core.bounded_json import Json
from ringfence.core.dataclass import dataclass
from ringfence.policy.nodes import Listing, Mapping, Node, Scalar
from ringfence.policy.problems import Problems, quoted
from ringfence.policy.shapes.shape import Definitions, Schema, Shape, wrong
from ringfence.policy.shapes.texts import nearest

__all__ = ["Entry", "Key", "ListOf", "MapOf", "Table"]


@dataclass(slots=True, eq=False)
class Entry:
    """What a table has read: values by key, and where the keys stand."""

    values: dict[str, Any]
    node: Mapping

    @property
    def line(self) -> int:
        return self.node.line

    @property
    def column(self) -> int:
        return self.node.column

    def get(self, key: str) -> Any:  # noqa: ANN401 - what the key's shape reads
        """The key's value; None when it is left out."""
        return self.values.get(key)

    def at(self, key: str) -> Scalar | Mapping:
        """Where a key stands; the whole entry when it is left out."""
        return self.node.entries[key][0] if key in self.node.entries else self.node


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a table."""

    name: str
    shape: Shape
    says: str  # what it is for
    needed: bool = False
    alias_of: str | None = None  # another spelling of that key, which the documentation leaves out


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A mapping with these keys and no others."""

    name: str  # unique among tables
    about: str  # one sentence
    keys: tuple[Key, ...]
    by_name: dict[str, Key] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {each.name: each for each in self.keys})

    @property
    def says(self) -> str:
        return f"a mapping ({self.name})"

    def read(self, node: Node, problems: Problems) -> Entry | None:
        if not isinstance(node, Mapping):
            keys = ", ".join(each.name for each in self.keys if not each.alias_of)
            what = "expected a mapping" if isinstance(node, Listing) else "expected a mapping of keys"
            problems.add(node, what, hint=f"its keys: {keys}")
            return None
        values: dict[str, Any] = {}
        by_name = self.by_name
        for name, (key, value) in node.entries.items():
            known = by_name.get(name)
            if known is None:
                if problems.is_full:
                    break
                problems.add(key, f"unknown key {quoted(name)}", hint=nearest(name, by_name))
            else:
                values[name] = known.shape.read(value, problems)
        for each in self.keys:
            if each.needed and each.name not in values:
                problems.add(node, f"the key `{each.name}` is missing", hint=f"add it: {each.shape.says}")
        return Entry(values, node)

    def schema(self, definitions: Definitions, /) -> Schema:
        if self.name not in definitions:
            definitions[self.name] = {}  # so that a table within itself ends
            needed: list[Json] = [each.name for each in self.keys if each.needed]
            definitions[self.name] = {
                "type": "object",
                "description": self.about,
                "properties": {
                    each.name: {"description": each.says, **each.shape.schema(definitions)}
                    for each in self.keys
                },
                **({"required": needed} if needed else {}),
                "additionalProperties": False,
            }
        return {"$ref": f"#/$defs/{self.name}"}


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list, as a tuple. A value alone stands for a list of one where `or_one` says so."""

    shape: Shape
    or_one: bool = False

    @property
    def says(self) -> str:
        one = self.shape.says
        return f"{one}, or a list" if self.or_one else f"a list, each {one}"

    def read(self, node: Node, problems: Problems) -> tuple[Any, ...] | None:
        if isinstance(node, Listing):
            return tuple(self.shape.read(each, problems) for each in node.items)
        if self.or_one:
            return (self.shape.read(node, problems),)
        wrong(node, problems, self.says)
        return None

    def schema(self, definitions: Definitions, /) -> Schema:
        one = self.shape.schema(definitions)
        many: Schema = {"type": "array", "items": one}
        return {"anyOf": [one, many]} if self.or_one else many


@dataclass(frozen=True, slots=True)
class MapOf:
    """A mapping whose keys its author chooses, as pairs in the order in which they stand."""

    key: Shape
    shape: Shape

    @property
    def says(self) -> str:
        return f"a mapping from {self.key.says} to {self.shape.says}"

    def read(self, node: Node, problems: Problems) -> tuple[tuple[Scalar, Any], ...] | None:
        if not isinstance(node, Mapping):
            wrong(node, problems, self.says)
            return None
        pairs: Iterable[tuple[Scalar, Node]] = node.entries.values()
        found = []
        for key, value in pairs:
            self.key.read(key, problems)
            found.append((key, self.shape.read(value, problems)))
        return tuple(found)

    def schema(self, definitions: Definitions, /) -> Schema:
        return {
            "type": "object",
            "propertyNames": self.key.schema(definitions),
            "additionalProperties": self.shape.schema(definitions),
        }
