"""A proxy in an attacker's hands, and boxes that send others' placeholders: nothing beyond what policy lets.

The test speaks the channel itself, as attacker code in the proxy's place would.
"""

import asyncio
import base64
import dataclasses
import gzip
import os
import socket
from ipaddress import ip_address
from pathlib import Path

import pytest

from broker_scene import BrokenOff, Scene, policy, request, server
from ringfence.app.vault.keeping import rotate
from ringfence.core.limits import LIMITS
from ringfence.egress.broker import dialing
from ringfence.egress.broker.dialing import Dialer, Way
from ringfence.egress.messages import (
    CloseSession,
    Dial,
    Leg,
    OpenSession,
    Proceed,
    Refused,
    SessionOpened,
    Welcome,
)
from ringfence.egress.sealed_frames import SealedHead, body_frames, read_frame
from ringfence.ledger.events.decision_made import DecisionMade
from ringfence.vault.credential import Binding
from vaults import TOKEN

BYTES = {"Content-Type": "application/octet-stream"}
_LONG = b"x" * LIMITS.app_body_bytes
HOSTS = "{host: api.example.com}, {host: evil.example.com}"
ONE = "{name: one, host: '*'}"


def _scene(folder: Path, port: int, *, network: str = HOSTS, credentials: str = ONE) -> Scene:
    leads = (("api.example.com", port), ("evil.example.com", port))
    return Scene(folder, policy(*leads, folder=folder, network=network, credentials=credentials))


def _placeholder(scene: Scene, session: str = "s1") -> str:
    return scene.broker.core.sessions[session].given["one"]["token"]


def _asked(placeholder: str, target: str = "/a", method: str = "GET"):  # type: ignore[no-untyped-def]
    return request(target, method, headers={"Authorization": f"Bearer {placeholder}"})


async def _leg(scene: Scene, connection: int, placeholder: str) -> Leg | int:
    answer, fds = await scene.ask(connection, _asked(placeholder))
    for fd in fds:
        os.close(fd)
    return answer.leg if isinstance(answer, Proceed) else answer.status


def test_a_placeholder_of_another_session_is_worth_nothing(tmp_path: Path) -> None:
    with server(tmp_path) as host:
        scene = _scene(tmp_path, host.port)
        scene.keep("bearer", "api.example.com")

        async def act(scene: Scene) -> None:
            await scene.open("s1")
            await scene.open("s2")
            theirs = await scene.connection(session="s2")
            refused, _ = await scene.exchange(theirs, _asked(_placeholder(scene, "s1")))
            assert isinstance(refused, Refused)
            assert "a credential of the client's own" in refused.what
            own, _ = await scene.exchange(theirs, _asked(_placeholder(scene, "s2")))
            assert isinstance(own, SealedHead)

        scene.play(act)
        assert len(host.requests) == 1


def test_a_placeholder_of_a_session_that_is_over_is_worth_nothing(tmp_path: Path) -> None:
    with server(tmp_path) as host:
        scene = _scene(tmp_path, host.port)
        scene.keep("bearer", "api.example.com")

        async def act(scene: Scene) -> None:
            await scene.open()
            old = _placeholder(scene)
            await scene.broker.daemon_asks(CloseSession(session="s1"), ())
            await scene.open()  # the same session, resumed
            refused, _ = await scene.exchange(await scene.connection(), _asked(old))
            assert isinstance(refused, Refused)

        scene.play(act)
        assert host.requests == []


@pytest.mark.parametrize(
    ("binding", "target", "method"),
    [
        (Binding(hosts=("api.example.com",), paths=("/a",)), "/b", "GET"),
        (Binding(hosts=("api.example.com",), methods=("GET",)), "/a", "POST"),
        (Binding(hosts=("api.example.com:8443",)), "/a", "GET"),
        (Binding(hosts=("other.example.com",)), "/a", "GET"),
    ],
    ids=["path", "method", "port", "host"],
)
def test_a_placeholder_is_for_its_host_path_and_method(
    tmp_path: Path, binding: Binding, target: str, method: str
) -> None:
    with server(tmp_path) as host:
        scene = _scene(tmp_path, host.port)
        more = {"methods": binding.methods, "paths": binding.paths}
        scene.keep("bearer", *binding.hosts, **more)

        async def act(scene: Scene) -> None:
            await scene.open()
            asked = _asked(_placeholder(scene), target, method)
            refused, _ = await scene.exchange(await scene.connection(), asked)
            assert isinstance(refused, Refused)
            assert refused.what == "the placeholder of one is not for this host, method and path"

        scene.play(act)
        assert host.requests == []
        decided = [each for each in scene.recorded() if isinstance(each, DecisionMade)]
        assert [each.action["action"] for each in decided] == ["host.connect"]


