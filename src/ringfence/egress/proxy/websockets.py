"""What follows a 101: WebSocket, and nothing that only begins like one.

Frames are looked at both ways and passed on as they came; what is in them is the broker's to read.
"""

import asyncio
from typing import Protocol

from ringfence.egress.proxy.legs import Leg, LegBroken
from ringfence.egress.proxy.refusing import unreachable
from ringfence.egress.proxy.wires import NEVER, Stream
from ringfence.protocols.http import RequestHead, ResponseHead
from ringfence.protocols.websocket import Messages, is_accepted, wanted_key

__all__ = ["Passed", "check_switch", "relay"]


class Passed(Protocol):
    """Where bytes are counted."""

    sent: int
    received: int


def check_switch(asked: RequestHead, head: ResponseHead) -> None:
    """Raises LegBroken where nobody asked for the protocol that the host changes to."""
    key = wanted_key(asked)
    if key is None or not is_accepted(head, key):
        raise LegBroken(unreachable("the host changes to a protocol that nobody asked for"))


async def relay(program: Stream, leg: Leg, passed: Passed) -> None:
    """Until both sides have ended.

    Raises:
        BadWebSocket: one said what is no WebSocket.
        StreamLost: the program broke off.
        LegBroken: the host did.
    """
    program.wire.deadline = NEVER
    ways = [asyncio.create_task(each) for each in (_out(program, leg, passed), _back(leg, program, passed))]
    try:
        done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_EXCEPTION)
        for each in done:
            each.result()
    finally:
        for each in ways:
            each.cancel()
        await asyncio.wait(ways)


async def _out(program: Stream, leg: Leg, passed: Passed) -> None:
    messages = Messages(from_client=True)
    while data := await program.read():
        messages.feed(data)
        passed.sent += len(data)
        await leg.send(data)
    await leg.finish()


async def _back(leg: Leg, program: Stream, passed: Passed) -> None:
    messages = Messages(from_client=False)
    data = leg.ready()
    while data or (data := await leg.read()):
        messages.feed(data)
        passed.received += len(data)
        await program.write(data)
        data = b""
    await program.end()
