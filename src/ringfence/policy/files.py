"""The documents a policy is loaded from, as whoever finds them hands them in."""

from ringfence.core.dataclass import dataclass
from ringfence.policy.rule import Tier

__all__ = ["PolicyFile"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFile:
    """One document."""

    tier: Tier
    name: str  # how places and reasons call it; harmless to print
    data: bytes
