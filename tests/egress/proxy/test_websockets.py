"""WebSocket through the proxy, and what only begins like one."""

import asyncio
import socket
from pathlib import Path

import pytest

from egress.proxy_clients import after, opened, said
from egress.scripted_broker import Host, house
from egress.upstream_servers import raw_server
from ringfence.egress.messages import Ask, Done, Leg
from ringfence.egress.sealed_frames import END, FrameKind, body_frames, head_frame, read_frame
from ringfence.protocols.http import Headers, ResponseHead
from ringfence.protocols.websocket import Frame, Opcode, accept_key, write_frame

_KEY = "dGhlIHNhbXBsZSBub25jZQ=="
_HEAD = (
    b"GET http://api.test/ HTTP/1.1\r\nHost: api.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Extensions: permessage-deflate\r\n"
    b"Sec-WebSocket-Key: " + _KEY.encode() + b"\r\n\r\n"
)
_SWITCH = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: " + accept_key(_KEY).encode() + b"\r\n\r\n"
)


def _text(text: str, *, mask: bytes = b"") -> bytes:
    return write_frame(Frame(opcode=Opcode.TEXT, payload=text.encode()), mask)


def _server(connected: socket.socket) -> None:
    """Greets with the head, and says what it heard."""
    head = after(connected, b"\r\n\r\n")
    assert b"extensions" not in head.lower()
    connected.sendall(_SWITCH + _text("hello"))
    after(connected, _text("hi", mask=b"abcd"))
    connected.sendall(_text("you said hi"))


async def _sealed(ask: Ask, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    headers = Headers((("Sec-WebSocket-Accept", accept_key(_KEY)),))
    writer.write(head_frame(ResponseHead(status=101, headers=headers, reason="Switching Protocols"), None))
    writer.writelines(body_frames(_text("hello")))
    assert await read_frame(reader) == (FrameKind.BODY, _text("hi", mask=b"abcd"))
    writer.writelines(body_frames(_text("you said hi")))
    writer.write(END)
    await writer.drain()


@pytest.mark.parametrize("leg", [Leg.PLAIN, Leg.SEALED])
def test_messages_go_both_ways_after_the_switch(tmp_path: Path, leg: Leg) -> None:
    with raw_server(_server) as address:
        hosts = {"api.test": Host(address=address, leg=leg, sealed=_sealed)}
        with house(tmp_path, hosts) as it, opened(it.proxy) as program:
            program.sendall(_HEAD)
            head = after(program, b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
            assert head.lower().count(b"upgrade: websocket\r\n") == 1
            assert after(program, _text("hello")) == _text("hello")
            program.sendall(_text("hi", mask=b"abcd"))
            assert after(program, _text("you said hi")) == _text("you said hi")
            program.shutdown(socket.SHUT_WR)
            assert said(program) == b""
            received = len(_text("hello") + _text("you said hi"))
            assert it.broker.wait_for(Done) == [Done(exchange=2, sent=8, received=received)]


@pytest.mark.parametrize(
    "switch",
    [
        _SWITCH.replace(accept_key(_KEY).encode(), accept_key("x").encode()),
        _SWITCH.replace(b"Upgrade: websocket", b"Upgrade: h2c"),
        _SWITCH.replace(b"\r\n\r\n", b"\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n"),
    ],
)
def test_a_switch_to_anything_else_is_none(tmp_path: Path, switch: bytes) -> None:
    def serve(connected: socket.socket) -> None:
        after(connected, b"\r\n\r\n")
        connected.sendall(switch)
        said(connected)

    with (
        raw_server(serve) as address,
        house(tmp_path, {"api.test": Host(address=address)}) as it,
        opened(it.proxy) as program,
    ):
        program.sendall(_HEAD)
        assert after(program, b"\r\n\r\n").startswith(b"HTTP/1.1 502 ")


_NO_TEXT = write_frame(Frame(opcode=Opcode.TEXT, payload=b"\xff"), b"abcd")


@pytest.mark.parametrize("sent", [b"GET / HTTP/1.1\r\n\r\n", _text("not masked"), _NO_TEXT])
def test_what_is_no_frame_ends_both_ways(tmp_path: Path, sent: bytes) -> None:
    heard = []

    def serve(connected: socket.socket) -> None:
        after(connected, b"\r\n\r\n")
        connected.sendall(_SWITCH)
        try:
            heard.append(said(connected))
        except ConnectionResetError:
            heard.append(b"")

    with raw_server(serve) as address, house(tmp_path, {"api.test": Host(address=address)}) as it:
        with opened(it.proxy) as program:
            program.sendall(_HEAD)
            after(program, b"\r\n\r\n")
            program.sendall(sent)
            with pytest.raises(ConnectionResetError):
                said(program)
        it.broker.wait_for(Done)
    assert heard == [b""]
