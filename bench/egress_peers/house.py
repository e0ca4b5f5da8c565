"""`python -m bench.egress_peers.house PORT CA OUTPUT`: our proxy, and a broker that allows all, dials PORT.

OUTPUT gets the certificate that clients have to trust.
"""

import asyncio
import json
import os
import socket
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import uvloop

from ringfence.egress.authority import make_authority
from ringfence.egress.channel import Answer, Channel
from ringfence.egress.messages import Arrive, Ask, Dial, Dialled, Leg, Proceed, Serve, SocketKind, Welcome
from ringfence.egress.proxy.main import run
from ringfence.egress.wire import Message


class _Broker:
    def __init__(self, port: int, ca_pem: str) -> None:
        self._port, self._ca_pem = port, ca_pem
        self._numbers = count(1)

    async def handle(self, message: Message, fds: Sequence[int]) -> Answer:
        """Yes."""
        del fds
        match message:
            case Arrive():
                return Welcome(connection=next(self._numbers)), ()
            case Ask():
                return Proceed(exchange=next(self._numbers), leg=Leg.PLAIN), ()
            case Dial():
                connected = socket.socket()
                connected.setblocking(False)
                await asyncio.get_running_loop().sock_connect(connected, ("127.0.0.1", self._port))
                dialled = Dialled(tls=True, server_name="localhost", ca_pem=self._ca_pem)
                return dialled, (connected.detach(),)
        return None, ()


async def _nothing(message: Message, fds: Sequence[int]) -> Answer:
    raise AssertionError(message, fds)


async def _serve(daemon: socket.socket, broker: socket.socket, proxy: int) -> None:
    port, ca_file, output = int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
    answering = Channel(broker, _Broker(port, ca_file.read_text()).handle)
    serving = Channel(daemon, _nothing)
    parts = [asyncio.ensure_future(each.run()) for each in (answering, serving)]
    authority = make_authority("bench", datetime.now(UTC))
    output.write_text(authority.certificate_pem)
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    message = Serve(
        session="bench",
        certificate_pem=authority.certificate_pem,
        key_pem=authority.key_pem,
        sockets=(SocketKind.PROXY,),
    )
    await serving.ask(message, [listener.fileno()])
    print(json.dumps({"port": listener.getsockname()[1], "pids": [proxy]}), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    for each in parts:
        each.cancel()
    serving.close()
    answering.close()


def main() -> None:
    """Until its standard input ends."""
    daemon, broker = socket.socketpair(), socket.socketpair()
    child = os.fork()
    if not child:
        daemon[0].close()
        broker[0].close()
        run(daemon[1], broker[1])
        os._exit(0)
    daemon[1].close()
    broker[1].close()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(daemon[0], broker[0], child))
    os.waitpid(child, 0)


if __name__ == "__main__":
    main()
