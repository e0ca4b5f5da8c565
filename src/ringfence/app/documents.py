"""Values as JSON documents, each with its schema's name, the tool's version, the start and `complete`.

The field names of the values are the keys of the documents, so the schemas under `schemas/` are made from the
values' own types (`scripts/schemas.py`) and a test holds them together.
"""

import dataclasses
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import Enum
from pathlib import Path

from ringfence import __version__
from ringfence.core.utf8 import as_utf8, exact_base64, is_utf8

__all__ = ["SCHEMA_FOLDER", "as_json", "document", "pieces"]

SCHEMA_FOLDER = Path(__file__).parent / "schemas"

# Surrogates that stand for no byte of a name: JSON can spell one half of a character.

_ENCODER = json.JSONEncoder(allow_nan=False)
_KEYS: dict[type, tuple[str, ...]] = {}  # of each kind of value that was met, which is a class of ours

_PATH = type(Path())

_Json = None | bool | int | float | str | list["_Json"] | dict[str, "_Json"]


def document(schema: str, value: object) -> str:
    """The JSON text of one document, an item of a list to a line; `schema` is name/version.

    `value` is a dataclass with `started_at` and `complete`.
    """
    return "".join(pieces(schema, value))


def pieces(schema: str, value: object) -> Iterator[str]:
    """The text of `document` bit by bit, so that a long one is never in memory as a whole."""
    before = "{"
    for key, item in (("schema", schema), ("tool_version", __version__), *_items(value)):
        yield f"{before}\n{_dumped(key)}: "
        yield from _lines(item)
        before = ","
    yield "\n}"


def as_json(value: object) -> _Json:
    """Any core value as JSON: unknown is null, times are RFC 3339 in UTC, bytes that are no UTF-8 escaped.

    Beside an escaped path stands `<key>_base64` with its exact bytes.
    """
    kind = type(value)  # which most are exactly, so that nothing else needs to be asked
    if value is None or kind is int or kind is bool:
        return value  # type: ignore[return-value]
    if kind is str:
        return value if value.isascii() else as_utf8(value)  # type: ignore
    if kind is tuple:
        return [as_json(item) for item in value] if value else []  # type: ignore[attr-defined]
    if kind is _PATH:
        return as_utf8(str(value))
    if kind in _KEYS:
        found: dict[str, _Json] = {}
        for key in _KEYS[kind]:
            found[key] = as_json(item := getattr(value, key))
            if type(item) is _PATH and not is_utf8(str(item)):
                found[f"{key}_base64"] = exact_base64(str(item))
        return found
    return _unusual_as_json(value)


def _unusual_as_json(value: object) -> _Json:
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, Enum):
        return as_json(value.value)
    if isinstance(value, str | Path):
        return as_utf8(str(value))
    if isinstance(value, tuple | list):
        return [as_json(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, Mapping):
        return {as_utf8(str(key)): as_json(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value):
        return {key: as_json(item) for key, item in _items(value)}
    raise TypeError(f"{type(value).__name__} has no place in a document")


def _lines(value: object) -> Iterator[str]:
    """A list with a line for each item, which reads and compares well; everything else on one line."""
    if not (isinstance(value, tuple | list) and value):
        yield _dumped(value)
        return
    before = "["
    for item in value:
        yield f"{before}\n{_dumped(item)}"
        before = ","
    yield "\n]"


def _dumped(value: object) -> str:
    return _ENCODER.encode(as_json(value))


def _items(value: object) -> Iterator[tuple[str, object]]:
    """The keys of a dataclass with what stands there, not as JSON yet."""
    kind = type(value)
    if kind not in _KEYS:
        _KEYS[kind] = tuple(field.name for field in dataclasses.fields(value))  # type: ignore[arg-type]
    for key in _KEYS[kind]:
        item = getattr(value, key)
        yield key, item
        if isinstance(item, Path) and not is_utf8(str(item)):
            yield f"{key}_base64", exact_base64(str(item))
