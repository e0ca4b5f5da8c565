"""Calls of gRPC from a box, through proxy and broker, to a server of HTTP/2. Frames are the library's."""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    DataReceived,
    Event,
    RequestReceived,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
)

from broker_scene import Scene, policy, server
from egress.two_processes import Box, play, tunnel
from vaults import TOKEN

_WHOLE = "{host: api.example.com}"
_ONE = "{name: one, host: api.example.com}"
_HEAD = [(":status", "200"), ("content-type", "application/grpc")]
_OK = [("grpc-status", "0")]
Fields = list[tuple[str, str]]


class _End:
    """One end of a connection of HTTP/2."""

    def __init__(self, tls: ssl.SSLSocket, *, is_client: bool) -> None:
        assert tls.selected_alpn_protocol() == "h2"
        self.tls = tls
        self.h2 = H2Connection(config=H2Configuration(client_side=is_client, header_encoding="utf-8"))
        self.h2.initiate_connection()
        self.flush()
        self._held: list[Event] = []  # what came while something was sent

    def flush(self) -> None:
        self.tls.sendall(self.h2.data_to_send())

    def events(self) -> Iterator[Event]:
        """What comes, until the end."""
        while True:
            while self._held:
                yield self._held.pop(0)
            if not self._came():
                return

    def _came(self) -> bool:
        data = self.tls.recv(65536)
        found = self.h2.receive_data(data)
        for each in found:
            if isinstance(each, DataReceived):
                self.h2.acknowledge_received_data(each.flow_controlled_length or 0, each.stream_id)
        self.flush()
        self._held += found
        return bool(data)

    def send(self, stream: int, data: bytes, *, ends: bool = False) -> None:
        while data:
            room = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)
            if not room:
                self.flush()
                assert self._came()
                continue
            self.h2.send_data(stream, data[:room])
            data = data[room:]
        if ends:
            self.h2.end_stream(stream)
        self.flush()


@dataclass
class _Answer:
    """Of one call."""

    head: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    trailers: dict[str, str] = field(default_factory=dict)
    is_at_once: bool = False  # nothing but a head


class _Client(_End):
    def begin(self, path: str, *more: tuple[str, str]) -> int:
        stream = self.h2.get_next_available_stream_id()
        fields = [
            (":method", "POST"),
            (":path", path),
            (":scheme", "https"),
            (":authority", "api.example.com"),
        ]
        self.h2.send_headers(
            stream, [*fields, ("content-type", "application/grpc+proto"), ("te", "trailers"), *more]
        )
        self.flush()
        return stream

    def answer(self, stream: int) -> _Answer:
        made = _Answer()
        for each in self.events():
            if getattr(each, "stream_id", stream) != stream:
                continue  # the end of one before
            match each:
                case ResponseReceived():
                    made.head = dict(each.headers)
                    made.is_at_once = each.stream_ended is not None
                case DataReceived():
                    made.body += each.data or b""
                case TrailersReceived():
                    made.trailers = dict(each.headers)
                case StreamEnded():
                    return made
                case StreamReset():
                    break
        raise ConnectionError(stream)


def _echoes(tls: ssl.SSLSocket) -> None:
    """Gives back each piece at once, and what it was asked with behind it."""
    end = _End(tls, is_client=False)
    asked: dict[int, dict[str, str]] = {}
    for each in end.events():
        match each:
            case RequestReceived():
                asked[each.stream_id] = dict(each.headers)
                if dict(each.headers)[":path"] == "/a/Fails":
                    head = [*_HEAD, ("grpc-status", "7"), ("grpc-message", "no")]
                    end.h2.send_headers(each.stream_id, head, end_stream=True)
                else:
                    end.h2.send_headers(each.stream_id, _HEAD)
                end.flush()
            case TrailersReceived():
                asked[each.stream_id] |= dict(each.headers)
            case DataReceived() if asked[each.stream_id][":path"] != "/a/Fails":
                end.send(each.stream_id, each.data or b"")
            case StreamEnded() if asked[each.stream_id][":path"] != "/a/Fails":
                said = asked[each.stream_id]
                trailers = [*_OK, *((f"was-{name.lstrip(':')}", value) for name, value in said.items())]
                end.h2.send_headers(each.stream_id, [*trailers, ("set-cookie", "a=b")], end_stream=True)
                end.flush()


