"""An exchange that the broker makes: frames on a descriptor. What it adds is not seen here."""

import socket
import struct

from ringfence.core.limits import LIMITS
from ringfence.egress.proxy.legs import LegBroken, LegRefused
from ringfence.egress.proxy.patience import Patience
from ringfence.egress.proxy.refusing import unreachable
from ringfence.egress.proxy.roads import BROKER_GONE
from ringfence.egress.proxy.wires import Deadlines, StreamLost, Wire, wire_over
from ringfence.egress.sealed_frames import END, FrameKind, body_frames, head_in, refused_in, trailers_in
from ringfence.egress.wire import BadMessage
from ringfence.protocols.http import Headers, RequestHead, ResponseHead

__all__ = ["SealedLeg", "sealed_leg"]

_HEAD = struct.Struct("!BI")
_NO_BODY = frozenset({204, 304})


class SealedLeg:
    """One exchange of the broker's."""

    def __init__(self, wire: Wire, patience: Patience) -> None:
        self.length: int | None = None
        self.has_body = True
        self.trailers = Headers()
        self._wire, self._patience = wire, patience
        self._buffer = bytearray()
        self._is_raw = False  # after a 101
        self._method = ""

    async def begin(self, head: RequestHead, beginning: bytes, length: int | None, *, is_whole: bool) -> None:
        """The broker has all of that from its question: what is whole needs no frame."""
        del beginning, length, is_whole
        self._method = head.method

    async def send(self, data: bytes) -> None:
        """Sends more of the body, or after a 101 what the program says."""
        try:
            for frame in body_frames(data):
                await self._wire.write(frame)
        except StreamLost:
            raise self._broken() from None

    async def finish(self) -> None:
        """The body is over."""
        try:
            await self._wire.write(END)
        except StreamLost:
            raise self._broken() from None

    async def head(self) -> ResponseHead:
        """The response.

        Raises:
            LegRefused: the broker refuses after all.
            LegBroken: it broke off.
        """
        kind, payload = await self._frame()
        try:
            if kind is FrameKind.REFUSED:
                raise LegRefused(refused_in(payload))
            if kind is not FrameKind.HEAD:
                raise BadMessage("no head")
            sealed = head_in(payload)
        except BadMessage:
            raise self._broken() from None
        self.length = sealed.length
        self.has_body = self._method != "HEAD" and sealed.status not in _NO_BODY
        self._is_raw = sealed.status == 101
        if not self._is_raw:
            return sealed.head
        headers = sealed.headers.having("Connection", "Upgrade").having("Upgrade", "websocket")
        return ResponseHead(status=101, reason=sealed.reason, headers=headers)

    def ready(self) -> bytes:
        """What of the body came with the head."""
        frame = self._next()
        if frame is None:
            return b""
        if frame[0] is FrameKind.BODY:
            return frame[1]
        self._buffer[:0] = _HEAD.pack(frame[0], len(frame[1])) + frame[1]
        return b""

    async def read(self) -> bytes:
        """The next bytes; none at the end.

        Raises:
            LegBroken: it broke off.
        """
        while True:
            kind, payload = await self._frame()
            if kind is FrameKind.END:
                return b""
            if kind is FrameKind.TRAILERS:
                self.trailers = self._trailers(payload)
            elif kind is not FrameKind.BODY:
                raise self._broken()
            elif payload:
                return payload

    def abort(self) -> None:
        """Whoever reads or writes it now sees that it broke off."""
        self._wire.abort()

    def close(self, *, is_over: bool) -> None:
        """Lets go of it."""
        if is_over:
            self._wire.close()
        else:
            self._wire.abort()

    def _trailers(self, payload: bytes) -> Headers:
        try:
            return trailers_in(payload)
        except BadMessage:
            raise self._broken() from None

    async def _frame(self) -> tuple[FrameKind, bytes]:
        while (frame := self._next()) is None:
            if not self._is_raw:
                self._wire.within(self._patience.answer_s)
            try:
                data = await self._wire.read()
            except StreamLost:
                raise self._broken() from None
            if not data:
                raise self._broken()
            self._buffer += data
        return frame

    def _next(self) -> tuple[FrameKind, bytes] | None:
        if len(self._buffer) < _HEAD.size:
            return None
        number, length = _HEAD.unpack_from(self._buffer)
        end = _HEAD.size + length
        if length > LIMITS.sealed_frame_bytes or number not in FrameKind.__members__.values():
            raise self._broken()
        if len(self._buffer) < end:
            return None
        payload = bytes(self._buffer[_HEAD.size : end])
        del self._buffer[:end]
        return FrameKind(number), payload

    def _broken(self) -> LegBroken:
        return LegBroken(unreachable("the host broke off before its answer was whole"))


async def sealed_leg(fd: int, deadlines: Deadlines, patience: Patience) -> SealedLeg:
    """Over the descriptor that came with `Proceed`, which it then owns.

    Raises:
        LegBroken: the broker is gone.
    """
    try:
        return SealedLeg(await wire_over(socket.socket(fileno=fd), deadlines), patience)
    except StreamLost:
        raise LegBroken(BROKER_GONE) from None
