"""Something is there that was not."""

from ringfence.core.dataclass import dataclass
from ringfence.ledger.events.thing import Thing

__all__ = ["ThingAppeared"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ThingAppeared:
    """It, as the scan saw it."""

    TYPE = "thing.appeared/1"

    scan: str
    thing: Thing
