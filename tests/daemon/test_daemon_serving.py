"""The daemon with the real broker and the real proxy: a program's requests through a session's socket."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from broker_scene import policy, server
from ringfence.daemon.client import DaemonGone, DaemonSession, SessionRefused, open_session
from ringfence.daemon.control import DaemonThere, Open, connect, listen
from ringfence.egress.messages import SocketKind

_TESTS = Path(__file__).parent.parent
_DAEMON = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from broker_scene import Scene
from ringfence.daemon.control import listen
from ringfence.daemon.serving import serve
from ringfence.egress.broker import main as broker
from ringfence.egress.proxy import main as proxy

folder = Path(sys.argv[2])

def be_broker(daemon, other):
    (folder / "broker.pid").write_text(str(os.getpid()))
    broker.run(daemon, other, open_house=Scene(folder, (folder / "policy").read_text()).house)

def be_proxy(daemon, other):
    (folder / "proxy.pid").write_text(str(os.getpid()))
    proxy.run(daemon, other)

control = listen(folder / "state")
print("ready", flush=True)
serve(control, broker=be_broker, proxy=be_proxy, idle_s=float(sys.argv[3]))
"""
_WHOLE = "{host: api.example.com}"


@dataclass(frozen=True)
class _Daemon:
    process: "subprocess.Popen[str]"
    folder: Path

    def open(self, session: str = "s1", state: str = "") -> DaemonSession:
        asked = Open(session=session, agent="claude", folder=str(self.folder / "tree"), state=state)
        return open_session(self.folder / "state", asked)

    def pid(self, child: str) -> int:
        return int((self.folder / f"{child}.pid").read_text())

    def kill(self, child: str) -> None:
        """Kills it, and returns when it is gone."""
        pidfd = os.pidfd_open(self.pid(child))
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        os.close(pidfd)


@contextmanager
def _daemon(folder: Path, text: str, *, idle_s: float = 0.0) -> Iterator[_Daemon]:
    """It ends by itself when its last session has."""
    (folder / "policy").write_text(text)
    command = [sys.executable, "-c", _DAEMON, str(_TESTS), str(folder), str(idle_s or 5.0)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "ready\n"
            yield _Daemon(process, folder)
            assert process.wait(30) == 0
        finally:
            process.kill()


def _curl(box: DaemonSession, listener: socket.socket, folder: Path, *arguments: str) -> str:
    ca_file = folder / "session-ca.pem"
    ca_file.write_text(box.opened.certificate_pem)
    port = listener.getsockname()[1]
    command = ["curl", "-sS", "--max-time", "20", "-x", f"http://127.0.0.1:{port}", "--cacert", str(ca_file)]
    ran = subprocess.run([*command, *arguments], capture_output=True, check=False)
    assert ran.returncode == 0, ran
    return ran.stdout.decode()


def _listener() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0), backlog=512)


def test_a_program_reaches_a_granted_host_and_is_refused_another(tmp_path: Path) -> None:
    with server(tmp_path) as host:
        text = policy(("api.example.com", host.port), folder=tmp_path, network=_WHOLE)
        with _daemon(tmp_path, text) as daemon, daemon.open() as box, _listener() as listener:
            box.attach([(SocketKind.PROXY, listener.fileno())])
            assert box.opened.given.hosts == 1
            assert _curl(box, listener, tmp_path, "https://api.example.com/") == "ok"
            assert "ringfence: " in _curl(box, listener, tmp_path, "https://other.example.com/")


@pytest.mark.parametrize("child", ["proxy", "broker"])
def test_a_child_that_is_killed_is_replaced_and_the_listener_goes_on(tmp_path: Path, child: str) -> None:
    with server(tmp_path) as host:
        text = policy(("api.example.com", host.port), folder=tmp_path, network=_WHOLE)
        with _daemon(tmp_path, text) as daemon, daemon.open() as box, _listener() as listener:
            box.attach([(SocketKind.PROXY, listener.fileno())])
            assert _curl(box, listener, tmp_path, "https://api.example.com/") == "ok"
            before = daemon.pid(child)
            daemon.kill(child)
            with daemon.open("s2"):  # the daemon has seen it by then, or sees it first
                assert (
                    _curl(
                        box,
                        listener,
                        tmp_path,
                        "--retry",
                        "5",
                        "--retry-all-errors",
                        "https://api.example.com/",
                    )
                    == "ok"
                )
            assert daemon.pid(child) != before


def test_a_session_ends_with_its_connection_and_its_name_is_free_again(tmp_path: Path) -> None:
    with _daemon(tmp_path, policy(folder=tmp_path, network=_WHOLE)) as daemon:
        with daemon.open("s1") as first, pytest.raises(DaemonGone):
            daemon.open("s1")
        with daemon.open("s1", state=first.opened.given.state) as again:
            assert again.opened.certificate_pem != first.opened.certificate_pem


def test_sockets_that_do_not_fit_end_the_session(tmp_path: Path) -> None:
    with _daemon(tmp_path, policy(folder=tmp_path, network=_WHOLE)) as daemon:
        with daemon.open() as box, _listener() as one, _listener() as two, pytest.raises(DaemonGone):
            box.attach([(SocketKind.DIAG, one.fileno()), (SocketKind.DIAG, two.fileno())])
        with daemon.open() as box:
            box.attach([])
            with pytest.raises(DaemonGone):
                box.attach([])


def test_what_the_broker_refuses_is_told(tmp_path: Path) -> None:
    text = policy(folder=tmp_path, network=_WHOLE)
    with _daemon(tmp_path, text) as daemon, pytest.raises(SessionRefused):
        daemon.open(state="no state")


def test_a_client_that_sends_half_a_document_holds_up_nobody(tmp_path: Path) -> None:
    text = policy(folder=tmp_path, network=_WHOLE)
    with _daemon(tmp_path, text) as daemon, connect(tmp_path / "state") as slow:
        slow.sendall(b"\0\0")
        with daemon.open() as box:
            box.attach([])


def test_there_is_one_daemon_and_nobody_else_can_reach_its_socket(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    control = listen(folder)
    with pytest.raises(DaemonThere):
        listen(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "control.sock").stat().st_mode & 0o777 == 0o600
    control.close()
    listen(folder).close()


def test_without_a_daemon_nothing_is_opened(tmp_path: Path) -> None:
    with pytest.raises(DaemonGone):
        open_session(tmp_path, Open(session="s1", agent="claude", folder="/"))
