"""A program has found how the proxy can be made to crash, and does it again and again.

Its own session ends, and is told why; nobody else notices. Where it is one proxy for all, as it once was, all
sessions lose their connections each time, and in the end their daemon.
"""

import socket

from broker_scene import Scene, policy, server
from daemon_scene import WHOLE, attach, curl, daemon, listener
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


def _provoke(at: socket.socket) -> None:
    """Connects, and sees how the proxy dies of it."""
    with socket.create_connection(at.getsockname(), 10) as made:
        assert made.recv(1) == b""


def test_whoever_makes_the_proxy_crash_again_and_again_ends_their_own_session(tmp_path):
    with server(tmp_path) as host:
        text = policy(("api.example.com", host.port), folder=tmp_path, network=WHOLE)
        with (
            daemon(tmp_path, text, program=_CRASHES) as here,
            here.open("s1") as attacker,
            here.open("s2") as other,
            listener() as one,
            listener() as two,
        ):
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
