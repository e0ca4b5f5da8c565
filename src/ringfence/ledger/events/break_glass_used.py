"""An operator went past the policy in an emergency."""

from datetime import datetime

from ringfence.core.dataclass import dataclass
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
