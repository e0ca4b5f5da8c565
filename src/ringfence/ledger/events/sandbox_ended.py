"""A box is gone, with all its processes."""

from enum import StrEnum

from ringfence.core.dataclass import dataclass

__all__ = ["EndedBy", "SandboxEnded"]


class EndedBy(StrEnum):
    """What ended it."""

    ITSELF = "itself"  # its command ended
    OPERATOR = "operator"  # ringfence kill
    LIMIT = "limit"  # its time was over
    LOST = "lost"  # whoever watched it was killed, and the box with it


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxEnded:
    """How it ended. Of a lost one nobody knows more."""

    TYPE = "sandbox.ended/1"

    session: str
    by: EndedBy
    exit_status: int | None  # of the command; 128 and the signal's number when one ended it
    lasted_ms: int | None
    kill_us: int | None  # from the order to kill until the last process was gone
    operator: str | None
