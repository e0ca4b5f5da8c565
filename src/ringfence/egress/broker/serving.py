"""The broker's two channels: what daemon and proxy ask, answered; and the policy watched meanwhile."""

import asyncio
import mmap
import os
import socket
from collections.abc import Sequence
from contextvars import copy_context
from dataclasses import field
from functools import partial

from ringfence.core.dataclass import dataclass
from ringfence.core.errors import RingfenceError
from ringfence.core.limits import LIMITS
from ringfence.core.secrets import Secret
from ringfence.egress.broker.arriving import arrive, dial
from ringfence.egress.broker.asking import ask
from ringfence.egress.broker.blame import WORKS_FOR, with_name
from ringfence.egress.broker.carried import record_carried
from ringfence.egress.broker.core import ASKED_IN, Core, RefusedNow
from ringfence.egress.broker.dialing import Way
from ringfence.egress.broker.fetching import fetching
from ringfence.egress.broker.going import end_what_was_told, went
from ringfence.egress.broker.house import House
from ringfence.egress.broker.opening import close_session, open_session
from ringfence.egress.broker.programs import Programs
from ringfence.egress.broker.session import Session
from ringfence.egress.broker.unsent import unsent
from ringfence.egress.broker.ways import way_to
from ringfence.egress.channel import Answer, Channel
from ringfence.egress.injecting.tokens import Tokens
from ringfence.egress.messages import (
    Arrive,
    Ask,
    CloseSession,
    Dial,
    Done,
    Gone,
    NewProxy,
    OpenSession,
    Refused,
    Revoke,
    Tell,
    Unsent,
    Watch,
    Went,
)
from ringfence.egress.wire import Message
from ringfence.protocols.http import BadHttp
from ringfence.vault.credential import Credential
from ringfence.vault.placeholders import Placeholders

__all__ = ["Broker"]

_PROMPT = (Arrive, Ask, Done, Gone, Tell, Went)
_UNASKED = Refused(what="nobody asks this here", hint="report this", status=400)


