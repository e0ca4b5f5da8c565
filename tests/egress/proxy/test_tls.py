"""Handshakes of the proxy's own: what is sent when, and what is made beforehand."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable

import pytest

from egress.upstream_servers import OUTSIDE, tls_for
from ringfence.egress.proxy.tls import Greeting, Resumptions, TlsStream, as_client, as_server, trusting
from ringfence.egress.proxy.wires import Deadlines, StreamLost, Wire, wire_over

_NAME = "api.test"


class _Other:
    """The other end: it answers each flight until its handshake is over, and then is asked what it read."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext, *, name: str | None = None) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._in, self._out, server_side=name is None, server_hostname=name)

    async def say(self) -> bool:
        """Goes on with its handshake, and sends what that makes; whether it is over."""
        try:
            self.tls.do_handshake()
            is_over = True
        except ssl.SSLWantReadError:
            is_over = False
        if self._out.pending:
            await asyncio.get_running_loop().sock_sendall(self._sock, self._out.read())
        return is_over

    async def hear(self) -> None:
        """Waits for something to come."""
        while not self.heard():
            await asyncio.sleep(0)

    def heard(self) -> bool:
        """Takes up what has come; whether there was anything."""
        try:
            self._in.write(self._sock.recv(65536))
        except BlockingIOError:
            return False
        return True


async def _met(shaking: Awaitable[TlsStream], other: _Other) -> TlsStream:
    """Ours, when its handshake is over."""
    task = asyncio.ensure_future(shaking)
    while not task.done():
        await other.say()
        other.heard()
        await asyncio.sleep(0)
    return task.result()


def _play(act: Callable[[Wire, socket.socket], Awaitable[None]]) -> None:
    async def run() -> None:
        here, there = socket.socketpair()
        with there:
            wire = await wire_over(here, Deadlines())
            await act(wire, there)
            wire.abort()

    asyncio.run(asyncio.wait_for(run(), 20))


def _trusting() -> ssl.SSLContext:
    return trusting(OUTSIDE.certificate_pem)


@pytest.fixture
def no_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits to go with something else waits for ever."""
    monkeypatch.setattr("ringfence.egress.proxy.tls._MOMENT_S", 3600)


@pytest.mark.usefixtures("no_moment")
def test_a_clients_last_flight_goes_with_its_first_request() -> None:
    async def act(wire: Wire, there: socket.socket) -> None:
        host = _Other(there, tls_for(_NAME))
        stream = await _met(as_client(wire, Greeting(_trusting(), _NAME, None)), host)
        assert not host.heard()
        await stream.write(b"GET")
        await host.hear()
        assert await host.say()
        assert host.tls.read() == b"GET"

    _play(act)


def test_a_clients_last_flight_goes_alone_where_nothing_is_asked() -> None:
    async def act(wire: Wire, there: socket.socket) -> None:
        host = _Other(there, tls_for(_NAME))
        await _met(as_client(wire, Greeting(_trusting(), _NAME, None)), host)
        await host.hear()
        assert await host.say()

    _play(act)


@pytest.mark.usefixtures("no_moment")
def test_a_servers_ticket_goes_with_its_first_answer() -> None:
    async def act(wire: Wire, there: socket.socket) -> None:
        program = _Other(there, _trusting(), name=_NAME)
        stream = await _met(as_server(wire, tls_for(_NAME)), program)
        assert not program.heard()
        await stream.write(b"200")
        await program.hear()
        assert program.tls.read() == b"200"
        assert program.tls.session is not None
        assert program.tls.session.has_ticket

    _play(act)


@pytest.mark.usefixtures("no_moment")
def test_what_the_other_end_waits_for_goes_at_once() -> None:
    context = ssl.create_default_context(cadata=OUTSIDE.certificate_pem)
    context.maximum_version = ssl.TLSVersion.TLSv1_2

    async def act(wire: Wire, there: socket.socket) -> None:
        program = _Other(there, context, name=_NAME)
        await _met(as_server(wire, tls_for(_NAME)), program)
        while not await program.say():
            await program.hear()

    _play(act)


def test_a_program_that_says_no_hello_is_lost() -> None:
    async def act(wire: Wire, there: socket.socket) -> None:
        there.sendall(b"\x16\3\1\0\5\1\0\0\1\0")
        with pytest.raises(StreamLost):
            await as_server(wire, tls_for(_NAME))
        there.settimeout(20)
        assert there.recv(1) == b"\x15"  # an alert

    _play(act)


def test_a_host_is_greeted_beforehand_once_there_is_a_session_to_go_on_with() -> None:
    resumptions, context = Resumptions(), _trusting()
    assert resumptions.greeting(_NAME) is None

    async def first(wire: Wire, there: socket.socket) -> None:
        host = _Other(there, tls_for(_NAME))
        stream = await _met(as_client(wire, Greeting(context, _NAME, None)), host)
        await stream.write(b"GET")
        await host.hear()
        await host.say()
        host.tls.write(b"200")
        await host.say()
        assert await stream.read() == b"200"
        resumptions.keep(context, _NAME, stream)

    async def second(wire: Wire, there: socket.socket) -> None:
        greeting = resumptions.greeting(_NAME)
        assert greeting is not None
        assert greeting.is_for(context, _NAME)
        assert not greeting.is_for(context, "other.test")
        assert not greeting.is_for(trusting(None), _NAME)
        stream = await _met(as_client(wire, greeting), _Other(there, tls_for(_NAME)))
        assert stream.was_resumed

    _play(first)
    _play(second)
    assert resumptions.of(context, _NAME) is not None
    assert resumptions.of(trusting(None), _NAME) is None
