"""Messages that are handled as they are read, without a task of their own."""

import asyncio
import socket
from collections.abc import Sequence

from ringfence.egress.channel import Answer, Channel, Steps
from ringfence.egress.messages import Dial, Gone, Refused, Welcome
from ringfence.egress.wire import Message, encode
from ringfence.sandbox.framing import send

_NO = Refused(what="no", hint="no")


def _heard(*numbers: int, fails: int = 0, waits: int = 0) -> tuple[list[object], list[object]]:
    """What becomes of questions that come in one piece: who has a task at first, and the answers in order."""
    tasks: list[object] = []
    answers: list[object] = []

    async def handle(message: Message, _fds: Sequence[int]) -> Answer:
        assert isinstance(message, Dial)
        tasks.append(asyncio.current_task() is not None)
        if message.connection == fails:
            raise AssertionError("of the test's own")
        if message.connection == waits:
            await asyncio.sleep(0)
            async with asyncio.timeout(20):
                await asyncio.sleep(0)
        return Welcome(connection=message.connection), ()

    async def play() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, _what: None)
        one, other = socket.socketpair()
        asks, other_end = Channel(one, handle), Channel(other, handle, prompt=(Dial,))
        running = [asyncio.create_task(each.run()) for each in (asks, other_end)]

        async def ask(number: int) -> None:
            answer, _ = await asks.ask(Dial(connection=number))
            answers.append(answer.connection if isinstance(answer, Welcome) else answer)

        await asyncio.wait_for(asyncio.gather(*map(ask, numbers)), 20)
        asks.close()
        await asyncio.gather(*running)

    asyncio.run(play())
    return tasks, answers


def test_what_does_not_wait_has_no_task() -> None:
    assert _heard(1, 2, 3) == ([False, False, False], [1, 2, 3])


def test_what_waits_goes_on_in_a_task_and_holds_nobody_up() -> None:
    assert _heard(1, 2, waits=1) == ([False, False], [2, 1])


def test_what_fails_is_answered_and_what_was_read_behind_it_as_well() -> None:
    _, answers = _heard(1, 2, 3, fails=1)
    assert (type(answers[0]), answers[1:]) == (Refused, [2, 3])


def test_steps_are_taken_in_what_they_are_named_by() -> None:
    named: list[str] = []

    class Named(Steps):
        def __init__(self, steps: Steps) -> None:
            self._steps = steps

        def send(self, value: object) -> object:
            named.append("steps")
            return self._steps.send(value)

        def throw(self, *what: object) -> object:
            return self._steps.throw(*what)  # type: ignore[call-overload]

        def close(self) -> None:
            self._steps.close()

        def __await__(self) -> object:  # type: ignore[override]
            return self._steps.__await__()

    async def handle(_message: Message, _fds: Sequence[int]) -> Answer:
        named.append("handled")
        return None, ()

    async def play() -> None:
        here, there = socket.socketpair()
        channel = Channel(here, handle, prompt=(Gone,), named=Named)
        running = asyncio.create_task(channel.run())
        with there:
            for message in (Gone(connection=1), Dial(connection=2)):
                send(there, encode(message, 0, False))
        await asyncio.wait_for(running, 20)

    asyncio.run(play())
    assert named == ["steps", "handled", "handled"]
