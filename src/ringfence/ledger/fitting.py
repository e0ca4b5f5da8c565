"""JSON as a value of the type that it was made from; anything that does not fit exactly is a misfit."""

import base64
import functools
import types
import typing
from collections.abc import Callable, Hashable, Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, TypeVar, cast

from ringfence.core.dataclass import fields
from ringfence.ledger.values import Foreign, Json, JsonObject

__all__ = ["Misfit", "fitted"]

ValueT = TypeVar("ValueT")

_Reader = Callable[[Json], object]

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
    readers = _readers(cast("Hashable", made))
    try:
        return made(**{key: readers[key](item) for key, item in _restored(told).items()})
    except (KeyError, TypeError):  # a field too many, or one without a default is missing
        raise Misfit from None


@functools.cache
def _readers(made: Hashable) -> Mapping[str, _Reader]:
    return {field.name: _reader(cast("Hashable", field.type)) for field in fields(cast("Any", made))}


@functools.cache
def _reader(hint: Any) -> _Reader:  # noqa: ANN401 - an annotation
    """What reads a value of this type, put together once."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return functools.partial(_one_of, tuple(map(_reader, arguments)))
    if origin is tuple:
        return functools.partial(_all_of, tuple, _reader(arguments[0]))
    if origin is frozenset:
        return functools.partial(_all_of, frozenset, _reader(arguments[0]))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _facts
    hint = getattr(hint, "__supertype__", hint)
    if hint in (bool, int, str, type(None)):
        return functools.partial(_exactly, hint)
    if hint is datetime:
        return _time
    if hint is Foreign:
        return _foreign
    if issubclass(hint, Enum):
        return functools.partial(_word, hint)
    return functools.partial(fitted, hint)


def _one_of(readers: tuple[_Reader, ...], told: Json) -> object:
    for reader in readers:
        try:
            return reader(told)
        except Misfit:
            continue
    raise Misfit


def _all_of(made: Callable[[list[object]], object], reader: _Reader, told: Json) -> object:
    if not isinstance(told, list):
        raise Misfit
    return made([reader(item) for item in told])


def _exactly(hint: type[Any], told: Json) -> object:
    if type(told) is not hint:
        raise Misfit
    return told


def _word(hint: type[Enum], told: Json) -> object:
    try:
        return hint(told)
    except ValueError:
        raise Misfit from None


def _foreign(told: Json) -> object:
    if not isinstance(told, Mapping) or not told.keys() <= {"untrusted", "untrusted_base64", "cut"}:
        raise Misfit
    found = _restored(told)
    return Foreign(text=_text(found.get("untrusted")), cut=_number(found.get("cut")))


def _facts(told: Json) -> object:
    if not isinstance(told, Mapping):
        raise Misfit
    return _deep(told)


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


def _restored(told: JsonObject) -> JsonObject:
    """The object with exact text in place of escaped text and its bytes."""
    if not any(key.endswith("_base64") for key in told):
        return told
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
