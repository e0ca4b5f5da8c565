"""The kernel's list of what is mounted where this process looks.

Source: proc_pid_mountinfo(5). Space, tab, newline and backslash in a path are written as octal escapes.
"""

import os
import re
from pathlib import Path

from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.endpoint.mounts import Mount
from ringfence.endpoint.opening import read_small

__all__ = ["parse_mountinfo", "read_mounts"]

_MOUNTINFO = Path("/proc/self/mountinfo")
_ESCAPE = re.compile(rb"\\([0-3][0-7]{2})")


def read_mounts() -> tuple[Mount, ...] | Skipped:
    """What is mounted now, in the order of mounting, or why that cannot be told."""
    data = read_small(_MOUNTINFO, max_bytes=LIMITS.proc_file_bytes)
    if isinstance(data, Skipped):
        return data
    if data is None:
        return Skipped(kind="mount", subject=str(_MOUNTINFO), reason="there is no mount table")
    return parse_mountinfo(data)


def parse_mountinfo(data: bytes) -> tuple[Mount, ...]:
    """The mounts that a mountinfo lists; a line that is not one is passed over."""
    mounts = []
    for line in data.split(b"\n"):
        before, _, after = line.partition(b" - ")
        fields = before.split(b" ")
        if len(fields) >= 6 and after:
            path = _ESCAPE.sub(lambda found: bytes([int(found[1], 8)]), fields[4])
            mounts.append(Mount(path=os.fsdecode(path), type=os.fsdecode(after.split(b" ")[0])))
    return tuple(mounts)
