"""Digests of actions: the whole of one, for receipts, and what a grant for it compares.

The bytes that are hashed name the type and each field, so that no two actions share them. Halves of
characters (surrogate escapes, which stand for bytes that are no UTF-8) are hashed as they are: spelled out as
JSON does, two of them would be one whole character.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping
from enum import Enum

from ringfence.core.action_types import type_of
from ringfence.core.actions import Action
from ringfence.core.field_names import field_names

__all__ = ["action_digest", "compared_digest", "digest_of"]

_WRITER = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"))
_BARE = frozenset({str, int, bool, type(None)})


def action_digest(action: Action) -> str:
    """SHA-256 over the type and every field, hexadecimal."""
    return _over(action, field_names(type(action)))


def compared_digest(action: Action) -> str:
    """SHA-256 over the type and the fields that a grant compares, hexadecimal."""
    return _over(action, type_of(action).compares)


def digest_of(value: object) -> str:
    """SHA-256 over a value made of dataclasses, enumerations, sets, tuples, mappings and plain values."""
    text = _WRITER.encode(_plain(value))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _over(action: Action, names: Iterable[str]) -> str:
    return digest_of([type_of(action).name, {name: getattr(action, name) for name in names}])


def _plain(value: object) -> object:
    if type(value) in _BARE:  # most are, and an action's digest is taken before each effect
        return value
    match value:
        case Enum():
            return value.value
        case None | bool() | int() | str():
            return value
        case frozenset() | set():
            return sorted((_plain(each) for each in value), key=json.dumps)
        case tuple() | list():
            return [_plain(each) for each in value]
        case Mapping():
            return {str(key): _plain(each) for key, each in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {name: _plain(getattr(value, name)) for name in field_names(type(value))}
        return [type(value).__name__, fields]
    if isinstance(value, bytes):
        return ["bytes", value.hex()]
    if hasattr(value, "isoformat"):
        return ["time", value.isoformat()]
    raise TypeError(f"{type(value).__name__} has no digest")
