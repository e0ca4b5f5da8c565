"""The broker's process, to its end: in a thread here, with memory that others may see."""

import asyncio
import dataclasses
import socket
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from broker_scene import Scene, policy
from ringfence.egress.broker import main
from ringfence.egress.broker.house import House
from ringfence.egress.channel import Answer, Channel
from ringfence.egress.messages import OpenSession, SessionOpened, Tell, Trouble
from ringfence.egress.wire import Message
from ringfence.ledger.events.egress_refused import EgressRefused


class _Busy(ThreadPoolExecutor):
    """One thread, which is kept until the executor is shut down."""

    def __init__(self) -> None:
        super().__init__(1)
        self._goes_on = threading.Event()

    def keep(self) -> None:
        """From now on all that comes waits."""
        self.submit(self._goes_on.wait, 60)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        super().shutdown(wait=False, cancel_futures=cancel_futures)
        self._goes_on.set()
        super().shutdown(wait=wait)


async def _nothing(message: Message, fds: Sequence[int]) -> Answer:
    raise AssertionError(message, fds)


def test_what_waits_to_be_recorded_when_the_daemon_goes_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(main, "_hide", lambda: None)
    monkeypatch.setattr(main, "leave_alone", lambda: None)
    scene, busy = Scene(tmp_path, policy(folder=tmp_path)), _Busy()
    ours, theirs = socket.socketpair()

    def house() -> House:
        return dataclasses.replace(scene.house(), blocking=busy)

    async def be_daemon() -> None:
        daemon = Channel(ours, _nothing)
        running = asyncio.create_task(daemon.run())
        opened, _ = await daemon.ask(OpenSession(session="s1", agent="claude", folder=str(tmp_path / "tree")))
        assert isinstance(opened, SessionOpened), opened
        busy.keep()
        daemon.tell(Tell(session="s1", trouble=Trouble.PROTOCOL, host="h", what="w"))
        daemon.close()
        await running

    thread = threading.Thread(target=main.run, args=(theirs, None), kwargs={"open_house": house})
    thread.start()
    asyncio.run(asyncio.wait_for(be_daemon(), 30))
    thread.join(30)
    assert not thread.is_alive()
    found = [each for each in scene.recorded() if isinstance(each, EgressRefused)]
    assert [(each.host.text, each.what.text) for each in found] == [("h", "w")]
    scene.door.ledger.close()
