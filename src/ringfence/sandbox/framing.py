"""Documents over a stream socket: four bytes of length, the bytes, and descriptors beside the length.

Source: unix(7) on SCM_RIGHTS.
"""

import os
import socket
import struct
from collections.abc import Sequence

__all__ = ["DOCUMENT_BYTES", "receive", "send"]

DOCUMENT_BYTES = 16 * 1024 * 1024  # two thousand places with all that is said of them have one
_LENGTH = struct.Struct("!I")


def send(channel: socket.socket, document: bytes, fds: Sequence[int] = ()) -> None:
    """Sends all of it.

    Raises:
        ValueError: it is longer than any that is read.
        OSError: nobody is there any more.
    """
    if len(document) > DOCUMENT_BYTES:
        raise ValueError("the document is too long")
    socket.send_fds(channel, [_LENGTH.pack(len(document))], fds, socket.MSG_NOSIGNAL)
    channel.sendall(document, socket.MSG_NOSIGNAL)


def receive(channel: socket.socket, *, max_fds: int) -> tuple[bytes | None, list[int]]:
    """The next document and its descriptors, close-on-exec; None at the end.

    Raises:
        OSError: the other end is gone, or sent what is no document.
    """
    header, fds, flags, _ = socket.recv_fds(channel, _LENGTH.size, max_fds, socket.MSG_CMSG_CLOEXEC)
    try:
        if not header:
            return None, []
        header += _exactly(channel, _LENGTH.size - len(header))
        (length,) = _LENGTH.unpack(header)
        if length > DOCUMENT_BYTES or flags & socket.MSG_CTRUNC:
            raise ConnectionAbortedError("no document")
        return _exactly(channel, length), fds
    except BaseException:
        for fd in fds:
            os.close(fd)
        raise


def _exactly(channel: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        part = channel.recv(min(size - len(data), 1 << 20))
        if not part:
            raise ConnectionResetError("cut short")
        data += part
    return bytes(data)
