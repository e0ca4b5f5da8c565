"""The process that becomes the command: takes on what is its alone, tries what must fail, executes.

It has every layer of the box already, from the process it was forked from. What it tries is tried with
exactly what the command will have.
"""

import json
import os
import signal
import socket
from dataclasses import asdict
from typing import NoReturn

from ringfence.sandbox.linux import limits
from ringfence.sandbox.linux.failing import NotHad, making
from ringfence.sandbox.linux.order import Order
from ringfence.sandbox.linux.probe import NotHeld, prove
from ringfence.sandbox.linux.telling import failure
from ringfence.sandbox.plan import Layer

__all__ = ["MESSAGE_BYTES", "become"]

MESSAGE_BYTES = 128 * 1024  # of what this process says to the box's init
_LINK = 3


def become(order: Order, link: int, terminal: int | None) -> NoReturn:
    """Executes the command once the box's init says so over `link`; ends where it does not."""
    try:
        init = _take_streams(order, link, terminal)
        init.send(json.dumps(_proved(order)).encode())
        if init.recv(8) == b"go":
            init.send(str(_execute(order)).encode())
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


def _proved(order: Order) -> dict[str, object]:
    """What is said to init: `ready` with the proofs, or `failed`."""
    try:
        with making(Layer.LIMITS, "take on the limits"):
            limits.apply(order.plan.limits, grouped=order.group.memory)
        return {"ready": [asdict(each) for each in prove(order.plan, order.outside, quiet=order.quiet)]}
    except NotHad as error:
        return {"failed": failure(error)}
    except NotHeld as error:
        return {"failed": {"layer": error.layer, "errno": 0, "what": f"{error.tried}: {error.result}"}}


def _execute(order: Order) -> int:
    """The error number, where there is one."""
    for number in signal.valid_signals():
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(number, signal.SIG_DFL)
    signal.set_wakeup_fd(-1)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.umask(order.umask)
    try:
        os.execve(order.plan.program, order.plan.arguments, dict(order.plan.environment))  # noqa: S606
    except OSError as error:
        return error.errno or 0
