"""Facts in a rule's examples: as far as they matter, spelled as in `match`."""

from functools import cache

from ringfence.core.actions import FieldKind
from ringfence.core.dataclass import dataclass
from ringfence.core.labels import Integrity, Sensitivity
from ringfence.policy.nodes import Listing, Mapping, Node
from ringfence.policy.problems import Problems
from ringfence.policy.shapes.amounts import Number
from ringfence.policy.shapes.fields import Field, fields_of
from ringfence.policy.shapes.shape import Definitions, Schema, Shape, scalar_as, wrong
from ringfence.policy.shapes.tables import Key, ListOf, Table
from ringfence.policy.shapes.texts import YES_NO, Text
from ringfence.policy.words import words_of

__all__ = ["facts_table"]

_TEXT = Text("a text")


@dataclass(frozen=True, slots=True)
class _OneWord:
    """A word of an enumeration, as it stands."""

    words: tuple[str, ...]

    @property
    def says(self) -> str:
        return " or ".join(self.words)

    def read(self, node: Node, problems: Problems) -> str | None:
        return scalar_as(node, problems, self.says, lambda text: text if text in self.words else None)

    def schema(self, _definitions: Definitions, /) -> Schema:
        return {"enum": list(self.words)}


@dataclass(frozen=True, slots=True)
class _Label:
    """A label's two parts that matter here."""

    says: str = "a mapping with integrity, and perhaps sensitivity"

    def read(self, node: Node, problems: Problems) -> dict[str, str | None] | None:
        entry = _label_table().read(node, problems)
        return None if entry is None else dict(entry.values)

    def schema(self, definitions: Definitions, /) -> Schema:
        return _label_table().schema(definitions)


@cache
def _label_table() -> Table:
    keys = (
        Key("integrity", _OneWord(words_of(Integrity)), "how far it may be trusted", needed=True),
        Key("sensitivity", _OneWord(words_of(Sensitivity)), "whom a leak would hurt"),
    )
    return Table("example-label", "A label.", keys)


@dataclass(frozen=True, slots=True)
class _Arguments:
    """A tool's arguments by name, each untrusted; or a list of a command's."""

    says: str = "a mapping from a tool's arguments to texts; or a command's arguments as a list"

    def read(self, node: Node, problems: Problems) -> list[object] | None:
        if isinstance(node, Listing):
            return [_TEXT.read(each, problems) for each in node.items]
        if not isinstance(node, Mapping):
            wrong(node, problems, self.says)
            return None
        label = {"integrity": "untrusted"}
        return [
            {"name": key.text, "text": _TEXT.read(value, problems), "label": label}
            for key, value in node.entries.values()
        ]

    def schema(self, _definitions: Definitions, /) -> Schema:
        text: Schema = {"type": "string"}
        return {"anyOf": [{"type": "array", "items": text}, {"type": "object", "additionalProperties": text}]}


def _shape_of(field: Field) -> Shape:
    kinds = {kind for _, kind in field.kinds}
    if FieldKind.ARGUMENTS in kinds:
        return _Arguments()
    if FieldKind.NUMBER in kinds:
        return Number(field.unit)
    if FieldKind.YES_NO in kinds:
        return YES_NO
    if FieldKind.LABEL in kinds:
        return _Label()
    if field.words:
        return _OneWord(field.words)
    return ListOf(_TEXT, or_one=True) if field.is_many else _TEXT


@cache
def facts_table(name: str, types: tuple[str, ...]) -> Table:
    """Facts of actions of these types; `action` says of which."""
    keys = [Key("action", _OneWord(types), "the type of action, where the facts fit several")]
    for each in fields_of(types):
        shape, preferred = _shape_of(each), each.spellings[0]
        keys.append(Key(preferred, shape, f"as `{preferred}` in `match`"))
        keys += [Key(other, shape, "the same", alias_of=preferred) for other in each.spellings[1:]]
    return Table(name, "An action, as far as it matters; what is left out is unknown.", tuple(keys))
