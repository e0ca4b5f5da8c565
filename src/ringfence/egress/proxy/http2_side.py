"""Requests of a program that speaks HTTP/2 alone: many at one time, all for the host of their connection."""

import asyncio

from ringfence.egress.messages import Trouble
from ringfence.egress.proxy.exchanging import Incoming, exchange
from ringfence.egress.proxy.fronts import Front, Mismatch, asked_of
from ringfence.egress.proxy.http2_answer import Http2Answer, Http2Body, Http2Writer
from ringfence.egress.proxy.refusing import malformed, mismatched
from ringfence.egress.proxy.roads import Running
from ringfence.egress.proxy.sessions import Caller
from ringfence.egress.proxy.wires import NEVER, Stream, StreamLost
from ringfence.protocols.http import BadHttp
from ringfence.protocols.http2 import (
    BodyArrived,
    BodyEnded,
    Event,
    HeadRefused,
    Http2Server,
    PeerGone,
    RequestArrived,
    RoomGrew,
    StreamGone,
)

__all__ = ["Http2Side"]


class _Request:
    """One stream: its body as it comes, and who carries it."""

    def __init__(self, body: Http2Body, answer: Http2Answer) -> None:
        self.body, self.answer = body, answer
        self.running: Running | None = None  # once its task runs
        self.task: asyncio.Task[None]

    def gone(self) -> None:
        """Nobody waits for it any more."""
        if self.running is None:
            self.task.cancel()
        else:
            self.running.gone()


class Http2Side:
    """One connection."""

    def __init__(self, caller: Caller, stream: Stream, front: Front) -> None:
        self._caller, self._stream, self._front = caller, stream, front
        self._patience = caller.session.patience
        self._server = Http2Server()
        self._writer = Http2Writer(self._server, stream)
        self._requests: dict[int, _Request] = {}

    async def run(self) -> None:
        """Until the connection is over.

        Raises:
            StreamLost: the program is gone.
        """
        try:
            await self._writer.flush()
            while await self._fed():
                pass
        finally:
            for request in self._requests.values():
                request.gone()
            if self._requests:
                await asyncio.wait([each.task for each in self._requests.values()])
        self._stream.close()

    async def _fed(self) -> bool:
        """What comes next; whether more may."""
        self._rest()
        data = await self._stream.read()
        if not data:
            return False
        try:
            goes_on = all(self._took(each) for each in self._server.feed(data))
        except BadHttp as error:
            self._caller.session.tell(Trouble.MALFORMED, self._front.host or "", str(error))
            goes_on = False
        await self._writer.flush()
        return goes_on

    def _rest(self) -> None:
        if self._requests:
            self._stream.wire.deadline = NEVER
        else:
            self._stream.wire.within(self._patience.idle_s)

    def _took(self, event: Event) -> bool:
        match event:
            case RequestArrived():
                self._begin(event)
            case HeadRefused(what=what):
                self._caller.session.tell(Trouble.MALFORMED, self._front.host or "", what)
            case RoomGrew():
                self._writer.grew()
            case PeerGone():
                return False
            case BodyArrived() | BodyEnded() | StreamGone():
                request = self._requests.get(event.stream)
                if request is not None:
                    self._came(event, request)
        return True

    @staticmethod
    def _came(event: BodyArrived | BodyEnded | StreamGone, request: _Request) -> None:
        match event:
            case BodyArrived(data=data, credit=credit):
                request.body.came(data, credit)
            case BodyEnded():
                request.body.ended()
            case StreamGone():
                request.gone()

    def _begin(self, event: RequestArrived) -> None:
        body = Http2Body(self._writer, event.stream, self._patience, is_whole=event.is_whole)
        request = _Request(body, Http2Answer(self._writer, event.stream, event.head))
        self._requests[event.stream] = request
        request.task = asyncio.create_task(self._served(event, request))
        request.task.add_done_callback(lambda _: self._over(event.stream))

    def _over(self, stream: int) -> None:
        del self._requests[stream]
        self._server.reset(stream)  # does nothing where it was answered
        self._rest()

    async def _served(self, event: RequestArrived, request: _Request) -> None:
        request.running = Running()
        road, answer = self._front.road, request.answer
        assert road is not None  # there is TLS, so there was a hello
        try:
            place, asked = asked_of(event.head, self._front)
            length = None if event.is_whole and not event.length else event.length
            if road.refused is not None:
                await road.unsent(place.port, asked)
                await answer.refuse(road.refused)
            else:
                incoming = Incoming(head=asked, length=length, body=request.body, running=request.running)
                await exchange(road, incoming, answer)
        except BadHttp as error:
            road.tell(Trouble.MALFORMED, str(error))
            await answer.refuse(malformed(str(error)))
        except Mismatch as error:
            road.tell(Trouble.MISMATCH, str(error))
            await answer.refuse(mismatched(str(error)))
        except StreamLost:
            return  # the connection ends by itself
