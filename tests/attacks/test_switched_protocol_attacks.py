"""A host and a program that are in league: an allowed request is answered with 101, then anything goes."""

import socket
from pathlib import Path

import pytest

from egress.proxy_clients import after, opened
from egress.scripted_broker import Host, house
from egress.upstream_servers import raw_server
from ringfence.egress.messages import Ask, Done
from ringfence.protocols.websocket import accept_key

_KEY = "dGhlIHNhbXBsZSBub25jZQ=="
_ALLOWED = b"GET http://a.test/allowed HTTP/1.1\r\nHost: a.test\r\n"
_WEBSOCKET = (
    _ALLOWED
    + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    + f"Sec-WebSocket-Key: {_KEY}\r\n\r\n".encode()
)
_SWITCH = (
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    + f"Sec-WebSocket-Accept: {accept_key(_KEY)}\r\n\r\n".encode()
)
_SMUGGLED = b"POST /never-judged HTTP/1.1\r\nHost: a.test\r\n\r\n"
_UNDONE = """
from ringfence.egress.proxy import exchanging, websockets
exchanging.check_switch = lambda asked, head: None
websockets.Messages = lambda from_client: type("Unread", (), {"feed": lambda self, data: None})()
"""


@pytest.mark.parametrize("request_", [_ALLOWED + b"\r\n", _WEBSOCKET])
@pytest.mark.parametrize("undone", ["", _UNDONE])
def test_nothing_but_a_websocket_follows_a_switch(tmp_path: Path, undone: str, request_: bytes) -> None:
    seen = []

    def serve(connected: socket.socket) -> None:
        after(connected, b"\r\n\r\n")
        connected.sendall(_SWITCH)
        seen.append(after(connected, b"\r\n\r\n"))
        connected.sendall(b"got it")

    with (
        raw_server(serve) as address,
        house(tmp_path, {"a.test": Host(address=address)}, undone=undone) as it,
        opened(it.proxy) as program,
    ):
        program.sendall(request_)
        head = after(program, b"\r\n\r\n")
        if undone:
            assert head.startswith(b"HTTP/1.1 101 ")
            program.sendall(_SMUGGLED)
            after(program, b"got it")
            assert (seen, len(it.broker.heard_of(Ask))) == ([_SMUGGLED], 1)
        else:
            if request_ == _WEBSOCKET:
                program.sendall(_SMUGGLED)
            else:
                assert head.startswith(b"HTTP/1.1 502 ")
            it.broker.wait_for(Done)
            assert seen == []
