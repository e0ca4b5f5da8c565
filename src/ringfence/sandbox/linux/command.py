"""The process that becomes the command: takes on what is its alone, tries what must fail, executes.

It has every layer of the box already, from the process it was forked from. What it tries is tried with
exactly what the command will have.
"""

import errno
import json
import os
import signal
import socket
from contextlib import suppress
from typing import NoReturn

from ringfence.sandbox.framing import receive_packet
from ringfence.sandbox.linux import kernel, limits
from ringfence.sandbox.linux.failing import NotHad, making
from ringfence.sandbox.linux.order import Order
from ringfence.sandbox.linux.probe import NotHeld, prove
from ringfence.sandbox.linux.telling import failure
from ringfence.sandbox.plan import Command, Layer
from ringfence.sandbox.plan_json import command_from_json

__all__ = ["MESSAGE_BYTES", "TAKEN", "become"]

TAKEN = (
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTSTP,
    signal.SIGTTOU,
    signal.SIGHUP,
    signal.SIGPIPE,
    signal.SIGCHLD,
)
"""Signals that the box's init ignores or hears; all others are as the launcher made them, the default."""

MESSAGE_BYTES = 128 * 1024  # of what this process says to the box's init
_LINK = 3
_PR_SET_DUMPABLE = 4
_LIKELIER, _MOST_LIKELY = 500, 1000  # of proc_pid_oom_score_adj(5)


def become(order: Order, link: int, terminal: int | None) -> NoReturn:
    """Executes the command that init passes on over `link`, once it says go; ends where it does not."""
    try:
        init = _take_streams(order, link, terminal)
        _go_before_init()
        init.send(_proved(order))
        command = _given(init)
        if init.recv(8) == b"go":
            init.send(str(_execute(command, umask=order.umask)).encode())
    finally:
        os._exit(1)


def _take_streams(order: Order, link: int, terminal: int | None) -> socket.socket:
    """The three are the command's, the link goes when it is executed, and nothing else is open."""
    for number, stream in enumerate(order.streams):
        given = terminal if stream is None else stream
        assert given is not None
        os.dup2(given, number)
    os.dup2(link, _LINK, inheritable=False)
    os.closerange(_LINK + 1, 2**31 - 1)
    return socket.socket(fileno=_LINK)


def _go_before_init() -> None:
    """Where memory runs out the kernel ends the command first, not the init that tells how it ended."""
    kernel.prctl(_PR_SET_DUMPABLE, 1)  # as it is once the command is executed; else the file is root's
    with suppress(OSError):
        score = os.open("/proc/self/oom_score_adj", os.O_RDWR | os.O_CLOEXEC)
        try:
            likelier = min(_MOST_LIKELY, int(os.read(score, 32)) + _LIKELIER)
            os.pwrite(score, str(likelier).encode(), 0)
        finally:
            os.close(score)


def _proved(order: Order) -> bytes:
    """What is said to init: the proofs, or why there are none, as JSON."""
    try:
        with making(Layer.LIMITS, "take on the limits"):
            limits.apply(order.plan.limits, grouped=order.group.memory)
        proofs = prove(order.plan, order.outside, quiet=order.quiet)
        return json.dumps([(each.layer, each.tried, each.result) for each in proofs]).encode()
    except NotHad as error:
        return json.dumps(failure(error)).encode()
    except NotHeld as error:
        failed = NotHad(error.layer, 0, f"{error.tried}: {error.result}")
        return json.dumps(failure(failed)).encode()


def _given(init: socket.socket) -> Command | None:
    """What was decided to be run; None where it is no command."""
    _, fds, _ = receive_packet(init, len("command"), max_fds=1)
    for fd in fds:
        with open(fd, "rb") as file, suppress(ValueError):
            file.seek(0)
            return command_from_json(json.load(file))
    return None


def _execute(command: Command | None, *, umask: int) -> int:
    """The error number, where there is one."""
    if command is None:
        return errno.EINVAL
    for number in TAKEN:
        signal.signal(number, signal.SIG_DFL)
    signal.set_wakeup_fd(-1)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.umask(umask)
    try:
        os.execve(command.program, command.arguments, dict(command.environment))  # noqa: S606
    except OSError as error:
        return error.errno or 0
