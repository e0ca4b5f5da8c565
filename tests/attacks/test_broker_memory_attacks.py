"""The broker's memory and descriptors, sought by another program of the same user."""

import ctypes
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvloop

import boxes
from ringfence.egress.broker import main
from ringfence.egress.messages import OpenSession
from ringfence.egress.wire import encode
from ringfence.sandbox.framing import receive, send
from ringfence.wiring.broker import broker as run_broker

_DUMPABLE = 4
_PIDFD_GETFD = 438  # on all machines alike
assert uvloop  # the user that is tried may not be able to import it


def _broker_seen(folder: Path, *, hidden: bool) -> dict[str, object]:
    """What a program of the same user finds out about a running broker."""

    def attack() -> object:
        os.environ.update(
            HOME=str(folder), XDG_STATE_HOME=str(folder / "s"), XDG_CONFIG_HOME=str(folder / "c")
        )
        daemon, theirs = socket.socketpair()
        child = os.fork()
        if child == 0:
            daemon.close()
            ctypes.PyDLL(None).prctl(_DUMPABLE, 1, 0, 0, 0)  # as any program is that was executed
            if not hidden:
                main._hide = lambda: None
            run_broker(theirs, None)
            os._exit(0)
        number = theirs.fileno()
        theirs.close()
        try:
            asked = OpenSession(session="s1", agent="claude", folder=str(folder))
            send(daemon, encode(asked, 1, False))
            receive(daemon, max_fds=0)  # it is there, and serves
            found = {name: _tried(f"/proc/{child}/{name}") for name in ("mem", "environ", "fd/0", "maps")}
            return found | {"socket": _taken(child, number)}
        finally:
            daemon.close()
            os.waitpid(child, 0)

    found = boxes.as_user(boxes.ORDINARY, attack) if os.geteuid() == 0 else attack()
    assert isinstance(found, dict)
    return found


def _tried(path: str) -> bool:
    try:
        os.close(os.open(path, os.O_RDONLY))
    except PermissionError:
        return False
    return True


def _taken(pid: int, number: int) -> bool:
    """Whether a descriptor of that process can be had: by the broker's own socket anybody is the daemon."""
    pidfd = os.pidfd_open(pid)
    try:
        return int(ctypes.CDLL(None).syscall(_PIDFD_GETFD, pidfd, number, 0)) >= 0
    finally:
        os.close(pidfd)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A home of the user whose programs attack."""
    made = Path(tempfile.mkdtemp(prefix="ringfence-test-", dir="/var/tmp"))
    if os.geteuid() == 0:
        os.chown(made, boxes.ORDINARY, boxes.ORDINARY)
    yield made
    shutil.rmtree(made)


def test_a_program_of_the_same_user_reads_nothing_of_the_broker(folder: Path) -> None:
    seen = _broker_seen(folder, hidden=True)
    assert seen == dict.fromkeys(("mem", "environ", "fd/0", "maps", "socket"), False)
    seen = _broker_seen(folder, hidden=False)
    assert (seen["mem"], seen["socket"]) == (True, True)  # what hiding is for
