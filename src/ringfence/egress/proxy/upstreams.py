"""Connections to one host for one connection of a box: dialled by the broker, with TLS of the proxy's own."""

import asyncio
import os
import socket
import ssl
from collections.abc import Awaitable, Callable

from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.egress.messages import Dialled, Refused
from ringfence.egress.proxy.legs import LegBroken, LegRefused
from ringfence.egress.proxy.patience import Patience
from ringfence.egress.proxy.refusing import too_slow, unreachable
from ringfence.egress.proxy.tls import BadCertificate, Greeting, Resumptions, as_client, trusting
from ringfence.egress.proxy.wires import NEVER, Deadlines, Stream, StreamLost, Wire, wire_over

__all__ = ["Dialling", "Upstream", "Upstreams"]

_TRUST = "a policy of the system or the user can name the authority of a host, in `connect_to`"

Dialling = Callable[[], Awaitable[tuple[Dialled | Refused, list[int]]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """A connection to the host."""

    stream: Stream
    was_used: bool  # by an earlier request
    remember: Callable[[], None] = lambda: None  # once the host has answered


class Upstreams:
    """Those that are idle, and how new ones are had."""

    def __init__(
        self, dial: Dialling, deadlines: Deadlines, patience: Patience, resumptions: Resumptions
    ) -> None:
        self._dial, self._deadlines, self._patience = dial, deadlines, patience
        self._resumptions = resumptions
        self._idle: list[Stream] = []
        self._given: tuple[Dialled, int] | None = None  # that nobody had to ask for
        self._begun: asyncio.Task[Upstream] | None = None  # for whoever wants one first
        self._is_open = True

    def give(self, dialled: Dialled, fd: int) -> None:
        """The descriptor for the next connection, which nobody needs to ask for then."""
        self._given = (dialled, fd)

    def begin(self, greeting: Greeting | None) -> None:
        """Has a connection made while nobody needs it yet."""
        self._begun = asyncio.create_task(self._made(greeting))
        self._begun.add_done_callback(_heard)

    async def take(self, *, new: bool = False) -> Upstream:
        """One that is free, or a new one.

        Raises:
            LegRefused: the broker dials no more.
            LegBroken: the host did not prove who it is, or broke off.
        """
        while self._idle and not new:
            stream = self._idle.pop()
            if stream.wire.is_quiet:
                return Upstream(stream=stream, was_used=True)
            stream.wire.abort()
        begun, self._begun = self._begun, None
        if begun is not None:
            upstream = await begun
            if not (upstream.stream.wire.is_lost or upstream.stream.wire.has_ended):
                return upstream
            upstream.stream.wire.abort()
        return await self._made()

    def keep(self, upstream: Upstream) -> None:
        """For the next request."""
        upstream.remember()
        if self._is_open and upstream.stream.wire.is_quiet and len(self._idle) < LIMITS.egress_upstreams:
            upstream.stream.wire.deadline = NEVER
            self._idle.append(upstream.stream)
        else:
            upstream.stream.close()

    def close(self) -> None:
        """All that are idle end."""
        self._is_open = False
        given, self._given = self._given, None
        if given is not None:
            os.close(given[1])
        if self._begun is not None:
            self._begun.cancel()
            self._begun.add_done_callback(_dropped)
            self._begun = None
        for stream in self._idle:
            stream.close()
        self._idle.clear()

    async def _dialled(self) -> tuple[Dialled, int]:
        given, self._given = self._given, None
        if given is not None:
            return given
        dialled, fds = await self._dial()
        if isinstance(dialled, Refused):
            raise LegRefused(dialled)
        if len(fds) != 1:
            for fd in fds:
                os.close(fd)
            raise LegBroken(unreachable("the broker gave no connection"))
        return dialled, fds[0]

    async def _made(self, greeting: Greeting | None = None) -> Upstream:
        dialled, fd = await self._dialled()
        try:
            wire = await wire_over(socket.socket(fileno=fd), self._deadlines)
        except StreamLost:
            raise LegBroken(unreachable("the host broke off at once")) from None
        if not dialled.tls:
            return Upstream(stream=wire, was_used=False)
        wire.within(self._patience.head_s)
        try:
            return await self._with_tls(wire, dialled, greeting)
        except BadCertificate as error:
            refused = unreachable(f"the host's certificate is not good: {error}", hint=_TRUST)
        except ssl.SSLError:
            refused = unreachable("the authorities to trust for this host are none", hint=_TRUST)
        except StreamLost:
            refused = (
                too_slow("the host took too long")
                if wire.is_late
                else unreachable("the host speaks no good TLS")
            )
        except BaseException:
            wire.abort()
            raise
        wire.abort()
        raise LegBroken(refused)

    async def _with_tls(self, wire: Wire, dialled: Dialled, greeting: Greeting | None) -> Upstream:
        context, name, kept = trusting(dialled.ca_pem), dialled.server_name, self._resumptions
        if greeting is None or not greeting.is_for(context, name):
            greeting = Greeting(context, name, kept.of(context, name))
        stream = await as_client(wire, greeting)
        return Upstream(stream=stream, was_used=False, remember=lambda: kept.keep(context, name, stream))


def _heard(begun: "asyncio.Task[Upstream]") -> None:
    if not begun.cancelled():
        begun.exception()  # whoever takes it is told


def _dropped(begun: "asyncio.Task[Upstream]") -> None:
    if not begun.cancelled() and begun.exception() is None:
        begun.result().stream.close()
