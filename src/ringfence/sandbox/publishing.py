"""Ports of a box that the machine's own loopback leads to, for as long as the box runs.

Who connects there is given a connection within the box's network, and bytes pass between the two. The box's
first process hands out a socket for each, made in its network and not connected; connecting it is done here,
to the box's loopback and nowhere else. No program of the box has such a socket, or may do more than before:
what it gets is what whoever connects sends.

Source: socket(7), epoll(7): a socket stays in the network that it was made in, whoever connects it.
"""

import errno
import os
import select
import socket
import struct
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress

from ringfence.core.errors import ExitCode, RingfenceError
from ringfence.core.limits import LIMITS
from ringfence.sandbox.plan import PublishedPort

__all__ = ["PortTaken", "Publishing", "publish"]

_HOST = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}
_PIECE = 64 * 1024
_ASKED = 16  # sockets at one time: neither end of the box's own socket ever waits for the other to read
_EVENTS = 64  # that are seen to before others of the supervisor's have their turn
_NO_IPV6 = frozenset({errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL})
_RESET = struct.pack("ii", 1, 0)  # closing says that nobody is there


class PortTaken(RingfenceError):
    """Something else has a port of the machine at which the box was to be reached, or may not be had."""

    code = ExitCode.NO_BOX


class _Flow:
    """One direction: what came from `source` and was not taken by `sink` yet."""

    def __init__(self, source: socket.socket, sink: socket.socket) -> None:
        self.source, self.sink = source, sink
        self.waiting = bytearray()
        self.is_ended = False

    @property
    def is_done(self) -> bool:
        return self.is_ended and not self.waiting

    @property
    def wants_more(self) -> bool:
        return not self.is_ended and len(self.waiting) < LIMITS.published_waiting_bytes

    def read(self) -> None:
        """Takes what is there. Raises OSError."""
        data = self.source.recv(_PIECE)
        self.waiting += data
        self.is_ended = not data
        self.write()

    def write(self) -> None:
        """Hands on what can be; at the end says so. Raises OSError."""
        with suppress(BlockingIOError):
            while self.waiting:
                del self.waiting[: self.sink.send(self.waiting, socket.MSG_NOSIGNAL)]
        if self.is_done:
            self.sink.shutdown(socket.SHUT_WR)


class _Link:
    """One connection from outside, and its other half in the box as soon as there is one."""

    def __init__(self, port: int, outer: socket.socket) -> None:
        self.port, self.outer = port, outer
        self.families = deque((socket.AF_INET, socket.AF_INET6))  # that are still to be tried
        self.inner: socket.socket | None = None
        self.flows: tuple[_Flow, ...] = ()  # none before it is connected

    def wanted(self, each: socket.socket) -> int:
        """What is waited for at one of its two sockets."""
        if not self.flows:
            return select.EPOLLOUT if each is self.inner else 0
        reads = any(flow.source is each and flow.wants_more for flow in self.flows)
        writes = any(flow.sink is each and flow.waiting for flow in self.flows)
        return (select.EPOLLIN if reads else 0) | (select.EPOLLOUT if writes else 0)

    def close(self, *, abruptly: bool) -> None:
        for each in (self.outer, self.inner):
            if each is not None:
                if abruptly:
                    with suppress(OSError):
                        each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                each.close()


