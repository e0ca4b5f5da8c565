"""The daemon with the real broker and confined proxies: a program's requests through a session's socket."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from boxes import tree_of
from broker_scene import Scene, policy, server
from daemon_scene import USERS, WHOLE, attach, curl, daemon, gone, kill, listener, until
from ringfence.daemon.client import DaemonGone, DaemonSession, SessionRefused, open_session
from ringfence.daemon.control import DaemonThere, Open, connect, listen
from ringfence.egress.messages import SocketKind
from vaults import TOKEN

_AGAIN = ("--retry", "5", "--retry-all-errors")
_HERE = "https://api.example.com/"
_SOCK_DIAG = 4
_USED = "{name: ONE, host: api.example.com}"


@contextmanager
def _spoken(box: DaemonSession, at: socket.socket) -> Iterator[ssl.SSLSocket]:
    """A program's connection to the host, by way of the proxy."""
    with socket.create_connection(at.getsockname()) as plain:
        plain.settimeout(20)
        plain.sendall(b"CONNECT api.example.com:443 HTTP/1.1\r\nHost: api.example.com:443\r\n\r\n")
        assert plain.recv(4096).startswith(b"HTTP/1.1 200 ")
        context = ssl.create_default_context(cadata=box.opened.certificate_pem)
        with context.wrap_socket(plain, server_hostname="api.example.com") as program:
            assert _asked(program)
            yield program


def _asked(program: ssl.SSLSocket) -> bool:
    """Whether a request is answered."""
    try:
        program.sendall(b"GET / HTTP/1.1\r\nHost: api.example.com\r\n\r\n")
        answer = program.recv(4096)
        while answer.startswith(b"HTTP/1.1 200 ") and b"ok" not in answer:
            answer += program.recv(4096)
    except OSError:
        return False
    return answer.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("user", USERS)
def test_a_program_reaches_a_granted_host_and_is_refused_another(user: str) -> None:
    with tree_of(user) as folder, server(folder) as host:
        text = policy(("api.example.com", host.port), folder=folder, network=WHOLE)
        with daemon(folder, text, user=user) as here, here.open() as box, listener() as at:
            attach(box, at)
            assert box.opened.given.hosts == 1
            assert curl(box, at, folder, _HERE) == "ok"
            assert "ringfence: " in curl(box, at, folder, "https://other.example.com/")
            assert here.log() == ""


@pytest.mark.parametrize("child", ["proxy", "broker"])
def test_a_child_that_is_killed_is_replaced_and_the_listener_goes_on(tmp_path: Path, child: str) -> None:
    with server(tmp_path) as host:
        text = policy(("api.example.com", host.port), folder=tmp_path, network=WHOLE)
        with daemon(tmp_path, text) as here, here.open() as box, listener() as at:
            attach(box, at)
            assert curl(box, at, tmp_path, _HERE) == "ok"
            before = {"proxy": here.proxy(), "broker": here.broker()}
            kill(before[child])
            assert curl(box, at, tmp_path, *_AGAIN, _HERE) == "ok"
            after = {"proxy": here.proxy(), "broker": here.broker()}
            assert before["proxy"] != after["proxy"]
            assert (before["broker"] != after["broker"]) is (child == "broker")


def test_a_proxy_that_dies_breaks_its_own_sessions_connections_and_no_others(tmp_path: Path) -> None:
    with server(tmp_path) as host:
        text = policy(("api.example.com", host.port), folder=tmp_path, network=WHOLE)
        with daemon(tmp_path, text) as here, listener() as one, listener() as two:
            with here.open("s1") as first, here.open("s2") as second:
                attach(first, one)
                of_first = here.proxies()[0]
                attach(second, two)
                with _spoken(first, one) as broken, _spoken(second, two) as whole:
                    kill(of_first)
                    assert not _asked(broken)
                    assert _asked(whole)
                with _spoken(first, one) as again:
                    assert _asked(again)
                assert len(here.proxies()) == 2
            until(lambda: not here.proxies(), "the proxies' end")


