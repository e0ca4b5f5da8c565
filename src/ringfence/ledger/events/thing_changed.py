"""Something is not as it was."""

from ringfence.core.dataclass import dataclass
from ringfence.core.standings import Standing
from ringfence.ledger.events.thing import Thing

__all__ = ["ThingChanged"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ThingChanged:
    """It, as it is now."""

    TYPE = "thing.changed/1"

    scan: str
    thing: Thing
    changed: tuple[str, ...]  # names of facts, or "standing"
    standing_before: Standing | None