class Publishing:
    """All ports of one box. `ask` has the box hand out a socket of a family: `given` takes it."""

    def __init__(self, listeners: dict[int, tuple[int, socket.socket]]) -> None:
        self._listeners = listeners  # by descriptor, with the port in the box
        self._events = select.epoll()
        self._wanted: dict[int, int] = {}
        self._links: dict[int, tuple[_Link, socket.socket]] = {}  # by each descriptor of theirs
        self._open: set[_Link] = set()
        self._asked: deque[_Link] = deque()
        self._ask: Callable[[socket.AddressFamily], None] | None = None

    def begin(self, ask: Callable[[socket.AddressFamily], None]) -> None:
        """Connections are taken from now on."""
        self._ask = ask
        self._listen()

    def fileno(self) -> int:
        """Readable when there is something for `turn`."""
        return self._events.fileno()

    def turn(self) -> None:
        """Does what can be done without waiting."""
        for fd, events in self._events.poll(0, _EVENTS):
            if fd in self._listeners:
                self._accept(*self._listeners[fd])
            elif fd in self._links:
                self._move(*self._links[fd], events)

    def given(self, fd: int | None) -> None:
        """A socket of the box's network, in the order in which they were asked for; None: there is none."""
        link = self._asked.popleft() if self._asked else None
        self._listen()
        inner = None if fd is None else socket.socket(fileno=fd)
        if link is None or link not in self._open:
            if inner is not None:
                inner.close()
            return
        if inner is None:
            self._next(link)
            return
        inner.setblocking(False)
        link.inner = inner
        self._connected(link, inner.connect_ex((_HOST[inner.family], link.port)))

    def close(self) -> None:
        """Nobody is reached any more."""
        for link in list(self._open):
            self._end(link, abruptly=True)
        for _, listener in self._listeners.values():
            listener.close()
        self._listeners.clear()
        self._events.close()

    def __enter__(self) -> "Publishing":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _listen(self) -> None:
        """As long as there is room."""
        room = len(self._open) < LIMITS.published_connections and len(self._asked) < _ASKED
        for _, listener in self._listeners.values():
            self._wait(listener, select.EPOLLIN if room else 0)

    def _accept(self, port: int, listener: socket.socket) -> None:
        try:
            outer, _ = listener.accept()
        except OSError:  # it has gone again, or there is no descriptor left for now
            return
        outer.setblocking(False)
        link = _Link(port, outer)
        self._open.add(link)
        self._next(link)
        self._listen()

    def _next(self, link: _Link) -> None:
        """Asks for a socket of the family that comes next; where none does, nobody listens in the box."""
        if not link.families:
            self._end(link, abruptly=True)
            return
        assert self._ask is not None
        self._asked.append(link)
        self._ask(link.families.popleft())

    def _connected(self, link: _Link, error: int) -> None:
        inner = link.inner
        assert inner is not None
        if error == errno.EINPROGRESS:
            self._links[inner.fileno()] = (link, inner)
            self._wait(inner, select.EPOLLOUT)
        elif error:
            self._forget(inner)
            inner.close()
            link.inner = None
            self._next(link)
        else:
            link.flows = (_Flow(link.outer, inner), _Flow(inner, link.outer))
            for each in (link.outer, inner):
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._links[each.fileno()] = (link, each)
                self._wait(each, link.wanted(each))

    def _move(self, link: _Link, which: socket.socket, events: int) -> None:
        if not link.flows:
            self._connected(link, which.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
            return
        try:
            for flow in link.flows:
                if flow.source is which and flow.wants_more and events & ~select.EPOLLOUT:
                    with suppress(BlockingIOError):
                        flow.read()
                elif flow.sink is which and flow.waiting and events & ~select.EPOLLIN:
                    flow.write()
        except OSError:
            self._end(link, abruptly=True)
            return
        if all(flow.is_done for flow in link.flows):
            self._end(link, abruptly=False)
            return
        for each in (link.outer, link.inner):
            assert each is not None
            self._wait(each, link.wanted(each))

    def _wait(self, each: socket.socket, events: int) -> None:
        """What is not waited for is not registered: it would be told of its end again and again."""
        fd, before = each.fileno(), self._wanted.get(each.fileno(), 0)
        if events == before:
            return
        if not events:
            self._events.unregister(fd)
        elif before:
            self._events.modify(fd, events)
        else:
            self._events.register(fd, events)
        self._wanted[fd] = events

    def _forget(self, each: socket.socket) -> None:
        self._wait(each, 0)
        self._wanted.pop(each.fileno(), None)
        self._links.pop(each.fileno(), None)

    def _end(self, link: _Link, *, abruptly: bool) -> None:
        for each in (link.outer, link.inner):
            if each is not None:
                self._forget(each)
        link.close(abruptly=abruptly)
        self._open.discard(link)
        self._listen()


def publish(ports: Iterable[PublishedPort]) -> Publishing:
    """Listens at the machine's loopback; who connects waits until the box stands.

    Raises:
        PortTaken: somebody listens there already, or may not.
    """
    listeners: dict[int, tuple[int, socket.socket]] = {}
    try:
        for each in ports:
            for family, address in _HOST.items():
                made = _listening(family, address, each)
                if made is not None:
                    listeners[made.fileno()] = (each.port, made)
    except BaseException:
        for _, made in listeners.values():
            made.close()
        raise
    return Publishing(listeners)


def _listening(family: socket.AddressFamily, address: str, port: PublishedPort) -> socket.socket | None:
    """None on a machine without IPv6."""
    made = None
    try:
        made = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of the box before may linger
        made.bind((address, port.host_port))
        made.listen()
    except OSError as error:
        if made is not None:
            made.close()
        if family is socket.AF_INET6 and error.errno in _NO_IPV6:
            return None
        why = os.strerror(error.errno or 0).lower()
        raise PortTaken(
            f"port {port.host_port} of this machine cannot lead into the box: {why}",
            hint=f"end what listens there, or name another: {{port: {port.port}, at: {_another(port)}}}",
        ) from None
    return made


def _another(port: PublishedPort) -> int:
    return 10_000 + port.host_port % 50_000
