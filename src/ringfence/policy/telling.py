"""Actions as JSON: `{"action": "host.connect", "host": "example.com", "port": 443}`; `facts` reads it."""

from enum import Enum

from ringfence.core.action_types import type_of
from ringfence.core.actions import Action, Argument
from ringfence.core.field_names import field_names
from ringfence.core.labels import Label
from ringfence.policy.words import word_of

__all__ = ["facts_of"]

_BARE = frozenset({str, int, bool, type(None)})


def facts_of(action: Action) -> dict[str, object]:
    """The facts of an action, all of them, as `facts.action_from` reads them."""
    made = type_of(action)
    return {"action": made.name} | {name: _json(getattr(action, name)) for name in made.fields}


def _json(value: object) -> object:
    if type(value) in _BARE:
        return value
    if isinstance(value, Enum):
        return word_of(value)
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return [_json(each) for each in value]
    if isinstance(value, Label | Argument):
        return {name: _json(getattr(value, name)) for name in field_names(type(value))}
    return value
