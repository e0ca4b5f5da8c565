import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Sequence

import pytest

from ringfence.core.limits import LIMITS
from ringfence.egress.channel import Answer, Channel, ChannelClosed, Handle
from ringfence.egress.messages import CloseSession, Dial, Dialled, Gone, Refused, Serving, Watch, Welcome
from ringfence.egress.wire import BadMessage, Message, decode, encode
from ringfence.sandbox.framing import receive, send

Scene = Callable[[Channel, socket.socket], Awaitable[None]]


async def _nothing(_message: Message, _fds: Sequence[int]) -> Answer:
    return None, ()


def _alone(scene: Scene, handle: Handle = _nothing) -> None:
    """Runs a scene between a channel that is running and the bare socket at its other end."""

    async def play() -> None:
        here, there = socket.socketpair()
        with there:
            channel = Channel(here, handle)
            running = asyncio.create_task(channel.run())
            try:
                await asyncio.wait_for(scene(channel, there), 20)
            finally:
                channel.close()
                await asyncio.gather(running, return_exceptions=True)

    asyncio.run(play())


def _pair(scene: Callable[[Channel, Channel], Awaitable[None]], handle: Handle) -> None:
    async def play() -> None:
        one, other = socket.socketpair()
        asks, answers = Channel(one, _nothing), Channel(other, handle)
        running = [asyncio.create_task(each.run()) for each in (asks, answers)]
        await asyncio.wait_for(scene(asks, answers), 20)
        asks.close()
        await asyncio.gather(*running)

    asyncio.run(play())


def test_answers_come_to_their_questions_in_any_order() -> None:
    waiting: list[asyncio.Event] = []

    async def handle(message: Message, _fds: Sequence[int]) -> Answer:
        assert isinstance(message, Dial)
        if message.connection == 1:
            waiting.append(asyncio.Event())
            await waiting[0].wait()
        else:
            waiting[0].set()
        return Welcome(connection=message.connection), ()

    async def scene(asks: Channel, _answers: Channel) -> None:
        answers = await asyncio.gather(*(asks.ask(Dial(connection=each)) for each in (1, 2, 3)))
        assert answers == [(Welcome(connection=each), []) for each in (1, 2, 3)]

    _pair(scene, handle)


def test_descriptors_arrive_with_the_message_that_they_were_sent_with() -> None:
    """Many messages in one read, some with descriptors, some long."""
    got: list[tuple[str, list[bytes]]] = []
    done = asyncio.Event()

    async def handle(message: Message, fds: Sequence[int]) -> Answer:
        assert isinstance(message, Watch)
        got.append((message.session[:3], []))
        for fd in fds:
            with os.fdopen(fd, "rb") as pipe:
                got[-1][1].append(pipe.read())
        if message.session == "end":
            done.set()
        return None, ()

    def pipe_with(text: bytes) -> int:
        reads, writes = os.pipe()
        os.write(writes, text)
        os.close(writes)
        return reads

    async def scene(asks: Channel, _answers: Channel) -> None:
        for name, texts in (
            ("one", [b"1"]),
            ("two", []),
            ("big", [b"2", b"3"]),
            ("six", []),
            ("end", [b"4"]),
        ):
            fds = [pipe_with(each) for each in texts]
            asks.tell(Watch(session=name + "x" * (300_000 if name == "big" else 0)), fds)
            for fd in fds:
                os.close(fd)
        await asyncio.wait_for(done.wait(), 20)

    _pair(scene, handle)
    assert got == [("one", [b"1"]), ("two", []), ("big", [b"2", b"3"]), ("six", []), ("end", [b"4"])]


def test_a_process_that_is_not_asynchronous_speaks_it_with_the_framing_of_boxes() -> None:
    async def handle(message: Message, fds: Sequence[int]) -> Answer:
        for fd in fds:
            os.close(fd)
        return Dialled(tls=False, server_name=str(len(fds))), (os.open("/", os.O_RDONLY),)

    async def scene(_channel: Channel, there: socket.socket) -> None:
        def talk() -> tuple[bytes | None, list[int]]:
            with socket.socket() as any_:
                send(there, encode(Dial(connection=4), 8, False), [any_.fileno(), any_.fileno()])
            return receive(there, max_fds=4)

        document, fds = await asyncio.to_thread(talk)
        assert document is not None
        assert decode(document) == (Dialled(tls=False, server_name="2"), 8, True)
        assert [os.path.isdir(f"/proc/self/fd/{fd}") for fd in fds] == [True]
        assert not os.get_inheritable(fds[0])
        os.close(fds[0])

    _alone(scene, handle)


