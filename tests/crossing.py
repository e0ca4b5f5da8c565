"""Values that cross from one process to another, as JSON: plain ones, of dataclasses and of enumerations.

Whoever writes them chooses no code: what is made is a value of a type that is here already.
"""

import dataclasses
import json
import sys
from enum import Enum
from typing import Any

__all__ = ["read", "written"]


def written(value: object) -> bytes:
    """The value.

    Raises:
        TypeError: it holds something that is not plain.
    """
    return json.dumps(_out(value)).encode("ascii")


def read(data: bytes) -> Any:
    """What `written` was given."""
    return _back(json.loads(data))


def _out(value: object) -> object:
    match value:
        case Enum():
            return {"type": _name(value), "value": _out(value.value)}
        case None | bool() | int() | float() | str():
            return value
        case bytes():
            return {"bytes": value.hex()}
        case list():
            return [_out(each) for each in value]
        case dict():
            return {"pairs": [[_out(key), _out(each)] for key, each in value.items()]}
        case tuple() if type(value) is tuple:
            return {"tuple": [_out(each) for each in value]}
        case tuple():  # a named one
            return {"type": _name(value), "fields": {key: _out(getattr(value, key)) for key in value._fields}}
    if dataclasses.is_dataclass(value):
        fields = {each.name: _out(getattr(value, each.name)) for each in dataclasses.fields(value)}
        return {"type": _name(value), "fields": fields}
    raise TypeError(f"a {type(value).__name__} stays in its process")


def _back(told: Any) -> Any:
    match told:
        case list():
            return [_back(each) for each in told]
        case {"bytes": text}:
            return bytes.fromhex(text)
        case {"pairs": pairs}:
            return {_back(key): _back(each) for key, each in pairs}
        case {"tuple": values}:
            return tuple(_back(each) for each in values)
        case {"type": name, "value": value}:
            return _type(name, Enum)(_back(value))
        case {"type": name, "fields": fields}:
            return _type(name, object)(**{key: _back(each) for key, each in fields.items()})
    return told


def _name(value: object) -> str:
    return f"{type(value).__module__}:{type(value).__qualname__}"


def _type(name: str, kind: type) -> Any:
    module, _, qualified = name.partition(":")
    found = getattr(sys.modules[module], qualified)
    assert isinstance(found, type) and issubclass(found, kind), name
    assert issubclass(found, Enum) or dataclasses.is_dataclass(found) or hasattr(found, "_fields"), name
    return found
