"""Bodies of old events were forgotten."""

from datetime import datetime

from ringfence.core.dataclass import dataclass

__all__ = ["EventsPruned"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsPruned:
    """Which; their headers remain, and the chain still holds."""

    TYPE = "events.pruned/1"

    of_stream: str
    types: tuple[str, ...]
    before: datetime
    events: int
    policy_digest: str | None  # of the policy that set the time