def _played(folder: Path, act: Callable[[_Client, Box], None], *, network: str = _WHOLE) -> None:
    with server(folder, talk=_echoes, alpn=("h2",)) as host:
        text = policy(("api.example.com", host.port), folder=folder, network=network, credentials=_ONE)
        scene = Scene(folder, text)
        scene.keep("bearer", "api.example.com")

        def called(box: Box) -> None:
            with _client(box) as client:
                act(client, box)

        play(scene, called)
        assert host.connections <= 1


@contextmanager
def _client(box: Box) -> Iterator[_Client]:
    context = ssl.create_default_context(cafile=box.ca_file)
    context.set_alpn_protocols(["h2"])
    with tunnel(box.port, "api.example.com:443") as at, socket.create_connection(("127.0.0.1", at)) as plain:
        plain.settimeout(10)
        with context.wrap_socket(plain, server_hostname="api.example.com") as tls:
            yield _Client(tls, is_client=True)


def test_calls_get_their_status_behind_their_messages_and_no_secret(tmp_path: Path) -> None:
    def act(client: _Client, box: Box) -> None:
        bearer = ("authorization", f"Bearer {box.placeholder()}")
        for message in (b"one message", b"x" * 1_500_000):
            stream = client.begin("/a/Echo", bearer, ("grpc-accept-encoding", "gzip"))
            client.h2.increment_flow_control_window(4_000_000)
            client.h2.increment_flow_control_window(4_000_000, stream)
            client.send(stream, message, ends=True)
            answer = client.answer(stream)
            assert answer.body == message
            assert answer.trailers == {
                "grpc-status": "0",
                "was-method": "POST",
                "was-path": "/a/Echo",
                "was-scheme": "https",
                "was-authority": "api.example.com",
                "was-content-type": "application/grpc+proto",
                "was-te": "trailers",
                "was-authorization": f"Bearer {box.placeholder()}",
                "was-accept-encoding": "identity",
            }
            assert TOKEN not in repr(answer)

    _played(tmp_path, act)


def test_what_a_call_sends_behind_its_messages_is_dropped(tmp_path: Path) -> None:
    def act(client: _Client, _box: Box) -> None:
        stream = client.begin("/a/Echo")
        client.send(stream, b"message")
        client.h2.send_headers(stream, [("x-sum", "1")], end_stream=True)
        client.flush()
        answer = client.answer(stream)
        assert (answer.body, answer.trailers["grpc-status"]) == (b"message", "0")
        assert "was-x-sum" not in answer.trailers

    _played(tmp_path, act)


def test_a_call_speaks_both_ways_at_one_time(tmp_path: Path) -> None:
    def act(client: _Client, _box: Box) -> None:
        stream = client.begin("/a/Chat")
        for message in (b"first", b"second", b"third"):
            client.send(stream, message)
            said = b""
            for each in client.events():
                said += each.data or b"" if isinstance(each, DataReceived) else b""
                if said == message:
                    break
        client.send(stream, b"", ends=True)
        assert client.answer(stream).trailers["grpc-status"] == "0"

    _played(tmp_path, act)


def test_a_call_that_fails_at_once_has_its_status_in_its_head(tmp_path: Path) -> None:
    def act(client: _Client, box: Box) -> None:
        stream = client.begin("/a/Fails", ("authorization", f"Bearer {box.placeholder()}"))
        client.send(stream, b"a message", ends=True)
        answer = client.answer(stream)
        assert (answer.head["grpc-status"], answer.head["grpc-message"]) == ("7", "no")
        assert (answer.is_at_once, answer.body, answer.trailers) == (True, b"", {})

    _played(tmp_path, act)


def test_a_call_that_no_rule_allows_reaches_nobody(tmp_path: Path) -> None:
    def act(client: _Client, _box: Box) -> None:
        for path in ("/b/Echo", "/a/../b/Echo"):
            stream = client.begin(path)
            client.send(stream, b"a message", ends=True)
            assert client.answer(stream).head[":status"] == "403"

    _played(tmp_path, act, network="{host: api.example.com, paths: ['/a/**']}")
