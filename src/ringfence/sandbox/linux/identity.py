"""Who the command is: namespaces, the numbers of its user within and on the host, and no capability at all.

An ordinary user's box has its own user namespace from the start, which owns all others. Root makes its box's
namespaces itself, so that nobody within ever owns its mounts; only after the last mount the process becomes
another user of the host, in a user namespace of that user's.

Source: user_namespaces(7), capabilities(7), prctl(2).
"""

import os
from typing import Final

from ringfence.sandbox.linux import kernel
from ringfence.sandbox.plan import Identity

__all__ = [
    "NEWCGROUP",
    "become",
    "drop_capabilities",
    "forbid_privileges",
    "map_itself",
    "namespaces",
    "open_owners",
]

NEWNS: Final = 0x00020000
NEWCGROUP: Final = 0x02000000
NEWUTS: Final = 0x04000000
NEWIPC: Final = 0x08000000
NEWUSER: Final = 0x10000000
NEWPID: Final = 0x20000000
NEWNET: Final = 0x40000000

_PR_SET_DUMPABLE, _PR_SET_KEEPCAPS, _PR_CAPBSET_DROP = 4, 8, 24
_PR_SET_SECUREBITS, _PR_SET_NO_NEW_PRIVS = 28, 38
_SECUREBITS = 0xEF  # no capabilities for uid 0, none kept or raised when users change; all locked
_CAP_SYS_ADMIN, _CAP_SETUID, _CAP_SETGID = 1 << 21, 1 << 7, 1 << 6


def namespaces(*, as_root: bool) -> int:
    """The flags of `clone`. The cgroup namespace is made later, when the process is in its group."""
    return NEWNS | NEWPID | NEWNET | NEWIPC | NEWUTS | (0 if as_root else NEWUSER)


def map_itself(identity: Identity, proc: int) -> None:
    """Writes the maps of this process's new user namespace: one user, one group. `proc`: a folder of proc."""
    kernel.prctl(_PR_SET_DUMPABLE, 1)  # else these files are root's
    write(proc, "self/setgroups", "deny")
    write(proc, "self/uid_map", f"{identity.uid} {identity.host_uid} 1\n")
    write(proc, "self/gid_map", f"{identity.gid} {identity.host_gid} 1\n")


def become(identity: Identity, proc: int) -> None:
    """Root becomes the command's user, for good, in a new user namespace with all capabilities there.

    CAP_SYS_ADMIN is kept up to that: where ordinary users may make no user namespace, root's box has one.
    """
    os.setgroups([])
    os.setresgid(*[identity.host_gid] * 3)
    kernel.prctl(_PR_SET_KEEPCAPS, 1)
    os.setresuid(*[identity.host_uid] * 3)
    kernel.capset(_CAP_SYS_ADMIN, _CAP_SYS_ADMIN)
    kernel.unshare(NEWUSER)
    map_itself(identity, proc)


def open_owners(identity: Identity) -> int:
    """A user namespace that shows the owner of the user's files as the command's user, for mounts.

    Root's to make; a child holds it open until its descriptor is there.
    """
    held, ends = os.pipe()
    pid, pidfd = kernel.clone(NEWUSER)
    if pid == 0:
        os.close(ends)
        os.read(held, 1)
        os._exit(0)
    try:
        os.close(held)
        for name, owner, host in (
            ("uid_map", identity.owner_uid, identity.host_uid),
            ("gid_map", identity.owner_gid, identity.host_gid),
        ):
            with open(f"/proc/{pid}/{name}", "w") as ids:
                ids.write(f"{owner} {host} 1\n")
        return os.open(f"/proc/{pid}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.close(ends)  # and the child ends
        os.close(pidfd)


def drop_capabilities(last: int) -> None:
    """None is left, none can be had again. `last` is the highest that the kernel knows."""
    kernel.prctl(_PR_SET_SECUREBITS, _SECUREBITS)
    for capability in range(last + 1):
        kernel.prctl(_PR_CAPBSET_DROP, capability)
    kernel.capset(0, 0)


def forbid_privileges() -> None:
    """No program that this process or a child of it executes gets more than it has."""
    kernel.prctl(_PR_SET_NO_NEW_PRIVS, 1)


def write(folder: int, path: str, text: str) -> None:
    """Writes a file of proc in one go."""
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC, dir_fd=folder)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)
