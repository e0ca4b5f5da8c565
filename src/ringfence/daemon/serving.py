"""The daemon's loop: sessions of boxes come and go at the control socket, broker and proxies serve them.

One thread, so that a child can be forked at any time. Each session has a proxy of its own: what a program can
do to it, it does to its own session alone. A child that dies is started again and is given what it had to
serve; a box's programs see connections that broke off, and the next one works. A session whose proxy dies
again and again ends, and is told why. The daemon keeps each session's sockets, its authority, and what the
broker said of its placeholders; it has no secret of the vault.
"""

import mmap
import select
import socket
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import field
from datetime import UTC, datetime
from functools import partial

from ringfence.core.dataclass import dataclass
from ringfence.core.errors import RingfenceError
from ringfence.daemon.children import Child, fork_child
from ringfence.daemon.control import Control, is_own
from ringfence.daemon.forking import Entry, Forker, start_forker
from ringfence.daemon.sessions import Session
from ringfence.egress.broker.blame import blamed
from ringfence.egress.messages import (
    CloseSession,
    NewProxy,
    Refused,
    Serving,
    SessionOpened,
    Tell,
    Trouble,
)
from ringfence.egress.proxy.main import prepare
from ringfence.egress.wire import BadMessage

__all__ = ["ChildrenEnd", "serve"]

_IDLE_S = 600.0
_STARTS = 8  # of the broker in so many seconds, and no more: what ends at once will do so again
_PROXIES = 4  # of one session
_DEATHS = 4  # of brokers, at the work of one session
_WITHIN_S = 30.0
_LOG = "see the daemon's log: ringfence daemon status"
_NOT_SERVED = Refused(what="the session's proxy does not serve it", hint=_LOG)


class ChildrenEnd(RingfenceError):
    """The broker ends as soon as it is started."""


