"""`python -m bench.egress_peers.server CA KEY`: a server out there, too fast to be what is measured."""

import asyncio
import json
import os
import ssl
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import uvloop

from ringfence.egress.authority import Authority, Leaves

__all__ = ["context_of"]

_SMALL, _LARGE = b"x" * 1024, b"x" * 1024 * 1024
_EVENTS, _BETWEEN_S = 50, 0.01


class _Server(asyncio.Protocol):
    """Answers each head; no request has a body."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._buffer = b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            target = self._buffer.split(b" ", 2)[1]
            self._buffer = self._buffer[end + 4 :]
            if target == b"/events":
                self._task = asyncio.ensure_future(self._events())
            else:
                body = _LARGE if target == b"/large" else _SMALL
                self._transport.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%b"
                    % (len(body), body)
                )

    async def _events(self) -> None:
        """Each says when it was sent, by a clock that all processes share."""
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        self._transport.write(head)
        for _ in range(_EVENTS):
            await asyncio.sleep(_BETWEEN_S)
            event = f"data: {time.monotonic_ns()}\n\n".encode()
            self._transport.write(b"%x\r\n%b\r\n" % (len(event), event))
        self._transport.write(b"0\r\n\r\n")


def context_of(certificate_pem: str, key_pem: str) -> ssl.SSLContext:
    """As `localhost`, by that authority."""
    authority = Authority(certificate_pem=certificate_pem, key_pem=key_pem)
    context = Leaves(authority, now=lambda: datetime.now(UTC)).context("localhost")
    context.set_alpn_protocols(["http/1.1"])
    return context


async def _serve(context: ssl.SSLContext) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Server, "127.0.0.1", 0, ssl=context, backlog=1024)
    print(json.dumps({"port": server.sockets[0].getsockname()[1], "pids": [os.getpid()]}), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


def main() -> None:
    """Until its standard input ends."""
    certificate, key = (Path(each).read_text() for each in sys.argv[1:3])
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(context_of(certificate, key)))


if __name__ == "__main__":
    main()
