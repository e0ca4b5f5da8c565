"""Requests' bodies and answers, on a connection that speaks HTTP/2."""

import asyncio
from collections import deque

from ringfence.egress.messages import Manner, Refused
from ringfence.egress.proxy.patience import Patience
from ringfence.egress.proxy.refusing import written
from ringfence.egress.proxy.wires import Stream, StreamLost
from ringfence.protocols.http import BadHttp, Headers, RequestHead, ResponseHead
from ringfence.protocols.http2 import Http2Server

__all__ = ["Http2Answer", "Http2Body", "Http2Writer"]

_NONE = Headers()


class Http2Writer:
    """What all streams of a connection send by: whole frames, in the order in which they were made."""

    def __init__(self, server: Http2Server, stream: Stream) -> None:
        self.server = server
        self._stream = stream
        self._turn = asyncio.Lock()
        self._waiting: list[asyncio.Future[None]] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def flush(self) -> None:
        """Sends what there is.

        Raises:
            StreamLost: nobody is there.
        """
        async with self._turn:
            data = self.server.outgoing()
            if data:
                await self._stream.write(data)

    def flush_soon(self) -> None:
        """The same, later."""
        task = asyncio.get_running_loop().create_task(self._flushed())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def grew(self) -> None:
        """There may be room for who waits."""
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            if not each.done():
                each.set_result(None)

    async def room(self, stream: int) -> int:
        """How much may be sent, once that is anything."""
        while (room := self.server.room(stream)) == 0:
            grown: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(grown)
            await grown
        return room

    async def _flushed(self) -> None:
        try:
            await self.flush()
        except StreamLost:
            return


class Http2Body:
    """A request's body. What was not read yet is bounded by what the program may send before that."""

    def __init__(self, writer: Http2Writer, stream: int, patience: Patience, *, is_whole: bool) -> None:
        self._writer, self._stream, self._patience = writer, stream, patience
        self._pieces: deque[tuple[bytes, int]] = deque()
        self._has_ended = is_whole
        self._reader: asyncio.Future[None] | None = None

    @property
    def is_done(self) -> bool:
        """Nothing more comes."""
        return self._has_ended and not self._pieces

    def came(self, data: bytes, credit: int) -> None:
        """A piece, and what it cost of what the program may send."""
        self._pieces.append((data, credit))
        self._wake()

    def ended(self) -> None:
        """That was the last one."""
        self._has_ended = True
        self._wake()

    async def read(self) -> bytes:
        """The next bytes; none at the end.

        Raises:
            BadHttp: none came for too long.
            StreamLost: the program is gone.
        """
        while not self._pieces:
            if self._has_ended:
                return b""
            self._reader = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout(self._patience.body_s):
                    await self._reader
            except TimeoutError:
                raise BadHttp("a body stops coming") from None
        data, credit = self._pieces.popleft()
        self._writer.server.taken(self._stream, credit)
        await self._writer.flush()
        return data

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)


class Http2Answer:
    """One answer."""

    def __init__(self, writer: Http2Writer, stream: int, request: RequestHead) -> None:
        self._writer, self._stream, self._request = writer, stream, request
        self.has_begun = False
        self._has_ended = False

    async def begin(self, head: ResponseHead, length: int | None, first: bytes, *, has_body: bool) -> None:
        """The head, and what of the body is there already."""
        headers = head.headers
        if has_body:
            headers = headers.without("content-length")
            if length is not None:
                headers = headers.having("content-length", str(length))
        head = ResponseHead(status=head.status, headers=headers)
        self._has_ended = not has_body or (length == 0 and not first)
        self._writer.server.respond(self._stream, head, ends=self._has_ended)
        self.has_begun = True
        await self._writer.flush()
        if first:
            await self.send(first)

    async def send(self, data: bytes) -> None:
        """More of the body."""
        at = 0
        while at < len(data):
            room = await self._writer.room(self._stream)
            self._writer.server.send(self._stream, data[at : at + room])
            at += room
            await self._writer.flush()

    async def finish(self, trailers: Headers = _NONE) -> None:
        """The body is whole; these come behind it."""
        if not self._has_ended:
            self._writer.server.end(self._stream, trailers)
            await self._writer.flush()

    async def refuse(self, refused: Refused) -> None:
        """In its manner."""
        if refused.manner is Manner.FAILURE:
            self.break_off()
            return
        head, body = written(refused, self._request)
        if self._request.method == "HEAD":
            body = b""
        await self.begin(head, len(body), body, has_body=bool(body))
        await self.finish()

    async def switch(self, head: ResponseHead) -> Stream:
        """There is none in HTTP/2."""
        del head
        raise StreamLost

    def break_off(self) -> None:
        """Ends it so that nobody takes it for whole."""
        self._writer.server.reset(self._stream)
        self._writer.flush_soon()
