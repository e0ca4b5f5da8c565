"""Actions as JSON: `{"action": "host.connect", "host": "example.com", "port": 443}`; `facts` reads it."""

from enum import Enum

from ringfence.core.action_types import type_of
from ringfence.core.actions import Action, Argument
from ringfence.core.field_names import field_names
from ringfence.core.labels import Label
from ringfence.policy.words import word_of

__all__ = ["facts_of"]

_BARE = frozenset({str, int, bool, type(None)})
_LABELS: dict[int, tuple[Label, dict[str, object]]] = {}  # by identity: a session has one for all it does
_LABELS_MOST = 64


def facts_of(action: Action) -> dict[str, object]:
    """The facts of an action, all of them, as `facts.action_from` reads them."""
    made = type_of(action)
    facts: dict[str, object] = {"action": made.name}
    for name in made.fields:
        value = getattr(action, name)
        facts[name] = value if type(value) in _BARE else _json(value)
    return facts


def _json(value: object) -> object:
    if type(value) in _BARE:
        return value
    if isinstance(value, Label):
        return _label(value)
    if isinstance(value, Enum):
        return word_of(value)
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return [_json(each) for each in value]
    if isinstance(value, Argument):
        return {name: _json(getattr(value, name)) for name in field_names(Argument)}
    return value


def _label(label: Label) -> dict[str, object]:
    known = _LABELS.get(id(label))
    if known is None or known[0] is not label:
        facts = {name: _json(getattr(label, name)) for name in field_names(Label)}
        if len(_LABELS) >= _LABELS_MOST:
            _LABELS.clear()
        known = _LABELS[id(label)] = (label, facts)
    return known[1].copy()
