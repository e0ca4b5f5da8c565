"""A request that costs money is about to go."""

from ringfence.core.dataclass import dataclass
from ringfence.ledger.values import Foreign

__all__ = ["SpendReserved"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendReserved:
    """What it may cost, which counts as spent until `spend.counted` says what it did."""

    TYPE = "spend.reserved/1"

    session: str
    agent: str
    rules: tuple[str, ...]  # whose limits count it
    host: Foreign
    model: Foreign  # as the request names it
    usd_micro: int  # millionths of a dollar
