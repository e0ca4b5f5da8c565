"""Failures of boxes that are known, and what to do about each."""

import errno
from pathlib import Path

from ringfence.core.dataclass import dataclass
from ringfence.sandbox.messages import Failed
from ringfence.sandbox.plan import Layer

__all__ = ["hint_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """A failure that is known: of these layers (none: of any), with one of these errors."""

    layers: frozenset[Layer | None] = frozenset()
    errors: frozenset[int]
    hint: str
    setting: tuple[str, str] | None = None  # a file below /proc/sys and what it then holds
    about: str = ""  # what `what` begins with


_NAMESPACES = frozenset(
    {
        Layer.USER_NAMESPACE,
        Layer.MOUNT_NAMESPACE,
        Layer.PID_NAMESPACE,
        Layer.NETWORK_NAMESPACE,
        Layer.IPC_NAMESPACE,
        Layer.UTS_NAMESPACE,
        Layer.CGROUP_NAMESPACE,
    }
)
_REFUSED = frozenset({errno.EPERM, errno.EACCES})
_CASES = (
    _Case(
        layers=_NAMESPACES | {Layer.ROOT, Layer.CAPABILITIES, Layer.LIMITS},
        errors=_REFUSED,
        setting=("kernel/apparmor_restrict_unprivileged_userns", "1"),
        hint="AppArmor keeps ordinary users from making user namespaces. Give ringfence a profile with "
        "`userns,` in /etc/apparmor.d, or: sysctl kernel.apparmor_restrict_unprivileged_userns=0",
    ),
    _Case(
        layers=_NAMESPACES,
        errors=_REFUSED | {errno.ENOSPC, errno.EUSERS},
        setting=("user/max_user_namespaces", "0"),
        hint="user namespaces are switched off: sysctl user.max_user_namespaces=10000",
    ),
    _Case(
        layers=_NAMESPACES,
        errors=_REFUSED,
        setting=("kernel/unprivileged_userns_clone", "0"),
        hint="user namespaces are for root alone here: sysctl kernel.unprivileged_userns_clone=1",
    ),
    _Case(
        layers=_NAMESPACES,
        errors=frozenset({errno.ENOSPC, errno.EUSERS}),
        hint="too many namespaces: see the limits below /proc/sys/user, or end other boxes: "
        "ringfence kill --all",
    ),
    _Case(
        layers=_NAMESPACES,
        errors=frozenset({errno.EINVAL, errno.ENOSYS}),
        hint="this kernel was built without these namespaces (CONFIG_USER_NS, CONFIG_PID_NS, CONFIG_NET_NS)",
    ),
    _Case(
        layers=_NAMESPACES,
        errors=_REFUSED,
        hint="something keeps this process from making namespaces: a container, a system call filter or a "
        "security module. Run ringfence on the host itself",
    ),
    _Case(
        layers=frozenset({Layer.LANDLOCK}),
        errors=frozenset({errno.ENOSYS}),
        hint="this kernel has no Landlock (CONFIG_SECURITY_LANDLOCK, Linux 5.13 and newer); "
        "--allow-degraded goes without",
    ),
    _Case(
        layers=frozenset({Layer.LANDLOCK}),
        errors=frozenset({errno.EOPNOTSUPP}),
        hint="Landlock was switched off at boot: add landlock to the boot parameter lsm=; "
        "--allow-degraded goes without",
    ),
    _Case(
        layers=frozenset({Layer.SECCOMP}),
        errors=frozenset({errno.ENOSYS, errno.EINVAL}),
        hint="this kernel has no system call filters (CONFIG_SECCOMP_FILTER, Linux 5.0 and newer)",
    ),
    _Case(
        errors=frozenset({errno.EAGAIN}),
        hint="no more processes can be had: end some, or raise the limit (ulimit -u, kernel.pid_max)",
    ),
    _Case(
        errors=frozenset({errno.ENOMEM}),
        hint="no more memory can be had: end other programs, or other boxes: ringfence kill --all",
    ),
    _Case(
        errors=frozenset({errno.EMFILE, errno.ENFILE}),
        hint="too many files are open: raise the limit (ulimit -n), or end other programs",
    ),
    _Case(
        layers=frozenset({Layer.ROOT}),
        errors=frozenset({errno.EINVAL, errno.EPERM, errno.EOPNOTSUPP}),
        about="map owners of ",
        hint="files there cannot be shown to another user (overlay, NFS and some others): run ringfence "
        "as the user who owns them, not as root",
    ),
    _Case(
        layers=frozenset({Layer.ROOT}),
        errors=frozenset({errno.ENOENT, errno.ESTALE, errno.ENOTDIR}),
        hint="it was there when the box was planned and is gone: run the command again",
    ),
    _Case(
        layers=frozenset({Layer.ROOT}),
        errors=frozenset({errno.ELOOP, errno.EXDEV}),
        hint="a symbolic link stands where none was when the box was planned: see who puts it there",
    ),
    _Case(
        layers=frozenset({Layer.ROOT}),
        errors=frozenset({errno.ENODEV}),
        hint="this kernel lacks a file system that every box has (proc, tmpfs, devpts)",
    ),
    _Case(
        layers=frozenset({Layer.ROOT}),
        errors=_REFUSED,
        about="mount proc",
        hint="/proc is covered in part here, as in containers, so no box can have its own: "
        "run ringfence on the host itself",
    ),
    _Case(
        layers=frozenset({Layer.ROOT}),
        errors=_REFUSED,
        hint="its user may not look there: leave it out of the policy, or let the user read it",
    ),
)


def hint_of(failed: Failed, *, proc: Path) -> str | None:
    """What to do about it; None: it is not known. `proc` says how this machine is set up."""
    return next((case.hint for case in _CASES if _fits(case, failed, proc)), None)


def _fits(case: _Case, failed: Failed, proc: Path) -> bool:
    return (
        failed.errno in case.errors
        and (not case.layers or failed.layer in case.layers)
        and failed.what.startswith(case.about)
        and (case.setting is None or _setting(proc, case.setting[0]) == case.setting[1])
    )


def _setting(proc: Path, name: str) -> str | None:
    try:
        return (proc / "sys" / name).read_text().strip()
    except OSError:
        return None
