"""Parts that a test leaves out of a box, to show what they are for: `run(…, without=(no_filter, no_probe))`.

Each is called in the launcher's process, and changes the modules there.
"""

import os
import socket
from collections.abc import Callable

from ringfence.sandbox.linux import box, command, identity, kernel, limits, root

__all__ = [
    "NEWIPC",
    "NEWNET",
    "NEWUTS",
    "PYTHON",
    "descriptors_left_open",
    "init_can_be_read",
    "no_capabilities_dropped",
    "no_filter",
    "no_landlock",
    "no_limits",
    "no_loopback",
    "no_name",
    "no_narrowing",
    "no_privileges_forbidden",
    "no_probe",
    "no_read_only",
    "python",
    "root_left_open",
    "shared",
]

NEWUTS, NEWIPC, NEWNET = 0x04000000, 0x08000000, 0x40000000
_PR_SET_DUMPABLE, _PR_CAP_AMBIENT, _RAISE = 4, 47, 2

PYTHON = "/usr/bin/python3"
_PRELUDE = """
import ctypes, os
_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long
def call(number, *arguments):
    given = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    result = _libc.syscall(ctypes.c_long(number), *given, *[ctypes.c_long(0)] * (6 - len(given)))
    return -ctypes.get_errno() if result < 0 else result
"""


def python(script: str) -> list[str]:
    """The command that runs this; `call(number, …)` gives what the kernel returns, an error below zero."""
    return [PYTHON, "-I", "-S", "-c", _PRELUDE + script]


def no_probe() -> None:
    """Nothing is tried beforehand, so that a box starts without something."""
    command.prove = lambda plan, outside, *, quiet: ()


def no_filter() -> None:
    box.load = lambda **given: None


def no_landlock() -> None:
    box._landlock = lambda order: ()


def no_capabilities_dropped() -> None:
    """All are kept, and ambient, so that programs that are executed have them too."""

    def keep(last: int) -> None:
        everything = (1 << (last + 1)) - 1
        kernel.capset(everything, everything, everything)
        for capability in range(last + 1):
            kernel.prctl(_PR_CAP_AMBIENT, _RAISE, capability)

    identity.drop_capabilities = keep


def no_privileges_forbidden() -> None:
    identity.forbid_privileges = lambda: None


def no_narrowing() -> None:
    limits.narrow = lambda limits, *, proc="/proc": ()


def no_limits() -> None:
    limits.apply = lambda limits, *, grouped: None


def no_loopback() -> None:
    box.raise_loopback = lambda: None


def no_name() -> None:
    socket.sethostname = lambda name: None


def no_read_only() -> None:
    root.READ_ONLY = 0


def root_left_open() -> None:
    root.Root.close = lambda self: None


def init_can_be_read() -> None:
    real = kernel.prctl
    kernel.prctl = lambda option, *rest: (
        0 if (option, *rest) == (_PR_SET_DUMPABLE, 0) else real(option, *rest)
    )


def descriptors_left_open() -> None:
    real = command._take_streams

    def leave(order, link, terminal):
        taken = real(order, link, terminal)
        os.set_inheritable(os.open("/dev/null", os.O_RDONLY), True)
        return taken

    command._take_streams = leave


def shared(flag: int) -> Callable[[], None]:
    """The box stays in the launcher's namespace of this kind."""
    real = identity.namespaces

    def leave_out() -> None:
        identity.namespaces = lambda *, as_root: real(as_root=as_root) & ~flag

    return leave_out
