"""Requests' bodies and answers, on a connection that speaks HTTP/1.1."""

from contextlib import suppress

from ringfence.egress.messages import Manner, Refused
from ringfence.egress.proxy.patience import Patience
from ringfence.egress.proxy.refusing import written
from ringfence.egress.proxy.wires import NEVER, Stream, StreamLost
from ringfence.protocols.http import BadHttp, Headers, RequestHead, ResponseHead
from ringfence.protocols.http1 import (
    LAST_CHUNK,
    BodyReader,
    asks_for_trailers,
    chunk,
    end_to_end,
    last_chunk,
    write_head,
)

__all__ = ["Http1Answer", "Http1Body", "see_off"]

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Http1Body:
    """A body that comes behind its head; what comes behind it goes back to the stream."""

    def __init__(self, stream: Stream, reader: BodyReader, patience: Patience, *, waits: bool) -> None:
        self._stream, self._reader, self._patience = stream, reader, patience
        self._waits = waits and not reader.is_done  # the program waits to be told to go on

    @property
    def is_done(self) -> bool:
        """Nothing more comes."""
        return self._reader.is_done

    @property
    def is_waited_for(self) -> bool:
        """The program sends none of it before it is told to, and it was not."""
        return self._waits

    async def read(self) -> bytes:
        """The next bytes; none at the end.

        Raises:
            BadHttp: it is no body, or cut short.
            StreamLost: the program is gone.
        """
        if self._waits:
            self._waits = False
            await self._stream.write(_CONTINUE)
        reader, wire = self._reader, self._stream.wire
        while not reader.is_done:
            wire.within(self._patience.body_s)
            data = await self._stream.read()
            wire.deadline = NEVER
            if not data:
                reader.finish()
            data = reader.feed(data)
            if reader.is_done:
                self._stream.unread(reader.rest)
            if data:
                return data
        return b""


class Http1Answer:
    """One answer. `keeps`: another request may follow it."""

    def __init__(self, stream: Stream, request: RequestHead | None, body: Http1Body | None = None) -> None:
        self._stream, self._request, self._body = stream, request, body
        self._is_chunked = False
        self.has_begun = False
        self.is_broken = False
        self.keeps = request is not None and _keeps(request)

    async def begin(self, head: ResponseHead, length: int | None, first: bytes, *, has_body: bool) -> None:
        """The head, and what of the body is there already."""
        assert self._request is not None
        headers = head.headers
        if has_body:
            headers = self._framed(headers, length)
        elif head.status == 204:
            headers = headers.without("content-length")
        data = self._head(ResponseHead(status=head.status, reason=head.reason, headers=headers))
        self.has_begun = True
        await self._stream.write(data + (chunk(first) if self._is_chunked else first))

    async def send(self, data: bytes) -> None:
        """More of the body."""
        await self._stream.write(chunk(data) if self._is_chunked else data)

    async def finish(self, trailers: Headers) -> None:
        """The body is whole; trailers go to programs that say that they read them."""
        if not self._is_chunked:
            return
        end = LAST_CHUNK
        if self._request is not None and asks_for_trailers(self._request.headers):
            with suppress(BadHttp):  # what cannot be written is dropped, as the body is whole
                end = last_chunk(trailers)
        await self._stream.write(end)

    async def refuse(self, refused: Refused) -> None:
        """In its manner."""
        if refused.manner is Manner.FAILURE:
            self.break_off()
            return
        head, body = written(refused, self._request)
        if head.status != 204:
            head = ResponseHead(
                status=head.status,
                reason=head.reason,
                headers=head.headers.having("Content-Length", str(len(body))),
            )
        if self._request is not None and self._request.method == "HEAD":
            body = b""
        self.has_begun = True
        await self._stream.write(self._head(head) + body)

    async def switch(self, head: ResponseHead) -> Stream:
        """Sends a 101; what is said then is the stream's."""
        self.has_begun, self.keeps = True, False
        headers = (
            end_to_end(head.headers)
            .without("content-length")
            .having("Upgrade", "websocket")
            .having("Connection", "Upgrade")
        )
        await self._stream.write(write_head(ResponseHead(status=101, reason=head.reason, headers=headers)))
        return self._stream

    def break_off(self) -> None:
        """Ends it so that nobody takes it for whole."""
        self.is_broken, self.keeps = True, False
        self._stream.wire.abort()

    def _framed(self, headers: Headers, length: int | None) -> Headers:
        assert self._request is not None
        if length is not None:
            return headers.having("Content-Length", str(length))
        headers = headers.without("content-length")
        if self._request.version == "1.0":
            self.keeps = False
            return headers
        self._is_chunked = True
        return headers.having("Transfer-Encoding", "chunked")

    def _head(self, head: ResponseHead) -> bytes:
        if self._body is not None and not self._body.is_done:
            self.keeps = False  # nobody knows whether the rest of it is still read
        if not self.keeps:
            headers = head.headers.having("Connection", "close")
            head = ResponseHead(status=head.status, reason=head.reason, headers=headers)
        elif self._request is not None and self._request.version == "1.0":
            headers = head.headers.having("Connection", "keep-alive")
            head = ResponseHead(status=head.status, reason=head.reason, headers=headers)
        return write_head(head)


async def see_off(stream: Stream, patience: Patience, *, most_bytes: int) -> None:
    """Ends a connection whose program may still send: what it was told must not be lost by that.

    Closing with bytes unread would reset the connection, and with it what was not read yet at the other end.
    """
    await stream.end()
    stream.wire.within(min(patience.head_s, 5.0))
    try:
        while most_bytes > 0 and (data := await stream.read()):
            most_bytes -= len(data)
    except StreamLost:
        return
    stream.close()


def _keeps(request: RequestHead) -> bool:
    said = request.headers.listed("connection")
    return "close" not in said and (request.version != "1.0" or "keep-alive" in said)
