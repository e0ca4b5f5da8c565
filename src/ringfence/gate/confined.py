"""Whether a process is within a sandbox or a container, or was started by one: such a process never approves.

What is looked at cannot be shed by whoever is inside: the user and PID namespace, the mount namespace beside
that of the processes it descends from, `no_new_privs` and a seccomp filter, which are inherited by everything
that is started. The user namespace comes first: in the machine's own nobody without rights can mount anything
over /proc, so the rest of /proc can be believed. What cannot be read counts as confined.

This is a process's word on itself, or the ledger's writer's on its peer. A process that could reach the state
folder and the ledger from within a sandbox would need nobody's approval; sandboxes hide both.

Sources: namespaces(7), user_namespaces(7), seccomp(2), include/uapi/linux/nsfs.h.
"""

import fcntl
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from ringfence.core.errors import ExitCode, RingfenceError

__all__ = ["Confined", "has_terminal", "may_append", "refuse_confined", "why_confined"]

# nsfs.h: the machine's own namespaces have these inodes from the first boot on, and no others ever get them.
_OWN_USER, _OWN_PID = 0xEFFFFFFD, 0xEFFFFFFC
_NS_GET_NSTYPE = 0xB703  # which only a true namespace file answers
_CLONE_NEWUSER, _CLONE_NEWPID, _CLONE_NEWNS = 0x10000000, 0x20000000, 0x00020000
_ANCESTORS = 1_000
_STATUS_BYTES = 64 * 1024


class Confined(RingfenceError):
    """Somebody within a sandbox asked to approve."""

    code = ExitCode.FAILED_AS_ASKED


_ANSWERS = ("grant.given/", "grant.refused/", "grant.revoked/", "break_glass.used/")


class _Unreadable(Exception):
    """Nothing can be said of the process."""


def refuse_confined(pid: int | None = None, *, proc: Path = Path("/proc")) -> None:
    """Nothing, for a process (None: this one) that is free.

    Raises:
        Confined: it is not, or that cannot be told.
    """
    why = why_confined(pid, proc=proc)
    if why is not None:
        raise Confined(
            f"this process cannot approve: {why}",
            hint="approve in a terminal of your own, outside of any sandbox or container",
        )


def why_confined(pid: int | None = None, *, proc: Path = Path("/proc")) -> str | None:
    """What confines the process (None: this one), in words; None when nothing does."""
    if sys.platform != "linux":
        return "whether it is in a sandbox cannot be told on this system yet"
    own = os.getpid() if pid is None else pid
    try:
        for name, kind, inode in (("user", _CLONE_NEWUSER, _OWN_USER), ("pid", _CLONE_NEWPID, _OWN_PID)):
            if _namespace(proc / str(own) / "ns" / name, kind) != inode:
                return f"it is in a {name} namespace of its own"
        mounts = _namespace(proc / str(own) / "ns" / "mnt", _CLONE_NEWNS)
        for each, status in _line(own, proc):
            if status.get("NoNewPrivs") != "0":
                return "it, or what started it, has given up new privileges (no_new_privs)"
            if status.get("Seccomp") != "0":
                return "its system calls, or those of what started it, are filtered (seccomp)"
            if _other_mounts(proc / str(each) / "ns" / "mnt", mounts):
                return "it sees other mounts than what started it"
    except _Unreadable:
        return "whether it is in a sandbox cannot be told: /proc is missing or hidden"
    return None


def may_append(pid: int | None, event_type: str) -> bool:
    """Whether the ledger's writer takes an event of this type from that process: answers only from free ones.

    Against a sandbox that hides the ledger's file and not its socket.
    """
    return not event_type.startswith(_ANSWERS) or (pid is not None and why_confined(pid) is None)


def has_terminal() -> bool:
    """Whether a person may sit in front of this process."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY | os.O_CLOEXEC))
    except OSError:
        return False
    return True


def _line(pid: int, proc: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """The process and all that it descends from, the first process left out, with its /proc status."""
    for _ in range(_ANCESTORS):
        status = _status(proc / str(pid) / "status")
        yield pid, status
        parent = status.get("PPid", "")
        if not parent.isdecimal():
            raise _Unreadable
        pid = int(parent)
        if pid <= 1:
            return
    raise _Unreadable


def _status(path: Path) -> dict[str, str]:
    try:
        with path.open("rb") as file:
            text = file.read(_STATUS_BYTES).decode("utf-8", "replace")
    except OSError as error:
        raise _Unreadable from error
    pairs = (line.split(":", 1) for line in text.split("\n") if ":" in line)
    return {key: value.strip() for key, value in pairs}


def _namespace(path: Path, kind: int) -> int:
    """The inode of the namespace: one of that kind, and no file that was mounted in its place."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise _Unreadable from error
    try:
        if fcntl.ioctl(fd, _NS_GET_NSTYPE) != kind:
            raise _Unreadable
        return os.fstat(fd).st_ino
    except OSError as error:
        raise _Unreadable from error
    finally:
        os.close(fd)


def _other_mounts(path: Path, mounts: int) -> bool:
    """Whether an ancestor sees other mounts. Nobody may look at a process of somebody else's: a login's."""
    try:
        return path.stat().st_ino != mounts
    except PermissionError:
        return False
    except OSError as error:
        raise _Unreadable from error
