"""A WebSocket on the sealed leg: secrets put into the client's messages, and taken out of the host's.

Nothing but a WebSocket that was asked for follows a 101. No extension is spoken, so that all can be read.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import field

from ringfence.core.dataclass import dataclass
from ringfence.egress.broker.session import Session
from ringfence.egress.broker.upstream import BrokenOff, Upstream
from ringfence.egress.injecting.places import Placed
from ringfence.egress.injecting.websocket import inject_message, placed_in_message
from ringfence.egress.injecting.whole import shown_instead
from ringfence.egress.sealed_frames import END, FrameKind, body_frames, head_frame, read_frame
from ringfence.egress.wire import BadMessage
from ringfence.protocols.http import BadHttp, RequestHead, ResponseHead
from ringfence.protocols.websocket import (
    Frame,
    Message,
    Messages,
    Opcode,
    is_accepted,
    wanted_key,
    write_frame,
)
from ringfence.vault.credential import Credential
from ringfence.vault.meanings import Meanings

__all__ = ["Switching"]

_MASK_BYTES = 4

Release = Callable[[tuple[Placed, ...]], Awaitable[Mapping[str, Credential]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Switching:
    """A WebSocket's two ends, and what stands between them."""

    session: Session
    meaning: Meanings = field(repr=False)
    upstream: Upstream
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    release: Release
    randomness: Callable[[int], bytes]

    async def run(self, request: RequestHead, head: ResponseHead) -> None:
        """Carries messages both ways until either side is over.

        Raises:
            BrokenOff: the host switches to something else.
            BadMessage: what either side says is no WebSocket, after the head was passed on.
            RingfenceError, RefusedAfterAll: a credential is not for it.
        """
        if not _is_good(request, head):
            raise BrokenOff("the host switches to something else than the WebSocket that was asked for")
        self.writer.write(head_frame(head, None))
        await self.writer.drain()
        ways = [asyncio.create_task(self._to_host()), asyncio.create_task(self._to_client())]
        try:
            done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                each.result()
        except BadHttp as error:
            raise BadMessage(str(error)) from None
        finally:
            for each in ways:
                each.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _to_host(self) -> None:
        messages = Messages(from_client=True)
        while True:
            frame = await read_frame(self.reader)
            if frame is None or frame[0] is not FrameKind.BODY:
                return
            for message in messages.feed(frame[1]):
                data = await self._with_secret(message)
                self.session.budgets.sent += len(data)
                made = Frame(opcode=message.opcode, payload=data)
                await self.upstream.send(write_frame(made, self.randomness(_MASK_BYTES)))

    async def _with_secret(self, message: Message) -> bytes:
        if message.opcode is not Opcode.TEXT:
            return message.payload
        found = placed_in_message(message.payload, self.meaning)
        data = message.payload
        for name, credential in (await self.release(found)).items() if found else ():
            data = inject_message(data, credential, found)
            self.session.released(shown_instead(credential, self.session.given.get(name, {})))
        return data

    async def _to_client(self) -> None:
        messages = Messages(from_client=False)
        while data := await self.upstream.raw():
            for message in messages.feed(data):
                payload = self.session.secrets.replaced(message.payload, is_all=True)[0]
                self.session.budgets.received += len(payload)
                for frame in body_frames(write_frame(Frame(opcode=message.opcode, payload=payload))):
                    self.writer.write(frame)
                await self.writer.drain()
        self.writer.write(END)
        await self.writer.drain()


def _is_good(request: RequestHead, head: ResponseHead) -> bool:
    try:
        key = wanted_key(request)
    except BadHttp:
        return False
    return key is not None and is_accepted(head, key)
