"""A daemon with the real broker and confined proxies, in a process of its own; and what its children are.

    with server(folder) as host, daemon(folder, policy(…)) as daemon, daemon.open() as box:
        …

`program` is Python that may define `be_proxy(daemon, broker)`, another proxy, and change what it likes before
the daemon serves; `home` is the daemon's folder. `user` is "root" or "ordinary"; who is not root stays so.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from real.running import reaches_ringfence
from ringfence.daemon.client import DaemonSession, open_session
from ringfence.daemon.control import Open
from ringfence.egress.messages import SocketKind

__all__ = [
    "ORDINARY",
    "USERS",
    "WHOLE",
    "Daemon",
    "attach",
    "curl",
    "daemon",
    "gone",
    "kill",
    "listener",
    "until",
]

ORDINARY = 1000
USERS = ("root", "ordinary") if os.geteuid() == 0 else ("ordinary",)
WHOLE = "{host: api.example.com}"
_TESTS = Path(__file__).parent
_PROGRAM = """
import ctypes, os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from broker_scene import Scene
from ringfence.daemon.control import listen
from ringfence.daemon.serving import serve
from ringfence.egress.broker import main as broker
from ringfence.egress.broker.blame import make_page
from ringfence.egress.proxy.main import run as be_proxy

home = Path(sys.argv[2])
page = make_page()

def be_broker(daemon):
    (home / "broker.pid").write_text(str(os.getpid()))
    broker.run(daemon, None, open_house=Scene(home, (home / "policy").read_text()).house, page=page)

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
if sys.argv[4] == "ordinary" and os.geteuid() == 0:
    os.setgroups([])
    os.setresgid(1000, 1000, 1000)
    os.setresuid(1000, 1000, 1000)
    ctypes.CDLL(None).prctl(4, 1)  # as dumpable as what such a user executes
"""
_SERVES = """
control = listen(home / "state")
print("ready", flush=True)
serve(control, broker=be_broker, proxy=be_proxy, page=page, idle_s=float(sys.argv[3]))
"""
_PATIENCE_S = 20.0


@dataclass(frozen=True)
class Daemon:
    """One that serves."""

    process: "subprocess.Popen[str]"
    folder: Path
    user: str

    def open(self, session: str = "s1", **more: str) -> DaemonSession:
        """A session with it; `more` is what another daemon gave it."""
        asked = Open(session=session, agent="claude", folder=str(self.folder / "tree"), **more)
        with _as(self.user):
            return open_session(self.folder / "state", asked)

    def broker(self) -> int:
        """The number of the broker that runs, or ran last."""
        return int((self.folder / "broker.pid").read_text())

    def proxies(self) -> list[int]:
        """The numbers of all proxies that run, the oldest first."""
        forkers = [pid for pid in _children(self.process.pid) if pid != self.broker()]
        return sorted(pid for forker in forkers for pid in _children(forker))

    def proxy(self) -> int:
        """The only one's."""
        (found,) = until(lambda: len(found := self.proxies()) == 1 and found, "the proxy")
        return found

    def log(self) -> str:
        """What it and its children wrote for people."""
        return (self.folder / "log").read_text()


@contextmanager
def daemon(
    folder: Path,
    text: str,
    *,
    program: str = "",
    idle_s: float = 600.0,
    user: str = USERS[0],
    ends: bool = True,
) -> Iterator[Daemon]:
    """It is told to end at the end; with a short `idle_s` it is waited for instead. `ends`: in good order."""
    if user == "ordinary" and os.geteuid() == 0 and not reaches_ringfence():
        pytest.skip("an ordinary user cannot read this checkout")
    (folder / "policy").write_text(text)
    (folder / "tree").mkdir(exist_ok=True)
    if user == "ordinary" and os.getuid() == 0:
        _give(folder)
    command = [
        sys.executable,
        "-c",
        _PROGRAM + program + _SERVES,
        str(_TESTS),
        str(folder),
        str(idle_s),
        user,
    ]
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "ready\n", (folder / "log").read_text()
            yield Daemon(process, folder, user)
            if idle_s > _PATIENCE_S:
                process.terminate()
            assert (process.wait(30) == 0) is ends, (folder / "log").read_text()
        finally:
            process.kill()


def listener() -> socket.socket:
    """Where programs of a box would come in."""
    return socket.create_server(("127.0.0.1", 0), backlog=512)


def curl(box: DaemonSession, at: socket.socket, folder: Path, *arguments: str) -> str:
    """What curl says, by way of the proxy that listens `at`."""
    ca_file = folder / "session-ca.pem"
    ca_file.write_text(box.opened.certificate_pem)
    where = f"http://127.0.0.1:{at.getsockname()[1]}"
    command = ["curl", "-sS", "--max-time", "20", "-x", where, "--cacert", str(ca_file), *arguments]
    ran = subprocess.run(command, capture_output=True, check=False)
    assert ran.returncode == 0, ran
    return ran.stdout.decode()


def attach(box: DaemonSession, at: socket.socket) -> None:
    """Has the session's proxy listen there."""
    box.attach([(SocketKind.PROXY, at.fileno())])


def kill(pid: int) -> None:
    """Kills it, and returns when it is gone."""
    pidfd = os.pidfd_open(pid)
    try:
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        until(lambda: gone(pid), "its end")
    finally:
        os.close(pidfd)


def gone(pid: int) -> bool:
    """Whether no such process runs; one that is only waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] == "Z"
    except OSError:
        return True


def until(found: Callable[[], Any], what: str) -> Any:
    """What `found` returns once it is something."""
    end = time.monotonic() + _PATIENCE_S
    while not (value := found()):
        assert time.monotonic() < end, f"{what} never came"
        time.sleep(0.01)
    return value


def _children(pid: int) -> list[int]:
    try:
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


@contextmanager
def _as(user: str) -> Iterator[None]:
    """What connects meanwhile is that user's."""
    if user == "ordinary" and os.getuid() == 0:
        os.seteuid(ORDINARY)
        try:
            yield
        finally:
            os.seteuid(0)
    else:
        yield


def _give(folder: Path) -> None:
    """All of it to the ordinary user, who must reach it: below pytest's own folders nobody else does."""
    for each in (folder, *folder.rglob("*")):
        os.chown(each, ORDINARY, ORDINARY, follow_symlinks=False)
