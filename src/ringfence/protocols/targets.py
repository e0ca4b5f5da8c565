"""What a request asks for, in the one spelling that is compared, recorded and sent on.

Normalised is what every server takes for the same: escapes that need none, the case of hexadecimal digits,
plain dot segments, letters of hosts. Refused is what servers take differently: dot segments and controls in
escapes, escapes of escapes, empty segments, backslashes, fragments, addresses in other than their usual
spelling. Sources: RFC 3986 (2.3, 5.2.4, 6.2), RFC 5952, the URL standard.
"""

import ipaddress
import re
from functools import lru_cache
from urllib.parse import unquote_plus, unquote_to_bytes

from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.protocols.http import BadHttp

__all__ = ["DEFAULT_PORTS", "Target", "absolute_target", "authority", "canonical_target"]

DEFAULT_PORTS = {"http": 80, "https": 443}

_HOST_CHARS = 253
_KNOWN_AUTHORITIES = 1024
_KEPT_TARGETS, _KEPT_CHARS = 64, 1_024
_HOST = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_PORT = re.compile(r"[1-9][0-9]{0,4}")
_ABSOLUTE = re.compile(r"(https?)://([^/?#\\@]+)([/?].*)?", re.IGNORECASE)
# A path of these that has no dot segment and no empty one is canonical as it stands.
_PLAIN = re.compile(r"[A-Za-z0-9/._~!$&'()*+,=:@-]+")
_DOTS = frozenset({".", ".."})
_BAD_CHARACTER = re.compile(r"[\x00-\x20\x7f\\#]")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_ESCAPED_DOTS = re.compile(r"/(?:%2e(?:\.|%2e)?|\.%2e)(?=/|$)", re.IGNORECASE)
_CONTROL = re.compile(r"%(?:[01][0-9A-F]|7F)")
_TWICE = re.compile(r"%25(?:2[EF]|5C)", re.IGNORECASE)
_SLASH = re.compile(r"%2F|%5C")
# Written as they are: the unreserved ones, and those that no server tells from their escapes.
_NEEDS_NO_ESCAPE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$'()*,:@")
_NEEDS_ESCAPE = re.compile(r'["<>\[\]^`{|}\x80-\xff]')
_NEEDS_ESCAPE_IN_QUERY = re.compile(r'["<>\x80-\xff]')


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is asked for on a host."""

    path: str  # begins with a slash; `*` for OPTIONS of all
    query_text: str | None  # as it is sent; None where there is no `?`
    query: tuple[tuple[str, str], ...]  # as forms are decoded; bytes that are no UTF-8 as surrogates

    def __str__(self) -> str:
        return self.path if self.query_text is None else f"{self.path}?{self.query_text}"


def canonical_target(target: str) -> Target:
    """The target, given in origin form or `*`.

    Raises:
        BadHttp: servers could take it for different things.
    """
    return _kept_target(target) if len(target) <= _KEPT_CHARS else _canonical(target)


def _canonical(target: str) -> Target:
    if len(target) > LIMITS.http_target_chars:
        raise BadHttp(f"a target is longer than {LIMITS.http_target_chars} characters")
    path, mark, query = target.partition("?")
    if path == "*" and not mark:
        return Target(path="*", query_text=None, query=())
    if path[:1] != "/":
        raise BadHttp("a target that is no path")
    if not _PLAIN.fullmatch(path) or "/." in path:
        path = _path(path)
    if "//" in path:
        raise BadHttp("a path with an empty part")
    if not mark:
        return Target(path=path, query_text=None, query=())
    query = _query(query)
    return Target(path=path, query_text=query, query=_values(query))


_kept_target = lru_cache(maxsize=_KEPT_TARGETS)(_canonical)  # each request's is looked at several times


def absolute_target(text: str) -> tuple[str, str, int, str]:
    """Scheme, canonical host, port and target in origin form (not canonical yet) of an absolute target.

    Raises:
        BadHttp: it is none of http or https, or names a user.
    """
    parts = _ABSOLUTE.fullmatch(text)
    if parts is None:
        raise BadHttp("a target that is neither a path nor an address of http")
    scheme = parts[1].lower()
    host, port = authority(parts[2])
    rest = parts[3] or "/"
    return scheme, host, port or DEFAULT_PORTS[scheme], rest if rest[0] == "/" else f"/{rest}"


@lru_cache(maxsize=_KNOWN_AUTHORITIES)
def authority(text: str) -> tuple[str, int | None]:
    """The host, as policies compare it, and the port where one is named. An IPv6 address has no brackets.

    Raises:
        BadHttp: it is none, or an address in a spelling that not all take for the same.
    """
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        port, colon = rest.removeprefix(":"), rest[:1]
        if not bracket or (rest and colon != ":"):
            raise BadHttp("a host is no address")
        return _ipv6(host), _port(port) if colon else None
    host, colon, port = text.partition(":")
    return _name(host), _port(port) if colon else None


def _port(text: str) -> int:
    if not _PORT.fullmatch(text) or int(text) > 65535:
        raise BadHttp("a port is none")
    return int(text)


def _name(text: str) -> str:
    host = text.lower().removesuffix(".")
    if not text.isascii() or len(host) > _HOST_CHARS or not _HOST.fullmatch(host):
        raise BadHttp("a host is no name")
    if _NUMBER.fullmatch(host.rpartition(".")[2]):
        try:
            ipaddress.IPv4Address(host)
        except ValueError:
            raise BadHttp("a host is an address in an unusual spelling") from None
    return host


def _ipv6(text: str) -> str:
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        raise BadHttp("a host is no address") from None
    if address.scope_id or address.ipv4_mapped:
        raise BadHttp("a host is an address in an unusual spelling")
    return str(address)


def _path(path: str) -> str:
    if _BAD_CHARACTER.search(path):
        raise BadHttp("a path with a character that paths do not have")
    if "//" in path:  # a step upwards out of an empty part leads to different places
        raise BadHttp("a path with an empty part")
    if "%" in path:
        _check_escapes(path)
    path = _ESCAPE.sub(_in_one_case, _NEEDS_ESCAPE.sub(_escaped, path))
    if "%" in path:
        _check_meaning(path)
    path = _without_dots(path)
    if any(each.partition(";")[0] in _DOTS for each in _SLASH.sub("/", path).split("/")):
        raise BadHttp("a path with dots that some take for a step upwards")
    return path


def _check_escapes(path: str) -> None:
    if _BAD_ESCAPE.search(path):
        raise BadHttp("a path with an escape that is none")
    if _ESCAPED_DOTS.search(path):
        raise BadHttp("a path with dots in escapes")


def _check_meaning(path: str) -> None:
    if _CONTROL.search(path):
        raise BadHttp("a path with an escaped control character")
    if _TWICE.search(path):
        raise BadHttp("a path that is escaped twice")
    try:
        unquote_to_bytes(path).decode()
    except UnicodeDecodeError:
        raise BadHttp("a path with escapes that are no UTF-8") from None


def _without_dots(path: str) -> str:
    """The path with steps taken (RFC 3986, 5.2.4); steps above its beginning lead nowhere."""
    parts = path.split("/")[1:]
    if _DOTS.isdisjoint(parts):
        return path
    kept: list[str] = []
    for part in parts:
        if part == "..":
            del kept[-1:]
        elif part != ".":
            kept.append(part)
    if parts[-1] in _DOTS:
        kept.append("")
    return "/" + "/".join(kept)


def _in_one_case(escape: re.Match[str]) -> str:
    character = chr(int(escape[1], 16))
    return character if character in _NEEDS_NO_ESCAPE else escape[0].upper()


def _escaped(character: re.Match[str]) -> str:
    return f"%{ord(character[0]):02X}"


def _query(text: str) -> str:
    if _BAD_CHARACTER.search(text):
        raise BadHttp("a query with a character that queries do not have")
    if "%" in text and _BAD_ESCAPE.search(text):
        raise BadHttp("a query with an escape that is none")
    return _NEEDS_ESCAPE_IN_QUERY.sub(_escaped, text)


def _values(query: str) -> tuple[tuple[str, str], ...]:
    if query.count("&") >= LIMITS.http_query_values:
        raise BadHttp(f"more than {LIMITS.http_query_values} values in a query")
    values = (each.partition("=") for each in query.split("&") if each)
    return tuple((_decoded(name), _decoded(value)) for name, _, value in values)


def _decoded(text: str) -> str:
    return unquote_plus(text, errors="surrogateescape") if "%" in text or "+" in text else text
