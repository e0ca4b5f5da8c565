"""Servers on loopback that stand for hosts out there."""

import contextlib
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import create_server, socket

from ringfence.egress.authority import Authority, Leaves, make_authority

__all__ = ["OUTSIDE", "Handler", "http_server", "raw_server", "tls_for"]

OUTSIDE: Authority = make_authority("outside", datetime.now(UTC))
"""What hosts out there have their certificates from."""

_LEAVES = Leaves(OUTSIDE, now=lambda: datetime.now(UTC))


def tls_for(name: str) -> ssl.SSLContext:
    """As the server of that name."""
    context = _LEAVES.context(name)
    context.set_alpn_protocols(["http/1.1"])
    return context


class Handler(BaseHTTPRequestHandler):
    """Says what it was asked, and which connection that came by."""

    protocol_version = "HTTP/1.1"

    def answer(self, body: bytes, *, status: int = 200, **headers: str) -> None:
        """A whole answer."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self) -> None:
        self.answer(f"{self.command} {self.path} {self.headers['Host']} {self.client_address[1]}".encode())

    def do_HEAD(self) -> None:
        self.do_GET()

    def body(self) -> bytes:
        """What was sent, whole."""
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def do_POST(self) -> None:
        """What was sent, again."""
        self.answer(self.body())

    def log_message(self, *args: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # clients that break off are part of the tests


@contextlib.contextmanager
def http_server(
    handler: type[BaseHTTPRequestHandler] = Handler,
    *,
    tls: ssl.SSLContext | None = None,
    address: str = "127.0.0.1",
) -> Iterator[tuple[str, int]]:
    """Its address."""
    server = _Server((address, 0), handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield (address, server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextlib.contextmanager
def raw_server(serve: Callable[[socket], None]) -> Iterator[tuple[str, int]]:
    """`serve` gets each connection, one after the other, in a thread."""
    listening = create_server(("127.0.0.1", 0))

    def run() -> None:
        while True:
            try:
                connected, _ = listening.accept()
            except OSError:
                return
            with connected, contextlib.suppress(OSError):
                serve(connected)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()
    finally:
        listening.shutdown(2)
        listening.close()
        thread.join(10)
