"""The first process of a box: starts the command, speaks with the supervisor, forwards signals, reaps.

It leads the box's session, as a shell would, and the command leads a group of its own in it: so the command
can be stopped and go on, by a terminal or without one. When the command ends it ends, and the kernel takes
everything along that the command left. Nobody within can read, trace or signal it: the kernel keeps signals
from the first process of a namespace that it has no handler for.

Source: pid_namespaces(7), credentials(7), termios(3) on orphaned process groups.
"""

import errno
import json
import os
import select
import signal
import socket
import time
from types import FrameType
from typing import NoReturn

from ringfence.sandbox.linux import kernel
from ringfence.sandbox.linux.command import MESSAGE_BYTES, TAKEN, become
from ringfence.sandbox.linux.failing import NotHad, making
from ringfence.sandbox.linux.order import Order
from ringfence.sandbox.linux.telling import Status, failure

__all__ = ["tend"]

_HOUR_S = 3600.0  # waited at one time
_LATE_S = 10.0  # more than a supervisor leaves between asking a command to end and ending it


def tend(order: Order, status: Status, terminal: int | None) -> NoReturn:
    """Starts the command once the supervisor says so, and ends with it.

    `terminal` is the command's end of the box's own.
    """
    ended = _hear_of_children()
    try:
        command, link = _fork(order, terminal)
        if _agreed(status, link) and _started(status, link, command):
            _watch(status, command, terminal, ended, order.plan.limits.wall_s)
    except NotHad as error:
        status.say("failed", failure(error))
    os._exit(0)


def _fork(order: Order, terminal: int | None) -> tuple[int, socket.socket]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with making(None, "start the command's process"):
        command, pidfd = kernel.clone()
    if command == 0:
        become(order, theirs.fileno(), terminal)
    os.close(pidfd)
    theirs.close()
    for stream in order.streams:
        if stream is not None:
            os.close(stream)
    os.setpgid(command, command)  # it waits for us before it executes anything
    if terminal is not None:
        os.tcsetpgrp(terminal, command)
    return command, ours


def _agreed(status: Status, link: socket.socket) -> bool:
    """Whether its process has proved the layers and was given the command, and the supervisor says go."""
    standing = status.standing()  # while the other process tries the layers
    said = link.recv(MESSAGE_BYTES)
    if not said:
        raise NotHad(None, errno.ECHILD, "the command's process ended before it had tried the layers")
    if said.startswith(b"{"):
        status.say("failed", json.loads(said))
        return False
    status.ready(standing, said)
    command = status.command()
    if command is None:
        return False
    socket.send_fds(link, [b"command"], [command])
    os.close(command)
    return status.order() == {"go": True}


def _started(status: Status, link: socket.socket, command: int) -> bool:
    link.send(b"go")
    code = link.recv(MESSAGE_BYTES)  # nothing: executing closed the other end
    if code:
        status.say("not_run", int(code))
        return False
    link.close()
    status.say("running", command)
    return True


def _watch(status: Status, command: int, terminal: int | None, ended: int, wall_s: int | None) -> None:
    """Until the command has ended, the supervisor is gone, or its time is long over.

    A supervisor ends a box in time, unless it is stopped: that a command can bring about by stopping.
    """
    poll = select.poll()
    poll.register(status, select.POLLIN)
    poll.register(ended, select.POLLIN)
    until = None if wall_s is None else time.monotonic() + wall_s + _LATE_S
    while _reap(status, command):
        left = None if until is None else until - time.monotonic()
        if left is not None and left <= 0:
            return
        for fd, _ in poll.poll(None if left is None else min(left, _HOUR_S) * 1000):
            if fd == ended:
                os.read(ended, 4096)
            elif not _obey(status.order(), status, command, terminal):
                return


def _reap(status: Status, command: int) -> bool:
    """Takes note of every child that ended or stopped; False once the command has ended."""
    while True:
        try:
            pid, how = os.waitpid(-1, os.WNOHANG | os.WUNTRACED)
        except ChildProcessError:
            return True
        if pid == 0:
            return True
        if pid != command:
            continue
        if os.WIFSTOPPED(how):
            status.say("stopped", os.WSTOPSIG(how))
        else:
            status.say("ended", how)
            return False


def _obey(order: dict[str, object] | None, status: Status, command: int, terminal: int | None) -> bool:
    """False where the supervisor is gone."""
    match order:
        case {"signal": int(number)} if 0 < number < signal.NSIG:
            _send(number, command, terminal)
        case {"continue": True}:
            _send(signal.SIGCONT, command, terminal)
        case {"socket": int(family)}:
            _hand_out(status, family)
        case None:
            return False
    return True


def _hand_out(status: Status, family: int) -> None:
    """A socket of the box's network, not connected, for the supervisor; or that there is none such."""
    try:
        with socket.socket(family, socket.SOCK_STREAM) as made:
            status.say("socket", True, made.fileno())
    except OSError:
        status.say("socket", False)


def _send(number: int, command: int, terminal: int | None) -> None:
    """To the foreground group: the command's own, unless it is a shell that put another there."""
    group = command
    if terminal is not None:
        try:
            group = os.tcgetpgrp(terminal)
        except OSError:  # hung up
            group = command
    try:
        os.killpg(group if group > 1 else command, number)
    except ProcessLookupError:
        return


def _hear_of_children() -> int:
    """A descriptor that is readable after a child ended or stopped."""
    read, write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    for number in TAKEN:
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, _heard)
    signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    return read


def _heard(_number: int, _frame: FrameType | None) -> None:
    """Python then writes to the descriptor."""
