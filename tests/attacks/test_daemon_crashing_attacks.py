"""A program has found how the proxy, or the broker, can be made to crash, and does it again and again.

Its own session ends, and is told why. Of the proxy's end nobody else notices. Where it is one proxy for all,
as it once was, all sessions lose their connections each time, and in the end their daemon; so they do where
nobody knows at whose work the broker was.
"""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from broker_scene import Scene, policy, server
from daemon_scene import WHOLE, Daemon, attach, curl, daemon, kill, listener, until
from ringfence.daemon.client import DaemonSession
from ringfence.egress.messages import SocketKind
from ringfence.gate.hiding import foreign
from ringfence.ledger.events.egress_refused import EgressRefused

_SAID = "the session's proxy has ended 4 times within 30 seconds"
_CRASHES = """
from ringfence.egress.messages import SocketKind
from ringfence.egress.proxy import accepting

served = accepting._served

async def crash_or_serve(connected, source, kind, session):
    if kind is SocketKind.ANY:
        os._exit(9)
    await served(connected, source, kind, session)

accepting._served = crash_or_serve
"""


@contextmanager
def _two_sessions(
    folder: Path, text: str, program: str
) -> Iterator[tuple[Daemon, DaemonSession, socket.socket, DaemonSession, socket.socket]]:
    """A daemon whose processes crash at what `program` says, and two sessions with a listener each."""
    with (
        daemon(folder, text, program=program) as here,
        here.open("s1") as attacker,
        here.open("s2") as other,
        listener() as one,
        listener() as two,
    ):
        yield here, attacker, one, other, two


def _provoke(at: socket.socket) -> None:
    """Connects, and sees how the proxy dies of it."""
    with socket.create_connection(at.getsockname(), 10) as made:
        assert made.recv(1) == b""


def test_whoever_makes_the_proxy_crash_again_and_again_ends_their_own_session(tmp_path):
    with server(tmp_path) as host:
        text = policy(("api.example.com", host.port), folder=tmp_path, network=WHOLE)
        with _two_sessions(tmp_path, text, _CRASHES) as (here, attacker, one, other, two):
            attacker.attach([(SocketKind.ANY, one.fileno())])
            attach(other, two)
            (of_other,) = here.proxies()[1:]
            for _ in range(4):
                _provoke(one)
            refused = attacker.said()
            assert refused is not None
            assert refused.what == _SAID
            assert attacker.connection.recv(1) == b""
            assert curl(other, two, tmp_path, "https://api.example.com/") == "ok"
            assert here.proxies() == [of_other]
            broker = here.broker()
        assert broker == here.broker()
    events = [each for each in Scene(tmp_path, text).recorded() if isinstance(each, EgressRefused)]
    assert [(each.trouble, each.what) for each in events] == [("malformed", foreign(_SAID))]


def test_a_proxy_that_crashes_now_and_then_is_replaced(tmp_path):
    """Three times are no reason to end what a person works with."""
    with server(tmp_path) as host:
        text = policy(("api.example.com", host.port), folder=tmp_path, network=WHOLE)
        with (
            daemon(tmp_path, text, program=_CRASHES) as here,
            here.open() as box,
            listener() as one,
            listener() as two,
        ):
            box.attach([(SocketKind.ANY, one.fileno()), (SocketKind.PROXY, two.fileno())])
            for _ in range(3):
                _provoke(one)
            assert curl(box, two, tmp_path, "https://api.example.com/") == "ok"


def test_proxies_that_end_with_their_broker_are_not_their_sessions_doing(tmp_path):
    """A proxy ends where its broker does, and may be seen to be gone first."""
    with server(tmp_path) as host:
        text = policy(("api.example.com", host.port), folder=tmp_path, network=WHOLE)
        with daemon(tmp_path, text) as here, here.open() as box, listener() as one:
            attach(box, one)
            for _ in range(5):
                kill(here.proxy())
                kill(before := here.broker())
                _until_another(here, before)
            assert until(lambda: _answered(box, one, tmp_path), "an answer") == "ok"


_BROKER_SAID = "the process that decides has ended 4 times within 30 seconds, at the work of this session"
_BROKER_CRASHES = """
from ringfence.egress.broker import asking

read = asking.read

def crash_or_read(message, connection):
    if message.head.target == "/crash":
        os._exit(9)
    return read(message, connection)

asking.read = crash_or_read
"""
_LATER = """
from ringfence.egress.broker import steps

prepared = steps.prepared

async def crash_or_prepare(ask, *rest, **more):
    if ask.head.target == "/crash":
        await asyncio.sleep(0)
        os._exit(9)
    return await prepared(ask, *rest, **more)

steps.prepared = crash_or_prepare
"""


def _ask_for_crash(at: socket.socket, ca: Path) -> None:
    """Sends the request that the broker dies of."""
    where = f"http://127.0.0.1:{at.getsockname()[1]}"
    command = ["curl", "-s", "--max-time", "20", "-x", where, "--cacert", str(ca)]
    subprocess.run([*command, "https://api.example.com/crash"], capture_output=True, check=False)


@pytest.mark.parametrize("program", [_BROKER_CRASHES, "import asyncio\n" + _LATER], ids=["asked", "later"])
def test_whoever_makes_the_broker_crash_again_and_again_ends_their_own_session(tmp_path, program):
    narrow = "{host: api.example.com, methods: [GET]}"
    with server(tmp_path) as host:
        text = policy(("api.example.com", host.port), folder=tmp_path, network=narrow)
        with _two_sessions(tmp_path, text, program) as (here, attacker, one, other, two):
            attach(attacker, one)
            attach(other, two)
            ca = tmp_path / "attacker.pem"
            ca.write_text(attacker.opened.certificate_pem)
            for _ in range(4):
                before = here.broker()
                _ask_for_crash(one, ca)
                _until_another(here, before)
            refused = attacker.said()
            assert refused is not None
            assert refused.what == _BROKER_SAID
            assert attacker.connection.recv(1) == b""
            assert until(lambda: _answered(other, two, tmp_path), "an answer") == "ok"
            for _ in range(6):
                kill(before := here.broker())
                _until_another(here, before)
            assert until(lambda: _answered(other, two, tmp_path), "an answer") == "ok"
    events = [each for each in Scene(tmp_path, text).recorded() if isinstance(each, EgressRefused)]
    assert (events[-1].trouble, events[-1].what) == ("malformed", foreign(_BROKER_SAID))


def _until_another(here: Daemon, before: int) -> None:
    """Another broker has written its number down."""
    number = here.folder / "broker.pid"
    until(lambda: number.read_text() not in ("", str(before)), "another broker")


def _answered(box, at: socket.socket, folder: Path) -> str:
    """What is answered, once the new broker and proxy serve."""
    try:
        return curl(box, at, folder, "https://api.example.com/")
    except AssertionError:
        return ""
