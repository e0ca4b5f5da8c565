"""What is said to a proxy that speaks SOCKS 5, and what its answers come to."""

import asyncio
import base64
import socket

import pytest

from egress.upstream_servers import raw_server
from ringfence.egress.broker.tunnels import Via, tunnelled
from ringfence.egress.broker.unreached import NotReached
from socks_server import socks_server

_LOGIN = "ann:pass:word"


def _through(port: int, host: str, to_port: int = 443, *, login: str | None = None) -> bytes:
    """What the host says first."""

    async def told() -> str | None:
        return None if login is None else f"Basic {base64.b64encode(login.encode()).decode()}"

    async def act() -> bytes:
        via = Via(
            host="proxy.test", port=port, context=None, login=told, keep=lambda _task: None, is_socks=True
        )
        sock = socket.create_connection(("127.0.0.1", port))
        sock.setblocking(False)
        async with asyncio.timeout(20):
            with await tunnelled(sock, host, to_port, via) as through:
                through.setblocking(True)
                return through.recv(100)

    return asyncio.run(act())


def _greets(connected: socket.socket) -> None:
    connected.sendall(b"220 mail\r\n")


@pytest.mark.parametrize(
    ("host", "asked"),
    [("a.test", "a.test:25"), ("192.0.2.1", "[192.0.2.1]:25"), ("2001:db8::1", "[2001:db8::1]:25")],
)
@pytest.mark.parametrize("login", [None, _LOGIN])
def test_names_and_addresses_go_as_they_are_and_the_host_s_first_bytes_stay(
    host: str, asked: str, login: str | None
) -> None:
    with raw_server(_greets) as (_, port), socks_server({asked: port}, login=login) as proxied:
        assert _through(proxied.port, host, 25, login=login) == b"220 mail\r\n"
    assert (proxied.asked, proxied.logins) == ([asked], [] if login is None else [login])


def test_no_login_is_sent_to_a_proxy_that_wants_none() -> None:
    with raw_server(_greets) as (_, port), socks_server({"a.test:25": port}) as proxied:
        assert _through(proxied.port, "a.test", 25, login=_LOGIN) == b"220 mail\r\n"
    assert proxied.logins == []


@pytest.mark.parametrize("login", [None, "ann:wrong"])
def test_a_proxy_that_wants_a_login_or_another_one_is_said(login: str | None) -> None:
    with socks_server({}, login=_LOGIN) as proxied:
        with pytest.raises(NotReached, match="wants a login, or another one") as error:
            _through(proxied.port, "a.test", login=login)
        assert (
            error.value.hint
            == "`credential` of `egress: {upstream}` names a login of the vault, of kind basic"
        )
    assert proxied.asked == []


@pytest.mark.parametrize("login", ["a" * 256 + ":b", "a:" + "b" * 256, ":b", "a:"])
def test_a_login_that_cannot_be_said_is_not_sent(login: str) -> None:
    with socks_server({}, login=_LOGIN) as proxied, pytest.raises(NotReached, match="not one for SOCKS"):
        _through(proxied.port, "a.test", login=login)
    assert proxied.logins == []


def test_a_host_that_it_does_not_connect_to_is_said() -> None:
    with socks_server({}) as proxied, pytest.raises(NotReached) as error:
        _through(proxied.port, "a.test")
    what = f"the proxy proxy.test:{proxied.port} does not connect to a.test:443: its rules refuse it"
    assert (error.value.what, error.value.is_slow) == (what, False)


@pytest.mark.parametrize(
    ("answers", "what", "is_slow"),
    [
        ((b"\x05\x00", b"\x05\x06\x00\x01" + bytes(6)), "the host does not answer", True),
        ((b"\x05\x00", b"\x05\x63\x00\x01" + bytes(6)), "it answers 99", False),
        ((b"\x05\xff",), "wants a login", False),
        ((b"\x05\x00", b"\x05\x00\x00\x03\xff" + bytes(9)), "nothing that is SOCKS 5", False),
        ((b"\x05\x00", b"\x04\x00\x00\x01" + bytes(6)), "nothing that is SOCKS 5", False),
        ((b"\x00\x5a" + bytes(6),), "nothing that is SOCKS 5", False),
        ((b"HTTP/1.1 400 Bad Request\r\n\r\n",), "nothing that is SOCKS 5", False),
        ((b"\x05",), "nothing that is SOCKS 5", False),
        ((), "nothing that is SOCKS 5", False),
    ],
)
def test_any_other_answer_reaches_nobody(answers: tuple[bytes, ...], what: str, is_slow: bool) -> None:
    def serve(connected: socket.socket) -> None:
        for each in answers:
            connected.recv(500)
            connected.sendall(each)
        connected.shutdown(socket.SHUT_WR)
        connected.recv(500)

    with raw_server(serve) as (_, port), pytest.raises(NotReached, match=what) as error:
        _through(port, "a.test")
    assert error.value.is_slow == is_slow
