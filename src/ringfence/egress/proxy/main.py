"""The proxy's process: what the daemon asks of it, what the broker takes back, until the daemon is gone."""

import asyncio
import codecs
import contextlib
import os
import socket
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import uvloop

from ringfence.core.garbage import leave_alone
from ringfence.egress.authority import Authority, Leaves, make_authority
from ringfence.egress.channel import Answer, Channel
from ringfence.egress.messages import CloseSession, Refused, Revoke, Serve, Serving, SocketKind
from ringfence.egress.proxy.accepting import accept_from
from ringfence.egress.proxy.patience import Patience
from ringfence.egress.proxy.resolving import answer_datagrams
from ringfence.egress.proxy.roads import Broker
from ringfence.egress.proxy.sessions import Session
from ringfence.egress.proxy.tls import trusting
from ringfence.egress.proxy.wires import Deadlines
from ringfence.egress.wire import BadMessage, Message

__all__ = ["prepare", "run", "serve_sessions"]

_ENCODINGS = ("idna", "utf-8-sig")


def prepare() -> None:
    """Reads what the system trusts, and modules that are read when they are first used, as long as it may."""
    trusting(None)
    for each in _ENCODINGS:
        codecs.lookup(each)
    now = datetime.now(UTC)
    Leaves(make_authority("nobody", now), now=lambda: now).context("localhost")


def run(daemon_socket: socket.socket, broker_socket: socket.socket) -> None:
    """Serves until the daemon is gone, or the broker."""
    leave_alone()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve_sessions(daemon_socket, broker_socket))


async def serve_sessions(
    daemon_socket: socket.socket,
    broker_socket: socket.socket,
    *,
    patience: Patience | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> None:
    """The same, in a loop that runs."""
    proxy = _Proxy(daemon_socket, broker_socket, patience or Patience(), now)
    await proxy.run()


class _Proxy:
    """All sessions of one user."""

    def __init__(
        self,
        daemon_socket: socket.socket,
        broker_socket: socket.socket,
        patience: Patience,
        now: Callable[[], datetime],
    ) -> None:
        self._patience, self._now = patience, now
        self._deadlines = Deadlines(every_s=patience.looks_every_s)
        self._daemon = Channel(daemon_socket, self._asked)
        self._broker = Broker(channel=Channel(broker_socket, self._told))
        self._sessions: dict[str, Session] = {}

    async def run(self) -> None:
        parts = [
            asyncio.create_task(each)
            for each in (self._daemon.run(), self._broker.channel.run(), self._deadlines.run())
        ]
        try:
            done, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
            with contextlib.suppress(BadMessage):
                for each in done:
                    each.result()
        finally:
            tasks = [task for session in self._sessions.values() for task in session.tasks]
            for name in [*self._sessions]:
                self._close(name)
            for each in parts:
                each.cancel()
            await asyncio.gather(*tasks, *parts, return_exceptions=True)

    async def _asked(self, message: Message, fds: Sequence[int]) -> Answer:
        match message:
            case Serve():
                return self._serve(message, fds), ()
            case CloseSession(session=name):
                self._close(name)
        _drop(fds)
        return None, ()

    async def _told(self, message: Message, fds: Sequence[int]) -> Answer:
        _drop(fds)
        if isinstance(message, Revoke):
            self._broker.revoke(message)
        return None, ()

    def _serve(self, message: Serve, fds: Sequence[int]) -> Serving | Refused:
        self._close(message.session)
        authority = Authority(certificate_pem=message.certificate_pem, key_pem=message.key_pem)
        try:
            leaves = Leaves(authority, now=self._now)
        except ValueError:
            leaves = None
        if leaves is None or len(fds) != len(message.sockets) or SocketKind.DIAG in message.sockets:
            _drop(fds)
            return Refused(what="what the proxy was given does not fit", hint="report it", status=400)
        session = Session(
            name=message.session,
            leaves=leaves,
            broker=self._broker,
            deadlines=self._deadlines,
            patience=self._patience,
        )
        self._sessions[message.session] = session
        for kind, fd in zip(message.sockets, fds, strict=True):
            listener = socket.socket(fileno=fd)
            match kind:
                case SocketKind.DNS_UDP:
                    answer_datagrams(listener, session)
                case _:
                    accept_from(listener, kind, session)
        return Serving(session=message.session)

    def _close(self, name: str) -> None:
        session = self._sessions.pop(name, None)
        if session is not None:
            session.close()


def _drop(fds: Sequence[int]) -> None:
    for fd in fds:
        os.close(fd)
