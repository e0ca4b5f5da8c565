"""One exchange that the broker makes itself: the request goes out with secrets, the answer comes back clean.

The proxy gets the answer's head and body, and never a secret. It can change nothing of what was decided: the
head is written here, and the body is framed here. No redirect is followed.

| when it fails | what the proxy sees |
|-|-|
| before the answer's head | a refusal |
| after it | the end of the stream without the end of the body |
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Protocol

from ringfence.core.dataclass import dataclass
from ringfence.core.errors import RingfenceError
from ringfence.egress.broker.bodies import Cleaning, RequestBody, cleaned_head, cleaned_headers
from ringfence.egress.broker.preparing import Prepared
from ringfence.egress.broker.session import Session
from ringfence.egress.broker.upstream import BrokenOff, PoolKey, Upstream
from ringfence.egress.messages import Ask, Refused
from ringfence.egress.sealed_frames import END, body_frames, head_frame, refused_frame, trailers_frame
from ringfence.egress.wire import BadMessage
from ringfence.protocols.grpc import is_coded
from ringfence.protocols.http import BadHttp, Headers, ResponseHead
from ringfence.protocols.http1 import LAST_CHUNK, chunk, end_to_end
from ringfence.protocols.interpreting import needs_body
from ringfence.protocols.late_members import LateMembers

__all__ = ["RefusedAfterAll", "Sealed", "Steps", "answered"]

_LOW = 256 * 1024

_Round = tuple[Upstream, "asyncio.Task[None] | None", ResponseHead, int | None]


class RefusedAfterAll(Exception):
    """What was found only now is refused, and that is recorded."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.what)
        self.refused = refused


