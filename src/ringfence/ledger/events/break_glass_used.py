"""An operator went past the policy in an emergency."""

from dataclasses import dataclass
from datetime import datetime

from ringfence.ledger.values import Facts, Foreign

__all__ = ["BreakGlassUsed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakGlassUsed:
    """Who, for what, why and how long."""

    TYPE = "break_glass.used/1"

    operator: str
    grant: str
    action: Facts
    why: Foreign
    until: datetime
