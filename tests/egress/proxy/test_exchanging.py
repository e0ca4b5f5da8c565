"""Requests and answers through the proxy, whoever talks with the host."""

import asyncio
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from egress.proxy_clients import after, curl, opened, said, through_tls, told
from egress.scripted_broker import Host, House, house
from egress.upstream_servers import http_server, raw_server
from ringfence.egress.messages import (
    Ask,
    Dial,
    Done,
    Gone,
    Leg,
    Manner,
    Refused,
    Revoke,
    Tell,
    Trouble,
)
from ringfence.egress.sealed_frames import head_frame, refused_frame
from ringfence.protocols.http import Headers, ResponseHead

_LEGS = pytest.mark.parametrize("leg", [Leg.PLAIN, Leg.SEALED])
_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
_GET = b"GET http://api.test/ HTTP/1.1\r\nHost: api.test\r\n\r\n"
_LARGE = 40 * 1024 * 1024


@contextmanager
def _house(folder: Path, serve: Callable[[socket.socket], None], leg: Leg = Leg.PLAIN) -> Iterator[House]:
    with raw_server(serve) as address, house(folder, {"api.test": Host(address=address, leg=leg)}) as it:
        yield it


def _answering(data: bytes) -> Callable[[socket.socket], None]:
    """Reads one head, says that, ends."""

    def serve(connected: socket.socket) -> None:
        after(connected, b"\r\n\r\n")
        connected.sendall(data)

    return serve


@_LEGS
def test_a_request_goes_to_its_host_and_the_answer_comes_back(tmp_path: Path, leg: Leg) -> None:
    with http_server() as address, house(tmp_path, {"api.test": Host(address=address, leg=leg)}) as it:
        ran = curl(it, "http://api.test/a/../b?c=%7e")
        assert re.fullmatch(r"GET /b\?c=%7e api\.test \d+", ran.stdout), ran
        assert it.broker.wait_for(Done) == [Done(exchange=2, sent=0, received=len(ran.stdout))]
        assert it.broker.wait_for(Gone) == [Gone(connection=1)]
        (ask,) = it.broker.heard_of(Ask)
        assert (ask.head.method, ask.head.target, ask.is_whole, ask.length) == ("GET", "/b?c=%7e", True, None)
        assert [name for name, _ in ask.head.headers] == ["Host", "User-Agent", "Accept"]


