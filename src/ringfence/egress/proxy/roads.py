"""Where one connection of a box leads: a host and port that the broker was told of, and what runs there."""

import asyncio
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import field

from ringfence.core.action_types import READING_METHODS
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.egress.channel import Channel, ChannelClosed
from ringfence.egress.messages import (
    Ask,
    Dial,
    Dialled,
    Done,
    Gone,
    Proceed,
    Refused,
    Revoke,
    Tell,
    Trouble,
    Unsent,
    Went,
)
from ringfence.egress.proxy.patience import Patience
from ringfence.egress.proxy.tls import Greeting, Resumptions
from ringfence.egress.proxy.upstreams import Upstreams
from ringfence.egress.proxy.wires import Deadlines, Wire
from ringfence.egress.wire import Message
from ringfence.protocols.http import RequestHead

__all__ = ["BROKER_GONE", "Broker", "Road", "Running"]

BROKER_GONE = Refused(what="the broker is gone", hint="it is started again; try again", status=502)
_BY_POLICY = 403
_REVOKED = "what is allowed has changed since it began; ask for it again"


class Running:
    """The task that carries an exchange, and why it is to end. `exchange`: its number, once it has one."""

    def __init__(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.exchange: int | None = None
        self.revoked: Refused | None = None
        self.is_gone = False
        self.is_asking = False  # the broker's answer must be heard, whatever happens
        self._task = task

    def gone(self) -> None:
        """Nobody waits for it any more."""
        self.is_gone = True
        if not self.is_asking:
            self._task.cancel()

    def revoke(self, what: str) -> None:
        """Ends it at once."""
        if self.revoked is None:
            self.revoked = Refused(what=what, hint=_REVOKED)
            self._task.cancel()

    def come_back(self) -> None:
        """The task goes on: what it carried was ended, not it."""
        self._task.uncancel()


@dataclass(slots=True, kw_only=True)
class Broker:
    """The channel to the broker, and the roads that it may take back.

    What it was told of, it has heard when it answers a question that was asked later.
    """

    channel: Channel
    roads: "dict[int, Road]" = field(default_factory=dict)
    told: int = 0  # requests
    heard: int = 0  # of these

    async def ask(self, message: Message) -> tuple[Message, list[int]]:
        """See `Channel.ask`."""
        told = self.told
        answer = await self.channel.ask(message)
        self.heard = max(self.heard, told)
        return answer

    def tell_ahead(self, message: Went) -> bool:
        """Tells of a request, unless the broker may be behind: then it is to be asked about."""
        if self.told - self.heard >= LIMITS.egress_ahead or not self.channel.tell_at_once(message):
            return False
        self.told += 1
        return True

    def revoke(self, message: Revoke) -> None:
        """Ends an exchange, or a whole connection."""
        road = self.roads.get(message.connection)
        if road is not None:
            road.revoke(message)


class Road:
    """A host and port, once the broker knows that somebody wants to go there."""

    def __init__(
        self,
        broker: Broker,
        wire: Wire,
        deadlines: Deadlines,
        patience: Patience,
        *,
        session: str,
        host: str,
        connection: int,
        resumptions: Resumptions,
        refused: Refused | None = None,
        ahead: bool = False,
        told: bool = False,
    ) -> None:
        self.connection, self.host = connection, host
        self.refused = refused  # nobody may go there; each request is told so
        self.is_postgresql = False  # raw, and the broker reads its start-up, without TLS
        self.deadlines, self.patience = deadlines, patience
        self.upstreams = Upstreams(self._dial, deadlines, patience, resumptions)
        self._ahead, self._told = ahead, told
        self._broker, self._wire, self._session = broker, wire, session
        self._running: set[Running] = set()
        if refused is None:
            broker.roads[connection] = self

    async def ask(self, question: Ask) -> tuple[Proceed | Refused, list[int]]:
        """What the broker says to a request."""
        try:
            reply, fds = await self._broker.ask(question)
        except ChannelClosed:
            return BROKER_GONE, []
        if isinstance(reply, Proceed | Refused):
            return reply, fds
        self.drop(fds)
        raise AssertionError("the broker answers something else")

    def goes(self, head: RequestHead) -> bool:
        """Tells of a request that only reads, and need not be asked about here; whether it did."""
        if not self._told or head.method not in READING_METHODS or head.headers.all("upgrade"):
            return False
        return self._broker.tell_ahead(Went(connection=self.connection, head=head))

    def look_ahead(self, greeting: Greeting | None) -> None:
        """Begins a connection for the first request, where that is the proxy's to make whatever it asks."""
        if self._ahead:
            self.upstreams.begin(greeting)

    def tell(self, trouble: Trouble, what: str) -> None:
        """Has it recorded."""
        self._broker.channel.tell(Tell(session=self._session, trouble=trouble, host=self.host, what=what))

    async def unsent(self, port: int, asked: RequestHead) -> None:
        """Has it recorded what was asked for here, where the policy lets nobody go."""
        if self.refused is None or self.refused.status != _BY_POLICY:
            return
        told = Unsent(
            session=self._session, host=self.host, port=port, method=asked.method, target=asked.target
        )
        with suppress(ChannelClosed):
            _, fds = await self._broker.channel.ask(told)
            self.drop(fds)

    def begin(self, running: Running) -> None:
        """It can be taken back from now on."""
        self._running.add(running)

    def over(self, running: Running, *, sent: int, received: int) -> None:
        """It is over, which the broker is told where it was asked."""
        self._running.discard(running)
        if running.exchange is not None:
            done = Done(exchange=running.exchange, sent=sent, received=received)
            self._broker.channel.tell_soon(done)

    def revoke(self, message: Revoke) -> None:
        """Ends what the message says."""
        if message.exchange is not None:
            for running in self._running:
                if running.exchange == message.exchange:
                    running.revoke(message.what)
            return
        self.refused = Refused(what=message.what, hint=_REVOKED)
        for running in self._running:
            running.revoke(message.what)
        if not self._running:
            self._wire.abort()

    def leave(self) -> None:
        """Nobody goes there any more."""
        self.upstreams.close()
        if self._broker.roads.pop(self.connection, None) is not None:
            self._broker.channel.tell_soon(Gone(connection=self.connection))

    @staticmethod
    def drop(fds: Sequence[int]) -> None:
        """Closes descriptors that nobody asked for."""
        for fd in fds:
            os.close(fd)

    async def _dial(self) -> tuple[Dialled | Refused, list[int]]:
        try:
            reply, fds = await self._broker.ask(Dial(connection=self.connection))
        except ChannelClosed:
            return BROKER_GONE, []
        if isinstance(reply, Dialled | Refused):
            return reply, fds
        self.drop(fds)
        raise AssertionError("the broker answers something else")
