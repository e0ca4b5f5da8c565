"""What the launcher hands to a box that it clones, beside the plan."""

import os

from ringfence.core.dataclass import dataclass
from ringfence.sandbox.linux.cgroups import Group
from ringfence.sandbox.linux.probe import Outside
from ringfence.sandbox.plan import Plan

__all__ = ["Order", "close_all_but"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One box to be made. Descriptors are the launcher's, copied by the clone."""

    plan: Plan
    status: int
    streams: tuple[int | None, int | None, int | None]  # None: the box's own terminal
    rows: int
    columns: int
    umask: int
    as_root: bool  # the launcher is root
    owners: int | None  # a user namespace for mounts of the user's, where root has to map their owners
    group: Group
    outside: Outside
    launcher: int  # a pidfd
    last_capability: int
    machine: str
    quiet: int  # the filter does not tell of calls that carry it: those of the probe

    @property
    def has_terminal(self) -> bool:
        """Whether the command has a terminal of the box's own."""
        return None in self.streams

    @property
    def fds(self) -> tuple[int, ...]:
        """All descriptors."""
        given = (self.status, self.launcher, self.owners, *self.streams)
        return tuple(fd for fd in given if fd is not None)


def close_all_but(kept: tuple[int, ...], *, first: int = 3) -> None:
    """Closes every descriptor from `first` on that is not `kept`."""
    for fd in sorted({*kept}):
        if fd >= first:
            os.closerange(first, fd)
            first = fd + 1
    os.closerange(first, 2**31 - 1)
