"""The proxy and the broker together, each as it is: a program's requests from its socket to the host."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from broker_scene import Scene, policy, server
from egress.scripted_broker import listener
from ringfence.egress.authority import make_authority
from ringfence.egress.broker.serving import Broker
from ringfence.egress.channel import Answer, Channel
from ringfence.egress.messages import OpenSession, Serve, Serving, SessionOpened, SocketKind
from ringfence.egress.wire import Message
from vaults import TOKEN

_PROXY = """
import socket, sys
from ringfence.egress.proxy.main import run
run(*(socket.socket(fileno=int(each)) for each in sys.argv[1:]))
"""
_WHOLE = "{host: api.example.com}"
_NARROW = "{host: api.example.com, paths: ['/a/**']}"
_ONE = "{name: one, host: api.example.com}"


@dataclass(frozen=True)
class _Box:
    """What its programs know."""

    port: int
    ca_file: Path
    placeholder: Callable[[], str]

    def curl(self, *arguments: str) -> str:
        command = ["curl", "-sS", "--max-time", "20", "-x", f"http://127.0.0.1:{self.port}"]
        ran = subprocess.run(
            [*command, "--cacert", str(self.ca_file), *arguments], capture_output=True, check=False
        )
        assert ran.returncode == 0, ran
        return ran.stdout.decode()


async def _nothing(message: Message, fds: Sequence[int]) -> Answer:
    raise AssertionError(message, fds)


def _play(scene: Scene, act: Callable[[_Box], None]) -> None:
    async def run() -> None:
        house = scene.house()
        scene.broker = Broker(house=house)
        to_broker, of_broker = socket.socketpair()
        to_daemon, of_daemon = socket.socketpair()
        fds = (to_daemon.fileno(), to_broker.fileno())
        proxy = subprocess.Popen([sys.executable, "-c", _PROXY, *map(str, fds)], pass_fds=fds)
        to_daemon.close()
        to_broker.close()
        scene.broker.stand_in(of_broker)
        daemon = Channel(of_daemon, _nothing)
        tasks = [asyncio.create_task(each) for each in (daemon.run(), scene.broker.watch())]
        try:
            await asyncio.wait_for(asyncio.to_thread(act, await _opened(scene, daemon)), 60)
        finally:
            daemon.close()
            tasks[1].cancel()
            scene.broker.close()
            await asyncio.gather(*tasks, *scene.broker.proxies, return_exceptions=True)
            house.blocking.shutdown()
            assert proxy.wait(20) == 0

    asyncio.run(run())
    scene.door.ledger.close()


async def _opened(scene: Scene, daemon: Channel) -> _Box:
    asked = OpenSession(session="s1", agent="claude", folder=str(scene.folder / "tree"))
    opened, _ = await scene.broker.daemon_asks(asked, ())
    assert isinstance(opened, SessionOpened), opened
    authority = make_authority("s1", datetime.now(UTC))
    serve = Serve(
        session="s1",
        certificate_pem=authority.certificate_pem,
        key_pem=authority.key_pem,
        sockets=(SocketKind.PROXY,),
    )
    with listener() as sock:
        port = sock.getsockname()[1]
        assert await daemon.ask(serve, [sock.fileno()]) == (Serving(session="s1"), [])
    ca_file = scene.folder / "session-ca.pem"
    ca_file.write_text(authority.certificate_pem)
    given = scene.broker.core.sessions["s1"].given
    return _Box(port, ca_file, lambda: given["one"]["token"])


def _echo(asked: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(asked), asked)


def test_a_host_that_is_granted_as_a_whole_is_spoken_with_by_the_proxy(tmp_path: Path) -> None:
    with server(tmp_path, _echo) as host:
        text = policy(("api.example.com", host.port), folder=tmp_path, network=_WHOLE)

        def act(box: _Box) -> None:
            said = box.curl("https://api.example.com/x?y=1", "https://api.example.com/z", "-d", "sent")
            assert said.count("POST /") == 2
            assert said.endswith("sent")

        _play(Scene(tmp_path, text), act)
        assert host.connections == 1


def test_a_secret_reaches_its_host_and_never_the_program(tmp_path: Path) -> None:
    with server(tmp_path, _echo) as host:
        text = policy(("api.example.com", host.port), folder=tmp_path, network=_NARROW, credentials=_ONE)
        scene = Scene(tmp_path, text)
        scene.keep("bearer", "api.example.com")

        def act(box: _Box) -> None:
            said = box.curl("-H", f"Authorization: Bearer {box.placeholder()}", "https://api.example.com/a/b")
            assert f"Bearer {box.placeholder()}" in said
            assert TOKEN not in said

        _play(scene, act)
        assert [TOKEN.encode() in each for each in host.requests] == [True]


def test_what_no_rule_allows_is_refused_where_the_program_reads_it(tmp_path: Path) -> None:
    with server(tmp_path) as host:
        text = policy(("api.example.com", host.port), folder=tmp_path, network=_NARROW)

        def act(box: _Box) -> None:
            for url in (
                "https://api.example.com/elsewhere",
                "https://other.example.com/",
                "http://api.example.com/a",
            ):
                said = box.curl("-w", "%{http_code}", url)
                assert said.startswith("ringfence: ")
                assert said.endswith("403")

        _play(Scene(tmp_path, text), act)
        assert host.requests == []
