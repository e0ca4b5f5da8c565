"""Ports of this machine that lead into a network: here into its own, so that every step can be seen."""

import os
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from real.running import free_port
from ringfence.core.limits import LIMITS
from ringfence.sandbox.plan import PublishedPort, Why
from ringfence.sandbox.publishing import PortTaken, Publishing, publish

_WHY = Why(text="test")
_V4 = (socket.AF_INET, "127.0.0.1")
_V6 = (socket.AF_INET6, "::1")


class Box:
    """Hands sockets out as a box's first process does, and turns as a supervisor."""

    def __init__(self, publishing: Publishing) -> None:
        self.publishing = publishing
        self.asked: list[socket.AddressFamily] = []
        self.families = {socket.AF_INET, socket.AF_INET6}
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._turn, daemon=True)

    def _turn(self) -> None:
        self.publishing.begin(self.asked.append)
        given = 0
        while not self.over.is_set():
            with suppress(OSError):
                select.select([self.publishing], [], [], 0.01)
            self.publishing.turn()
            while given < len(self.asked):
                family = self.asked[given]
                given += 1
                made = socket.socket(family).detach() if family in self.families else None
                self.publishing.given(made)


@contextmanager
def box(port: int) -> Iterator[tuple[Box, int]]:
    """A box whose port this is, and the machine's port that leads there."""
    at = free_port()
    with publish([PublishedPort(port=port, host_port=at, why=_WHY)]) as publishing:
        made = Box(publishing)
        made.thread.start()
        try:
            yield made, at
        finally:
            made.over.set()
            made.thread.join(10)


@contextmanager
def server(where: tuple[socket.AddressFamily, str] = _V4) -> Iterator[tuple[socket.socket, int]]:
    with socket.create_server((where[1], 0), family=where[0]) as listening:
        listening.settimeout(20)
        yield listening, listening.getsockname()[1]


def _accepted(listening: socket.socket) -> socket.socket:
    served, _ = listening.accept()
    served.settimeout(20)
    return served


def _to(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), 20)


@pytest.mark.parametrize("outside", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("within", [_V4, _V6])
def test_bytes_go_both_ways_whatever_family_either_side_has(
    outside: str, within: tuple[socket.AddressFamily, str]
) -> None:
    with server(within) as (listening, port), box(port) as (made, at):
        with socket.create_connection((outside, at), 20) as client:
            client.sendall(b"question")
            with _accepted(listening) as served:
                assert served.recv(100) == b"question"
                served.sendall(b"answer")
                assert client.recv(100) == b"answer"
                assert served.getpeername()[0] == within[1]
        tried = [socket.AF_INET] if within is _V4 else [socket.AF_INET, socket.AF_INET6]
        assert made.asked == tried


def test_who_says_no_more_still_hears_the_rest() -> None:
    with server() as (listening, port), box(port) as (_, at), _to(at) as client:
        client.sendall(b"all of it")
        client.shutdown(socket.SHUT_WR)
        served = _accepted(listening)
        with served:
            assert (served.recv(100), served.recv(100)) == (b"all of it", b"")
            served.sendall(b"late")
        assert (client.recv(100), client.recv(100)) == (b"late", b"")


def test_much_arrives_whole_and_in_order() -> None:
    sent = os.urandom(4 * LIMITS.published_waiting_bytes)
    with server() as (listening, port), box(port) as (_, at), _to(at) as client:
        served = _accepted(listening)
        with served:
            thread = threading.Thread(target=lambda: (client.sendall(sent), client.shutdown(socket.SHUT_WR)))
            thread.start()
            heard = b"".join(iter(lambda: served.recv(65536), b""))
            thread.join()
    assert heard == sent


def test_where_nobody_listens_within_the_connection_breaks_and_the_next_one_works() -> None:
    port = free_port()
    with box(port) as (made, at):
        made.families = {socket.AF_INET}
        with pytest.raises(ConnectionResetError), _to(at) as client:
            client.recv(1)
        with socket.create_server(("127.0.0.1", port)) as listening, _to(at) as client:
            served = _accepted(listening)
            with served:
                served.sendall(b"here")
                assert client.recv(100) == b"here"


def test_more_connections_than_there_may_be_wait_until_others_are_over() -> None:
    with server() as (listening, port), box(port) as (_, at):
        listening.listen(2 * LIMITS.published_connections)
        clients = [_to(at) for _ in range(LIMITS.published_connections + 1)]
        served = [listening.accept()[0] for _ in range(LIMITS.published_connections)]
        listening.settimeout(0.2)
        with pytest.raises(TimeoutError):
            listening.accept()
        served[0].close()
        clients[0].close()
        listening.settimeout(20)
        served.append(listening.accept()[0])
        for each in (*clients, *served):
            each.close()


def test_a_socket_that_nobody_asked_for_is_closed() -> None:
    with publish([]) as publishing:
        ours, theirs = socket.socketpair()
        publishing.given(theirs.detach())
        assert ours.recv(1) == b""
        ours.close()


@pytest.mark.parametrize("where", [_V4, _V6])
def test_a_port_that_is_taken_is_said_with_another_and_none_is_kept(
    where: tuple[socket.AddressFamily, str],
) -> None:
    free = free_port()
    with server(where) as (_, taken):
        with pytest.raises(PortTaken) as error:
            publish([PublishedPort(port=80, host_port=each, why=_WHY) for each in (free, taken)])
        assert (
            error.value.what
            == f"port {taken} of this machine cannot lead into the box: address already in use"
        )
        assert f"{{port: 80, at: {10_000 + taken % 50_000}}}" in error.value.hint
    socket.create_server(("127.0.0.1", free)).close()