def test_a_killed_broker_leaves_placeholders_as_they_were(tmp_path: Path) -> None:
    with server(tmp_path) as host:
        text = policy(("api.example.com", host.port), folder=tmp_path, network=WHOLE, credentials=_USED)
        scene = Scene(tmp_path, text)
        scene.keep("bearer", "api.example.com", name="ONE")
        scene.door.ledger.close()
        with daemon(tmp_path, text) as here, here.open() as box, listener() as at:
            attach(box, at)
            assert box.opened.given.credentials == ("ONE",)
            _, placeholder = next(iter(box.opened.given.environment))
            assert TOKEN not in placeholder
            header = f"Authorization: Bearer {placeholder}"
            assert curl(box, at, tmp_path, "-H", header, _HERE) == "ok"
            kill(here.broker())
            assert curl(box, at, tmp_path, *_AGAIN, "-H", header, _HERE) == "ok"
    assert [f"Bearer {TOKEN}".encode() in each for each in host.requests] == [True, True]


def test_a_session_goes_on_with_the_next_daemon_where_one_was_killed(tmp_path: Path) -> None:
    with server(tmp_path) as host, listener() as at:
        text = policy(("api.example.com", host.port), folder=tmp_path, network=WHOLE, credentials=_USED)
        scene = Scene(tmp_path, text)
        scene.keep("bearer", "api.example.com", name="ONE")
        scene.door.ledger.close()
        with daemon(tmp_path, text, ends=False) as here:
            box = here.open()
            attach(box, at)
            proxy, broker = here.proxy(), here.broker()
            kill(here.process.pid)
        until(lambda: gone(proxy) and gone(broker), "the children's end")
        had = box.opened
        given = {"certificate_pem": had.certificate_pem, "key_pem": had.key_pem, "state": had.given.state}
        with daemon(tmp_path, text) as here, here.open(**given) as again:
            attach(again, at)
            assert again.opened.given.environment == had.given.environment
            assert again.opened.certificate_pem == had.certificate_pem
            _, placeholder = next(iter(had.given.environment))
            assert curl(box, at, tmp_path, "-H", f"Authorization: Bearer {placeholder}", _HERE) == "ok"
        box.close()
    assert [f"Bearer {TOKEN}".encode() in each for each in host.requests] == [True]


def test_a_grant_for_one_program_is_no_other_programs(tmp_path: Path) -> None:
    """The broker asks the kernel, by the session's own socket, also after it was started again."""
    with server(tmp_path) as host:
        network = "{host: api.example.com, program: /usr/bin/curl}"
        text = policy(("api.example.com", host.port), folder=tmp_path, network=network)
        with daemon(tmp_path, text) as here, here.open() as box, listener() as at:
            with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _SOCK_DIAG) as diag:
                box.attach([(SocketKind.DIAG, diag.fileno()), (SocketKind.PROXY, at.fileno())])
            assert curl(box, at, tmp_path, _HERE) == "ok"
            with pytest.raises(AssertionError), _spoken(box, at):
                pass
            kill(here.broker())
            assert curl(box, at, tmp_path, *_AGAIN, _HERE) == "ok"


def test_a_session_ends_with_its_connection_and_its_name_is_free_again(tmp_path: Path) -> None:
    with daemon(tmp_path, policy(folder=tmp_path, network=WHOLE)) as here:
        with here.open("s1") as first, pytest.raises(DaemonGone):
            here.open("s1")
        with here.open("s1", state=first.opened.given.state) as again:
            assert again.opened.certificate_pem != first.opened.certificate_pem


def test_sockets_that_do_not_fit_end_the_session(tmp_path: Path) -> None:
    with daemon(tmp_path, policy(folder=tmp_path, network=WHOLE)) as here:
        with here.open() as box, listener() as one, listener() as two, pytest.raises(DaemonGone):
            box.attach([(SocketKind.DIAG, one.fileno()), (SocketKind.DIAG, two.fileno())])
        with here.open() as box:
            box.attach([])
            with pytest.raises(DaemonGone):
                box.attach([])


def test_what_the_broker_refuses_is_told(tmp_path: Path) -> None:
    text = policy(folder=tmp_path, network=WHOLE)
    with daemon(tmp_path, text) as here, pytest.raises(SessionRefused):
        here.open(state="no state")


def test_a_client_that_sends_half_a_document_holds_up_nobody(tmp_path: Path) -> None:
    text = policy(folder=tmp_path, network=WHOLE)
    with daemon(tmp_path, text) as here, connect(tmp_path / "state") as slow:
        slow.sendall(b"\0\0")
        with here.open() as box:
            box.attach([])


def test_without_sessions_it_ends(tmp_path: Path) -> None:
    with daemon(tmp_path, policy(folder=tmp_path, network=WHOLE), idle_s=0.1) as here:
        assert here.process.wait(20) == 0


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
