"""How long the proxy waits, for what."""

from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS

__all__ = ["Patience"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Seconds."""

    head_s: float = LIMITS.egress_head_s
    idle_s: float = LIMITS.egress_idle_s
    body_s: float = LIMITS.egress_body_s
    answer_s: float = LIMITS.egress_answer_s
    silent_s: float = LIMITS.egress_silent_s
    looks_every_s: float = 1.0  # how late something may be noticed to be late
