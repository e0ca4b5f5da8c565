"""What is said to a company's proxy, and what its answers come to."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress

import pytest

from egress.upstream_servers import raw_server
from ringfence.core.limits import LIMITS
from ringfence.egress.broker.tunnels import Via, forwarded, tunnelled
from ringfence.egress.broker.unreached import NotReached
from ringfence.protocols.http import Headers, RequestHead


def _tunnelled(
    answer: bytes, *, host: str = "a.test", login: str | None = None, then: Callable[[socket.socket], bytes]
) -> tuple[bytes, bytes]:
    """What the proxy heard, and what the caller hears behind it."""
    heard: list[bytes] = []

    def serve(connected: socket.socket) -> None:
        data = b""
        while not data.endswith(b"\r\n\r\n"):
            data += connected.recv(1)
        heard.append(data)
        connected.sendall(answer)
        if answer:
            with suppress(OSError):
                connected.recv(1)

    async def told() -> str | None:
        return login

    async def act(port: int) -> bytes:
        via = Via(host="proxy.test", port=port, context=None, login=told, keep=lambda _task: None)
        sock = socket.create_connection(("127.0.0.1", port))
        sock.setblocking(False)
        async with asyncio.timeout(20):
            with await tunnelled(sock, host, 443, via) as through:
                through.setblocking(True)
                return then(through)

    with raw_server(serve) as (_, port):
        said = asyncio.run(act(port))
    return heard[0], said


def test_nothing_but_host_port_and_login_is_said_and_the_host_s_first_bytes_stay() -> None:
    answer = b"HTTP/1.1 200 OK\r\nVia: x\r\n\r\n220 mail\r\n"
    heard, said = _tunnelled(answer, login="Basic QTpC", then=lambda sock: sock.recv(100))
    assert (
        heard == b"CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\nProxy-Authorization: Basic QTpC\r\n\r\n"
    )
    assert said == b"220 mail\r\n"
    heard, _ = _tunnelled(answer, host="2001:db8::1", then=lambda sock: sock.recv(100))
    assert heard == b"CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n\r\n"


@pytest.mark.parametrize(
    ("answer", "what", "is_slow"),
    [
        (b"HTTP/1.1 407 No\r\n\r\n", "wants a login, or another one", False),
        (b"HTTP/1.1 403 No\r\n\r\n", "does not connect to a.test:443: it answers 403", False),
        (b"HTTP/1.1 504 Late\r\n\r\n", "does not connect to a.test:443: it answers 504", True),
        (b"SSH-2.0-x\r\n\r\n", "answers nothing that is HTTP", False),
        (b"", "answers nothing that is HTTP", False),
        (
            b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * LIMITS.proxy_head_bytes,
            "answers nothing that is HTTP",
            False,
        ),
    ],
)
def test_any_other_answer_reaches_nobody(answer: bytes, what: str, is_slow: bool) -> None:
    with pytest.raises(NotReached, match=what) as error:
        _tunnelled(answer, then=lambda _sock: pytest.fail("connected"))
    assert error.value.is_slow == is_slow


@pytest.mark.parametrize(
    ("host", "port", "target", "asked"),
    [
        ("a.test", 80, "/b?c", "http://a.test/b?c"),
        ("a.test", 8080, "/", "http://a.test:8080/"),
        ("2001:db8::1", 80, "/", "http://[2001:db8::1]/"),
        ("a.test", 80, "*", "http://a.test"),
    ],
)
def test_a_plain_request_names_the_whole_address(host: str, port: int, target: str, asked: str) -> None:
    head = RequestHead(method="OPTIONS", target=target, headers=Headers((("Host", host),)))
    found = forwarded(head, host, port, "Basic QTpC")
    assert (found.target, found.headers.one("proxy-authorization")) == (asked, "Basic QTpC")
    assert forwarded(head, host, port, None).headers == head.headers
