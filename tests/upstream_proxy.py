"""A proxy as companies have them: CONNECT, plain requests sent on, a login, TLS where it is wanted.

It leads names to servers of the test's by `routes`, as the company's own names do; nobody else knows them.
"""

import base64
import contextlib
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

__all__ = ["Proxied", "accepting", "carry", "upstream_proxy"]


@dataclass
class Proxied:
    """What it was asked, in the order in which it was."""

    port: int
    asked: list[str] = field(default_factory=list)  # first lines of requests
    refused: int = 0  # for want of a login


@contextlib.contextmanager
def upstream_proxy(
    routes: Mapping[str, int],
    *,
    login: str | None = None,
    tls: ssl.SSLContext | None = None,
    connects_to: frozenset[int] | None = None,
) -> Iterator[Proxied]:
    """`routes`: host:port to a port of the loopback. `connects_to`: ports for CONNECT; None: all."""
    listening = socket.create_server(("127.0.0.1", 0))
    made = Proxied(port=listening.getsockname()[1])
    wanted = None if login is None else f"Basic {base64.b64encode(login.encode()).decode()}"

    def serve(plain: socket.socket) -> None:
        with contextlib.suppress(OSError, ssl.SSLError):
            client = plain if tls is None else tls.wrap_socket(plain, server_side=True)
            with client:
                _serve(client)

    def _serve(client: socket.socket) -> None:
        data = b""
        while b"\r\n\r\n" not in data:
            piece = client.recv(65536)
            if not piece:
                return
            data += piece
        head, _, rest = data.partition(b"\r\n\r\n")
        line, *fields = head.decode().split("\r\n")
        if " /" in line:
            return  # somebody looks what listens on this machine
        made.asked.append(line)
        headers = dict(each.split(": ", 1) for each in fields)
        if wanted is not None and headers.get("Proxy-Authorization") != wanted:
            made.refused += 1
            client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return
        method, target, _ = line.split(" ")
        where = target if method == "CONNECT" else target.split("/")[2]
        where = where if ":" in where else f"{where}:80"
        port = int(where.rpartition(":")[2])
        if where not in routes or (
            method == "CONNECT" and connects_to is not None and port not in connects_to
        ):
            client.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            return
        with socket.create_connection(("127.0.0.1", routes[where]), 20) as server:
            if method == "CONNECT":
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                server.sendall(rest)
            else:
                kept = [each for each in fields if not each.startswith("Proxy-")]
                path = "/" + target.split("/", 3)[3]
                lines = [f"{method} {path} HTTP/1.1", *kept, "Connection: close", "", ""]
                server.sendall("\r\n".join(lines).encode() + rest)
            carry(client, server)

    with accepting(listening, serve):
        yield made


@contextlib.contextmanager
def accepting(listening: socket.socket, serve: Callable[[socket.socket], None]) -> Iterator[None]:
    """Each connection is served by a thread of its own, until the end, when nobody listens there any more."""

    def run() -> None:
        while True:
            try:
                plain, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(plain,), daemon=True).start()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(10)


def carry(one: socket.socket, other: socket.socket) -> None:
    """Between the two, until either has said all."""
    while True:
        ready, _, _ = select.select([one, other], [], [])
        for each in ready:
            while data := each.recv(65536):
                (other if each is one else one).sendall(data)
                if not (isinstance(each, ssl.SSLSocket) and each.pending()):
                    break
            if not data:
                return
