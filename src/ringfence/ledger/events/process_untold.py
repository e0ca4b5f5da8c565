"""Programs that start in a box are not told."""

from enum import StrEnum

from ringfence.core.dataclass import dataclass

__all__ = ["ProcessUntold", "UntoldWhy"]


class UntoldWhy(StrEnum):
    """Why."""

    POLICY = "policy"  # a profile says that they are not recorded
    KERNEL = "kernel"  # it cannot tell of them, or not without harm: Linux before 5.19
    NESTED = "nested"  # whoever is around this box has what would tell: a filter has one listener


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessUntold:
    """Of which session, and why; before its command starts."""

    TYPE = "process.untold/1"

    session: str
    why: UntoldWhy
