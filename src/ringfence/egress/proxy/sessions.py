"""A session as the proxy knows it: its authority, its names, and what its box has open. Nothing is shared."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import field

from ringfence.core.dataclass import dataclass
from ringfence.egress.authority import Leaves
from ringfence.egress.channel import ChannelClosed
from ringfence.egress.messages import Arrive, Refused, Tell, Trouble, Welcome
from ringfence.egress.proxy.names import Names
from ringfence.egress.proxy.patience import Patience
from ringfence.egress.proxy.roads import BROKER_GONE, Broker, Road
from ringfence.egress.proxy.tls import Resumptions
from ringfence.egress.proxy.wires import Deadlines, Wire

__all__ = ["Caller", "Place", "Session"]

_NOT_ANSWERED = -1  # the number of a connection that the broker was never asked about


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a program wants to go."""

    host: str  # canonical
    port: int
    tls: bool


@dataclass(slots=True, kw_only=True)
class Session:
    """Of one box."""

    name: str
    leaves: Leaves
    broker: Broker
    deadlines: Deadlines
    patience: Patience
    names: Names = field(default_factory=Names)
    resumptions: Resumptions = field(default_factory=Resumptions)
    tasks: "set[asyncio.Task[None]]" = field(default_factory=set)  # one for each connection
    is_full: bool = False  # a connection was turned away, and that was told
    ends: list[Callable[[], None]] = field(default_factory=list)  # what its listeners want called

    def tell(self, trouble: Trouble, host: str, what: str) -> None:
        """Has it recorded."""
        self.broker.channel.tell(Tell(session=self.name, trouble=trouble, host=host, what=what))

    def close(self) -> None:
        """All that it has open ends."""
        for end in self.ends:
            end()
        self.ends.clear()
        for task in self.tasks:
            task.cancel()


class Caller:
    """A program's connection, and the one road that it is on."""

    def __init__(
        self, session: Session, wire: Wire, *, source: tuple[str, int], destination: tuple[str, int]
    ) -> None:
        self.session, self.wire = session, wire
        self.source, self.destination = source, destination
        self._place: Place | None = None
        self._road: Road | None = None

    async def to(self, place: Place) -> Road:
        """The road there; the one before is left where it leads elsewhere."""
        if self._road is not None and self._place == place:
            return self._road
        road, _ = await self._arrive(place)
        return road

    async def raw_to(self, place: Place) -> tuple[Road, int | None]:
        """The same for what is not read here, and the descriptor of a connection to there."""
        return await self._arrive(place, raw=True)

    def refusing(self, host: str, refused: Refused) -> Road:
        """A road that leads nowhere, and of which the broker knows nothing."""
        self.leave()
        self._road = self._made(host, _NOT_ANSWERED, refused)
        return self._road

    def leave(self) -> None:
        """It goes nowhere any more."""
        if self._road is not None:
            self._road.leave()
            self._road = self._place = None

    async def _arrive(self, place: Place, *, raw: bool = False) -> tuple[Road, int | None]:
        self.leave()
        arrival = Arrive(
            session=self.session.name,
            host=place.host,
            port=place.port,
            tls=place.tls,
            source=self.source,
            destination=self.destination,
            raw=raw,
        )
        fds: list[int] = []
        try:
            reply, fds = await self.session.broker.ask(arrival)
        except ChannelClosed:
            reply = BROKER_GONE
        if isinstance(reply, Refused):
            self._road = self._made(place.host, _NOT_ANSWERED, reply)
        else:
            assert isinstance(reply, Welcome)
            self._road = self._made(place.host, reply.connection, None, ahead=reply.ahead, told=reply.told)
            self._road.is_postgresql = reply.postgresql
            if reply.dialled is not None and fds and not raw:
                self._road.upstreams.give(reply.dialled, fds.pop())
        self._place = place
        fd = fds.pop() if raw and fds and isinstance(reply, Welcome) else None
        for each in fds:
            os.close(each)
        return self._road, fd

    def _made(
        self,
        host: str,
        connection: int,
        refused: Refused | None,
        *,
        ahead: bool = False,
        told: bool = False,
    ) -> Road:
        session = self.session
        return Road(
            session.broker,
            self.wire,
            session.deadlines,
            session.patience,
            session=session.name,
            host=host,
            connection=connection,
            resumptions=session.resumptions,
            refused=refused,
            ahead=ahead,
            told=told,
        )
