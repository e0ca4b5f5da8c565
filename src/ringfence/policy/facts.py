"""Actions as JSON and back: `{"action": "host.connect", "host": "example.com", "port": 443}`.

Strict: refused are a key that the type of action does not have, a word that is none, a number where a text
belongs, and leaving out a fact that whoever makes such an action always knows. What may be unknown may be
left out or null. Facts may be spelled as in `match` as well (`format` for `formats`, `size` for
`size_bytes`), and one text stands for a list of one.
"""

import dataclasses
import typing
from collections.abc import Callable, Mapping
from enum import Enum
from functools import cache

from ringfence.core.action_types import ACTION_TYPES, ActionType
from ringfence.core.actions import Action, Argument, FieldKind
from ringfence.core.dataclass import dataclass
from ringfence.core.errors import RingfenceError
from ringfence.core.labels import Capacity, Integrity, Label, Sensitivity
from ringfence.policy.problems import quoted
from ringfence.policy.shapes.fields import fields_of
from ringfence.policy.shapes.texts import nearest, one_of
from ringfence.policy.telling import facts_of
from ringfence.policy.words import member_of, words_of

__all__ = ["BadFacts", "action_from", "facts_of", "partial_action", "supposed_action"]

_LARGEST = 2**53 - 1  # what every reader of JSON counts exactly
_BY_NAME = {each.name: each for each in ACTION_TYPES}


class BadFacts(RingfenceError):
    """Facts that are no action."""


def action_from(facts: Mapping[str, object]) -> Action:
    """The action that these facts tell of; `action` names its type.

    Raises:
        BadFacts: they tell of none.
    """
    name, told = _parts(facts)
    return _made(_BY_NAME[name], told, left_out=False)


def supposed_action(facts: Mapping[str, object]) -> Action:
    """As `action_from`, but any fact may be left out or null, and is unknown then. For questions only.

    Raises:
        BadFacts: they name no type of action, or are no facts of it.
    """
    return partial_action(*_parts(facts))


def partial_action(action_type: str, facts: Mapping[str, object]) -> Action:
    """An action of which only this is known: every other fact but `agent` and `session` is None.

    For questions only, never for an effect.

    Raises:
        BadFacts: these are no facts of such an action.
    """
    return _made(_BY_NAME[action_type], facts, left_out=True)


def _parts(facts: Mapping[str, object]) -> tuple[str, dict[str, object]]:
    """The type of action that the facts name, and the others."""
    name = facts.get("action")
    if not isinstance(name, str) or name not in _BY_NAME:
        what = "the facts name no action" if name is None else f"{_shown(name)} is no type of action"
        raise BadFacts(what, hint=nearest(str(name), _BY_NAME))
    return name, {key: value for key, value in facts.items() if key != "action"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Slot:
    """One field of a type of action."""

    name: str
    read: Callable[[object], object]  # raises ValueError, with what was expected
    may_be_unknown: bool
    is_needed: bool


def _made(of: ActionType, facts: Mapping[str, object], *, left_out: bool) -> Action:
    slots = _slots(of.name)
    facts = _spelled(of, facts)
    found: dict[str, object] = {}
    for slot in slots.values():
        value = facts.get(slot.name)
        if value is not None:
            try:
                found[slot.name] = slot.read(value)
            except ValueError as error:
                raise BadFacts(f"{slot.name} of {of.name}: expected {error}", hint="write it so") from error
        elif slot.name in facts and not (slot.may_be_unknown or left_out):
            raise BadFacts(f"{slot.name} of {of.name} cannot be unknown", hint="say what it is")
        elif slot.is_needed:
            if not left_out:
                needed = ", ".join(f"`{each.name}`" for each in slots.values() if each.is_needed)
                raise BadFacts(
                    f"{of.name} needs the fact `{slot.name}`", hint=f"add it; every one needs {needed}"
                )
            found[slot.name] = None
    made: Action = of.made(**found)
    return made


def _spelled(of: ActionType, facts: Mapping[str, object]) -> dict[str, object]:
    """The facts by the names that actions have for them."""
    names = _names(of.name)
    found: dict[str, object] = {}
    for key, value in facts.items():
        name = names.get(key)
        if name is None:
            what = f"{of.name} has no fact {_shown(key)}"
            raise BadFacts(what, hint=nearest(str(key), names))
        if name in found:
            raise BadFacts(f"{of.name} has the fact {_shown(name)} twice", hint="write it once")
        found[name] = value
    return found


@cache
def _names(action_type: str) -> dict[str, str]:
    """What each spelling of a fact stands for."""
    return {spelling: each.name for each in fields_of((action_type,)) for spelling in each.spellings}


@cache
def _slots(action_type: str) -> dict[str, _Slot]:
    made = _BY_NAME[action_type].made
    hints = typing.get_type_hints(made)
    slots = (
        _Slot(
            name=field.name,
            read=_reader(field.metadata["kind"], field.metadata["words"], hints[field.name]),
            may_be_unknown=field.default is None,
            is_needed=field.default is dataclasses.MISSING,
        )
        for field in dataclasses.fields(made)
    )
    return {slot.name: slot for slot in slots}


def _reader(kind: FieldKind, words: type[Enum] | None, hint: object) -> Callable[[object], object]:
    match kind:
        case FieldKind.NUMBER:
            return _number
        case FieldKind.YES_NO:
            return _yes_no
        case FieldKind.LABEL:
            return _label
        case FieldKind.ARGUMENTS:
            return lambda value: tuple(_argument(each) for each in _list(value))
        case FieldKind.RANK | FieldKind.WORD:
            assert words is not None
            return lambda value: _word(words, value)
    if "tuple[" in str(hint):
        return lambda value: (value,) if isinstance(value, str) else tuple(map(_text, _list(value)))
    return _text


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("a text")
    return value


def _list(value: object) -> list[object] | tuple[object, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError("a list")
    return value


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _LARGEST:
        raise ValueError(f"a number from 0 to {_LARGEST}")
    return value


def _yes_no(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def _word(words: type[Enum], value: object) -> Enum:
    known = words_of(words)
    if not isinstance(value, str) or value not in known:
        raise ValueError(one_of(known))
    return member_of(words, value)


_LABEL_KEYS = frozenset(each.name for each in dataclasses.fields(Label))


def _label(value: object) -> Label:
    if not isinstance(value, Mapping) or not value.keys() <= _LABEL_KEYS or "integrity" not in value:
        raise ValueError(
            f"a label with integrity, and perhaps {', '.join(sorted(_LABEL_KEYS - {'integrity'}))}"
        )
    readers = value.get("readers")
    return Label(
        integrity=typing.cast("Integrity", _word(Integrity, value["integrity"])),
        sensitivity=typing.cast("Sensitivity", _word(Sensitivity, value.get("sensitivity", "public"))),
        writers=frozenset(_text(each) for each in _list(value.get("writers", ()))),
        readers=None if readers is None else frozenset(_text(each) for each in _list(readers)),
        capacity=typing.cast("Capacity", _word(Capacity, value.get("capacity", "text"))),
        sources=tuple(_text(each) for each in _list(value.get("sources", ()))),
        designated=_yes_no(value.get("designated", False)),
        created_in_session=_yes_no(value.get("created_in_session", False)),
    )


def _argument(value: object) -> Argument:
    if not isinstance(value, Mapping) or value.keys() != {"name", "text", "label"}:
        raise ValueError("arguments with name, text and label")
    return Argument(name=_text(value["name"]), text=_text(value["text"]), label=_label(value["label"]))


def _shown(key: object) -> str:
    return quoted(key if isinstance(key, str) else type(key).__name__)
