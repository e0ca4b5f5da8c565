"""Messages to the kernel's own sockets, written by hand, and what it says to them.

Source: netlink(7), the kernel's userspace-api/netlink documents.
"""

import errno
import os
import socket
import struct
from collections.abc import Iterable

__all__ = ["ACK", "CREATE", "EXCLUDE", "attribute", "message", "nested", "told"]

ACK, EXCLUDE, CREATE = 0x4, 0x200, 0x400
_REQUEST, _NESTED = 0x1, 0x8000
_HEADER = struct.Struct("=IHHII")  # length, type, flags, number, port
_ATTRIBUTE = struct.Struct("=HH")
_ERROR = 2  # also with 0: done
_ANSWER_BYTES = 64 * 1024  # an error repeats what it is about
_ANSWERS = 64


def attribute(kind: int, value: bytes) -> bytes:
    """One attribute, padded."""
    return _ATTRIBUTE.pack(_ATTRIBUTE.size + len(value), kind) + value + bytes(-len(value) % 4)


def nested(kind: int, attributes: Iterable[bytes]) -> bytes:
    """One attribute that holds others."""
    return attribute(kind | _NESTED, b"".join(attributes))


def message(kind: int, body: bytes, *, flags: int = 0, number: int = 0) -> bytes:
    """One message."""
    return _HEADER.pack(_HEADER.size + len(body), kind, flags | _REQUEST, number, 0) + body


def told(protocol: int, packet: bytes) -> None:
    """Sends messages, one of which at least has ACK, to the kernel in this process's network namespace.

    It has done what they say when this returns.

    Raises:
        OSError: it refused one, or said nothing.
    """
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol) as kernel:
        kernel.send(packet)
        done = False
        for _ in range(_ANSWERS):
            try:
                answer = kernel.recv(_ANSWER_BYTES, socket.MSG_DONTWAIT)  # it answers before `send` returns
            except BlockingIOError:
                break
            for code in _codes(answer):
                if code:
                    raise OSError(code, os.strerror(code))
                done = True
    if not done:
        raise OSError(errno.EPROTO, os.strerror(errno.EPROTO))


def _codes(answer: bytes) -> Iterable[int]:
    at = 0
    while at + _HEADER.size + 4 <= len(answer):
        length, kind, *_ = _HEADER.unpack_from(answer, at)
        if kind == _ERROR:
            yield -struct.unpack_from("=i", answer, at + _HEADER.size)[0]
        at += max(length + -length % 4, _HEADER.size)
