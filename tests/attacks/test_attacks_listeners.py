"""Listeners that lie, stall or stream for ever: they cost a bounded time and are never believed too much."""

import contextlib
import gzip
import itertools
import json
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doors import free_door
from real.talking import Talk, Talker, answer, listening, python_process, talking
from ringfence.core.findings import Confidence
from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.core.machine import Listener
from ringfence.endpoint.linux.linux import Linux
from ringfence.endpoint.listeners.answer import parse_answer, wants_more
from ringfence.endpoint.listeners.ask import dial
from ringfence.endpoint.listeners.find import find_listeners
from ringfence.endpoint.listeners.questions import signs_seen
from ringfence.endpoint.listeners.servers import listed_models
from ringfence.endpoint.platform import ListeningSocket, RunningProcess, Snapshot

TAGS = json.dumps({"models": [{"name": "tiny", "digest": "ab" * 32}]})
NO_ANSWER = Skipped(kind="listener", subject="listening ports", reason="no answer to HTTP")

IMPOSTOR = f"""
import http.server
TAGS = {TAGS.encode()!r}
class Imitation(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        said = {{"/": b"Ollama is running", "/api/tags": TAGS}}.get(self.path, b"")
        self.send_response(200 if said else 404)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)
    def log_message(self, *_):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Imitation)
print(server.server_port, flush=True)
server.serve_forever()
"""


def found_at(*talkers: Talker) -> list[Listener | Skipped]:
    sockets = tuple(ListeningSocket(address=t.address, port=t.port, inode=t.inode) for t in talkers)
    return list(find_listeners(Snapshot(sockets=sockets), free_door()))


def test_an_impostor_is_never_certain_and_is_a_finding() -> None:
    with python_process(IMPOSTOR) as process:
        port = int(process.first_line)
        snapshot = Linux().snapshot()
        only = replace(snapshot, sockets=tuple(s for s in snapshot.sockets if s.port == port))
        (listener,) = find_listeners(only, free_door())

    assert isinstance(listener, Listener)
    assert (listener.server, listener.pid) == ("ollama", process.pid)
    assert listener.confidence is Confidence.POSSIBLE
    assert [f.check for f in listener.findings] == ["server-process-mismatch"]


def test_an_impostor_that_calls_itself_ollama_is_not_believed_either() -> None:
    with python_process(f"import sys; sys.argv[0] = 'ollama'\n{IMPOSTOR}", "ollama", "serve") as process:
        port = int(process.first_line)
        snapshot = Linux().snapshot()
        only = replace(snapshot, sockets=tuple(s for s in snapshot.sockets if s.port == port))
        (listener,) = find_listeners(only, free_door())

    assert isinstance(listener, Listener)
    assert listener.confidence is Confidence.POSSIBLE


def _drip(connection: socket.socket, _path: str) -> None:
    for byte in itertools.cycle(b"HTTP/1.1 200 OK\r\nX: "):
        connection.sendall(bytes([byte]))
        time.sleep(0.05)


def _endless_header(connection: socket.socket, _path: str) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"X-More: " + b"x" * 8192 + b"\r\n")


def _garbage(connection: socket.socket, _path: str) -> None:
    connection.sendall(bytes(range(256)) * 4096)


def _silent(connection: socket.socket, _path: str) -> None:
    connection.recv(1)  # until the other side gives up


@pytest.mark.parametrize("talk", [_drip, _endless_header, _silent])
def test_a_listener_that_never_comes_to_an_end_costs_one_request_and_little_time(talk: Talk) -> None:
    with listening(talk) as talker:
        begun = time.monotonic()
        found = found_at(talker)
        took_s = time.monotonic() - begun

    assert found == [NO_ANSWER]
    assert len(talker.requests) == 1
    assert took_s < LIMITS.probe_request_s + 5  # they would talk for ever; the rest is for a busy machine


def test_garbage_is_told_apart_from_silence() -> None:
    with listening(_garbage) as talker:
        assert found_at(talker) == [replace(NO_ANSWER, reason="speaks something else than HTTP")]
    assert len(talker.requests) == 1


def test_an_endless_body_is_cut_off_and_what_came_first_still_counts() -> None:
    def endless(connection: socket.socket, _path: str) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nServer: llama.cpp\r\n\r\n")
        while True:
            connection.sendall(b"a" * 65536)

    with listening(endless) as talker:
        (listener,) = found_at(talker)

    assert isinstance(listener, Listener)
    assert (listener.server, listener.models) == ("llama.cpp", ())


def test_a_port_that_speaks_tls_is_skipped_for_it() -> None:
    def alert(connection: socket.socket, _path: str) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False) as wrapped:
            wrapped.do_handshake()

    def go_style(connection: socket.socket, _path: str) -> None:
        connection.sendall(
            answer("Client sent an HTTP request to an HTTPS server.\n", status="400 Bad Request")
        )

    def raw_alert(connection: socket.socket, _path: str) -> None:
        connection.sendall(b"\x15\x03\x01\x00\x02\x02\x46")

    with listening(go_style) as first, listening(raw_alert) as second:
        found = found_at(first, second)
    assert found == [replace(NO_ANSWER, reason="speaks TLS, which was not entered", count=2)]
    with listening(alert) as third:
        (skipped,) = found_at(third)
    assert isinstance(skipped, Skipped)


