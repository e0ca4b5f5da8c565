"""Events as bytes and back: RFC 8785 JSON, from the event's own fields.

Numbers are integers, times are microseconds since 1970 in UTC, unknown is null. Text whose bytes were no
UTF-8 is escaped, and its exact bytes stand beside it as `<key>_base64`. What is not listed here cannot be
recorded: secrets, bytes and fractions have no form. A body that does not fit its type, or whose type nobody
knows here, is read as `Unknown`: nothing is dropped and nothing guessed.

Texts are escaped as Python's own JSON writer does it, which is what RFC 8785 asks for.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache
from json.encoder import encode_basestring
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ringfence.core.dataclass import is_dataclass
from ringfence.core.decisions import Decision
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

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NAMES: dict[type, Sequence[str]] = {}  # of fields, sorted, as many as there are classes
_WRITTEN: dict[int, tuple[Decision, str]] = {}  # by identity: a policy gives the same again
_WRITTEN_MOST = 64
_MOST = 2**53 - 1  # what every reader of JSON keeps whole
_EXACT = "_base64"
_INEXACT = (str, tuple, list)

# Surrogates that stand for no byte of a name: JSON can spell one half of a character.


def encode(event: "Event") -> bytes:
    """The event's body.

    Raises:
        EventRefused: it holds what cannot be recorded, or too much.
    """
    assert is_dataclass(event)
    body = _fields(event, 0).encode()
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


def _json(value: object, depth: int) -> str:
    plain = _PLAIN.get(type(value))
    if plain is not None:
        return plain(value)
    if isinstance(value, Enum):
        return _json(value.value, depth)
    if depth >= LIMITS.event_depth:
        raise EventRefused("an event's values are nested too deeply", hint="record less of them")
    match value:
        case tuple() | list():
            return f"[{','.join([_json(each, depth + 1) for each in value])}]"
        case Decision():
            return _decision(value, depth + 1)
        case Foreign():
            kept = value.text[: LIMITS.event_foreign_chars]
            return _object({"untrusted": kept, "cut": value.cut + len(value.text) - len(kept)}, depth + 1)
        case dict() | Mapping():
            return _object(value, depth + 1)
        case frozenset():
            return f"[{','.join(map(encode_basestring, sorted(as_utf8(str(each)) for each in value)))}]"
    if is_dataclass(value) and not isinstance(value, type):
        return _fields(value, depth + 1)
    raise _unrecorded(value)


def _number(value: int) -> str:
    if abs(value) > _MOST:
        raise _unrecorded(value)
    return str(value)


_PLAIN: dict[type, Callable[[Any], str]] = {
    str: lambda value: encode_basestring(as_utf8(value)),
    type(None): lambda _value: "null",
    bool: lambda value: "true" if value else "false",
    int: _number,
    datetime: lambda value: str(microseconds(value)),
}


def _unrecorded(value: object) -> EventRefused:
    return EventRefused(
        f"a value of type {type(value).__name__} cannot be recorded",
        hint="an event holds text, whole numbers up to 2^53, times and values made of those; never a secret",
    )


def _decision(decision: Decision, depth: int) -> str:
    known = _WRITTEN.get(id(decision))
    if known is not None and known[0] is decision:
        return known[1]
    text = _fields(decision, depth)
    if len(_WRITTEN) >= _WRITTEN_MOST:
        _WRITTEN.clear()
    _WRITTEN[id(decision)] = (decision, text)
    return text


def _fields(value: object, depth: int) -> str:
    return _ordered([(name, getattr(value, name)) for name in _names(type(value))], depth)


def _names(made: type) -> Sequence[str]:
    names = _NAMES.get(made)
    if names is None:
        names = _NAMES[made] = _sorted(_checked(field_names(made)))
    return names


def _object(items: Mapping[str, object], depth: int) -> str:
    return _ordered([(key, items[key]) for key in _sorted(_checked(items))], depth)


def _ordered(items: Sequence[tuple[str, object]], depth: int) -> str:
    """An object of these; the keys are sorted already."""
    made: list[str] = []
    exact: list[tuple[str, object]] = []
    for key, item in items:
        if type(item) is str and item.isascii():  # most are, and each event pays for all
            made.append(f"{encode_basestring(key)}:{encode_basestring(item)}")
            continue
        made.append(f"{encode_basestring(key)}:{_json(item, depth)}")
        if item and isinstance(item, _INEXACT) and (bytes_ := _exact(item)) is not None:
            exact.append((key + _EXACT, bytes_))
    if not exact:
        return f"{{{','.join(made)}}}"
    everything = {key: text for (key, _), text in zip(items, made, strict=True)}
    everything |= {key: f"{encode_basestring(key)}:{_json(each, depth)}" for key, each in exact}
    return f"{{{','.join([everything[key] for key in _sorted(everything)])}}}"


def _checked(keys: Collection[str]) -> Collection[str]:
    with suppress(TypeError):  # one is no text
        if (together := "".join(keys)).isascii() and _EXACT not in together:
            return keys
    for key in keys:
        if not isinstance(key, str) or not is_utf8(key) or f"{key}{_EXACT}" in keys:
            raise EventRefused(
                "an object's key cannot be recorded",
                hint="keys are names of fields; `NAME_base64` beside NAME is taken by its exact bytes",
            )
    return keys


def _sorted(keys: Collection[str]) -> list[str]:
    """As RFC 8785 wants keys: by UTF-16."""
    return sorted(keys) if "".join(keys).isascii() else sorted(keys, key=_utf16)


def _exact(value: object) -> Json:
    """The bytes of a text that is no UTF-8, or of such texts in lists; None when there are none."""
    if isinstance(value, str):
        return None if is_utf8(value) else exact_base64(value)
    if isinstance(value, _INEXACT):
        inner = [_exact(item) for item in value]
        return inner if any(item is not None for item in inner) else None
    return None


def _utf16(key: str) -> bytes:
    return key.encode("utf-16-be")
