"""What the running kernel offers, tried where trying is harmless: nothing on this machine is changed.

Source: landlock(7), user_namespaces(7), seccomp(2), fanotify_init(2), cgroups(7).
"""

import ctypes
import errno
import os
import re
from pathlib import Path

from ringfence.core.machine import Capability
from ringfence.endpoint.linux.reading import read_proc, read_word

__all__ = ["examine_kernel"]

_LANDLOCK_CREATE_RULESET = 444  # the same number on every architecture
_LANDLOCK_VERSION = 1
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_FAN_CLASS_CONTENT_CLOEXEC = 0x4 | 0x1
_BOUNDING = ("memory", "pids")  # the control groups that bound a box


def examine_kernel(proc: Path, sys: Path) -> tuple[Capability, ...]:
    """One value for each mechanism, present or not."""
    libc = ctypes.CDLL(None, use_errno=True)
    return (
        _landlock(libc),
        _user_namespaces(libc, proc),
        _apparmor(proc),
        _seccomp(proc),
        _fanotify(libc),
        _cgroups(proc, sys),
        _drm(sys),
    )


def _landlock(libc: ctypes.CDLL) -> Capability:
    abi = libc.syscall(_LANDLOCK_CREATE_RULESET, None, 0, _LANDLOCK_VERSION)
    reasons = {errno.ENOSYS: "not in this kernel", errno.EOPNOTSUPP: "switched off at boot"}
    code = ctypes.get_errno()
    return Capability(
        name="landlock",
        available=abi > 0,
        detail=f"ABI {abi}" if abi > 0 else reasons.get(code, os.strerror(code).lower()),
        lost_without="A sandboxed agent cannot be held to named folders and ports from within.",
    )


def _user_namespaces(libc: ctypes.CDLL, proc: Path) -> Capability:
    code = _tried_in_a_child(libc)
    limit = read_word(proc / "sys/user/max_user_namespaces")
    detail = "made one with a network of its own" if code == 0 else os.strerror(code).lower()
    return Capability(
        name="user-namespaces",
        available=code == 0,
        detail=f"{detail}; at most {limit}" if limit else detail,
        lost_without="Agents cannot run in a sandbox of their own without root.",
    )


def _tried_in_a_child(libc: ctypes.CDLL) -> int:
    """The error number, 0 when it works.

    The second step needs a capability within the new namespace: where AppArmor strips those, only it fails.
    """
    child = os.fork()
    if child == 0:
        failed = libc.unshare(_CLONE_NEWUSER) or libc.unshare(_CLONE_NEWNET)
        os._exit(min(ctypes.get_errno(), 125) or 125 if failed else 0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _apparmor(proc: Path) -> Capability:
    restricted = read_word(proc / "sys/kernel/apparmor_restrict_unprivileged_userns")
    details = {None: "AppArmor does not restrict them here", "0": "AppArmor's restriction is switched off"}
    return Capability(
        name="unrestricted-user-namespaces",
        available=restricted in (None, "0"),
        detail=details.get(restricted, "AppArmor takes capabilities away from unprivileged user namespaces"),
        lost_without="An AppArmor profile for ringfence is needed before an ordinary user can run sandboxes.",
    )


def _seccomp(proc: Path) -> Capability:
    actions = (read_word(proc / "sys/kernel/seccomp/actions_avail") or "").split()
    mode = re.search(rb"(?m)^Seccomp:\s+(\d)", read_proc(proc / "self/status"))
    detail = "actions: " + ", ".join(actions) if actions else "filters are not in this kernel"
    if mode and mode[1] != b"0":
        detail += "; ringfence itself runs under a filter"
    return Capability(
        name="seccomp",
        available="errno" in actions and "user_notif" in actions,
        detail=detail,
        lost_without="A sandboxed agent keeps every system call of the kernel in its reach.",
    )


def _fanotify(libc: ctypes.CDLL) -> Capability:
    fd = libc.fanotify_init(_FAN_CLASS_CONTENT_CLOEXEC, os.O_RDONLY)
    code = ctypes.get_errno()
    if fd >= 0:
        os.close(fd)
    reasons = {
        errno.EPERM: "needs root",
        errno.ENOSYS: "not in this kernel",
        errno.EINVAL: "no permission events",
    }
    return Capability(
        name="fanotify",
        available=fd >= 0,
        detail="permission events can be had" if fd >= 0 else reasons.get(code, os.strerror(code).lower()),
        lost_without="Opening a model file cannot be refused as it happens, only seen by a later scan.",
    )


def _cgroups(proc: Path, sys: Path) -> Capability:
    """As a box has them: in version 1 below the own group, else below the nearest that hands down both."""
    top = sys / "fs/cgroup"
    if all((top / name).is_dir() for name in _BOUNDING):
        usable = all(os.access(top / name, os.W_OK) for name in _BOUNDING)
        return _cgroup(available=usable, detail=f"version 1; {'writable' if usable else 'for root alone'}")
    own = re.search(rb"(?m)^0::(/.*)$", read_proc(proc / "self/cgroup"))
    if own is None or not (top / "cgroup.controllers").is_file():
        return _cgroup(available=False, detail="not mounted")
    folder = top / os.fsdecode(own[1]).lstrip("/")
    delegated = any(_hands_down(each) for each in (folder, *folder.parents) if each.is_relative_to(top))
    controllers = read_word(folder / "cgroup.controllers") or "none"
    return _cgroup(
        available=delegated,
        detail=f"version 2; {'delegated' if delegated else 'not delegated'}; controllers: {controllers}",
    )


def _hands_down(folder: Path) -> bool:
    handed_down = (read_word(folder / "cgroup.subtree_control") or "").split()
    return {*_BOUNDING} <= {*handed_down} and all(
        os.access(each, os.W_OK) for each in (folder, folder / "cgroup.procs")
    )


def _cgroup(*, available: bool, detail: str) -> Capability:
    return Capability(
        name="cgroups",
        available=available,
        detail=detail,
        lost_without="A sandbox's memory and number of processes cannot be bounded as a whole.",
    )


def _drm(sys: Path) -> Capability:
    nodes = sorted(path.name for path in (sys / "class/drm").glob("renderD*"))
    return Capability(
        name="drm-fdinfo",
        available=bool(nodes),
        detail=", ".join(nodes) if nodes else "no GPU with a render node",
        lost_without="Use of AMD and Intel GPUs cannot be told process by process.",
    )
