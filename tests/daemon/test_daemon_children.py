"""What a child of the daemon has of the daemon's own."""

import os
import socket
import subprocess
import sys

from ringfence.daemon.children import fork_child


def test_a_child_has_nothing_open_but_its_socket_and_what_it_keeps() -> None:
    kept, other = os.memfd_create("kept"), os.memfd_create("other")
    os.write(kept, b"for the child")

    def be(daemon: socket.socket) -> None:
        is_open = [fd for fd in range(3, 4096) if os.path.exists(f"/proc/self/fd/{fd}")]
        daemon.sendall(repr((len(is_open), os.pread(kept, 99, 0), other in is_open)).encode())

    child = fork_child(be, keeps=(kept,))
    child.channel.setblocking(True)
    assert child.channel.recv(4096) == b"(2, b'for the child', False)"
    child.end(at_once=False)
    os.close(kept)
    os.close(other)


_TOLD_WHILE_IT_FORKS = """
import os, signal, sys
from ringfence.daemon.children import fork_child
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
os.register_at_fork(before=lambda: os.kill(os.getpid(), signal.SIGTERM))
fork_child(lambda channel: None)
"""


def test_who_is_told_to_end_while_it_forks_ends() -> None:
    told = subprocess.run([sys.executable, "-c", _TOLD_WHILE_IT_FORKS], capture_output=True, check=False)
    assert (told.returncode, told.stderr) == (7, b"")
