"""Loads the filter into the process that calls: it and all it starts have it from then on, for good.

Source: seccomp(2), seccomp_unotify(2).
"""

__all__ = ["load"]


def load(*, debug: bool, machine: str) -> int | None:
    """The descriptor at which refused calls are told; close-on-exec.

    None where a filter above this one has such a descriptor already: then nothing is told, and all is refused
    alike. `machine` is what `os.uname()` says. No new privileges must be set. The programs are kept: a launcher
    that calls `program` once before it forks makes each box cheaper.

    Raises:
        OSError: the kernel has no such filters, ENOSYS, EINVAL or EPERM.
        UnknownMachine: there is no table for it.
    """
    raise NotImplementedError