@_LEGS
@pytest.mark.parametrize("headers", [[], ["-H", "Transfer-Encoding: chunked"]])
def test_bodies_of_any_size_go_both_ways_as_they_are(tmp_path: Path, leg: Leg, headers: list[str]) -> None:
    sent = tmp_path / "sent"
    sent.write_bytes(bytes(range(256)) * (3_000_000 // 256))
    with http_server() as address, house(tmp_path, {"api.test": Host(address=address, leg=leg)}) as it:
        ran = curl(it, *headers, "--data-binary", f"@{sent}", "-o", tmp_path / "back", "http://api.test/")
        assert (ran.returncode, ran.stderr) == (0, "")
        assert (tmp_path / "back").read_bytes() == sent.read_bytes()
        size = sent.stat().st_size
        assert it.broker.wait_for(Done) == [Done(exchange=2, sent=size, received=size)]


@pytest.mark.parametrize(
    ("accept", "body"),
    [
        ("*/*", "ringfence: not here\nringfence: hint: go there\n"),
        (
            "application/json",
            json.dumps({"error": {"type": "ringfence_refused", "message": "not here", "hint": "go there"}})
            + "\n",
        ),
    ],
)
def test_a_refusal_says_why_as_the_program_can_read_it(tmp_path: Path, accept: str, body: str) -> None:
    refused = Refused(what="not here", hint="go there")
    with house(tmp_path, {"api.test": Host(refuses=lambda ask: refused)}) as it:
        ran = curl(it, "-w", "%{http_code}", "-H", f"Accept: {accept}", "http://api.test/")
        assert ran.stdout == body + "403"
        ran = curl(it, "-w", "%{http_code}", "-H", f"Accept: {accept}", "https://api.test/")
        assert ran.stdout == body + "403"


def test_a_refusal_may_look_like_a_host_that_nobody_reaches_or_one_that_says_nothing(tmp_path: Path) -> None:
    def refuses(ask: Ask) -> Refused:
        manner = Manner.EMPTY if ask.head.target == "/empty" else Manner.FAILURE
        return Refused(what="no", hint="no", manner=manner)

    with house(tmp_path, {"api.test": Host(refuses=refuses)}) as it:
        empty = curl(it, "-w", "%{http_code}", "http://api.test/empty", "http://api.test/empty")
        assert empty.stdout == "204204"
        failure = curl(it, "http://api.test/failure")
        assert (failure.returncode, failure.stdout) == (56, "")  # reset


def test_what_may_not_be_gone_to_at_all_is_refused_in_the_same_manners(tmp_path: Path) -> None:
    hosts = {
        f"{manner}.test": Host(no_arrival=Refused(what="no", hint="yes", manner=manner)) for manner in Manner
    }
    with house(tmp_path, hosts) as it:
        for scheme in ("http", "https"):
            ran = [curl(it, "-w", "%{http_code}", f"{scheme}://{each}.test/") for each in Manner]
            assert [each.stdout[-3:] for each in ran] == ["403", "000", "204"]
            assert ran[1].returncode in (35, 56)  # reset


def test_a_connection_goes_on_after_a_refusal(tmp_path: Path) -> None:
    def refuses(ask: Ask) -> Refused | None:
        return None if ask.head.target == "/yes" else Refused(what="no", hint="ask")

    with (
        http_server() as address,
        house(tmp_path, {"api.test": Host(address=address, refuses=refuses)}) as it,
    ):
        ran = curl(it, "-w", "%{http_code} %{num_connects}\n", "-o", "/dev/null", "http://api.test/no",
                   "-o", "/dev/null", "http://api.test/yes")  # fmt: skip
        assert ran.stdout == "403 1\n200 0\n"


@_LEGS
def test_a_body_that_breaks_off_never_looks_whole(tmp_path: Path, leg: Leg) -> None:
    short = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345"
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n"
    for data in (short, chunked):
        with _house(tmp_path, _answering(data), leg) as it:
            ran = curl(it, "http://api.test/")
            assert ran.returncode in (18, 56), ran
            ran = curl(it, "--http1.0", "http://api.test/")  # which has no end but that of the connection
            assert ran.returncode in (18, 56), ran


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "the host broke off before its answer was whole"),
        (b"HTTP/1.1 200 OK\r\nA: b", "the host broke off before its answer was whole"),
        (b"220 mail\r\n\r\n", "the host's answer is malformed: this is no response of HTTP/1.1"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 20, "the host answers without an end"),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", "the host changes to a protocol that nobody asked for"),
    ],
)
def test_a_host_that_answers_nothing_good_is_told_as_such(tmp_path: Path, data: bytes, what: str) -> None:
    with _house(tmp_path, _answering(data)) as it:
        ran = curl(it, "-w", "%{http_code}", "http://api.test/")
        assert ran.stdout.splitlines()[0] == f"ringfence: {what}"
        assert ran.stdout[-3:] == "502"
        assert it.broker.wait_for(Tell) == [
            Tell(session="s", trouble=Trouble.UPSTREAM, host="api.test", what=what)
        ]


def test_interim_answers_are_dropped(tmp_path: Path) -> None:
    data = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + _OK
    with _house(tmp_path, _answering(data)) as it:
        assert curl(it, "-i", "http://api.test/").stdout == _OK.decode()


