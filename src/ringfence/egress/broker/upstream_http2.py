"""A connection of HTTP/2 to a host, which gRPC needs: it takes a request as HTTP/1.1 has it.

The request is written once, as HTTP/1.1, whatever its host speaks; here it becomes frames. A task reads all
the time, as a host must be heard while it is sent to. What it has read is bounded by what the host may send
before it is taken.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress

from ringfence.egress.broker.dialing import NotReached, Way
from ringfence.egress.broker.upstream import BrokenOff, Trust, Upstream, connected
from ringfence.protocols.http import BadHttp, Headers, ResponseHead
from ringfence.protocols.http1 import (
    BodyReader,
    head_end,
    read_request_head,
    request_body,
    response_body,
    trailers_passed_on,
)
from ringfence.protocols.http2 import Http2Client

__all__ = ["Http2Upstream", "opened_http2"]

_READ_BYTES = 64 * 1024


async def opened_http2(sock: socket.socket, way: Way, *, trust: Trust) -> "Http2Upstream":
    """A connection over a connected socket, which it owns.

    Raises:
        BadCertificate, NotReached: see `connected`; or the host does not speak HTTP/2.
    """
    context = trust.context(way.ca_pem, "h2", with_system=way.with_system) if way.tls else None
    reader, writer = await connected(sock, way, context)
    tls: ssl.SSLObject | None = writer.get_extra_info("ssl_object")
    if tls is not None and tls.selected_alpn_protocol() != "h2":
        writer.close()
        what = f"{way.host}:{way.port} does not speak HTTP/2, which gRPC needs"
        raise NotReached(what, hint="is it a server of gRPC?")
    return Http2Upstream(reader, writer, is_secure=way.tls)


class Http2Upstream(Upstream):
    """One connection, for one exchange at a time."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_secure: bool
    ) -> None:
        super().__init__(reader, writer)
        self._http2, self._is_secure = Http2Client(), is_secure
        self._sent: BodyReader | None = None  # of the request that is being sent
        self._lost: BrokenOff | None = None
        self._news = asyncio.Event()
        self._flush()
        self._pumping = asyncio.create_task(self._pump())

    async def send(self, data: bytes) -> None:
        """Sends a piece of the request, its head first.

        Raises:
            BrokenOff: nobody takes it.
        """
        if self._sent is None:
            end = head_end(data)
            assert end is not None  # a head is written at once
            head = read_request_head(data[:end])
            self._sent, data = BodyReader(*request_body(head)), data[end:]
            self._http2.begin(head, is_secure=self._is_secure)
        body = self._sent.feed(data)
        while body:
            await self._until(lambda: self._http2.room() > 0 or self._http2.has_ended)
            room = self._http2.room()
            if not room:
                return  # it has answered without the rest
            self._http2.send(body[:room])
            body = body[room:]
            await self._drained()
        if self._sent.is_done:
            self._http2.end()
        await self._drained()

    async def head(self, method: str) -> tuple[ResponseHead, int | None]:
        """The response's head, and its body's length where that is told.

        Raises:
            BrokenOff: there is none.
        """
        await self._until(lambda: self._http2.head is not None)
        head = self._http2.head
        assert head is not None
        try:
            _, length = response_body(head, method=method)
        except BadHttp as error:
            raise BrokenOff(f"the host's answer is malformed: {error}") from None
        return head, 0 if self._http2.has_ended and not self._http2.has_pieces else length

    async def read(self) -> bytes:
        """More of the body; nothing at its end.

        Raises:
            BrokenOff: it is not whole.
        """
        await self._until(lambda: self._http2.has_pieces or self._http2.has_ended)
        data = self._http2.taken()
        self._flush()
        if not data:
            self._sent = None
        return data

    @property
    def trailers(self) -> Headers:
        """What came behind the body.

        Raises:
            BadHttp: they are none that can be passed on.
        """
        return trailers_passed_on(self._http2.trailers)

    @property
    def may_stay(self) -> bool:
        """Whether another request may be sent here."""
        return self._http2.is_done and not self.is_stale

    @property
    def is_stale(self) -> bool:
        """Whether the host takes no more requests here."""
        return self._lost is not None or self._http2.is_over or self.writer.is_closing()

    def close(self) -> None:
        """Ends it."""
        self._pumping.cancel()
        super().close()

    async def _pump(self) -> None:
        lost = "the host closed the connection"
        try:
            while data := await self.reader.read(_READ_BYTES):
                self._http2.feed(data)
                self._flush()
                self._news.set()
        except BadHttp as error:
            lost = f"the host's answer is malformed: {error}"
        except OSError:
            lost = "the host cut the connection"
        finally:  # nobody waits for what never comes
            self._lost = BrokenOff(lost)
            self._news.set()

    async def _until(self, there: Callable[[], bool]) -> None:
        while not there():
            if self._lost is not None:
                raise self._lost
            self._news.clear()
            await self._news.wait()

    async def _drained(self) -> None:
        self._flush()
        try:
            await self.writer.drain()
        except OSError:
            raise BrokenOff("the host closed the connection") from None

    def _flush(self) -> None:
        with suppress(OSError):  # the task that reads says so
            self.writer.write(self._http2.outgoing())
