"""Questions, answers and news between two of ringfence's processes, over one stream socket.

Each message is four bytes of length and the document that `wire` makes; descriptors lie beside the length.
Either end asks, and many questions are open at one time; answers come in any order. The other end may be in
an attacker's hands: what is no message ends the channel, and so does an end that does not read.
"""

import array
import asyncio
import os
import socket
import struct
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import field
from typing import Any

from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.egress.messages import Refused
from ringfence.egress.wire import BadMessage, Message, decode, encode

__all__ = ["Answer", "Channel", "ChannelClosed", "Handle", "Steps"]

Answer = tuple[Message | None, Sequence[int]]
Steps = Coroutine[Any, Any, Any]
Handle = Callable[[Message, Sequence[int]], Awaitable[Answer]]

_LENGTH = struct.Struct("!I")
_READ_BYTES = 64 * 1024
_MOMENT_S = 0.01
_AT_ONCE_BYTES = 32 * 1024  # that Linux takes as a whole, or not at all, where half a socket's room is more
_HEARD_OUT = 64  # reads: more than a socket holds
_CUT_SHORT = int(socket.MSG_CTRUNC)
_SPACE = socket.CMSG_LEN(LIMITS.channel_fds * array.array("i").itemsize)
_FAULT = Refused(
    what="ringfence itself failed at this", hint="report it; what it could not decide is refused", status=502
)


class ChannelClosed(Exception):
    """The other end is gone, or sent what is no message."""


@dataclass(slots=True)
class _Outgoing:
    """A message that waits for room; its descriptors are ours to close."""

    data: memoryview
    fds: tuple[int, ...]


@dataclass(slots=True)
class _Incoming:
    """What was read and is not a whole message yet. Descriptors belong to the message at `at`."""

    data: bytearray = field(default_factory=bytearray)
    fds: dict[int, list[int]] = field(default_factory=dict)  # by where in the stream their message begins
    at: int = 0  # where in the stream `data` begins


