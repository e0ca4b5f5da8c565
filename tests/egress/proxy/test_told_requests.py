"""Requests that the proxy tells of as it sends them, where the broker has said that it may."""

import asyncio
import itertools
import socket
from collections.abc import Sequence
from pathlib import Path

import pytest

from egress.proxy_clients import after, opened, said
from egress.scripted_broker import Host, house
from egress.upstream_servers import raw_server
from ringfence.core.limits import LIMITS
from ringfence.egress.channel import Answer, Channel
from ringfence.egress.messages import Ask, Dial, Done, Gone, Refused, Revoke, Tell, Trouble, Went
from ringfence.egress.proxy.roads import Broker
from ringfence.egress.wire import Message
from ringfence.protocols.http import Headers, RequestHead

_GET = b"GET http://api.test/%b HTTP/1.1\r\nHost: api.test\r\n\r\n"
_SWITCH = (
    b"GET http://api.test/ HTTP/1.1\r\nHost: api.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def _told(address: tuple[str, int]) -> dict[str, Host]:
    return {"api.test": Host(address=address, told=True, refuses=lambda _ask: Refused(what="no", hint="no"))}


def test_what_only_reads_is_told_of_and_not_asked_about(tmp_path: Path) -> None:
    def serve(connected: socket.socket) -> None:
        while head := after(connected, b"\r\n\r\n"):
            connected.sendall(_OK.removesuffix(b"ok") if head.startswith(b"HEAD") else _OK)

    with raw_server(serve) as address, house(tmp_path, _told(address)) as it, opened(it.proxy) as program:
        for method in (b"HEAD", b"GET", b"OPTIONS"):
            program.sendall(_GET.replace(b"GET", method) % method)
            assert after(program, b"\r\n\r\n" if method == b"HEAD" else b"ok").startswith(b"HTTP/1.1 200 ")
        sent = it.broker.wait_for(Went, 3)
        assert [(each.connection, each.head.method, each.head.target) for each in sent] == [
            (1, "HEAD", "/HEAD"),
            (1, "GET", "/GET"),
            (1, "OPTIONS", "/OPTIONS"),
        ]
        assert it.broker.heard_of(Ask) == it.broker.heard_of(Done) == []


@pytest.mark.parametrize(
    "request_",
    [
        b"POST http://api.test/ HTTP/1.1\r\nHost: api.test\r\nContent-Length: 0\r\n\r\n",
        b"DELETE http://api.test/ HTTP/1.1\r\nHost: api.test\r\n\r\n",
        b"GET http://api.test/ HTTP/1.1\r\nHost: api.test\r\nContent-Length: 2\r\n\r\nhi",
        b"GET http://api.test/graphql?query=%7Ba%7D HTTP/1.1\r\nHost: api.test\r\n\r\n",
        b"GET http://api.test/ HTTP/1.1\r\nHost: api.test\r\nMcp-Session-Id: 1\r\n\r\n",
        _SWITCH,
    ],
)
def test_all_else_is_asked_about(tmp_path: Path, request_: bytes) -> None:
    with raw_server(lambda connected: None) as address, house(tmp_path, _told(address)) as it:
        with opened(it.proxy) as program:
            program.sendall(request_)
            assert after(program, b"\r\n\r\n").startswith(b"HTTP/1.1 403 ")
        assert len(it.broker.heard_of(Ask)) == 1
        assert it.broker.heard_of(Went) == it.broker.heard_of(Dial) == []


def test_a_broker_that_may_be_behind_is_asked(tmp_path: Path) -> None:
    def serve(connected: socket.socket) -> None:
        while after(connected, b"\r\n\r\n"):
            connected.sendall(_OK)

    most = LIMITS.egress_ahead
    with raw_server(serve) as address, house(tmp_path, {"api.test": Host(address=address, told=True)}) as it:
        with opened(it.proxy) as program:
            for number in range(1 + most + 1 + most + 1):
                program.sendall(_GET % b"%d" % number)
                after(program, b"\r\n\r\nok")
        it.broker.wait_for(Gone)
        kinds = [type(each) for each in it.broker.heard if isinstance(each, Went | Ask)]
    runs = [(kind, len(list(group))) for kind, group in itertools.groupby(kinds)]
    assert runs == [(Went, 1 + most), (Ask, 1), (Went, most), (Ask, 1)]  # the first is heard with its `Dial`


def test_what_was_told_of_is_taken_back_with_its_connection(tmp_path: Path) -> None:
    def serve(connected: socket.socket) -> None:
        said(connected)

    with raw_server(serve) as address, house(tmp_path, _told(address)) as it, opened(it.proxy) as program:
        program.sendall(_GET % b"")
        it.broker.wait_for(Dial)
        it.broker.wait_for(Went)
        it.tell_proxy(Revoke(connection=1, exchange=None, what="the policy changed"))
        assert after(program, b"\r\n\r\n").startswith(b"HTTP/1.1 403 Forbidden\r\n")


def test_nothing_goes_where_nobody_hears_of_it() -> None:
    head = RequestHead(method="GET", target="/", headers=Headers())

    async def unheard(message: Message, _fds: Sequence[int]) -> Answer:
        raise AssertionError(message)

    async def play() -> None:
        here, there = socket.socketpair()
        broker = Broker(channel=Channel(here, unheard))
        assert broker.tell_ahead(Went(connection=1, head=head))
        there.close()
        assert not broker.tell_ahead(Went(connection=1, head=head))
        assert not broker.tell_ahead(Went(connection=1, head=head))

    asyncio.run(play())


def test_nothing_is_told_while_something_else_waits_for_room() -> None:
    head = RequestHead(method="GET", target="/", headers=Headers())
    long = Tell(session="s", trouble=Trouble.UPSTREAM, host="api.test", what="a" * 1_000_000)

    async def unheard(message: Message, _fds: Sequence[int]) -> Answer:
        raise AssertionError(message)

    async def play() -> None:
        here, there = socket.socketpair()
        broker = Broker(channel=Channel(here, unheard))
        with there:
            assert broker.tell_ahead(Went(connection=1, head=head))
            assert broker.channel.tell(long)
            assert not broker.tell_ahead(Went(connection=1, head=head))
            broker.channel.close()

    asyncio.run(play())
