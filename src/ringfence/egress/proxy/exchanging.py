"""One request and its answer, whatever version of HTTP the program speaks and whoever talks with the host.

The broker is asked first, or only told where that does (`Road.goes`). Then both ways run at once: nobody is
read from faster than the other side takes it. A program that goes ends what was begun for it; a host that
breaks off breaks the program's answer, which never looks whole.
"""

import asyncio
from typing import Protocol

from ringfence.core.dataclass import dataclass
from ringfence.egress.messages import Ask, Refused, Trouble
from ringfence.egress.messages import Leg as Way
from ringfence.egress.proxy.legs import Leg, LegBroken, LegRefused
from ringfence.egress.proxy.plain_leg import PlainLeg
from ringfence.egress.proxy.refusing import malformed, unreachable
from ringfence.egress.proxy.roads import Road, Running
from ringfence.egress.proxy.sealed_leg import sealed_leg
from ringfence.egress.proxy.websockets import check_switch, relay
from ringfence.egress.proxy.wires import Stream, StreamLost
from ringfence.protocols.http import BadHttp, Headers, RequestHead, ResponseHead
from ringfence.protocols.interpreting import needs_body

__all__ = ["Answer", "Body", "Incoming", "exchange"]


class Body(Protocol):
    """A request's body, as it comes."""

    @property
    def is_done(self) -> bool:
        """Nothing more comes."""
        ...

    async def read(self) -> bytes:
        """The next bytes; none at the end. BadHttp or StreamLost where it is none, or cut short."""
        ...


class Answer(Protocol):
    """Where a response goes. All raise StreamLost where nobody is there any more."""

    @property
    def has_begun(self) -> bool:
        """Its head was sent."""
        ...

    async def begin(self, head: ResponseHead, length: int | None, first: bytes, *, has_body: bool) -> None:
        """The head, and what of the body is there already. `length` None: it is told by its end."""
        ...

    async def send(self, data: bytes) -> None:
        """More of the body."""
        ...

    async def finish(self, trailers: Headers) -> None:
        """The body is whole; `trailers` go behind it where there is a place for them."""
        ...

    async def refuse(self, refused: Refused) -> None:
        """In its manner; instead of all of the above."""
        ...

    async def switch(self, head: ResponseHead) -> Stream:
        """Sends a 101; what is said then is the stream's."""
        ...

    def break_off(self) -> None:
        """Ends it so that nobody takes it for whole."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A request of a program: its target canonical, its headers those that go from end to end."""

    head: RequestHead
    length: int | None
    body: Body
    running: Running


@dataclass(slots=True)
class _Counted:
    sent: int = 0
    received: int = 0


@dataclass(slots=True)
class _Uploading:
    """What of the body was read already, and what went wrong with the rest."""

    beginning: bytes  # which the broker has seen
    held: bytes
    error: BadHttp | StreamLost | None = None
    task: asyncio.Task[None] | None = None


async def exchange(road: Road, incoming: Incoming, answer: Answer) -> None:
    """Until the answer is given, refused or broken off.

    Raises:
        StreamLost: the program is gone.
    """
    try:
        wanted = needs_body(incoming.head)
        beginning = await _beginning(incoming.body, wanted) if wanted else b""
    except BadHttp as error:
        road.tell(Trouble.MALFORMED, str(error))
        await answer.refuse(malformed(str(error)))
        return
    held, beginning = beginning[wanted:], beginning[:wanted]
    is_whole = incoming.body.is_done and not held
    question = Ask(
        connection=road.connection,
        head=incoming.head,
        body=beginning,
        is_whole=is_whole,
        length=incoming.length,
    )
    running, reply = incoming.running, None
    fds: list[int] = []
    if wanted or beginning or not is_whole or not road.goes(incoming.head):
        running.is_asking = True
        reply, fds = await road.ask(question)
        running.is_asking = False
    if isinstance(reply, Refused):
        await answer.refuse(reply)
        return
    if reply is not None:
        running.exchange = reply.exchange
    counted = _Counted()
    road.begin(running)
    is_plain = reply is None or reply.leg is Way.PLAIN
    try:
        leg = await _leg(road, fds, is_plain=is_plain)
        if running.is_gone:
            leg.close(is_over=False)
            raise StreamLost
        await _carried(leg, incoming, _Uploading(beginning, held), answer, counted)
    except LegRefused as error:
        await _refused(answer, error.refused)
    except LegBroken as error:
        if is_plain:
            road.tell(Trouble.UPSTREAM, error.refused.what)
        await _refused(answer, error.refused)
    except BadHttp as error:
        road.tell(Trouble.MALFORMED, str(error))
        await _refused(answer, malformed(str(error)))
    except asyncio.CancelledError:
        if running.revoked is None or running.is_gone:
            raise
        running.come_back()
        await _refused(answer, running.revoked)
    finally:
        road.over(running, sent=counted.sent, received=counted.received)


async def _beginning(body: Body, wanted: int) -> bytes:
    pieces, size = [], 0
    while size < wanted and not body.is_done:
        piece = await body.read()
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces)


async def _leg(road: Road, fds: list[int], *, is_plain: bool) -> Leg:
    if is_plain:
        road.drop(fds)
        return PlainLeg(road.upstreams, road.patience)
    if len(fds) != 1:
        road.drop(fds)
        raise LegBroken(unreachable("the broker gave no stream"))
    return await sealed_leg(fds[0], road.deadlines, road.patience)


async def _carried(
    leg: Leg, incoming: Incoming, uploading: _Uploading, answer: Answer, counted: _Counted
) -> None:
    is_over, beginning = False, uploading.beginning
    is_whole = incoming.body.is_done and not uploading.held
    try:
        counted.sent += len(beginning)
        await leg.begin(incoming.head, beginning, incoming.length, is_whole=is_whole)
        if not is_whole:
            uploading.task = asyncio.create_task(_upload(leg, incoming.body, uploading, counted))
        await _answered(leg, incoming.head, answer, counted)
        is_over = uploading.task is None or uploading.task.done()
    except LegBroken:
        if uploading.error is not None:
            raise uploading.error from None
        raise
    finally:
        if uploading.task is not None:
            uploading.task.cancel()
            await asyncio.wait([uploading.task])
        leg.close(is_over=is_over)


async def _upload(leg: Leg, body: Body, uploading: _Uploading, counted: _Counted) -> None:
    """The rest of the body; where it is none, the answer that is waited for does not come either."""
    try:
        data = uploading.held
        while data or not body.is_done:
            if data:
                counted.sent += len(data)
                await leg.send(data)
            data = await body.read()
        await leg.finish()
    except LegBroken:
        return  # whoever reads the answer sees it too; there may be one that says why
    except (BadHttp, StreamLost) as error:
        uploading.error = error
        leg.abort()


async def _answered(leg: Leg, asked: RequestHead, answer: Answer, counted: _Counted) -> None:
    head = await leg.head()
    if head.status == 101:
        check_switch(asked, head)
        await relay(await answer.switch(head), leg, counted)
        return
    first = leg.ready()
    counted.received += len(first)
    await answer.begin(head, leg.length, first, has_body=leg.has_body)
    if leg.has_body:
        while data := await leg.read():
            counted.received += len(data)
            await answer.send(data)
    await answer.finish(leg.trailers)


async def _refused(answer: Answer, refused: Refused) -> None:
    if answer.has_begun:
        answer.break_off()
    else:
        await answer.refuse(refused)
