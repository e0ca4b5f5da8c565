import asyncio
import json
import os
import socket
from pathlib import Path

import pytest

from broker_scene import Scene, policy, request, server
from ringfence.egress.messages import Proceed, Refused
from ringfence.egress.sealed_frames import FrameKind, body_frames, head_in, read_frame, refused_in
from ringfence.protocols.websocket import Frame, Messages, Opcode, accept_key, write_frame
from vaults import WHOLE

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
SECRET = WHOLE["websocket"]["token"]
WANTED = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Extensions": "permessage-deflate",
}


def _switches(tls, seen: list[bytes], *, accept: str = accept_key(KEY)) -> None:  # type: ignore[no-untyped-def]
    """A server that says each text back, and that it did."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += tls.recv(1)
    seen.append(head)
    tls.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept.encode() + b"\r\n\r\n"
    )
    messages = Messages(from_client=True)
    while data := tls.recv(65536):
        for message in messages.feed(data):
            seen.append(message.payload)
            parts = (message.payload[:20], message.payload[20:])
            tls.sendall(write_frame(Frame(opcode=Opcode.TEXT, payload=parts[0], is_last=False)))
            tls.sendall(write_frame(Frame(opcode=Opcode.CONTINUATION, payload=parts[1])))


def _scene(folder: Path, port: int) -> Scene:
    text = policy(
        ("gateway.example.com", port),
        folder=folder,
        network="{host: gateway.example.com}",
        credentials="{name: one, host: gateway.example.com}",
    )
    scene = Scene(folder, text)
    scene.keep("websocket", "gateway.example.com")
    return scene


def test_a_message_gets_the_secret_and_what_comes_back_has_none(tmp_path: Path) -> None:
    seen: list[bytes] = []
    with server(tmp_path, host="gateway.example.com", talk=lambda tls: _switches(tls, seen)) as host:
        scene = _scene(tmp_path, host.port)

        async def act(scene: Scene) -> None:
            await scene.open()
            placeholder = scene.broker.core.sessions["s1"].given["one"]["token"]
            said = json.dumps({"op": 2, "d": {"token": placeholder, "n": "ä"}}).encode()
            connection = await scene.connection("gateway.example.com")
            answer, fds = await scene.ask(connection, request(headers=WANTED))
            assert isinstance(answer, Proceed)
            reader, writer = await asyncio.open_connection(sock=socket.socket(fileno=fds[0]))
            frame = await read_frame(reader)
            assert frame is not None
            assert head_in(frame[1]).status == 101
            for each in body_frames(write_frame(Frame(opcode=Opcode.TEXT, payload=said), os.urandom(4))):
                writer.write(each)
            back = Messages(from_client=False)
            heard: list[bytes] = []
            while not heard:
                frame = await read_frame(reader)
                assert frame is not None
                assert frame[0] is FrameKind.BODY
                heard += [each.payload for each in back.feed(frame[1])]
            assert heard == [said]
            writer.close()

        scene.play(act)
    assert b"Sec-WebSocket-Extensions" not in seen[0]
    assert json.loads(seen[1])["d"]["token"] == SECRET


@pytest.mark.parametrize("accept", ["", accept_key("AAAAAAAAAAAAAAAAAAAAAA==")])
def test_a_101_that_is_no_websocket_is_refused(tmp_path: Path, accept: str) -> None:
    seen: list[bytes] = []
    with server(
        tmp_path, host="gateway.example.com", talk=lambda tls: _switches(tls, seen, accept=accept)
    ) as host:
        scene = _scene(tmp_path, host.port)

        async def act(scene: Scene) -> None:
            await scene.open()
            connection = await scene.connection("gateway.example.com")
            _, fds = await scene.ask(connection, request(headers=WANTED))
            reader, writer = await asyncio.open_connection(sock=socket.socket(fileno=fds[0]))
            frame = await read_frame(reader)
            assert frame is not None
            assert frame[0] is FrameKind.REFUSED
            assert refused_in(frame[1]).status == 502
            writer.close()

        scene.play(act)


def test_what_is_no_websocket_after_the_101_ends_it(tmp_path: Path) -> None:
    seen: list[bytes] = []
    with server(tmp_path, host="gateway.example.com", talk=lambda tls: _switches(tls, seen)) as host:
        scene = _scene(tmp_path, host.port)

        async def act(scene: Scene) -> None:
            await scene.open()
            connection = await scene.connection("gateway.example.com")
            answer, fds = await scene.ask(connection, request(headers=WANTED))
            assert not isinstance(answer, Refused)
            reader, writer = await asyncio.open_connection(sock=socket.socket(fileno=fds[0]))
            await read_frame(reader)
            for each in body_frames(b"GET /other HTTP/1.1\r\nHost: gateway.example.com\r\n\r\n"):
                writer.write(each)
            with pytest.raises(ConnectionError):
                if await read_frame(reader) is None:
                    raise ConnectionError
            writer.close()

        scene.play(act)
    assert len(seen) == 1