class Channel:
    """One end. `handle` gets what the other end asks and tells, with descriptors that are then its own.

    What it answers is sent, and the descriptors with it are closed. One event loop uses it. Messages of the
    kinds in `prompt` are handled as they are read, in what `named` makes of the coroutine, and have a task
    only once they wait: until then there is no `asyncio.timeout` for them.
    """

    def __init__(
        self,
        sock: socket.socket,
        handle: Handle,
        *,
        prompt: tuple[type[Message], ...] = (),
        named: Callable[[Steps], Steps] = lambda steps: steps,
    ) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._handle, self._prompt, self._named = handle, prompt, named
        room = sock.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
        self._at_once_bytes = min(_AT_ONCE_BYTES, room // 2 - 64)
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._asked: dict[int, asyncio.Future[tuple[Message, list[int]]]] = {}
        self._number = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._incoming = _Incoming()
        self._whole: deque[tuple[bytes, list[int]]] = deque()  # documents that were read
        self._outgoing: deque[_Outgoing] = deque()
        self._queued = 0
        self._reads = False
        self._held = b""  # news that go with the next message
        self._is_timed = False
        self._is_open = True

    async def ask(self, message: Message, fds: Sequence[int] = ()) -> tuple[Message, list[int]]:
        """The answer, and the descriptors with it, which are then the caller's; `fds` stay the caller's.

        Raises:
            ChannelClosed: there is nobody to answer.
        """
        if not self._is_open:
            raise ChannelClosed("the channel is closed")
        self._number += 1
        number = self._number
        answer: asyncio.Future[tuple[Message, list[int]]] = self._loop.create_future()
        self._asked[number] = answer
        try:
            self._send(encode(message, number, False), fds)
            return await answer
        except BaseException:
            if answer.done() and not answer.cancelled() and answer.exception() is None:
                _close(answer.result()[1])
            raise
        finally:
            del self._asked[number]

    def tell(self, message: Message, fds: Sequence[int] = ()) -> bool:
        """Sends what is not answered; whether there is somebody to hear it. `fds` stay the caller's."""
        if self._is_open:
            self._send(encode(message, 0, False), fds)
        return self._is_open

    def tell_at_once(self, message: Message) -> bool:
        """The same where it lies in the other end's socket when this returns, whole; else it was not told."""
        self._flush()
        framed = _framed(encode(message, 0, False))
        if not self._is_open or self._outgoing or len(framed) > self._at_once_bytes:
            return False
        rest, _ = self._sent(memoryview(framed), ())
        if 0 < len(rest) < len(framed):  # with so much room Linux does not; what was begun must be ended
            self._send_framed(rest, ())
        return not rest

    def tell_soon(self, message: Message) -> None:
        """The same for news that nobody waits for: they go with the next message, or after a moment.

        Each message wakes the other end, which costs more than to read one.
        """
        if self._is_open:
            self._held += _framed(encode(message, 0, False))
            if not self._is_timed:
                self._is_timed = True
                self._loop.call_later(_MOMENT_S, self._flush)

    async def run(self) -> None:
        """Returns when the other end is gone; then all that is open here has ended too.

        Raises:
            BadMessage: the other end sent what is no message.
        """
        if self._is_open:
            self._read_on()
        try:
            await self._ended
        finally:
            self._end(None)
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def close(self) -> None:
        """Ends it from this side."""
        self._end(None)

    def hear_out(self) -> None:
        """The same, once what the other end has sent by now was read. It sends nothing more."""
        if self._is_open:
            with suppress(OSError):
                self._sock.shutdown(socket.SHUT_RD)
        for _ in range(_HEARD_OUT):
            try:
                if self._whole:
                    self._work()  # what lies behind a message at which something failed
                elif not (self._is_open and self._readable()):
                    break
            except Exception as error:  # noqa: BLE001 - told as the event loop tells it
                self._loop.call_exception_handler({"message": "news failed", "exception": error})
        self._end(None)

    def _read_on(self) -> None:
        if not self._reads and len(self._tasks) < LIMITS.channel_questions:
            self._loop.add_reader(self._sock, self._readable)
            self._reads = True

    def _readable(self) -> bool:
        """Takes up what there is; whether there was anything."""
        try:
            data, beside, flags, _ = self._sock.recvmsg(_READ_BYTES, _SPACE, socket.MSG_CMSG_CLOEXEC)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError:
            self._end(None)
            return False
        fds = array.array("i")
        for level, kind, content in beside:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                fds.frombytes(content[: len(content) - len(content) % fds.itemsize])
        if not data or flags & _CUT_SHORT:
            _close(fds)
            self._end(BadMessage("cut short") if data or self._incoming.data else None)
            return False
        try:
            self._take(data, list(fds))
        except BadMessage as error:
            self._end(error)
        return True

    def _take(self, data: bytes, fds: list[int]) -> None:
        """Descriptors come with the last message that begins in what one call reads: see unix(7)."""
        now = self._incoming
        begins = now.at + len(now.data)
        now.data += data
        last, at, starts = None, 0, []
        while len(now.data) - at >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(now.data, at)
            if length > LIMITS.channel_bytes:
                _close(fds)
                raise BadMessage("too long")
            if now.at + at >= begins:
                last = now.at + at
            if len(now.data) - at - _LENGTH.size < length:
                break
            body = at + _LENGTH.size
            starts.append((now.at + at, bytes(now.data[body : body + length])))
            at = body + length
        else:
            if at < len(now.data) and now.at + at >= begins:
                last = now.at + at
        if fds:
            if last is None:
                _close(fds)
                raise BadMessage("descriptors beside nothing")
            now.fds[last] = fds
        del now.data[:at]
        now.at += at
        self._whole.extend((document, now.fds.pop(start, [])) for start, document in starts)
        self._work()

    def _work(self) -> None:
        """Takes up what was read, also what lies behind a message at which something failed."""
        while self._whole and self._is_open:
            is_taken = False
            try:
                self._arrived(*self._whole.popleft())
                is_taken = True
            except BadMessage as error:
                self._end(error)
            finally:
                if self._whole and not is_taken:
                    self._loop.call_soon(self._work)

    def _arrived(self, document: bytes, fds: list[int]) -> None:
        try:
            message, number, is_answer = decode(document)
        except BadMessage:
            _close(fds)
            raise
        if not is_answer:
            serving: Steps = self._serve(message, number, fds)
            if isinstance(message, self._prompt):
                serving = self._named(serving)
                try:
                    serving = _Begun(serving, serving.send(None))
                except StopIteration:
                    return
            task = self._loop.create_task(serving)
            self._tasks.add(task)
            task.add_done_callback(self._served)
            if len(self._tasks) >= LIMITS.channel_questions:
                self._loop.remove_reader(self._sock)
                self._reads = False
            return
        answer = self._asked.get(number)
        if answer is None or answer.done():  # whoever asked has gone
            _close(fds)
        else:
            answer.set_result((message, fds))

    async def _serve(self, message: Message, number: int, fds: list[int]) -> None:
        answer: Message | None = _FAULT
        beside: Sequence[int] = ()
        try:
            answer, beside = await self._handle(message, fds)
        finally:
            if answer is not None and number and self._is_open:
                self._send(encode(answer, number, True), beside)
            _close(beside)

    def _served(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._loop.call_exception_handler({"message": "a question failed", "exception": error})
        if self._is_open:
            self._read_on()

    def _flush(self) -> None:
        self._is_timed = False
        if self._held and self._is_open:
            held, self._held = self._held, b""
            self._send_framed(held, ())

    def _send(self, document: bytes, fds: Sequence[int]) -> None:
        data = _framed(document)
        if self._held and fds:  # descriptors lie beside the first message of what is sent
            self._flush()
        elif self._held:
            data, self._held = self._held + data, b""
        self._send_framed(data, fds)

    def _send_framed(self, framed: bytes | memoryview, fds: Sequence[int]) -> None:
        data = memoryview(framed)
        if not self._outgoing:
            data, fds = self._sent(data, fds)
            if not data:
                return
        self._queued += len(data)
        if self._queued > LIMITS.channel_queued_bytes:
            self._end(BadMessage("the other end does not read"))
            return
        self._outgoing.append(_Outgoing(data, tuple(os.dup(each) for each in fds)))
        if len(self._outgoing) == 1 and self._is_open:
            self._loop.add_writer(self._sock, self._writable)

    def _sent(self, data: memoryview, fds: Sequence[int]) -> tuple[memoryview, Sequence[int]]:
        """What is left of both. Of who reads no more it is heard what they said before, and that is all."""
        beside = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        try:
            count = self._sock.sendmsg([data], beside, socket.MSG_NOSIGNAL)
        except (BlockingIOError, InterruptedError):
            return data, fds
        except OSError:
            self._loop.call_soon(self.hear_out)
            return data, fds
        return data[count:], ()

    def _writable(self) -> None:
        while self._outgoing:
            first = self._outgoing[0]
            rest, fds = self._sent(first.data, first.fds)
            if not self._is_open:
                return
            self._queued -= len(first.data) - len(rest)
            if not fds:
                _close(first.fds)
            if rest:
                self._outgoing[0] = _Outgoing(rest, tuple(fds))
                return
            self._outgoing.popleft()
        self._loop.remove_writer(self._sock)

    def _end(self, error: BadMessage | None) -> None:
        if not self._is_open:
            return
        self._is_open = False
        self._loop.remove_reader(self._sock)
        self._loop.remove_writer(self._sock)
        self._sock.close()
        for fds in (*self._incoming.fds.values(), *(fds for _, fds in self._whole)):
            _close(fds)
        self._whole.clear()
        for each in self._outgoing:
            _close(each.fds)
        self._outgoing.clear()
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(ChannelClosed("the other end is gone"))
        if not self._ended.done():
            if error is None:
                self._ended.set_result(None)
            else:
                self._ended.set_exception(error)


class _Begun(Steps):
    """A coroutine that has begun, and waits for `first`: a task goes on with it."""

    __slots__ = ("_first", "_steps")

    def __init__(self, steps: Steps, first: object) -> None:
        self._steps, self._first = steps, [first]

    def send(self, value: Any) -> Any:  # noqa: ANN401 - what the event loop sends
        return self._first.pop() if self._first else self._steps.send(value)

    def throw(self, *what: Any) -> Any:  # noqa: ANN401 - what the event loop throws
        self._first.clear()
        return self._steps.throw(*what)

    def close(self) -> None:
        self._steps.close()

    def __await__(self) -> Any:  # noqa: ANN401
        return self._steps.__await__()


def _framed(document: bytes) -> bytes:
    return _LENGTH.pack(len(document)) + document


def _close(fds: Sequence[int]) -> None:
    for fd in fds:
        os.close(fd)
