"""The loopback interface, up; and, where it is wanted, all addresses of the world at it.

An address that is local is answered by whoever listens at it, so a program that dials anything reaches a
socket of its own box, and never leaves. Nothing is translated by that: the socket says what was dialled. The
programs' own address stays the loopback's, which is what those are told that ask for theirs.

Source: netdevice(7), rtnetlink(7); "AnyIP" in ip-route(8).
"""

import fcntl
import socket
import struct
from typing import Final

from ringfence.sandbox.linux.network.netlink import ACK, CREATE, EXCLUDE, attribute, message, told

__all__ = ["raise_loopback", "take_all_addresses"]

_SIOCSIFFLAGS = 0x8914
_UP_LOOPBACK_RUNNING = 0x1 | 0x8 | 0x40
_LOOPBACK = struct.pack("=I", 1)  # every network namespace's first interface
_ROUTE = 0  # NETLINK_ROUTE
_NEW_ROUTE = 24
_TABLE_LOCAL, _PROTOCOL_STATIC, _SCOPE_HOST, _TYPE_LOCAL = 255, 4, 254, 2
_OUTPUT_INTERFACE, _PREFERRED_SOURCE = 4, 7
_OWN: Final = {
    socket.AF_INET: socket.inet_pton(socket.AF_INET, "127.0.0.1"),
    socket.AF_INET6: socket.inet_pton(socket.AF_INET6, "::1"),
}


def raise_loopback() -> None:
    """127.0.0.1 and ::1 answer within this process's network namespace. Raises OSError."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sH22x", b"lo", _UP_LOOPBACK_RUNNING))


def take_all_addresses(family: socket.AddressFamily) -> None:
    """Every address of this family is local from now on. The loopback must be up. Raises OSError."""
    route = struct.pack("=8BI", family, 0, 0, 0, _TABLE_LOCAL, _PROTOCOL_STATIC, _SCOPE_HOST, _TYPE_LOCAL, 0)
    route += attribute(_OUTPUT_INTERFACE, _LOOPBACK) + attribute(_PREFERRED_SOURCE, _OWN[family])
    told(_ROUTE, message(_NEW_ROUTE, route, flags=ACK | CREATE | EXCLUDE))
