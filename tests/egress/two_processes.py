"""A proxy in a process of its own and a broker, each as it is, for one session whose box the test plays."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from broker_scene import Scene
from egress.scripted_broker import listener
from ringfence.egress.authority import make_authority
from ringfence.egress.broker.serving import Broker
from ringfence.egress.channel import Answer, Channel
from ringfence.egress.messages import OpenSession, Serve, Serving, SessionOpened, SocketKind
from ringfence.egress.wire import Message

__all__ = ["Box", "play", "tunnel"]

_PROXY = """
import socket, sys
from ringfence.egress.proxy.main import run
run(*(socket.socket(fileno=int(each)) for each in sys.argv[1:]))
"""


@dataclass(frozen=True)
class Box:
    """What its programs know."""

    port: int
    ca_file: Path
    given: Callable[[], Mapping[str, Mapping[str, str]]]  # placeholders, by credential and part

    def placeholder(self) -> str:
        """A token's."""
        return self.given()["one"]["token"]

    def curl(self, *arguments: str) -> str:
        """What it prints."""
        command = ["curl", "-sS", "--max-time", "20", "-x", f"http://127.0.0.1:{self.port}"]
        ran = subprocess.run(
            [*command, "--cacert", str(self.ca_file), *arguments], capture_output=True, check=False
        )
        assert ran.returncode == 0, ran
        return ran.stdout.decode()


async def _nothing(message: Message, fds: Sequence[int]) -> Answer:
    raise AssertionError(message, fds)


def play(scene: Scene, act: Callable[[Box], None]) -> None:
    """Runs the act in a thread while both are there."""

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


async def _opened(scene: Scene, daemon: Channel) -> Box:
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
    session = scene.broker.core.sessions["s1"]
    return Box(port, ca_file, lambda: session.given)


@contextmanager
def tunnel(proxy: int, authority: str) -> Iterator[int]:
    """A port of this machine, from which one program comes to that place by the proxy, as by CONNECT."""
    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor() as threads:

        def carry(source: socket.socket, target: socket.socket) -> None:
            with suppress(OSError):
                while data := source.recv(65536):
                    target.sendall(data)
            with suppress(OSError):
                target.shutdown(socket.SHUT_WR)

        def accept() -> None:
            with listening.accept()[0] as near, socket.create_connection(("127.0.0.1", proxy)) as far:
                far.sendall(f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode())
                said = b""
                while not said.endswith(b"\r\n\r\n"):
                    said += far.recv(1)
                back = threads.submit(carry, far, near)
                carry(near, far)
                back.result()

        threads.submit(accept)
        yield listening.getsockname()[1]
