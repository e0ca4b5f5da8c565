"""The box's own network: a loopback interface, up, and nothing else. Source: netdevice(7)."""

import fcntl
import socket
import struct

__all__ = ["raise_loopback"]

_SIOCSIFFLAGS = 0x8914
_UP_LOOPBACK_RUNNING = 0x1 | 0x8 | 0x40


def raise_loopback() -> None:
    """127.0.0.1 and ::1 answer within this process's network namespace. Raises OSError."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sH22x", b"lo", _UP_LOOPBACK_RUNNING))
