"""A program in a box has a company's script of automatic configuration asked for ever more hosts."""

import asyncio
import dataclasses
import threading
import time
from pathlib import Path

from broker_scene import Scene, policy, request
from ringfence.egress.messages import Welcome
from ringfence.protocols.pac import PacQuestion


def test_a_session_that_asks_for_many_hosts_leaves_the_broker_s_threads_to_others(tmp_path: Path) -> None:
    """Each answer takes a process and some tenths of a second of a thread that others wait for, too."""
    asking, most, asked = 0, 0, 0
    lock = threading.Lock()

    def slow(_question: PacQuestion) -> str:
        nonlocal asking, most, asked
        with lock:
            asking, asked = asking + 1, asked + 1
            most = max(most, asking)
        time.sleep(0.1)
        with lock:
            asking -= 1
        return "PROXY 127.0.0.1:1"

    (tmp_path / "proxy.pac").write_text("")
    upstream = f'upstream: [{{host: "*", pac: {tmp_path}/proxy.pac}}]'
    scene = Scene(tmp_path, policy(folder=tmp_path, network="{host: '*.corp.test'}", egress=upstream))

    async def one(scene: Scene, host: str) -> None:
        welcome, _ = await scene.arrive(host, 80, tls=False)
        assert isinstance(welcome, Welcome), welcome
        await scene.exchange(welcome.connection, request(headers={"Host": host}))

    async def act(scene: Scene) -> None:
        scene.broker.core.house = dataclasses.replace(scene.broker.house, ask_pac=slow)
        await scene.open()
        hosts = [f"h{each}.corp.test" for each in range(8)]
        await asyncio.gather(*(one(scene, host) for host in (*hosts, hosts[0])))

    scene.play(act)
    assert (most, asked) == (1, 8)
