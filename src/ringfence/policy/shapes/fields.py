"""Which facts of actions a section's rules can name, and how documents spell them."""

import typing
from collections.abc import Mapping, Sequence
from functools import cache

from ringfence.core.action_types import ACTION_TYPES, ActionType
from ringfence.core.actions import FieldKind
from ringfence.core.dataclass import dataclass
from ringfence.core.decisions import Section
from ringfence.policy.shapes.amounts import Unit
from ringfence.policy.words import words_of

__all__ = ["Field", "fields_of", "types_of"]

_GLOBS = frozenset({FieldKind.TEXT, FieldKind.NAME, FieldKind.PATH, FieldKind.HOST})

# Documents name these without their unit.
_FRIENDLY = {"size_bytes": "size", "lasts_s": "lasts", "older_than_days": "older_than"}
_UNITS = {"size_bytes": Unit.BYTES, "lasts_s": Unit.SECONDS, "older_than_days": Unit.DAYS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One fact that actions of some types have; these types may compare it in different ways."""

    name: str  # as actions call it
    spellings: tuple[str, ...]  # as documents may, the preferred one first
    kinds: tuple[tuple[str, FieldKind], ...]  # for each type of action that has it
    words: tuple[str, ...]  # of an enumeration, or of each that types of action have by this name
    unit: Unit
    is_many: bool  # several values

    @property
    def glob_kinds(self) -> tuple[FieldKind, ...]:
        """The kinds that are compared with globs."""
        return tuple(dict.fromkeys(kind for _, kind in self.kinds if kind in _GLOBS))

    @property
    def kind(self) -> FieldKind:
        """One kind for all that are compared alike."""
        return self.kinds[0][1]


@cache
def types_of(section: Section | None) -> tuple[ActionType, ...]:
    """The types of actions that a section judges; all of them for None."""
    return tuple(each for each in ACTION_TYPES if section is None or section in each.sections)


@cache
def fields_of(types: tuple[str, ...]) -> tuple[Field, ...]:
    """The fields of actions of these types, by their names."""
    kinds: dict[str, list[tuple[str, FieldKind]]] = {}
    words: dict[str, dict[str, None]] = {}
    many: set[str] = set()
    for each in ACTION_TYPES:
        if each.name not in types:
            continue
        for name, enumeration in each.words.items():
            words.setdefault(name, {}).update(dict.fromkeys(words_of(enumeration)))
        hints = typing.get_type_hints(each.made)
        for name, kind in each.fields.items():
            kinds.setdefault(name, []).append((each.name, kind))
            if "tuple[" in str(hints[name]):
                many.add(name)
    return tuple(
        Field(
            name=name,
            spellings=_spelled(name, kinds, is_many=name in many),
            kinds=tuple(kinds[name]),
            words=tuple(words.get(name, ())),
            unit=_UNITS.get(name, Unit.NONE),
            is_many=name in many,
        )
        for name in sorted(kinds)
    )


def _spelled(
    name: str, fields: Mapping[str, Sequence[tuple[str, FieldKind]]], *, is_many: bool
) -> tuple[str, ...]:
    """How documents may write a field, the preferred way first; one of several values is in the singular.

    A tool's arguments have names, and a command's have none: these may always be in the singular.
    """
    kinds = {kind for _, kind in fields[name]}
    if FieldKind.ARGUMENTS in kinds:
        return (name, name.removesuffix("s")) if FieldKind.TEXT in kinds else (name,)
    friendly = _FRIENDLY.get(name)
    if friendly is None and is_many and name.endswith("s"):
        friendly = name.removesuffix("s")
    return (name,) if friendly is None or friendly in fields else (friendly, name)
