"""The proxy's process: sessions that begin and end, apart from each other."""

import os
import ssl
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from egress.proxy_clients import after, curl, opened, said, through_tls, told
from egress.scripted_broker import Host, house, listener
from egress.upstream_servers import http_server, raw_server
from ringfence.core.limits import LIMITS
from ringfence.egress.messages import Arrive, Ask, Gone, SocketKind, Tell, Trouble

_GET = b"GET http://api.test/ HTTP/1.1\r\nHost: api.test\r\n\r\n"


def test_each_session_has_its_own_name_and_authority(tmp_path: Path) -> None:
    with http_server() as address, house(tmp_path, {"api.test": Host(address=address)}) as it:
        other = listener()
        pem = it.serve("other", [(SocketKind.PROXY, other)])
        assert curl(it, "https://api.test/").returncode == 0
        there = replace(it, proxy=other.getsockname()[1])
        assert curl(there, "https://api.test/").returncode == 60  # the first session's authority is not its
        there.ca_file.write_text(pem)
        assert curl(there, "https://api.test/").returncode == 0
        arrived = [each.session for each in it.broker.heard_of(Arrive) if each.host == "api.test"]
        assert arrived == ["s", "other", "other"]  # another test may look what listens on this machine
        other.close()


def test_a_session_that_ends_ends_all_that_it_has_open_and_nothing_of_others(tmp_path: Path) -> None:
    with (
        raw_server(lambda connected: said(connected) and None) as address,
        house(tmp_path, {"api.test": Host(address=address)}) as it,
    ):
        other = listener()
        it.serve("other", [(SocketKind.PROXY, other)])
        with opened(it.proxy) as program, opened(other.getsockname()[1]) as neighbor:
            program.sendall(_GET)
            it.broker.wait_for(Ask)
            it.close("s")
            with pytest.raises(ConnectionResetError):
                said(program)
            it.broker.wait_for(Gone)
            neighbor.sendall(_GET)
            assert [each.connection for each in it.broker.wait_for(Ask, 2)] == [1, 3]
        other.close()


def test_five_hundred_connections_are_answered_at_one_time(tmp_path: Path) -> None:
    with (
        http_server() as address,
        house(tmp_path, {"api.test": Host(address=address)}) as it,
        ExitStack() as stack,
    ):
        programs = [stack.enter_context(opened(it.proxy)) for _ in range(500)]
        for program in programs:
            program.sendall(_GET)
        for program in programs:
            assert after(program, b"\r\n\r\n").startswith(b"HTTP/1.1 200 OK\r\n")


def test_one_connection_too_many_is_turned_away_and_told_once(tmp_path: Path) -> None:
    with house(tmp_path, {}) as it, ExitStack() as stack:
        for _ in range(LIMITS.egress_connections):
            stack.enter_context(opened(it.proxy))
        for _ in range(3):
            assert said(stack.enter_context(opened(it.proxy))) == b""
        assert [each.trouble for each in it.broker.wait_for(Tell)] == [Trouble.BUDGET]


def test_a_broker_that_is_gone_ends_the_proxy(tmp_path: Path) -> None:
    with (
        raw_server(lambda connected: said(connected) and None) as address,
        house(tmp_path, {"api.test": Host(address=address)}) as it,
        opened(it.proxy) as program,
    ):
        program.sendall(_GET)
        it.broker.wait_for(Ask)
        it.hang_up()
        with pytest.raises(ConnectionResetError):
            said(program)
        it.has_ended = True


def test_nothing_stays_open_behind_connections_that_are_over(tmp_path: Path) -> None:
    with http_server() as address, house(tmp_path, {"api.test": Host(address=address)}) as it:
        curl(it, "https://api.test/")
        before = len(os.listdir(f"/proc/{it.pid}/fd"))
        for _ in range(5):
            curl(it, "https://api.test/")
            told(it.proxy, b"junk\r\n\r\n")
        it.broker.wait_for(Gone, 6)
        until = time.monotonic() + 20
        while len(os.listdir(f"/proc/{it.pid}/fd")) > before and time.monotonic() < until:
            time.sleep(0.01)
        assert len(os.listdir(f"/proc/{it.pid}/fd")) <= before


def test_a_program_that_does_not_trust_the_session_is_no_trouble(tmp_path: Path) -> None:
    with house(tmp_path, {"api.test": Host()}) as it:
        context = ssl.create_default_context()
        with opened(it.any) as program, pytest.raises(ssl.SSLCertVerificationError):
            context.wrap_socket(program, server_hostname="api.test")
        it.broker.wait_for(Gone)
        with opened(it.any) as program:
            through_tls(it, program, "api.test").close()
        it.broker.wait_for(Gone, 2)
