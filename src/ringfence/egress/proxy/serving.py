"""One connection of a program, from its first byte: what it speaks, whom it means, who answers it."""

import asyncio
import socket

from ringfence.egress.messages import Manner, SocketKind, Trouble
from ringfence.egress.proxy.fronts import LOCAL, LOOPBACK, Front
from ringfence.egress.proxy.http1_side import Http1Side
from ringfence.egress.proxy.http2_side import Http2Side
from ringfence.egress.proxy.postgresql_side import with_tls
from ringfence.egress.proxy.refusing import mismatched
from ringfence.egress.proxy.relaying import pass_on
from ringfence.egress.proxy.roads import Road
from ringfence.egress.proxy.sessions import Caller, Place
from ringfence.egress.proxy.sniffing import Hello, Http, Http2, Raw, Unreadable, sniff
from ringfence.egress.proxy.tls import TlsStream, as_server
from ringfence.egress.proxy.wires import StreamLost, wire_over
from ringfence.protocols.targets import DEFAULT_PORTS

__all__ = ["serve"]

_CLIENT_SPEAKS_FIRST = frozenset(DEFAULT_PORTS.values())
_H2C_ANSWER = b"HTTP/1.1 505 HTTP Version Not Supported\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


async def serve(caller: Caller, kind: SocketKind) -> None:
    """Until the connection is over. What is wrong with it ends it, and nothing else."""
    try:
        if kind is not SocketKind.PROXY:
            await _through(caller, *caller.destination, by_connect=False)
            return
        front = Front(tls=False, is_proxy=True)
        tunnel = await Http1Side(caller, caller.wire, front).run()
        if tunnel is not None:
            await _through(caller, tunnel.host, tunnel.port, by_connect=True)
    except StreamLost:
        pass  # the program has gone, and what it began with it
    finally:
        caller.leave()
        if not caller.wire.is_closing:
            caller.wire.abort()


async def _through(caller: Caller, dialled: str, port: int, *, by_connect: bool) -> None:
    """What was dialled, or named by CONNECT."""
    is_own = not by_connect and dialled in LOOPBACK
    host = LOCAL if is_own else caller.session.names.meant(dialled)
    named = host if by_connect else None  # what was dialled binds nobody who names something
    match await sniff(caller.wire, caller.session.patience, may_wait=port not in _CLIENT_SPEAKS_FIRST):
        case Hello() as hello:
            await _tls(caller, hello, dialled if is_own else host, port, named, is_own=is_own)
        case Http():
            front = Front(tls=False, host=named, default_host=host, port=port, is_own=is_own)
            if await Http1Side(caller, caller.wire, front).run() is not None:
                raise StreamLost
        case Http2():
            caller.session.tell(Trouble.PROTOCOL, host or dialled, "HTTP/2 without TLS")
            await caller.wire.write(_H2C_ANSWER)
            caller.wire.close()
        case Unreadable(what=what):
            caller.session.tell(Trouble.MALFORMED, host or dialled, what)
        case Raw():
            await _raw(caller, host, dialled, port)


async def _raw(caller: Caller, host: str | None, dialled: str, port: int) -> None:
    session = caller.session
    if host is None:
        session.tell(Trouble.UPSTREAM, dialled, "an address that stands for no name any more")
        return
    road, fd = await caller.raw_to(Place(host=host, port=port, tls=False))
    if road.refused is None and fd is not None:
        upstream = await wire_over(socket.socket(fileno=fd), session.deadlines)
        try:
            is_open = not road.is_postgresql
            program = caller.wire if is_open else await with_tls(caller.wire, session.leaves.context(host))
        except BaseException:
            upstream.abort()
            raise
        await pass_on(program, upstream)


async def _tls(
    caller: Caller, hello: Hello, host: str | None, port: int, named: str | None, *, is_own: bool
) -> None:
    session = caller.session
    shown = hello.name or host  # whose certificate it gets
    name = LOCAL if is_own and shown in LOOPBACK else shown
    if name is None or shown is None:
        session.tell(Trouble.MALFORMED, host or "", "TLS for no name")
        return
    arriving = asyncio.create_task(_road(caller, Place(host=name, port=port, tls=True), named))
    await asyncio.sleep(0)  # the broker decides while our part of the handshake is made

    async def decided() -> None:
        greeting = session.resumptions.greeting(name)
        road = await arriving
        if road.refused is not None and road.refused.manner is Manner.FAILURE:
            raise StreamLost
        road.look_ahead(greeting)
        caller.wire.within(session.patience.head_s)

    try:
        stream = await as_server(caller.wire, session.leaves.context(shown), decided)
    except StreamLost:
        await arriving  # so that the broker is told when it is left
        raise
    except BaseException:
        arriving.cancel()
        raise
    caller.wire.ends_together = True
    road = arriving.result()
    front = Front(tls=True, host=name, default_host=name, port=port, road=road, is_own=is_own)
    await _spoken(caller, stream, front)


async def _road(caller: Caller, place: Place, named: str | None) -> Road:
    """Where a program goes that has `named` another host before, or the same."""
    if named is None or place.host == named:
        return await caller.to(place)
    what = "SNI and CONNECT name different hosts"
    caller.session.tell(Trouble.MISMATCH, named, what)
    return caller.refusing(place.host, mismatched(what))


async def _spoken(caller: Caller, stream: TlsStream, front: Front) -> None:
    if stream.protocol == "h2":
        await Http2Side(caller, stream, front).run()
    elif await Http1Side(caller, stream, front).run() is not None:
        raise StreamLost
