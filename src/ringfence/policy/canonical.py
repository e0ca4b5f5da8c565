"""Values in the one form that patterns compare: what leads elsewhere than it says is None, so it is unknown.

A path or name with `..` in it, an address in another spelling, a request whose path a server decodes again
would fit an allowance, or miss a denial, for what it is not. Whoever makes actions writes them canonically;
this is for what was not.

Sources: RFC 3986, 6.2 (escapes that stand for nothing special, dot segments), RFC 5952 (IPv6 as text), the
URL standard's host parser (a last label that is a number makes an IPv4 address; other digits and dots than
ASCII's are mapped to them).
"""

import ipaddress
import re
from collections.abc import Callable
from functools import lru_cache

from ringfence.core.actions import FieldKind
from ringfence.core.limits import LIMITS
from ringfence.core.patterns import pattern
from ringfence.policy.globs import folded

__all__ = ["canonical"]

_KNOWN = 4096
_DOTS = frozenset({".", ".."})
_ENDS_EMPTY = frozenset({"", "/"})  # last characters of paths whose last part is empty
_NO_PARTS = frozenset({"", ".", ".."})
_HOST = pattern(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
_NUMBER = pattern(r"[0-9]+|0[xX][0-9A-Fa-f]*")
# Escapes that are none, of controls, of what need no escape, and of a `%` that would make another one.
_ODD_ESCAPE = pattern(
    r"%(?:(?![0-9a-f]{2})|[01]|7f|2[de]|3[0-9]|4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9ae]|25(?:2[ef]|5c))",
    re.IGNORECASE,
)
_SLASH = pattern(r"%2f|%5c", re.IGNORECASE)


def canonical(name: str, kind: FieldKind) -> Callable[[str], str | None] | None:
    """What gives a field's value back if it is canonical, else None; None where every value is.

    A host comes back as patterns compare it, folded, so that this is done once for each.
    """
    if kind is FieldKind.HOST:
        return _host
    if kind is FieldKind.PATH:
        return _file
    if kind is FieldKind.NAME:
        return _request if name == "path" else _name
    return None


@lru_cache(maxsize=_KNOWN)
def _host(host: str) -> str | None:
    if len(host) > LIMITS.name_chars:
        return None
    text = host.removesuffix(".")
    try:
        if ":" in text:
            address = ipaddress.IPv6Address(text)
            plain = str(address) == text.lower() and address.ipv4_mapped is None and not address.scope_id
            return folded(host, FieldKind.HOST) if plain else None
        if not _HOST.fullmatch(text):
            return None
        if _NUMBER.fullmatch(text.rpartition(".")[2]):
            ipaddress.IPv4Address(text)
    except ValueError:
        return None
    return folded(host, FieldKind.HOST)


def _file(path: str) -> str | None:
    if _is_plain(path) and "//" not in path and path[-1:] not in _ENDS_EMPTY:
        return path
    if path == "/" or _NO_PARTS.isdisjoint(path.removeprefix("/").split("/")):
        return path
    return None


def _name(name: str) -> str | None:
    return name if _is_plain(name) or _DOTS.isdisjoint(name.split("/")) else None


def _request(path: str) -> str | None:
    """A request's path. An escaped slash is part of a name, unless it hides where a name ends."""
    if not path.isascii() or not path.isprintable() or "\\" in path or "//" in path:
        return None
    if "%" in path:
        if _ODD_ESCAPE.search(path):
            return None
        path_decoded = _SLASH.sub("/", path)
    elif _is_plain(path):
        return path
    else:
        path_decoded = path
    parts = path_decoded.split("/")
    return path if _DOTS.isdisjoint(each.partition(";")[0] for each in parts) else None


def _is_plain(path: str) -> bool:
    """Whether no part begins with a dot, found out without taking the path apart, as for nearly all."""
    return "/." not in path and path[:1] != "."
