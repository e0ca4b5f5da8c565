"""The daemon's own processes: forked, spoken with over one socket each, ended.

Source: fork(2), pidfd_open(2).
"""

import gc
import os
import select
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import field
from typing import NoReturn

from ringfence.core.dataclass import dataclass
from ringfence.core.errors import RingfenceError
from ringfence.daemon.control import Inbox, put
from ringfence.egress.wire import Message, decode, encode

__all__ = ["Child", "be_child", "fork_child"]

_ENDS_WITHIN_MS = 5_000  # what it records last
_FIRST = 3


@dataclass(slots=True, kw_only=True)
class Child:
    """One that runs. `ask` numbers what is asked; the answer comes with that number from `read`."""

    pid: int
    pidfd: int
    channel: socket.socket
    inbox: Inbox = field(init=False)
    asked: int = 0

    def __post_init__(self) -> None:
        self.inbox = Inbox(self.channel, max_fds=0)

    def ask(self, message: Message, fds: Sequence[int] = ()) -> int:
        """Sends a question; its number. A child that is gone or does not read is found by its descriptors.

        Raises:
            OSError: there is nobody.
        """
        self.asked += 1
        put(self.channel, encode(message, self.asked, False), fds)
        return self.asked

    def tell(self, message: Message, fds: Sequence[int] = ()) -> None:
        """Sends what is not answered.

        Raises:
            OSError: there is nobody.
        """
        put(self.channel, encode(message, 0, False), fds)

    def read(self) -> tuple[Message, int] | None:
        """An answer and its question's number; None where nothing is whole yet.

        Raises:
            OSError: there is nobody.
            BadMessage: it sent what is no answer.
        """
        found = self.inbox.read()
        if found is None:
            return None
        message, number, _ = decode(found[0])
        return message, number

    def end(self, *, at_once: bool) -> None:
        """Ends it and waits for that. One that is not to end at once may record what it has to."""
        self.channel.close()
        ended = select.poll()
        ended.register(self.pidfd, select.POLLIN)
        if at_once or not ended.poll(_ENDS_WITHIN_MS):
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
            ended.poll()
        with suppress(ChildProcessError):  # it is another process's child
            os.waitid(os.P_PIDFD, self.pidfd, os.WEXITED)
        os.close(self.pidfd)


def fork_child(be: Callable[[socket.socket], None], *, keeps: Sequence[int] = ()) -> Child:
    """A process that is `be`, with its socket to this one, which must have one thread.

    Of what this process has open it gets the descriptors that it `keeps`, and nothing else.

    Raises:
        OSError: no process can be had.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with theirs:
        # What a handler raises while Python calls what is registered for forks is lost, and with it the wish.
        held = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        try:
            pid = os.fork()
        except BaseException:
            ours.close()
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, held)
        if not pid:
            be_child(lambda: be(theirs), keeps=(theirs.fileno(), *keeps))
    return Child(pid=pid, pidfd=os.pidfd_open(pid), channel=ours)


def be_child(be: Callable[[], None], *, keeps: Sequence[int]) -> NoReturn:
    """Is a new process until `be` returns: what the frames above would do on their way is not its."""
    status = 1
    try:
        _leave_everything(*keeps)
        be()
        status = 0
    except RingfenceError as error:
        sys.stderr.write(f"ringfence: {error.what}\n")
    except BaseException:  # noqa: BLE001 - nobody above is left to say it
        traceback.print_exc()
    finally:
        with suppress(OSError):
            sys.stderr.flush()
        os._exit(status)


def _leave_everything(*kept: int) -> None:
    """Of what the daemon has open only these stay, and where errors are written."""
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    begin = _FIRST
    for each in sorted(kept):
        os.closerange(begin, each)
        begin = each + 1
    os.closerange(begin, 2**31 - 1)
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals():
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            with suppress(OSError):
                signal.signal(number, signal.SIG_DFL)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # as Python has them: each is an error of the call
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    gc.freeze()  # the daemon's own sockets are closed by number, and are not to be closed once more
