"""Requests that are told of as they are sent: which they are, and what becomes of each."""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from broker_scene import Scene, policy, request, server
from ringfence.core.actions import Action
from ringfence.core.decisions import Decision
from ringfence.egress.channel import Answer, Channel
from ringfence.egress.messages import Arrive, CloseSession, Dial, Gone, Revoke, Welcome, Went
from ringfence.egress.wire import Message
from ringfence.gate.door import Door
from ringfence.ledger.errors import LedgerError
from ringfence.ledger.events.decision_made import DecisionMade
from ringfence.ledger.events.egress_refused import EgressRefused

HOST = "api.example.com"
WHOLE = f"{{host: {HOST}}}"
GOOD = f"origins: [{{host: {HOST}, integrity: user}}]"
LIMITED = "{id: few, actions: [http.request], then: allow, obligations: {limit: 100 calls/hour}}"
CHANGED = "what is allowed has changed since it was sent"


def _text(folder: Path, *, network: str = WHOLE, requests: str = "", egress: str = GOOD, **more: str) -> str:
    return policy(folder=folder, network=network, requests=requests, egress=egress, **more)


def _went(connection: int, target: str = "/", method: str = "GET", **headers: str) -> Went:
    return Went(connection=connection, head=request(target, method, headers=headers).head)


def _act(folder: Path, text: str, act: Callable[[Scene], Awaitable[None]]) -> Scene:
    scene = Scene(folder, text)

    async def run(scene: Scene) -> None:
        await scene.open()
        await act(scene)

    scene.play(run)
    return scene


def _requests(scene: Scene) -> list[tuple[str, bool]]:
    found = [each for each in scene.recorded() if isinstance(each, DecisionMade)]
    return [(each.action["path"], each.proceeds) for each in found if each.action["action"] == "http.request"]


def _late(scene: Scene) -> list[str]:
    found = [each for each in scene.recorded() if isinstance(each, EgressRefused)]
    return [each.what.text for each in found if each.trouble == "late"]


async def _told(scene: Scene, **arrival: bool) -> bool:
    answer, _ = await scene.arrive(**arrival)
    assert isinstance(answer, Welcome)
    return answer.told


@pytest.mark.parametrize(
    ("more", "is_told"),
    [
        ({}, True),
        ({"requests": "requests: 10/minute"}, False),
        ({"egress": f"{GOOD}\n        received: 10 MB"}, False),
        ({"egress": f"{GOOD}\n        sent: 10 MB"}, False),
        ({"egress": "connections: 5"}, False),  # its answers lower the session
        ({"network": f"{{host: {HOST}, methods: [GET]}}"}, False),
        ({"more": f"      rules: [{LIMITED}]"}, False),
        ({"egress": f"{GOOD}\n        upstream: [{{host: '*', proxy: 'http://127.0.0.1:3128'}}]"}, False),
    ],
)
def test_a_host_is_told_of_where_all_is_granted_and_nothing_counted(
    tmp_path: Path, more: dict[str, str], is_told: bool
) -> None:
    async def act(scene: Scene) -> None:
        assert await _told(scene) is is_told
        assert await _told(scene, tls=False) is False

    _act(tmp_path, _text(tmp_path, **more), act)


def test_a_host_that_a_credential_is_for_is_asked_about(tmp_path: Path) -> None:
    text = _text(tmp_path, credentials=f"{{name: one, host: {HOST}}}")
    scene = Scene(tmp_path, text)
    scene.keep("bearer", HOST)

    async def act(scene: Scene) -> None:
        await scene.open()
        assert await _told(scene) is False

    scene.play(act)


