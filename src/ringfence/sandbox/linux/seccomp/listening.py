"""Answers what the filter tells of: a refused call with a refusal, a program that starts with a yes.

Nothing is decided by what a program's pointers lead to: it could change meanwhile. What is executed is read
there all the same, for the record alone, and is allowed whatever it says.

Source: seccomp_unotify(2).
"""

import errno
import fcntl
import select
import struct
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.sandbox.linux.seccomp.calls import CALLS, STARTS
from ringfence.sandbox.linux.starting import Asked, Start

__all__ = ["Refused", "answer", "wake_at_once"]

_RECEIVE, _SEND, _SET_FLAGS = 0xC0502100, 0xC0182101, 0x40082104  # SECCOMP_IOCTL_NOTIF_*
_ASKED = struct.Struct("@QIIiI8x6Q")  # id, pid, flags, number, architecture, where, arguments
_ANSWER = struct.Struct("@QqiI")  # id, value, error, flags
_CONTINUE, _SYNC_WAKE_UP = 1, 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """One call that was refused."""

    call: str  # its name, `socket`
    pid: int  # as this process sees it, 0 where it cannot
    comm: str  # the program's name, as itself it says; untrusted, empty when it is gone


def wake_at_once(listener: int) -> None:
    """Asks the kernel to change over to whoever answers, and back, without a detour; it may not know how."""
    with suppress(OSError):  # Linux before 6.6
        fcntl.ioctl(listener, _SET_FLAGS, _SYNC_WAKE_UP)


def answer(
    listener: int, *, machine: str, read: Callable[[Asked], Start | None] | None = None
) -> tuple[Refused | Start, ...]:
    """Answers all calls that wait, `LIMITS.refused_at_once` at most, and never waits for one.

    Call it when `listener` is readable. Empty: nothing waited. A hang-up (POLLHUP) says that no process has
    the filter any more. `machine` is what `os.uname()` says. `read` is called with each program that is about
    to start, while it waits; what it makes of it counts if the same process still waited afterwards.

    Raises:
        OSError: `listener` is no such descriptor.
    """
    names = _names(machine)
    waiting = select.poll()
    waiting.register(listener, select.POLLIN)
    told: list[Refused | Start] = []
    for _ in range(LIMITS.refused_at_once):
        if not any(events & select.POLLIN for _, events in waiting.poll(0)):
            break
        asked = bytearray(_ASKED.size)
        try:
            fcntl.ioctl(listener, _RECEIVE, asked)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.EINTR):  # whoever asked was killed meanwhile
                continue
            raise
        cookie, pid, _flags, number, _architecture, *arguments = _ASKED.unpack(asked)
        name = names.get(number, str(number))
        if name in STARTS:
            start = read(Asked(pid=pid, call=name, arguments=tuple(arguments))) if read and pid else None
            if _send(listener, cookie, 0, _CONTINUE) and start is not None:
                told.append(start)
            continue
        comm = _comm(pid) if pid else ""
        if not _send(listener, cookie, -errno.EPERM, 0):
            comm = ""  # it was killed, and its number may be another's
        told.append(Refused(call=name, pid=pid, comm=comm))
    return tuple(told)


def _send(listener: int, cookie: int, error: int, flags: int) -> bool:
    """Whether who asked was still there."""
    try:
        fcntl.ioctl(listener, _SEND, _ANSWER.pack(cookie, 0, error, flags))
    except OSError as gone:
        if gone.errno != errno.ENOENT:
            raise
        return False
    return True


def _comm(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_bytes().decode("utf-8", "replace").removesuffix("\n")
    except OSError:
        return ""


@cache
def _names(machine: str) -> dict[int, str]:
    return {n: name for name, call in CALLS.items() if (n := call.number(machine)) is not None}
