"""PostgreSQL's way into TLS, which a client asks for in the open before it says who it is.

It gets a certificate of the session's authority. Encryption by GSSAPI is declined, after which clients ask
for TLS. Source: PostgreSQL's manual, "Frontend/Backend Protocol", SSL session encryption.
"""

import ssl
import struct

from ringfence.core.limits import LIMITS
from ringfence.egress.injecting.postgresql_messages import GSS, TLS
from ringfence.egress.proxy.tls import as_server
from ringfence.egress.proxy.wires import Stream, StreamLost, Wire

__all__ = ["with_tls"]

_TLS, _GSS = (struct.pack("!II", 8, code) for code in (TLS, GSS))


async def with_tls(wire: Wire, context: ssl.SSLContext) -> Stream:
    """What the client's start-up comes on: within TLS if it asks for that, else the wire itself.

    Raises:
        StreamLost: it is gone, or does not trust the session's authority.
    """
    for _ in range(LIMITS.postgresql_messages):
        asked = await _beginning(wire)
        if asked == _TLS:
            if not wire.is_quiet:  # somebody else would have put that in, before TLS
                raise StreamLost
            await wire.write(b"S")
            return await as_server(wire, context)
        if asked != _GSS:
            wire.unread(asked)
            return wire
        await wire.write(b"N")
    raise StreamLost


async def _beginning(wire: Wire) -> bytes:
    """As many bytes as a request for encryption has; fewer at the end."""
    data = b""
    while len(data) < len(_TLS):
        more = await wire.read()
        if not more:
            break
        data += more
    wire.unread(data[len(_TLS) :])
    return data[: len(_TLS)]
