"""What a client of PostgreSQL says before its start-up, byte for byte."""

import asyncio
import socket
import ssl
from datetime import UTC, datetime

from ringfence.core.limits import LIMITS
from ringfence.egress.authority import Leaves, make_authority
from ringfence.egress.proxy.postgresql_side import with_tls
from ringfence.egress.proxy.wires import Deadlines, StreamLost, wire_over

_TLS, _GSS = bytes.fromhex("0000000804d2162f"), bytes.fromhex("0000000804d21630")
_STARTUP = bytes.fromhex("0000000800030000") + b"more of it"


def _said(data: bytes) -> tuple[bytes, bytes | None]:
    """What the client reads at once, and what comes behind the encryption; None where it is broken off."""
    here, there = socket.socketpair()
    here.sendall(data)
    now = datetime.now(UTC)
    context: ssl.SSLContext = Leaves(make_authority("s1", now), now=lambda: now).context("db.example.com")

    async def act() -> bytes | None:
        wire = await wire_over(there, Deadlines())
        try:
            stream = await with_tls(wire, context)
            return await stream.read()
        except StreamLost:
            return None
        finally:
            wire.close()

    with here:
        read = asyncio.run(act())
        return here.recv(100), read


def test_a_client_that_wants_no_encryption_is_left_as_it_is() -> None:
    assert _said(_STARTUP) == (b"", _STARTUP[:8])


def test_encryption_by_gssapi_is_declined() -> None:
    assert _said(_GSS + _STARTUP) == (b"N", _STARTUP[:8])


def test_what_comes_in_the_open_behind_the_wish_for_tls_breaks_it_off() -> None:
    assert _said(_TLS + _STARTUP) == (b"", None)


def test_a_client_that_wants_nothing_but_gssapi_comes_to_an_end() -> None:
    assert _said(_GSS * 1000) == (b"N" * LIMITS.postgresql_messages, None)
