"""Listening TCP sockets and the machine's own addresses, out of /proc/net.

Only the own network namespace is seen. Source: kernel Documentation/networking/proc_net_tcp.rst; tcp_ipv4.c
lists listening sockets before all others, so what a bounded read loses are connections.
"""

import ipaddress
import re
import socket
import struct
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

from ringfence.core.limits import LIMITS
from ringfence.endpoint.linux.reading import read_proc
from ringfence.endpoint.platform import ListeningSocket

__all__ = ["listening_sockets", "own_addresses"]

_LISTENING = b"0A"
_LINE = re.compile(
    rb"\s*\d+: ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) \S+ (\S\S) \S+ \S+ \S+ +\d+ +\d+ (\d{1,20}) "
)
_LOCAL_V4 = re.compile(rb"\|-- ([0-9.]{7,15})\n\s+/32 host LOCAL")


def listening_sockets(proc: Path) -> Iterator[ListeningSocket]:
    """Every listening socket, IPv4 and IPv6; several on one port are told apart by their inodes."""
    for name in ("tcp", "tcp6"):
        yield from islice(_parse(read_proc(proc / "net" / name)), LIMITS.listening_sockets)


def own_addresses(proc: Path) -> Mapping[str, int]:
    """Each address of this machine, with the interface number for link-local ones, else 0."""
    addresses = {match.decode(): 0 for match in _LOCAL_V4.findall(read_proc(proc / "net/fib_trie"))}
    for line in read_proc(proc / "net/if_inet6").splitlines():
        fields = line.split()
        if len(fields) >= 4 and len(fields[0]) == 32:
            address = ipaddress.IPv6Address(int(fields[0], 16))
            addresses[str(address)] = int(fields[1], 16) if address.is_link_local else 0
    return addresses


def _parse(table: bytes) -> Iterator[ListeningSocket]:
    for line in table.splitlines()[1:]:
        match = _LINE.match(line)
        if match and match[3] == _LISTENING:
            yield ListeningSocket(address=_address(match[1]), port=int(match[2], 16), inode=int(match[4]))


def _address(digits: bytes) -> str:
    """The kernel prints each 32-bit word in the byte order of the machine."""
    words = [int(digits[i : i + 8], 16) for i in range(0, len(digits), 8)]
    raw = struct.pack(f"={len(words)}I", *words)
    return socket.inet_ntop(socket.AF_INET if len(raw) == 4 else socket.AF_INET6, raw)
