"""Requests that are told of as they go: none goes unrecorded or on and on, no proxy tells without end."""

import asyncio
import dataclasses
import os
import socket
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from broker_scene import Scene, policy, request, server
from doors import door_in
from ringfence.core.labels import Integrity
from ringfence.core.limits import LIMITS
from ringfence.egress.broker import going
from ringfence.egress.channel import Answer, Channel
from ringfence.egress.messages import Dial, Dialled, Gone, Refused, Revoke, Went
from ringfence.egress.proxy.roads import Broker
from ringfence.egress.wire import Message
from ringfence.ledger.events.decision_made import DecisionMade
from ringfence.ledger.events.egress_refused import EgressRefused
from ringfence.protocols.http import Headers, RequestHead
from ringfence.protocols.interpreting import needs_body

_HOST = "api.example.com"
_GOOD = f"origins: [{{host: {_HOST}, integrity: user}}]"
_ENDS = datetime.now(UTC) + timedelta(days=1)
_ASKED = """
  rules:
  - {id: ask-me, actions: [http.request], then: ask}
exceptions:
  - {id: for-a-while, rule: ask-me, asked_by: ann, reviewed_by: bob, why: a test, until: %s}
"""


def _text(folder: Path, **more: str) -> str:
    return policy(folder=folder, requests="", **{"network": f"{{host: {_HOST}}}", "egress": _GOOD, **more})


def _went(connection: int, target: str = "/", method: str = "GET", **headers: str) -> Went:
    return Went(connection=connection, head=request(target, method, headers=headers).head)


def _play(scene: Scene, act: Callable[[Scene, int], Awaitable[None]]) -> None:
    async def run(scene: Scene) -> None:
        await scene.open()
        await act(scene, await scene.connection())

    scene.play(run)


def _requests(scene: Scene) -> list[tuple[str, bool]]:
    found = [each for each in scene.recorded() if isinstance(each, DecisionMade)]
    return [(each.action["path"], each.proceeds) for each in found if each.action["action"] == "http.request"]


def _troubles(scene: Scene) -> list[str]:
    return [each.trouble for each in scene.recorded() if isinstance(each, EgressRefused)]


def test_a_placeholder_in_the_wrong_place_hides_no_request(tmp_path: Path) -> None:
    scene = Scene(tmp_path, _text(tmp_path, credentials="{name: one, host: other.example.com}"))
    scene.keep("bearer", "other.example.com")

    async def act(scene: Scene, connection: int) -> None:
        token = scene.broker.core.sessions["s1"].given["one"]["token"]
        scene.proxy.tell(_went(connection, f"/taken-along?and={token}"))
        await scene.revokes.wait()

    _play(scene, act)
    assert _requests(scene) == [("/taken-along", True)]
    assert _troubles(scene) == ["late"]


def test_an_allowance_that_ran_out_ends_the_connection_where_it_is_asked_for_then(tmp_path: Path) -> None:
    at = [_ENDS - timedelta(hours=1)]
    scene = Scene(tmp_path, _text(tmp_path, more=_ASKED % f"{_ENDS:%Y-%m-%dT%H:%M:%SZ}"))
    scene.door.ledger.close()
    scene.door = door_in(tmp_path, clock=lambda: at[0])

    async def act(scene: Scene, connection: int) -> None:
        scene.proxy.tell(_went(connection, "/before"))
        await scene.connection()
        at[0] = _ENDS + timedelta(hours=1)
        scene.proxy.tell(_went(connection, "/after"))
        await scene.connection()
        assert connection not in scene.broker.core.connections

    _play(scene, act)
    assert _requests(scene) == [("/before", True), ("/after", False)]


