"""A legal hold ended."""

from ringfence.core.dataclass import dataclass
from ringfence.ledger.values import Foreign

__all__ = ["HoldLifted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldLifted:
    """Who ended it, and why."""

    TYPE = "hold.lifted/1"

    hold: str
    operator: str
    why: Foreign
