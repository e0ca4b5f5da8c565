"""Forks the launcher: once what both sides need is imported, and before anything is that one alone needs.

The rest each imports by itself, at the same time; so the launcher stays small, and each box is a copy of it.

Source: fork(2).
"""

import os
import signal
import socket

__all__ = ["CHANNEL", "fork_server"]

CHANNEL = 3
"""Where the launcher has its socket."""


def fork_server() -> tuple[int, socket.socket]:
    """The launcher's process and the socket to it.

    Raises:
        OSError: no process can be had.
    """
    from ringfence.sandbox import framing, plan_json  # noqa: F401
    from ringfence.sandbox.linux import kernel  # noqa: F401
    from ringfence.sandbox.linux.seccomp import calls  # noqa: F401

    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    pid = os.fork()
    if pid:
        theirs.close()
        return pid, ours
    try:
        _leave_everything(theirs.fileno())
        from ringfence.sandbox import serving

        serving.serve(socket.socket(fileno=CHANNEL))
    finally:
        os._exit(0)


def _leave_everything(channel: int) -> None:
    """Only the channel stays of what the process that forked this one had open."""
    null = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(null, number)
    os.dup2(channel, CHANNEL, inheritable=False)
    os.closerange(CHANNEL + 1, 2**31 - 1)
    os.setsid()
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals():
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps boxes; their pidfds say when
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
