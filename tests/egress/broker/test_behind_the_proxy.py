"""The proxy before the broker, and curl before both: what a program sees."""

import asyncio
import os
import shutil
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest

from broker_scene import Scene, policy, server
from needs import missing
from ringfence.egress.authority import make_authority
from ringfence.egress.channel import Answer, Channel
from ringfence.egress.messages import Serve, Serving, SocketKind
from ringfence.egress.proxy.main import serve_sessions
from ringfence.egress.wire import Message
from vaults import TOKEN


async def _nothing(_message: Message, _fds: object) -> Answer:
    return None, ()


class _Proxied:
    """A session whose programs reach the world by a proxy of their own."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    async def __aenter__(self) -> "_Proxied":
        ours, theirs = socket.socketpair()
        daemon, proxys = socket.socketpair()
        self.scene.broker.stand_in(ours)
        self._proxy = asyncio.create_task(serve_sessions(proxys, theirs))
        self._daemon = Channel(daemon, _nothing)
        self._running = asyncio.create_task(self._daemon.run())
        made = make_authority("s1", datetime.now(UTC))
        self.ca = self.scene.folder / "session.pem"
        self.ca.write_text(made.certificate_pem)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = listener.getsockname()[1]
            serve = Serve(
                session="s1",
                certificate_pem=made.certificate_pem,
                key_pem=made.key_pem,
                sockets=(SocketKind.PROXY,),
            )
            answer, _ = await self._daemon.ask(serve, [listener.fileno()])
        assert isinstance(answer, Serving)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._daemon.close()
        await asyncio.gather(self._running, self._proxy, return_exceptions=True)

    async def curl(self, *arguments: str) -> tuple[int | None, str]:
        """Its exit status and output."""
        if shutil.which("curl") is None:
            missing("curl", "scripts/install-test-needs")
        ran = await asyncio.create_subprocess_exec(
            *("curl", "-sS", "--max-time", "8", "-x", f"http://127.0.0.1:{self.port}"),
            *("--cacert", str(self.ca), *arguments),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={"PATH": os.environ["PATH"]},
        )
        out, _ = await ran.communicate()
        return ran.returncode, out.decode()


def _echo(asked: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(asked), asked)


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_curl_is_answered_as_the_policy_lets_it(tmp_path: Path, version: str) -> None:
    with server(tmp_path, _echo) as host:
        text = policy(
            ("api.example.com", host.port),
            folder=tmp_path,
            network="{host: api.example.com, paths: ['/a/**']}",
            credentials="{name: one, host: api.example.com}",
        )
        scene = Scene(tmp_path, text)
        scene.keep("bearer", "api.example.com")

        async def act(scene: Scene) -> None:
            await scene.open()
            placeholder = scene.broker.core.sessions["s1"].given["one"]["token"]
            mine = ("-H", f"Authorization: Bearer {placeholder}")
            async with _Proxied(scene) as proxied:
                code, out = await proxied.curl(version, *mine, "https://api.example.com/a/b")
                assert code == 0, out
                assert f"Bearer {placeholder}" in out
                sent = ("--data", "name=" + "x" * 100_000)
                code, out = await proxied.curl(version, *mine, *sent, "https://api.example.com/a/b")
                assert code == 0, out[-300:]
                assert out.endswith("xxx")
                code, out = await proxied.curl(version, "-w", "%{http_code}", "https://api.example.com/b")
                assert (code, out[-3:]) == (0, "403")
                assert "which has no rule for it" in out
                foreign = ("-H", "Authorization: Bearer own", "-w", "%{http_code}")
                code, out = await proxied.curl(version, *foreign, "https://api.example.com/a/b")
                assert (code, out[-3:]) == (0, "403")
                code, out = await proxied.curl(version, "-w", "%{http_code}", "https://evil.example.com/")
                assert (code, out[-3:]) == (0, "403")
                assert "a connection to evil.example.com" in out

        scene.play(act)
        assert [TOKEN.encode() in each for each in host.requests] == [True, True]
