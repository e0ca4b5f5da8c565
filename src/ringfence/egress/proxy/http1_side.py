"""Requests of a program that speaks HTTP/1.1, one after the other, each for the host that it may go to."""

from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.egress.messages import Refused, Trouble
from ringfence.egress.proxy.exchanging import Incoming, exchange
from ringfence.egress.proxy.fronts import Front, Mismatch, asked_of
from ringfence.egress.proxy.http1_answer import Http1Answer, Http1Body, see_off
from ringfence.egress.proxy.refusing import malformed, mismatched
from ringfence.egress.proxy.roads import Road, Running
from ringfence.egress.proxy.sessions import Caller
from ringfence.egress.proxy.wires import NEVER, Stream, StreamLost
from ringfence.protocols.http import BadHttp, RequestHead
from ringfence.protocols.http1 import BodyReader, head_end, read_request_head, request_body
from ringfence.protocols.targets import authority

__all__ = ["Http1Side", "Tunnel"]

_DRAINED_BYTES = 16 * 1024 * 1024  # of what a program sends on after it was refused
_EMPTY_LINES = b"\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tunnel:
    """What CONNECT asks for."""

    host: str
    port: int


class Http1Side:
    """One connection."""

    def __init__(self, caller: Caller, stream: Stream, front: Front) -> None:
        self._caller, self._stream, self._front = caller, stream, front
        self._patience = caller.session.patience

    async def run(self) -> Tunnel | None:
        """Until the connection is over; or where a CONNECT leads, which was answered with 200.

        Raises:
            StreamLost: the program is gone.
        """
        while True:
            try:
                data = await self._head()
            except BadHttp as error:
                long = "longer" in str(error)
                await self._turned_away(None, malformed(str(error)), status=431 if long else 400)
                return None
            if not data:
                self._stream.close()
                return None
            head: RequestHead | None = None
            try:
                head = read_request_head(data)
                if head.method == "CONNECT" and self._front.is_proxy:
                    return await self._tunnel(head)
                if not await self._request(head):
                    return None
            except BadHttp as error:
                await self._turned_away(head, malformed(str(error)))
                return None
            except Mismatch as error:
                self._caller.session.tell(Trouble.MISMATCH, error.host, str(error))
                await self._turned_away(head, mismatched(str(error)), told=True)
                return None

    async def _request(self, head: RequestHead) -> bool:
        """One request; whether another may follow."""
        kind, length = request_body(head)
        place, asked = asked_of(head, self._front)
        reader = BodyReader(kind, length)
        waits = "100-continue" in head.headers.listed("expect")
        body = Http1Body(self._stream, reader, self._patience, waits=waits)
        answer = Http1Answer(self._stream, head, body)
        road = await self._caller.to(place) if self._front.road is None else self._front.road
        if road.refused is not None:
            await road.unsent(place.port, asked)
            await answer.refuse(road.refused)
        else:
            await self._exchanged(
                road, Incoming(head=asked, length=length, body=body, running=Running()), answer
            )
        if answer.is_broken:
            return False
        if answer.keeps and body.is_done:
            return True
        await see_off(self._stream, self._patience, most_bytes=0 if body.is_done else _DRAINED_BYTES)
        return False

    async def _exchanged(self, road: Road, incoming: Incoming, answer: Http1Answer) -> None:
        wire = self._stream.wire
        wire.deadline = NEVER
        if wire.is_lost or (wire.ends_together and wire.has_ended):
            raise StreamLost
        wire.on_gone = incoming.running.gone
        try:
            await exchange(road, incoming, answer)
        finally:
            wire.on_gone = None

    async def _tunnel(self, head: RequestHead) -> Tunnel:
        request_body(head)
        host, port = authority(head.target)
        named = head.headers.one("host")
        if named is not None and authority(named) not in ((host, port), (host, None)):
            raise Mismatch(host, "CONNECT and Host name different hosts")
        assert port is not None
        await self._stream.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        return Tunnel(host=host, port=port)

    async def _turned_away(
        self, head: RequestHead | None, refused: Refused, *, status: int | None = None, told: bool = False
    ) -> None:
        """Answers what is no request that anybody is asked about, and ends the connection."""
        if not told:
            self._caller.session.tell(Trouble.MALFORMED, self._front.host or "", refused.what)
        if status is not None:
            refused = Refused(what=refused.what, hint=refused.hint, status=status)
        answer = Http1Answer(self._stream, head)
        answer.keeps = False
        await answer.refuse(refused)
        await see_off(self._stream, self._patience, most_bytes=_DRAINED_BYTES)

    async def _head(self) -> bytes:
        """The next head; nothing where no request follows.

        Raises:
            BadHttp: it is none, or too long.
        """
        stream, buffer, searched = self._stream, b"", 0
        stream.wire.within(self._patience.idle_s)
        while True:
            data = await stream.read()
            if not data:
                if buffer.strip(_EMPTY_LINES):
                    raise StreamLost
                return b""
            if not buffer:
                data = data.lstrip(_EMPTY_LINES)  # RFC 9112, 2.2
                stream.wire.within(self._patience.head_s)
            buffer = buffer + data if buffer else data
            if not buffer:
                continue
            end = head_end(buffer, searched)
            if end is not None:
                stream.unread(buffer[end:])
                return buffer[:end]
            searched = len(buffer)
            if searched > LIMITS.http_head_bytes:
                raise BadHttp(f"a head is longer than {LIMITS.http_head_bytes} bytes")
