"""What a box says to its supervisor, one packet for each message; `sandbox.messages` reads them."""

import json
import os
import socket
from collections.abc import Iterable
from typing import Any

from ringfence.sandbox.framing import receive_packet
from ringfence.sandbox.linux.failing import NotHad
from ringfence.sandbox.plan import Layer

__all__ = ["Status", "failure"]

_ORDER_BYTES = 256  # of one order of the supervisor's


class Status:
    """The box's end of the socket between the two."""

    def __init__(self, fd: int) -> None:
        self._socket = socket.socket(fileno=fd)
        self._lacking: list[tuple[Layer, str]] = []
        self._absent: set[Layer] = set()

    def fileno(self) -> int:
        """Readable when there is an order, or the end."""
        return self._socket.fileno()

    def say(self, name: str, value: Any, *fds: int) -> None:  # noqa: ANN401 - JSON
        """Says it, if anybody still listens; `fds`, 253 at most, go along."""
        self._send(json.dumps({name: value}).encode(), list(fds))

    def close(self) -> None:
        """Says no more."""
        self._socket.close()

    def lack(self, layer: Layer, whys: Iterable[str], *, absent: bool = False) -> None:
        """Keeps in mind, for `ready`, what a layer lacks, or that it is not there at all."""
        self._lacking += [(layer, why) for why in whys]
        if absent:
            self._absent.add(layer)

    def standing(self) -> bytes:
        """All layers stand: the beginning of what `ready` says."""
        layers = [each for each in Layer if each not in self._absent]
        stands = json.dumps({"layers": layers, "lacking": self._lacking}).encode()
        return b'{"ready": ' + stands[:-1] + b', "proofs": '

    def ready(self, standing: bytes, proofs: bytes) -> None:
        """`proofs` is what the command's process tried, as JSON already."""
        self._send(standing + proofs + b"}}", [])

    def command(self) -> int | None:
        """The command, written to a file without a name, when the supervisor gives it; None at the end."""
        try:
            order, fds, _ = receive_packet(self._socket, _ORDER_BYTES, max_fds=1)
        except OSError:
            return None
        if fds and order == b'{"command": true}':
            return fds[0]
        for fd in fds:
            os.close(fd)
        return None

    def order(self) -> dict[str, Any] | None:
        """What the supervisor wants next; None when it is gone, or says what no supervisor does."""
        try:
            order = json.loads(self._socket.recv(_ORDER_BYTES))
        except (OSError, ValueError):
            return None
        return order if isinstance(order, dict) else None

    def _send(self, packet: bytes, fds: list[int]) -> None:
        try:
            socket.send_fds(self._socket, [packet], fds, socket.MSG_NOSIGNAL)
        except (BrokenPipeError, ConnectionResetError):
            return


def failure(error: NotHad) -> dict[str, Any]:
    """The value of the message `failed`."""
    return {"layer": error.layer, "errno": error.code, "what": error.what}
