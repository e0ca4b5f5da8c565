"""Real TCP listeners that say what a test tells them to, and real processes to go with them."""

import contextlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import psutil

__all__ = ["Talk", "Talker", "answer", "listening", "python_process", "talking"]

Talk = Callable[[socket.socket, str], None]
"""Gets a connection and the path that was asked for."""

_LOCK = threading.Lock()


@dataclass
class Talker:
    """A listener of a test: where it is, and the first lines of the requests that this process made.

    Other tests look at what listens on this machine, too.
    """

    address: str
    port: int
    inode: int
    requests: list[str] = field(default_factory=list)


def answer(body: str | bytes, *, status: str = "200 OK", headers: str = "") -> bytes:
    """A whole HTTP answer."""
    raw = body.encode() if isinstance(body, str) else body
    return f"HTTP/1.1 {status}\r\n{headers}Content-Length: {len(raw)}\r\n\r\n".encode() + raw


@contextlib.contextmanager
def listening(talk: Talk, *, address: str = "127.0.0.1") -> Iterator[Talker]:
    """A listener that calls `talk` with each connection and path, in a thread of its own."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, 0), family=family, backlog=256) as server:
        talker = Talker(address=address, port=server.getsockname()[1], inode=_inode(server))

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=_converse, args=(connection, talk, talker), daemon=True).start()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield talker
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def talking(
    answers: Mapping[str, bytes], *, address: str = "127.0.0.1"
) -> contextlib.AbstractContextManager[Talker]:
    """A listener with a fixed answer for each path, and 404 for all others."""

    def talk(connection: socket.socket, path: str) -> None:
        connection.sendall(answers.get(path, answer("not here", status="404 Not Found")))

    return listening(talk, address=address)


@contextlib.contextmanager
def python_process(code: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A Python that runs `code` until the test is over; its first line, waited for, is in `first_line`."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        try:
            process.first_line = process.stdout.readline().strip()  # type: ignore[attr-defined, union-attr]
            yield process
        finally:
            process.kill()


def _converse(connection: socket.socket, talk: Talk, talker: Talker) -> None:
    with connection, contextlib.suppress(OSError):
        request = connection.recv(4096).decode("latin-1")
        if _is_from_here(connection):
            with _LOCK:
                talker.requests.append(request.split("\r\n", 1)[0])
        talk(connection, request.split(" ")[1])


def _is_from_here(connection: socket.socket) -> bool:
    """Whether this process holds the other end."""
    peer = connection.getpeername()[:2]
    return any(each.laddr == peer for each in psutil.Process().net_connections("tcp"))


def _inode(server: socket.socket) -> int:
    return os.fstat(server.fileno()).st_ino
