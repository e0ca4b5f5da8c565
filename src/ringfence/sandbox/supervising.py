"""The loop that watches one box: its terminal, its messages, what its filter refuses, its time, our signals.

One thread; nothing in it waits but the one poll. What a box says is believed as far as it is about itself;
that nothing of it is left is read off its first process.
"""

import errno
import os
import select
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING

from ringfence.core.dataclass import dataclass
from ringfence.core.errors import RingfenceError
from ringfence.core.limits import LIMITS
from ringfence.sandbox.box import Box
from ringfence.sandbox.covers import Covering
from ringfence.sandbox.linux.seccomp.listening import Refused, answer, wake_at_once
from ringfence.sandbox.linux.starting import Start, StartReader
from ringfence.sandbox.messages import (
    BoxSocket,
    Ended,
    Failed,
    LimitsMet,
    Listener,
    NotRun,
    Ready,
    Socket,
    Sockets,
    Stopped,
)
from ringfence.sandbox.messages import Terminal as OwnTerminal
from ringfence.sandbox.starts import Starts
from ringfence.sandbox.terminal.terminal import Terminal, set_size

if TYPE_CHECKING:
    from ringfence.sandbox.publishing import Publishing
    from ringfence.sandbox.terminal.relay import Relay

__all__ = ["NotStanding", "Outcome", "Supervisor"]

_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)
_HEARD = (*_FORWARDED, signal.SIGWINCH, signal.SIGTSTP, signal.SIGCONT)
_NOT_FOUND, _NOT_EXECUTABLE = 127, 126
_GRACE_S = 5.0  # between being asked to end and being ended
_BREATH_S = 0.01  # between two looks at what was replaced: in some folders something happens all the time
_HOUR_S = 3600.0  # the kernel counts what is waited for at one time in milliseconds, up to some weeks


class NotStanding(RingfenceError):
    """The box did not come to stand, and said nothing of why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a box ended."""

    status: int  # as a shell says it: 128 and the signal's number when one ended it
    ran: bool  # False: the program could not be executed
    over_time: bool
    lost: bool  # it was killed from outside
    lasted_s: float


