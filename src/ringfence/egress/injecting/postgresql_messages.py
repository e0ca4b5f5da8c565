"""Messages of PostgreSQL's protocol 3, up to the end of authentication: read, and written. Pure.

A message is one byte of type, four of length (themselves counted), and its body; the first one of a client
has no type. Source: PostgreSQL's manual, "Frontend/Backend Protocol", message formats.
"""

import hashlib
import struct

from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS

__all__ = [
    "CANCEL",
    "GSS",
    "TLS",
    "BadPostgresql",
    "Startup",
    "error_of",
    "hashed_md5",
    "message",
    "read_startup",
    "refusal",
    "text_of",
    "written_startup",
]

CANCEL, TLS, GSS = 80_877_102, 80_877_103, 80_877_104
"""Codes that stand where a start-up has its version."""

_MAJOR = 3


class BadPostgresql(Exception):
    """Not what either end says then. The text says what is wrong, without its content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Startup:
    """How a client begins."""

    version: int
    parameters: tuple[tuple[str, str], ...]

    def said(self, name: str) -> str:
        """A parameter; empty where there is none."""
        return dict(self.parameters).get(name, "")


def message(kind: bytes, body: bytes) -> bytes:
    """One message."""
    return kind + struct.pack("!I", len(body) + 4) + body


def read_startup(code: int, body: bytes) -> Startup:
    """A start-up's parameters; `body` is what stands behind the version.

    Raises:
        BadPostgresql: it is none.
    """
    if code >> 16 != _MAJOR:
        raise BadPostgresql("this is not version 3 of the protocol")
    if not body.endswith(b"\0"):
        raise BadPostgresql("the start-up has no end")
    parts = body[:-1].split(b"\0")
    if parts.pop() != b"" or len(parts) % 2:
        raise BadPostgresql("the start-up's parameters are no pairs")
    try:
        texts = [each.decode() for each in parts]
    except UnicodeDecodeError:
        raise BadPostgresql("the start-up is not UTF-8") from None
    names = texts[::2]
    if len(set(names)) != len(names) or "" in names:
        raise BadPostgresql("a parameter of the start-up stands there twice")
    return Startup(version=code, parameters=tuple(zip(names, texts[1::2], strict=True)))


def written_startup(startup: Startup) -> bytes:
    """The start-up as it is sent."""
    pairs = b"".join(f"{name}\0{value}\0".encode() for name, value in startup.parameters)
    return message(b"", struct.pack("!I", startup.version) + pairs + b"\0")


def text_of(body: bytes) -> str:
    """The one text that a message consists of.

    Raises:
        BadPostgresql: it does not.
    """
    text, end, rest = body.partition(b"\0")
    if not end or rest:
        raise BadPostgresql("a message is not one text")
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise BadPostgresql("a text is not UTF-8") from None


def refusal(what: str, hint: str, *, code: str = "28000") -> bytes:
    """An error that ends the connection; the default code: not authorized."""
    fields = (("S", "FATAL"), ("V", "FATAL"), ("C", code), ("M", what), ("H", hint))
    return message(b"E", b"".join(f"{key}{text}".encode() + b"\0" for key, text in fields) + b"\0")


def error_of(body: bytes) -> str:
    """The five characters of a server's error; others where it says none."""
    for each in body[: LIMITS.postgresql_message_bytes].split(b"\0"):
        if each[:1] == b"C" and len(each) == 6 and each.isalnum():
            return each[1:].decode("ascii", "replace")
    return "XX000"


def hashed_md5(user: str, password: bytes, salt: bytes) -> bytes:
    """A password as servers with `md5` want it."""
    inner = hashlib.md5(password + user.encode(), usedforsecurity=False).hexdigest()
    return b"md5" + hashlib.md5(inner.encode() + salt, usedforsecurity=False).hexdigest().encode()
