"""Programs that speak HTTP/2 alone."""

import re
import socket
import ssl
import threading
from pathlib import Path

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, Event, ResponseReceived, StreamEnded, StreamReset

from egress.proxy_clients import after, opened, through_tls
from egress.scripted_broker import Host, House, house
from egress.upstream_servers import http_server, raw_server
from ringfence.egress.messages import Ask, Done, Gone, Leg, Manner, Refused, Revoke, Tell, Trouble

_LEGS = pytest.mark.parametrize("leg", [Leg.PLAIN, Leg.SEALED])


class _Program:
    """A client."""

    def __init__(self, it: House) -> None:
        connected = opened(it.proxy)
        connected.sendall(b"CONNECT api.test:443 HTTP/1.1\r\nHost: api.test:443\r\n\r\n")
        after(connected, b"\r\n\r\n")
        self.tls: ssl.SSLSocket = through_tls(it, connected, "api.test", alpn=("h2",))
        assert self.tls.selected_alpn_protocol() == "h2"
        self.h2 = H2Connection(config=H2Configuration(client_side=True, header_encoding="utf-8"))
        self.h2.initiate_connection()

    def ask(self, path: str, *, body: bytes | None = None, authority: str = "api.test") -> int:
        stream = self.h2.get_next_available_stream_id()
        method = "GET" if body is None else "POST"
        head = [(":method", method), (":path", path), (":scheme", "https"), (":authority", authority)]
        self.h2.send_headers(stream, head, end_stream=body is None)
        self.flush()
        if body is not None:
            self.send(stream, body)
        return stream

    def send(self, stream: int, body: bytes) -> None:
        while body:
            size = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)
            if size:
                self.h2.send_data(stream, body[:size])
                body = body[size:]
                self.flush()
            else:
                self.h2.receive_data(self.tls.recv(65536))
        self.h2.end_stream(stream)
        self.flush()

    def flush(self) -> None:
        self.tls.sendall(self.h2.data_to_send())

    def events(self) -> list[Event]:
        data = self.tls.recv(65536)
        assert data, "the connection has ended"
        found = self.h2.receive_data(data)
        for each in found:
            if isinstance(each, DataReceived):
                self.h2.acknowledge_received_data(each.flow_controlled_length, each.stream_id)
        self.flush()
        return found

    def answers(self, *streams: int) -> dict[int, tuple[str, bytes]]:
        """Status and body of each; the error where it was broken off."""
        heads: dict[int, str] = {}
        bodies = dict.fromkeys(streams, b"")
        waiting = set(streams)
        while waiting:
            for each in self.events():
                match each:
                    case ResponseReceived():
                        heads[each.stream_id] = dict(each.headers)[":status"]
                    case DataReceived():
                        bodies[each.stream_id] += each.data
                    case StreamReset():
                        heads[each.stream_id] = str(ErrorCodes(each.error_code).name)
                        waiting.discard(each.stream_id)
                    case StreamEnded():
                        waiting.discard(each.stream_id)
        return {stream: (heads[stream], bodies[stream]) for stream in streams}


@_LEGS
def test_many_requests_at_one_time_are_answered_each(tmp_path: Path, leg: Leg) -> None:
    with http_server() as address, house(tmp_path, {"api.test": Host(address=address, leg=leg)}) as it:
        program = _Program(it)
        streams = {program.ask(f"/{number}"): number for number in range(20)}
        for stream, (status, body) in program.answers(*streams).items():
            assert status == "200"
            assert re.fullmatch(rf"GET /{streams[stream]} api\.test \d+", body.decode())
        it.broker.wait_for(Done, 20)
        program.tls.close()
        it.broker.wait_for(Gone)
        assert {each.head.headers.items for each in it.broker.heard_of(Ask)} == {(("host", "api.test"),)}


