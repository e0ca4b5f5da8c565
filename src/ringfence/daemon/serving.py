"""The daemon's loop: sessions of boxes come and go at the control socket, broker and proxy serve them.

One thread, so that a child can be forked at any time. A child that dies is started again and is given all
sessions; a box's programs see connections that broke off, and the next one works. The daemon keeps each
session's sockets, its authority, and what the broker said of its placeholders; it has no secret of the vault.
"""

import select
import socket
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ringfence.core.errors import RingfenceError
from ringfence.daemon.children import Child, Entry, fork_child
from ringfence.daemon.control import Control, is_own
from ringfence.daemon.sessions import Session
from ringfence.egress.messages import CloseSession, NewProxy, Refused, Serving, SessionOpened
from ringfence.egress.wire import BadMessage

__all__ = ["ChildrenEnd", "serve"]

_IDLE_S = 600.0
_STARTS = 8  # in so many seconds, and no more: what ends at once will do so again
_STARTS_IN_S = 30.0


class ChildrenEnd(RingfenceError):
    """Broker or proxy end as soon as they are started."""


def serve(
    control: Control,
    *,
    broker: Entry,
    proxy: Entry,
    broker_keeps: Sequence[int] = (),
    idle_s: float = _IDLE_S,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Serves sessions until there was none for `idle_s` seconds; then closes all that it has, `control` too.

    `broker_keeps` are descriptors that each broker finds open, at their numbers; they stay the caller's.

    Raises:
        ChildrenEnd: they cannot be kept running.
        OSError: no process can be had.
    """
    daemon = _Daemon(
        control=control,
        broker_is=broker,
        proxy_is=proxy,
        broker_keeps=broker_keeps,
        idle_s=idle_s,
        now=now,
        clock=clock,
    )
    try:
        daemon.start()
        daemon.run()
    finally:
        daemon.close()


@dataclass(slots=True, kw_only=True, eq=False)
class _Daemon:
    """All that it has. `handlers` are what is done when a descriptor is ready."""

    control: Control
    broker_is: Entry
    proxy_is: Entry
    broker_keeps: Sequence[int]
    idle_s: float
    now: Callable[[], datetime]
    clock: Callable[[], float]
    broker: Child | None = None
    proxy: Child | None = None
    sessions: dict[int, Session] = field(default_factory=dict)  # by their connection's descriptor
    handlers: dict[int, Callable[[], None]] = field(default_factory=dict)
    poll: select.poll = field(default_factory=select.poll)
    waiting: dict[tuple[str, int], Session] = field(default_factory=dict)  # by child and question's number
    started: deque[float] = field(default_factory=deque)

    def run(self) -> None:
        """Until it is idle for long enough."""
        self._hear(self.control.listener.fileno(), self._accept)
        idle_since = self.clock()
        while True:
            if self.sessions:
                idle_since = self.clock()
            left = idle_since + self.idle_s - self.clock()
            if not self.sessions and left <= 0:
                return
            ready = self.poll.poll(None if self.sessions else left * 1000 + 1)
            known = [(fd, self.handlers[fd]) for fd, _ in ready]
            for fd, handler in known:
                if (
                    self.handlers.get(fd) is handler
                ):  # else it was closed meanwhile, and the number is another's
                    handler()

    def close(self) -> None:
        """Ends sessions, children and the control socket."""
        self.control.close()
        for each in self.sessions.values():
            each.close()
        for child in (self.broker, self.proxy):
            if child is not None:
                child.end(at_once=False)

    def start(self) -> None:
        """Starts both anew, and gives them all sessions."""
        self._count_start()
        for_broker, for_proxy = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with for_proxy:
            self.broker = self._child(
                self.broker_is, for_broker, self._broker_says, self._broker_gone, keeps=self.broker_keeps
            )
            self.proxy = self._child(self.proxy_is, for_proxy, self._proxy_says, self._proxy_gone)
        self.waiting.clear()
        for session in list(self.sessions.values()):
            self._open(session)

    def _child(
        self,
        entry: Entry,
        other: socket.socket,
        says: Callable[[], None],
        gone: Callable[[], None],
        *,
        keeps: Sequence[int] = (),
    ) -> Child:
        child = fork_child(entry, other, keeps=keeps)
        self._hear(child.channel.fileno(), says)
        self._hear(child.pidfd, gone)
        return child

    def _count_start(self) -> None:
        self.started.append(self.clock())
        while self.started[0] < self.clock() - _STARTS_IN_S:
            self.started.popleft()
        if len(self.started) > _STARTS:
            raise ChildrenEnd(
                "the processes that serve boxes end as soon as they are started",
                hint="look at what they wrote; ringfence doctor says what this machine lacks",
            )

    def _end(self, child: Child | None) -> None:
        if child is not None:
            self._leave(child.channel.fileno())
            self._leave(child.pidfd)
            child.end(at_once=True)

    def _broker_gone(self) -> None:
        """The proxy knows connections that no other broker does: it goes too."""
        self._end(self.proxy)
        self._end(self.broker)
        self.proxy = self.broker = None
        self.start()

    def _proxy_gone(self) -> None:
        self._end(self.proxy)
        self.proxy = None
        self._count_start()
        for_broker, for_proxy = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with for_broker:
            self.proxy = self._child(self.proxy_is, for_proxy, self._proxy_says, self._proxy_gone)
            if self.broker is not None:
                with suppress(OSError):
                    self.broker.tell(NewProxy(session=""), [for_broker.fileno()])
        for key in [key for key in self.waiting if key[0] == "proxy"]:
            del self.waiting[key]
        for session in list(self.sessions.values()):
            self._serve(session)

    def _broker_says(self) -> None:
        try:
            found = self.broker.read() if self.broker is not None else None
        except (OSError, BadMessage):
            self._broker_gone()
            return
        if found is None:
            return
        message, number = found
        session = self.waiting.pop(("broker", number), None)
        if session is None:
            return
        if session.is_closed:  # while the broker opened it
            self._forget(session)
            return
        match message:
            case SessionOpened() if session.opened(message):
                self._serve(session)  # where this broker stands in for another one
            case SessionOpened():
                self._drop(session)
            case Refused():
                session.failed(message)
                self._drop(session)

    def _proxy_says(self) -> None:
        try:
            found = self.proxy.read() if self.proxy is not None else None
        except (OSError, BadMessage):
            self._proxy_gone()
            return
        if found is None:
            return
        message, number = found
        session = self.waiting.pop(("proxy", number), None)
        if session is None or session.is_closed:
            return
        match message:
            case Serving():
                if not session.attached():
                    self._drop(session)
            case Refused():
                session.failed(message)
                self._drop(session)

    def _accept(self) -> None:
        try:
            connection, _ = self.control.listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        if not is_own(connection):
            connection.close()
            return
        session = Session(connection, now=self.now)
        fd = connection.fileno()
        self.sessions[fd] = session
        self._hear(fd, lambda: self._client_says(session))

    def _client_says(self, session: Session) -> None:
        try:
            was_open = session.opening is not None
            if not session.hear(taken={each.name for each in self.sessions.values()}):
                return
        except (OSError, BadMessage):
            self._drop(session)
            return
        if was_open:
            self._serve(session)
        else:
            self._open(session)

    def _open(self, session: Session) -> None:
        """Asks the broker for it. A broker that is gone is found, and asked anew, in the next round."""
        if self.broker is None or session.opening is None:
            return
        try:
            self.waiting["broker", self.broker.ask(session.opening)] = session
        except ValueError:  # too long
            self._drop(session)
        except OSError:
            return

    def _serve(self, session: Session) -> None:
        """Gives broker and proxy the session's sockets, if it has them yet."""
        sockets = session.sockets
        if sockets is None or self.broker is None or self.proxy is None:
            return
        if sockets.diag is not None:
            with suppress(OSError):
                self.broker.tell(sockets.watch, [sockets.diag])
        try:
            self.waiting["proxy", self.proxy.ask(sockets.serve, sockets.fds)] = session
        except ValueError:  # too long
            self._drop(session)
        except OSError:
            return

    def _drop(self, session: Session) -> None:
        fd = session.fileno()
        self._leave(fd)
        del self.sessions[fd]
        self._forget(session)
        session.close()

    def _forget(self, session: Session) -> None:
        """Tells broker and proxy that it is over, unless another one has its name by now."""
        if not session.name or session.name in {each.name for each in self.sessions.values()}:
            return
        for child in (self.broker, self.proxy):
            if child is not None:
                with suppress(OSError):
                    child.tell(CloseSession(session=session.name))

    def _hear(self, fd: int, handler: Callable[[], None]) -> None:
        self.handlers[fd] = handler
        self.poll.register(fd, select.POLLIN)

    def _leave(self, fd: int) -> None:
        if self.handlers.pop(fd, None) is not None:
            self.poll.unregister(fd)
