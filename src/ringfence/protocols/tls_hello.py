"""What a TLS client says before anything is encrypted: whom it wants, which protocols it speaks.

Only the first message is read, from as many records as it is spread over. Sources: RFC 8446 (4.1.2, 5.1),
RFC 6066 (3), RFC 7301 (3.1), RFC 9849 (encrypted ClientHello).
"""

import struct

from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.protocols.http import BadHttp
from ringfence.protocols.targets import authority

__all__ = ["BadHello", "Hello", "read_hello"]

_HANDSHAKE, _CLIENT_HELLO, _HOST_NAME = 22, 1, 0
_SERVER_NAME, _ALPN = 0, 16
# The encrypted hello, its drafts, and the encrypted name that was before it.
_ECH = frozenset({0xFE0D, 0xFF02, 0xFF03, 0xFF04, *range(0xFE08, 0xFE0D), 0xFFCE})
_RECORD_BYTES = 1 << 14
_FIXED_BYTES = 2 + 32  # version and random
_EXTENSION = struct.Struct("!HH")  # kind and length


class BadHello(Exception):
    """These bytes do not begin TLS, or not in a way that all read alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """How TLS begins."""

    server_name: str | None  # canonical
    alpn: tuple[str, ...]  # in the client's order; as ISO-8859-1
    has_ech: bool  # says, or pretends to say, whom it wants under encryption


def _short() -> BadHello:
    return BadHello("a part is longer than the whole")


class _Bytes:
    """A message that is read from its beginning to its end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def take(self, count: int) -> bytes:
        taken = self._data[self._at : self._at + count]
        if len(taken) < count:
            raise _short()
        self._at += count
        return taken

    def number(self, size_bytes: int) -> int:
        return int.from_bytes(self.take(size_bytes))

    def vector(self, size_bytes: int) -> "_Bytes":
        """A part with its length, told in so many bytes, before it."""
        return _Bytes(self.take(self.number(size_bytes)))

    def rest(self) -> bytes:
        return self.take(len(self._data) - self._at)


def read_hello(data: bytes) -> Hello | None:
    """The ClientHello that `data` begins with; None: it goes on.

    Raises:
        BadHello: it is none, is longer than `tls_hello_bytes`, or names its host in a way that is no name.
    """
    message = _message(data)
    if message is None:
        return None
    hello = _Bytes(message)
    hello.take(_FIXED_BYTES)
    hello.vector(1)  # session
    hello.vector(2)  # ciphers
    hello.vector(1)  # compressions
    extensions = _extensions(hello.vector(2).rest()) if hello else {}
    if hello:
        raise BadHello("a hello with bytes behind its end")
    return Hello(
        server_name=_server_name(_Bytes(extensions[_SERVER_NAME])) if _SERVER_NAME in extensions else None,
        alpn=_alpn(_Bytes(extensions[_ALPN])) if _ALPN in extensions else (),
        has_ech=not _ECH.isdisjoint(extensions),
    )


def _message(data: bytes) -> bytes | None:
    """The ClientHello without its head, out of its records; None: it goes on."""
    message, at = b"", 0
    for _ in range(LIMITS.tls_hello_records):
        head = data[at : at + 5]
        if (head[:1] and head[0] != _HANDSHAKE) or (head[1:2] and head[1] != 3):
            raise BadHello("this is no handshake of TLS")
        if len(head) < 5:
            return None
        size = int.from_bytes(head[3:])
        if not 0 < size <= _RECORD_BYTES:
            raise BadHello("a record of no or too many bytes")
        message += data[at + 5 : at + 5 + size]
        at += 5 + size
        wanted = _length(message) if len(message) >= 4 else None
        if len(data) < at:
            return None
        if wanted is not None and len(message) > wanted:
            raise BadHello("a record with more than the hello")
        if len(message) == wanted:
            return message[4:]
    raise BadHello(f"a hello in more than {LIMITS.tls_hello_records} records")


def _length(start: bytes) -> int:
    if start[0] != _CLIENT_HELLO:
        raise BadHello("a handshake that begins otherwise")
    wanted = 4 + int.from_bytes(start[1:4])
    if wanted > LIMITS.tls_hello_bytes:
        raise BadHello(f"a hello is longer than {LIMITS.tls_hello_bytes} bytes")
    return wanted


def _extensions(data: bytes) -> dict[int, bytes]:
    """Each with its bytes; there are some fifteen."""
    found: dict[int, bytes] = {}
    at, end = 0, len(data)
    while at < end:
        if end - at < _EXTENSION.size:
            raise _short()
        kind, size = _EXTENSION.unpack_from(data, at)
        at += _EXTENSION.size + size
        if at > end:
            raise _short()
        if kind in found:
            raise BadHello("an extension that comes twice")
        found[kind] = data[at - size : at]
    return found


def _server_name(extension: _Bytes) -> str:
    names = extension.vector(2)
    kind, name = names.number(1), names.vector(2).rest()
    if kind != _HOST_NAME or names or extension:
        raise BadHello("several names of the server, or none")
    try:
        host, port = authority(name.decode("ascii"))
    except (UnicodeDecodeError, BadHttp):
        raise BadHello("the server's name is none") from None
    if port is not None or ":" in host:
        raise BadHello("the server's name is none")
    return host


def _alpn(extension: _Bytes) -> tuple[str, ...]:
    names, found = extension.vector(2), []
    while names:
        found.append(names.vector(1).rest().decode("latin-1"))
    if extension or not all(found):
        raise BadHello("a protocol without a name")
    return tuple(found)