class Supervisor:
    """Watches `box`. `terminal` is the user's, if the box has one of its own; `keys`: input comes from it.

    `covering` covers again what somebody outside replaces; `starts` counts what starts in the box.
    `publishing` leads ports of the machine there, once the command runs.
    """

    def __init__(
        self,
        box: Box,
        *,
        terminal: Terminal | None,
        keys: bool,
        machine: str,
        monotonic: Callable[[], float],
        covering: Covering | None = None,
        starts: Starts | None = None,
        publishing: "Publishing | None" = None,
    ) -> None:
        self.calls: Counter[tuple[str, str]] = Counter()  # of refused system calls, and whose
        self.limits_met: LimitsMet | None = None
        self.sockets: tuple[BoxSocket, ...] = ()  # from `stand` on, until they are closed
        self.catches_all = False  # every TCP port reaches one of them
        self._box, self._terminal, self._keys = box, terminal, keys
        self._machine, self._monotonic = machine, monotonic
        self._covering, self._covers_from = covering, 0.0
        self._starts = starts
        self._publishing = publishing
        self._reader = None if starts is None else StartReader(starts.is_new)
        self._relay: Relay | None = None
        self._master: int | None = None
        self._listener: int | None = None
        self._ended: Ended | NotRun | None = None
        self._over = False
        self._is_stopped = False  # the command, alone

    @property
    def is_listening(self) -> bool:
        """Whether the box gave what tells of its calls."""
        return self._listener is not None

    @property
    def escapes(self) -> Counter[str]:
        """What was kept from the terminal."""
        return self._relay.escapes.dropped if self._relay else Counter()

    def stand(self) -> Ready | Failed:
        """Waits until the box stands, or says why it does not.

        Raises:
            NotStanding: it ended without a word, or takes too long.
        """
        until = self._monotonic() + LIMITS.start_wait_s
        while told := self._waiting().poll(max(0.0, until - self._monotonic()) * 1000):
            if any(fd == self._listener for fd, _ in told):
                self._answer()  # the box tries what must fail
            if not any(fd == self._box.fileno() for fd, _ in told):
                continue
            match self._box.receive():
                case Ready() as ready:
                    return ready
                case Failed() as failed:
                    self.close_sockets()
                    return failed
                case OwnTerminal(fd=fd):
                    self._take_terminal(fd)
                case Listener(fd=fd):
                    self._listener = fd
                    wake_at_once(fd)
                case Sockets(sockets=sockets, catches_all=catches_all):
                    self.sockets, self.catches_all = sockets, catches_all
                case None:
                    raise NotStanding(
                        "the box ended before its command could start",
                        hint="look whether this machine has run out of memory, and try again",
                    )
        raise NotStanding(
            f"the box did not stand within {LIMITS.start_wait_s:.0f} seconds", hint="try again; see: uptime"
        )

    def close_sockets(self) -> None:
        """Somebody else has them now, or nobody needs them."""
        for each in self.sockets:
            os.close(each.fd)
        self.sockets = ()

    def watch(self, *, wall_s: int | None) -> Outcome:
        """Lets the command start, and returns when nothing of the box is left."""
        begun = self._monotonic()
        with _signals() as heard, self._raw():
            self._box.go()
            if self._publishing is not None:
                self._publishing.begin(self._box.ask_socket)
            deadline = None if wall_s is None else begun + wall_s
            over_time = False
            while not self._over:
                if deadline is not None and self._monotonic() >= deadline:
                    if over_time:
                        self._box.kill()
                    else:
                        self._box.signal(signal.SIGTERM)
                    over_time, deadline = True, (None if over_time else deadline + _GRACE_S)
                self._turn(heard, deadline)
            self._wait_for_end()
            if self._relay:
                self._relay.finish()
        lost = self._ended is None
        status, ran = self._status()
        return Outcome(
            status=status,
            ran=ran,
            over_time=over_time,
            lost=lost and not over_time,
            lasted_s=self._monotonic() - begun,
        )

    def _turn(self, heard: int, deadline: float | None) -> None:
        """Waits for whatever comes first, and does what is to be done then."""
        relay, poll = self._relay, select.poll()
        reads = self._always_read() | {heard} | (relay.reads() if relay else set())
        if self._covering is not None:
            if self._monotonic() >= self._covers_from:
                reads.add(self._covering.fileno())
            else:
                deadline = min(self._covers_from, deadline or self._covers_from)
        writes = relay.writes() if relay else set()
        for fd in reads | writes:
            poll.register(fd, (select.POLLIN if fd in reads else 0) | (select.POLLOUT if fd in writes else 0))
        wait_ms = None if deadline is None else max(0.0, min(deadline - self._monotonic(), _HOUR_S)) * 1000
        ready = poll.poll(wait_ms)
        readable = {fd for fd, events in ready if events & ~select.POLLOUT} & reads
        if heard in readable:
            self._hear(heard)
        if self._listener in readable:
            self._refuse()
        if self._covering is not None and self._covering.fileno() in readable:
            self._covering.cover()
            self._covers_from = self._monotonic() + _BREATH_S
        if self._publishing is not None:
            self._publishing.turn()
        if relay:
            relay.ready(readable=readable, writable={fd for fd, e in ready if e & select.POLLOUT})
        if self._box.fileno() in readable:
            self._listen()
        elif self._box.pidfd in readable:  # it has ended, and whoever else has its socket does not matter
            self._over = True

    def _always_read(self) -> set[int]:
        reads = {self._box.fileno(), self._box.pidfd}
        if self._listener is not None:
            reads.add(self._listener)
        if self._publishing is not None:
            reads.add(self._publishing.fileno())
        return reads

    def _listen(self) -> bool:
        """Whether more may be said."""
        message = self._box.receive()
        match message:
            case None:
                self._over = True
            case Ended() | NotRun():
                self._ended = message
                self._uncover()
            case Stopped():
                self._suspend()
            case Socket(fd=fd):
                self._give(fd)
            case LimitsMet():
                self.limits_met = message
            case _:
                pass
        return message is not None

    def _uncover(self) -> None:
        if self._covering is not None:
            self._covering.end()
            self._covering = None

    def _give(self, fd: int | None) -> None:
        if self._publishing is not None:
            self._publishing.given(fd)
        elif fd is not None:
            os.close(fd)

    def _hear(self, heard: int) -> None:
        for number in os.read(heard, 64):
            if number == signal.SIGWINCH:
                self._fit()
            elif number == signal.SIGCONT:
                if self._terminal and self._keys:
                    self._terminal.make_raw()
                self._fit()
                if self._is_stopped:
                    self._is_stopped = False
                    self._box.resume()
            else:
                self._box.signal(number)

    def _suspend(self) -> None:
        """The command was stopped, so its supervisor stops as well, and both go on together.

        Not where nobody sits at a terminal: a command that stops itself would keep its time from being over.
        """
        if not _has_terminal():
            self._is_stopped = True
            return
        if self._terminal:
            self._terminal.restore()
        os.kill(os.getpid(), signal.SIGSTOP)
        if self._terminal and self._keys:
            self._terminal.make_raw()
        self._fit()
        self._box.resume()

    def _refuse(self) -> None:
        told = self._answer()
        for each in told:  # programs call themselves what they like, as often as they like
            if isinstance(each, Start):
                if self._starts is not None:
                    self._starts.count(each)
                continue
            is_counted = (each.call, each.comm) in self.calls or len(self.calls) < LIMITS.refused_kinds
            self.calls[each.call, each.comm if is_counted else ""] += 1
        if not told and self._listener is not None and _is_over(self._listener):
            os.close(self._listener)
            self._listener = None

    def _answer(self) -> tuple[Refused | Start, ...]:
        assert self._listener is not None
        with suppress(OSError):
            read = None if self._reader is None else self._reader.read
            return answer(self._listener, machine=self._machine, read=read)
        return ()

    def _waiting(self) -> select.poll:
        poll = select.poll()
        poll.register(self._box, select.POLLIN)
        if self._listener is not None:
            poll.register(self._listener, select.POLLIN)
        return poll

    def _take_terminal(self, fd: int) -> None:
        from ringfence.sandbox.terminal.relay import Relay  # not every box has a terminal

        assert self._terminal is not None
        os.set_blocking(fd, True)
        self._master = fd
        self._relay = Relay(fd, keys=self._terminal.fd if self._keys else None, screen=self._terminal.fd)
        self._fit()

    def _fit(self) -> None:
        if self._terminal and self._master is not None:
            with suppress(OSError):
                set_size(self._master, self._terminal.size())

    @contextmanager
    def _raw(self) -> Iterator[None]:
        if self._terminal and self._keys:
            with self._terminal.raw():
                yield
        else:
            yield

    def _wait_for_end(self) -> None:
        """Until the last process is gone; the first one's descriptor says so."""
        poll = select.poll()
        poll.register(self._box.pidfd, select.POLLIN)
        while not poll.poll():
            pass
        self._hear_launcher()
        if self._listener is not None:
            os.close(self._listener)
            self._listener = None
        self.close_sockets()

    def _hear_launcher(self) -> None:
        """Its last word, of limits that the box met; then it closes its end, which others may hold too."""
        poll = select.poll()
        poll.register(self._box, select.POLLIN)
        until = self._monotonic() + LIMITS.last_word_s
        while poll.poll(max(0.0, until - self._monotonic()) * 1000) and self._listen():
            pass

    def _status(self) -> tuple[int, bool]:
        match self._ended:
            case Ended(status=status):
                code = os.waitstatus_to_exitcode(status)
                return (128 - code if code < 0 else code), True
            case NotRun(errno=number):
                return (_NOT_FOUND if number in (errno.ENOENT, errno.ENOTDIR) else _NOT_EXECUTABLE), False
            case None:
                return 128 + signal.SIGKILL, True


def _has_terminal() -> bool:
    """Whether this process has one that controls it, whatever its streams are."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC))
    except OSError:
        return False
    return True


def _is_over(listener: int) -> bool:
    poll = select.poll()
    poll.register(listener, 0)
    return any(events & select.POLLHUP for _, events in poll.poll(0))


@contextmanager
def _signals() -> Iterator[int]:
    """A descriptor from which the numbers of signals are read, while they do nothing else."""
    read, write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    before = {number: signal.signal(number, _nothing) for number in _HEARD}
    wakeup = signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    try:
        yield read
    finally:
        signal.set_wakeup_fd(wakeup)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(read)
        os.close(write)


def _nothing(_number: int, _frame: FrameType | None) -> None:
    """A signal that is read from the descriptor."""