@dataclass(slots=True, kw_only=True, eq=False)
class Broker:
    """One process's."""

    house: House
    page: mmap.mmap | None = None  # where the daemon reads whose work it is
    channels: dict[str, Channel] = field(default_factory=dict)  # to proxies, by session; "": of all
    proxies: "set[asyncio.Task[None]]" = field(default_factory=set)
    core: Core = field(init=False)
    tokens: Tokens = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.core = Core(
            house=self.house,
            revoke=self._revoke,
            placeholders=Placeholders(randomness=self.house.randomness),
        )
        self.tokens = Tokens(
            fetch=fetching(self.house.dialer, self.core.trust, self._token_way),
            clock=self.house.now,
            rotated=self._rotated,
        )

    async def daemon_asks(self, message: Message, fds: Sequence[int]) -> Answer:
        """What the daemon says: sessions begin and end."""
        match message:
            case OpenSession():
                _close(fds)
                try:
                    return await open_session(self.core, message), ()
                except RingfenceError as error:
                    return Refused(what=error.what, hint=error.hint), ()
            case Watch() if len(fds) == 1:
                self._watch(message, fds[0])
                return None, ()
            case NewProxy() if len(fds) == 1:
                self.stand_in(socket.socket(fileno=fds[0]), message.session)
                return None, ()
            case Tell():
                self._told(message)
            case CloseSession():
                if (channel := self.channels.get(message.session)) is not None:
                    channel.hear_out()
                close_session(self.core, message.session)
        _close(fds)
        return None, ()

    async def proxy_asks(self, of: str, message: Message, fds: Sequence[int]) -> Answer:
        """What a session's proxy says. It may be anybody by now, but no other session's; "" is any's."""
        _close(fds)
        if of and self._session_of(message) not in (of, None):
            return _UNASKED, ()
        match message:
            case Arrive() | Ask() | Dial():
                return await self._answered(message)
            case Done():
                self._done(message)
            case Went():
                await went(self.core, message)
            case Gone():
                connection = self.core.heard_of(message.connection)
                if connection is not None:
                    self.core.gone(connection)
                    connection.session.dropped.pop(connection.number, None)
            case Tell():
                self._told(message)
            case Unsent():
                return await unsent(self.core, message), ()
            case _:
                return _UNASKED, ()
        return None, ()

    async def serve_proxy(self, sock: socket.socket, of: str) -> None:
        """Answers one proxy until it is gone; what it had open is then over.

        Raises:
            BadMessage: it sent what is no message.
        """
        channel = self.channels[of] = Channel(
            sock,
            partial(self.proxy_asks, of),
            prompt=_PROMPT,
            named=lambda steps: with_name(steps, self.page, of),
        )
        try:
            await channel.run()
        finally:
            if self.channels.get(of) is channel:
                self._left(of)

    async def watch(self) -> None:
        """Looks at the policy as long as anything is in flight, and at what was carried; never returns."""
        while True:
            await asyncio.sleep(LIMITS.egress_watched_s)
            for session in list(self.core.sessions.values()):
                record_carried(self.core, session)
                if not session.connections:
                    continue
                try:
                    await self.core.blocking(session.door.policy)
                    self.core.current(session)
                    end_what_was_told(self.core, session)
                except RingfenceError as error:
                    for connection in list(session.connections.values()):
                        self.core.drop(connection, error.what)

    def close(self) -> None:
        """Ends all sessions."""
        for channel in list(self.channels.values()):
            channel.hear_out()
        for each in list(self.core.sessions):
            close_session(self.core, each)

    async def end(self) -> None:
        """The same; returns when what had gone by then is recorded."""
        self.close()
        await asyncio.gather(*self.core.late, return_exceptions=True)

    async def _answered(self, message: Arrive | Ask | Dial) -> Answer:
        session, host = self._whose(message)
        try:
            match message:
                case Arrive():
                    return await arrive(self.core, message)
                case Ask():
                    return await ask(self.core, message, self.tokens)
                case Dial():
                    return await dial(self.core, message)
        except RefusedNow as error:
            return error.refused, ()
        except (RingfenceError, BadHttp) as error:
            if session is None:
                return Refused(what=str(error), hint="report this", status=400), ()
            return self.core.refusals.of(session, host, error), ()

    def _whose(self, message: Arrive | Ask | Dial) -> tuple[Session | None, str]:
        if isinstance(message, Arrive):
            return self.core.sessions.get(message.session), message.host
        connection = self.core.connections.get(message.connection)
        return (None, "") if connection is None else (connection.session, connection.host)

    def _done(self, message: Done) -> None:
        connection, exchange = self.core.exchanges.get(message.exchange, (None, None))
        if connection is not None and exchange is not None:
            if exchange.task is None:  # else they were counted here
                connection.session.budgets.sent += message.sent
                connection.session.budgets.received += message.received
            self.core.over(connection, exchange)

    def _session_of(self, message: Message) -> str | None:
        """Whom it is about; None where there is nobody."""
        match message:
            case Arrive() | Tell() | Unsent():
                return message.session
            case Ask() | Dial() | Gone() | Went():
                connection = self.core.heard_of(message.connection)
            case Done():
                connection, _ = self.core.exchanges.get(message.exchange, (None, None))
            case _:
                connection = None
        return None if connection is None else connection.session.id

    def _told(self, message: Tell) -> None:
        session = self.core.sessions.get(message.session)
        if session is not None:
            self.core.refusals.tell(session, message.trouble, message.host, message.what)

    def _revoke(self, message: Revoke) -> None:
        connection = self.core.connections.get(message.connection)
        session = "" if connection is None else connection.session.id
        channel = self.channels.get(session) or self.channels.get("")
        if channel is not None:
            channel.tell(message)

    def _watch(self, message: Watch, fd: int) -> None:
        session = self.core.sessions.get(message.session)
        if session is None:
            os.close(fd)
            return
        if session.programs is not None:
            session.programs.close()
        session.programs = Programs(socket.socket(fileno=fd))

    def stand_in(self, sock: socket.socket, of: str = "") -> None:
        """Answers this proxy of a session from now on, in the place of another one; "": of all sessions."""
        if (before := self.channels.get(of)) is not None:
            before.hear_out()
            self._left(of)
        context = copy_context()
        context.run(WORKS_FOR.set, of)
        task = asyncio.create_task(self.serve_proxy(sock, of), context=context)
        self.proxies.add(task)
        task.add_done_callback(self._proxy_gone)

    def _left(self, of: str) -> None:
        """What a proxy had open is over."""
        del self.channels[of]
        for each in list(self.core.connections.values()):
            if of in ("", each.session.id):
                self.core.gone(each)
        for session in self.core.sessions.values():
            if of in ("", session.id):
                session.dropped.clear()

    def _proxy_gone(self, task: "asyncio.Task[None]") -> None:
        self.proxies.discard(task)
        if not task.cancelled():
            task.exception()  # what it sent was no message: its channel is closed, and that is all

    async def _token_way(self, host: str, port: int) -> Way:
        return await way_to(self.core, ASKED_IN.get(), host, port, tls=True)

    async def _rotated(self, credential: Credential, secret: Secret) -> None:
        await self.core.blocking(self.house.rotated, credential, secret)


def _close(fds: Sequence[int]) -> None:
    for fd in fds:
        os.close(fd)