def test_a_redirect_is_never_followed() -> None:
    with talking({"/": answer("Ollama is running")}) as goal:
        there = f"Location: http://127.0.0.1:{goal.port}/\r\n"
        moved = answer("", status="302 Found", headers=there)
        with talking(dict.fromkeys(("/", "/v1/models", "/api/tags", "/openapi.json"), moved)) as talker:
            assert found_at(talker) == []
    assert goal.requests == []
    assert len(talker.requests) <= LIMITS.probe_requests


def test_a_compressed_body_is_not_inflated() -> None:
    packed = answer(gzip.compress(TAGS.encode()), headers="Content-Encoding: gzip\r\n")
    with talking({"/api/tags": packed}) as talker:
        assert found_at(talker) == []


def test_only_get_is_used_and_at_most_four_times() -> None:
    with talking({}) as talker:
        found_at(talker)
    assert len(talker.requests) == LIMITS.probe_requests
    assert all(request.startswith("GET /") for request in talker.requests)


def test_names_that_move_the_cursor_come_out_harmless_and_bounded() -> None:
    names = ["\x1b[2Jevil", "\u202egnp.exe", "x" * 10_000, *map(str, range(1000))]
    body = json.dumps({"data": [{"id": name, "owned_by": "vllm\x1b[0m"} for name in names]})
    with talking({"/v1/models": answer(body, headers="Server: \x1b]0;evil\x07\r\n")}) as talker:
        (listener,) = found_at(talker)

    assert isinstance(listener, Listener)
    assert len(listener.models) == LIMITS.answer_models
    assert max(map(len, listener.models)) <= LIMITS.name_chars
    assert all(text.isprintable() for text in listener.evidence)


def test_a_program_whose_path_moves_the_cursor_is_harmless_in_the_evidence() -> None:
    process = RunningProcess(
        pid=7,
        name="x",
        user="me",
        executable=Path("/tmp/\x1b[2Jx" + "y" * 500),
        folder=None,
        arguments=(),
        sockets=frozenset({5}),
    )
    with talking({"/": answer("Ollama is running")}) as talker:
        sockets = (ListeningSocket(address=talker.address, port=talker.port, inode=5),)
        (listener,) = find_listeners(Snapshot(sockets=sockets, processes=(process,)), free_door())

    assert isinstance(listener, Listener)
    shown = (*listener.evidence, *listener.findings[0].evidence)
    assert all(text.isprintable() and len(text) <= LIMITS.evidence_chars for text in shown)


def test_two_hundred_silent_listeners_are_waited_for_together() -> None:
    with contextlib.ExitStack() as stack:
        silent = [stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=8)) for _ in range(200)]
        sockets = tuple(
            ListeningSocket(address="127.0.0.1", port=s.getsockname()[1], inode=s.fileno()) for s in silent
        )
        begun = time.monotonic()
        found = list(find_listeners(Snapshot(sockets=sockets), free_door()))
        took_s = time.monotonic() - begun

    assert found == [replace(NO_ANSWER, count=200)]
    assert took_s < 200 * LIMITS.probe_request_s / 10  # how long exactly is for the benchmark to say


def test_ringfence_never_asks_itself() -> None:
    with talking({"/": answer("Ollama is running")}) as talker:
        snapshot = Linux().snapshot()
        assert talker.port in {s.port for s in snapshot.sockets}
        only = replace(snapshot, sockets=tuple(s for s in snapshot.sockets if s.port == talker.port))
        assert list(find_listeners(only, free_door())) == []
    assert talker.requests == []


def test_a_port_of_another_protocol_is_left_in_peace() -> None:
    sockets = (ListeningSocket(address="127.0.0.1", port=22, inode=1),)
    assert list(find_listeners(Snapshot(sockets=sockets), free_door())) == [
        replace(NO_ANSWER, reason="the port is kept for a protocol other than HTTP")
    ]


def test_an_address_that_is_not_this_machines_is_never_dialled() -> None:
    assert dial("203.0.113.9", 80, {"192.0.2.2": 0}) is None
    assert dial("::ffff:203.0.113.9", 80, {}) is None
    assert dial("0.0.0.0", 80, {}) == ("127.0.0.1", 80)
    assert dial("::", 80, {}) == ("::1", 80, 0, 0)
    assert dial("192.0.2.2", 80, {"192.0.2.2": 0}) == ("192.0.2.2", 80)
    assert dial("fe80::1", 80, {"fe80::1": 3}) == ("fe80::1", 80, 0, 3)
    socket_there = ListeningSocket(address="203.0.113.9", port=8080, inode=1)
    assert list(find_listeners(Snapshot(sockets=(socket_there,)), free_door())) == [
        replace(NO_ANSWER, reason="bound to an address that is not this machine's")
    ]


def _totality(data: bytes, *, then: Callable[[bytes], object] = wants_more) -> None:
    then(data)
    reply = parse_answer("/v1/models", data)
    if reply is not None:
        signs_seen([reply])
        listed_models(reply)
        assert len(reply.body) <= len(data)


@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader_of_answers(data: bytes) -> None:
    _totality(data)


@given(
    st.lists(
        st.sampled_from(
            [b"\r\n", b"\n", b"HTTP/1.1 200 OK", b"Transfer-Encoding: chunked", b"5", b"{}", b"0"]
        )
    )
)
def test_no_order_of_the_parts_of_an_answer_breaks_its_reader(parts: list[bytes]) -> None:
    _totality(b"HTTP/1.1 200 OK\r\n" + b"".join(parts))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.sampled_from(["data", "models", "id", "name", "owned_by", "system"]), inner)
        ),
        max_leaves=12,
    )
)
def test_no_document_of_the_wrong_shape_breaks_a_sign(document: object) -> None:
    _totality(answer(json.dumps(document)))
