"""Addresses with a text of theirs put in another's place. Their escapes are read as servers read them.

Source: RFC 3986; the form encoding of the URL standard for queries.
"""

from collections.abc import Iterator
from urllib.parse import quote, unquote, unquote_plus

__all__ = [
    "decoded_path",
    "parameters",
    "path_text",
    "with_parameters",
    "with_path_text",
    "without_parameters",
]

_PATH_SAFE = "-._~!$&'()*+,;=:@"


def decoded_path(path: str) -> str:
    """The path with its escapes read once."""
    return unquote(path, "latin-1")


def parameters(query: str) -> Iterator[tuple[str, str]]:
    """Names and values, decoded, in their order; empty members are left out."""
    for member in query.split("&") if query else ():
        if member:
            name, _, value = member.partition("=")
            yield unquote_plus(name), unquote_plus(value)


def path_text(text: str) -> str:
    """The text as a part of a path: what means something there is escaped, and nothing else."""
    return quote(text, _PATH_SAFE)


def with_path_text(target: str, before: str, text: str, made: str) -> str:
    """The target with `made` where its path has `text`, right behind `before`."""
    path, mark, query = target.partition("?")
    after = decoded_path(path)[len(before + text) :]
    raw = path[len(path) - _raw_length(path, after) :]
    return quote(before, _PATH_SAFE + "/") + path_text(made) + raw + mark + query


def with_parameters(target: str, name: str, text: str, made: str) -> str:
    """The target with `made` for each parameter of that name whose value is `text`."""
    path, mark, query = target.partition("?")
    members = []
    for member in query.split("&"):
        key, _, value = member.partition("=")
        is_it = unquote_plus(key) == name and unquote_plus(value) == text
        members.append(f"{key}={quote(made, '-._~')}" if is_it else member)
    return path + mark + "&".join(members)


def without_parameters(target: str, dropped: frozenset[str]) -> str:
    """The target without parameters of these names, in lower case."""
    path, _, query = target.partition("?")
    kept = [
        each
        for each in query.split("&")
        if each and unquote_plus(each.partition("=")[0]).lower() not in dropped
    ]
    return f"{path}?{'&'.join(kept)}" if kept else path


def _raw_length(path: str, after: str) -> int:
    """How many characters at the end of `path` are written for `after`."""
    at, left = 0, len(decoded_path(path)) - len(after)
    while left:
        at += 3 if path[at] == "%" and decoded_path(path[at : at + 3]) != path[at : at + 3] else 1
        left -= 1
    return len(path) - at
