"""Requests as programs send them over HTTP/1.1, well and badly."""

import contextlib
import socket
import threading
from pathlib import Path

import pytest

from egress.proxy_clients import after, curl, opened, said, told
from egress.scripted_broker import Host, house
from egress.upstream_servers import http_server, raw_server
from ringfence.egress.messages import Arrive, Ask, Gone, Leg, Refused, Tell, Trouble
from ringfence.protocols.interpreting import needs_body

_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def _answers(connected: socket.socket) -> None:
    """To each head its number."""
    number = 0
    while True:
        after(connected, b"\r\n\r\n")
        number += 1
        connected.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d" % number)


def test_requests_that_come_together_are_answered_in_their_order_over_one_connection(tmp_path: Path) -> None:
    get = b"GET http://api.test/%d HTTP/1.1\r\nHost: api.test\r\n%b\r\n"
    requests = get % (1, b"") + get % (2, b"") + b"\r\n" + get % (3, b"Connection: close\r\n")
    with raw_server(_answers) as address, house(tmp_path, {"api.test": Host(address=address)}) as it:
        answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n%b\r\n%d"
        expected = [answer % (b"", 1), answer % (b"", 2), answer % (b"Connection: close\r\n", 3)]
        assert told(it.proxy, requests) == b"".join(expected)
        it.broker.wait_for(Gone)
        assert [each.head.target for each in it.broker.heard_of(Ask)] == ["/1", "/2", "/3"]
        assert len(it.broker.heard_of(Arrive)) == 1


def test_a_connection_to_the_proxy_goes_to_another_host_after_it_has_left_the_first(tmp_path: Path) -> None:
    with http_server() as address:
        hosts = {name: Host(address=address) for name in ("a.test", "b.test")}
        with house(tmp_path, hosts) as it:
            ran = curl(it, "-w", " %{num_connects}\n", "http://a.test/", "http://b.test/", "http://b.test/")
            lines = [line.split() for line in ran.stdout.splitlines()]
            assert [(each[2], each[4]) for each in lines] == [
                ("a.test", "1"),
                ("b.test", "0"),
                ("b.test", "0"),
            ]
            it.broker.wait_for(Gone, 2)
            order = [type(each).__name__ + str(each.connection) if isinstance(each, Gone) else each.host
                     for each in it.broker.heard if isinstance(each, Arrive | Gone)]  # fmt: skip
            assert order == ["a.test", "Gone1", "b.test", "Gone3"]


_TO_API = b" http://api.test/ HTTP/1.1\r\nHost: api.test\r\n"


@pytest.mark.parametrize(
    ("request_", "status", "what"),
    [
        (b"GET /\r\n\r\n", 400, "this is no request of HTTP/1.1"),
        (b"GET http://api.test/ HTTP/1.1\r\n\r\n", 400, "no host header"),
        (b"GET http://api.test/ HTTP/1.1\nHost: api.test\n\n", 400, None),
        (b"GET" + _TO_API + b" folded: x\r\n\r\n", 400, None),
        (b"GET" + _TO_API + b"A : b\r\n\r\n", 400, None),
        (b"GET /path HTTP/1.1\r\nHost: api.test\r\n\r\n", 400, "a request to a proxy that names no host"),
        (b"GET https://api.test/ HTTP/1.1\r\nHost: api.test\r\n\r\n", 400, None),
        (
            b"GET" + _TO_API.replace(b".test/", b".test/%2e%2e/x") + b"\r\n",
            400,
            "a path with dots in escapes",
        ),
        (
            b"GET" + _TO_API.replace(b": api", b": x") + b"\r\n",
            421,
            "the target and Host name different hosts",
        ),
        (
            b"POST" + _TO_API + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
            "content-length beside transfer-encoding",
        ),
        (
            b"POST" + _TO_API + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nx",
            400,
            "several content-length headers, or one that is no number",
        ),
        (b"GET" + _TO_API + b"A: " + b"x" * 70_000, 431, None),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, None),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, None),
    ],
)
def test_what_can_be_read_in_two_ways_or_in_none_is_refused_and_told(
    tmp_path: Path, request_: bytes, status: int, what: str | None
) -> None:
    with house(tmp_path, {"api.test": Host()}) as it:
        answer = told(it.proxy, request_)
        assert answer.startswith(b"HTTP/1.1 %d " % status)
        (tell,) = it.broker.wait_for(Tell)
        assert tell.trouble is (Trouble.MISMATCH if status == 421 else Trouble.MALFORMED)
        assert answer.partition(b"\r\n\r\n")[2].decode().startswith(f"ringfence: {tell.what}\n")
        assert what in (None, tell.what)
        assert it.broker.heard_of(Ask) == []