def test_an_allowance_that_ran_out_gives_no_connection_for_requests_that_nobody_would_read(
    tmp_path: Path,
) -> None:
    at = [_ENDS - timedelta(hours=1)]
    with server(tmp_path) as host:
        at_port = f"to_host: 127.0.0.1, to_port: {host.port}, ca: {tmp_path}/ca.pem"
        to = f"connect_to: [{{host: {_HOST}, {at_port}}}]"
        text = _text(tmp_path, egress=f"{_GOOD}\n        {to}", more=_ASKED % f"{_ENDS:%Y-%m-%dT%H:%M:%SZ}")
        scene = Scene(tmp_path, text)
        scene.door.ledger.close()
        scene.door = door_in(tmp_path, clock=lambda: at[0])

        async def act(scene: Scene, connection: int) -> None:
            dialled, fds = await scene.proxy.ask(Dial(connection=connection))
            assert isinstance(dialled, Dialled)
            os.close(*fds)
            at[0] = _ENDS
            refused, _ = await scene.proxy.ask(Dial(connection=connection))
            assert isinstance(refused, Refused)
            assert "where each request is decided alone" in refused.what

        _play(scene, act)


def test_an_allowance_that_ran_out_ends_what_was_told_although_nothing_more_is(tmp_path: Path) -> None:
    at = [_ENDS - timedelta(hours=1)]
    scene = Scene(tmp_path, _text(tmp_path, more=_ASKED % f"{_ENDS:%Y-%m-%dT%H:%M:%SZ}"))
    scene.door.ledger.close()
    scene.door = door_in(tmp_path, clock=lambda: at[0])

    async def act(scene: Scene, connection: int) -> None:
        scene.proxy.tell(_went(connection, "/before"))
        await scene.connection()
        at[0] = _ENDS
        await scene.revokes.wait()
        assert not scene.broker.core.connections

    _play(scene, act)
    assert _requests(scene) == [("/before", True)]


def test_what_is_read_from_a_host_that_is_trusted_no_more_lowers_the_session(tmp_path: Path) -> None:
    async def act(scene: Scene, connection: int) -> None:
        scene.write_policy(_text(tmp_path, egress="connections: 5"))
        scene.proxy.tell(_went(connection))
        await scene.revokes.wait()
        await asyncio.gather(*scene.broker.core.tasks)
        assert scene.broker.core.sessions["s1"].label.integrity is not Integrity.USER

    _play(Scene(tmp_path, _text(tmp_path)), act)


@pytest.mark.parametrize("egress", [f"{_GOOD}\n        received: 1 MB", "connections: 5"])
def test_an_answer_that_would_count_now_does_not_go_on_for_ever(tmp_path: Path, egress: str) -> None:
    async def act(scene: Scene, connection: int) -> None:
        scene.proxy.tell(_went(connection, "/without-end"))
        await scene.connection()
        scene.write_policy(_text(tmp_path, egress=egress))
        await scene.revokes.wait()
        assert not scene.broker.core.connections

    scene = Scene(tmp_path, _text(tmp_path))
    _play(scene, act)
    assert _requests(scene) == [("/without-end", True)]


def test_a_proxy_that_tells_faster_than_can_be_recorded_is_read_no_further(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ringfence.egress.channel.LIMITS", dataclasses.replace(LIMITS, channel_questions=8))

    async def act(scene: Scene, connection: int) -> None:
        writing = asyncio.Event()

        async def waits(_core: object, call: Callable[..., object], *arguments: object) -> object:
            await writing.wait()
            return call(*arguments)

        monkeypatch.setattr(type(scene.broker.core), "blocking", waits)
        for number in range(50):
            scene.proxy.tell(_went(connection, f"/{number}", "POST", many="x" * 20_000))
        while not scene.broker.core.tasks:
            await asyncio.sleep(0)
        for _ in range(1_000):
            await asyncio.sleep(0)
        pending = len(scene.broker.core.tasks)
        writing.set()
        await scene.proxy.ask(Dial(connection=0))
        assert pending < 16, "those that wait for the disk, and what one more reading brought"

    _play(Scene(tmp_path, _text(tmp_path)), act)


def test_what_fails_at_a_request_ends_its_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RecursionError

    async def act(scene: Scene, connection: int) -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, _what: None)
        monkeypatch.setattr(going, "read", fail)
        scene.proxy.tell(_went(connection))
        await scene.revokes.wait()
        assert not scene.broker.core.connections

    _play(Scene(tmp_path, _text(tmp_path)), act)


