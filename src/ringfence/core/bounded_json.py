"""JSON from strangers: bounded in size and (by the recursion limit) depth; no key twice."""

import codecs
import json
from typing import NoReturn

from ringfence.core.limits import LIMITS

__all__ = ["BadJson", "DuplicateKey", "Json", "parse"]

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


class BadJson(ValueError):
    """Not one well-formed JSON document within the limits. The message never quotes the document."""


class DuplicateKey(BadJson):
    """A key stands twice in one object: readers disagree on which value counts."""


def parse(data: bytes, *, max_bytes: int = LIMITS.json_bytes) -> Json:
    """The one JSON value in `data` (UTF-8, a byte order mark is allowed).

    Raises:
        BadJson: too long, too deep, not UTF-8, a key twice, NaN, or simply not JSON.
    """
    if len(data) > max_bytes:
        raise BadJson(f"longer than {max_bytes} bytes")
    if b"\0" in data:  # never allowed, and quickly found where nothing but a hole of the file is read
        raise BadJson("not valid JSON")
    try:
        text = data.removeprefix(codecs.BOM_UTF8).decode()
        value: Json = _DECODER.decode(text)
    except BadJson:
        raise
    except (ValueError, RecursionError) as error:
        raise BadJson("not valid JSON") from error
    return value


def _no_key_twice(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise DuplicateKey("a key stands twice in one object")
    return found


def _no_constant(_name: str) -> NoReturn:
    raise BadJson("NaN and Infinity are not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_no_key_twice, parse_constant=_no_constant)
