"""Texts at pointers in JSON bodies and forms, and one put in another's place; every other byte stays.

Sources: RFC 8259, RFC 6901, the form encoding of the URL standard.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote, unquote_plus

from ringfence.core.bounded_json import BadJson, Json, parse
from ringfence.core.limits import LIMITS
from ringfence.protocols.http import RequestHead

__all__ = ["CannotBePut", "is_form", "json_texts_at", "json_with_text", "texts_at", "with_text"]


class CannotBePut(Exception):
    """The text does not stand there as it is written, or stands elsewhere too."""


def texts_at(head: RequestHead, body: bytes, pointers: Iterable[str]) -> Mapping[str, str]:
    """The texts of a JSON body or form by these pointers; nothing of a body that is neither, or too long."""
    if len(body) > LIMITS.injected_body_bytes:
        return {}
    if is_form(head):
        wanted = {_name(pointer): pointer for pointer in pointers if pointer.count("/") == 1}
        named = ((unquote_plus(name), value) for name, value in _members(body))
        return {wanted[name]: unquote_plus(value) for name, value in named if name in wanted}
    return json_texts_at(body, pointers)


def json_texts_at(data: bytes, pointers: Iterable[str]) -> Mapping[str, str]:
    """The texts of a JSON document by these pointers; nothing of what is none."""
    document = _document(data)
    found = {pointer: _at(document, pointer) for pointer in pointers}
    return {pointer: text for pointer, text in found.items() if isinstance(text, str)}


def with_text(head: RequestHead, body: bytes, pointer: str, text: str, made: str) -> bytes:
    """The body with `made` where `text` stands at the pointer.

    Raises:
        CannotBePut: see `json_with_text`.
    """
    if is_form(head):
        wanted = _name(pointer)
        return "&".join(
            f"{name}={quote(made, '-._~')}"
            if unquote_plus(name) == wanted and unquote_plus(value) == text
            else name + (f"={value}" if value else "")
            for name, value in _members(body)
        ).encode("latin-1")
    return json_with_text(body, pointer, text, made)


def json_with_text(data: bytes, pointer: str, text: str, made: str) -> bytes:
    """The JSON document with `made` where `text` stands at the pointer.

    Raises:
        CannotBePut: `text` is written with escapes that it needs none of, or stands there as a key or another
            value too, so that bytes alone do not say which one it is.
    """
    written, document = json.dumps(text).encode(), _document(data)
    if _at(document, pointer) != text or _count(document, text) != 1 or data.count(written) != 1:
        raise CannotBePut
    return data.replace(written, json.dumps(made).encode())


def is_form(head: RequestHead) -> bool:
    """Whether the head says that the body is a form."""
    told = head.headers.all("content-type")
    return len(told) == 1 and told[0].partition(";")[0].strip().lower() == "application/x-www-form-urlencoded"


def _members(body: bytes) -> Iterator[tuple[str, str]]:
    for member in body.decode("latin-1").split("&"):
        if member:
            name, _, value = member.partition("=")
            yield name, value


def _document(body: bytes) -> Json:
    try:
        return parse(body, max_bytes=LIMITS.injected_body_bytes)
    except BadJson:
        return None


def _at(document: Json, pointer: str) -> Json:
    value = document
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list) and name.isascii() and name.isdigit() and int(name[:9]) < len(value):
            value = value[int(name[:9])]
        else:
            return None
    return value


def _count(document: Json, text: str) -> int:
    """How often the text stands there, as a value or as a key."""
    waiting, count = [document], 0
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            count += text in value
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
        else:
            count += value == text
    return count


def _name(pointer: str) -> str:
    return pointer[1:].replace("~1", "/").replace("~0", "~")
