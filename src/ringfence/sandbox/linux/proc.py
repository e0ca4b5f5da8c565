"""The box's own /proc: its processes, and nothing of the host that is worth knowing.

Covered is what container runtimes cover. All of it belongs to the host's root, whom the command never is;
this holds when something else does not.

Source: what runc and crun cover by default.
"""

import os

from ringfence.sandbox.linux import kernel
from ringfence.sandbox.linux.places import FIXED, NOEXEC, READ_ONLY, Places

__all__ = ["make_read_only", "put_proc"]

_FLAGS = 0x2 | 0x4 | 0x8  # MS_NOSUID, MS_NODEV, MS_NOEXEC
_HIDDEN = (
    "acpi", "asound", "driver", "dynamic_debug", "interrupts", "kallsyms", "kcore", "key-users", "keys",
    "kmsg", "latency_stats", "pressure", "sched_debug", "scsi", "sysrq-trigger", "timer_list", "timer_stats",
)  # fmt: skip
_READ_ONLY = ("bus", "fs", "irq")  # and sys, once the box's own settings were written


def put_proc(places: Places, target: str) -> None:
    """A new one, of this process's own process namespace, covered in part. Raises OSError."""
    places.put_new("proc", places.make(target, folder=True), _FLAGS, "")
    for name in _HIDDEN:
        try:
            found = places.find(f"{target}/{name}")
        except FileNotFoundError:  # this kernel has none
            continue
        places.put_empty(found)
    for name in _READ_ONLY:
        make_read_only(f"{target}/{name}", places)


def make_read_only(path: str, places: Places | None = None) -> None:
    """What stands there can only be read from now on, however it was mounted; nothing where nothing does."""
    try:
        target = kernel.open_path(path) if places is None else places.find(path)
    except FileNotFoundError:
        return
    try:
        tree = kernel.open_tree(target)
        try:
            kernel.mount_setattr(tree, FIXED | NOEXEC | READ_ONLY)
            kernel.move_mount(tree, target)
        finally:
            os.close(tree)
    finally:
        os.close(target)
