"""The box's own /dev: devices that keep nothing and tell nothing, its own terminals, and shared memory.

Source: the kernel's devices.txt and filesystems/devpts documents.
"""

from ringfence.sandbox.linux import kernel
from ringfence.sandbox.linux.places import Places

__all__ = ["put_devices"]

_NODES = ("null", "zero", "full", "random", "urandom", "tty")
_LINKS = {
    "fd": "/proc/self/fd",
    "ptmx": "pts/ptmx",
    "stderr": "/proc/self/fd/2",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
}
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC = 0x2, 0x4, 0x8


def put_devices(places: Places, target: str, *, user: tuple[int, int], shared_bytes: int) -> None:
    """All of them below `target`; `user` is the command's, with its group, as this process numbers them.

    Raises:
        OSError: the host lacks one of these devices, or the kernel has no terminals of a box's own.
    """
    uid, gid = user
    places.put_folder(target)
    for name in _NODES:
        places.put(kernel.open_tree(kernel.AT_FDCWD, f"/dev/{name}"), f"{target}/{name}", folder=False)
    options = f"newinstance,ptmxmode=0666,mode=620,gid={gid}"
    places.put_new("devpts", f"{target}/pts", _MS_NOSUID | _MS_NOEXEC, options)
    options = f"mode=1777,size={shared_bytes},uid={uid},gid={gid}"
    places.put_new("tmpfs", f"{target}/shm", _MS_NOSUID | _MS_NODEV, options)
    for name, leads_to in _LINKS.items():
        places.put_link(leads_to, f"{target}/{name}")
