"""Connections to hosts that are begun before a program has asked for anything."""

import dataclasses
import socket
import threading
from pathlib import Path

import pytest

from egress.proxy_clients import after, curl, opened, through_tls
from egress.scripted_broker import Host, house
from egress.upstream_servers import OUTSIDE, http_server, raw_server, tls_for
from ringfence.egress.messages import Arrive, Ask, Dial

_CONNECT = b"CONNECT api.test:443 HTTP/1.1\r\nHost: api.test\r\n\r\n"
_GET = b"GET / HTTP/1.1\r\nHost: api.test\r\n\r\n"
_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def _ahead(address: tuple[str, int], *, at_once: bool = False) -> dict[str, Host]:
    ca_pem = OUTSIDE.certificate_pem
    return {"api.test": Host(address=address, tls=True, ca_pem=ca_pem, ahead=True, at_once=at_once)}


def test_a_host_is_dialled_before_it_is_asked_and_once(tmp_path: Path) -> None:
    with (
        http_server(tls=tls_for("api.test")) as address,
        house(tmp_path, _ahead(address)) as it,
        opened(it.proxy) as connected,
    ):
        connected.sendall(_CONNECT)
        after(connected, b"\r\n\r\n")
        tls = through_tls(it, connected, "api.test")
        it.broker.wait_for(Dial)
        for count in (1, 2):
            tls.sendall(_GET)
            it.broker.wait_for(Ask, count)
            after(tls, b"\r\n\r\n")
        order = [type(each) for each in it.broker.heard if isinstance(each, Arrive | Dial | Ask)]
        assert order == [Arrive, Dial, Ask, Ask]


def test_a_connection_that_came_with_the_welcome_is_not_asked_for(tmp_path: Path) -> None:
    with (
        http_server(tls=tls_for("api.test")) as address,
        house(tmp_path, _ahead(address, at_once=True)) as it,
    ):
        for _ in range(2):  # the second one is greeted beforehand
            ran = curl(it, "-w", "%{http_code}", "https://api.test/", "https://api.test/")
            assert ran.stdout.endswith("200")
        order = [type(each) for each in it.broker.heard if isinstance(each, Arrive | Dial | Ask)]
        assert order == [Arrive, Ask, Ask] * 2


def test_a_connection_that_nobody_looked_ahead_for_serves_the_first_request_and_ends_unused(
    tmp_path: Path,
) -> None:
    """A broker that gives one of its own accord: nothing of it is left open."""
    has_ended = threading.Event()

    def serve(connected: socket.socket) -> None:
        connected.recv(4096)
        has_ended.set()

    with raw_server(serve) as address:
        hosts = {"api.test": dataclasses.replace(_ahead(address, at_once=True)["api.test"], ahead=False)}
        with house(tmp_path, hosts) as it:
            with opened(it.proxy) as connected:
                connected.sendall(_CONNECT)
                after(connected, b"\r\n\r\n")
                through_tls(it, connected, "api.test").close()
            assert has_ended.wait(20)
    with http_server(tls=tls_for("api.test")) as address:
        hosts = {"api.test": dataclasses.replace(_ahead(address, at_once=True)["api.test"], ahead=False)}
        with house(tmp_path, hosts) as it:
            assert curl(it, "-w", "%{http_code}", "https://api.test/").stdout.endswith("200")
            assert it.broker.heard_of(Dial) == []


@pytest.mark.parametrize(("at_once", "dials"), [(False, 2), (True, 1)], ids=["asked for", "with the welcome"])
def test_a_host_that_let_go_meanwhile_is_dialled_again(tmp_path: Path, at_once: bool, dials: int) -> None:
    let_go, ends = threading.Event(), []

    def serve(connected: socket.socket) -> None:
        with tls_for("api.test").wrap_socket(connected, server_side=True) as tls:
            ends.append(tls)
            if len(ends) > 1:
                tls.recv(4096)
                tls.sendall(_OK)
        connected.close()
        let_go.set()

    with (
        raw_server(serve) as address,
        house(tmp_path, _ahead(address, at_once=at_once)) as it,
        opened(it.proxy) as connected,
    ):
        connected.sendall(_CONNECT)
        after(connected, b"\r\n\r\n")
        tls = through_tls(it, connected, "api.test")
        assert let_go.wait(20)
        tls.sendall(_GET)
        assert after(tls, b"ok").endswith(b"\r\n\r\nok")
        assert len(it.broker.heard_of(Dial)) == dials


def test_what_was_begun_ends_with_the_program_that_asked_for_nothing(tmp_path: Path) -> None:
    has_begun, said, has_ended = threading.Event(), [], threading.Event()

    def serve(connected: socket.socket) -> None:
        with tls_for("api.test").wrap_socket(connected, server_side=True) as tls:
            has_begun.set()
            said.append(tls.recv(4096))
        has_ended.set()

    with raw_server(serve) as address, house(tmp_path, _ahead(address)) as it:
        with opened(it.proxy) as connected:
            connected.sendall(_CONNECT)
            after(connected, b"\r\n\r\n")
            with through_tls(it, connected, "api.test"):
                assert has_begun.wait(20)
        assert has_ended.wait(20)
        assert said == [b""]
        assert it.broker.heard_of(Ask) == []


def test_a_host_that_cannot_be_dialled_is_told_when_it_is_asked(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = closed.getsockname()
    with house(tmp_path, _ahead(address)) as it:
        ran = curl(it, "-w", "%{http_code}", "https://api.test/")
        assert "api.test cannot be reached" in ran.stdout
        assert ran.stdout.endswith("502")
        assert len(it.broker.heard_of(Dial)) == 1