@_LEGS
def test_events_come_one_by_one(tmp_path: Path, leg: Leg) -> None:
    heard = threading.Semaphore(0)

    def serve(connected: socket.socket) -> None:
        after(connected, b"\r\n\r\n")
        connected.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        for number in range(5):
            connected.sendall(b"data: %d\n\n" % number)
            assert heard.acquire(timeout=20)  # none is sent before the last one was heard

    with _house(tmp_path, serve, leg) as it, opened(it.proxy) as program:
        program.sendall(_GET)
        after(program, b"\r\n\r\n")
        for number in range(5):
            event = b"data: %d\n\n" % number
            assert after(program, event + b"\r\n") == b"%x\r\n%b\r\n" % (len(event), event)
            heard.release()
        assert after(program, b"0\r\n\r\n") == b"0\r\n\r\n"


@_LEGS
def test_a_program_that_goes_ends_what_was_begun_for_it(tmp_path: Path, leg: Leg) -> None:
    reached, ended = threading.Event(), threading.Event()

    def serve(connected: socket.socket) -> None:
        after(connected, b"\r\n\r\n")
        reached.set()
        try:
            assert not connected.recv(1)
        finally:
            ended.set()

    async def sealed(ask: Ask, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.set()
        try:
            while await reader.read(100):
                pass
        finally:
            ended.set()

    with raw_server(serve) as address:
        hosts = {"api.test": Host(address=address, leg=leg, sealed=sealed)}
        with house(tmp_path, hosts) as it, through_tls(it, _tunnel(it), "api.test") as program:
            program.sendall(b"GET / HTTP/1.1\r\nHost: api.test\r\n\r\n")
            assert reached.wait(20)
            program.close()
            assert ended.wait(20)
            it.broker.wait_for(Done)
            it.broker.wait_for(Gone)


def test_a_program_that_goes_while_the_broker_thinks_leaves_nothing_open(tmp_path: Path) -> None:
    go = threading.Event()

    def refuses(ask: Ask) -> None:
        assert go.wait(20)

    hosts = {"api.test": Host(address=("127.0.0.1", 9), refuses=refuses)}
    with house(tmp_path, hosts) as it:
        with through_tls(it, _tunnel(it), "api.test") as program:
            program.sendall(b"GET / HTTP/1.1\r\nHost: api.test\r\n\r\n")
        go.set()
        assert it.broker.wait_for(Done) == [Done(exchange=2)]
        it.broker.wait_for(Gone)
        assert it.broker.heard_of(Dial) == []


def _tunnel(it: House, host: str = "api.test") -> socket.socket:
    program = opened(it.proxy)
    program.sendall(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n".encode())
    assert after(program, b"\r\n\r\n") == b"HTTP/1.1 200 Connection established\r\n\r\n"
    return program


def test_what_is_sealed_may_still_be_refused_and_never_ends_well_without_its_end(tmp_path: Path) -> None:
    async def refuses(ask: Ask, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(refused_frame(Refused(what="the vault is locked", hint="unlock it", status=502)))
        await writer.drain()

    async def breaks(ask: Ask, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head_frame(ResponseHead(status=200, reason="OK", headers=Headers()), None))
        await writer.drain()

    hosts = {"a.test": Host(leg=Leg.SEALED, sealed=refuses), "b.test": Host(leg=Leg.SEALED, sealed=breaks)}
    with house(tmp_path, hosts) as it:
        ran = curl(it, "-w", "%{http_code}", "http://a.test/")
        assert ran.stdout == "ringfence: the vault is locked\nringfence: hint: unlock it\n502"
        assert curl(it, "http://b.test/").returncode in (18, 56)
        assert it.broker.heard_of(Tell) == []  # the broker knows


def _server_that_streams(connected: socket.socket) -> None:
    after(connected, b"\r\n\r\n")
    connected.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % _LARGE)
    for _ in range(_LARGE // 65536):
        connected.sendall(b"x" * 65536)


@_LEGS
def test_nobody_is_read_from_faster_than_the_other_side_takes_it(tmp_path: Path, leg: Leg) -> None:
    with _house(tmp_path, _server_that_streams, leg) as it, opened(it.proxy) as program:
        before = _resident_bytes(it.pid)
        program.sendall(_GET)
        after(program, b"\r\n\r\n")
        _until_steady(it.pid)
        assert _resident_bytes(it.pid) - before < _LARGE // 4
        body = 0
        while body < _LARGE:
            body += len(program.recv(1 << 20))
        assert body == _LARGE
        assert _resident_bytes(it.pid) - before < _LARGE // 4


@_LEGS
def test_an_upload_waits_for_a_host_that_does_not_read(tmp_path: Path, leg: Leg) -> None:
    go = threading.Event()

    def serve(connected: socket.socket) -> None:
        after(connected, b"\r\n\r\n")
        assert go.wait(20)
        size = 0
        while size < _LARGE:
            size += len(connected.recv(1 << 20))
        connected.sendall(_OK)

    with _house(tmp_path, serve, leg) as it, opened(it.proxy) as program:
        before = _resident_bytes(it.pid)
        program.sendall(
            b"PUT http://api.test/ HTTP/1.1\r\nHost: api.test\r\nContent-Length: %d\r\n\r\n" % _LARGE
        )
        sending = threading.Thread(target=program.sendall, args=(b"x" * _LARGE,))
        sending.start()
        _until_steady(it.pid)
        assert sending.is_alive()
        assert _resident_bytes(it.pid) - before < _LARGE // 4
        go.set()
        assert b"HTTP/1.1 200 OK" in after(program, b"ok")
        sending.join()


def _resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096


def _until_steady(pid: int) -> None:
    """Until the process does nothing any more."""
    last = -1
    while (
        now := sum(map(int, Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]))
    ) != last:
        last = now
        time.sleep(0.3)


def test_an_answer_may_come_before_the_request_is_whole(tmp_path: Path) -> None:
    early = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig"
    with _house(tmp_path, _answering(early)) as it:
        head = b"PUT http://api.test/ HTTP/1.1\r\nHost: api.test\r\nContent-Length: 100\r\n"
        assert told(it.proxy, head + b"Content-Type: image/png\r\n\r\nbegun") == early


def test_what_is_taken_back_ends_at_once_and_says_so(tmp_path: Path) -> None:
    with _house(tmp_path, lambda connected: said(connected) and None) as it, opened(it.proxy) as program:
        program.sendall(_GET)
        it.broker.wait_for(Ask)
        it.tell_proxy(Revoke(connection=1, exchange=2, what="the policy changed"))
        assert after(program, b"\r\n\r\n").startswith(b"HTTP/1.1 403 Forbidden\r\n")
        hint = b"ringfence: hint: what is allowed has changed since it began; ask for it again\n"
        assert after(program, hint) == b"ringfence: the policy changed\n" + hint
        assert it.broker.wait_for(Done) == [Done(exchange=2)]


def test_what_is_taken_back_while_it_is_answered_breaks_off(tmp_path: Path) -> None:
    def serve(connected: socket.socket) -> None:
        after(connected, b"\r\n\r\n")
        connected.sendall(b"HTTP/1.1 200 OK\r\n\r\nbegun")
        said(connected)

    for exchange in (2, None):
        with _house(tmp_path, serve) as it, opened(it.proxy) as program:
            program.sendall(_GET)
            after(program, b"begun\r\n")
            it.tell_proxy(Revoke(connection=1, exchange=exchange, what="the policy changed"))
            with pytest.raises(ConnectionResetError):
                said(program)
            it.broker.wait_for(Gone)


def test_a_connection_that_is_taken_back_between_two_requests_ends(tmp_path: Path) -> None:
    with http_server() as address, house(tmp_path, {"api.test": Host(address=address)}) as it:
        with opened(it.proxy) as program:
            program.sendall(_GET)
            after(program, b"\r\n\r\n")
            it.broker.wait_for(Done)
            it.tell_proxy(Revoke(connection=1, exchange=None, what="the policy changed"))
            with pytest.raises(ConnectionResetError):
                said(program)
        it.broker.wait_for(Gone)