def test_a_placeholder_goes_to_no_other_host_that_is_granted(tmp_path: Path) -> None:
    """Nor as anything but what it is: the host is told not even the placeholder."""
    with server(tmp_path, host="evil.example.com") as host:
        scene = _scene(tmp_path, host.port)
        scene.keep("bearer", "api.example.com")

        async def act(scene: Scene) -> None:
            await scene.open()
            connection = await scene.connection("evil.example.com")
            for asked in (
                _asked(_placeholder(scene)),
                request("/?key=" + _placeholder(scene)),
                request("/" + _placeholder(scene)),
                request(headers={"X-Key": _placeholder(scene)}),
            ):
                refused, _ = await scene.exchange(connection, asked)
                assert isinstance(refused, Refused)

        scene.play(act)
        assert host.requests == []


def test_a_secret_that_was_rotated_is_used_from_then_on_and_the_old_one_no_more(tmp_path: Path) -> None:
    with server(tmp_path) as host:
        scene = _scene(tmp_path, host.port)
        scene.keep("bearer", "api.example.com")
        other = "ghp_" + "Z9" * 18

        async def act(scene: Scene) -> None:
            await scene.open()
            connection = await scene.connection()
            await scene.exchange(connection, _asked(_placeholder(scene)))
            rotate(scene.keeper, "one", {"token": other})
            await scene.exchange(connection, _asked(_placeholder(scene)))

        scene.play(act)
        assert [other.encode() in each for each in host.requests] == [False, True]


def test_a_credential_of_the_attackers_own_is_refused_on_a_host_that_the_vault_serves(tmp_path: Path) -> None:
    with server(tmp_path) as host:
        scene = _scene(tmp_path, host.port)
        scene.keep("bearer", "api.example.com")

        async def act(scene: Scene) -> None:
            await scene.open()
            connection = await scene.connection()
            for asked in (
                request(headers={"Authorization": "Bearer ghp_attackers"}),
                request(headers={"Cookie": "session=attackers"}),
                request("/?access_token=attackers"),
                request(
                    method="POST",
                    body=b'{"api_key": "attackers"}',
                    headers={"Content-Type": "application/json"},
                ),
            ):
                refused, _ = await scene.exchange(connection, asked)
                assert isinstance(refused, Refused), asked
                assert "of the client's own" in refused.what
            streamed = dataclasses.replace(
                request(method="POST", headers={"Content-Type": "application/json"}), is_whole=False
            )
            begun = b'{"text": "' + bytes(LIMITS.app_body_bytes).replace(b"\0", b"x")
            late = dataclasses.replace(streamed, body=begun)
            refused, _ = await scene.exchange(connection, late, [b'", "api_key"', b': "attackers"}'])
            assert isinstance(refused, Refused)
            assert "of the client's own" in refused.what

        scene.play(act)
        assert host.requests == []


def test_no_redirect_is_followed_with_a_secret(tmp_path: Path) -> None:
    away = b"HTTP/1.1 302 Found\r\nLocation: https://evil.example.com/\r\nContent-Length: 0\r\n\r\n"
    with server(tmp_path, lambda _request: away) as host:
        scene = _scene(tmp_path, host.port)
        scene.keep("bearer", "api.example.com")

        async def act(scene: Scene) -> None:
            await scene.open()
            head, _ = await scene.exchange(await scene.connection(), _asked(_placeholder(scene)))
            assert isinstance(head, SealedHead)
            assert (head.status, head.headers.one("location")) == (302, "https://evil.example.com/")

        scene.play(act)
        assert len(host.requests) == 1


def test_an_attacker_in_the_proxy_gets_no_connection_where_requests_are_decided(tmp_path: Path) -> None:
    with server(tmp_path) as host:
        narrow = "{host: api.example.com, paths: ['/a/**']}, {host: evil.example.com}"
        scene = _scene(tmp_path, host.port, network=narrow)
        scene.keep("bearer", "evil.example.com")

        async def act(scene: Scene) -> None:
            await scene.open()
            for each in ("api.example.com", "evil.example.com"):  # narrowed, and served by the vault
                connection = await scene.connection(each)
                answer, fds = await scene.proxy.ask(Dial(connection=connection))
                assert isinstance(answer, Refused)
                assert fds == []
            raw, fds = await scene.arrive(raw=True)
            assert isinstance(raw, Refused)
            assert fds == []

        scene.play(act)
        assert host.connections == 0


