"""Answers what the filter tells of, always with a refusal, and says what was refused.

What a program's pointers lead to is never read: it could change meanwhile. Source: seccomp_unotify(2).
"""

import errno
import fcntl
import select
import struct
from functools import cache
from pathlib import Path

from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.sandbox.linux.seccomp.calls import CALLS

__all__ = ["Refused", "answer"]

_RECEIVE, _SEND = 0xC0502100, 0xC0182101  # SECCOMP_IOCTL_NOTIF_RECV and _SEND
_ASKED = struct.Struct("@QIIiI56x")  # id, pid, flags, number, architecture
_ANSWER = struct.Struct("@QqiI")  # id, value, error, flags


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """One call that was refused."""

    call: str  # its name, `socket`
    pid: int  # as this process sees it, 0 where it cannot
    comm: str  # the program's name, as itself it says; untrusted, empty when it is gone


def answer(listener: int, *, machine: str) -> tuple[Refused, ...]:
    """Answers all calls that wait, `LIMITS.refused_at_once` at most, and never waits for one.

    Call it when `listener` is readable. Empty: nothing waited. A hang-up (POLLHUP) says that no process has
    the filter any more. `machine` is what `os.uname()` says.

    Raises:
        OSError: `listener` is no such descriptor.
    """
    names = _names(machine)
    waiting = select.poll()
    waiting.register(listener, select.POLLIN)
    refused: list[Refused] = []
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
        cookie, pid, _flags, number, _architecture = _ASKED.unpack(asked)
        comm = _comm(pid) if pid else ""
        if not _refuse(listener, cookie):
            comm = ""  # it was killed, and its number may be another's
        refused.append(Refused(call=names.get(number, str(number)), pid=pid, comm=comm))
    return tuple(refused)


def _refuse(listener: int, cookie: int) -> bool:
    try:
        fcntl.ioctl(listener, _SEND, _ANSWER.pack(cookie, 0, -errno.EPERM, 0))
    except OSError as error:
        if error.errno != errno.ENOENT:
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
