"""Holds a process to the places of its plan by Landlock, beside the mounts that show no others.

Rights add up from a place to all below it, so a place that is read-only within one that is writable is held by
its mount alone. Source: landlock(7).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ringfence.sandbox.plan import Mount

__all__ = ["Landlocked", "abi", "restrict"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Landlocked:
    """What was applied."""

    abi: int
    lacking: tuple[str, ...]  # what this kernel's Landlock cannot do, in words


def abi() -> int:
    """The kernel's.

    Raises:
        OSError: it has none (ENOSYS), or it is switched off (EOPNOTSUPP).
    """
    raise NotImplementedError


def restrict(mounts: Iterable[Mount], *, loopback: bool) -> Landlocked:
    """Holds this process, and all that it starts, to `mounts` as they stand now: call it within the root.

    Without `loopback` no TCP port can be bound or reached. No new privileges must be set.

    Raises:
        OSError: the kernel has none, or a place of the plan is not there.
    """
    raise NotImplementedError
