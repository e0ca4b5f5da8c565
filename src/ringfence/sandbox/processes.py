"""Whether a process is still the one that was meant. Source: proc_pid_stat(5), pidfd_open(2)."""

import os
from contextlib import suppress
from pathlib import Path

from ringfence.sandbox.sessions import Running

__all__ = ["is_running", "opened", "start_of"]

_START = 21  # field 22, counted from 1


def start_of(pid: int) -> int | None:
    """When it was started, in clock ticks since the machine's start; None when there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    behind_name = stat.rpartition(b")")[2].split()  # the name may hold anything
    return int(behind_name[_START - 2]) if len(behind_name) > _START - 2 else None


def is_running(meant: Running) -> bool:
    """Whether it is there."""
    pidfd = opened(meant)
    if pidfd is not None:
        os.close(pidfd)
    return pidfd is not None


def opened(meant: Running) -> int | None:
    """A descriptor of the process (pidfd), if it is there; whoever asks closes it."""
    with suppress(OverflowError, OSError):
        pidfd = os.pidfd_open(meant.pid)
        if start_of(meant.pid) == meant.started:  # looked at while the number cannot be another's
            return pidfd
        os.close(pidfd)
    return None
