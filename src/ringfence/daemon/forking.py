"""The process that proxies are forked from: it has read what they need, and has never known a session.

A fork of the daemon would have the keys of all sessions in its memory, and a proxy is what programs in boxes
may take over. This one knows nothing but where the daemon is. Each proxy is its child, in namespaces of its
own, and ends with it; the daemon is given a descriptor of the process.

Source: fork(2), pidfd_open(2), unix(7) on SCM_RIGHTS.
"""

import os
import signal
import socket
import struct
import sys
from collections.abc import Callable
from contextlib import suppress

from ringfence.core.dataclass import dataclass
from ringfence.daemon.children import Child, be_child, fork_child
from ringfence.daemon.confining import apart, confine
from ringfence.sandbox.framing import receive_packet

__all__ = ["Entry", "Forker", "start_forker"]

Entry = Callable[[socket.socket, socket.socket], None]
"""What a proxy is: its socket to the daemon, and that to the broker. It returns at the end."""

_NAME = "ringfence-proxy"  # the kernel keeps 15 bytes
_ANSWER = struct.Struct("=2i")  # its number, or 0 and why not


@dataclass(frozen=True, slots=True, kw_only=True)
class Forker:
    """It, as the daemon sees it."""

    process: Child

    def fork(self, other: socket.socket) -> Child:
        """A new proxy, with `other`, which is closed here: its way to the broker.

        Raises:
            OSError: no process can be had, or the forker is gone.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with other, theirs:
                channel = self.process.channel
                channel.setblocking(True)
                socket.send_fds(channel, [b"."], [theirs.fileno(), other.fileno()], socket.MSG_NOSIGNAL)
                data, fds, _ = receive_packet(channel, _ANSWER.size, max_fds=1)
            if len(data) != _ANSWER.size:
                raise ConnectionResetError("the forker is gone")
            pid, code = _ANSWER.unpack(data)
            if not pid:
                raise OSError(code, os.strerror(code))
        except BaseException:
            ours.close()
            raise
        return Child(pid=pid, pidfd=fds[0], channel=ours)


def start_forker(entry: Entry, *, prepare: Callable[[], None]) -> Forker:
    """One whose children are `entry`. What `prepare` reads they have, and can read no more.

    Raises:
        OSError: no process can be had.
    """
    return Forker(process=fork_child(lambda daemon: _serve(daemon, entry, prepare)))


def _serve(daemon: socket.socket, entry: Entry, prepare: Callable[[], None]) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel forgets children that end
    prepare()
    while True:
        data, fds, _ = receive_packet(daemon, 1, max_fds=2)
        if not data:
            return
        try:
            _answer(daemon, entry, fds)
        finally:
            for each in fds:
                os.close(each)


def _answer(daemon: socket.socket, entry: Entry, fds: list[int]) -> None:
    uid, gid = os.geteuid(), os.getegid()
    try:
        pid, pidfd, lacking = apart()
    except OSError as error:
        daemon.sendall(_ANSWER.pack(0, error.errno or 0))
        return
    if not pid:
        theirs, other = (socket.socket(fileno=each) for each in fds)
        be_child(lambda: _be_proxy(entry, theirs, other, (uid, gid), lacking), keeps=fds)
    try:
        socket.send_fds(daemon, [_ANSWER.pack(pid, 0)], [pidfd], socket.MSG_NOSIGNAL)
    finally:
        os.close(pidfd)


def _be_proxy(
    entry: Entry,
    daemon: socket.socket,
    broker: socket.socket,
    user: tuple[int, int],
    lacking: tuple[str, ...],
) -> None:
    lacking += confine(_NAME, uid=user[0], gid=user[1])
    with suppress(OSError):  # a log that is longer than any file that it may write
        for each in lacking:
            sys.stderr.write(f"ringfence: the proxy lacks {each}\n")
    entry(daemon, broker)
