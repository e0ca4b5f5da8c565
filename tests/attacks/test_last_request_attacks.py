"""What a program reads last, before its session ends or its proxy is killed, is recorded all the same.

Requests that only read are told of where a host is granted as a whole, and go before anybody has recorded
them. The broker is stopped meanwhile, so that it has heard of none when that happens.
"""

import http.client
import os
import signal
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from broker_scene import Scene, policy, server
from daemon_scene import WHOLE, Daemon, attach, daemon, kill, listener
from ringfence.daemon.client import DaemonSession
from ringfence.ledger.events.decision_made import DecisionMade

_HOST = "api.example.com"
_GOOD = f"origins: [{{host: {_HOST}, integrity: user}}]"


def _ends(at_work: Daemon, box: DaemonSession) -> None:
    del at_work
    box.close()


def _kills(at_work: Daemon, box: DaemonSession) -> None:
    del box
    kill(at_work.proxy())


def _connected(box: DaemonSession, at: socket.socket) -> http.client.HTTPSConnection:
    context = ssl.create_default_context(cadata=box.opened.certificate_pem)
    made = http.client.HTTPSConnection(*at.getsockname(), context=context, timeout=20)
    made.set_tunnel(_HOST, 443)
    return made


def _read(by: http.client.HTTPSConnection, target: str) -> bytes:
    by.request("GET", target)
    return by.getresponse().read()


@pytest.mark.parametrize("attack", [_ends, _kills])
def test_what_was_read_last_is_recorded(
    tmp_path: Path, attack: Callable[[Daemon, DaemonSession], None]
) -> None:
    with server(tmp_path) as host, listener() as at:
        text = policy((_HOST, host.port), folder=tmp_path, network=WHOLE, requests="", egress=_GOOD)
        with daemon(tmp_path, text) as at_work:
            box = at_work.open()
            attach(box, at)
            program = _connected(box, at)
            assert _read(program, "/first") == b"ok"
            os.kill(at_work.broker(), signal.SIGSTOP)
            try:
                for number in range(10):
                    assert _read(program, f"/{number}") == b"ok"
                attack(at_work, box)
            finally:
                os.kill(at_work.broker(), signal.SIGCONT)
            program.close()
            box.close()
    scene = Scene(tmp_path, text)
    found = [each.action for each in scene.recorded() if isinstance(each, DecisionMade)]
    scene.door.ledger.close()
    paths = [each["path"] for each in found if each["action"] == "http.request"]
    assert paths == ["/first", *(f"/{number}" for number in range(10))]
