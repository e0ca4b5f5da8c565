"""Documents over a stream socket: four bytes of length, the bytes, and descriptors beside the length.

Source: unix(7) on SCM_RIGHTS.
"""

import array
import os
import socket
import struct
from collections.abc import Sequence

__all__ = ["DOCUMENT_BYTES", "receive", "receive_packet", "send"]

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
    header, fds, whole = receive_packet(channel, _LENGTH.size, max_fds=max_fds)
    try:
        if not header:
            return None, []
        header += _exactly(channel, _LENGTH.size - len(header))
        (length,) = _LENGTH.unpack(header)
        if length > DOCUMENT_BYTES or not whole:
            raise ConnectionAbortedError("no document")
        return _exactly(channel, length), fds
    except BaseException:
        for fd in fds:
            os.close(fd)
        raise


def receive_packet(channel: socket.socket, size: int, *, max_fds: int) -> tuple[bytes, list[int], bool]:
    """Up to `size` bytes as they come, the descriptors with them, and whether that is all of the packet.

    The descriptors are close-on-exec from the start: `socket.recv_fds` of Python 3.11 forgets its flags.
    """
    fds = array.array("i")
    space = socket.CMSG_LEN(max_fds * fds.itemsize)
    data, beside, flags, _ = channel.recvmsg(size, space, socket.MSG_CMSG_CLOEXEC)
    for level, kind, content in beside:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.frombytes(content[: len(content) - len(content) % fds.itemsize])
    return data, list(fds), not flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC)


def _exactly(channel: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        part = channel.recv(min(size - len(data), 1 << 20))
        if not part:
            raise ConnectionResetError("cut short")
        data += part
    return bytes(data)
