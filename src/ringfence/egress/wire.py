"""Messages as bytes and back: JSON with the message's name, a number, and its fields.

Strict both ways: every field is there and of its type, and none is there besides. Bytes are base64, headers a
list of pairs, enumerations their values. Nothing that is read here is believed, only well formed.
"""

import base64
import binascii
import dataclasses
import json
import types
import typing
from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

from ringfence.core.bounded_json import BadJson, Json, parse
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.egress import messages
from ringfence.protocols.http import Headers

__all__ = ["BadMessage", "Message", "decode", "decode_fields", "encode", "encode_fields"]

Message = (
    messages.Arrive
    | messages.Welcome
    | messages.Ask
    | messages.Went
    | messages.Proceed
    | messages.Dial
    | messages.Dialled
    | messages.Done
    | messages.Gone
    | messages.Tell
    | messages.Unsent
    | messages.Refused
    | messages.Revoke
    | messages.OpenSession
    | messages.SessionOpened
    | messages.Watch
    | messages.CloseSession
    | messages.NewProxy
    | messages.Serve
    | messages.Serving
)

_ENCODER = json.JSONEncoder(separators=(",", ":"))
_LARGEST = 2**53 - 1  # what every reader of JSON holds exactly
_T = TypeVar("_T")


class BadMessage(Exception):
    """Not one of the messages. The text never quotes it."""


@dataclass(frozen=True, slots=True)
class _Way:
    """To JSON and back, for one type."""

    out: Callable[[Any], Json]
    back: Callable[[Json], Any]


def encode(message: Message, n: int, is_answer: bool) -> bytes:
    """The message as the channel carries it. An answer has the number of its question.

    Raises:
        ValueError: it is longer than any that is read.
    """
    made: dict[str, Json] = {"n": n, "m": type(message).__name__}
    if is_answer:
        made["a"] = True
    made.update(encode_fields(message))
    data = _ENCODER.encode(made).encode("ascii")
    if len(data) > LIMITS.channel_bytes:
        raise ValueError("the message is too long")
    return data


def decode(data: bytes) -> tuple[Message, int, bool]:
    """The message, its number, and whether it is an answer.

    Raises:
        BadMessage: it is none, or not wholly.
    """
    found = _parsed(data)
    if not isinstance(found, dict):
        raise BadMessage("no object")
    name, n, is_answer = found.pop("m", None), found.pop("n", None), found.pop("a", False)
    made = _BY_NAME.get(name) if isinstance(name, str) else None
    if made is None or not isinstance(is_answer, bool):
        raise BadMessage("no such message")
    return _built(made, found), _number(n), is_answer


def encode_fields(value: Any) -> dict[str, Json]:  # noqa: ANN401 - any dataclass
    """The fields of a value of a dataclass, as JSON has them."""
    return {name: way.out(getattr(value, name)) for name, way in _fields(type(value)).items()}


def decode_fields(made: type[_T], data: bytes) -> _T:
    """The value of that type of whose fields `data` is the JSON.

    Raises:
        BadMessage: it is not.
    """
    return _built(made, _parsed(data))


def _parsed(data: bytes) -> Json:
    try:
        return parse(data, max_bytes=LIMITS.channel_bytes)
    except BadJson as error:
        raise BadMessage(str(error)) from None


def _built(made: type[_T], found: Json) -> _T:
    ways = _fields(made)
    if not isinstance(found, dict) or found.keys() != ways.keys():
        raise BadMessage("other fields than it has")
    fields = {name: way.back(found[name]) for name, way in ways.items()}
    try:
        return made(**fields)
    except ValueError:
        raise BadMessage("fields that are out of bounds") from None


_FIELDS: dict[type, dict[str, _Way]] = {}


def _fields(made: type) -> dict[str, _Way]:
    if made not in _FIELDS:
        hints = typing.get_type_hints(made)
        _FIELDS[made] = {each.name: _way(hints[each.name]) for each in dataclasses.fields(made)}
    return _FIELDS[made]


def _way(hint: Any) -> _Way:  # noqa: ANN401 - a type
    """How values of this type are written. Only what messages have is known here."""
    if hint in _SIMPLE:
        return _SIMPLE[hint]
    if isinstance(hint, types.UnionType):
        (inner,) = (each for each in typing.get_args(hint) if each is not types.NoneType)
        way = _way(inner)
        return _Way(
            lambda value: None if value is None else way.out(value),
            lambda json_: None if json_ is None else way.back(json_),
        )
    if typing.get_origin(hint) is tuple:
        return _tuple_way(typing.get_args(hint))
    if issubclass(hint, StrEnum):
        return _Way(str, lambda json_: _word(hint, json_))
    return _Way(encode_fields, lambda json_: _built(hint, json_))


def _tuple_way(members: tuple[Any, ...]) -> _Way:
    if members[1:] == (...,):
        way = _way(members[0])
        return _Way(
            lambda value: [way.out(each) for each in value],
            lambda json_: tuple(way.back(each) for each in _list(json_)),
        )
    ways = tuple(map(_way, members))
    return _Way(
        lambda value: [way.out(each) for way, each in zip(ways, value, strict=True)],
        lambda json_: tuple(
            way.back(each) for way, each in zip(ways, _list(json_, size=len(ways)), strict=True)
        ),
    )


def _list(json_: Json, *, size: int | None = None) -> list[Json]:
    if not isinstance(json_, list) or (size is not None and len(json_) != size):
        raise BadMessage("no list, or of another length")
    return json_


def _text(json_: Json) -> str:
    if not isinstance(json_, str) or not (json_.isascii() or _is_whole(json_)):
        raise BadMessage("no text")
    return json_


def _is_whole(text: str) -> bool:
    return not any("\ud800" <= each <= "\udfff" for each in text)


def _number(json_: Json) -> int:
    if type(json_) is not int or not 0 <= json_ <= _LARGEST:
        raise BadMessage("no number")
    return json_


def _yes_no(json_: Json) -> bool:
    if not isinstance(json_, bool):
        raise BadMessage("neither yes nor no")
    return json_


def _word(words: type[StrEnum], json_: Json) -> StrEnum:
    try:
        return words(_text(json_))
    except ValueError:
        raise BadMessage("no such word") from None


def _bytes(json_: Json) -> bytes:
    try:
        return base64.b64decode(_text(json_), validate=True)
    except (binascii.Error, ValueError):
        raise BadMessage("no base64") from None


def _pairs(json_: Json) -> tuple[tuple[str, str], ...]:
    pairs = (_list(each, size=2) for each in _list(json_))
    return tuple((_text(name), _text(value)) for name, value in pairs)


_SIMPLE: dict[Any, _Way] = {
    str: _Way(lambda value: value, _text),
    int: _Way(lambda value: value, _number),
    bool: _Way(lambda value: value, _yes_no),
    bytes: _Way(lambda value: base64.b64encode(value).decode("ascii"), _bytes),
    Headers: _Way(lambda value: value.items, lambda json_: Headers(_pairs(json_))),
}

_BY_NAME: dict[str, Any] = {each.__name__: each for each in typing.get_args(Message)}
