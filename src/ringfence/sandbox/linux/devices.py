"""The box's own /dev: devices that keep nothing and tell nothing, its own terminals, and shared memory.

Source: the kernel's devices.txt and filesystems/devpts documents.
"""

import os

from ringfence.sandbox.linux import kernel
from ringfence.sandbox.linux.places import NOEXEC, Places

__all__ = ["put_devices"]

_NODES = ("null", "zero", "full", "random", "urandom", "tty")
_LINKS = {
    "fd": "/proc/self/fd",
    "ptmx": "pts/ptmx",
    "stderr": "/proc/self/fd/2",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
}
_NOSUID = 0x2
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC = 0x2, 0x4, 0x8


def put_devices(places: Places, target: str, *, user: tuple[int, int], shared_bytes: int) -> None:
    """All of them below `target`; `user` is the command's, with its group, as this process numbers them.

    Raises:
        OSError: the host lacks one of these devices, or the kernel has no terminals of a box's own.
    """
    uid, gid = user
    os.close(places.make(target, folder=True))
    for name in _NODES:
        source = kernel.open_path(f"/dev/{name}")
        tree = kernel.open_tree(source)
        os.close(source)
        kernel.mount_setattr(tree, _NOSUID | NOEXEC)
        places.put(tree, places.make(f"{target}/{name}", folder=False))
    options = f"newinstance,ptmxmode=0666,mode=620,gid={gid}"
    places.put_new("devpts", places.make(f"{target}/pts", folder=True), _MS_NOSUID | _MS_NOEXEC, options)
    options = f"mode=1777,size={shared_bytes},uid={uid},gid={gid}"
    places.put_new("tmpfs", places.make(f"{target}/shm", folder=True), _MS_NOSUID | _MS_NODEV, options)
    folder = places.find(target)
    for name, leads_to in _LINKS.items():
        os.symlink(leads_to, name, dir_fd=folder)
    os.close(folder)
