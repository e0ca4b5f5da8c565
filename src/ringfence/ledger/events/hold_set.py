"""A legal hold: nothing it covers is pruned."""

from datetime import datetime

from ringfence.core.dataclass import dataclass
from ringfence.ledger.values import Foreign

__all__ = ["HoldSet"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldSet:
    """What it covers, and until when."""

    TYPE = "hold.set/1"

    hold: str
    streams: str  # a glob
    types: str  # a glob
    operator: str
    why: Foreign
    until: datetime | None
