"""Which program has a connection: evidence to narrow what is granted, never to widen it.

The kernel is asked, in the network of the box, for the socket's number; then who holds it. Neither is proof:
a program can hand its socket on, and go. Where nothing is found, the program is unknown.

Sources: sock_diag(7), proc(5).
"""

import os
import socket
import struct
from collections.abc import Iterator
from ipaddress import ip_address

from ringfence.core.limits import LIMITS

__all__ = ["Programs"]

_SOCK_DIAG_BY_FAMILY = 20
_NLM_F_REQUEST = 1
_ANSWER_BYTES = 4096
_HEADER = struct.Struct("=IHHII")
_ASKED = struct.Struct("=BBBBI")
_ANY_COOKIE = b"\xff" * 8
_INODE_AT = 16 + 68  # of the netlink header, and in inet_diag_msg


class Programs:
    """Finds programs by their end of a connection. `diag`: NETLINK_SOCK_DIAG, of the box's network."""

    def __init__(self, diag: socket.socket, *, proc: str = "/proc") -> None:
        diag.settimeout(0.2)  # the kernel answers at once
        self._diag = diag
        self._proc = proc

    def program(self, source: tuple[str, int], destination: tuple[str, int]) -> str | None:
        """The executable's path; None where that is not to be had."""
        inode = self._inode(source, destination)
        if not inode:
            return None
        wanted = f"socket:[{inode}]"
        found = {path for path in self._holders(wanted) if path is not None}
        return found.pop() if len(found) == 1 else None

    def close(self) -> None:
        """Lets go of the socket."""
        self._diag.close()

    def _inode(self, source: tuple[str, int], destination: tuple[str, int]) -> int:
        try:
            ours, theirs = ip_address(source[0]), ip_address(destination[0])
        except ValueError:
            return 0
        if ours.version != theirs.version:
            return 0
        family = socket.AF_INET if ours.version == 4 else socket.AF_INET6
        pair = struct.pack("!HH", source[1], destination[1])
        addresses = ours.packed.ljust(16, b"\0") + theirs.packed.ljust(16, b"\0")
        body = _ASKED.pack(family, socket.IPPROTO_TCP, 0, 0, 0xFFFFFFFF) + pair + addresses
        body += struct.pack("=I", 0) + _ANY_COOKIE
        head = _HEADER.pack(_HEADER.size + len(body), _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST, 1, 0)
        try:
            self._diag.send(head + body)
            answer = self._diag.recv(_ANSWER_BYTES)
        except OSError:
            return 0
        if len(answer) < _INODE_AT + 4 or _HEADER.unpack_from(answer)[1] != _SOCK_DIAG_BY_FAMILY:
            return 0
        return int.from_bytes(answer[_INODE_AT : _INODE_AT + 4], "little")

    def _holders(self, wanted: str) -> Iterator[str | None]:
        seen = 0
        for pid in os.listdir(self._proc):
            if not pid.isdecimal():
                continue
            seen += 1
            if seen > LIMITS.processes:
                return
            try:
                fds = os.listdir(f"{self._proc}/{pid}/fd")[: LIMITS.process_descriptors]
                if any(os.readlink(f"{self._proc}/{pid}/fd/{fd}") == wanted for fd in fds):  # noqa: PTH115
                    yield os.readlink(f"{self._proc}/{pid}/exe")  # noqa: PTH115
            except OSError:  # it has ended, or is somebody else's
                continue
