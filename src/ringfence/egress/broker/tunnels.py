"""Connections through a company's proxy: asked for by CONNECT, within TLS where it wants that, or by SOCKS.

What is connected is a socket as any other, whoever uses it. Nothing but the host and port goes to the proxy,
and its login.

Source: RFC 9110, 9.3.6.
"""

import asyncio
import base64
import contextlib
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import field

from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.egress.broker.socks import ask_socks
from ringfence.egress.broker.unreached import NotReached
from ringfence.protocols.http import BadHttp, RequestHead
from ringfence.protocols.http1 import read_response_head

__all__ = ["Via", "forwarded", "joined", "shown_instead", "tunnelled", "unauthorised"]

_PIECE = 64 * 1024
_HTTP = 80
_LOGIN = "`credential` of `egress: {upstream}` names a login of the vault, of kind basic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Via:
    """A proxy on the way to a host."""

    host: str
    port: int
    context: ssl.SSLContext | None  # where TLS is spoken to it
    login: Callable[[], Awaitable[str | None]] = field(repr=False)  # the value of Proxy-Authorization
    keep: Callable[["asyncio.Task[None]"], None] = field(repr=False)
    is_socks: bool = False  # and is spoken to it, and no HTTP

    def __str__(self) -> str:
        return f"the proxy {self.host}:{self.port}"


async def joined(sock: socket.socket, via: Via) -> socket.socket:
    """A socket on which the proxy is spoken to, of one that is connected to it; that is owned from now on.

    Raises:
        NotReached: it does not speak TLS, or shows no good certificate.
    """
    if via.context is None:
        return sock
    try:
        reader, writer = await asyncio.open_connection(sock=sock, ssl=via.context, server_hostname=via.host)
    except ssl.SSLCertVerificationError as error:
        what = f"the certificate of {via} is not good: {error.verify_message}"
        raise NotReached(what, hint="`ca` of `egress: {upstream}` names its authority") from None
    except OSError:
        raise NotReached(f"no TLS with {via}", hint="http:// is for a proxy without TLS") from None
    here, there = socket.socketpair()
    via.keep(asyncio.create_task(_carried(here, reader, writer)))
    there.setblocking(False)
    return there


async def tunnelled(sock: socket.socket, host: str, port: int, via: Via) -> socket.socket:
    """The same socket, connected to the host by the proxy that it is connected to; it is owned from now on.

    Raises:
        NotReached: the proxy lets nobody through, or nobody without a login.
    """
    try:
        sock = await joined(sock, via)
        if via.is_socks:
            await ask_socks(sock, host, port, named=str(via), login=via.login)
        else:
            await _asked(sock, host, port, via)
    except BaseException:
        sock.close()
        raise
    return sock


def forwarded(head: RequestHead, host: str, port: int, login: str | None) -> RequestHead:
    """A plain request as a proxy takes it, to send it on: RFC 9112, 3.2.2."""
    where = f"[{host}]" if ":" in host else host
    at = where if port == _HTTP else f"{where}:{port}"
    headers = head.headers if login is None else head.headers.having("Proxy-Authorization", login)
    path = "" if head.target == "*" else head.target
    return head.changed(target=f"http://{at}{path}", headers=headers)


def shown_instead(login: str) -> dict[bytes, bytes]:
    """The secret in a value of Proxy-Authorization, and what answers show in its place."""
    return {base64.b64decode(login.removeprefix("Basic ")): b"(the proxy's login)"}


def unauthorised(via: Via) -> NotReached:
    """The proxy has answered 407."""
    return NotReached(f"{via} wants a login, or another one", hint=_LOGIN)


async def _asked(sock: socket.socket, host: str, port: int, via: Via) -> None:
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {where} HTTP/1.1", f"Host: {where}"]
    login = await via.login()
    if login is not None:
        lines.append(f"Proxy-Authorization: {login}")
    loop = asyncio.get_running_loop()
    try:
        await loop.sock_sendall(sock, "\r\n".join((*lines, "", "")).encode("ascii"))
        head = read_response_head(await _head(sock))
    except (OSError, BadHttp):
        raise NotReached(f"{via} answers nothing that is HTTP", hint="is it a proxy?") from None
    if head.status == 407:
        raise unauthorised(via)
    if head.status not in range(200, 300):
        what = f"{via} does not connect to {where}: it answers {head.status}"
        raise NotReached(
            what, hint="ask whoever runs it; many let port 443 alone pass", is_slow=head.status == 504
        )


async def _head(sock: socket.socket) -> bytes:
    """The answer's head, and no byte more: what follows is the host's, whoever speaks first there.

    Raises:
        OSError: there is none, or it has no end.
    """
    loop, data = asyncio.get_running_loop(), bytearray()
    while not data.endswith(b"\r\n\r\n"):
        piece = await loop.sock_recv(sock, 1)
        data += piece
        if not piece or len(data) > LIMITS.proxy_head_bytes:
            raise OSError
    return bytes(data)


async def _carried(here: socket.socket, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Between a socket that knows nothing of TLS and the proxy, until both have said all or one has gone."""
    plain_reader, plain_writer = await asyncio.open_connection(sock=here)
    both = (_passed(plain_reader, writer), _passed(reader, plain_writer))
    try:
        with contextlib.suppress(OSError):
            await asyncio.gather(*both)
    finally:
        writer.close()
        plain_writer.close()


async def _passed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(_PIECE):
        writer.write(data)
        await writer.drain()
    if not writer.can_write_eof():  # TLS: the end of one direction is the end
        writer.close()
        return
    writer.write_eof()
