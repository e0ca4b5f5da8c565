"""Reads settings files that other programs wrote: JSON, with comments or without, TOML and YAML.

Follows no alias, builds no object and quotes no text: what cannot be read is `Skipped` with a reason in
our own words, because a parser's message could hold a secret.
"""

import re
from collections.abc import Callable
from pathlib import Path

from ringfence.core.bounded_json import BadJson, Json, parse
from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.core.text import printable
from ringfence.endpoint.opening import read_small
from ringfence.endpoint.relaxed_json import strict

__all__ = ["read_json", "read_jsonc", "read_toml", "read_yaml"]


def read_json(path: Path) -> Json | Skipped:
    """The document; None when there is no file; or why it was not read."""
    return _read(path, _json, max_bytes=LIMITS.config_bytes)


def read_jsonc(path: Path) -> Json | Skipped:
    """As `read_json`; comments, trailing commas, bare keys and single quotes are allowed (most of JSON5)."""
    return _read(path, _jsonc, max_bytes=LIMITS.config_bytes)


def read_toml(path: Path) -> Json | Skipped:
    """As `read_json`, for TOML; dates and times come back as text."""
    return _read(path, _toml, max_bytes=LIMITS.settings_text_bytes)


def read_yaml(path: Path) -> Json | Skipped:
    """As `read_json`, for one YAML document; every scalar comes back as text, aliases are refused."""
    return _read(path, _yaml, max_bytes=LIMITS.settings_text_bytes)


_KEY_PART = r"""(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+"""
_MANY_KEY_PARTS = re.compile(rf"(?<![\w-])(?:{_KEY_PART}){{{LIMITS.key_parts}}}")


class _Unreadable(Exception):
    """The text is not what it should be. The message says so in our own words."""


def _read(path: Path, parse_text: Callable[[bytes], Json], *, max_bytes: int) -> Json | Skipped:
    data = read_small(path, max_bytes=max_bytes)
    if data is None or isinstance(data, Skipped):
        return data
    try:
        return parse_text(data)
    except _Unreadable as error:
        return Skipped(kind="file", subject=printable(str(path)), reason=str(error))


def _json(data: bytes) -> Json:
    try:
        return parse(data)
    except BadJson as error:
        raise _Unreadable("not valid JSON") from error


def _jsonc(data: bytes) -> Json:
    try:
        return parse(data)
    except BadJson:
        if len(data) > LIMITS.relaxed_json_bytes:
            raise _Unreadable(f"not valid JSON, and larger than {LIMITS.relaxed_json_bytes} bytes") from None
    try:
        return parse(strict(data.decode("utf-8-sig")).encode())
    except (BadJson, ValueError) as error:
        raise _Unreadable("not valid JSON, not even with comments") from error


def _toml(data: bytes) -> Json:
    import tomllib

    try:
        text = data.decode("utf-8-sig")
        if _MANY_KEY_PARTS.search(text):
            raise _Unreadable(f"TOML with a key of more than {LIMITS.key_parts} parts")
        return _plain(tomllib.loads(text))
    except (ValueError, RecursionError) as error:
        raise _Unreadable("not valid TOML") from error


def _plain(value: object) -> Json:
    """A TOML value without its dates and times."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value if isinstance(value, bool | int | float | str) else str(value)


def _yaml(data: bytes) -> Json:
    import yaml

    class Loader(yaml.BaseLoader):
        """Text, lists and mappings only: nothing can stand for an object, and nothing twice."""

        def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
            if self.check_event(yaml.AliasEvent):
                raise _Unreadable("YAML with aliases")
            return super().compose_node(parent, index)

    try:
        return _plain(yaml.load(data, Loader))  # noqa: S506 - BaseLoader builds no objects
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise _Unreadable("not valid YAML") from error
