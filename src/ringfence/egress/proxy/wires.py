"""One connection: bytes that come and bytes that go, no more in memory than fits, each end closed by itself.

A reader that stops reading stops the sender; a writer waits while the other end does not read. A connection
whose deadline is over is broken by `Deadlines`, which looks once in a while: no timer is made for each read.
"""

import asyncio
import socket
import struct
from collections import deque
from collections.abc import Callable
from typing import Protocol, cast

from ringfence.core.limits import LIMITS

__all__ = ["NEVER", "Deadlines", "Stream", "StreamLost", "Wire", "wire_over"]

NEVER = float("inf")
_BUFFERED = LIMITS.egress_buffered_bytes
_AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: what was not sent is dropped, and the other end told so


class StreamLost(Exception):
    """The other end broke off, or took too long."""


class Stream(Protocol):
    """What `Wire` and TLS over one have in common."""

    async def read(self) -> bytes:
        """The next bytes; none at the end. StreamLost where it broke off."""
        ...

    async def write(self, data: bytes) -> None:
        """Sends; returns when there is room for more. StreamLost where nobody is there."""
        ...

    def unread(self, data: bytes) -> None:
        """Gives back what was read too far."""
        ...

    async def end(self) -> None:
        """Nothing more is sent; reading goes on."""
        ...

    def close(self) -> None:
        """A clean end, when all is sent."""
        ...

    @property
    def wire(self) -> "Wire":
        """The connection itself, or the one below."""
        ...


class Deadlines:
    """Breaks what is too late."""

    def __init__(self, *, every_s: float = 1.0) -> None:
        self._every_s = every_s
        self._wires: set[Wire] = set()

    def add(self, wire: "Wire") -> None:
        """From now on its deadline counts."""
        self._wires.add(wire)

    def discard(self, wire: "Wire") -> None:
        """It is over."""
        self._wires.discard(wire)

    async def run(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._every_s)
            now = loop.time()
            for wire in [each for each in self._wires if min(each.deadline, each.room_deadline) < now]:
                wire.is_late = True
                wire.abort()


class Wire(asyncio.Protocol):
    """A connected socket."""

    def __init__(self, deadlines: Deadlines, connected: socket.socket) -> None:
        self.deadline = NEVER  # of the loop's clock
        self.room_deadline = NEVER  # while the other end does not read
        self.is_late = False  # it was broken because of that
        self.is_lost = False
        self.has_ended = False  # the other end sends no more
        self.on_gone: Callable[[], object] | None = None  # called once, when nobody is there any more
        self.ends_together = False  # no more from the other end means that it is gone
        self._deadlines, self._socket = deadlines, connected
        self._loop = asyncio.get_running_loop()
        self._chunks: deque[bytes] = deque()
        self._size = 0
        self._is_paused = False
        self._is_full = False
        self._reader: asyncio.Future[None] | None = None
        self._writers: list[asyncio.Future[None]] = []
        self._transport: asyncio.Transport

    @property
    def wire(self) -> "Wire":
        """Itself."""
        return self

    @property
    def is_closing(self) -> bool:
        """Whether it has ended, or ends when all is sent."""
        return self.is_lost or self._transport.is_closing()

    @property
    def is_quiet(self) -> bool:
        """Whether it stands, and nothing has come that nobody has read."""
        return not (self.is_lost or self.has_ended or self._chunks)

    def within(self, seconds: float) -> None:
        """It is broken unless somebody says otherwise until then."""
        self.deadline = self._loop.time() + seconds

    def later(self, seconds: float, call: Callable[[], None]) -> asyncio.TimerHandle:
        """Has that done after so long, unless it is taken back."""
        return self._loop.call_later(seconds, call)

    async def read(self) -> bytes:
        """The next bytes; none at the end.

        Raises:
            StreamLost: it broke off.
        """
        while not self._chunks:
            if self.has_ended and not self.is_late:
                return b""
            if self.is_lost:
                raise StreamLost
            self._reader = self._loop.create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        data = self._chunks.popleft()
        self._size -= len(data)
        if self._is_paused and self._size < _BUFFERED and not self.is_lost:
            self._is_paused = False
            self._transport.resume_reading()
        return data

    def unread(self, data: bytes) -> None:
        """Gives back what was read too far."""
        if data:
            self._chunks.appendleft(data)
            self._size += len(data)

    async def write(self, data: bytes) -> None:
        """Sends; returns when there is room for more.

        Raises:
            StreamLost: nobody is there.
        """
        if self.is_lost:
            raise StreamLost
        self._transport.write(data)
        if self._is_full:
            await self._room()

    async def end(self) -> None:
        """Nothing more is sent; reading goes on."""
        if not self.is_lost and self._transport.can_write_eof():
            self._transport.write_eof()

    def send_last(self, data: bytes) -> None:
        """Sends what is short and the last."""
        if data and not self.is_lost:
            self._transport.write(data)

    def close(self) -> None:
        """A clean end, when all is sent."""
        self.on_gone = None
        self.within(LIMITS.egress_head_s)
        self._transport.close()

    def abort(self) -> None:
        """A broken end, at once, that no reader takes for the end of what was sent."""
        if not self.is_lost:
            if self._socket.family != socket.AF_UNIX:
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """From the loop."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's does not say so
        self._transport.set_write_buffer_limits(high=_BUFFERED)
        self._deadlines.add(self)

    def data_received(self, data: bytes) -> None:
        """From the loop."""
        self._chunks.append(data)
        self._size += len(data)
        if self._size >= _BUFFERED and not self._is_paused:
            self._is_paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        """From the loop. The way back stays open."""
        self.has_ended = True
        self._wake()
        if self.ends_together:
            self._tell_gone()
        return True

    def connection_lost(self, error: Exception | None) -> None:
        """From the loop."""
        del error  # who reads or writes is told
        self.is_lost = True
        self._deadlines.discard(self)
        self._wake()
        self.resume_writing()
        self._tell_gone()

    def pause_writing(self) -> None:
        """From the loop: the other end does not read."""
        self._is_full = True

    def resume_writing(self) -> None:
        """From the loop: it does again."""
        self._is_full = False
        waiting, self._writers = self._writers, []
        for each in waiting:
            if not each.done():
                each.set_result(None)

    async def _room(self) -> None:
        self.room_deadline = self._loop.time() + LIMITS.egress_answer_s
        while self._is_full:
            room: asyncio.Future[None] = self._loop.create_future()
            self._writers.append(room)
            await room
        self.room_deadline = NEVER
        if self.is_lost:
            raise StreamLost

    def _wake(self) -> None:
        if self._reader and not self._reader.done():
            self._reader.set_result(None)

    def _tell_gone(self) -> None:
        told, self.on_gone = self.on_gone, None
        if told:
            told()


async def wire_over(connected: socket.socket, deadlines: Deadlines) -> Wire:
    """A wire over a connected socket, which it then owns.

    Raises:
        StreamLost: it is not connected any more.
    """
    connected.setblocking(False)
    if connected.family != socket.AF_UNIX:
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    loop = asyncio.get_running_loop()
    try:
        _, wire = await loop.connect_accepted_socket(lambda: Wire(deadlines, connected), connected)
    except OSError as error:
        connected.close()
        raise StreamLost from error
    return wire
