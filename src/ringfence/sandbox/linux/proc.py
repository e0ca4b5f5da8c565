"""The box's own /proc: its processes, and nothing of the host that is worth knowing.

Covered is what container runtimes cover. All of it belongs to the host's root, whom the command never is;
this holds when something else does not.

Source: what runc and crun cover by default.
"""

import os
from functools import cache
from pathlib import Path

from ringfence.sandbox.linux import kernel
from ringfence.sandbox.linux.places import FIXED, NOEXEC, READ_ONLY, Places

__all__ = ["hidden", "make_settings_read_only", "put_proc"]

_FLAGS = 0x2 | 0x4 | 0x8  # MS_NOSUID, MS_NODEV, MS_NOEXEC
_HIDDEN = (
    "acpi", "asound", "driver", "dynamic_debug", "interrupts", "kallsyms", "kcore", "key-users", "keys",
    "kmsg", "latency_stats", "pressure", "sched_debug", "scsi", "sysrq-trigger", "timer_list", "timer_stats",
)  # fmt: skip


def put_proc(places: Places, target: str) -> None:
    """A new one, of this process's own process namespace, covered in part. Raises OSError."""
    places.put_new("proc", target, _FLAGS, "")
    for name in hidden():
        places.put_empty(f"{target}/{name}")


def make_settings_read_only() -> None:
    """No setting of the kernel can be written any more. Raises OSError."""
    tree = kernel.open_tree(kernel.AT_FDCWD, "/proc/sys")
    try:
        kernel.mount_setattr(tree, FIXED | NOEXEC | READ_ONLY)
        kernel.move_mount(tree, "/proc/sys")
    finally:
        os.close(tree)


@cache
def hidden() -> tuple[str, ...]:
    """What this kernel has of it, and a box covers."""
    return tuple(name for name in _HIDDEN if Path("/proc", name).exists())
