"""Asks one listener of this machine: one GET, one deadline, one cap. Nothing is followed or sent twice.

Each request takes a use of the receipt for asking that port, and goes where the receipt says.
"""

import ipaddress
import socket
import time
from collections.abc import Mapping
from enum import StrEnum

from ringfence.core.actions import ListenerAsk
from ringfence.core.limits import LIMITS
from ringfence.core.receipts import Receipt
from ringfence.endpoint.listeners.answer import Answer, parse_answer, wants_more
from ringfence.gate.seals import Seals

__all__ = ["Silence", "ask", "dial"]


class Silence(StrEnum):
    """Why there is no answer to make anything of."""

    CLOSED = "closed before it could be asked"
    NO_ANSWER = "no answer to HTTP"
    NOT_HTTP = "speaks something else than HTTP"
    TLS = "speaks TLS, which was not entered"
    NOT_OURS = "bound to an address that is not this machine's"


def dial(
    address: str, port: int, own: Mapping[str, int]
) -> tuple[str, int] | tuple[str, int, int, int] | None:
    """Where to connect to for a socket bound to `address`; None when that would leave this machine."""
    bound = ipaddress.ip_address(address)
    mapped = bound.ipv4_mapped if isinstance(bound, ipaddress.IPv6Address) else None
    target = mapped or bound
    if target.is_unspecified:
        target = ipaddress.ip_address("127.0.0.1" if target.version == 4 else "::1")
    if not target.is_loopback and str(target) not in own:
        return None
    if target.version == 4:
        return (str(target), port)
    return (str(target), port, 0, own.get(str(target), 0))


def ask(
    path: str, *, own: Mapping[str, int], receipt: Receipt[ListenerAsk], seals: Seals
) -> Answer | Silence:
    """What the listener answers to GET `path`, within limits.probe_request_s for all of it.

    `own` has this machine's addresses, as `dial` takes them.

    Raises:
        ReceiptRefused: nobody decided that it may be asked, or not so often.
    """
    action = seals.redeem(receipt, ListenerAsk)
    where = dial(action.address, action.port, own)
    if where is None:
        return Silence.NOT_OURS
    deadline = time.monotonic() + LIMITS.probe_request_s
    family = socket.AF_INET if len(where) == 2 else socket.AF_INET6
    data = b""
    try:
        with socket.socket(family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as connection:
            connection.settimeout(LIMITS.probe_request_s)
            connection.connect(where)
            connection.settimeout(max(0.001, deadline - time.monotonic()))
            connection.sendall(_request(where, path))
            data = _receive(connection, deadline)
    except OSError:
        return Silence.CLOSED if time.monotonic() < deadline else Silence.NO_ANSWER
    if answer := parse_answer(path, data):
        return Silence.TLS if _asks_for_tls(answer) else answer
    if data[:2] in (b"\x15\x03", b"\x16\x03"):
        return Silence.TLS
    return Silence.NOT_HTTP if data and not data.startswith(b"HTTP/") else Silence.NO_ANSWER


def _request(where: tuple[str, int] | tuple[str, int, int, int], path: str) -> bytes:
    host = f"[{where[0]}]" if len(where) == 4 else where[0]
    return (
        f"GET {path} HTTP/1.1\r\nHost: {host}:{where[1]}\r\nUser-Agent: ringfence\r\n"
        "Accept: application/json, */*\r\nAccept-Encoding: identity\r\nConnection: close\r\n\r\n"
    ).encode()


def _receive(connection: socket.socket, deadline: float) -> bytes:
    """What came until it is whole, the cap or the deadline is reached, or the other side ends."""
    data = bytearray()
    while len(data) < LIMITS.probe_answer_bytes and (left := deadline - time.monotonic()) > 0:
        connection.settimeout(left)
        try:
            part = connection.recv(min(64 * 1024, LIMITS.probe_answer_bytes - len(data)))
        except (TimeoutError, ConnectionResetError):
            break
        if not part:
            break
        data += part
        if not wants_more(bytes(data)):
            break
    return bytes(data)


def _asks_for_tls(answer: Answer) -> bool:
    return answer.status == 400 and (b"HTTPS server" in answer.body or b"HTTPS port" in answer.body)
