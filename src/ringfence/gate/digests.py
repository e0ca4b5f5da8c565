"""Digests of actions: the whole of one, for receipts, and what a grant for it compares.

The bytes that are hashed name the type and each field, so that no two actions share them. Halves of
characters (surrogate escapes, which stand for bytes that are no UTF-8) are hashed as they are: spelled out as
JSON does, two of them would be one whole character.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from enum import Enum

from ringfence.core.action_types import type_of
from ringfence.core.actions import Action
from ringfence.core.dataclass import is_dataclass
from ringfence.core.field_names import field_names

__all__ = ["action_digest", "compared_digest", "digest_of"]


def action_digest(action: Action) -> str:
    """SHA-256 over the type and every field, hexadecimal."""
    return _over(action, field_names(type(action)))


def compared_digest(action: Action) -> str:
    """SHA-256 over the type and the fields that a grant compares, hexadecimal."""
    return _over(action, type_of(action).compares)


def digest_of(value: object) -> str:
    """SHA-256 over a value made of dataclasses, enumerations, sets, tuples, mappings and plain values."""
    text = _WRITER.encode(value)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _over(action: Action, names: Iterable[str]) -> str:
    return digest_of([type_of(action).name, {name: getattr(action, name) for name in names}])


def _plain(value: object) -> object:
    """What the writer of JSON does not know itself, of what it does."""
    if is_dataclass(value) and not isinstance(value, type):
        fields = {name: getattr(value, name) for name in field_names(type(value))}
        return [type(value).__name__, fields]
    if isinstance(value, frozenset | set):
        return sorted(value, key=lambda each: json.dumps(each, default=_plain))
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, bytes):
        return ["bytes", value.hex()]
    if hasattr(value, "isoformat"):
        return ["time", value.isoformat()]
    raise TypeError(f"{type(value).__name__} has no digest")


_WRITER = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=_plain)
