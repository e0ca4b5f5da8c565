"""A proxy that speaks SOCKS 5, with a login or without. Names lead to servers of the test's by `routes`."""

import contextlib
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address

from upstream_proxy import accepting, carry

__all__ = ["Socks", "socks_server"]


@dataclass
class Socks:
    """What it was asked for, in the order in which it was."""

    port: int
    asked: list[str] = field(default_factory=list)  # host:port
    logins: list[str] = field(default_factory=list)  # user:password, right or wrong
    refused: int = 0  # for want of a login, or the right one


@contextlib.contextmanager
def socks_server(routes: Mapping[str, int], *, login: str | None = None) -> Iterator[Socks]:
    """`routes`: host:port to a port of the loopback."""
    listening = socket.create_server(("127.0.0.1", 0))
    made = Socks(port=listening.getsockname()[1])

    def serve(client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            if _let_in(client, made, login):
                _connect(client, made, routes)

    with accepting(listening, serve):
        yield made


def _let_in(client: socket.socket, made: Socks, login: str | None) -> bool:
    version, count = _read(client, 2)
    if version != 5:
        return False  # somebody looks what listens on this machine
    methods, wanted = _read(client, count), 0 if login is None else 2
    if wanted not in methods:
        client.sendall(b"\x05\xff")
        made.refused += 1
        return False
    client.sendall(bytes((5, wanted)))
    if login is None:
        return True
    assert _read(client, 1) == b"\x01"
    user = _read(client, _read(client, 1)[0])
    password = _read(client, _read(client, 1)[0])
    made.logins.append(f"{user.decode()}:{password.decode()}")
    is_right = made.logins[-1] == login
    made.refused += not is_right
    client.sendall(bytes((1, not is_right)))
    return is_right


def _connect(client: socket.socket, made: Socks, routes: Mapping[str, int]) -> None:
    assert _read(client, 3) == b"\x05\x01\x00"
    kind = _read(client, 1)[0]
    if kind == 3:
        host = _read(client, _read(client, 1)[0]).decode()
    else:
        host = f"[{ip_address(_read(client, 4 if kind == 1 else 16))}]"
    made.asked.append(f"{host}:{int.from_bytes(_read(client, 2))}")
    if made.asked[-1] not in routes:
        client.sendall(b"\x05\x02\x00\x01" + bytes(6))
        return
    with socket.create_connection(("127.0.0.1", routes[made.asked[-1]]), 20) as server:
        client.sendall(b"\x05\x00\x00\x03\x04name" + bytes(2))
        carry(client, server)


def _read(client: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = client.recv(size - len(data))
        if not piece:
            raise OSError
        data += piece
    return data
