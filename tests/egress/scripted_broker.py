"""A proxy in a process of its own, with a broker and a daemon that do what a test says.

Both live in a thread of the test with a loop of its own. Hosts are loopback servers of the test; what the
proxy asked and told is kept in order.
"""

import asyncio
import contextlib
import socket
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from ringfence.egress.authority import make_authority
from ringfence.egress.channel import Answer, Channel
from ringfence.egress.messages import (
    Arrive,
    Ask,
    CloseSession,
    Dial,
    Dialled,
    Leg,
    Proceed,
    Refused,
    Serve,
    Serving,
    SocketKind,
    Unsent,
    Welcome,
)
from ringfence.egress.sealed_frames import END, FrameKind, body_frames, head_frame, read_frame
from ringfence.egress.wire import Message
from ringfence.protocols.http import BodyKind, ResponseHead
from ringfence.protocols.http1 import (
    BodyReader,
    chunk,
    head_end,
    read_response_head,
    response_body,
    write_head,
)

_PROXY = """
import json, socket, sys
import uvloop, asyncio
from ringfence.egress.proxy.main import prepare, serve_sessions
from ringfence.egress.proxy.patience import Patience
prepare()
daemon, broker, patience = (json.loads(each) for each in sys.argv[1:4])
exec(sys.argv[4])
with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
    sockets = (socket.socket(fileno=each) for each in (daemon, broker))
    runner.run(serve_sessions(*sockets, patience=Patience(**patience)))
"""
_SCANNED = "a request to a proxy that names no host"
_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class Host:
    """What the broker does for a name."""

    address: tuple[str, int] | None = None  # where it dials
    tls: bool = False
    server_name: str | None = None
    ca_pem: str | None = None
    leg: Leg = Leg.PLAIN
    ahead: bool = False
    at_once: bool = False  # a descriptor comes with the welcome
    told: bool = False
    no_arrival: Refused | None = None
    refuses: Callable[[Ask], Refused | None] = lambda ask: None
    sealed: Callable[[Ask, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]] | None = None


