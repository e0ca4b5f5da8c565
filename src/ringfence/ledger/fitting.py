"""JSON as a value of the type that it was made from; anything that does not fit exactly is a misfit."""

import base64
import dataclasses
import functools
import types
import typing
from collections.abc import Hashable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, TypeVar, cast

from ringfence.ledger.values import Foreign, Json, JsonObject

__all__ = ["Misfit", "fitted"]

ValueT = TypeVar("ValueT")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Misfit(Exception):
    """The JSON is not what a value of this type is written as."""


def fitted(made: type[ValueT], told: Json) -> ValueT:
    """The dataclass value that this object tells.

    Raises:
        Misfit: a field is missing without a default, of another type, or not one of the type's.
    """
    if not isinstance(told, Mapping):
        raise Misfit
    restored = _restored(told)
    hints = _hints(cast("Hashable", made))
    if not restored.keys() <= hints.keys():
        raise Misfit
    try:
        return made(**{key: _value(hints[key], item) for key, item in restored.items()})
    except TypeError:  # a field without a default is missing
        raise Misfit from None


@functools.cache
def _hints(made: Hashable) -> Mapping[str, Any]:
    return {field.name: field.type for field in dataclasses.fields(cast("Any", made))}


def _value(hint: Any, told: Json) -> object:  # noqa: ANN401 - an annotation
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return _one_of(arguments, told)
    if origin is tuple:
        return tuple(_value(arguments[0], item) for item in _list(told))
    if origin is frozenset:
        return frozenset(_value(arguments[0], item) for item in _list(told))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        if not isinstance(told, Mapping):
            raise Misfit
        return _deep(told)
    return _plain(getattr(hint, "__supertype__", hint), told)


def _one_of(hints: Sequence[Any], told: Json) -> object:
    for hint in hints:
        try:
            return _value(hint, told)
        except Misfit:
            continue
    raise Misfit


def _plain(hint: type[Any], told: Json) -> object:
    if hint is type(None) or hint in (bool, int, str):
        if type(told) is not hint:
            raise Misfit
        return told
    if hint is datetime:
        return _time(told)
    if hint is Foreign:
        if not isinstance(told, Mapping) or not told.keys() <= {"untrusted", "untrusted_base64", "cut"}:
            raise Misfit
        text = _restored(told)
        return Foreign(text=_text(text.get("untrusted")), cut=_number(text.get("cut")))
    if issubclass(hint, Enum):
        try:
            return hint(told)
        except ValueError:
            raise Misfit from None
    if dataclasses.is_dataclass(hint):
        return fitted(hint, told)
    raise Misfit


def _time(told: Json) -> datetime:
    try:
        return _EPOCH + timedelta(microseconds=_number(told))
    except OverflowError:
        raise Misfit from None


def _number(told: Json) -> int:
    if type(told) is not int:
        raise Misfit
    return told


def _text(told: Json) -> str:
    if not isinstance(told, str):
        raise Misfit
    return told


def _list(told: Json) -> Sequence[Json]:
    if not isinstance(told, list):
        raise Misfit
    return told


def _restored(told: JsonObject) -> dict[str, Json]:
    """The object with exact text in place of escaped text and its bytes."""
    beside = {key for key in told if key.endswith("_base64") and key.removesuffix("_base64") in told}
    return {key: _exact(item, told.get(f"{key}_base64")) for key, item in told.items() if key not in beside}


def _exact(item: Json, exact: Json) -> Json:
    if isinstance(item, str) and isinstance(exact, str):
        try:
            return base64.b64decode(exact, validate=True).decode("utf-8", "surrogateescape")
        except ValueError:
            raise Misfit from None
    if isinstance(item, list) and isinstance(exact, list) and len(item) == len(exact):
        return [_exact(each, its) for each, its in zip(item, exact, strict=True)]
    return item


def _deep(told: Json) -> Json:
    if isinstance(told, Mapping):
        return {key: _deep(item) for key, item in _restored(told).items()}
    if isinstance(told, list):
        return [_deep(item) for item in told]
    return told
