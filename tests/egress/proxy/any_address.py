"""`python any_address.py SOCKET CODE`: a network where every address is its own.

Started in namespaces of its own. Hands out a listener for IPv4 and one for IPv6, both at port 443, and a DNS
socket; runs the code once it is told to. The messages to the kernel are those of rtnetlink(7).
"""

import array
import fcntl
import socket
import struct
import sys

_NEW_ROUTE, _REQUEST, _CREATE, _REPLACE, _ACK = 24, 1, 0x400, 0x100, 4


def _netlink(kind: int, body: bytes) -> None:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as kernel:
        flags = _REQUEST | _ACK | _CREATE | _REPLACE
        kernel.send(struct.pack("=IHHII", 16 + len(body), kind, flags, 1, 0) + body)
        error = struct.unpack_from("=i", kernel.recv(65536), 16)[0]
        if error:
            raise OSError(-error, "netlink")


def _every_address() -> None:
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sH22x", b"lo", 0x1 | 0x40))  # up and running
    interface = struct.pack("=HHI", 8, 4, socket.if_nametoindex("lo"))
    for family in (socket.AF_INET, socket.AF_INET6):
        _netlink(_NEW_ROUTE, struct.pack("=BBBBBBBBI", family, 0, 0, 0, 255, 4, 254, 2, 0) + interface)


def main() -> None:
    """Until the code has run."""
    _every_address()
    four = socket.create_server(("0.0.0.0", 443))
    six = socket.create_server(("::", 443), family=socket.AF_INET6)
    dns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    dns.bind(("0.0.0.0", 53))
    fds = array.array("i", [each.fileno() for each in (four, six, dns)])
    with socket.socket(fileno=int(sys.argv[1])) as outside:
        outside.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
        for each in (four, six, dns):
            each.close()
        outside.recv(1)
        exec(sys.argv[2])


if __name__ == "__main__":
    main()