@_LEGS
def test_large_bodies_go_both_ways(tmp_path: Path, leg: Leg) -> None:
    body = bytes(range(256)) * 8000
    with http_server() as address, house(tmp_path, {"api.test": Host(address=address, leg=leg)}) as it:
        program = _Program(it)
        stream = program.ask("/", body=body)
        assert program.answers(stream) == {stream: ("200", body)}
        assert it.broker.wait_for(Done) == [Done(exchange=2, sent=len(body), received=len(body))]


def test_refusals_have_their_manner_and_the_connection_goes_on(tmp_path: Path) -> None:
    def refuses(ask: Ask) -> Refused | None:
        manner = {"/honest": Manner.HONEST, "/failure": Manner.FAILURE, "/empty": Manner.EMPTY}.get(
            ask.head.target
        )
        return Refused(what="no", hint="yes", manner=manner) if manner else None

    with (
        http_server() as address,
        house(tmp_path, {"api.test": Host(address=address, refuses=refuses)}) as it,
    ):
        program = _Program(it)
        streams = [program.ask(path) for path in ("/honest", "/failure", "/empty", "/else")]
        answers = program.answers(*streams)
        assert [answers[stream][0] for stream in streams] == ["403", "INTERNAL_ERROR", "204", "200"]
        assert answers[streams[0]][1] == b"ringfence: no\nringfence: hint: yes\n"


def test_a_request_for_another_host_is_misdirected(tmp_path: Path) -> None:
    with house(tmp_path, {"api.test": Host()}) as it:
        program = _Program(it)
        stream = program.ask("/", authority="other.test")
        assert program.answers(stream)[stream][0] == "421"
        (tell,) = it.broker.wait_for(Tell)
        assert (tell.trouble, tell.host) == (Trouble.MISMATCH, "api.test")


def test_a_request_that_is_taken_back_ends_at_the_host(tmp_path: Path) -> None:
    reached, ended = threading.Event(), threading.Event()

    def serve(connected: socket.socket) -> None:
        after(connected, b"\r\n\r\n")
        reached.set()
        try:
            connected.recv(1)
        finally:
            ended.set()

    with raw_server(serve) as address, house(tmp_path, {"api.test": Host(address=address)}) as it:
        program = _Program(it)
        stream = program.ask("/")
        assert reached.wait(20)
        program.h2.reset_stream(stream)
        program.flush()
        assert ended.wait(20)
        it.broker.wait_for(Done)
        assert it.broker.heard_of(Gone) == []


def test_what_is_taken_back_by_the_broker_is_refused(tmp_path: Path) -> None:
    def serve(connected: socket.socket) -> None:
        after(connected, b"\r\n\r\n")
        connected.recv(1)

    with raw_server(serve) as address, house(tmp_path, {"api.test": Host(address=address)}) as it:
        program = _Program(it)
        stream = program.ask("/")
        it.broker.wait_for(Ask)
        it.tell_proxy(Revoke(connection=1, exchange=2, what="the policy changed"))
        status, body = program.answers(stream)[stream]
        assert (status, body.splitlines()[0]) == ("403", b"ringfence: the policy changed")


def test_an_answer_that_breaks_off_is_a_broken_stream(tmp_path: Path) -> None:
    def serve(connected: socket.socket) -> None:
        after(connected, b"\r\n\r\n")
        connected.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbegun")

    with raw_server(serve) as address, house(tmp_path, {"api.test": Host(address=address)}) as it:
        program = _Program(it)
        stream = program.ask("/")
        assert program.answers(stream)[stream] == ("INTERNAL_ERROR", b"begun")


def test_a_flood_of_resets_ends_the_connection(tmp_path: Path) -> None:
    with house(tmp_path, {"api.test": Host(refuses=lambda ask: Refused(what="no", hint="no"))}) as it:
        program = _Program(it)
        with pytest.raises((OSError, AssertionError, ssl.SSLError)):
            for _ in range(10_000):
                program.h2.reset_stream(program.ask("/"))
                program.flush()
            while True:  # what was sent may not be read yet
                program.events()
        (tell,) = it.broker.wait_for(Tell)
        assert (tell.trouble, tell.what) == (Trouble.MALFORMED, "too many frames that bring nothing")