def test_an_attacker_in_the_proxy_sends_no_request_behind_one_that_was_decided(tmp_path: Path) -> None:
    """More bytes than the head promises would be a request of its own to the host, on our connection."""
    behind = b"GET /secret HTTP/1.1\r\nHost: api.example.com\r\n\r\n"
    with server(tmp_path) as host:
        narrow = "{host: api.example.com, paths: ['/a/**']}"
        scene = _scene(tmp_path, host.port, network=narrow, credentials="")

        async def act(scene: Scene) -> None:
            await scene.open()
            connection = await scene.connection()
            longer = dataclasses.replace(request("/a/b", "POST", b"ab", BYTES), is_whole=False, length=2)
            with pytest.raises((BrokenOff, ConnectionError)):
                await scene.exchange(connection, longer, [behind])
            whole = dataclasses.replace(request("/a/b", "POST", b"ab" + behind), length=2)
            await scene.exchange(connection, whole)
            for headers in (
                {"Content-Length": "0"},
                {"Transfer-Encoding": "chunked"},
                {"Transfer-Encoding": "gzip, chunked", "Content-Length": "4"},
                {"Connection": "close, X-Y"},
            ):
                asked = request("/a/b", "POST", b"0\r\n\r\n" + behind, headers=headers)
                await scene.exchange(connection, dataclasses.replace(asked, length=None))
            for target in (
                "/a/b HTTP/1.1\r\nX: y\r\n\r\nGET /secret",
                "/a/../secret",
                "/a/%2e%2e/secret",
                "//secret",
            ):
                refused, _ = await scene.exchange(connection, request(target))
                assert isinstance(refused, Refused)
            split = request("/a/b", headers={"X-Y": "z\r\n\r\n" + behind.decode()})
            refused, _ = await scene.exchange(connection, split)
            assert isinstance(refused, Refused)
            await asyncio.sleep(0.2)

        scene.play(act)
        assert [each for each in host.requests if each.startswith(b"GET /secret")] == []


@pytest.mark.parametrize("kind", ["application/json", "text/plain", ""])
@pytest.mark.parametrize(
    ("begun", "rest"),
    [(b"", b"{"), (b'{"text": "' + _LONG, b'", '), (b" " * len(_LONG), b"{")],
    ids=["all of it late", "behind what is read", "behind nothing"],
)
def test_an_attacker_in_the_proxy_hides_no_call_in_the_rest_of_a_body(
    tmp_path: Path, begun: bytes, rest: bytes, kind: str
) -> None:
    """A message to a tool's server is decided by what it calls: none comes after the decision."""
    with server(tmp_path) as host:
        scene = _scene(tmp_path, host.port, network="{host: api.example.com, paths: ['/a']}", credentials="")
        call = b'"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "pay"}}'

        async def act(scene: Scene) -> None:
            await scene.open()
            asked = request("/a", "POST", begun, {"Content-Type": kind} if kind else {})
            asked = dataclasses.replace(asked, is_whole=False, length=None)
            refused, _ = await scene.exchange(await scene.connection(), asked, [rest + call])
            assert isinstance(refused, Refused)
            assert refused.status == 400

        scene.play(act)
        assert host.requests == []


@pytest.mark.parametrize("begun", [0, LIMITS.app_body_bytes], ids=["all of it late", "behind what is read"])
def test_an_attacker_in_the_proxy_hides_no_call_in_a_body_that_is_coded(tmp_path: Path, begun: int) -> None:
    with server(tmp_path) as host:
        scene = _scene(tmp_path, host.port, network="{host: api.example.com, paths: ['/a']}", credentials="")
        filling = base64.b64encode(os.urandom(begun))
        call = b'", "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "pay"}}'
        body = gzip.compress(b'{"text": "' + filling + call)

        async def act(scene: Scene) -> None:
            await scene.open()
            coded = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
            asked = request("/a", "POST", body[:begun], coded)
            asked = dataclasses.replace(asked, is_whole=False, length=None)
            refused, _ = await scene.exchange(await scene.connection(), asked, [body[begun:]])
            assert isinstance(refused, Refused)
            assert refused.status == 400

        scene.play(act)
        assert host.requests == []


def test_an_attacker_in_the_proxy_uses_a_decision_once(tmp_path: Path) -> None:
    with server(tmp_path) as host:
        scene = _scene(tmp_path, host.port, network="{host: api.example.com, paths: ['/a']}", credentials="")

        async def act(scene: Scene) -> None:
            await scene.open()
            answer, (fd,) = await scene.ask(await scene.connection(), request("/a"))
            assert isinstance(answer, Proceed)
            reader, writer = await asyncio.open_connection(sock=socket.socket(fileno=fd))
            for _ in range(3):
                for frame in body_frames(b"GET /b HTTP/1.1\r\nHost: api.example.com\r\n\r\n"):
                    writer.write(frame)
            while await read_frame(reader) is not None:
                pass
            writer.close()

        scene.play(act)
        assert len(host.requests) == 1