@dataclass
class ScriptedBroker:
    """Its hosts by name, and what it heard."""

    hosts: dict[str, Host] = field(default_factory=dict)
    heard: list[Message] = field(default_factory=list)
    connections: dict[int, Arrive] = field(default_factory=dict)
    channel: Channel | None = None
    told: threading.Condition = field(default_factory=threading.Condition)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    number: int = 0

    async def handle(self, message: Message, fds: Sequence[int]) -> Answer:
        """Answers the proxy."""
        assert not fds
        answer: Answer
        match message:
            case Arrive():
                answer = await self._arrived(message)
            case Ask():
                answer = await self._asked(message)
            case Unsent():
                answer = Refused(what="nobody may connect there", hint="it was refused before"), ()
            case Dial():
                host = self.hosts[self.connections[message.connection].host]
                answer = await self._dialled(host, self.connections[message.connection].host)
            case _:
                answer = None, ()
        with self.told:
            self.heard.append(message)
            self.told.notify_all()
        return answer

    def heard_of(self, kind: type[_T]) -> list[_T]:
        """The messages of one kind, without what another test's scan asks every port of this machine."""
        with self.told:
            found = [each for each in self.heard if isinstance(each, kind)]
        own = [each for each in found if getattr(each, "what", "") != _SCANNED]
        return own or found

    def wait_for(self, kind: type[_T], count: int = 1) -> list[_T]:
        """The same, once there are so many."""
        with self.told:
            assert self.told.wait_for(lambda: len(self.heard_of(kind)) >= count, 20), self.heard
        return self.heard_of(kind)

    async def _arrived(self, message: Arrive) -> Answer:
        host = self.hosts.get(message.host)
        if host is None:
            return Refused(what=f"no rule allows {message.host}", hint="ask for a rule"), ()
        if host.no_arrival is not None:
            return host.no_arrival, ()
        self.number += 1
        self.connections[self.number] = message
        if not message.raw:
            dialled, fds = await self._dialled(host, message.host) if host.at_once else (None, ())
            assert dialled is None or isinstance(dialled, Dialled)
            welcome = Welcome(connection=self.number, ahead=host.ahead, told=host.told, dialled=dialled)
            return welcome, fds
        dialled, fds = await self._dialled(host, message.host)
        if isinstance(dialled, Refused):
            return dialled, fds
        return Welcome(connection=self.number, raw=True), fds

    async def _dialled(self, host: Host, name: str) -> Answer:
        assert host.address is not None
        sock = socket.socket(socket.AF_INET6 if ":" in host.address[0] else socket.AF_INET)
        sock.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(sock, host.address)
        except OSError:
            sock.close()
            return Refused(what=f"{name} cannot be reached", hint="try again later", status=502), ()
        named = host.server_name or name
        return Dialled(tls=host.tls, server_name=named, ca_pem=host.ca_pem), (sock.detach(),)

    async def _asked(self, message: Ask) -> Answer:
        host = self.hosts[self.connections[message.connection].host]
        refused = host.refuses(message)
        if refused is not None:
            return refused, ()
        self.number += 1
        if host.leg is Leg.PLAIN:
            return Proceed(exchange=self.number, leg=Leg.PLAIN), ()
        here, there = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=here)
        task = asyncio.create_task(self._sealed(host, message, reader, writer))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return Proceed(exchange=self.number, leg=Leg.SEALED), (there.detach(),)

    async def _sealed(
        self, host: Host, ask: Ask, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            await (host.sealed or forward(host))(ask, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


def forward(host: Host) -> Callable[[Ask, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    """A sealed exchange with a server that speaks HTTP without TLS."""

    async def exchange(ask: Ask, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert host.address is not None
        theirs, ours = await asyncio.open_connection(*host.address)
        headers = ask.head.headers.without("content-length")
        is_chunked = ask.length is None and not ask.is_whole
        if is_chunked:
            headers = headers.having("Transfer-Encoding", "chunked")
        elif ask.length is not None:
            headers = headers.having("Content-Length", str(ask.length))
        ours.write(write_head(ask.head.changed(headers=headers)))
        ours.write(chunk(ask.body) if is_chunked else ask.body)

        async def upload() -> None:
            while not ask.is_whole and (frame := await read_frame(reader)) and frame[0] is FrameKind.BODY:
                ours.write(chunk(frame[1]) if is_chunked else frame[1])
                await ours.drain()
            if is_chunked:
                ours.write(b"0\r\n\r\n")

        uploading = asyncio.create_task(upload())
        try:
            await _download(ask, theirs, writer)
        finally:
            uploading.cancel()
            ours.close()

    return exchange


async def _download(ask: Ask, theirs: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    buffer = b""
    while (end := head_end(buffer)) is None:
        data = await theirs.read(65536)
        if not data:
            return
        buffer += data
    head = read_response_head(buffer[:end])
    kind, length = response_body(head, method=ask.head.method)
    without = head.headers.without("transfer-encoding", "connection", "content-length")
    writer.write(head_frame(ResponseHead(status=head.status, reason=head.reason, headers=without), length))
    body = BodyReader(kind, length)
    data = buffer[end:]
    while True:
        for frame in body_frames(body.feed(data)) if data else ():
            writer.write(frame)
        await writer.drain()
        if body.is_done:
            break
        data = await theirs.read(65536)
        if not data:
            if kind is not BodyKind.UNTIL_CLOSE:
                return
            break
    writer.write(END)
    await writer.drain()


@dataclass
class House:
    """A proxy that serves one session, on loopback."""

    broker: ScriptedBroker
    pid: int
    proxy: int  # ports
    any: int
    dns_udp: int
    dns_tcp: int
    ca_pem: str
    ca_file: Path
    _loop: asyncio.AbstractEventLoop
    _daemon: Channel
    has_ended: bool = False  # the test has made the proxy end

    def do(self, work: Coroutine[Any, Any, _T]) -> _T:
        """In the thread of broker and daemon."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    def tell_proxy(self, message: Message) -> None:
        """As the broker."""

        async def tell() -> None:
            assert self.broker.channel is not None
            self.broker.channel.tell(message)

        self.do(tell())

    def hang_up(self) -> None:
        """The broker is gone."""

        async def close() -> None:
            assert self.broker.channel is not None
            self.broker.channel.close()

        self.do(close())

    def serve(self, session: str, listeners: Sequence[tuple[SocketKind, socket.socket]]) -> str:
        """Another session; its authority's certificate."""
        return self.do(_serve(self._daemon, session, listeners))

    def close(self, session: str = "s") -> None:
        """As the daemon."""

        async def tell() -> None:
            self._daemon.tell(CloseSession(session=session))

        self.do(tell())


async def _serve(daemon: Channel, session: str, listeners: Sequence[tuple[SocketKind, socket.socket]]) -> str:
    authority = make_authority(session, datetime.now(UTC))
    message = Serve(
        session=session,
        certificate_pem=authority.certificate_pem,
        key_pem=authority.key_pem,
        sockets=tuple(kind for kind, _ in listeners),
    )
    answer, _ = await daemon.ask(message, [each.fileno() for _, each in listeners])
    assert answer == Serving(session=session)
    return authority.certificate_pem


def listener(kind: int = socket.SOCK_STREAM) -> socket.socket:
    """On loopback."""
    made = socket.socket(socket.AF_INET, kind)
    made.bind(("127.0.0.1", 0))
    if kind == socket.SOCK_STREAM:
        made.listen(512)
    return made


@contextlib.contextmanager
def house(
    folder: Path, hosts: dict[str, Host] | None = None, *, undone: str = "", **patience: float
) -> Iterator[House]:
    """A proxy, a session, and a broker that knows these hosts. `undone`: code that takes a defence away."""
    daemon_here, daemon_there = socket.socketpair()
    broker_here, broker_there = socket.socketpair()
    fds = (daemon_there.fileno(), broker_there.fileno())
    told = repr(patience or {"looks_every_s": 0.05}).replace("'", '"')
    process = subprocess.Popen([sys.executable, "-c", _PROXY, *map(str, fds), told, undone], pass_fds=fds)
    daemon_there.close()
    broker_there.close()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    broker = ScriptedBroker(hosts=dict(hosts or {}))
    listeners = [
        (SocketKind.PROXY, listener()),
        (SocketKind.ANY, listener()),
        (SocketKind.DNS_UDP, listener(socket.SOCK_DGRAM)),
        (SocketKind.DNS_TCP, listener()),
    ]

    async def begin() -> tuple[Channel, list[asyncio.Task[None]], str]:
        async def nothing(message: Message, fds: Sequence[int]) -> Answer:
            raise AssertionError(message)

        daemon = Channel(daemon_here, nothing)
        broker.channel = Channel(broker_here, broker.handle)
        running = [asyncio.create_task(each.run()) for each in (daemon, broker.channel)]
        return daemon, running, await _serve(daemon, "s", listeners)

    try:
        daemon, _running, pem = asyncio.run_coroutine_threadsafe(begin(), loop).result(20)
        (folder / "ca.pem").write_text(pem)
        ports = [each.getsockname()[1] for _, each in listeners]
        made = House(broker, process.pid, *ports, pem, folder / "ca.pem", loop, daemon)
        yield made
        assert made.has_ended or process.poll() is None, "the proxy has ended"
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        for each in asyncio.all_tasks(loop):
            each.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        daemon_here.close()
        broker_here.close()
        try:
            assert process.wait(20) == 0
        finally:
            process.kill()
            process.wait()
        loop.close()
        for _, each in listeners:
            each.close()
