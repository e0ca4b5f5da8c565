"""Finds secrets in settings and in text, and says where they stand. Values never leave this file."""

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from ringfence.core.bounded_json import Json
from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.core.machine import Credential
from ringfence.endpoint.credentials.secrets import kind_by_shape, kind_of, label
from ringfence.endpoint.opening import read_small

__all__ = ["in_document", "in_text", "in_text_file"]

_Keys = tuple["_Keys", str] | None  # the way to a value, innermost key first; shared between siblings
_KEYS_SHOWN = 12

_FLAG = re.compile(r"-{1,2}([A-Za-z][\w.-]{0,80})")
_NAMED = re.compile(r"-{0,2}([A-Za-z_][\w.-]{0,80})(?:=|:\s*)(.+)", re.DOTALL)
_ASSIGNMENT = re.compile(
    r"\s*(?:export\s+|set\s+-\w+\s+|setx?\s+|\$env:|declare\s+-x\s+)?(?://[^\s:]{1,200}/?:)?"
    r"([A-Za-z_][\w.-]{0,80})(?:\s*=\s*|:\s+|\s+)(.+)",
    re.IGNORECASE,
)
_FIRST_WORD = re.compile(r"""["]([^"]*)|[']([^']*)|([^\s;]*)""")
_NETRC = re.compile(r"(?:^|\s)password\s+\S")


def in_document(document: Json, *, shown: str, auth_file: bool = False) -> Iterator[Credential | Skipped]:
    """Every secret in `document`, by the keys that lead to it. `shown` is the file's name for people."""
    left = LIMITS.settings_values
    stack: list[tuple[Json, _Keys, str, str]] = [
        (document, None, "", "")
    ]  # value, way, name, argument before
    while stack:
        value, keys, name, before = stack.pop()
        left -= 1
        if left < 0:
            reason = f"only its first {LIMITS.settings_values} values were searched for secrets"
            yield Skipped(kind="credential", subject=shown, reason=reason)
            return
        if isinstance(value, dict):
            pairs = list(islice(value.items(), left + 1))
            stack.extend((item, (keys, key), key, "") for key, item in reversed(pairs))
        elif isinstance(value, list):
            items = value[: left + 1]
            earlier = ["", *(item if isinstance(item, str) else "" for item in items[:-1])]
            numbered = list(enumerate(zip(items, earlier, strict=False)))  # an empty list has no first item
            stack.extend((item, (keys, str(at)), name, flag) for at, (item, flag) in reversed(numbered))
        elif isinstance(value, str):
            kind = _kind(name, value, before, auth_file=auth_file)
            if kind:
                yield Credential(kind=kind, location=f"{shown}: {_way(keys)}")


def in_text(text: str, *, shown: str, secret_lines: str | None = None) -> Iterator[Credential]:
    """Every secret in a shell start-up file, an .env, INI, netrc or credentials file, by line.

    `secret_lines` is the kind of a file in which each line is nothing but a secret.
    """
    for number, line in enumerate(text.splitlines(), start=1):
        assigned = _ASSIGNMENT.match(line)
        kind = kind_by_shape(line)
        if kind is None and assigned:
            value = _FIRST_WORD.match(assigned[2])
            kind = kind_of(assigned[1], "".join(value.groups("")) if value else "")
        if kind is None and _NETRC.search(line):
            kind = "password"
        if kind is None and secret_lines and line.strip():
            kind = secret_lines
        if kind:
            yield Credential(kind=kind, location=f"{shown}:{number}")


def in_text_file(
    path: Path, *, shown: str, secret_lines: str | None = None
) -> Iterator[Credential | Skipped]:
    """As `in_text`, for the file at `path`; none when there is none."""
    data = read_small(path, max_bytes=LIMITS.config_bytes)
    if isinstance(data, Skipped):
        yield data
    elif data is not None:
        yield from in_text(data.decode("utf-8", "replace"), shown=shown, secret_lines=secret_lines)


def _kind(name: str, value: str, before: str, *, auth_file: bool) -> str | None:
    """The kind of secret that a string is: under its key, behind a flag, or as `NAME=VALUE`."""
    flag = _FLAG.fullmatch(before)
    named = _NAMED.fullmatch(value)
    return (
        kind_of(name, value, auth_file=auth_file)
        or (kind_of(flag[1], value) if flag else None)
        or (kind_of(named[1], named[2]) if named else None)
    )


def _way(keys: _Keys) -> str:
    parts: list[str] = []
    while keys is not None and len(parts) < _KEYS_SHOWN:
        keys, key = keys
        parts.append(label(key))
    return ".".join(reversed(parts)) or "the whole file"
