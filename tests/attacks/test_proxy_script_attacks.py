"""A company's script of automatic configuration: asked for ever more hosts, or served by somebody hostile."""

import asyncio
import dataclasses
import ssl
import threading
import time
from pathlib import Path

import pytest

from broker_scene import Scene, policy, request, server
from ringfence.core.limits import LIMITS
from ringfence.egress.broker import proxy_scripts
from ringfence.egress.messages import OpenSession, Refused, Welcome
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


@pytest.mark.parametrize("is_quick", [True, False])
def test_a_script_without_an_end_keeps_no_session_waiting_and_fills_no_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_quick: bool
) -> None:
    """Whoever answers for the script's server sends ever more: as much as it can, or a little at a time."""
    over = threading.Event()

    def talk(tls: ssl.SSLSocket) -> None:
        tls.recv(65536)
        tls.sendall(b"HTTP/1.1 200 OK\r\n\r\nfunction FindProxyForURL() {} //")
        while is_quick or not over.wait(0.05):
            tls.sendall(b"x" * (65536 if is_quick else 1))

    async def act(scene: Scene) -> None:
        opening = OpenSession(session="s1", agent="claude", folder=str(tmp_path / "tree"))
        answer, _ = await scene.broker.daemon_asks(opening, ())
        over.set()
        assert isinstance(answer, Refused)
        why = "it is too long" if is_quick else "its server does not answer"
        assert answer.what == f"the proxy's script at localhost is not to be had: {why}"

    monkeypatch.setattr(proxy_scripts, "LIMITS", dataclasses.replace(LIMITS, pac_fetch_s=1.0))
    with server(tmp_path, host="localhost", talk=talk) as here:
        pac = f"https://localhost:{here.port}/"
        upstream = f'upstream: [{{host: "*", pac: "{pac}", ca: {tmp_path}/ca.pem}}]'
        scene = Scene(tmp_path, policy(folder=tmp_path, network="{host: '*.corp.test'}", egress=upstream))
        scene.play(act)
