"""Which mounted file systems a scan walks into: those of this machine, not networks and not the kernel's own.

A mount is judged by its type. FUSE counts as a network (it runs somebody's program for every look), but for
`fuseblk`, which is a local disk.
"""

from collections.abc import Container, Iterable, Iterator

from ringfence.core.dataclass import dataclass
from ringfence.core.inventory import Skipped
from ringfence.core.text import printable

__all__ = ["Mount", "MountPlan", "is_below", "plan"]

# fmt: off
_NETWORK = frozenset(
    {
        "9p", "afpfs", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "gfs", "gfs2", "glusterfs",
        "gpfs", "lustre", "ncpfs", "nfs", "nfs3", "nfs4", "ocfs2", "orangefs", "panfs", "prl_fs",
        "pvfs2", "smb", "smb2", "smb3", "smbfs", "vboxsf", "virtiofs", "vmhgfs", "webdav",
    }
)
_KERNEL = frozenset(
    {
        "autofs", "bdev", "binder", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "cpuset",
        "debugfs", "devfs", "devpts", "devtmpfs", "efivarfs", "functionfs", "fusectl", "hugetlbfs",
        "mqueue", "nfsd", "nsfs", "pipefs", "proc", "pstore", "resctrl", "rpc_pipefs", "securityfs",
        "selinuxfs", "smackfs", "sockfs", "sysfs", "tracefs", "usbfs", "xenfs",
    }
)
# fmt: on


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """A mounted file system: where, and of which type."""

    path: str
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MountPlan:
    """What the mounts mean for a walk."""

    starts: tuple[
        str, ...
    ]  # where to start: the roots, and local disks that lie below a mount that is left out
    closed: frozenset[str]  # folders that are never entered from above
    skipped: tuple[Skipped, ...]


def plan(roots: Iterable[str], mounts: Iterable[Mount], *, cross_network_mounts: bool) -> MountPlan:
    """Where a walk of `roots` (absolute, without symbolic links) starts, and where it never goes.

    A root that lies on a network mount was asked for by name, so it is walked; one that lies in a file
    system of the kernel's own never is.
    """
    types = {mount.path: mount.type for mount in mounts}  # of two at one place, the later hides the earlier
    closed = {path: why for path, kind in types.items() if (why := _why(kind, cross_network_mounts))}
    starts: set[str] = set()
    allowed: set[str] = set()
    skipped: list[Skipped] = []
    for root in sorted(set(roots)):
        kind = next((types[path] for path in _upwards(root) if path in types), "")
        if kind in _KERNEL:
            skipped.append(_left_out(root, _why(kind, cross_network_mounts)))
            continue
        allowed.add(root)
        if not _is_reached(root, starts, closed):
            starts.add(root)
    for path in sorted(types):
        if path not in closed and is_below(path, allowed) and not _is_reached(path, starts, closed):
            starts.add(path)
    for path, why in sorted(closed.items()):
        if path not in starts and _is_reached(_parent(path), starts, closed):
            skipped.append(_left_out(path, why))
    return MountPlan(starts=tuple(sorted(starts)), closed=frozenset(closed), skipped=tuple(skipped))


def is_below(path: str, folders: Container[str]) -> bool:
    """Whether `path` is one of `folders`, or lies below one; all are absolute."""
    return any(each in folders for each in _upwards(path))


def _why(kind: str, cross_network_mounts: bool) -> str:
    """Why a file system of that type is left out; empty when it is not."""
    if kind in _KERNEL:
        return f"the kernel's own file system ({kind})"
    if cross_network_mounts:
        return ""
    if kind in _NETWORK:
        return f"network mount ({kind})"
    return f"FUSE mount ({kind})" if kind == "fuse" or kind.startswith("fuse.") else ""


def _left_out(path: str, why: str) -> Skipped:
    return Skipped(kind="mount", subject=printable(path), reason=printable(why))


def _is_reached(path: str, starts: Container[str], closed: Container[str]) -> bool:
    """Whether a walk from `starts` comes to `path`."""
    for each in _upwards(path):
        if each in starts:
            return True
        if each in closed:
            return False
    return False


def _upwards(path: str) -> Iterator[str]:
    """The path, its folder, that folder's folder …"""
    yield path
    while path != "/":
        path = _parent(path)
        yield path


def _parent(path: str) -> str:
    return path.rpartition("/")[0] or "/"
