"""`python -m bench.egress_peers.house PORT CA OUTPUT [HOME]`: our proxy, with a broker that dials PORT.

The broker is ringfence's own, with the door, the ledger and the policy of HOME; without HOME one that allows
all. OUTPUT gets the certificate that clients have to trust.
"""

import asyncio
import json
import os
import socket
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import uvloop

from ringfence.egress.authority import make_authority
from ringfence.egress.channel import Answer, Channel
from ringfence.egress.messages import (
    Arrive,
    Ask,
    Dial,
    Dialled,
    Leg,
    OpenSession,
    Proceed,
    Serve,
    Serving,
    SessionOpened,
    SocketKind,
    Welcome,
)
from ringfence.egress.proxy.main import run
from ringfence.egress.wire import Message
from ringfence.wiring.broker import broker

_SESSION = "bench"


class _Yes:
    """Says so to everything."""

    def __init__(self, port: int, ca_pem: str) -> None:
        self._port, self._ca_pem = port, ca_pem
        self._numbers = count(1)

    async def handle(self, message: Message, fds: Sequence[int]) -> Answer:
        """Yes."""
        del fds
        match message:
            case Arrive():
                dialled, fds = await self._dialled()
                welcome = Welcome(connection=next(self._numbers), ahead=True, told=True, dialled=dialled)
                return welcome, fds
            case Ask():
                return Proceed(exchange=next(self._numbers), leg=Leg.PLAIN), ()
            case Dial():
                return await self._dialled()
        return None, ()

    async def _dialled(self) -> tuple[Dialled, Sequence[int]]:
        connected = socket.socket()
        connected.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connected, ("127.0.0.1", self._port))
        dialled = Dialled(tls=True, server_name="localhost", ca_pem=self._ca_pem)
        return dialled, (connected.detach(),)


async def _nothing(message: Message, fds: Sequence[int]) -> Answer:
    raise AssertionError(message, fds)


async def _allow_all(proxy: socket.socket, port: int, ca_file: Path) -> None:
    await Channel(proxy, _Yes(port, ca_file.read_text()).handle).run()


async def _serve(proxy: socket.socket, broker: socket.socket, output: Path, pids: list[int]) -> None:
    """Is the daemon."""
    serving, opening = Channel(proxy, _nothing), Channel(broker, _nothing)
    parts = [asyncio.ensure_future(each.run()) for each in (serving, opening)]
    if len(pids) > 1:
        answer, _ = await opening.ask(OpenSession(session=_SESSION, agent="bench", folder="/"))
        assert isinstance(answer, SessionOpened), answer
    authority = make_authority(_SESSION, datetime.now(UTC))
    output.write_text(authority.certificate_pem)
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    message = Serve(
        session=_SESSION,
        certificate_pem=authority.certificate_pem,
        key_pem=authority.key_pem,
        sockets=(SocketKind.PROXY,),
    )
    answer, _ = await serving.ask(message, [listener.fileno()])
    assert isinstance(answer, Serving), answer
    print(json.dumps({"port": listener.getsockname()[1], "pids": pids}), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    for each in parts:
        each.cancel()
    serving.close()
    opening.close()


def _child(be: Callable[[], None], *others: socket.socket) -> int:
    child = os.fork()
    if not child:
        for each in others:
            each.close()
        be()
        os._exit(0)
    return child


def main() -> None:
    """Until its standard input ends."""
    port, ca_file, output = int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
    to_proxy, of_proxy = socket.socketpair()
    to_broker, of_broker = socket.socketpair()
    ours, theirs = socket.socketpair()  # between the two

    def be_broker() -> None:
        if len(sys.argv) > 4:
            broker(of_broker, theirs, {"HOME": sys.argv[4]})
        else:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(_allow_all(theirs, port, ca_file))

    pids = [_child(lambda: run(of_proxy, ours), to_proxy, to_broker, of_broker, theirs)]
    pids.append(_child(be_broker, to_proxy, to_broker, of_proxy, ours))
    for each in (of_proxy, of_broker, ours, theirs):
        each.close()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        shown = pids if len(sys.argv) > 4 else pids[:1]
        runner.run(_serve(to_proxy, to_broker, output, shown))
    for pid in pids:
        os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
