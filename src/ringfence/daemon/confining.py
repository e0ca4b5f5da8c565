"""Takes from a process of ringfence's own what it does not need once it serves: all but what it has open.

It is for the proxy, which talks with programs that want to take it over. Each layer is held by another part
of the kernel: namespaces of its own, a root that shows its own descriptors alone, Landlock without any place,
no capability, limits, and a filter with the few system calls that it needs. The filter must be had, and what
is forbidden is tried: whoever can do any of it does not serve. What else this kernel lacks is told.

Sources: user_namespaces(7), landlock(7), seccomp(2), proc(5).
"""

import ctypes
import errno
import os
import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from ringfence.core.errors import RingfenceError
from ringfence.core.limits import LIMITS
from ringfence.daemon.needed import NEEDED
from ringfence.sandbox.linux import identity, kernel, landlock
from ringfence.sandbox.linux.identity import NEWIPC, NEWNET, NEWPID, NEWUSER, NEWUTS
from ringfence.sandbox.linux.seccomp.calls import CALLS
from ringfence.sandbox.linux.seccomp.loading import load_allowing
from ringfence.sandbox.plan import Identity

__all__ = ["NotConfined", "apart", "confine"]

_ROOTS: Final = 1_380_000_001  # who root's is: no account of the host, and not who its boxes are
_OWN: Final = NEWPID | NEWNET | NEWIPC | NEWUTS
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NAME = 1, 4, 15
_DESCRIPTORS = "/proc/self/fd"
_FILE_BYTES = 64 << 10  # a certificate and its key, on their way to OpenSSL; each may be memory
_NONE: Final = -1  # a descriptor
_NEVER: Final = 0x200 | 17  # CLONE_FS without what must come with it, were it let through: EINVAL
_TRIED: Final = (
    ("make a socket", "socket", (2, 1, 0)),
    ("reach another machine", "connect", (_NONE, 0, 0)),
    ("start a process", "clone", (0x10000000 | _NEVER, 0)),
    ("execute a program", "execve", (0, 0, 0)),
    ("signal another process", "kill", (1, 0)),
    ("trace another process", "ptrace", (0x4206, 1, 0, 0)),
    ("read another process's memory", "process_vm_readv", (1, 0, 0, 0, 0, 0)),
    ("make a file", "openat", (_NONE, 0, os.O_CREAT | os.O_WRONLY, 0)),
    ("take another process's descriptor", "pidfd_getfd", (_NONE, 0, 0)),
    ("change a mount", "mount", (0, 0, 0, 0, 0)),
)
_LIBC = ctypes.PyDLL(None, use_errno=True)
_LIBC.syscall.restype = ctypes.c_long


class NotConfined(RingfenceError):
    """What must not work worked, or the filter could not be had."""


def apart() -> tuple[int, int, tuple[str, ...]]:
    """As `kernel.clone`, into namespaces of its own; and what could not be had of them, in words.

    The process is the first of its process namespace: no other one is seen there. This process must have one
    thread.

    Raises:
        OSError: no process can be had.
    """
    flags = _OWN if os.geteuid() == 0 else _OWN | NEWUSER
    try:
        return *kernel.clone(flags), ()
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.ENOMEM):
            raise
        return *kernel.clone(), (f"namespaces of its own: {_said(error)}",)


def confine(name: str, *, uid: int, gid: int) -> tuple[str, ...]:
    """Confines this process for good; what of it could not be had, in words.

    It has one thread, and nothing open but what it needs. `name` is what it is called from now on; `uid` and
    `gid` are whose it was before it was `apart`.

    Raises:
        NotConfined
    """
    lacking: list[str] = []
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_bytes())
    with _lacking(lacking, "a user of its own"):
        _be_alone(uid, gid)
    if 0 in os.getresuid() or 0 in os.getresgid():
        raise NotConfined(
            "the proxy is root, and could not become another user", hint="may root setuid here?"
        )
    with _lacking(lacking, "a root of its own"):
        os.chroot(_DESCRIPTORS)
        os.chdir("/")
    with _lacking(lacking, "no capabilities, ever"):
        identity.drop_capabilities(last)
    kernel.capset(0, 0)
    identity.forbid_privileges()
    with _lacking(lacking, "Landlock"):
        landlock.restrict_to_nothing()
    _limit()
    kernel.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    kernel.prctl(_PR_SET_DUMPABLE, 0)
    kernel.call("prctl", _PR_SET_NAME, name.encode(), 0, 0, 0)
    try:
        load_allowing(NEEDED, machine=kernel.MACHINE)
    except OSError as error:
        raise NotConfined(
            f"the proxy's system calls cannot be filtered: {_said(error)}", hint="see: ringfence doctor"
        ) from None
    _try_all()
    return tuple(lacking)


def _be_alone(uid: int, gid: int) -> None:
    """In a user namespace that has one user alone; root becomes somebody else first."""
    proc = os.open("/proc", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if uid == 0:
            identity.become(_identity(_ROOTS, _ROOTS), proc)
        else:
            identity.map_itself(_identity(uid, gid), proc)
    finally:
        os.close(proc)


def _identity(uid: int, gid: int) -> Identity:
    return Identity(host_uid=uid, host_gid=gid, uid=uid, gid=gid, name="", owner_uid=uid, owner_gid=gid)


def _limit() -> None:
    for kind, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_FSIZE, _FILE_BYTES),
        (resource.RLIMIT_NOFILE, LIMITS.proxy_open_files),
        (resource.RLIMIT_DATA, LIMITS.proxy_memory_bytes),
    ):
        _, hard = resource.getrlimit(kind)
        lower = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (lower, lower))


def _try_all() -> None:
    for tried, name, arguments in _TRIED:
        _refused(tried, partial(_call, name, arguments), errno.EPERM)
    _refused("read a file", lambda: os.close(os.open("/etc/passwd", os.O_RDONLY)))


def _refused(tried: str, action: Callable[[], object], *held: int) -> None:
    try:
        action()
    except OSError as error:
        if held and error.errno not in held:
            raise NotConfined(f"the proxy could {tried}: {_said(error)}", hint="report this") from None
    else:
        raise NotConfined(f"the proxy can {tried}", hint="which kernel is this?")


def _call(name: str, arguments: tuple[int, ...]) -> None:
    """What is asked for is never whole: what gets past the filter fails otherwise, and harms nobody."""
    number = CALLS[name].number(kernel.MACHINE)
    if _LIBC.syscall(*(ctypes.c_long(each) for each in (number or 0, *arguments))) < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


@contextmanager
def _lacking(told: list[str], what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        told.append(f"{what}: {_said(error)}")


def _said(error: OSError) -> str:
    return os.strerror(error.errno or 0).lower()
