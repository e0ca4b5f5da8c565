"""One message to one address, by HTTPS: the status comes back, and nothing else of the answer is read.

What an address answers can approve nothing: its first line is read, up to a limit and within a time, and of
that three digits. No redirection is followed. The host's name is resolved here, private addresses are refused
unless the policy names them, and the connection goes to an address that was looked at.

Sources: RFC 9110, RFC 9112.
"""

import ipaddress
import re
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence

from ringfence import __version__
from ringfence.app.notices.outbox import NotTold
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.egress.broker.addresses import refusal
from ringfence.policy.values import Webhook

__all__ = ["Poster", "resolved"]

_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: |\r?\n)")
_PIECE_BYTES = 256
_HTTPS = 443


@dataclass(frozen=True, slots=True, kw_only=True)
class Poster:
    """Posts. `clock` gives seconds; `resolve` an address's name all its addresses."""

    clock: Callable[[], float]
    resolve: Callable[[str, int], Sequence[str]]

    def post(self, webhook: Webhook, body: bytes, headers: Sequence[tuple[str, str]]) -> int:
        """The status of the answer.

        Raises:
            NotTold: the policy lets nobody connect there, or its authorities cannot be read.
            OSError: nobody answered, not in time, or not as it must.
        """
        end = self.clock() + LIMITS.webhook_s
        with self._connected(webhook, end) as sock:
            sock.settimeout(self._left(end))
            sock.sendall(_head(webhook, len(body), headers) + body)
            line = b""
            while b"\n" not in line and len(line) < LIMITS.webhook_status_bytes:
                sock.settimeout(self._left(end))
                piece = sock.recv(_PIECE_BYTES)
                if not piece:
                    break
                line += piece
        found = _STATUS.match(line)
        if found is None:
            raise ConnectionAbortedError("its answer is no HTTP")
        return int(found[1])

    def _connected(self, webhook: Webhook, end: float) -> ssl.SSLSocket:
        context = _trusting(webhook)
        problem: OSError = ConnectionError("its name has no address")
        for address in self._addresses(webhook):
            sock = None
            try:
                sock = socket.create_connection((address, webhook.port), timeout=self._left(end))
                sock.settimeout(self._left(end))
                return context.wrap_socket(sock, server_hostname=webhook.host)
            except OSError as error:
                problem = error
                if sock is not None:
                    sock.close()
        raise problem

    def _addresses(self, webhook: Webhook) -> Iterator[str]:
        """Those of its name that may be reached, as many as are tried."""
        refused: str | None = None
        may = False
        for text in self.resolve(webhook.host, webhook.port)[: LIMITS.webhook_addresses]:
            why = refusal(ipaddress.ip_address(text), webhook.private)
            if why is None:
                may = True
                yield text
            else:
                refused = why
        if refused is not None and not may:
            raise NotTold(
                f"its address is refused: {refused}",
                hint="where it is meant to be, name it in `private` of the webhook",
            )

    def _left(self, end: float) -> float:
        left = end - self.clock()
        if left <= 0:
            raise TimeoutError
        return left


def resolved(host: str, port: int) -> list[str]:
    """The addresses of a host, as the system's resolver has them.

    Raises:
        OSError: it has none.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # a part of it is longer than names have
        raise OSError("no name of a host") from error
    return list(dict.fromkeys(str(each[4][0]) for each in found))


def _trusting(webhook: Webhook) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=webhook.ca)
    except OSError as error:
        raise NotTold(
            f"the authorities of its `ca` cannot be read: {error.strerror or 'no certificates'}",
            hint="name a file of certificates in PEM",
        ) from error


def _head(webhook: Webhook, size: int, headers: Sequence[tuple[str, str]]) -> bytes:
    host = f"[{webhook.host}]" if ":" in webhook.host else webhook.host
    lines = [
        f"POST {webhook.target} HTTP/1.1",
        f"Host: {host}" + ("" if webhook.port == _HTTPS else f":{webhook.port}"),
        f"User-Agent: ringfence/{__version__}",
        "Content-Type: application/json",
        f"Content-Length: {size}",
        "Connection: close",
        *(f"{name}: {value}" for name, value in headers),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")
