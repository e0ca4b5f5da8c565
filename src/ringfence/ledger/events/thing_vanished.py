"""Something is gone."""

from ringfence.core.dataclass import dataclass
from ringfence.ledger.events.thing import Thing

__all__ = ["ThingVanished"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ThingVanished:
    """It, as it was last seen."""

    TYPE = "thing.vanished/1"

    scan: str
    thing: Thing