class Steps(Protocol):
    """What one exchange needs of the broker."""

    async def prepare(self, body: RequestBody) -> Prepared:
        """The request as it goes out."""

    async def write(self, request: Prepared) -> bytes:
        """Its head as bytes, once."""

    async def connect(self) -> Upstream:
        """A new connection to the host."""

    def told(self, error: RingfenceError | BrokenOff | BadHttp) -> Refused:
        """Why it failed, recorded."""

    def check_answer(self, head: ResponseHead) -> None:
        """Nothing, where the host itself answers. Raises RingfenceError where a proxy does, of itself."""

    async def sealed_answer(self, request: Prepared, head: ResponseHead, upstream: Upstream) -> bytes | None:
        """The body of an answer that is another one for boxes; None where it is passed on as it is."""

    def may_shorten(self, head: ResponseHead) -> bool:
        """Whether an answer's body may be passed on with less in it."""

    def passed_on(self, head: ResponseHead, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """An answer's body as the session may have it."""

    async def switch(
        self,
        request: Prepared,
        upstream: Upstream,
        head: ResponseHead,
        stream: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        """Carries on after a 101 until either end is over."""


@dataclass(slots=True, kw_only=True, eq=False)
class Sealed:
    """One of them."""

    session: Session
    ask: Ask
    key: PoolKey
    steps: Steps

    async def run(self, stream: socket.socket) -> None:
        """The whole exchange, over the broker's end of the stream, which it then owns."""
        reader, writer = await asyncio.open_connection(sock=stream, limit=_LOW)
        body = RequestBody(self.ask.body, reader, is_whole=self.ask.is_whole)
        answer = _Answer(reader, writer)
        try:
            await self._exchange(body, reader, answer)
            await answer.finish()
        except RefusedAfterAll as error:
            await answer.refuse(error.refused)
        except (RingfenceError, BrokenOff, BadHttp) as error:
            await answer.refuse(self.steps.told(error))
        except (BadMessage, ConnectionError):  # the proxy is gone, or its client is
            writer.transport.abort()
        except BaseException:
            writer.transport.abort()
            raise

    async def _exchange(self, body: RequestBody, reader: asyncio.StreamReader, to: "_Answer") -> None:
        request = await self.steps.prepare(body)
        upstream, sending, head, length = await self._round(request, body)
        is_kept = False
        try:
            self.steps.check_answer(head)
            if head.status == 101:
                await self.steps.switch(request, upstream, head, (reader, to.writer))
                return
            try:
                await self._deliver(request, upstream, head, length, to)
            except BadHttp as error:
                raise BrokenOff(f"the host's answer cannot be passed on: {error}") from None
            if upstream.may_stay and (sending is None or (sending.done() and sending.exception() is None)):
                self.session.pool.keep(self.key, upstream)
                is_kept = True
            await to.write(END)
        finally:
            await _ended(sending)
            if not is_kept:
                upstream.close()

    async def _round(self, request: Prepared, body: RequestBody) -> _Round:
        """The request sent, and the head that answers it."""
        head = await self.steps.write(request)
        small = await body.whole(len(self.ask.body) * 2 + 1) if request.is_repeatable else None
        upstream = self.session.pool.take(self.key)
        if upstream is not None and small is not None:
            try:
                return await self._at_once(upstream, head + small, request)
            except BrokenOff as error:
                if not error.was_silent:
                    raise
                upstream = None  # it was closed at this very moment: once more, on another one
        upstream = upstream or await self.steps.connect()
        if small is not None:
            return await self._at_once(upstream, head + small, request)
        return await self._flowing(upstream, head, request, body)

    async def _at_once(self, upstream: Upstream, data: bytes, request: Prepared) -> _Round:
        try:
            with suppress(BrokenOff):  # what it says before it closes is worth reading
                await upstream.send(data)
            head, length = await upstream.head(request.head.method)
        except BaseException:
            upstream.close()
            raise
        self.session.budgets.sent += len(data)
        return upstream, None, head, length

    async def _flowing(self, upstream: Upstream, head: bytes, request: Prepared, body: RequestBody) -> _Round:
        """A host may answer before it has all of the body, and the proxy may be gone before that."""
        sending = asyncio.create_task(self._send(upstream, head, request, body))
        answering = asyncio.create_task(upstream.head(request.head.method))
        try:
            await asyncio.wait({sending, answering}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done() and not isinstance(sending.exception(), BrokenOff | None):
                await sending  # what it raises
            answer, length = await answering
        except BaseException:
            await _ended(answering)
            await _ended(sending)
            upstream.close()
            raise
        return upstream, sending, answer, length

    async def _send(self, upstream: Upstream, head: bytes, request: Prepared, body: RequestBody) -> None:
        """The head and the body. More or less than was promised breaks the connection off."""
        await upstream.send(head)
        left, late = request.length, LateMembers() if self._is_looked_at() else None
        while data := await body.next():
            if late is not None:
                late.feed(data)
            if left is not None:
                left -= len(data)
                if left < 0:
                    raise BadMessage("a body is longer than it was said to be")
            self.session.budgets.sent += len(data)
            await upstream.send(chunk(data) if left is None else data)
        if left:
            raise BadMessage("a body is shorter than it was said to be")
        if left is None:
            await upstream.send(LAST_CHUNK)

    def _is_looked_at(self) -> bool:
        """Whether what comes behind the body's beginning could still make it another request."""
        if self.ask.is_whole or not needs_body(self.ask.head):
            return False
        return self.ask.body.lstrip()[:1] in (b"", b"{", b"[")

    async def _deliver(
        self, request: Prepared, upstream: Upstream, head: ResponseHead, length: int | None, to: "_Answer"
    ) -> None:
        headers = end_to_end(head.headers)
        instead = await self.steps.sealed_answer(request, head, upstream)
        if instead is not None:
            headers = headers.without("content-length", "content-encoding")
            await to.begin(cleaned_head(head, self.session.secrets, headers), len(instead))
            await to.body(instead)
            return
        if self.session.secrets.longest and is_coded(headers):
            raise BadHttp("messages that are compressed one by one")
        cleaning = Cleaning(headers.listed("content-encoding"), self.session.secrets)
        is_empty = length == 0 or request.head.method == "HEAD"
        if not is_empty and (cleaning.changes or self.steps.may_shorten(head)):
            headers, length = headers.without("content-length", "content-encoding"), None
        await to.begin(cleaned_head(head, self.session.secrets, headers), length)
        async for piece in self.steps.passed_on(head, cleaning.pieces(upstream)):
            self.session.budgets.received += len(piece)
            await to.body(piece)
        await to.trailers(cleaned_headers(upstream.trailers, self.session.secrets))


async def answered(stream: socket.socket, ask: Ask, headers: Headers, data: bytes) -> None:
    """An exchange that reaches no host: the request's body is read to its end, and this answers it."""
    reader, writer = await asyncio.open_connection(sock=stream, limit=_LOW)
    body, answer = RequestBody(ask.body, reader, is_whole=ask.is_whole), _Answer(reader, writer)
    with suppress(BadMessage, ConnectionError):
        while await body.next():
            pass
        await answer.begin(ResponseHead(status=200, reason="OK", headers=headers), len(data))
        await answer.body(data)
        await answer.write(END)
        await answer.finish()
    writer.close()


class _Answer:
    """What the proxy is told, on its stream."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self._reader = reader
        self._began = False

    async def begin(self, head: ResponseHead, length: int | None) -> None:
        try:
            data = head_frame(head, length)
        except ValueError:
            raise BrokenOff("the host's answer has a head that is too long") from None
        self._began = True
        await self.write(data)

    async def body(self, data: bytes) -> None:
        for frame in body_frames(data):
            await self.write(frame)

    async def trailers(self, trailers: Headers) -> None:
        if trailers.items:
            await self.write(trailers_frame(trailers))

    async def write(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def refuse(self, refused: Refused) -> None:
        """The refusal; where the head was sent already, the stream ends here."""
        if self._began:
            self.writer.transport.abort()
            return
        with suppress(ConnectionError):
            await self.write(refused_frame(refused))
            await self.finish()
        self.writer.close()

    async def finish(self) -> None:
        """Says no more, and closes once the proxy has said all: what it says last must not fail it."""
        self.writer.write_eof()
        while await self._reader.read(_LOW):
            pass
        self.writer.close()


async def _ended(task: "asyncio.Task[object] | asyncio.Task[None] | None") -> None:
    if task is not None:
        task.cancel()
        with suppress(asyncio.CancelledError, BrokenOff, BadHttp, BadMessage, ConnectionError):
            await task