def test_a_chunked_body_that_is_none_ends_the_request_at_the_host(tmp_path: Path) -> None:
    ended = threading.Event()

    def serve(connected: socket.socket) -> None:
        with contextlib.suppress(ConnectionResetError):
            assert b"0\r\n\r\n" not in said(connected)
        ended.set()

    head = b"POST http://api.test/ HTTP/1.1\r\nHost: api.test\r\nTransfer-Encoding: chunked\r\n"
    head += b"Content-Type: image/png\r\n\r\n"
    with raw_server(serve) as address, house(tmp_path, {"api.test": Host(address=address)}) as it:
        answer = told(it.proxy, head + b"3\r\nabc\r\nxyz\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b"ringfence: a chunk's size is no number\n" in answer
        assert ended.wait(20)


@pytest.mark.parametrize("version", ["1.0", "1.1"])
@pytest.mark.parametrize("wanted", ["close", "keep-alive"])
def test_a_connection_lasts_as_long_as_the_program_says(tmp_path: Path, version: str, wanted: str) -> None:
    head = f"GET http://api.test/ HTTP/{version}\r\nHost: api.test\r\nConnection: {wanted}\r\n\r\n".encode()
    with (
        raw_server(_answers) as address,
        house(tmp_path, {"api.test": Host(address=address)}) as it,
        opened(it.proxy) as program,
    ):
        program.sendall(head)
        if wanted == "close":
            assert said(program).endswith(b"Connection: close\r\n\r\n1")
        else:
            first = after(program, b"\r\n\r\n1")
            assert (b"Connection: keep-alive\r\n" in first) is (version == "1.0")
            program.sendall(head)
            after(program, b"\r\n\r\n2")


def test_an_answer_without_a_length_ends_with_the_connection_of_an_old_program(tmp_path: Path) -> None:
    def serve(connected: socket.socket) -> None:
        after(connected, b"\r\n\r\n")
        connected.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")

    head = b"GET http://api.test/ HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
    with raw_server(serve) as address, house(tmp_path, {"api.test": Host(address=address)}) as it:
        assert told(it.proxy, head) == b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc"


def test_answers_without_a_body_keep_the_length_that_it_would_have(tmp_path: Path) -> None:
    with http_server() as address, house(tmp_path, {"api.test": Host(address=address)}) as it:
        ran = curl(it, "-I", "-w", "%{num_connects}", "http://api.test/", "http://api.test/")
        assert ran.stdout.count("Content-Length: ") == 2
        assert ran.stdout[-1] == "0"


def test_a_program_that_waits_to_be_told_to_go_on_is_told_only_when_it_may(tmp_path: Path) -> None:
    def refuses(ask: Ask) -> Refused | None:
        return Refused(what="no", hint="no") if ask.head.target == "/no" else None

    head = b"PUT http://api.test/%b HTTP/1.1\r\nHost: api.test\r\nContent-Length: 2\r\n"
    head += b"Content-Type: image/png\r\nExpect: 100-continue\r\n\r\n"
    with (
        http_server() as address,
        house(tmp_path, {"api.test": Host(address=address, refuses=refuses)}) as it,
    ):
        with opened(it.proxy) as program:
            program.sendall(head.replace(b"PUT", b"POST") % b"yes")
            assert after(program, b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            program.sendall(b"hi")
            assert after(program, b"hi").startswith(b"HTTP/1.1 200 OK\r\n")
            (ask,) = it.broker.heard_of(Ask)
            assert [name for name, _ in ask.head.headers] == ["Host", "Content-Length", "Content-Type"]
        assert told(it.proxy, head % b"no").startswith(b"HTTP/1.1 403 Forbidden\r\n")


def test_a_refusal_is_read_by_a_program_that_is_still_sending(tmp_path: Path) -> None:
    hosts = {"api.test": Host(refuses=lambda ask: Refused(what="too much", hint="send less"))}
    big = tmp_path / "big"
    with big.open("wb") as file:
        file.truncate(8_000_000)
    with house(tmp_path, hosts) as it:
        ran = curl(it, "-H", "Expect:", "-T", big, "http://api.test/")
        assert ran.stdout == "ringfence: too much\nringfence: hint: send less\n"


def test_what_concerns_one_connection_only_goes_no_further(tmp_path: Path) -> None:
    head = (
        b"GET http://API.test.:80/ HTTP/1.1\r\nHost: API.test.\r\n"
        b"Connection: X-Mine, Upgrade\r\nX-Mine: a\r\n"
        b"Keep-Alive: 5\r\nProxy-Authorization: Basic eA==\r\nTE: trailers\r\nUpgrade: h2c\r\n"
        b"HTTP2-Settings: AAMAAABk\r\nX-Yours: b\r\n\r\n"
    )
    with raw_server(_answers) as address, house(tmp_path, {"api.test": Host(address=address)}) as it:
        with opened(it.proxy) as program:
            program.sendall(head)
            after(program, b"\r\n\r\n1")  # as HTTP/1.1: nobody changed to another protocol
        (ask,) = it.broker.heard_of(Ask)
        ours = (("TE", "trailers"), ("Connection", "TE"))  # of the next connection
        assert ask.head.headers.items == (("Host", "api.test"), ("X-Yours", "b"), *ours)


@pytest.mark.parametrize("sent", [b"", b"GET http://api.test/ HTTP/1.1\r\nHo"])
def test_who_takes_too_long_with_a_head_is_left(tmp_path: Path, sent: bytes) -> None:
    with house(tmp_path, {}, head_s=0.2, idle_s=0.2, looks_every_s=0.05) as it, opened(it.proxy) as program:
        program.sendall(sent)
        with pytest.raises(ConnectionResetError):
            said(program)


def test_one_byte_now_and_then_does_not_make_a_head_take_longer(tmp_path: Path) -> None:
    with house(tmp_path, {}, head_s=0.5, idle_s=20, looks_every_s=0.05) as it, opened(it.proxy) as program:
        program.settimeout(0.05)
        sent = 0
        with pytest.raises(OSError, match=r"reset|Broken"):
            while sent < 1000:
                program.sendall(b"G")
                sent += 1
                try:
                    program.recv(1)
                except TimeoutError:
                    continue


def test_a_body_that_stops_coming_ends_the_request(tmp_path: Path) -> None:
    with raw_server(lambda connected: said(connected) and None) as address:
        hosts = {"api.test": Host(address=address)}
        with house(tmp_path, hosts, body_s=0.2, looks_every_s=0.05) as it, opened(it.proxy) as program:
            program.sendall(b"PUT http://api.test/ HTTP/1.1\r\nHost: api.test\r\nContent-Length: 9\r\n\r\nx")
            with pytest.raises(ConnectionResetError):
                said(program)
            it.broker.wait_for(Gone)


def test_a_body_that_decides_is_read_before_anybody_is_asked(tmp_path: Path) -> None:
    body = b'{"query": "{ viewer { login } }"}'
    with http_server() as address, house(tmp_path, {"api.test": Host(address=address)}) as it:
        ran = curl(it, "-H", "Content-Type: application/json", "-d", body.decode(), "http://api.test/graphql")
        assert ran.stdout == body.decode()
        (ask,) = it.broker.heard_of(Ask)
        assert (ask.body, ask.is_whole, ask.length) == (body, True, len(body))


def test_of_a_long_body_the_broker_sees_no_more_than_it_needs_and_the_host_all(tmp_path: Path) -> None:
    body = tmp_path / "body"
    body.write_bytes(b"{" + bytes(range(32, 127)) * 100_000)
    arguments = ["-H", "Content-Type: application/json", "-H", "Expect:", "--data-binary", f"@{body}"]
    for leg in Leg:
        with http_server() as address, house(tmp_path, {"api.test": Host(address=address, leg=leg)}) as it:
            ran = curl(it, *arguments, "-o", tmp_path / "back", "http://api.test/graphql")
            assert ran.returncode == 0
            assert (tmp_path / "back").read_bytes() == body.read_bytes()
            (ask,) = it.broker.heard_of(Ask)
            assert (len(ask.body), ask.is_whole) == (needs_body(ask.head), False)
