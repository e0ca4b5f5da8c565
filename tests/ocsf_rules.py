"""Whether an event follows the published schema of OCSF, as far as its extract in ocsf.json goes.

Strict: an attribute that the class or object does not have is wrong, whatever `unmapped` may hold.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

__all__ = ["wrongs"]

_SCHEMA = json.loads((Path(__file__).parent / "ocsf.json").read_text())
_TEXT = {"string_t", "file_name_t", "file_path_t", "hostname_t", "username_t", "process_name_t"} | {
    "file_hash_t",
    "resource_uid_t",
    "uuid_t",
    "url_t",
}
_NUMBERS = {"integer_t": 2**31, "long_t": 2**63, "timestamp_t": 2**63, "port_t": 65_536}


def wrongs(event: Mapping[str, Any]) -> list[str]:
    """What is wrong, each with its path; [] when nothing is."""
    of = _SCHEMA["classes"].get(str(event.get("class_uid")))
    if of is None:
        return ["class_uid"]
    found = list(_object("", event, of))
    if event["type_uid"] != event["class_uid"] * 100 + event["activity_id"]:
        found.append("type_uid")
    if event["category_uid"] != event["class_uid"] // 1000:
        found.append("category_uid")
    if event["class_name"] != of["name"]:
        found.append("class_name")
    return found


def _object(path: str, value: Any, of: Mapping[str, Any]) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path}: no object"
        return
    attributes = _attributes(id(of), of["attributes"])
    for key, (_, is_required, _, _) in attributes.items():
        if is_required and value.get(key) is None:
            yield f"{path}.{key}: missing"
    if of["at_least_one"] and not set(of["at_least_one"]) & value.keys():
        yield f"{path}: none of {of['at_least_one']}"
    for key, item in value.items():
        if key not in attributes:
            yield f"{path}.{key}: there is none"
            continue
        type_, _, is_list, enum = attributes[key]
        if is_list != isinstance(item, list):
            yield f"{path}.{key}: a list, or none"
        for each in item if isinstance(item, list) else [item]:
            yield from _value(f"{path}.{key}", each, type_, enum)


def _value(path: str, value: Any, type_: str, enum: list[str] | None) -> Iterator[str]:
    if enum is not None and str(value) not in enum:
        yield f"{path}: {value!r} is none of the enumeration"
    if type_ in _TEXT:
        if not isinstance(value, str):
            yield f"{path}: {value!r} is no text"
    elif type_ in _NUMBERS:
        if type(value) is not int or not 0 <= value < _NUMBERS[type_]:
            yield f"{path}: {value!r} is no {type_}"
    elif type_ == "boolean_t":
        if type(value) is not bool:
            yield f"{path}: {value!r} is not yes or no"
    elif type_ == "object":
        if not isinstance(value, dict):
            yield f"{path}: no object"
    elif type_ in _SCHEMA["objects"]:
        yield from _object(path, value, _SCHEMA["objects"][type_])
    else:
        yield f"{path}: nothing is known of {type_}"


_KNOWN: dict[int, dict[str, tuple[str, bool, bool, list[str] | None]]] = {}


def _attributes(key: int, told: Mapping[str, Any]) -> dict[str, tuple[str, bool, bool, list[str] | None]]:
    if key not in _KNOWN:
        _KNOWN[key] = {name: _attribute(each) for name, each in told.items()}
    return _KNOWN[key]


def _attribute(told: Any) -> tuple[str, bool, bool, list[str] | None]:
    spelled, enum = (told, None) if isinstance(told, str) else told
    name = re.sub(r"[\[\]!]", "", spelled)
    return name, spelled.endswith("!"), spelled.startswith("["), enum
