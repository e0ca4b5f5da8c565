"""A host that says the secret back outside of its body: in headers, redirects and errors."""

import base64
import socket
from pathlib import Path

import pytest

from broker_scene import Scene, policy, request, server
from egress.upstream_servers import raw_server
from ringfence.egress.broker.session import Session
from ringfence.egress.messages import Refused, Welcome
from vaults import TOKEN

_ONE = "{name: one, host: api.example.com}"


_IN_BASE64 = base64.b64encode(b"a:" + TOKEN.encode()).decode().rstrip("=")
"""As a server shows a login of which it is told."""


def _answer(place: str, said: str) -> bytes:
    """An answer with the secret in one place."""
    empty = "Content-Length: 0\r\n\r\n"
    return {
        "header": f"HTTP/1.1 200 OK\r\nX-You-Sent: Bearer {said}\r\n{empty}",
        "header's name": f"HTTP/1.1 200 OK\r\nX-{said}: 1\r\n{empty}",
        "redirect": f"HTTP/1.1 302 Found\r\nLocation: https://evil.example.com/?t={said}\r\n{empty}",
        "cookie": f"HTTP/1.1 200 OK\r\nSet-Cookie: s={said}; HttpOnly\r\n{empty}",
        "challenge": f'HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer realm="{said}"\r\n{empty}',
        "reason": f"HTTP/1.1 400 bad token {said}\r\n{empty}",
        "error": f"HTTP/1.1 500 Oh\r\nContent-Length: {len(said) + 10}\r\n\r\nbad token {said}",
    }[place].encode()


_PLACES = ("header", "header's name", "redirect", "cookie", "challenge", "reason", "error")


def _heard(folder: Path, answers: list[bytes]) -> list[str]:
    """What the proxy is told of each answer, in its order."""
    heard: list[str] = []
    waiting = iter(answers)
    with server(folder, lambda _request: next(waiting)) as host:
        leads = ("api.example.com", host.port)
        network = "{host: api.example.com}"
        scene = Scene(folder, policy(leads, folder=folder, network=network, credentials=_ONE))
        scene.keep("bearer", "api.example.com")

        async def act(scene: Scene) -> None:
            await scene.open()
            given = scene.broker.core.sessions["s1"].given["one"]["token"]
            connection = await scene.connection()
            for _ in answers:
                asked = request(headers={"Authorization": f"Bearer {given}"})
                head, body = await scene.exchange(connection, asked)
                assert not isinstance(head, Refused), head
                heard.append(repr(head) + body.decode())

        scene.play(act)
        assert all(TOKEN.encode() in each for each in host.requests), "it has something to say"
    return heard


_CASES = [(place, said) for place in _PLACES for said in (TOKEN, _IN_BASE64)]


@pytest.mark.parametrize("is_defended", [True, False])
def test_it_comes_back_in_no_place(
    tmp_path: Path, is_defended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not is_defended:
        monkeypatch.setattr(Session, "released", lambda *_: None)
    heard = _heard(tmp_path, [_answer(*case) for case in _CASES])
    shown = [case for case, text in zip(_CASES, heard, strict=True) if _is_in(text)]
    assert shown == ([] if is_defended else _CASES)


def _is_in(text: str) -> bool:
    """Names of headers come in small letters."""
    return TOKEN.lower() in text.lower() or _IN_BASE64[4:-4].lower() in text.lower()


@pytest.mark.parametrize("is_defended", [True, False])
@pytest.mark.parametrize("method", ["TRACE", "GET"])
def test_a_proxy_that_says_back_what_it_was_asked_does_not_tell_its_login(
    tmp_path: Path, method: str, is_defended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Proxies answer TRACE themselves, and some show requests on their pages of errors."""
    if not is_defended:
        monkeypatch.setattr(Session, "released", lambda *_: None)
    logins: list[str] = []

    def says_back(connected: socket.socket) -> None:
        asked = b""
        while not asked.endswith(b"\r\n\r\n"):
            asked += connected.recv(65536)
        logins.extend(
            line.partition(b" Basic ")[2].decode() for line in asked.split(b"\r\n") if b" Basic " in line
        )
        body = asked + base64.b64decode(logins[-1])
        connected.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    with raw_server(says_back) as (_, port):
        upstream = f'upstream: [{{host: "*", proxy: "http://127.0.0.1:{port}", credential: corp}}]'
        network = "{host: plain.corp.test}"
        scene = Scene(tmp_path, policy(folder=tmp_path, network=network, egress=upstream))
        scene.keep("basic", f"127.0.0.1:{port}", name="corp")
        heard: list[str] = []

        async def act(scene: Scene) -> None:
            await scene.open()
            welcome, _ = await scene.arrive("plain.corp.test", 80, tls=False)
            assert isinstance(welcome, Welcome), welcome
            asked = request("/", method, headers={"Host": "plain.corp.test", "Max-Forwards": "0"})
            head, body = await scene.exchange(welcome.connection, asked)
            assert not isinstance(head, Refused), head
            heard.append(body.decode())

        scene.play(act)
    (login,) = logins
    shown = [each in heard[0] for each in (login.rstrip("="), base64.b64decode(login).decode())]
    assert shown == [not is_defended] * 2
