"""The broker's process: nobody reads its memory, and it ends when the daemon does."""

import asyncio
import mmap
import socket
import sys
from collections.abc import Callable

from ringfence.core.errors import RingfenceError
from ringfence.core.garbage import leave_alone
from ringfence.egress.broker.blame import tasks_with_names
from ringfence.egress.broker.house import House
from ringfence.egress.broker.serving import Broker
from ringfence.egress.channel import Channel

__all__ = ["MemorySeen", "run"]


class MemorySeen(RingfenceError):
    """Other programs of the user could read this process's memory, and with it secrets."""


def run(
    daemon_socket: socket.socket,
    proxy_socket: socket.socket | None,
    *,
    open_house: Callable[[], House],
    page: mmap.mmap | None = None,
) -> None:
    """Answers both until the daemon is gone. Nothing is opened before this process's memory is hidden.

    `page` is where the daemon reads whose work it was that this process died of.

    Raises:
        MemorySeen: it cannot be hidden.
        RingfenceError: what it needs cannot be opened.
        BadMessage: the daemon sent what is no message.
    """
    _hide()
    house = open_house()
    leave_alone()
    try:
        with asyncio.Runner(loop_factory=_loop) as runner:
            if page is not None:
                tasks_with_names(runner.get_loop(), page)
            runner.run(_serve(daemon_socket, proxy_socket, house, page))
    finally:
        house.blocking.shutdown()  # records may wait there


async def _serve(
    daemon: socket.socket, proxy: socket.socket | None, house: House, page: mmap.mmap | None
) -> None:
    broker = Broker(house=house, page=page)
    if proxy is not None:
        broker.stand_in(proxy)
    watching = asyncio.create_task(broker.watch())
    try:
        await Channel(daemon, broker.daemon_asks).run()
    finally:
        watching.cancel()
        await broker.end()
        await asyncio.gather(watching, return_exceptions=True)


def _hide() -> None:
    if sys.platform != "linux":
        raise MemorySeen("the broker runs on Linux alone", hint="use a machine with Linux")
    from ringfence.vault.linux.memory import hide_memory

    if not hide_memory():
        raise MemorySeen(
            "other programs of yours could read the broker's memory", hint="does prctl work here?"
        )


def _loop() -> asyncio.AbstractEventLoop:
    import uvloop

    return uvloop.new_event_loop()
