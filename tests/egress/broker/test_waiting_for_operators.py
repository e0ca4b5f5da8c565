"""A request that an operator is asked about waits for the answer, for a while; only so many do at once."""

import asyncio
from pathlib import Path

from broker_scene import Scene, policy, request, server
from ringfence.core.limits import LIMITS
from ringfence.egress.broker.opening import close_session
from ringfence.egress.messages import Proceed, Refused
from ringfence.ledger.events.ask_opened import AskOpened


def _scene(folder: Path, port: int, asked_s: float) -> Scene:
    network = (
        "{host: api.example.com, then: ask, paths: [/asked/**]}, {host: api.example.com, paths: [/free/**]}"
    )
    scene = Scene(folder, policy(("api.example.com", port), folder=folder, network=network))
    scene.asked_s = asked_s
    return scene


def test_nobody_answers_and_it_is_refused_with_what_would_help(tmp_path: Path) -> None:
    with server(tmp_path) as host:
        scene = _scene(tmp_path, host.port, 0.6)

        async def act(scene: Scene) -> None:
            await scene.open()
            connection = await scene.connection()
            waits = asyncio.ensure_future(scene.ask(connection, request("/asked/1")))
            free, _ = await scene.ask(connection, request("/free/1"))
            assert isinstance(free, Proceed), "others go on meanwhile"
            assert not waits.done()
            refused, _ = await waits
            assert isinstance(refused, Refused)
            assert "must be approved" in refused.what
            assert refused.hint.startswith("to allow: ringfence approve ")

        scene.play(act)
    asks = [each for each in scene.recorded("approvals") if isinstance(each, AskOpened)]
    assert len(asks) == 1


def test_what_waits_ends_with_its_session(tmp_path: Path) -> None:
    with server(tmp_path) as host:
        scene = _scene(tmp_path, host.port, 600)

        async def act(scene: Scene) -> None:
            await scene.open()
            connection = await scene.connection()
            core = scene.broker.core
            session = core.sessions["s1"]
            waits = asyncio.ensure_future(scene.ask(connection, request("/asked/1")))
            while not session.held:
                await asyncio.sleep(0.01)
            close_session(core, "s1")
            refused, _ = await waits
            assert isinstance(refused, Refused)
            assert session.held == 0

        scene.play(act)


def test_so_many_wait_and_the_next_is_refused_at_once(tmp_path: Path) -> None:
    with server(tmp_path) as host:
        scene = _scene(tmp_path, host.port, 600)

        async def act(scene: Scene) -> None:
            await scene.open()
            connection = await scene.connection()
            session = scene.broker.core.sessions["s1"]
            waiting = [
                asyncio.ensure_future(scene.ask(connection, request(f"/asked/{number}")))
                for number in range(LIMITS.egress_held)
            ]
            while session.held < LIMITS.egress_held:
                await asyncio.sleep(0.01)
            refused, _ = await scene.ask(connection, request("/asked/more"))
            assert isinstance(refused, Refused)
            assert not any(each.done() for each in waiting)
            for each in waiting:
                each.cancel()

        scene.play(act)
