"""What a program speaks, by its first bytes, which stay where they are.

A hello with ECH is not told from one without, which is how ECH is refused (RFC 9849, 6.1.6): whoever is named
in the open gets the connection, with a certificate for that name, and clients that meant somebody else try
again without. Many send the extension with nothing in it.
"""

import asyncio
import re

from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.egress.proxy.patience import Patience
from ringfence.egress.proxy.wires import StreamLost, Wire
from ringfence.protocols.tls_hello import BadHello, read_hello

__all__ = ["Hello", "Http", "Http2", "Raw", "Sniffed", "Unreadable", "sniff"]

_HANDSHAKE = 0x16
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_LINE = re.compile(rb"[A-Z][A-Z0-9_-]{0,31} [^\r\n]* HTTP/1\.[01]\r?")
_LINE_BEGUN = re.compile(rb"[A-Z][A-Z0-9_-]{0,31}(?: [^\r\n]*\r?)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """TLS, for this name; None: for nobody by name."""

    name: str | None


@dataclass(frozen=True, slots=True)
class Http:
    """HTTP/1, without TLS."""


@dataclass(frozen=True, slots=True)
class Http2:
    """HTTP/2 without TLS, which is refused."""


@dataclass(frozen=True, slots=True)
class Raw:
    """Something else, or nothing: the program waits for the server to speak."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """TLS that is none."""

    what: str


Sniffed = Hello | Http | Http2 | Raw | Unreadable


async def sniff(wire: Wire, patience: Patience, *, may_wait: bool) -> Sniffed:
    """What it is. `may_wait`: silence means that the server speaks first there.

    Raises:
        StreamLost: the program is gone, or sent nothing.
    """
    wire.within(patience.head_s)
    try:
        async with asyncio.timeout(patience.silent_s if may_wait else None):
            data = await wire.read()
    except TimeoutError:
        return Raw()
    if not data:
        raise StreamLost
    while (found := _seen(data)) is None:
        more = await wire.read()
        if not more:
            found = Raw()
            break
        data += more
    wire.unread(data)
    return found


def _seen(data: bytes) -> Sniffed | None:
    """None where more of it is needed."""
    if data[0] == _HANDSHAKE:
        try:
            hello = read_hello(data)
        except BadHello as error:
            return Unreadable(what=str(error))
        return None if hello is None else Hello(name=hello.server_name)
    if data.startswith(_PREFACE[:18]):
        return Http2()
    line, end, _ = data.lstrip(b"\r\n").partition(b"\n")
    if end:
        return Http() if _LINE.fullmatch(line) else Raw()
    if len(line) > LIMITS.egress_first_line_bytes or not _LINE_BEGUN.fullmatch(line):
        return Http() if _LINE_BEGUN.fullmatch(line) else Raw()
    return None
