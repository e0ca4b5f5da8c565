"""Programs that keep connections open by sending next to nothing."""

import socket
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from egress.proxy_clients import opened
from egress.scripted_broker import house

_SLOW = 20
_UNDONE = """
from ringfence.egress.proxy import wires
wires.Deadlines.add = lambda self, wire: None
"""


@pytest.mark.parametrize("undone", ["", _UNDONE])
def test_a_head_that_comes_byte_by_byte_holds_no_connection(tmp_path: Path, undone: str) -> None:
    with (
        house(tmp_path, {}, undone=undone, head_s=0.3, idle_s=0.3, looks_every_s=0.05) as it,
        ExitStack() as stack,
    ):
        slow = {stack.enter_context(opened(it.proxy)) for _ in range(_SLOW)}
        begun = time.monotonic()
        while slow and time.monotonic() - begun < (3 if undone else 20):
            time.sleep(0.05)  # as slow as an attacker is
            slow = {each for each in slow if _still_open(each)}
        assert len(slow) == (_SLOW if undone else 0)


def _still_open(connected: socket.socket) -> bool:
    try:
        connected.sendall(b"G")
    except OSError:
        return False
    return True