def serve(
    control: Control,
    *,
    broker: Callable[[socket.socket], None],
    proxy: Entry,
    broker_keeps: Sequence[int] = (),
    notifier: Callable[[socket.socket], None] | None = None,
    page: mmap.mmap | None = None,
    prepare_proxy: Callable[[], None] = prepare,
    idle_s: float = _IDLE_S,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Serves sessions until there was none for `idle_s` seconds; then closes all that it has, `control` too.

    `broker` is given its socket to the daemon, by which its proxies come. `broker_keeps` are descriptors that
    each broker finds open, at their numbers; they stay the caller's. `notifier` tells operators of questions,
    finds the same open, and is forked before there is a session; where it ends, nobody else notices.
    On `page` the broker says whose work it is at. `prepare_proxy` reads, once, what a proxy needs: each is
    confined before it is `proxy`.

    Raises:
        ChildrenEnd: they cannot be kept running.
        OSError: no process can be had.
    """
    forker = start_forker(proxy, prepare=prepare_proxy)
    told = None if notifier is None else fork_child(notifier, keeps=broker_keeps)
    daemon = _Daemon(
        control=control,
        broker_is=broker,
        broker_keeps=broker_keeps,
        forker=forker,
        page=page,
        idle_s=idle_s,
        now=now,
        clock=clock,
    )
    try:
        daemon.start()
        daemon.run()
    finally:
        daemon.close()
        if told is not None:
            told.end(at_once=True)


@dataclass(slots=True, kw_only=True)
class _Recent:
    """Those of late. `add` says whether they are no more than may be."""

    clock: Callable[[], float]
    most: int
    at: deque[float] = field(default_factory=deque)

    def add(self) -> bool:
        self.at.append(self.clock())
        while self.at[0] < self.clock() - _WITHIN_S:
            self.at.popleft()
        return len(self.at) <= self.most


@dataclass(slots=True, kw_only=True, eq=False)
class _Served:
    """A session, and its proxy once it has one."""

    session: Session
    ends: _Recent  # of its proxy, while one broker served
    deaths: _Recent  # of brokers, at its work
    ends_for: str = ""  # why it ends as soon as a broker knows it, and can record that
    proxy: Child | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class _Daemon:
    """All that it has. `handlers` are what is done when a descriptor is ready."""

    control: Control
    broker_is: Callable[[socket.socket], None]
    broker_keeps: Sequence[int]
    forker: Forker
    page: mmap.mmap | None
    idle_s: float
    now: Callable[[], datetime]
    clock: Callable[[], float]
    broker: Child | None = None
    sessions: dict[int, _Served] = field(default_factory=dict)  # by their connection's descriptor
    handlers: dict[int, Callable[[], None]] = field(default_factory=dict)
    poll: select.poll = field(default_factory=select.poll)
    waiting: dict[int, _Served] = field(default_factory=dict)  # by the number of the question to the broker
    starts: _Recent = field(init=False)  # of the broker

    def __post_init__(self) -> None:
        self.starts = _Recent(clock=self.clock, most=_STARTS)

    def run(self) -> None:
        """Until it is idle for long enough."""
        self._hear(self.control.listener.fileno(), self._accept)
        self._hear(self.forker.process.pidfd, self._forker_gone)
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
                if self.handlers.get(fd) is handler:  # else it was closed, and the number is another's
                    handler()

    def close(self) -> None:
        """Ends sessions, children and the control socket."""
        self.control.close()
        for each in self.sessions.values():
            self._end(each.proxy)
            each.session.close()
        self.forker.process.end(at_once=True)
        if self.broker is not None:
            self.broker.end(at_once=False)

    def start(self, *, is_blamed: bool = False) -> None:
        """Starts the broker anew, and gives it all sessions. `is_blamed`: one of these is why it must."""
        if not is_blamed and not self.starts.add():
            raise ChildrenEnd(
                "the process that decides for boxes ends as soon as it is started",
                hint="look at what it wrote; ringfence doctor says what this machine lacks",
            )
        self.broker = fork_child(self.broker_is, keeps=self.broker_keeps)
        self._hear(self.broker.channel.fileno(), self._broker_says)
        self._hear(self.broker.pidfd, self._broker_gone)
        self.waiting.clear()
        for each in list(self.sessions.values()):
            self._open(each)

    def _end(self, child: Child | None) -> None:
        if child is not None:
            self._leave(child.channel.fileno())
            self._leave(child.pidfd)
            child.end(at_once=True)

    def _forker_gone(self) -> None:
        raise ChildrenEnd(
            "the process that proxies are forked from has ended", hint="run it again: the daemon starts anew"
        )

    def _broker_gone(self) -> None:
        """Proxies know connections that no other broker does: they go too.

        One may have ended of it before its broker was seen to be gone; that was not its session's doing.
        """
        for each in self.sessions.values():
            self._end(each.proxy)
            each.proxy = None
            each.ends.at.clear()
        self._end(self.broker)
        self.broker = None
        name = blamed(self.page) if self.page is not None else ""
        served = next((each for each in self.sessions.values() if name and each.session.name == name), None)
        if served is not None and not served.deaths.add():
            served.ends_for = (
                f"the process that decides has ended {_DEATHS} times within {_WITHIN_S:.0f} seconds, "
                "at the work of this session"
            )
        self.start(is_blamed=served is not None)

    def _proxy_gone(self, served: _Served) -> None:
        """Another one stands in for it, unless that has been so too often."""
        self._end(served.proxy)
        served.proxy = None
        if served.ends.add():
            self._give_proxy(served)
            self._serve(served)
            return
        what = f"the session's proxy has ended {_PROXIES} times within {_WITHIN_S:.0f} seconds"
        self._end_for(served, what)

    def _end_for(self, served: _Served, what: str) -> None:
        """Ends a session whose own doing it is, and records why."""
        if self.broker is not None:
            with suppress(OSError):
                name = served.session.name
                self.broker.tell(Tell(session=name, trouble=Trouble.MALFORMED, host="", what=what))
        self._refuse(served, Refused(what=what, hint=_LOG))

    def _broker_says(self) -> None:
        try:
            found = self.broker.read() if self.broker is not None else None
        except (OSError, BadMessage):
            self._broker_gone()
            return
        if found is None:
            return
        message, number = found
        served = self.waiting.pop(number, None)
        if served is None:
            return
        if served.session.is_closed:  # while the broker opened it
            self._forget(served.session)
            return
        match message:
            case SessionOpened() if served.ends_for:
                self._end_for(served, served.ends_for)
            case SessionOpened() if served.session.opened(message):
                self._serve(served)  # where this broker stands in for another one
            case SessionOpened():
                self._drop(served)
            case Refused():
                self._refuse(served, message)

    def _proxy_says(self, served: _Served) -> None:
        try:
            found = served.proxy.read() if served.proxy is not None else None
        except (OSError, BadMessage):
            self._proxy_gone(served)
            return
        if found is None:
            return
        match found[0]:
            case Serving():
                if not served.session.attached():
                    self._drop(served)
            case _:  # whatever it says: a person would read it
                self._refuse(served, _NOT_SERVED)

    def _accept(self) -> None:
        try:
            connection, _ = self.control.listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        if not is_own(connection):
            connection.close()
            return
        served = _Served(
            session=Session(connection, now=self.now),
            ends=_Recent(clock=self.clock, most=_PROXIES - 1),
            deaths=_Recent(clock=self.clock, most=_DEATHS - 1),
        )
        fd = connection.fileno()
        self.sessions[fd] = served
        self._hear(fd, partial(self._client_says, served))

    def _client_says(self, served: _Served) -> None:
        session = served.session
        try:
            was_open = session.opening is not None
            if not session.hear(taken={each.session.name for each in self.sessions.values()}):
                return
        except (OSError, BadMessage):
            self._drop(served)
            return
        if was_open:
            self._serve(served)
        else:
            self._open(served)

    def _open(self, served: _Served) -> None:
        """Asks the broker for it, and gives it a proxy, which is there by the time that it has sockets.

        A broker that is gone is found, and asked anew, in the next round.
        """
        if self.broker is None or served.session.opening is None:
            return
        try:
            self.waiting[self.broker.ask(served.session.opening)] = served
        except ValueError:  # too long
            self._drop(served)
            return
        except OSError:
            return
        if not served.ends_for:
            self._give_proxy(served)

    def _give_proxy(self, served: _Served) -> None:
        for_broker, for_proxy = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with for_broker:
            try:
                proxy = served.proxy = self.forker.fork(for_proxy)
            except OSError as error:
                what = f"no process can be had for its proxy: {error.strerror}"
                self._refuse(served, Refused(what=what, hint="see: ulimit -u"))
                return
            self._hear(proxy.channel.fileno(), partial(self._proxy_says, served))
            self._hear(proxy.pidfd, partial(self._proxy_gone, served))
            if self.broker is not None:
                with suppress(OSError):
                    self.broker.tell(NewProxy(session=served.session.name), [for_broker.fileno()])

    def _serve(self, served: _Served) -> None:
        """Gives broker and proxy the session's sockets, if it has them yet."""
        sockets = served.session.sockets
        if sockets is None or self.broker is None or served.proxy is None:
            return
        if sockets.diag is not None:
            with suppress(OSError):
                self.broker.tell(sockets.watch, [sockets.diag])
        try:
            served.proxy.ask(sockets.serve, sockets.fds)
        except ValueError:  # too long
            self._drop(served)
        except OSError:
            return

    def _refuse(self, served: _Served, refused: Refused) -> None:
        served.session.failed(refused)
        self._drop(served)

    def _drop(self, served: _Served) -> None:
        session = served.session
        fd = session.fileno()
        if fd not in self.sessions:
            return
        self._leave(fd)
        del self.sessions[fd]
        self._end(served.proxy)
        served.proxy = None
        self._forget(session)
        session.close()

    def _forget(self, session: Session) -> None:
        """Tells the broker that it is over, unless another one has its name by now."""
        if not session.name or session.name in {each.session.name for each in self.sessions.values()}:
            return
        if self.broker is not None:
            with suppress(OSError):
                self.broker.tell(CloseSession(session=session.name))

    def _hear(self, fd: int, handler: Callable[[], None]) -> None:
        self.handlers[fd] = handler
        self.poll.register(fd, select.POLLIN)

    def _leave(self, fd: int) -> None:
        if self.handlers.pop(fd, None) is not None:
            self.poll.unregister(fd)
