"""Connections by their first bytes: who is meant, what is spoken, and what nobody reads."""

import contextlib
import socket
import ssl
import struct
from pathlib import Path

import pytest

from egress.proxy_clients import after, curl, opened, said, through_tls, told
from egress.scripted_broker import Host, House, house
from egress.upstream_servers import OUTSIDE, http_server, raw_server, tls_for
from ringfence.egress.messages import Arrive, Ask, Gone, Manner, Refused, Tell, Trouble


def _echo(connected: socket.socket) -> None:
    """Says all that it heard once the other end says no more."""
    connected.sendall(b"heard " + said(connected))


def _tunnel(it: House, authority: str) -> socket.socket:
    program = opened(it.proxy)
    program.sendall(f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode())
    assert after(program, b"\r\n\r\n") == b"HTTP/1.1 200 Connection established\r\n\r\n"
    return program


def test_a_program_that_ignores_proxies_is_served_by_the_name_that_it_wants(tmp_path: Path) -> None:
    with http_server(tls=tls_for("api.test")) as address, http_server() as plain:
        hosts = {
            "api.test": Host(address=address, tls=True, ca_pem=OUTSIDE.certificate_pem),
            "plain.test": Host(address=plain),
        }
        with house(tmp_path, hosts) as it:
            here = f"127.0.0.1:{it.any}"
            ran = curl(it, "--connect-to", f"api.test:443:{here}", "https://api.test/a", proxy=False)
            assert ran.stdout.startswith("GET /a api.test")
            ran = curl(it, "--connect-to", f"plain.test:80:{here}", "http://plain.test/b", proxy=False)
            assert ran.stdout.startswith("GET /b plain.test")
            arrived = it.broker.heard_of(Arrive)
            assert [(each.host, each.port, each.tls) for each in arrived] == [
                ("api.test", it.any, True),
                ("plain.test", it.any, False),
            ]
            assert {each.destination for each in arrived} == {("127.0.0.1", it.any)}


def test_a_host_by_address_gets_a_certificate_for_the_address(tmp_path: Path) -> None:
    with http_server() as address, house(tmp_path, {"localhost": Host(address=address)}) as it:
        ran = curl(it, f"https://127.0.0.1:{it.any}/", proxy=False)
        assert ran.stdout.startswith(f"GET / localhost:{it.any}")


def test_the_loopback_that_is_dialled_is_localhost_however_it_is_called(tmp_path: Path) -> None:
    with http_server() as address, house(tmp_path, {"localhost": Host(address=address)}) as it:
        for name in ("127.0.0.1", "localhost"):
            ran = curl(it, f"http://{name}:{it.any}/a", proxy=False)
            assert ran.stdout.startswith(f"GET /a localhost:{it.any}")
        curl(it, f"http://127.0.0.1:{it.any}/b", "-H", "Host: other.test", proxy=False)
        assert {each.host for each in it.broker.heard_of(Arrive)} == {"localhost", "other.test"}


@pytest.mark.parametrize(
    ("authority", "name", "host", "what"),
    [
        ("api.test:443", "other.test", "other.test", "SNI and CONNECT name different hosts"),
        ("api.test:443", "api.test", "other.test", "the request is for another host than its connection"),
        ("api.test:443", "api.test", "api.test:8443", "the request is for another port than its connection"),
    ],
)
def test_who_names_two_hosts_is_told_so_and_reaches_neither(
    tmp_path: Path, authority: str, name: str, host: str, what: str
) -> None:
    hosts = {each: Host() for each in ("api.test", "other.test")}
    with house(tmp_path, hosts) as it, through_tls(it, _tunnel(it, authority), name) as program:
        program.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        answer = said(program)
        assert answer.startswith(b"HTTP/1.1 421 Misdirected Request\r\n")
        assert answer.partition(b"\r\n\r\n")[2].decode().startswith(f"ringfence: {what}\n")
        (tell,) = it.broker.wait_for(Tell)
        assert (tell.trouble, tell.what) == (Trouble.MISMATCH, what)
        assert it.broker.heard_of(Ask) == []


def test_plain_requests_in_a_tunnel_are_for_its_host_too(tmp_path: Path) -> None:
    with http_server() as address:
        with house(tmp_path, {each: Host(address=address) for each in ("a.test", "b.test")}) as it:
            with _tunnel(it, "a.test:80") as program:
                program.sendall(b"GET /1 HTTP/1.1\r\nHost: a.test\r\n\r\n")
                assert after(program, b"\r\n\r\n").startswith(b"HTTP/1.1 200 OK\r\n")
            with _tunnel(it, "a.test:80") as program:
                program.sendall(b"GET /2 HTTP/1.1\r\nHost: b.test\r\n\r\n")
                assert after(program, b"\r\n\r\n").startswith(b"HTTP/1.1 421 ")
        assert [each.head.target for each in it.broker.heard_of(Ask)] == ["/1"]