def test_no_session_makes_the_broker_forget_what_another_one_may_still_tell_of(tmp_path: Path) -> None:
    async def act(scene: Scene, connection: int) -> None:
        core = scene.broker.core
        await scene.open("s2")
        other = core.connections[await scene.connection(session="s2")]
        core.drop(core.connections[connection], "for the test")
        for number in range(LIMITS.egress_open + 1):
            made = dataclasses.replace(other, number=1_000_000 + number)
            core.connections[made.number] = made
            core.drop(made, "for the test")
        scene.proxy.tell(_went(connection, "/just-before"))
        await scene.connection()

    scene = Scene(tmp_path, _text(tmp_path))
    _play(scene, act)
    assert _requests(scene) == [("/just-before", True)]


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_what_says_that_it_is_graphql_is_asked_about(method: str) -> None:
    headers = Headers((("Content-Type", "application/graphql"),))
    assert needs_body(RequestHead(method=method, target="/x?query=%7B", headers=headers))


async def _unheard(message: Message, _fds: Sequence[int]) -> Answer:
    raise AssertionError(message)


@pytest.mark.parametrize("chars", [10, 10_000, 50_000])
def test_what_goes_as_told_lies_in_the_brokers_socket_to_the_last_byte(chars: int) -> None:
    head = RequestHead(method="GET", target="/", headers=Headers((("X", "\xff" * chars),)))

    async def play() -> None:
        here, there = socket.socketpair()
        broker = Broker(channel=Channel(here, _unheard))
        told = 0
        while broker.tell_ahead(Went(connection=1, head=head)):
            told += 1
        broker.channel.close()
        with there:
            data = bytearray()
            while piece := there.recv(1 << 20):
                data += piece
        whole = 0
        while len(data) >= 4 and len(data) - 4 >= (size := int.from_bytes(data[:4])):
            del data[: 4 + size]
            whole += 1
        assert (whole, bytes(data)) == (told, b"")

    asyncio.run(play())


def _heard_out(act: Callable[[Channel, Channel], Awaitable[list[Message]]], *, again: bool = False) -> None:
    """What the act says that a proxy's end has told is what a broker's end has heard, to the last one.

    `again`: whatever is heard is told once more.
    """

    async def play() -> None:
        here, there = socket.socketpair()
        heard: list[Message] = []
        told: list[Message] = []

        async def handle(message: Message, _fds: Sequence[int]) -> Answer:
            if isinstance(message, Dial):
                await asyncio.Event().wait()
            heard.append(message)
            if again and proxy.tell_at_once(message):
                told.append(message)
            return None, ()

        proxy, broker = Channel(here, _unheard), Channel(there, handle, prompt=(Gone,))
        running = [asyncio.create_task(each.run()) for each in (proxy, broker)]
        await asyncio.sleep(0)
        told += await act(proxy, broker)
        await running[1]
        assert heard == told
        proxy.close()
        await running[0]

    asyncio.run(play())


def test_what_a_proxy_told_before_it_died_is_heard_though_somebody_writes_to_it_first() -> None:
    async def act(proxy: Channel, broker: Channel) -> list[Message]:
        message = Gone(connection=1)
        assert proxy.tell(message)
        proxy.close()
        broker.tell(Revoke(connection=2, exchange=None, what="the policy changed"))
        return [message]

    _heard_out(act)


def test_nothing_is_told_any_more_to_who_hears_the_last_of_it() -> None:
    async def act(proxy: Channel, broker: Channel) -> list[Message]:
        message = Gone(connection=1)
        assert proxy.tell(message)
        broker.hear_out()
        return [message]

    _heard_out(act, again=True)


def test_what_is_told_behind_many_questions_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ringfence.egress.channel.LIMITS", dataclasses.replace(LIMITS, channel_questions=2))

    async def act(proxy: Channel, broker: Channel) -> list[Message]:
        for number in (1, 2):
            assert proxy.tell(Dial(connection=number))
        for _ in range(5):
            await asyncio.sleep(0)
        message = Gone(connection=3)
        assert proxy.tell(message)
        broker.hear_out()
        return [message]

    _heard_out(act)
