"""A control group for one box: made before it starts, joined by its init, read and removed at the end.

Source: cgroups(7), the kernel's cgroup-v2 and cgroup-v1 documents.
"""

from dataclasses import dataclass

from ringfence.sandbox.linux.limits import Lack
from ringfence.sandbox.plan import Limits

__all__ = ["Group", "Used", "make"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What a box used and ran into."""

    memory_peak_bytes: int | None
    killed_for_memory: int
    refused_processes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The folders of one box's group; version 1 has one for memory and one for processes."""

    folders: tuple[str, ...]
    memory: bool  # it bounds memory
    lacking: tuple[Lack, ...]

    def join(self, pid: int) -> None:
        """Puts a process in. Raises OSError."""
        raise NotImplementedError

    def used(self) -> Used:
        """What was used up to now."""
        raise NotImplementedError

    def remove(self) -> None:
        """Kills what is left in it and removes it; nothing where it is gone."""
        raise NotImplementedError


def make(limits: Limits, session: str) -> Group:
    """A group with these limits, in the own one; without folders where none can be had, or none is asked for.

    Removes what boxes left behind whose launcher was killed.
    """
    raise NotImplementedError