def test_what_is_told_is_recorded_in_its_order_and_goes_on(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        connection = await scene.connection()
        scene.proxy.tell(_went(connection, "/a"))
        scene.proxy.tell(_went(connection, "/b", "HEAD"))
        await scene.ask(connection, request("/c"))  # is heard behind them
        assert scene.broker.core.connections.keys() == {connection}

    scene = _act(tmp_path, _text(tmp_path), act)
    assert _requests(scene) == [("/a", True), ("/b", True), ("/c", True)]
    assert scene.revoked == []


def test_what_is_granted_no_more_ends_the_connection_and_all_that_went_is_recorded(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        connection = await scene.connection()
        scene.write_policy(_text(tmp_path, network=f"{{host: {HOST}, paths: ['/a/**']}}"))
        for target in ("/a/b", "/c", "/d"):
            scene.proxy.tell(_went(connection, target))
        await scene.revokes.wait()
        assert scene.revoked[0] == Revoke(connection=connection, exchange=None, what=CHANGED)
        assert not scene.broker.core.connections
        scene.proxy.tell(Gone(connection=connection))
        scene.proxy.tell(_went(connection, "/nobody-s"))
        await scene.connection()
        assert not scene.broker.core.sessions["s1"].dropped

    scene = _act(tmp_path, _text(tmp_path), act)
    assert _requests(scene) == [("/a/b", True), ("/c", False), ("/d", False)]
    assert set(_late(scene)) == {CHANGED}


def test_what_was_never_to_be_told_of_ends_the_connection_too(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        connection = await scene.connection()
        scene.proxy.tell(_went(connection, "/elsewhere"))
        await scene.revokes.wait()
        assert not scene.broker.core.connections

    scene = _act(tmp_path, _text(tmp_path, network=f"{{host: {HOST}, paths: ['/a/**']}}"), act)
    assert _requests(scene) == [("/elsewhere", False)]
    assert _late(scene) == [CHANGED]


def test_a_request_that_cannot_be_read_ends_the_connection(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        connection = await scene.connection()
        scene.proxy.tell(_went(connection, **{"content-type": "a/b", "Content-Type": "c/d"}))
        await scene.revokes.wait()

    scene = _act(tmp_path, _text(tmp_path), act)
    assert [each.trouble for each in scene.recorded() if isinstance(each, EgressRefused)] == ["malformed"]


def test_a_placeholder_in_what_was_sent_ends_the_connection(tmp_path: Path) -> None:
    text = _text(tmp_path, credentials="{name: one, host: other.example.com}")
    scene = Scene(tmp_path, text)
    scene.keep("bearer", "other.example.com")

    async def act(scene: Scene) -> None:
        await scene.open()
        connection = await scene.connection()
        token = scene.broker.core.sessions["s1"].given["one"]["token"]
        scene.proxy.tell(_went(connection, "/x", Authorization=f"Bearer {token}"))
        await scene.revokes.wait()

    scene.play(act)
    assert _requests(scene) == [("/x", True)]
    assert _late(scene) == ["a placeholder was sent to where no credential is bound"]


def test_what_cannot_be_recorded_ends_the_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise LedgerError("the disk is full", hint="make room")

    async def act(scene: Scene) -> None:
        connection = await scene.connection()
        monkeypatch.setattr(type(scene.door.ledger), "append_at_once", fail)
        scene.proxy.tell(_went(connection))
        await scene.revokes.wait()
        assert not scene.broker.core.connections
        monkeypatch.undo()

    _act(tmp_path, _text(tmp_path), act)


@pytest.mark.parametrize("fails", [False, True])
def test_what_somebody_else_writes_is_recorded_without_anybody_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise LedgerError("the disk is full", hint="make room")

    async def act(scene: Scene) -> None:
        connection = await scene.connection()
        monkeypatch.setattr(type(scene.door.ledger), "append_at_once", lambda *_, **__: None)
        if fails:
            monkeypatch.setattr(type(scene.door.ledger), "append", fail)
        scene.proxy.tell(_went(connection, "/a"))
        while not scene.broker.core.tasks:
            await asyncio.sleep(0)
        await asyncio.gather(*scene.broker.core.tasks)
        assert list(scene.broker.core.connections) == ([] if fails else [connection])
        monkeypatch.undo()

    scene = _act(tmp_path, _text(tmp_path), act)
    assert _requests(scene) == ([] if fails else [("/a", True)])


def test_what_lies_in_the_socket_when_its_session_ends_is_recorded(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        ours, theirs = socket.socketpair()
        scene.broker.stand_in(theirs, "s1")
        proxy = Channel(ours, _unheard)
        running = asyncio.create_task(proxy.run())
        arrival = Arrive(
            session="s1",
            host=HOST,
            port=443,
            tls=True,
            source=("127.0.0.1", 1),
            destination=("198.18.0.1", 443),
        )
        answer, _ = await proxy.ask(arrival)
        assert isinstance(answer, Welcome)
        for target in ("/a", "/b"):
            proxy.tell(_went(answer.connection, target))
        await scene.broker.daemon_asks(CloseSession(session="s1"), ())
        await running

    assert _requests(_act(tmp_path, _text(tmp_path), act)) == [("/a", True), ("/b", True)]


def test_what_is_not_recorded_yet_when_the_broker_ends_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on, decide = threading.Event(), Door.decide

    async def act(scene: Scene) -> None:
        loop, has_begun = asyncio.get_running_loop(), asyncio.Event()

        def waits(self: Door, action: Action) -> Decision:
            loop.call_soon_threadsafe(has_begun.set)
            assert goes_on.wait(20)
            return decide(self, action)

        connection = await scene.connection()
        monkeypatch.setattr(type(scene.door.ledger), "append_at_once", lambda *_, **__: None)
        monkeypatch.setattr(Door, "decide", waits)
        for target in ("/a", "/b"):
            scene.proxy.tell(_went(connection, target))
        ending = asyncio.create_task(scene.broker.end())
        await has_begun.wait()
        for _ in range(10):
            await asyncio.sleep(0)
        assert not ending.done()
        goes_on.set()
        await ending
        assert sorted(_requests(scene)) == [("/a", True), ("/b", True)]
        monkeypatch.undo()

    _act(tmp_path, _text(tmp_path), act)


def test_no_proxy_tells_of_what_another_sessions_program_asked(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        connection = await scene.connection()
        await scene.open("s2")
        forged = _went(connection, "/forged")
        assert (await scene.broker.proxy_asks("s2", forged, ()))[0] is not None
        scene.broker.core.drop(scene.broker.core.connections[connection], "for the test")
        assert (await scene.broker.proxy_asks("s2", forged, ()))[0] is not None

    assert _requests(_act(tmp_path, _text(tmp_path), act)) == []


def test_reads_of_one_connection_are_dialled_as_before(tmp_path: Path) -> None:
    with server(tmp_path) as host:
        text = policy((HOST, host.port), folder=tmp_path, network=WHOLE, requests="", egress=GOOD)

        async def act(scene: Scene) -> None:
            connection = await scene.connection()
            scene.proxy.tell(_went(connection))
            _, fds = await scene.proxy.ask(Dial(connection=connection))
            assert len(fds) == 1
            socket.socket(fileno=fds[0]).close()

        _act(tmp_path, text, act)


async def _unheard(message: Message, _fds: object) -> Answer:
    raise AssertionError(message)
