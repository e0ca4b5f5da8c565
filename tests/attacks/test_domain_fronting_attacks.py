"""A request for one host over a connection that was made for another, which many large hosts would answer."""

import socket
from pathlib import Path

import pytest

from egress.proxy_clients import after, opened, said, through_tls
from egress.scripted_broker import Host, house
from egress.upstream_servers import raw_server
from ringfence.egress.messages import Tell, Trouble

_UNDONE = """
from dataclasses import replace
from ringfence.egress.proxy import http1_side
judged = http1_side.asked_of
http1_side.asked_of = lambda head, front: judged(head, replace(front, host=None))
"""


@pytest.mark.parametrize("undone", ["", _UNDONE])
def test_a_request_for_another_host_than_its_connection_goes_nowhere(tmp_path: Path, undone: str) -> None:
    seen = []

    def serve(connected: socket.socket) -> None:
        seen.append(after(connected, b"\r\n\r\n"))
        connected.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with (
        raw_server(serve) as address,
        house(tmp_path, {"allowed.test": Host(address=address)}, undone=undone) as it,
        opened(it.proxy) as connected,
    ):
        connected.sendall(b"CONNECT allowed.test:443 HTTP/1.1\r\nHost: allowed.test:443\r\n\r\n")
        after(connected, b"\r\n\r\n")
        with through_tls(it, connected, "allowed.test") as program:
            program.sendall(b"GET / HTTP/1.1\r\nHost: attacker.test\r\nConnection: close\r\n\r\n")
            answer = said(program)
        if undone:
            assert b"Host: attacker.test\r\n" in seen[0]
        else:
            assert answer.startswith(b"HTTP/1.1 421 ")
            assert seen == []
            assert [each.trouble for each in it.broker.wait_for(Tell)] == [Trouble.MISMATCH]