def test_a_tunnel_within_a_tunnel_is_none(tmp_path: Path) -> None:
    with house(tmp_path, {"a.test": Host()}) as it, _tunnel(it, "a.test:80") as program:
        program.sendall(b"CONNECT a.test:80 HTTP/1.1\r\nHost: a.test:80\r\n\r\n")
        assert after(program, b"\r\n\r\n").startswith(b"HTTP/1.1 400 ")


def test_http_2_without_tls_is_refused_so_that_programs_fall_back(tmp_path: Path) -> None:
    with http_server() as address, house(tmp_path, {"a.test": Host(address=address)}) as it:
        with _tunnel(it, "a.test:80") as program:
            program.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9))
            assert said(program).startswith(b"HTTP/1.1 505 ")
        (tell,) = it.broker.wait_for(Tell)
        assert (tell.trouble, tell.host) == (Trouble.PROTOCOL, "a.test")
        ran = curl(it, "--http2", "-w", "%{http_version}", "http://a.test/x")  # asks for h2c by upgrade
        assert ran.stdout.startswith("GET /x a.test")
        assert ran.stdout.endswith("1.1")


def test_who_may_not_be_reached_at_all_is_so_before_any_handshake(tmp_path: Path) -> None:
    refused = Refused(what="no", hint="no", manner=Manner.FAILURE)
    with (
        house(tmp_path, {"a.test": Host(no_arrival=refused)}) as it,
        pytest.raises((ConnectionResetError, ssl.SSLError)),
    ):
        through_tls(it, _tunnel(it, "a.test:443"), "a.test")


@pytest.mark.parametrize("by_connect", [True, False])
def test_what_nobody_understands_passes_unread_where_that_is_granted(
    tmp_path: Path, by_connect: bool
) -> None:
    name = "127.0.0.1" if by_connect else "localhost"
    with raw_server(_echo) as address, house(tmp_path, {name: Host(address=address)}) as it:
        with _tunnel(it, f"{name}:5432") if by_connect else opened(it.any) as program:
            program.sendall(b"\x00\x00\x00\x08\x04\xd2\x16\x2f")
            program.shutdown(socket.SHUT_WR)
            assert said(program) == b"heard \x00\x00\x00\x08\x04\xd2\x16\x2f"
        it.broker.wait_for(Gone)
        (arrived,) = it.broker.heard_of(Arrive)
        port = 5432 if by_connect else it.any
        assert (arrived.host, arrived.port, arrived.tls, arrived.raw) == (name, port, False, True)


def test_a_program_that_waits_for_its_server_to_speak_hears_it(tmp_path: Path) -> None:
    def serve(connected: socket.socket) -> None:
        connected.sendall(b"220 mail\r\n")
        said(connected)

    with (
        raw_server(serve) as address,
        house(tmp_path, {"localhost": Host(address=address)}, silent_s=0.05) as it,
        opened(it.any) as program,
    ):
        assert after(program, b"\r\n") == b"220 mail\r\n"
        program.sendall(b"QUIT\r\n")


def test_raw_bytes_are_let_through_to_nobody_who_is_not_granted(tmp_path: Path) -> None:
    with house(tmp_path, {}) as it:
        with pytest.raises(ConnectionResetError):
            told(it.any, b"\x00\x01\x02")
        assert [each.raw for each in it.broker.wait_for(Arrive)] == [True]


def test_a_raw_connection_that_breaks_breaks_the_programs_too(tmp_path: Path) -> None:
    def serve(connected: socket.socket) -> None:
        connected.recv(1)
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with (
        raw_server(serve) as address,
        house(tmp_path, {"localhost": Host(address=address)}) as it,
        pytest.raises(ConnectionResetError),
    ):
        told(it.any, b"\x00")


def test_tls_that_is_none_ends_the_connection_and_is_told(tmp_path: Path) -> None:
    with house(tmp_path, {}) as it:
        with pytest.raises(ConnectionResetError):
            told(it.any, b"\x16\x03\x01\x00\x04\x02\x00\x00\x00")
        (tell,) = it.broker.wait_for(Tell)
        assert tell.trouble is Trouble.MALFORMED


def test_half_a_hello_and_a_handshake_that_stops_end_in_time(tmp_path: Path) -> None:
    hello = _hello("a.test")
    with house(tmp_path, {"a.test": Host()}, head_s=0.2, looks_every_s=0.05) as it:
        for part in (hello[:50], hello):
            with opened(it.any) as program, pytest.raises(ConnectionResetError):
                program.sendall(part)
                said(program)


def _hello(name: str) -> bytes:
    context = ssl.create_default_context()
    to_client, from_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(to_client, from_client, server_hostname=name)
    with contextlib.suppress(ssl.SSLWantReadError):
        client.do_handshake()
    return from_client.read()


def test_a_hello_in_many_pieces_is_one(tmp_path: Path) -> None:
    hello = _hello("a.test")
    with house(tmp_path, {"a.test": Host()}) as it, opened(it.any) as program:
        for at in range(0, len(hello), 7):
            program.sendall(hello[at : at + 7])
        assert program.recv(1) == b"\x16"
        assert [each.host for each in it.broker.heard_of(Arrive)] == ["a.test"]
