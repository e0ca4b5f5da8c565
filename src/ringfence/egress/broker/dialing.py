"""Connections out: the name resolved once, every address judged, and one of exactly these connected to.

Nothing is resolved a second time between the judgement and the connection, and who gets the descriptor gets a
connection, not a name. Where the policy sends a host elsewhere, that place is what an operator has named.

Source: RFC 8305 for the order in which addresses are tried.
"""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from ipaddress import ip_address
from itertools import chain, zip_longest
from typing import Protocol, TypeVar

from ringfence.core.actions import Action, HostConnect
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.core.receipts import Receipt
from ringfence.egress.broker.addresses import Address, Network, refusal
from ringfence.egress.broker.tunnels import Via, joined, tunnelled
from ringfence.egress.broker.unreached import AddressRefused, NotReached
from ringfence.policy.egressing import LOCAL

__all__ = [
    "AddressRefused",
    "Dialer",
    "NotReached",
    "Redeems",
    "Resolve",
    "Way",
    "address_refused",
    "resolved",
]

_LOOPBACK = (ip_address("127.0.0.1"), ip_address("::1"))  # of `localhost`, whoever is asked: RFC 6761, 6.3
_NEXT_S = 0.25  # until the next address is tried beside the one before: RFC 8305, 5

ActionT = TypeVar("ActionT", bound=Action)
Resolve = Callable[[str, int], Awaitable[Sequence[Address]]]


class Redeems(Protocol):
    """The gate's seals, as far as the broker needs them."""

    def redeem(self, receipt: Receipt[ActionT], made: type[ActionT]) -> ActionT:
        """The action to carry out now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Where a host is reached."""

    host: str
    port: int
    named: tuple[Network, ...] = ()  # private ones that the policy names for it
    to: tuple[str, int] | None = None  # where the policy sends it instead, whatever address that has
    tls: bool = True  # there
    ca_pem: str | None = None  # whom to trust there; None: the system's
    with_system: bool = False  # the system's as well
    via: Via | None = None  # a proxy that it is reached through
    is_forwarded: bool = False  # by a request to the proxy, which sends it on; else by CONNECT


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialer:
    """Connects. `timeout_s` is for one connection in all."""

    seals: Redeems
    resolve: Resolve
    timeout_s: float = LIMITS.egress_dial_s

    def dial(self, receipt: Receipt[HostConnect], way: Way) -> Coroutine[None, None, socket.socket]:
        """A connected socket, not blocking; the caller's.

        Raises:
            ReceiptRefused: nothing proves that this connection was decided.
            AddressRefused: nobody goes to where the name leads.
            NotReached: nobody answers there.
        """
        _check(self.seals.redeem(receipt, HostConnect), way)
        return self._dialled(way)

    def dial_at_once(self, receipt: Receipt[HostConnect], way: Way) -> socket.socket | None:
        """The same for what listens on this machine, where nobody waits for it; else None.

        Raises:
            ReceiptRefused, AddressRefused: see `dial`.
        """
        host, port = way.to or (way.host, way.port)
        known = _known(host)
        if way.via is not None or not known or not all(each.is_loopback for each in known):
            return None
        address = _in_turn(_good(known, host, way))[0]
        _check(self.seals.redeem(receipt, HostConnect), way)
        return _one_at_once(address, port)

    async def where_named(self, way: Way) -> socket.socket:
        """The same, to what an operator has named: where tokens are got, or which proxies there are.

        Raises:
            AddressRefused, NotReached: see `dial`.
        """
        return await self._dialled(way)

    async def _dialled(self, way: Way) -> socket.socket:
        host, port = way.to or (way.host, way.port)
        try:
            async with asyncio.timeout(self.timeout_s):
                if way.via is not None:
                    return await self._through(way.via, way)
                addresses = await self._addresses(host, port, way)
                return await _first(addresses, port, host)
        except TimeoutError:
            raise NotReached(f"{host}:{port} does not answer", hint="try again later", is_slow=True) from None

    async def _through(self, via: Via, way: Way) -> socket.socket:
        there = Way(host=via.host, port=via.port, to=(via.host, via.port))  # an operator has named it
        sock = await _first(await self._addresses(via.host, via.port, there), via.port, via.host)
        if way.is_forwarded:
            return await joined(sock, via)
        return await tunnelled(sock, way.host, way.port, via)

    async def _addresses(self, host: str, port: int, way: Way) -> list[Address]:
        found = _known(host) or await self._resolved(host, port)
        if not found:
            raise NotReached(f"{host} has no address", hint="is the name right, and is there a network?")
        return _good(found, host, way)

    async def _resolved(self, host: str, port: int) -> Sequence[Address]:
        try:
            return await self.resolve(host, port)
        except OSError:
            return ()


