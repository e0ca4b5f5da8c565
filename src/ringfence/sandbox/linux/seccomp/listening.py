"""Answers what the filter tells of, always with a refusal, and says what was refused.

Source: seccomp_unotify(2). What a program's pointers lead to is never read: it could change meanwhile.
"""

from dataclasses import dataclass

__all__ = ["Refused", "answer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """One call that was refused."""

    call: str  # its name, `socket`
    pid: int  # as this process sees it, 0 where it cannot
    comm: str  # the program's name as the kernel has it, escaped by whoever shows it; empty when it is gone


def answer(listener: int, *, machine: str) -> tuple[Refused, ...]:
    """Answers all calls that wait, `LIMITS.refused_at_once` at most, and never waits for one.

    Call it when `listener` is readable. Empty: nothing waited. A hang-up (POLLHUP) says that no process has the
    filter any more.
    """
    raise NotImplementedError
