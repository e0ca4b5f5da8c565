"""The private root of a box: its mounts, one over the other as the plan lists them, and then nothing else.

It is built below /proc, which no place of a plan comes from, in the process's own mount namespace: whatever
fails, all of it goes with that process. No place of the host is written.

Source: mount_setattr(2), open_tree(2), move_mount(2), pivot_root(2), openat2(2).
"""

import os
import stat
from collections.abc import Callable
from typing import Final

from ringfence.sandbox.linux import kernel
from ringfence.sandbox.linux.devices import put_devices
from ringfence.sandbox.linux.failing import NotHad, making
from ringfence.sandbox.linux.places import FIXED, NOEXEC, READ_ONLY, Places
from ringfence.sandbox.linux.proc import make_settings_read_only, put_proc
from ringfence.sandbox.plan import Layer, Mount, MountKind, Plan

__all__ = ["Root"]

_STAGE = "/proc"
_IDMAP: Final = 0x00100000
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC = 0x2, 0x4, 0x8
_MS_REC, _MS_PRIVATE = 0x4000, 0x40000
_DETACH = 2
_ROOT_BYTES = 256 * 1024 * 1024  # of all files that a plan holds
_MANY = 1_000_000


class Root:
    """The root of one plan. `build`, then `close` once /proc was written for the last time.

    `owners`: a user namespace that shows mounts of the user's as the command's own; None where they are.
    """

    def __init__(self, plan: Plan, *, owners: int | None, as_root: bool) -> None:
        self._plan = plan
        self._owners = owners
        identity = plan.identity
        self._user = (
            (identity.host_uid, identity.host_gid) if as_root else (identity.uid, identity.gid)
        )  # as this process numbers them
        self._places: Places | None = None

    def build(self) -> None:
        """All mounts; then the root is the box's own, and the host's is gone from it. Raises NotHad."""
        with making(Layer.MOUNT_NAMESPACE, "make mounts private"):
            kernel.mount(None, "/", None, _MS_REC | _MS_PRIVATE)
        with making(Layer.ROOT, "mount a root in memory"):
            kernel.mount("ringfence", _STAGE, "tmpfs", _MS_NOSUID | _MS_NODEV, f"mode=755,size={_ROOT_BYTES}")
            self._places = places = _beside(f"{_STAGE}/scratch", f"{_STAGE}/root")
        for each in self._plan.mounts:
            try:
                _PUT[each.kind](self, places, each)
            except OSError as error:
                what = f"{_DOING[each.kind]} {each.source or each.target}"
                raise NotHad(Layer.ROOT, error.errno or 0, what) from error
        with making(Layer.ROOT, "leave the host's root"):
            kernel.pivot_root(".", ".")
            kernel.umount(".", _DETACH)
            os.chdir("/")

    def close(self) -> None:
        """No setting of the kernel and nothing of the root itself can be written any more. Raises NotHad."""
        with making(Layer.ROOT, "make the root read-only"):
            make_settings_read_only()
            folder = kernel.open_path("/")
            kernel.mount_setattr(folder, FIXED | READ_ONLY)
            os.close(folder)

    def _bind(self, places: Places, each: Mount) -> None:
        if each.source is None:
            raise FileNotFoundError(2, "no source", each.target)
        source = kernel.open_path(each.source)
        try:
            kind = os.fstat(source).st_mode
            if stat.S_ISLNK(kind):
                raise OSError(40, "a symbolic link", each.source)  # ELOOP
            tree = kernel.open_tree(source, recursive=True)
        finally:
            os.close(source)
        attributes = FIXED | (0 if each.runs else NOEXEC)
        if each.kind is MountKind.READ:
            attributes |= READ_ONLY
        if each.is_user_s and self._owners is not None:
            with making(Layer.ROOT, f"map owners of {each.source}"):
                kernel.mount_setattr(tree, _IDMAP, recursive=True, user_namespace=self._owners)
        kernel.mount_setattr(tree, attributes, recursive=True)
        places.put(tree, each.target, folder=stat.S_ISDIR(kind))

    def _memory(self, places: Places, each: Mount) -> None:
        size = each.size_bytes or self._plan.limits.memory_disk_bytes
        flags = _MS_NOSUID | _MS_NODEV | (0 if each.runs else _MS_NOEXEC)
        options = f"mode={each.mode:o},size={size},nr_inodes={_MANY},uid={self._user[0]},gid={self._user[1]}"
        places.put_new("tmpfs", each.target, flags, options, own=True)

    def _empty(self, places: Places, each: Mount) -> None:
        try:
            places.put_empty(each.target)
        except FileNotFoundError:
            return  # nothing is there to be hidden

    def _file(self, places: Places, each: Mount) -> None:
        places.put_file(each.content, each.mode, each.target)

    def _symlink(self, places: Places, each: Mount) -> None:
        places.put_link(str(each.source), each.target)

    def _link_over(self, places: Places, each: Mount) -> None:
        places.put_link_over(str(each.source), each.target)

    def _proc(self, places: Places, each: Mount) -> None:
        put_proc(places, each.target)

    def _devices(self, places: Places, each: Mount) -> None:
        size = each.size_bytes or self._plan.limits.memory_disk_bytes
        put_devices(places, each.target, user=self._user, shared_bytes=size)


def _beside(scratch: str, root: str) -> Places:
    """Both in the same memory; `root` is a mount of its own and the current folder."""
    for path in (scratch, root):
        os.mkdir(path, 0o755)  # noqa: PTH102
    tree = kernel.open_tree(kernel.AT_FDCWD, root)
    kernel.move_mount(tree, root)
    os.close(tree)
    os.chdir(root)
    return Places(kernel.open_path(root), scratch)


_Put = Callable[[Root, Places, Mount], None]
_PUT: dict[MountKind, _Put] = {
    MountKind.READ: Root._bind,
    MountKind.WRITE: Root._bind,
    MountKind.MEMORY: Root._memory,
    MountKind.EMPTY_FILE: Root._empty,
    MountKind.EMPTY_FOLDER: Root._empty,
    MountKind.FILE: Root._file,
    MountKind.SYMLINK: Root._symlink,
    MountKind.LINK_OVER: Root._link_over,
    MountKind.PROC: Root._proc,
    MountKind.DEVICES: Root._devices,
}
_DOING = {
    MountKind.READ: "mount",
    MountKind.WRITE: "mount",
    MountKind.MEMORY: "mount memory at",
    MountKind.EMPTY_FILE: "cover",
    MountKind.EMPTY_FOLDER: "cover",
    MountKind.FILE: "write",
    MountKind.SYMLINK: "link to",
    MountKind.LINK_OVER: "cover with a link to",
    MountKind.PROC: "mount proc at",
    MountKind.DEVICES: "make devices at",
}