async def resolved(host: str, port: int) -> Sequence[Address]:
    """What the system says of a name.

    Raises:
        OSError: nothing, or nobody could be asked.
    """
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # no name at all
        raise OSError("no name") from error
    return list(dict.fromkeys(ip_address(str(each[4][0]).partition("%")[0]) for each in found))


def _check(action: HostConnect, way: Way) -> None:
    """Raises AddressRefused where the way is another one than was decided."""
    if (action.host, action.port) != (way.host, way.port):
        raise AddressRefused("this is not the host that was decided", hint="report this")


def _known(host: str) -> Sequence[Address]:
    """The addresses of what need not be looked up."""
    try:
        return (ip_address(host),)
    except ValueError:
        return _LOOPBACK if host == LOCAL else ()


def _good(found: Sequence[Address], host: str, way: Way) -> list[Address]:
    """Those where boxes may go.

    Raises:
        AddressRefused: there are none.
    """
    if way.to is not None:
        return list(found)
    refused = {each: address_refused(host, each, way.named) for each in found}
    good = [each for each, why in refused.items() if why is None]
    if not good:
        raise next(filter(None, refused.values()))
    return good[: LIMITS.egress_addresses]


def address_refused(host: str, address: Address, named: Sequence[Network]) -> AddressRefused | None:
    """Why boxes do not go to that address of the host; None where they may."""
    why = refusal(address, named) or _is_ours(address, named)
    if why is None:
        return None
    return AddressRefused(
        f"{host} leads to {address}, where boxes do not go: {why}",
        hint="`egress: {private: [{host, addresses}]}` in the system's or the user's policy names it",
    )


def _is_ours(address: Address, named: Sequence[Network]) -> str | None:
    """Whether an address of the internet is this very machine's: then its own services listen there."""
    if any(address.version == each.version and address in each for each in named):
        return None
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((str(address), 9))  # sends nothing: the kernel looks for the way
            ours = probe.getsockname()[0]
        except OSError:  # no way there; connecting will say so
            return None
    return "it is this machine itself" if ip_address(ours) == address else None


async def _first(addresses: Sequence[Address], port: int, host: str) -> socket.socket:
    """The first that answers; each is tried a little after the one before, or once that has failed."""
    waiting = _in_turn(addresses)
    if len(waiting) == 1:
        try:
            return await _one(waiting[0], port)
        except OSError as problem:
            raise _unreached(problem, port, host) from None
    trying: set[asyncio.Task[socket.socket]] = set()
    last: OSError | None = None
    try:
        while waiting or trying:
            if waiting:
                trying.add(asyncio.create_task(_one(waiting.pop(0), port)))
            done, trying = await asyncio.wait(
                trying, timeout=_NEXT_S if waiting else None, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                error = task.exception()
                if error is None:
                    for late in done - {task}:
                        if late.exception() is None:
                            late.result().close()
                    return task.result()
                if not isinstance(error, OSError):
                    raise error
                last = error
    finally:
        for task in trying:
            task.cancel()
            task.add_done_callback(_let_go)
    raise _unreached(last, port, host)


def _unreached(problem: OSError | None, port: int, host: str) -> NotReached:
    reason = os.strerror(problem.errno) if problem is not None and problem.errno else "nobody answers"
    return NotReached(f"{host}:{port} cannot be reached: {reason}", hint="is it up, and is there a network?")


def _let_go(task: "asyncio.Task[socket.socket]") -> None:
    if not task.cancelled() and task.exception() is None:
        task.result().close()


async def _one(address: Address, port: int) -> socket.socket:
    made = _unconnected(address)
    try:
        await asyncio.get_running_loop().sock_connect(made, (str(address), port))
    except BaseException:
        made.close()
        raise
    return made


def _one_at_once(address: Address, port: int) -> socket.socket | None:
    """Linux connects to this machine while it is asked to, and says all the same that it has only begun."""
    made = _unconnected(address)
    try:
        with suppress(BlockingIOError):
            made.connect((str(address), port))
        made.getpeername()  # fails where it is not connected
    except OSError:
        made.close()
        return None
    return made


def _unconnected(address: Address) -> socket.socket:
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setblocking(False)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def _in_turn(addresses: Sequence[Address]) -> list[Address]:
    """Both families in turn, beginning with that of the first."""
    first = [each for each in addresses if each.version == addresses[0].version]
    other = [each for each in addresses if each.version != addresses[0].version]
    return [each for each in chain(*zip_longest(first, other)) if each is not None]
