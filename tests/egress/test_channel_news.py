"""News that nobody waits for, on a channel."""

import asyncio
import os
import socket
from collections.abc import Sequence

from ringfence.egress.channel import Answer, Channel
from ringfence.egress.messages import Dial, Done, Gone, Refused, Tell, Trouble
from ringfence.egress.wire import Message


async def _heard(*, asks: bool, fds: Sequence[int] = ()) -> list[tuple[Message, int]]:
    """What one end hears of two pieces of news and a message behind them, with how many descriptors."""
    here, there = socket.socketpair()
    heard: list[tuple[Message, int]] = []
    all_there = asyncio.Event()

    async def handle(message: Message, beside: Sequence[int]) -> Answer:
        for fd in beside:
            os.close(fd)
        heard.append((message, len(beside)))
        if len(heard) == 3:
            all_there.set()
        return (Refused(what="no", hint="no") if isinstance(message, Dial) else None), ()

    one, other = Channel(here, handle), Channel(there, handle)
    tasks = [asyncio.create_task(each.run()) for each in (one, other)]
    for number in (1, 2):
        one.tell_soon(Done(exchange=number))
    assert heard == []
    if asks:
        await one.ask(Dial(connection=3), fds)
    else:
        one.tell_soon(Gone(connection=3))
    await all_there.wait()
    one.close()
    await asyncio.gather(*tasks)
    return heard


def test_news_go_before_the_next_message_in_their_order() -> None:
    assert asyncio.run(_heard(asks=True)) == [
        (Done(exchange=1), 0),
        (Done(exchange=2), 0),
        (Dial(connection=3), 0),
    ]


def test_descriptors_stay_with_their_own_message() -> None:
    read, write = os.pipe()
    try:
        heard = asyncio.run(_heard(asks=True, fds=[read]))
    finally:
        os.close(read)
        os.close(write)
    assert heard == [(Done(exchange=1), 0), (Done(exchange=2), 0), (Dial(connection=3), 1)]


def test_news_go_by_themselves_where_nothing_follows() -> None:
    assert asyncio.run(_heard(asks=False)) == [
        (Done(exchange=1), 0),
        (Done(exchange=2), 0),
        (Gone(connection=3), 0),
    ]


def test_what_the_other_end_said_is_heard_before_it_is_ended() -> None:
    heard: list[Message] = []

    async def handle(message: Message, _fds: Sequence[int]) -> Answer:
        heard.append(message)
        if message == Gone(connection=1):
            raise AssertionError("of the test's own")
        return None, ()

    async def play() -> None:
        failed: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _loop, what: failed.append(what["exception"]))
        here, there = socket.socketpair()
        one, other = Channel(here, handle), Channel(there, handle, prompt=(Gone,))
        running = [asyncio.create_task(each.run()) for each in (one, other)]
        await asyncio.sleep(0)
        for number in (1, 2):
            assert one.tell(Gone(connection=number))
        other.hear_out()
        assert heard == [Gone(connection=1), Gone(connection=2)]
        assert len(failed) == 1
        await asyncio.gather(*running)
        assert not one.tell(Gone(connection=3))
        assert not one.tell_at_once(Gone(connection=4))

    asyncio.run(play())


def test_what_finds_room_for_a_part_of_it_is_not_told_at_once_and_not_later_either() -> None:
    heard: list[Message] = []

    async def handle(message: Message, _fds: Sequence[int]) -> Answer:
        heard.append(message)
        return None, ()

    async def play() -> list[bool]:
        here, there = socket.socketpair()
        here.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)  # the least that there is
        one, other = Channel(here, handle), Channel(there, handle)
        task = asyncio.create_task(other.run())
        long = Tell(session="s", trouble=Trouble.LATE, host="", what="x" * 8_000)
        told = [one.tell_at_once(each) for each in (long, Gone(connection=1))]
        one.close()
        await task
        return told

    assert asyncio.run(play()) == [False, True]
    assert heard == [Gone(connection=1)]
