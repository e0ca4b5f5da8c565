"""Between a tool server in a box and its client outside: lines read, judged, and handed on.

One thread of its own, with one poll in which it waits: a side that does not read keeps the other one waiting,
and nothing else. What waits for an operator is looked at now and then, as the broker does.

When the client is gone or says no more, the server's input ends; when the server stays all the same, it is
asked to end, and then ended. When the box is gone, the client gets the rest of what the server said.

Source: the MCP specification, 2025-06-18 (transports: stdio; lifecycle: shutdown); poll(2), pipe(7).
"""

import os
import select
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from threading import Thread

from ringfence.app.running.lines import Lines
from ringfence.app.running.tool_calls import NotLet, ToolCalls, handed_over
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.protocols.listed_tools import ChangedTool
from ringfence.protocols.mcp_streams import Conversation, Dropped, Judged, Passed, Side, Step
from ringfence.protocols.rpc_lines import error_line
from ringfence.sandbox.box import Box

__all__ = ["ToolRelay"]

_CHUNK = 64 * 1024
_ROOM = select.PIPE_BUF  # that a pipe with room takes without waiting; the client's may wait
_TOO_LONG = "a message that is too long"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """A call that waits for an operator."""

    judged: Judged
    refused: NotLet
    until: float


class ToolRelay:
    """That of one run. Close it at the end.

    `clock` counts seconds that only grow; `client` is read from, and written to; for `asked_s` seconds a
    call waits for an operator.
    """

    def __init__(
        self,
        calls: ToolCalls,
        *,
        clock: Callable[[], float],
        client: tuple[int, int] = (0, 1),
        asked_s: float = LIMITS.egress_asked_s,
    ) -> None:
        self._calls, self._clock, self._asked_s = calls, clock, asked_s
        self._conversation = Conversation(may=calls.may, still=calls.is_still_let)
        self._of_client: int | None = client[0]
        self._to_client: int | None = client[1]
        given_in, to_server = os.pipe2(os.O_CLOEXEC)
        of_server, given_out = os.pipe2(os.O_CLOEXEC)
        self._to_server: int | None = to_server
        self._of_server: int | None = of_server
        self._given: tuple[int, ...] = (given_in, given_out)
        self._heard, self._wake = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(to_server, False)
        self._lines = {Side.CLIENT: Lines(LIMITS.app_body_bytes), Side.SERVER: Lines(LIMITS.app_push_bytes)}
        self._queued = {Side.CLIENT: bytearray(), Side.SERVER: bytearray()}
        self._held: list[_Held] = []
        self._looked_at = 0.0
        self._ends_at: float | None = None  # the next step towards the server's end
        self._is_asked_to_end = False
        self._is_left = False  # the client is gone, and what it said last cannot be taken yet
        self._flushed_by: float | None = None  # the box is gone
        self._error: BaseException | None = None

    @property
    def given(self) -> tuple[int, int]:
        """The box's standard input and output."""
        return self._given[0], self._given[1]

    @contextmanager
    def at_work(self, box: Box) -> Iterator[None]:
        """Hands lines on while the box is there; afterwards the rest of them.

        Raises:
            RingfenceError: what was said could not be recorded, so the box was ended.
        """
        for fd in self._given:
            os.close(fd)
        self._given = ()
        thread = Thread(target=self._run, args=(box,), name="tools")
        thread.start()
        try:
            yield
        finally:
            os.write(self._wake, b".")
            thread.join()
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Gives the descriptors back that are its own."""
        for fd in (*self._given, self._to_server, self._of_server, self._heard, self._wake):
            if fd is not None:
                os.close(fd)
        self._given, self._to_server, self._of_server = (), None, None

    def __enter__(self) -> "ToolRelay":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self, box: Box) -> None:
        try:
            while not self._is_over():
                self._turn(box)
            self._calls.close()
        except BaseException as error:  # noqa: BLE001 - whoever waits for the thread raises it
            self._error = error
            box.kill()

    def _is_over(self) -> bool:
        if self._flushed_by is None:
            return False
        is_late = self._clock() >= self._flushed_by
        return is_late or (self._of_server is None and not self._queued[Side.CLIENT])

    def _turn(self, box: Box) -> None:
        """Waits for whatever comes first, and does what is to be done then."""
        poll = select.poll()
        has_room = all(len(each) < LIMITS.rpc_queued_bytes for each in self._queued.values())
        is_stuck = len(self._queued[Side.SERVER]) >= LIMITS.rpc_queued_bytes and not self._is_left
        for fd, event, is_wanted in (
            (self._heard, select.POLLIN, self._flushed_by is None),
            (self._of_client, select.POLLIN if has_room else 0, has_room or is_stuck),
            (self._of_server, select.POLLIN, has_room),
            (self._to_client, select.POLLOUT, bool(self._queued[Side.CLIENT])),
            (self._to_server, select.POLLOUT, bool(self._queued[Side.SERVER])),
        ):
            if fd is not None and is_wanted:
                poll.register(fd, event)
        ready = {fd for fd, _ in poll.poll(self._wait_ms())}
        if self._heard in ready:
            self._flushed_by = self._clock() + LIMITS.rpc_flush_s
            self._of_client = None
            self._held.clear()
        if self._to_client in ready:
            self._write(Side.CLIENT)
        if self._to_server in ready:
            self._write(Side.SERVER)
        if self._of_client in ready and has_room:
            self._take_of_client()
        elif self._of_client in ready:
            self._is_left = True
        if self._of_server in ready:
            self._take_of_server()
        self._look_at_held()
        self._end(box)

    def _wait_ms(self) -> float | None:
        times = [self._ends_at, self._flushed_by]
        times += [self._looked_at + LIMITS.egress_asked_every_s] if self._held else []
        known = [each for each in times if each is not None]
        return max(0.0, min(known) - self._clock()) * 1000 if known else None

    def _take_of_client(self) -> None:
        assert self._of_client is not None
        data = _read(self._of_client)
        if not data:
            self._of_client = None
            if self._lines[Side.CLIENT].has_rest:
                self._do([Dropped(by=Side.CLIENT, what="a message that does not end")])
            return
        for line in self._lines[Side.CLIENT].feed(data):
            if line is None:
                self._do([Dropped(by=Side.CLIENT, what=_TOO_LONG)])
                self._queue(Side.CLIENT, error_line(None, -32600, _TOO_LONG))
            else:
                self._do(self._conversation.of_client(line, self._calls.said_now()))

    def _take_of_server(self) -> None:
        assert self._of_server is not None
        data = _read(self._of_server)
        if not data:
            os.close(self._of_server)
            self._of_server = None
            if self._lines[Side.SERVER].has_rest:
                self._do([Dropped(by=Side.SERVER, what="a message that does not end")])
            return
        for line in self._lines[Side.SERVER].feed(data):
            if line is None:
                self._do([Dropped(by=Side.SERVER, what=_TOO_LONG)])
                continue
            for step in self._conversation.of_server(line):
                if isinstance(step, Passed) and step.to is Side.CLIENT:
                    self._calls.hears()
                self._do([step])

    def _do(self, steps: Iterable[Step]) -> None:
        for step in steps:
            match step:
                case Passed(to=to, line=line):
                    self._queue(to, line)
                case Judged():
                    self._judge(step, may_wait=True)
                case Dropped():
                    self._calls.drop(step)
                case ChangedTool():
                    self._calls.change(step)

    def _judge(self, judged: Judged, *, may_wait: bool) -> None:
        decided = self._calls.decide(judged)
        if not isinstance(decided, NotLet):
            passed = self._conversation.let(judged, decided)
            if passed is not None:
                line = handed_over(decided, judged, passed, seals=self._calls.door.seals)
                self._queue(Side.SERVER, line)
        elif decided.ask is not None and may_wait and len(self._held) < LIMITS.egress_held:
            until = self._clock() + self._asked_s
            self._held.append(_Held(judged=judged, refused=decided, until=until))
        else:
            self._do(self._conversation.refuse(judged, decided.why))

    def _queue(self, to: Side, line: bytes) -> None:
        """For who is still there. As long as the client is told something, the server may stay."""
        if (self._to_client if to is Side.CLIENT else self._to_server) is None:
            return
        self._queued[to] += line
        if to is Side.CLIENT and self._ends_at is not None and not self._is_asked_to_end:
            self._ends_at = self._clock() + LIMITS.rpc_ending_s

    def _look_at_held(self) -> None:
        now = self._clock()
        if not self._held or now < self._looked_at + LIMITS.egress_asked_every_s:
            return
        self._looked_at = now
        held, self._held = self._held, []
        for each in held:
            if not self._conversation.is_wanted(each.judged):
                continue
            if now >= each.until:
                self._do(self._conversation.refuse(each.judged, each.refused.why))
            elif each.refused.ask is None or not self._calls.is_asked(each.refused.ask):
                self._judge(each.judged, may_wait=False)
            else:
                self._held.append(each)

    def _write(self, to: Side) -> None:
        fd, queued = (self._to_client if to is Side.CLIENT else self._to_server), self._queued[to]
        assert fd is not None
        try:
            written = os.write(fd, queued[: _ROOM if to is Side.CLIENT else _CHUNK])
        except BlockingIOError:
            return
        except OSError:  # nobody reads there any more
            queued.clear()
            if to is Side.CLIENT:
                self._to_client = self._of_client = None
                self._held.clear()
            else:
                self._say_no_more()
            return
        del queued[:written]

    def _end(self, box: Box) -> None:
        """The next step, once nobody talks to the server any more, or it has closed its output."""
        is_left = self._of_client is None and not self._queued[Side.SERVER] and not self._held
        if is_left or self._of_server is None:
            self._say_no_more()
        is_gone = (self._of_client is None or self._is_left) and not self._held
        if (is_gone or self._to_server is None) and self._ends_at is None:
            self._ends_at = self._clock() + LIMITS.rpc_ending_s
        if self._ends_at is None or self._clock() < self._ends_at:
            return
        if self._is_asked_to_end:
            box.kill()
        else:
            box.signal(signal.SIGTERM)
        self._is_asked_to_end, self._ends_at = True, self._clock() + LIMITS.rpc_ending_s

    def _say_no_more(self) -> None:
        if self._to_server is not None:
            os.close(self._to_server)
            self._to_server = None
            self._queued[Side.SERVER].clear()
            if not self._is_asked_to_end:
                self._ends_at = None  # it has all of its time from when it is told


def _read(fd: int) -> bytes:
    """What is there; nothing where its other side is gone."""
    with suppress(OSError):
        return os.read(fd, _CHUNK)
    return b""
