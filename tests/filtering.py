"""Runs a function in a child under the filter, answers what is told, and hands back what it returned."""

import ctypes
import json
import os
import select
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass

from ringfence.sandbox.linux.seccomp.calls import CALLS
from ringfence.sandbox.linux.seccomp.listening import Refused, answer
from ringfence.sandbox.linux.seccomp.loading import load

__all__ = ["QUIET", "Ended", "in_child", "try_call", "under_filter"]

QUIET = 0x5EED1234
_LIBC = ctypes.PyDLL(None, use_errno=True)
_LIBC.syscall.restype = ctypes.c_long
_PR_SET_NO_NEW_PRIVS = 38


@dataclass(frozen=True)
class Ended:
    """What became of the child."""

    returned: object  # as JSON has it; None where it was killed
    signal: int  # that killed it, or 0
    refused: tuple[Refused, ...] = ()


def try_call(name: str | int, *arguments: int | bytes | None) -> int:
    """What the kernel returns, an error as a number below zero."""
    number = name if isinstance(name, int) else CALLS[name].number(os.uname().machine)
    assert number is not None
    given = [
        ctypes.c_long(a) if isinstance(a, int) else a for a in (*arguments, *(0,) * (6 - len(arguments)))
    ]
    result: int = _LIBC.syscall(ctypes.c_long(number), *given)
    return -ctypes.get_errno() if result < 0 else result


def in_child(function: Callable[[], object], *, prepare: Callable[[], object] = lambda: None) -> Ended:
    """`function` in a fork of this process, after `prepare`."""
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        _child(theirs, function, prepare)
    theirs.close()
    with ours:
        answered = ours.makefile("rb").readline()
    status = os.waitpid(pid, 0)[1]
    killed = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    return Ended(_value(answered), killed)


def under_filter(
    function: Callable[[], object], *, debug: bool = False, prepare: Callable[[], object] = lambda: None
) -> Ended:
    """`function` in a fork of this process that has the filter, its refused calls answered and told."""
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:

        def confined() -> object:
            listener = load(debug=debug, machine=os.uname().machine, quiet=QUIET)
            assert listener is not None
            socket.send_fds(theirs, [b"l"], [listener])
            os.close(listener)
            return function()

        _child(theirs, confined, lambda: (prepare(), no_new_privileges()))
    theirs.close()
    refused: list[Refused] = []
    with ours:
        _, (listener,), _, _ = socket.recv_fds(ours, 1, 1)
        ended = os.pidfd_open(pid)  # older kernels hang up only once its parent has waited for it
        waiting = select.poll()
        for fd in (listener, ended):
            waiting.register(fd, select.POLLIN)
        while (listener, select.POLLIN) in waiting.poll():
            refused += answer(listener, machine=os.uname().machine)
        for fd in (listener, ended):
            os.close(fd)
        answered = ours.makefile("rb").readline()
    status = os.waitpid(pid, 0)[1]
    return Ended(_value(answered), os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0, tuple(refused))


def no_new_privileges() -> None:
    assert try_call("prctl", _PR_SET_NO_NEW_PRIVS, 1) == 0


def _child(theirs: socket.socket, function: Callable[[], object], prepare: Callable[[], object]) -> None:
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(60)  # whatever goes wrong here, the test ends
    said: dict[str, object] = {}
    try:
        prepare()
        said = {"returned": function()}
    finally:
        theirs.sendall(json.dumps(said or {"raised": repr(sys.exc_info()[1])}).encode() + b"\n")
        os._exit(0)


def _value(answered: bytes) -> object:
    if not answered:
        return None
    said = json.loads(answered)
    assert "raised" not in said, said["raised"]
    return said["returned"]
