"""Limits that a process takes on for itself and all it starts, and those of the box's own namespaces."""

from ringfence.sandbox.plan import Limits

__all__ = ["Lack", "apply", "narrow"]

Lack = tuple[str, str]
"""What could not be had, and why."""


def narrow(limits: Limits) -> tuple[Lack, ...]:
    """Bounds the own namespaces: no user namespaces within, process numbers up to a bit above `processes`.

    Call it in the box's init while it has its capabilities and /proc is the own one, and can be written.
    """
    raise NotImplementedError


def apply(limits: Limits, *, grouped: bool) -> None:
    """Sets this process's limits, hard and soft alike. `grouped`: a cgroup bounds memory, so no address space.

    Raises:
        OSError: one could not be set; they only ever go down, so a lower one of the machine stays.
    """
    raise NotImplementedError
