"""System calls that must be refused: without the filter each would do something else, none of them harm.

What is asked for is never whole: a descriptor is none, a pointer leads nowhere, flags exclude each other. So
a call that gets past the filter fails with another error than the filter's, and that error says so.
"""

import ctypes
import errno
import os
from collections.abc import Iterator
from typing import Final

from ringfence.sandbox.linux.proofs import Attempt
from ringfence.sandbox.linux.seccomp.calls import CALLS
from ringfence.sandbox.plan import Layer

__all__ = ["calls"]

_SYSCALL = ctypes.PyDLL(None, use_errno=True).syscall
_SYSCALL.restype = ctypes.c_long
_SYSCALL.argtypes = (ctypes.c_long, *(ctypes.c_void_p,) * 6)  # numbers as they are, and None for no pointer
_REFUSED, _ABSENT = frozenset({errno.EPERM}), frozenset({errno.ENOSYS})
_NONE: Final = -1  # a descriptor
_NEW_USER, _NEW_MOUNTS, _SHARED_FOLDER, _CHILD_ENDS = 0x10000000, 0x00020000, 0x200, 17
_USER_MODE_ONLY = 1
_SEIZE = 0x4206
_TYPE_INTO_TERMINAL, _HIGH_BIT = 0x5412, 1 << 32
_INET, _PACKET, _RAW, _ICMP = 2, 17, 3, 1

_TRIED: tuple[tuple[str, str, tuple[int | None, ...], frozenset[int]], ...] = (
    ("mount", "mount", (None, None, None, 0, None), _REFUSED),
    ("make a user namespace", "clone", (_NEW_USER | _SHARED_FOLDER | _CHILD_ENDS, 0), _REFUSED),
    ("make a mount namespace", "unshare", (_NEW_MOUNTS,), _REFUSED),
    ("enter a namespace", "setns", (_NONE, 0), _REFUSED),
    ("load a program into the kernel", "bpf", (_NONE, None, 0), _REFUSED),
    ("set up io_uring", "io_uring_setup", (1, None), _ABSENT),
    ("handle page faults", "userfaultfd", (_USER_MODE_ONLY,), _REFUSED),
    ("ask for a keyring", "keyctl", (0, -3, 0), _REFUSED),
    ("count events of the processor", "perf_event_open", (None, 0, 0, _NONE, 0), _REFUSED),
    ("load a module", "finit_module", (_NONE, None, 0), _REFUSED),
    ("set the clock", "clock_settime", (0, None), _REFUSED),
    ("type into a terminal", "ioctl", (_NONE, _TYPE_INTO_TERMINAL, None), _REFUSED),
    ("type into a terminal by a high bit", "ioctl", (_NONE, _TYPE_INTO_TERMINAL | _HIGH_BIT, None), _REFUSED),
    ("open a raw socket", "socket", (_INET, _RAW, _ICMP), _REFUSED),
    ("open a packet socket", "socket", (_PACKET, _RAW, 0), _REFUSED),
    ("trace init", "ptrace", (_SEIZE, 1, 0, 0), _REFUSED),
    ("name the host", "sethostname", (None, -1), _REFUSED),
)


def calls(machine: str, quiet: int) -> Iterator[Attempt]:
    """Each of them. `quiet` makes the filter refuse them without telling anybody."""
    yield Attempt(
        layer=Layer.USER_NAMESPACE,
        tried="become uid 0",
        action=_Call(CALLS["setuid"].number(machine) or 0, (0,), quiet),
        held=frozenset({errno.EPERM, errno.EINVAL}),
    )
    for tried, name, arguments, held in _TRIED:
        number = CALLS[name].number(machine)
        yield Attempt(
            layer=Layer.SECCOMP, tried=tried, action=_Call(number or 0, arguments, quiet), held=held
        )


class _Call:
    __slots__ = ("_arguments", "_number", "_quiet")

    def __init__(self, number: int, arguments: tuple[int | None, ...], quiet: int) -> None:
        self._number, self._arguments, self._quiet = number, arguments, quiet

    def __call__(self) -> None:
        rest = (None,) * (5 - len(self._arguments))
        if _SYSCALL(self._number, *self._arguments, *rest, self._quiet) < 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))