def test_an_attacker_in_the_proxy_opens_no_session_and_sees_none(tmp_path: Path) -> None:
    scene = _scene(tmp_path, 1)
    scene.keep("bearer", "api.example.com")

    async def act(scene: Scene) -> None:
        await scene.open()
        asked = OpenSession(session="s9", agent="claude", folder=str(tmp_path))
        answer, fds = await scene.proxy.ask(asked)
        assert isinstance(answer, Refused)
        assert fds == []
        assert not isinstance(answer, SessionOpened)
        assert list(scene.broker.core.sessions) == ["s1"]
        scene.proxy.tell(CloseSession(session="s1"))
        await scene.arrive()
        assert list(scene.broker.core.sessions) == ["s1"]

    scene.play(act)


@pytest.mark.parametrize(
    "text",
    ["169.254.169.254", "127.0.0.1", "10.0.0.1", "fd00:ec2::254", "::ffff:127.0.0.1", "0.0.0.0"],
)
def test_addresses_that_are_not_of_the_internet_are_reached_under_no_name(tmp_path: Path, text: str) -> None:
    scene = Scene(tmp_path, policy(folder=tmp_path, network="{host: '*', raw: true}, {host: '*'}"))

    async def act(scene: Scene) -> None:
        house = scene.broker.house

        async def leads(_host: str, _port: int):  # type: ignore[no-untyped-def]
            return [ip_address(text)]

        scene.broker.core.house = dataclasses.replace(
            house, dialer=Dialer(seals=house.seals, resolve=leads, timeout_s=5)
        )
        await scene.open()
        for name in ("metadata.example.com", text):
            answer, _ = await scene.arrive(name, 80, raw=True)
            assert isinstance(answer, Refused)
            assert answer.status in (400, 403)
        welcome, _ = await scene.arrive("metadata.example.com", 80, tls=False)
        assert isinstance(welcome, Welcome)
        dialled, fds = await scene.proxy.ask(Dial(connection=welcome.connection))
        assert isinstance(dialled, Refused)
        assert "where boxes do not go" in dialled.what
        assert fds == []

    scene.play(act)


def test_a_name_that_leads_elsewhere_the_second_time_is_asked_for_once(tmp_path: Path) -> None:
    """Rebinding: the address that was judged is the one that is connected to."""
    asked: list[str] = []
    answers = iter([["93.184.216.34", "127.0.0.1"], ["127.0.0.1"]])
    tried: list[str] = []

    async def leads(host: str, _port: int):  # type: ignore[no-untyped-def]
        asked.append(host)
        return [ip_address(each) for each in next(answers)]

    async def one(address, _port):  # type: ignore[no-untyped-def]
        tried.append(str(address))
        raise OSError("not here")

    scene = Scene(tmp_path, policy(folder=tmp_path, network="{host: '*'}"))

    async def act(scene: Scene) -> None:
        dialer = Dialer(seals=scene.door.seals, resolve=leads, timeout_s=5)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(dialing, "_one", one)
            with pytest.raises(dialing.NotReached):
                await dialer.where_named(Way(host="a.example.com", port=443))

    scene.play(act)
    assert asked == ["a.example.com"]
    assert tried == ["93.184.216.34"]


def test_a_sandbox_gets_nothing_through_anothers_session(tmp_path: Path) -> None:
    """What s2 may, s1 may not; and s1's placeholder is nothing in s2, so relaying wins nothing either."""
    with server(tmp_path) as host:
        text = policy(
            ("api.example.com", host.port),
            folder=tmp_path,
            network="{host: api.example.com}",
            credentials=ONE,
            more="    other:\n      network: []\n",
        )
        scene = Scene(tmp_path, text)
        scene.keep("bearer", "api.example.com")

        async def act(scene: Scene) -> None:
            await scene.open("s1", agent="claude")
            opened = await scene.open("s2", agent="other")
            assert (opened.environment, opened.credentials) == ((), ())
            answer, _ = await scene.arrive(session="s2")
            assert isinstance(answer, Refused)
            assert await _leg(scene, await scene.connection(session="s1"), _placeholder(scene)) is Leg.SEALED

        scene.play(act)


def test_what_is_in_the_ledger_and_in_refusals_holds_no_secret(tmp_path: Path) -> None:
    with server(tmp_path, lambda _request: b"HTTP/1.1 200 " + TOKEN.encode() + b"\r\nBad\r\n\r\n") as host:
        scene = _scene(tmp_path, host.port)
        scene.keep("bearer", "api.example.com")

        async def act(scene: Scene) -> None:
            await scene.open()
            refused, _ = await scene.exchange(await scene.connection(), _asked(_placeholder(scene)))
            assert isinstance(refused, Refused)
            assert TOKEN not in repr(refused)

        scene.play(act)
        assert TOKEN not in repr(scene.recorded())
