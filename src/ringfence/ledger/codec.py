"""Events as bytes and back: RFC 8785 JSON, from the event's own fields.

Numbers are integers, times are microseconds since 1970 in UTC, unknown is null. Text whose bytes were no
UTF-8 is escaped, and its exact bytes stand beside it as `<key>_base64`. What is not listed here cannot be
recorded: secrets, bytes and fractions have no form. A body that does not fit its type, or whose type nobody
knows here, is read as `Unknown`: nothing is dropped and nothing guessed.

Python's own JSON writer gives what RFC 8785 asks for once keys are sorted as UTF-16 and numbers are integers.
"""

import dataclasses
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from ringfence.core.field_names import field_names
from ringfence.core.limits import LIMITS
from ringfence.core.utf8 import as_utf8, exact_base64, is_utf8
from ringfence.ledger.errors import EventRefused, LedgerDamaged
from ringfence.ledger.events.checkpoint_made import CheckpointMade
from ringfence.ledger.fitting import Misfit, fitted
from ringfence.ledger.ledger import Unknown
from ringfence.ledger.values import Foreign, Json, JsonObject

if TYPE_CHECKING:  # all types of events, of which a writer needs few
    from ringfence.ledger.event_types import Event

__all__ = ["UPCASTS", "Upcast", "decode", "encode", "microseconds", "time_of"]

Upcast = Callable[[JsonObject], tuple[str, JsonObject]]

UPCASTS: Mapping[str, Upcast] = MappingProxyType({})
"""By old type: its successor and the body in the successor's form. What is stored stays as it is."""

_WRITER = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":"))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NAMES: dict[type, Sequence[str]] = {}  # of fields, sorted, as many as there are classes
_MOST = 2**53 - 1  # what every reader of JSON keeps whole

# Surrogates that stand for no byte of a name: JSON can spell one half of a character.


def encode(event: "Event") -> bytes:
    """The event's body.

    Raises:
        EventRefused: it holds what cannot be recorded, or too much.
    """
    assert dataclasses.is_dataclass(event)
    body = _WRITER.encode(_fields(event, 0)).encode()
    if len(body) > LIMITS.event_bytes:
        raise EventRefused(
            f"an event of {len(body):,} bytes is too large to be recorded",
            hint=f"an event has at most {LIMITS.event_bytes:,} bytes",
        )
    return body


def decode(
    type_: str,
    body: bytes,
    *,
    types: "Mapping[str, type[Event]] | None" = None,
    upcasts: Mapping[str, Upcast] = UPCASTS,
) -> "Event | Unknown":
    """The event that a body of this type tells, in the newest form known here; `types`: others than all.

    Raises:
        LedgerDamaged: the body is no JSON.
    """
    try:
        found: Json = json.loads(body)
    except (ValueError, RecursionError):
        raise LedgerDamaged(
            "an event's body is not JSON", hint="`ringfence ledger verify` names the first bad event"
        ) from None
    newest, told = type_, found
    for _ in upcasts:
        upcast = upcasts.get(newest)
        if upcast is None or not isinstance(told, Mapping):
            break
        newest, told = upcast(told)
    made = _class_of(newest) if types is None else types.get(newest)
    if made is None:
        return Unknown(type=type_, body=found)
    try:
        return fitted(made, told)
    except (Misfit, RecursionError):
        return Unknown(type=type_, body=found)


def _class_of(type_: str) -> "type[Event] | None":
    """Every command reads a checkpoint at its end, and most no other event."""
    return CheckpointMade if type_ == CheckpointMade.TYPE else _types().get(type_)


@cache
def _types() -> "Mapping[str, type[Event]]":
    from ringfence.ledger.event_types import EVENTS

    return MappingProxyType({each.TYPE: each for each in EVENTS})


def microseconds(at: datetime) -> int:
    """Since 1970, in UTC.

    Raises:
        EventRefused: the time names no zone.
    """
    if at.tzinfo is None:
        raise EventRefused("a time without a zone cannot be recorded", hint="times are in UTC")
    return (at - _EPOCH) // _MICROSECOND


def time_of(at: int) -> datetime:
    """The time that `microseconds` counts; the last possible one for a count that no calendar holds."""
    try:
        return _EPOCH + at * _MICROSECOND
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def _json(value: object, depth: int) -> Json:
    match value:
        case None | bool():
            return value
        case Enum():
            return _json(value.value, depth)
        case str():
            return as_utf8(value)
        case int() if abs(value) <= _MOST:
            return int(value)
        case datetime():
            return microseconds(value)
    if depth >= LIMITS.event_depth:
        raise EventRefused("an event's values are nested too deeply", hint="record less of them")
    match value:
        case Foreign():
            kept = value.text[: LIMITS.event_foreign_chars]
            return _object({"untrusted": kept, "cut": value.cut + len(value.text) - len(kept)}, depth + 1)
        case Mapping():
            return _object(value, depth + 1)
        case tuple() | list():
            return [_json(item, depth + 1) for item in value]
        case frozenset():
            return sorted(as_utf8(str(item)) for item in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _fields(value, depth + 1)
    raise EventRefused(
        f"a value of type {type(value).__name__} cannot be recorded",
        hint="an event holds text, whole numbers up to 2^53, times and values made of those; never a secret",
    )


def _fields(value: object, depth: int) -> JsonObject:
    return _ordered({name: getattr(value, name) for name in _names(type(value))}, depth)


def _names(made: type) -> Sequence[str]:
    names = _NAMES.get(made)
    if names is None:
        names = _NAMES[made] = _sorted(_checked(field_names(made)))
    return names


def _object(items: Mapping[str, object], depth: int) -> JsonObject:
    return _ordered({key: items[key] for key in _sorted(_checked(items))}, depth)


def _ordered(items: Mapping[str, object], depth: int) -> JsonObject:
    """The values as JSON; the keys are sorted already."""
    made: dict[str, Json] = {}
    for key, item in items.items():
        if item is None or type(item) is bool or (type(item) is str and item.isascii()):
            made[key] = item  # most are, and each event pays for all
            continue
        made[key] = _json(item, depth)
        exact = _exact(item)
        if exact is not None:
            made[f"{key}_base64"] = exact
    return made if len(made) == len(items) else {key: made[key] for key in _sorted(made)}


def _checked(keys: Collection[str]) -> Collection[str]:
    for key in keys:
        if not isinstance(key, str) or not is_utf8(key) or f"{key}_base64" in keys:
            raise EventRefused(
                "an object's key cannot be recorded",
                hint="keys are names of fields; `NAME_base64` beside NAME is taken by its exact bytes",
            )
    return keys


def _sorted(keys: Collection[str]) -> list[str]:
    """As RFC 8785 wants keys: by UTF-16."""
    return sorted(keys) if all(map(str.isascii, keys)) else sorted(keys, key=_utf16)


def _exact(value: object) -> Json:
    """The bytes of a text that is no UTF-8, or of such texts in lists; None when there are none."""
    if isinstance(value, str):
        return None if is_utf8(value) else exact_base64(value)
    if isinstance(value, tuple | list):
        inner = [_exact(item) for item in value]
        return inner if any(item is not None for item in inner) else None
    return None


def _utf16(key: str) -> bytes:
    return key.encode("utf-16-be")