def test_open_questions_end_when_the_other_end_goes() -> None:
    async def scene(channel: Channel, there: socket.socket) -> None:
        asked = asyncio.create_task(channel.ask(Dial(connection=1)))
        await asyncio.to_thread(there.recv, 1)
        there.close()
        with pytest.raises(ChannelClosed):
            await asked
        with pytest.raises(ChannelClosed):
            await channel.ask(Dial(connection=2))

    _alone(scene)


def test_questions_that_are_being_answered_end_when_the_other_end_goes() -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    async def handle(_message: Message, _fds: Sequence[int]) -> Answer:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return None, ()

    async def scene(_channel: Channel, there: socket.socket) -> None:
        send(there, encode(Dial(connection=1), 1, False))
        await began.wait()
        there.close()
        await ended.wait()

    _alone(scene, handle)


def test_a_question_at_which_we_fail_is_refused_and_others_are_answered() -> None:
    async def handle(message: Message, _fds: Sequence[int]) -> Answer:
        assert isinstance(message, Dial)
        return Welcome(connection=10 // message.connection), ()

    async def scene(asks: Channel, _answers: Channel) -> None:
        failures: list[object] = []
        asyncio.get_running_loop().set_exception_handler(
            lambda _loop, what: failures.append(what["exception"])
        )
        answer, _ = await asks.ask(Dial(connection=0))
        assert isinstance(answer, Refused) and answer.status == 502
        assert await asks.ask(Dial(connection=5)) == (Welcome(connection=2), [])
        assert [type(each) for each in failures] == [ZeroDivisionError]

    _pair(scene, handle)


@pytest.mark.parametrize(
    "data",
    [
        b"\0\0\0\x02{}",
        b"\xff\xff\xff\xff",
        (LIMITS.channel_bytes + 1).to_bytes(4),
        b"\0\0\0\x04nul",
        b"\0\0",
    ],
)
def test_what_is_no_message_ends_the_channel(data: bytes) -> None:
    async def play() -> None:
        here, there = socket.socketpair()
        with there:
            running = asyncio.create_task(Channel(here, _nothing).run())
            there.sendall(data)
            there.shutdown(socket.SHUT_WR)
            with pytest.raises(BadMessage):
                await asyncio.wait_for(running, 20)

    asyncio.run(play())


def test_descriptors_beside_no_message_are_closed_and_end_the_channel() -> None:
    async def answered(_message: Message, _fds: Sequence[int]) -> Answer:
        return Welcome(connection=1), ()

    async def play() -> None:
        here, there = socket.socketpair()
        reads, writes = os.pipe()
        with there:
            running = asyncio.create_task(Channel(here, answered).run())
            whole = encode(Gone(connection=1), 0, False)
            send(there, encode(Dial(connection=1), 1, False))
            there.sendall(len(whole).to_bytes(4) + whole[:5])
            await asyncio.to_thread(receive, there, max_fds=0)  # all that was sent was read
            socket.send_fds(there, [whole[5:]], [writes])
            os.close(writes)
            with pytest.raises(BadMessage):
                await asyncio.wait_for(running, 20)
        assert os.read(reads, 1) == b""
        os.close(reads)

    asyncio.run(play())


def test_an_end_that_does_not_read_is_given_up() -> None:
    async def play() -> None:
        here, there = socket.socketpair()
        with there:
            channel = Channel(here, _nothing)
            running = asyncio.create_task(channel.run())
            for _ in range(2 + LIMITS.channel_queued_bytes // 8_000_000):
                channel.tell(CloseSession(session="x" * 8_000_000))
            with pytest.raises(BadMessage):
                await asyncio.wait_for(running, 20)

    asyncio.run(play())


def test_descriptors_that_wait_for_room_still_arrive() -> None:
    async def scene(channel: Channel, there: socket.socket) -> None:
        reads, writes = os.pipe()
        channel.tell(CloseSession(session="x" * 3_000_000))
        channel.tell(Serving(session="s"), [writes])
        os.close(writes)

        def take() -> list[int]:
            receive(there, max_fds=1)
            document, fds = receive(there, max_fds=1)
            assert document is not None
            assert decode(document) == (Serving(session="s"), 0, False)
            return fds

        (fd,) = await asyncio.to_thread(take)
        os.write(fd, b"whole")
        os.close(fd)
        assert os.read(reads, 10) == b"whole"
        os.close(reads)

    _alone(scene)
