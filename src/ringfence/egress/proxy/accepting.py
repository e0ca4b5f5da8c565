"""A session's sockets: connections are taken as they come, each with where it was meant to go.

The sockets were made in the box's own network, where every address is its own: what a program dialled is the
address of the accepted socket, or where the kernel redirected it, what the kernel remembers of it. Sources:
ip(7), linux/netfilter_ipv4.h.
"""

import asyncio
import errno
import ipaddress
import socket
import struct
from functools import lru_cache

from ringfence.core.limits import LIMITS
from ringfence.egress.messages import SocketKind, Trouble
from ringfence.egress.proxy.resolving import answer_stream
from ringfence.egress.proxy.serving import serve
from ringfence.egress.proxy.sessions import Caller, Session
from ringfence.egress.proxy.wires import StreamLost, wire_over

__all__ = ["accept_from"]

_AT_ONCE = 64  # connections that are taken before others have their turn
_REST_S = 0.2  # where there is no descriptor left
_SO_ORIGINAL_DST = 80
_FOR_NOW = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_OVER = frozenset({errno.EBADF, errno.EINVAL, errno.ENOTSOCK, errno.EOPNOTSUPP})
_V4 = struct.Struct("!HH4s")
_V6 = struct.Struct("!HHI16s")


def accept_from(listener: socket.socket, kind: SocketKind, session: Session) -> None:
    """Begins to take connections, until the session ends. The socket is owned from now on."""
    loop = asyncio.get_running_loop()
    listener.setblocking(False)

    def take() -> None:
        for _ in range(_AT_ONCE):
            try:
                connected, source = listener.accept()
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                if error.errno in _OVER or error.errno in _FOR_NOW:
                    loop.remove_reader(listener)
                if error.errno in _FOR_NOW:
                    loop.call_later(_REST_S, begin)
                return
            _taken(connected, source, kind, session)

    def begin() -> None:
        if listener.fileno() >= 0:
            loop.add_reader(listener, take)

    def end() -> None:
        loop.remove_reader(listener)
        listener.close()

    session.ends.append(end)
    begin()


def _taken(connected: socket.socket, source: tuple[str, int], kind: SocketKind, session: Session) -> None:
    if len(session.tasks) >= LIMITS.egress_connections:
        connected.close()
        if not session.is_full:
            session.is_full = True
            session.tell(Trouble.BUDGET, "", f"more than {LIMITS.egress_connections} connections at one time")
        return
    session.is_full = False
    task = asyncio.get_running_loop().create_task(_served(connected, source, kind, session))
    session.tasks.add(task)
    task.add_done_callback(session.tasks.discard)


async def _served(
    connected: socket.socket, source: tuple[str, int], kind: SocketKind, session: Session
) -> None:
    if kind is SocketKind.DNS_TCP:
        await answer_stream(connected, session)
        return
    try:
        destination = _destination(connected, kind)
        wire = await wire_over(connected, session.deadlines)
    except (OSError, StreamLost):
        connected.close()
        return
    await serve(Caller(session, wire, source=_plain(source), destination=destination), kind)


def _destination(connected: socket.socket, kind: SocketKind) -> tuple[str, int]:
    """Address and port as the program dialled them."""
    if kind is not SocketKind.REDIRECTED:
        return _plain(connected.getsockname())
    if connected.family == socket.AF_INET:
        _, port, packed = _V4.unpack_from(connected.getsockopt(socket.SOL_IP, _SO_ORIGINAL_DST, 16))
    else:
        _, port, _, packed = _V6.unpack_from(connected.getsockopt(socket.IPPROTO_IPV6, _SO_ORIGINAL_DST, 28))
    return str(ipaddress.ip_address(packed)), port


def _plain(address: tuple[str, int]) -> tuple[str, int]:
    """Without zone, and IPv4 as such."""
    return _plain_host(address[0]), address[1]


@lru_cache(maxsize=256)
def _plain_host(host: str) -> str:
    parsed = ipaddress.ip_address(host.partition("%")[0])
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return str(mapped or parsed)
