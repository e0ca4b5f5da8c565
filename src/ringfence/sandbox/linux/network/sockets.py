"""The sockets of a box's network, made within it and answered from without.

Without a redirection by the kernel, each port that matters has a socket at all addresses. With it one socket
has every port, and those of the loopback are left to the box's own programs, but for those that are named.
No program in the box can bind to what is bound here: nothing is shared, and small ports need a capability.

Source: ip(7), ipv6(7), tcp(7), sock_diag(7).
"""

import errno
import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Final, NamedTuple

from ringfence.sandbox.linux.network.loopback import take_all_addresses
from ringfence.sandbox.linux.network.nftables import redirect, redirection
from ringfence.sandbox.plan import Network, SocketKind

__all__ = ["Made", "make_sockets"]

_WEB = (80, 443)
_DNS = 53
_REDIRECTED = 1023  # below 1024: no program in the box can have it
_REDIRECTION: Final = redirection(_REDIRECTED)  # once for all boxes: they are forked from who imports this
_SOCK_DIAG = 4  # NETLINK_SOCK_DIAG
_IP_PKTINFO, _IPV6_RECVPKTINFO = 8, 49
_ANYWHERE: Final = {socket.AF_INET: "0.0.0.0", socket.AF_INET6: "::"}  # noqa: S104 - a network with no way out
_LOOPBACK: Final = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}
_NO_IPV6 = frozenset({errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EOPNOTSUPP, errno.ENODEV, errno.EACCES})


class Made(NamedTuple):
    """All sockets, with the ports that they are bound to; the caller closes them."""

    sockets: tuple[tuple[SocketKind, int, socket.socket], ...]
    catches_all: bool


def make_sockets(network: Network) -> Made:
    """Takes all addresses of this process's network, which must have no way out, and answers at them.

    The loopback must be up. A machine without IPv6 has none here either. Raises OSError.
    """
    take_all_addresses(socket.AF_INET)
    families = (socket.AF_INET, *_ipv6())
    catches_all = network.catch_all and _is_redirected()
    sockets = (
        (SocketKind.PROXY, network.proxy_port, _listening(socket.AF_INET, "127.0.0.1", network.proxy_port)),
        *(each for family in families for each in _of_family(family, network, catches_all=catches_all)),
        (SocketKind.DIAG, 0, socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _SOCK_DIAG)),
    )
    return Made(sockets=sockets, catches_all=catches_all)


def _ipv6() -> tuple[socket.AddressFamily, ...]:
    try:
        with closing(_bound(socket.AF_INET6, socket.SOCK_DGRAM, "::1", 0)):
            take_all_addresses(socket.AF_INET6)
    except OSError as error:
        if error.errno not in _NO_IPV6:
            raise
        return ()
    return (socket.AF_INET6,)


def _is_redirected() -> bool:
    """Whether the kernel has a table for it; many are built without."""
    with suppress(OSError):
        redirect(_REDIRECTION)
        return True
    return False


def _of_family(
    family: socket.AddressFamily, network: Network, *, catches_all: bool
) -> Iterator[tuple[SocketKind, int, socket.socket]]:
    everywhere = _ANYWHERE[family]
    if catches_all:
        yield SocketKind.REDIRECTED, _REDIRECTED, _listening(family, _LOOPBACK[family], _REDIRECTED)
        for port in network.own_ports:
            yield SocketKind.ANY, port, _listening(family, _LOOPBACK[family], port)
    else:
        for port in sorted({*_WEB, *network.ports, *network.own_ports} - {_DNS, network.proxy_port}):
            yield SocketKind.ANY, port, _listening(family, everywhere, port)
    asked = _bound(family, socket.SOCK_DGRAM, everywhere, _DNS)
    if family is socket.AF_INET:
        asked.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
    else:
        asked.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVPKTINFO, 1)
    yield SocketKind.DNS_UDP, _DNS, asked
    yield SocketKind.DNS_TCP, _DNS, _listening(family, everywhere, _DNS)


def _listening(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    made = _bound(family, socket.SOCK_STREAM, address, port)
    made.listen(socket.SOMAXCONN)
    return made


def _bound(family: socket.AddressFamily, kind: socket.SocketKind, address: str, port: int) -> socket.socket:
    made = socket.socket(family, kind)
    if family is socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    made.bind((address, port))
    return made
