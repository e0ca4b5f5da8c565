"""Actions as JSON: `{"action": "host.connect", "host": "example.com", "port": 443}`; `facts` reads it."""

import dataclasses
from enum import Enum

from ringfence.core.action_types import type_of
from ringfence.core.actions import Action, Argument
from ringfence.core.labels import Label
from ringfence.policy.words import word_of

__all__ = ["facts_of"]


def facts_of(action: Action) -> dict[str, object]:
    """The facts of an action, all of them, as `facts.action_from` reads them."""
    fields = dataclasses.fields(action)
    return {"action": type_of(action).name} | {
        each.name: _json(getattr(action, each.name)) for each in fields
    }


def _json(value: object) -> object:
    if isinstance(value, Enum):
        return word_of(value)
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return [_json(each) for each in value]
    if isinstance(value, Label | Argument):
        return {each.name: _json(getattr(value, each.name)) for each in dataclasses.fields(value)}
    return value
