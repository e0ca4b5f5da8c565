"""Real ptys: what is typed arrives, what is written is shown, nothing is lost when the box ends."""

import os
import pty
import select
import tty
from collections.abc import Callable, Iterable, Iterator

import pytest

from ringfence.sandbox.terminal.relay import Relay


class Ptys:
    """Of the user: `hand` types and sees, `user` is what the relay has. Of the box: `master`, `slave`."""

    def __init__(self) -> None:
        self.hand, self.user = pty.openpty()
        self.master, self.slave = pty.openpty()
        for fd in (self.user, self.slave):
            tty.setraw(fd)
        for fd in (self.hand, self.slave):
            os.set_blocking(fd, False)
        self._typed, self._seen, self._open = b"", b"", True

    def typed(self) -> bytes:
        """What the box has got."""
        self._typed += _read(self.slave)
        return self._typed

    def seen(self) -> bytes:
        """What the user has seen."""
        self._seen += _read(self.hand)
        return self._seen

    def box_ends(self, relay: Relay) -> None:
        """It is gone, and its master with it when the relay has finished."""
        os.close(self.slave)
        relay.finish()
        self._open = False

    def close(self) -> None:
        for fd in (self.hand, self.user, *((self.master, self.slave) if self._open else ())):
            os.close(fd)


@pytest.fixture
def ptys() -> Iterator[Ptys]:
    made = Ptys()
    yield made
    made.close()


def test_what_is_typed_reaches_the_box_and_what_it_writes_the_screen(ptys: Ptys) -> None:
    relay = Relay(ptys.master, keys=ptys.user, screen=ptys.user)
    os.write(ptys.hand, b"hello\x03")
    _move(relay, until=lambda: b"hello" in ptys.typed())
    os.write(ptys.slave, b"out \x1b]52;c;eA==\x07put\n")
    _move(relay, until=lambda: b"out put" in ptys.seen())
    assert relay.escapes.dropped["OSC 52 (clipboard)"] == 1


def test_all_that_was_written_is_shown_although_the_box_is_gone(ptys: Ptys) -> None:
    relay = Relay(ptys.master, keys=None, screen=ptys.user)
    os.write(ptys.slave, b"last words\x1b[?25l")
    ptys.box_ends(relay)
    assert ptys.seen() == b"last words\x1b[?25l\x1b[?25h\x1b(B\x1b[0m\x1b>"


def test_keys_that_nobody_reads_are_taken_no_further_than_the_buffer(ptys: Ptys) -> None:
    relay = Relay(ptys.master, keys=ptys.user, screen=ptys.user)
    for _ in range(200):
        os.write(ptys.hand, b"x" * 1024)
        readable, _ = _ready([ptys.user], [])
        if ptys.user not in relay.reads():
            break
        relay.ready(readable=readable, writable=set())
    assert ptys.user not in relay.reads()


def _read(fd: int) -> bytes:
    try:
        return os.read(fd, 65536)
    except BlockingIOError:
        return b""


def _move(relay: Relay, *, until: Callable[[], bool]) -> None:
    for _ in range(100):
        if until():
            return
        readable, writable = _ready(relay.reads(), relay.writes())
        assert readable or writable, "nothing moves"
        relay.ready(readable=readable, writable=writable)
    raise AssertionError("it has not arrived")


def _ready(reads: Iterable[int], writes: Iterable[int]) -> tuple[set[int], set[int]]:
    """What can be read and written by now; a poll, as `select` takes no descriptor above 1023."""
    wanted = dict.fromkeys(reads, select.POLLIN)
    for fd in writes:
        wanted[fd] = wanted.get(fd, 0) | select.POLLOUT
    poll = select.poll()
    for fd, events in wanted.items():
        poll.register(fd, events)
    found = dict(poll.poll(5000))
    return (
        {fd for fd, events in found.items() if events & ~select.POLLOUT},
        {fd for fd, events in found.items() if events & select.POLLOUT},
    )
